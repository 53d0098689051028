import { decode } from '../decode/decode';
import { InputError, type Profile } from '../profile/profile';
import { profileFacts, run } from '../query/run';
import { ProfileCache } from './cache';
import type { Request, Response } from './messages';

/** Answers requests; the same in a worker and, where none can start, on the main thread. */
export function createHandler(cache = new ProfileCache()): (request: Request) => Promise<Response> {
  return async (request) => {
    const { id } = request;
    try {
      if (request.type === 'load') {
        cache.set(request.key, await decode(new Uint8Array(request.bytes)));
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
