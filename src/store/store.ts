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

/**
 * What a listing has shown of the server, by which later ones are planned: some that speak S3 have an order of their own, or
 * leave out parameters they do not know. Each is true until an answer shows otherwise.
 */
export interface ServerTraits {
  /** Keys come in the order of their UTF-8 bytes. */
  isOrdered: boolean;
  /** A listing begins where `start-after` says. */
  startsAfter: boolean;
  /** With a `delimiter` a listing has folders instead of what is below them. */
  delimits: boolean;
  /** How many neighbours were in order so far: a few may be by chance. */
  inOrder: number;
}

/** Whether what lies before a place can be left out of a listing. */
export const mayStartAfter = ({ isOrdered, startsAfter }: ServerTraits): boolean => isOrdered && startsAfter;

/** So many neighbours in order are no chance. */
export const enoughInOrder = 64;

export const standardServer = (): ServerTraits => ({ isOrdered: true, startsAfter: true, delimits: true, inOrder: 0 });

export interface Store {
  /** Undefined: as S3's. */
  readonly server?: ServerTraits;
  /**
   * Pages of objects of the span, each key once and in key order unless `server` says otherwise; the last may go beyond
   * `until`, and one may be empty. @throws StoreError, of kind 'limit' where it has more pages than are allowed
   */
  list(span: ListSpan, signal: AbortSignal): AsyncIterable<readonly ObjectInfo[]>;
  /** The "folders" directly below a prefix, each with its trailing '/'. `maxAge` as of a span. @throws StoreError */
  folders(prefix: string, signal: AbortSignal, maxAge?: number): Promise<readonly string[]>;
  /**
   * The bytes of one object, the caller's own. With the `etag` of a listing a store may remember them; with its `size`, in
   * bytes, one that is too large is refused before it is asked for. @throws StoreError
   */
  get(key: string, signal: AbortSignal, etag?: string, size?: number): Promise<ArrayBuffer>;
  /** Forgets listings, of a store that remembers them: the next ones are asked for, however young the last are. */
  forget?(): void;
}

/** How requests of a store are sent (retry.ts). */
export interface RetryOptions {
  /** Requests under way at once (concurrency.ts). */
  readonly maxInFlight?: number;
  /** Tries of one request. */
  readonly maxTries?: number;
  /** Longest wait before the second try, in ms; it doubles with each further one. */
  readonly baseDelay?: number;
  /** Longest time, in ms, in which nothing comes of an answer. Default: 30 s. */
  readonly timeout?: number;
  /** 0 ≤ random() < 1. Waits are jittered so that many panels do not come back at once. */
  readonly random?: () => number;
}

export interface StoreOptions extends RetryOptions {
  /** Largest object that `get` reads, in bytes. */
  readonly maxObjectBytes?: number;
  /** Most requests of one listing. Default: 200. */
  readonly maxLists?: number;
}

/** Sends the store's requests: Grafana's backendSrv in the plugin, fetch in Node. */
export type StoreFetch = (request: StoreRequest) => Promise<StoreResponse>;
export interface StoreRequest {
  /** Path and query below the bucket's base, percent-encoded, starting with '/' or '?'. */
  readonly path: string;
  readonly signal: AbortSignal;
  /** What the request is for, for messages: `the object "a/b"`. */
  readonly what?: string;
  /** Largest answer that is of use: what is more is not waited for, if the sender can tell. */
  readonly maxBytes?: number;
  /** Told when some of the answer has come, if the sender can tell. */
  readonly onBytes?: () => void;
}
export interface StoreResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ArrayBuffer;
  /** Bytes that the whole body has, or more than, where it was left at `maxBytes`. */
  readonly tooLarge?: number;
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
  | 'archived'
  | 'refused'
  | 'redirect'
  | 'network'
  | 'time-out'
  | 'not-s3'
  | 'busy'
  | 'limit'
  | 'cancelled';

export const cancelled = () => new StoreError('The request was cancelled.', 0, 'cancelled');
