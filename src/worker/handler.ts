import { decode } from '../decode/decode';
import { gzip } from '../encode/gzip';
import { MergeBuilder } from '../ops/merge';
import type { Profile } from '../profile/profile';
import { InputError } from '../text/notice';
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
  /** What is decoded now: questions about it wait. */
  const loading = new Map<string, Promise<Profile>>();

  const collectionOf = (id: number): Collection => {
    const collection = collections.get(id);
    if (!collection) {
      throw new Error(`The worker has no collection ${id}.`);
    }
    return collection;
  };
  const load = (key: string, bytes: ArrayBuffer, onProgress: OnProgress): Promise<Profile> => {
    const decoding = decode(new Uint8Array(bytes), { onProgress }).then((profile) => {
      cache.set(key, profile);
      return profile;
    });
    loading.set(key, decoding);
    const forget = () => loading.get(key) === decoding && loading.delete(key);
    decoding.then(forget, forget);
    return decoding;
  };
  /** The profiles of these keys, undefined where one is in the cache no more, or could not be decoded. */
  const held = async (keys: ReadonlyArray<string | undefined>): Promise<Array<Profile | undefined>> => {
    await Promise.allSettled(keys.map((key) => key !== undefined && loading.get(key)));
    return keys.map((key) => (key === undefined ? undefined : cache.get(key)));
  };

  const ofInputs = async (keys: InputKeys, then: (inputs: Inputs) => Answer | Promise<Answer>): Promise<Answer> => {
    const [profile, base, labelled] = await held([keys.profile, keys.base, keys.labelled]);
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
      case 'collect': {
        const { sources } = question;
        const profiles = await held(sources.map((source) => source.key));
        const missing = sources.filter((_, i) => !profiles[i]);
        if (missing.length > 0) {
          return { type: 'missing', keys: missing.map((source) => source.key) };
        }
        const collector = processView(question.processView);
        profiles.forEach((profile, i) => profile && collector.add(profile, sources[i].time));
        return { type: 'tables', tables: collector.finish() };
      }
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
        const opening = Promise.resolve(cache.get(key) ?? loading.get(key) ?? (bytes && load(key, bytes, onProgress)));
        const adding = lastIn.then(async () => {
          const profile = await opening;
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
        opening.catch(() => undefined);
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
