import { maxAges } from '../store/remembered';
import { parseSelector } from '../text/selector';
import type { Store } from '../store/store';
import { withMembers } from './archive';
import type { Capture } from './capture';
import type { Layout } from './layout';

/** A link by object key says which capture it means, so it does not depend on a range. Undefined for what is no such key. */
export function captureOfKey({ layout, prefix }: { layout: Layout; prefix: string }, key: string): Capture | undefined {
  const parsed = key.startsWith(prefix) ? layout.parse(key.slice(prefix.length)) : undefined;
  return parsed && { ...parsed, time: parsed.time ?? 0, object: { key, size: 0, lastModified: 0, etag: '' } };
}

/**
 * The same as the bucket lists it: with its etag it is read once, whether it was found by its key or in a range.
 * @param selector says which member of an archive is meant
 * @throws the signal's reason, InputError for a selector that cannot be read
 */
export async function captureByKey(
  bucket: { store: Store; layout: Layout; prefix: string },
  key: string,
  selector: string,
  signal: AbortSignal
): Promise<Capture | undefined> {
  const named = captureOfKey(bucket, key);
  if (!named) {
    return undefined;
  }
  const [capture] = await withMembers([named], parseSelector(selector));
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
