import type { CollectedQuery, MemoryQuery, RunQuery, TraceQuery } from '../query/query';
import type { LabelValues, Origin } from '../query/run';
import type { TraceMoment } from '../query/runTrace';
import type { MemberProfile } from '../decode/unpack/choose';
import type { MergePart } from '../ops/merge';
import type { Profile } from '../profile/profile';
import type { CaptureOrigin } from '../views/fleet/origin';
import type { Table } from '../views/table';
import type { MemoryMeta } from '../captures/meta';

/**
 * Main thread → worker. `id` pairs a question with its answer. A profile is named by the key it was loaded or merged under;
 * the worker's cache may have dropped it, and the answer is `missing` then. A question may follow the bytes it is about
 * before these are decoded.
 */
export type Request = { readonly id: number } & Question;

/** The profiles that a query is answered from (query/run.ts, Inputs). */
export interface InputKeys {
  readonly profile: string;
  readonly base?: string;
  readonly labelled?: string;
}

/** A capture that the worker holds, and where it comes from. */
interface Place extends CaptureOrigin {
  readonly key: string;
}

/** Many profiles of which the worker keeps one at a time, so that any number of them fits its memory. */
interface OfCollection {
  readonly collection: number;
}

export type Question =
  | { readonly type: 'load'; readonly key: string; readonly bytes: ArrayBuffer }
  /** Answers `profile`: a copy, for another worker. */
  | { readonly type: 'copy'; readonly key: string }
  | { readonly type: 'put'; readonly key: string; readonly profile: Profile }
  /** How many bytes the worker may hold from now on. */
  | { readonly type: 'limit'; readonly bytes: number }
  | { readonly type: 'run'; readonly keys: InputKeys; readonly origin: Origin; readonly query: RunQuery }
  /** Answers `values`: the flat value of each of these functions in a view of the top, 0 of those that it lacks. */
  | {
      readonly type: 'flatValues';
      readonly keys: InputKeys;
      readonly query: RunQuery;
      readonly names: readonly string[];
    }
  /** Answers `file`: what the query shows, encoded. */
  | { readonly type: 'encode'; readonly keys: InputKeys; readonly origin: Origin; readonly query: RunQuery }
  | { readonly type: 'labelValues'; readonly keys: InputKeys }
  /** Answers `members`: the profiles in an archive. */
  | { readonly type: 'listMembers'; readonly bytes: ArrayBuffer }
  | { readonly type: 'memory'; readonly keys: InputKeys; readonly query: MemoryQuery; readonly meta?: MemoryMeta }
  /** What a trace says of the part of it that lies within a range. */
  | { readonly type: 'trace'; readonly keys: InputKeys; readonly query: TraceQuery; readonly moment: TraceMoment }
  /** A view over a few captures, in this order. */
  | {
      readonly type: 'processView';
      readonly sources: readonly Place[];
      readonly query: CollectedQuery;
    }
  /** `isPart`: of captures that come after others, which another worker merges. */
  | ({ readonly type: 'beginMerge'; readonly isPart?: boolean } & OfCollection)
  | ({ readonly type: 'beginProcessView'; readonly query: CollectedQuery } & OfCollection)
  /**
   * Adds a profile, from the bytes where the cache does not hold it, after those that were asked for before. `time` in Unix ms. Of
   * one that `isPassing` the cache keeps nothing: there are more than it takes. After one that is missing all are, up to the one
   * that `isAgain`, so that none overtakes it.
   */
  | ({
      readonly type: 'add';
      readonly bytes?: ArrayBuffer;
      readonly isPassing?: boolean;
      readonly isAgain?: boolean;
    } & Place &
      OfCollection)
  /** Answers `part`: the merge as it is so far. */
  | ({ readonly type: 'finishPart' } & OfCollection)
  /** Adds what another worker merged. Answers `apart` where the captures of it have to be added one by one. */
  | ({ readonly type: 'joinPart'; readonly part: MergePart } & OfCollection)
  /**
   * Puts the merge as it is so far into the cache under this key, with parts that others have so far, and answers `merged`, or
   * `apart` as `joinPart` does.
   */
  | ({ readonly type: 'finishMerge'; readonly key: string; readonly parts?: readonly MergePart[] } & OfCollection)
  /** Answers `tables`. */
  | ({ readonly type: 'finishProcessView' } & OfCollection)
  | ({ readonly type: 'drop' } & OfCollection)
  /** A query about a made-up profile, which makes the worker fast before it is asked (warmUp.ts). */
  | { readonly type: 'warmUp'; readonly isHeap: boolean; readonly query: RunQuery }
  /** Nobody waits for the answer to a question any more: the worker stops at the next step of it, and answers an error. */
  | { readonly type: 'cancel'; readonly question: number };

/** Worker → main thread, while it decodes a large object: bytes it has read of all, as often as is worth showing. */
export interface Progress {
  readonly type: 'progress';
  readonly id: number;
  readonly done: number;
  readonly total: number;
}

/** Worker → main thread, before each step of work on a question; it hears nothing until the step is done. */
export interface Started {
  readonly type: 'started';
  readonly id: number;
}

/** Worker → main thread. `held`: bytes of the profiles that the worker holds, and of its merges. */
export type Response = Answer & { readonly id: number; readonly held?: number };

export type Answer =
  | { readonly type: 'done' }
  | { readonly type: 'profile'; readonly profile: Profile }
  | { readonly type: 'part'; readonly part: MergePart }
  | { readonly type: 'values'; readonly values: Float64Array }
  | { readonly type: 'apart' }
  /** `count`: of how many captures the merge is. */
  | { readonly type: 'merged'; readonly count: number }
  | { readonly type: 'tables'; readonly tables: readonly Table[] }
  /** A .pb.gz. */
  | { readonly type: 'file'; readonly bytes: ArrayBuffer }
  | { readonly type: 'labelValues'; readonly values: LabelValues }
  | { readonly type: 'missing'; readonly keys: readonly string[] }
  | { readonly type: 'members'; readonly members: readonly MemberProfile[] }
  /** `isNothing`: there is nothing of what was asked for, which is an answer to whoever looks for it. */
  | { readonly type: 'error'; readonly message: string; readonly isNothing?: boolean };
