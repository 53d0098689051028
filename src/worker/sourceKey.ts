import type { Bucket } from '../captures/bucket';
import type { Capture } from '../captures/capture';

// Captures as the worker knows them: parts with a NUL between, which keys and selectors of one line never hold.

/**
 * A rewritten object has another etag and must not be answered from the cache, nor one of another bucket, nor another member
 * of an archive.
 */
export const sourceKey = ({ id }: Bucket, { object, member }: Capture): string =>
  [id, object.key, object.etag, ...(member === undefined ? [] : [member])].join('\0');

/** Its parts: key and etag of the object, and which member of it is meant where it is an archive. */
export function readSourceKey(source: string): { key: string; etag: string; member?: string } {
  const [, key, etag, member] = source.split('\0');
  return { key, etag, member };
}
