import { createS3Store } from './s3';
import type { Store, StoreFetch, StoreOptions } from './store';

/** Kinds of stores: a further one is a file and a line here. */
const kinds = {
  s3: createS3Store,
} satisfies Record<string, (fetch: StoreFetch, options?: StoreOptions) => Store>;

export type StoreKind = keyof typeof kinds;

/** A bucket as its own protocol lists and reads it. */
export const openStore = (kind: StoreKind, fetch: StoreFetch, options?: StoreOptions): Store =>
  kinds[kind](fetch, options);
