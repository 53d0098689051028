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
  /** Of an execution trace: keys whose value is the tenant, none for the decoder's own. */
  readonly tenantKeys?: readonly string[];
}

/**
 * A rewritten object has another etag and must not be answered from the cache, nor one of another bucket, nor another member of an
 * archive; an execution trace is another profile where other keys say the tenant. Keys of objects never hold a NUL, those of tenants no
 * comma.
 */
export const sourceKey = ({ id, tenantKeys = [] }: Bucket, { object, member = '' }: Capture): string =>
  [id, object.key, object.etag, member, tenantKeys.join()].join('\0');

export function readSourceKey(key: string): SourceParts {
  const [bucket, object, etag, member, tenantKeys] = key.split('\0');
  return { bucket, object, etag, member, ...(tenantKeys && { tenantKeys: tenantKeys.split(',') }) };
}
