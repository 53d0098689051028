import { maxAges } from '../store/remembered';
import type { Store } from '../store/store';
import type { Capture } from './capture';
import type { Layout } from './layout';

/** A link by object key says which capture it means, so it does not depend on a range. Undefined for what is no such key. */
export function captureOfKey({ layout, prefix }: { layout: Layout; prefix: string }, key: string): Capture | undefined {
  const parsed = key.startsWith(prefix) ? layout.parse(key.slice(prefix.length)) : undefined;
  return parsed && { ...parsed, time: parsed.time ?? 0, object: { key, size: 0, lastModified: 0, etag: '' } };
}

/**
 * The same as the bucket lists it: with its etag it is read once, whether it was found by its key or in a range.
 * @throws the signal's reason
 */
export async function captureByKey(
  bucket: { store: Store; layout: Layout; prefix: string },
  key: string,
  signal: AbortSignal
): Promise<Capture | undefined> {
  const capture = captureOfKey(bucket, key);
  if (!capture) {
    return undefined;
  }
  try {
    for await (const page of bucket.store.list({ prefix: key, maxAge: maxAges.settled }, signal)) {
      const object = page.find((each) => each.key === key);
      return object ? { ...capture, object } : capture; // It would come first.
    }
  } catch {
    // Who may not list may still read; what is wrong else, reading says too.
    signal.throwIfAborted();
  }
  return capture;
}
