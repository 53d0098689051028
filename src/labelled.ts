import type { Bucket } from './bucket';
import { listCaptures } from './captures';
import { parseSelector, printSelector } from './query/selector';
import type { Capture } from './store/store';

/** Profiles whose samples Go labels, the one that measures work first. */
const labelledProfiles = ['cpu', 'profile', 'goroutine'];

/** How far in time a labelled capture may be from one that it stands for, where no event id ties them. */
const nearby = 5 * 60_000;

/**
 * For each capture one of the same event whose samples carry labels, for an estimate of what the capture itself lacks;
 * where keys have no event ids, one of the same process a few minutes around.
 * @throws StoreError, InputError
 */
export async function findLabelled(
  bucket: Bucket,
  selector: string,
  captures: readonly Capture[],
  signal: AbortSignal
): Promise<readonly Capture[]> {
  const matchers = parseSelector(selector).filter(({ name }) => name !== 'profile' && name !== 'event');
  const times = captures.map(({ time }) => time);
  const range = { from: Math.min(...times) - nearby, to: Math.max(...times) + nearby };
  const { captures: all } = await listCaptures(bucket, printSelector(matchers), range, signal);
  const found = captures.flatMap((capture) => {
    const { service, instance, event } = capture.labels;
    const own = all.filter(
      ({ labels, time }) =>
        labels.service === service &&
        labels.instance === instance &&
        (event ? labels.event === event : Math.abs(time - capture.time) <= nearby)
    );
    const profile = labelledProfiles.find((name) => own.some(({ labels }) => labels.profile === name));
    const nearest = own
      .filter(({ labels }) => labels.profile === profile && profile !== undefined)
      .sort((a, b) => Math.abs(a.time - capture.time) - Math.abs(b.time - capture.time));
    return nearest.slice(0, 1);
  });
  return [...new Set(found)];
}
