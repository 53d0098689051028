import type { Query } from '../query/query';
import type { ProfileFacts } from '../query/run';
import type { Table } from '../views/table';

/** Main thread → worker. `id` pairs a question with its answer. */
export type Request =
  | { readonly type: 'load'; readonly id: number; readonly key: string; readonly bytes: ArrayBuffer }
  | { readonly type: 'run'; readonly id: number; readonly keys: readonly string[]; readonly query: Query }
  | { readonly type: 'labels'; readonly id: number; readonly keys: readonly string[] };

/** Worker → main thread, while it decodes a large object: bytes it has read of all. At most every 100 ms. */
export interface Progress {
  readonly type: 'progress';
  readonly id: number;
  readonly done: number;
  readonly total: number;
}

/** Worker → main thread. `missing`: keys that fell out of the cache and have to be loaded again. */
export type Response =
  | { readonly type: 'loaded'; readonly id: number }
  | { readonly type: 'tables'; readonly id: number; readonly tables: readonly Table[] }
  | { readonly type: 'facts'; readonly id: number; readonly facts: ProfileFacts }
  | { readonly type: 'missing'; readonly id: number; readonly keys: readonly string[] }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly input: boolean };
