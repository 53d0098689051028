import type { Notice } from '../text/notice';
import type { Bucket } from './bucket';
import { readBundle } from './bundle';
import type { Capture } from './capture';

/** Profiles that Go writes as of its last garbage collection. */
const ofLastGC = /^(heap|allocs|inuse|alloc)/;

/**
 * How long before a capture its heap was collected last, in ms; undefined where nothing says so. It reads meta.json where
 * the listing has one, and lists nothing.
 * @param listed what a listing of the range has; undefined where there was none
 * @throws StoreError where the bucket does not answer
 */
export async function readHeapAge(
  bucket: Bucket,
  capture: Capture,
  listed: readonly Capture[] | undefined,
  signal: AbortSignal
): Promise<{ readonly age?: number; readonly notices: readonly Notice[] }> {
  const { key } = capture.object;
  const metaKey = `${key.slice(0, key.lastIndexOf('/') + 1)}meta.json`;
  const mayHaveMeta = !listed || listed.some(({ object }) => object.key === metaKey);
  if (!ofLastGC.test(capture.labels.profile ?? '') || !mayHaveMeta) {
    return { notices: [] };
  }
  const { meta, notices } = await readBundle(bucket, capture, signal, listed);
  if (!meta) {
    return { notices: [] };
  }
  const age = meta.lastGC > 0 && meta.time > 0 ? meta.time - meta.lastGC : -1;
  // Clocks within a process do not run backwards by more than they are set.
  return { ...(age >= 0 && { age }), notices };
}
