import type { Bucket } from './bucket';
import { oneFormatEach } from './formats';
import { type Capture, isSameProcess } from './capture';
import { listCaptures, type Range } from './listing';
import { withoutLabels } from '../text/selector';

/** What keys call the profile of the runtime's leak detector: goroutineleak, goroutine_leak, leaks. */
const isLeakCapture = ({ labels: { profile = '' } }: Capture) => /leak/i.test(profile);

/**
 * The captures of a process with those of the runtime's leak detector in the same range, by rising time: what a list of
 * suspected leaks is checked against. A selector names one profile, so these are listed without it.
 * @throws StoreError, InputError
 */
export async function withLeakCaptures(
  { bucket, selector, range, signal }: { bucket: Bucket; selector: string; range: Range; signal: AbortSignal },
  captures: readonly Capture[]
): Promise<readonly Capture[]> {
  const [first] = captures;
  if (!first || isLeakCapture(first)) {
    return captures;
  }
  const listing = await listCaptures(bucket, withoutLabels(selector, ['profile', 'event', 'trigger']), range, signal);
  const leaks = listing.captures.filter((capture) => isLeakCapture(capture) && isSameProcess(capture, first));
  // Sorting is stable: of one moment the dump comes first, so that what is found is known by then.
  return [...captures, ...oneFormatEach(leaks)].sort((a, b) => a.time - b.time);
}
