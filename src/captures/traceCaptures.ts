import { compileMatcher } from '../text/matcher';
import { parseSelector } from '../text/selector';
import { withEngine } from '../text/withEngine';
import type { Bucket } from './bucket';
import type { CaptureFields } from './choices';
import type { Choice } from './chooseCaptures';
import { listCaptures, type Range } from './listing';
import { openedCaptures } from './opened';

/** What keys call an execution trace. */
const traceProfile = 'trace';

/** No trace is longer, in ms: a flight recorder keeps seconds. */
const longest = 120_000;

/** ms for which a capture goes on after the time of its key, at most: its trace may end so much later. */
const longestCapture = 15_000;

/** Whether a selector asks for execution traces and nothing else. */
function asksForTraces(selector: string): Promise<boolean> {
  const matchers = parseSelector(selector).filter(({ name }) => name === 'profile');
  return withEngine(() => {
    const takes = (profile: string) => matchers.every((matcher) => compileMatcher(matcher)(profile));
    return matchers.length > 0 && takes(traceProfile) && !takes('heap') && !takes('cpu');
  });
}

/**
 * Where captures are looked for that a variable names: a range that was dragged within an execution trace has none, and the variables of a
 * dashboard must not lose their values by it.
 */
export const rangeAround = async (selector: string, range: Range): Promise<Range> =>
  range.to - range.from < longest && (await asksForTraces(selector)) ? around(range) : range;

const around = ({ from, to }: Range): Range => ({ from: from - longest, to: to + longest });

/**
 * The captures that a query opens: as `openedCaptures`, but a range that was dragged within an execution trace ends before the trace was
 * written. There an event is looked for around the range; where none is named, it is the trace that was being recorded then.
 * @throws StoreError, InputError
 */
export async function openedAround(
  bucket: Bucket,
  query: CaptureFields & { readonly selector: string },
  range: Range,
  signal: AbortSignal
): Promise<Choice> {
  if (query.capture !== 'event' || range.to - range.from >= longest || !(await asksForTraces(query.selector))) {
    return openedCaptures(bucket, query, range, signal);
  }
  const searched = around(range);
  if (query.event !== '') {
    return openedCaptures(bucket, query, searched, signal);
  }
  const { captures } = await listCaptures(bucket, query.selector, searched, signal);
  const then = captures.find(({ time }) => time >= range.from - longestCapture) ?? captures.at(-1);
  // Where there is none, the range itself is explained.
  return then
    ? openedCaptures(bucket, { ...query, event: then.object.key }, searched, signal)
    : openedCaptures(bucket, query, range, signal);
}
