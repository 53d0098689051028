import type { ProcessQuery, RunQuery } from '../query/query';
import type { KeyFacts, ProfileFacts } from '../query/run';
import type { Table } from '../views/table';
import type { MemoryMeta } from '../captures/meta';

/**
 * Main thread → worker. `id` pairs a question with its answer. A profile is named by the key it was loaded or collected
 * under; the worker's cache may have dropped it, and the answer is `missing` then. A question may follow the bytes it is
 * about before these are decoded.
 */
export type Request = { readonly id: number } & Question;

/** The profiles that a query is answered from (query/run.ts, Inputs). */
export interface InputKeys {
  readonly profile: string;
  readonly base?: string;
  readonly labelled?: string;
}

export type Question =
  | { readonly type: 'load'; readonly key: string; readonly bytes: ArrayBuffer }
  | { readonly type: 'run'; readonly keys: InputKeys; readonly ofKeys: KeyFacts; readonly query: RunQuery }
  /** Answers `file`: what the query shows, encoded. */
  | { readonly type: 'encode'; readonly keys: InputKeys; readonly query: RunQuery }
  | { readonly type: 'facts'; readonly keys: InputKeys }
  | { readonly type: 'memory'; readonly keys: InputKeys; readonly meta: MemoryMeta }
  /** A view over a few captures of one process, in this order. */
  | {
      readonly type: 'collect';
      readonly sources: ReadonlyArray<{ readonly key: string; readonly time: number }>;
      readonly processView: ProcessQuery;
    }
  /** Opens a collection: of many profiles one is kept at a time, so any number of them fits the worker's memory. */
  | { readonly type: 'begin'; readonly collection: number; readonly processView?: ProcessQuery }
  /** Adds a profile, from the bytes where the cache does not hold it. `time` in Unix ms. */
  | {
      readonly type: 'add';
      readonly collection: number;
      readonly key: string;
      readonly time: number;
      readonly bytes?: ArrayBuffer;
    }
  /** Answers `tables` for a view over captures of one process; a merge, which any other collection is, is put into the cache as it is so far. */
  | { readonly type: 'finish'; readonly collection: number; readonly key: string }
  | { readonly type: 'drop'; readonly collection: number };

/** Worker → main thread, while it decodes a large object: bytes it has read of all. At most every 100 ms. */
export interface Progress {
  readonly type: 'progress';
  readonly id: number;
  readonly done: number;
  readonly total: number;
}

/** Worker → main thread. */
export type Response =
  | { readonly type: 'done'; readonly id: number }
  | { readonly type: 'tables'; readonly id: number; readonly tables: readonly Table[] }
  /** A .pb.gz. */
  | { readonly type: 'file'; readonly id: number; readonly bytes: ArrayBuffer }
  | { readonly type: 'facts'; readonly id: number; readonly facts: ProfileFacts }
  | { readonly type: 'missing'; readonly id: number; readonly keys: readonly string[] }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly input: boolean };
