/** One entry of a listing. S3 lists these and never user metadata, so all else we know comes from the key. */
export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  /** Unix ms. */
  readonly lastModified: number;
  readonly etag: string;
}

/** One span of keys to list. Keys are in UTF-8 byte order. */
export interface ListSpan {
  readonly prefix: string;
  /** Listing starts after this key. */
  readonly startAfter?: string;
  /** The first key greater than this ends the listing. */
  readonly until?: string;
  /** How old, in ms, what a store remembers may be; see `maxAges`. */
  readonly maxAge?: number;
}

export interface Store {
  /** Pages of objects of the span, in key order; the last may go beyond `until`. @throws StoreError */
  list(span: ListSpan, signal: AbortSignal): AsyncIterable<readonly ObjectInfo[]>;
  /** The "folders" directly below a prefix, each with its trailing '/'. `maxAge` as of a span. @throws StoreError */
  folders(prefix: string, signal: AbortSignal, maxAge?: number): Promise<readonly string[]>;
  /** The bytes of one object, the caller's own. With the `etag` of a listing a store may remember them. @throws StoreError */
  get(key: string, signal: AbortSignal, etag?: string): Promise<ArrayBuffer>;
}

/** How requests of a store are sent (retry.ts). */
export interface RetryOptions {
  /** Requests under way at once (concurrency.ts). */
  readonly maxInFlight?: number;
  /** Tries of one request. */
  readonly maxTries?: number;
  /** Longest wait before the second try, in ms; it doubles with each further one. */
  readonly baseDelay?: number;
  /** 0 ≤ random() < 1. Waits are jittered so that many panels do not come back at once. */
  readonly random?: () => number;
}

export interface StoreOptions extends RetryOptions {
  /** Largest object that `get` reads, in bytes. */
  readonly maxObjectBytes?: number;
}

/** Sends the store's requests: Grafana's backendSrv in the plugin, fetch in Node. */
export type StoreFetch = (request: StoreRequest) => Promise<StoreResponse>;
export interface StoreRequest {
  /** Path and query below the bucket's base, percent-encoded, starting with '/' or '?'. */
  readonly path: string;
  readonly signal: AbortSignal;
}
export interface StoreResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ArrayBuffer;
}

/** The bucket answered something we cannot use; the message says what and what to do. */
export class StoreError extends Error {
  override name = 'StoreError';
  constructor(
    message: string,
    /** HTTP status, 0 where there was none. */
    readonly status: number,
    readonly kind: StoreErrorKind
  ) {
    super(message);
  }
}
export type StoreErrorKind =
  | 'forbidden'
  | 'no-bucket'
  | 'no-object'
  | 'refused'
  | 'redirect'
  | 'network'
  | 'not-s3'
  | 'busy'
  | 'limit'
  | 'cancelled';

export const cancelled = () => new StoreError('The request was cancelled.', 0, 'cancelled');
