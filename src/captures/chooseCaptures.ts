import { InputError, type Notice } from '../text/notice';
import { spanText } from '../text/time';
import { describe, instanceId, type Capture } from './capture';
import type { CaptureChoice, CaptureFields, LimitFields } from './choices';
import { mainCapture } from './events';
import { formatlessKey, oneFormatEach } from './formats';
import type { Range } from './listing';
import { sampleOf } from './sample';

export interface Choice {
  readonly captures: readonly Capture[];
  /** What was chosen and why, for the panel. */
  readonly notices: readonly Notice[];
  /** How it was chosen, in few words: `Latest of 24 captures of 3 instances`. */
  readonly why?: string;
  /** Of a merge all that it is a sample of, or all of them. */
  readonly ofAll?: readonly Capture[];
  /** What the range holds besides; undefined where a key named the capture and nothing was listed. */
  readonly listed?: readonly Capture[];
  /** Where there is something, for a range that has nothing. */
  readonly elsewhere?: Range;
}

/**
 * The captures of a listing that a query opens; of `merge` a sample, where there are more than `maxCaptures` or its own limits.
 * @throws Error for a time that cannot be read
 */
export function chooseCaptures(
  listed: readonly Capture[],
  query: CaptureFields & Partial<LimitFields>,
  range: Range,
  maxCaptures: number
): Choice {
  const captures = oneFormatEach(
    listed,
    listed.find(({ object }) => object.key === query.event)
  );
  const choice = chooseDistinct(captures, query, range, maxCaptures);
  if (captures.length === listed.length) {
    return choice;
  }
  const isKept = new Set(captures);
  const dropped = listed.find((capture) => !isKept.has(capture)) as Capture;
  const name = ({ object }: Capture) => object.key.slice(object.key.lastIndexOf('/') + 1);
  const kept = captures.find((capture) => formatlessKey(capture) === formatlessKey(dropped)) as Capture;
  const text = `Where a capture is there in several formats, one is opened: ${name(kept)}, not ${name(dropped)}.`;
  return { ...choice, notices: [...choice.notices, { severity: 'info', text }] };
}

/** Of which captures one is chosen. */
interface Candidates {
  /** By rising time; at least one. */
  readonly captures: readonly Capture[];
  readonly query: CaptureFields & Partial<LimitFields>;
  readonly range: Range;
  readonly maxCaptures: number;
  /** What they are, for a sentence: `24 captures of 3 instances`. */
  readonly all: string;
}

function chooseDistinct(
  captures: readonly Capture[],
  query: CaptureFields & Partial<LimitFields>,
  range: Range,
  maxCaptures: number
): Choice {
  const all = `${captures.length} captures${ofInstances(captures)}`;
  return captures.length === 0
    ? { captures, notices: [] }
    : choosers[query.capture]({ captures, query, range, maxCaptures, all });
}

const choosers: Readonly<Record<CaptureChoice, (candidates: Candidates) => Choice>> = {
  latest: ({ captures, all }) => chosen(captures[captures.length - 1], `Latest of ${all}`),
  first: ({ captures, all }) => chosen(captures[0], `First of ${all}`),
  peak({ captures, all }) {
    const peak = peakOf(captures);
    if (peak) {
      return chosen(peak, `Peak of ${all}`);
    }
    const [newest] = captures.slice(-1);
    const text = `The key layout has no {value}, so there is no peak; the latest is shown: ${describe(newest)}.`;
    return { captures: [newest], notices: [{ severity: 'warning', text }], why: `Latest of ${all}` };
  },
  merge: ({ captures, query, maxCaptures, all }) => ({
    ...sampleOf(captures, query, maxCaptures, 'merged'),
    why: `Merged from ${all}`,
    ofAll: captures,
  }),
  nearest({ captures, query: { at: text }, range: { to } }) {
    const at = text === '' ? to : /^\d+$/.test(text) ? Number(text) : Date.parse(text);
    if (Number.isNaN(at)) {
      throw new InputError(`"${text}" is no time: expected Unix milliseconds or e.g. 2026-11-03T14:22:33Z.`);
    }
    const nearest = captures.filter((capture) => capture.time <= at).at(-1);
    return nearest
      ? chosen(nearest, `Captured ${Math.round((at - nearest.time) / 1000)} s before`)
      : none('No capture lies at or before that time in this time range.');
  },
  event({ captures, query: { event: wanted }, range: { to }, all }) {
    if (wanted !== '') {
      const event = captures.filter(({ labels, object }) => labels.event === wanted || object.key === wanted);
      // `explainMissing` says why there is none.
      return event.length === 0 ? none() : chosen(mainCapture(event) as Capture, `Event ${wanted}`);
    }
    // A dashboard's variable that is not set. The latest of many instances is that of any of them: as likely one that is
    // well as the one in trouble.
    const peak = countInstances(captures) > 1 ? peakOf(captures) : undefined;
    if (peak) {
      return chosen(peak, `Peak of ${all}`);
    }
    // As an alert's link opens it: how long before the alert the capture was.
    const latest = captures[captures.length - 1];
    return chosen(latest, `Latest of ${all}, ${spanText(to - latest.time)} before the end of the time range`);
  },
};

const chosen = (capture: Capture, why: string): Choice => ({
  captures: [capture],
  notices: [{ severity: 'info', text: `${why}: ${describe(capture)}.` }],
  why,
});

const none = (...texts: readonly string[]): Choice => ({
  captures: [],
  notices: texts.map((text) => ({ severity: 'warning', text })),
});

const countInstances = (captures: readonly Capture[]): number => new Set(captures.map(instanceId)).size;

/** One of several instances is not the service: what is said of a choice says so. */
function ofInstances(captures: readonly Capture[]): string {
  const count = countInstances(captures);
  return count > 1 ? ` of ${count} instances` : '';
}

/** The first of those with the highest value; undefined where no key has one. */
function peakOf(captures: readonly Capture[]): Capture | undefined {
  const valued = captures.filter(({ value }) => value !== undefined);
  return valued.length === 0
    ? undefined
    : valued.reduce((best, capture) => ((capture.value ?? 0) > (best.value ?? 0) ? capture : best));
}
