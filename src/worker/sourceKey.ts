import type { Bucket } from '../captures/bucket';
import type { Capture } from '../captures/capture';
import type { TraceWindow } from '../decode/trace/window';

/** What a capture is known by in the worker. */
interface SourceParts {
  /** Id of the bucket. */
  readonly bucket: string;
  readonly object: string;
  readonly etag: string;
  /** A selector of a member of an archive; '' for an object that is one profile. */
  readonly member: string;
  /** What is read of an execution trace that is too large; undefined for all. */
  readonly window?: TraceWindow;
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

/** The same of what is no capture, by its name. */
export const namedKey = (bucket: string, name: string): string => [bucket, name, '', '', ''].join('\0');

export function readSourceKey(key: string): SourceParts {
  const [bucket, object, etag, member, tenantKeys, window] = key.split('\0');
  return {
    bucket,
    object,
    etag,
    member,
    ...(tenantKeys && { tenantKeys: tenantKeys.split(',') }),
    ...(window && { window: JSON.parse(window) as TraceWindow }),
  };
}

/** Objects of at most so many bytes are read as a whole: packed, they are about three times as large. */
const maxWholeBytes = 8 * 1024 * 1024;

/**
 * A source of which a part may be read. What is read depends on the window then, in whole seconds, so that panels that
 * show about the same share it.
 */
export const inWindow = <S extends { readonly key: string; readonly size?: number }>(
  source: S,
  { from, to, endsAt }: TraceWindow
): S => {
  const window: TraceWindow = { from: Math.floor(from / 1e3) * 1e3, to: Math.ceil(to / 1e3) * 1e3, endsAt };
  return (source.size ?? Infinity) > maxWholeBytes
    ? { ...source, key: `${source.key}\0${JSON.stringify(window)}` }
    : source;
};
