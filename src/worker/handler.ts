import { decode } from '../decode/decode';
import { gzip } from '../encode/gzip';
import { MergeBuilder } from '../ops/merge';
import { InputError, type Profile } from '../profile/profile';
import { encodeQuery, memory, processView, profileFacts, run, type Inputs } from '../query/run';
import type { Table } from '../views/table';
import { ProfileCache } from './cache';
import type { InputKeys, Progress, Question, Request, Response } from './messages';

/** Answers a request; meanwhile it may tell how far it is. */
export type Handle = (request: Request, tell?: (progress: Progress) => void) => Promise<Response>;

type OnProgress = (done: number, total: number) => void;

type Answer = Response extends infer R ? (R extends Response ? Omit<R, 'id'> : never) : never;

/** What many profiles become, one at a time. */
interface Collector {
  add(profile: Profile, time: number): void;
  /** Tables, or what is to be cached. */
  finish(): readonly Table[] | Profile;
}

/** Takes profiles in the order in which they were asked for: the next may be unpacked before the one at hand is. */
interface Collection {
  readonly collector: Collector;
  /** Fulfilled when all that was asked for so far is in, or could not be read. */
  lastIn: Promise<void>;
}

/** Answers requests; the same in a worker and, where none can start, on the main thread. */
export function createHandler(cache = new ProfileCache()): Handle {
  const collections = new Map<number, Collection>();

  const collectionOf = (id: number): Collection => {
    const collection = collections.get(id);
    if (!collection) {
      throw new Error(`The worker has no collection ${id}.`);
    }
    return collection;
  };
  const load = async (key: string, bytes: ArrayBuffer, onProgress: OnProgress): Promise<Profile> => {
    const profile = await decode(new Uint8Array(bytes), { onProgress });
    cache.set(key, profile);
    return profile;
  };

  const ofInputs = (keys: InputKeys, then: (inputs: Inputs) => Answer | Promise<Answer>): Answer | Promise<Answer> => {
    const [profile, base, labelled] = [keys.profile, keys.base, keys.labelled].map((key) =>
      key === undefined ? undefined : cache.get(key)
    );
    const missing = Object.values(keys).filter((key) => key !== undefined && !cache.has(key));
    return profile && missing.length === 0 ? then({ profile, base, labelled }) : { type: 'missing', keys: missing };
  };

  async function answer(question: Question, onProgress: OnProgress): Promise<Answer> {
    switch (question.type) {
      case 'load':
        await load(question.key, question.bytes, onProgress);
        return { type: 'done' };
      case 'run': {
        const { keys, ofKeys, query } = question;
        return ofInputs(keys, (inputs) => ({ type: 'tables', tables: run(query, { ...inputs, ...ofKeys }) }));
      }
      case 'encode':
        return ofInputs(question.keys, async (inputs) => ({
          type: 'file',
          bytes: await gzip(encodeQuery(question.query, inputs)),
        }));
      case 'facts':
        return ofInputs(question.keys, ({ profile }) => ({ type: 'facts', facts: profileFacts([profile]) }));
      case 'memory':
        return ofInputs(question.keys, ({ profile }) => ({ type: 'tables', tables: memory(question.meta, profile) }));
      case 'begin':
        collections.set(question.collection, {
          collector: question.processView ? processView(question.processView) : new MergeBuilder(),
          lastIn: Promise.resolve(),
        });
        return { type: 'done' };
      case 'add': {
        const { key, time, bytes } = question;
        const collection = collectionOf(question.collection);
        const { lastIn } = collection;
        const loading = Promise.resolve(cache.get(key) ?? (bytes && load(key, bytes, onProgress)));
        const adding = lastIn.then(async () => {
          const profile = await loading;
          if (profile) {
            collection.collector.add(profile, time);
          }
          return profile;
        });
        collection.lastIn = adding.then(
          () => undefined,
          () => undefined
        );
        // Whatever it says is said when its turn comes.
        loading.catch(() => undefined);
        return (await adding) ? { type: 'done' } : { type: 'missing', keys: [key] };
      }
      case 'finish': {
        const result = collectionOf(question.collection).collector.finish();
        if (!('sample' in result)) {
          return { type: 'tables', tables: result };
        }
        cache.set(question.key, result);
        return { type: 'done' };
      }
      case 'drop':
        collections.delete(question.collection);
        return { type: 'done' };
    }
  }

  return async (request, tell) => {
    const { id } = request;
    try {
      return { ...(await answer(request, (done, total) => tell?.({ type: 'progress', id, done, total }))), id };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { type: 'error', id, message, input: error instanceof InputError };
    }
  };
}

/** The buffers of an answer, which move to the main thread instead of being copied. */
export function transferables(response: Response): ArrayBuffer[] {
  if (response.type === 'file') {
    return [response.bytes];
  }
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
