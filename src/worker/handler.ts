import { decode } from '../decode/decode';
import { InputError, type Profile } from '../profile/profile';
import { profileFacts, run } from '../query/run';
import { ProfileCache } from './cache';
import type { Progress, Request, Response } from './messages';

/** Answers a request; meanwhile it may tell how far it is. */
export type Handle = (request: Request, tell?: (progress: Progress) => void) => Promise<Response>;

/** Answers requests; the same in a worker and, where none can start, on the main thread. */
export function createHandler(cache = new ProfileCache()): Handle {
  return async (request, tell) => {
    const { id } = request;
    try {
      if (request.type === 'load') {
        const onProgress = (done: number, total: number) => tell?.({ type: 'progress', id, done, total });
        cache.set(request.key, await decode(new Uint8Array(request.bytes), { onProgress }));
        return { type: 'loaded', id };
      }
      const missing = request.keys.filter((key) => !cache.has(key));
      if (missing.length > 0) {
        return { type: 'missing', id, keys: missing };
      }
      const profiles = request.keys.map((key) => cache.get(key) as Profile);
      return request.type === 'labels'
        ? { type: 'facts', id, facts: profileFacts(profiles) }
        : { type: 'tables', id, tables: run(request.query, profiles) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { type: 'error', id, message, input: error instanceof InputError };
    }
  };
}

/** The buffers of an answer, which move to the main thread instead of being copied. */
export function transferables(response: Response): ArrayBuffer[] {
  if (response.type !== 'tables') {
    return [];
  }
  const buffers = new Set<ArrayBuffer>();
  for (const { columns } of response.tables) {
    for (const { values } of columns) {
      if (ArrayBuffer.isView(values)) {
        buffers.add(values.buffer as ArrayBuffer);
      }
    }
  }
  return [...buffers];
}
