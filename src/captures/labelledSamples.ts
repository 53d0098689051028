import type { Bucket } from './bucket';
import { type Capture, describe } from './capture';
import { listCaptures } from './listing';
import { parseSelector, printSelector, withoutLabels } from '../text/selector';
import type { Notice } from '../text/notice';

/** Profiles whose samples Go labels, the one that measures work first. */
const labelledProfiles = ['cpu', 'profile', 'goroutine'];

/** How far in time a labelled capture may be from one that it stands for, where it is not of the same event. */
const nearby = 5 * 60_000;

/**
 * For each capture one of the same process whose samples carry labels, for an estimate of what the capture itself lacks:
 * of the same event, else the nearest within a few minutes. A CPU profile a minute away says more than the goroutines of
 * the moment, of which few have a label; and an event has none of its own while that of an earlier one still runs.
 * @throws StoreError, InputError
 */
export async function findLabelled(
  bucket: Bucket,
  selector: string,
  captures: readonly Capture[],
  signal: AbortSignal
): Promise<{ readonly labelled: readonly Capture[]; readonly said: readonly Notice[] }> {
  const range = captures.reduce(
    ({ from, to }, { time }) => ({ from: Math.min(from, time - nearby), to: Math.max(to, time + nearby) }),
    { from: Infinity, to: -Infinity }
  );
  const others = parseSelector(withoutLabels(selector, ['profile', 'event', 'member']));
  // Of an archive the worker takes the first of them that it has.
  const profile = { name: 'profile', op: '=~', value: labelledProfiles.join('|') } as const;
  const { captures: all } = await listCaptures(bucket, printSelector([...others, profile]), range, signal);
  const found = captures.flatMap((capture) => {
    const { service, instance, event } = capture.labels;
    const distance = ({ labels, time }: Capture) =>
      event && labels.event === event ? -1 : Math.abs(time - capture.time);
    const own = all
      .filter((other) => other.labels.service === service && other.labels.instance === instance)
      .filter((other) => distance(other) <= nearby)
      .sort((a, b) => distance(a) - distance(b));
    const first = (profile: string) => own.find(({ labels }) => labels.profile === profile);
    const inArchive = own.find(({ member }) => member !== undefined);
    return labelledProfiles.map(first).find((one) => one !== undefined) ?? inArchive ?? [];
  });
  const labelled = [...new Set(found)];
  return { labelled, said: labelledNotices(captures, labelled) };
}

/** What is to be said where a capture is estimated by one of another event. */
function labelledNotices(captures: readonly Capture[], labelled: readonly Capture[]): Notice[] {
  const events = new Set(captures.map(({ labels }) => labels.event));
  const other = labelled.find(({ labels }) => labels.event && !events.has(labels.event));
  const text = other && `This event has no CPU profile; the estimate takes that of another one: ${describe(other)}.`;
  return text ? [{ severity: 'info', text }] : [];
}
