import type { Bucket } from '../captures/bucket';
import type { Capture } from '../captures/capture';

/** What a capture is known by in the worker. */
interface SourceParts {
  /** Id of the bucket. */
  readonly bucket: string;
  readonly object: string;
  readonly etag: string;
  /** A selector of a member of an archive; '' for an object that is one profile. */
  readonly member: string;
}

/**
 * A rewritten object has another etag and must not be answered from the cache, nor one of another bucket, nor another member of an
 * archive. Keys of objects never hold a NUL.
 */
export const sourceKey = ({ id }: Bucket, { object, member = '' }: Capture): string =>
  [id, object.key, object.etag, member].join('\0');

export function readSourceKey(key: string): SourceParts {
  const [bucket, object, etag, member] = key.split('\0');
  return { bucket, object, etag, member };
}
