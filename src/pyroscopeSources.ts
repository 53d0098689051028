import type { Range } from './captures/listing';
import type { Pyroscope } from './pyroscope';
import { pyroscopeBase, pyroscopeMerge, type PyroscopeMerge, type PyroscopeQuery } from './query/pyroscope';
import { InputError, type Notice } from './text/notice';
import type { InputSources } from './worker/client';
import type { Load, Source } from './worker/holding';
import { namedKey, readSourceKey } from './worker/sourceKey';
import { AnswerError } from './worker/transport';

/** Fields of a query that what Pyroscope merges cannot answer, as it keeps neither labels of samples nor times. */
interface Unanswered {
  readonly view: string;
  readonly tagRoot?: string;
  readonly tagLeaf?: string;
  readonly tagFocus?: string;
  readonly scale?: string;
  readonly estimate?: string;
}

/** What the worker opens of Pyroscope in place of captures, and how it is read. @throws Error, InputError as its parts do */
export async function pyroscopeSources(
  pyroscope: Pyroscope,
  query: PyroscopeQuery & Unanswered,
  range: Range,
  signal: AbortSignal
): Promise<{ sources: InputSources; load: Load; notices: readonly Notice[] }> {
  refuse(query);
  const types = await pyroscope.types({ start: Math.floor(range.from), end: Math.ceil(range.to) }, signal);
  const merge = pyroscopeMerge(query, types, range);
  const base = pyroscopeBase(merge, query);
  const merges = new Map([merge, base].flatMap((each) => (each ? [[nameOf(each), each] as const] : [])));
  const sourceOf = (each: PyroscopeMerge): Source => ({
    key: namedKey('pyroscope', nameOf(each)),
    name: nameOf(each),
    time: each.end,
    // What is merged may have grown since.
    isUnknown: true,
  });
  return {
    sources: { profile: [sourceOf(merge)], base: base && [sourceOf(base)] },
    load: (key, loading) => load(pyroscope, merges.get(readSourceKey(key).object) as PyroscopeMerge, loading),
    notices: [{ severity: 'info', text: saidOf(merge, base) }, ...missing(query)],
  };
}

async function load(pyroscope: Pyroscope, merge: PyroscopeMerge, signal: AbortSignal): Promise<ArrayBuffer> {
  const profile = await pyroscope.merged(merge, signal);
  if (profile.byteLength === 0) {
    throw new AnswerError('Pyroscope has no profile that matches in this time range', true);
  }
  return profile;
}

const nameOf = ({ type, selector, start, end }: PyroscopeMerge): string =>
  `${type}${selector}, ${timeText(start)} to ${timeText(end)} UTC`;

const timeText = (time: number): string => new Date(time).toISOString().replace('T', ' ').slice(0, 19);

const saidOf = (merge: PyroscopeMerge, base: PyroscopeMerge | undefined): string =>
  `Merged by Pyroscope: ${nameOf(merge)}.` + (base ? ` Compared with ${nameOf(base)}.` : '');

/** @throws InputError where the answer would be another than what was asked */
function refuse({ view, scale, estimate, tagFocus }: Unanswered): void {
  const why =
    view === 'sizes'
      ? 'Sizes come from the numeric label "bytes"'
      : scale === 'rate'
        ? 'Values per second need the times of the profiles'
        : estimate
          ? 'Estimates need labelled profiles of the same process'
          : tagFocus && /\d+[a-zA-Z]*:|:\d/.test(tagFocus)
            ? 'Ranges of numbers filter numeric labels'
            : '';
  if (why !== '') {
    throw new InputError(`${why}, which Pyroscope does not keep. Choose Bucket as the source.`);
  }
}

function missing({ view, tagRoot, tagLeaf, tagFocus }: Unanswered): Notice[] {
  return view === 'tags' || tagRoot || tagLeaf || tagFocus
    ? [
        {
          severity: 'warning',
          text: 'Pyroscope keeps labels of samples apart, and merges profiles without them: filter by them in the selector, or choose Bucket as the source.',
        },
      ]
    : [];
}
