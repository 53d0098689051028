import { SharedTasks } from '../tasks/shared';
import { after, compareKeys, endOfPrefix, firstEnd, isBefore, startAfterOf } from './keyOrder';
import { KnownKeys, objectsIn } from './knownKeys';
import type { UnorderedListings } from './unordered';
import { standardServer, StoreError, type ListSpan, type ObjectInfo, type ServerTraits, type Store } from './store';

/**
 * How old, in ms, an answer may be.
 *
 * `recent`: where captures come, a listing serves one refresh of a dashboard, whose panels ask within a second or two; the
 * shortest refresh that Grafana offers is 5 s, and it finds what is new. `settled`: everywhere else, and for folders: a
 * capture that comes late, by a key before those that came last, is there within a minute. `names`: for what only offers
 * names to choose from.
 */
export const maxAges = { recent: 4_000, settled: 60_000, names: 300_000 };

/**
 * Captures come where those came that are at most so much older than the newest, in ms. The files of an event come one by
 * one, its CPU profile half a minute later, and what could not be sent at once is sent again minutes after.
 */
const recentSpan = 10 * 60_000;

/** Objects before the first that is asked for that a listing takes with it: half a page. */
const maxBefore = 500;

/** Largest object that is held, and most bytes of all: meta.json, and small profiles that the worker has dropped. */
const maxHeldObject = 64 * 1024;
const maxHeldObjects = 8 * 1024 * 1024;
const maxFolders = 500;

/** A listing under way: its pages are for all who ask for keys that it comes to. */
interface Run {
  readonly prefix: string;
  /** Where the next page begins. */
  place: string;
  /** Where the one who started it stops, at the latest. */
  readonly to: string | undefined;
  readonly pages: AsyncIterator<readonly ObjectInfo[]>;
  readonly abort: AbortController;
  /** Those who have not finished. Without them it ends. */
  readonly askers: Set<object>;
  next: Promise<Page> | undefined;
  /** Unix ms: when its last page was asked for. */
  at: number;
}

interface Page {
  readonly from: string;
  readonly to: string | undefined;
  readonly objects: readonly ObjectInfo[];
}

/** The server lists in an order that is not S3's, so that no page says what lies between two keys. */
class OutOfOrder extends Error {}

/** One who asks for a span, and what it has joined so far. */
interface Asking {
  readonly span: ListSpan;
  /** The first key that counts as recent. */
  readonly recent: string;
  readonly end: string | undefined;
  readonly asker: object;
  readonly joined: Set<Run>;
}

interface RememberedOptions {
  /** Unix ms. */
  readonly now?: () => number;
  /** Most bytes of keys that are held. */
  readonly maxKeyBytes?: number;
}

/**
 * A store that asks the bucket each question once, whoever asks: panels, variables, annotations and editors of one data
 * source share it. Whoever asks while an answer is under way waits for that one. It is aborted when the last of them has
 * left, and a failure is that of all of them and is not remembered.
 */
export function remembered(store: Store, { now = Date.now, maxKeyBytes }: RememberedOptions = {}): Store {
  const server = store.server ?? standardServer();
  const listings = new RememberedListings(store, server, now, maxKeyBytes);
  const { folders, forget } = rememberedFolders(store, now);
  return {
    server,
    list: (span, signal) => listings.list(span, signal),
    folders,
    get: rememberedObjects(store),
    forget() {
      listings.forget();
      forget();
    },
  };
}

/**
 * A page of a listing says all that there is from one key to another, so what is remembered is stretches of keys, each with
 * the time it was asked for, and a span is answered from those that are young enough (`maxAges`, or the span's own
 * `maxAge`). The rest is listed from its first key on. A refresh therefore lists from where captures came last, which is
 * one request however much the range holds; the whole is listed again once a minute.
 */
class RememberedListings {
  private readonly known: KnownKeys;
  private readonly runs = new Set<Run>();
  private unordered: Promise<UnorderedListings> | undefined;

  constructor(
    private readonly store: Store,
    private readonly server: ServerTraits,
    private readonly now: () => number,
    maxKeyBytes: number | undefined
  ) {
    this.known = new KnownKeys(maxKeyBytes);
  }

  forget(): void {
    this.known.clear();
    this.unordered = undefined;
  }

  async *list(span: ListSpan, signal: AbortSignal): AsyncGenerator<readonly ObjectInfo[]> {
    const given: Array<readonly ObjectInfo[]> = [];
    if (this.server.isOrdered) {
      try {
        for await (const objects of this.listInOrder(span, signal)) {
          given.push(objects);
          yield objects;
        }
        return;
      } catch (error) {
        if (!(error instanceof OutOfOrder)) {
          throw error;
        }
      }
    }
    // Less what was given before that was found out.
    const keys = new Set(given.flat().map(({ key }) => key));
    this.unordered ??= this.loadUnordered();
    for await (const objects of (await this.unordered).list(span, signal)) {
      yield objects.filter(({ key }) => !keys.has(key));
    }
  }

  /** Few servers need it, and module.js is small. */
  private async loadUnordered(): Promise<UnorderedListings> {
    const { UnorderedListings } = await import(/* webpackChunkName: "servers" */ './unordered');
    return new UnorderedListings(this.store, this.now, maxAges.recent);
  }

  /** @throws OutOfOrder when a page shows that the server has an order of its own */
  private async *listInOrder(span: ListSpan, signal: AbortSignal): AsyncGenerator<readonly ObjectInfo[]> {
    const { prefix, startAfter, until } = span;
    const begun = this.now();
    const end = firstEnd(endOfPrefix(prefix), until === undefined ? undefined : endOfPrefix(until));
    const recent = this.known.recentFrom(prefix, recentSpan);
    const joined = new Set<Run>();
    const asker = {};
    /** Undefined behind the last key of all. */
    let place: string | undefined =
      startAfter !== undefined && compareKeys(startAfter, prefix) >= 0 ? after(startAfter) : prefix;
    // What is remembered is given as one page, in however many stretches it was learnt: who counts pages counts requests.
    let known: Array<readonly ObjectInfo[]> = [];
    try {
      while (place !== undefined && isBefore(place, end)) {
        signal.throwIfAborted();
        const remembered = this.rememberedAt(place, recent, begun, span.maxAge);
        if (!remembered && known.length > 0) {
          yield known.flat();
          known = [];
        }
        const stretch: Page =
          remembered ?? (await this.listedFrom(place, { span, recent, end, asker, joined }, signal));
        if (isBefore(place, stretch.to)) {
          const to: string | undefined = firstEnd(stretch.to, end);
          const objects = objectsIn(stretch, place, to);
          place = to;
          if (objects.length > 0 && remembered) {
            known.push(objects);
          } else if (objects.length > 0) {
            yield objects;
          }
        } else {
          yield []; // Its reader may know by now that it should ask otherwise.
        }
      }
      if (known.length > 0) {
        yield known.flat();
      }
    } finally {
      this.leave(asker, joined);
    }
  }

  /**
   * Of what is known young enough, the stretch that a place is in, at most to where captures come.
   * @param recent the first key that counts as recent
   * @param begun Unix ms
   */
  private rememberedAt(place: string, recent: string, begun: number, maxAge: number | undefined): Page | undefined {
    const stretch = this.known.at(place);
    const isSettled = compareKeys(place, recent) < 0;
    const oldest = begun - (maxAge ?? (isSettled ? maxAges.settled : maxAges.recent));
    return stretch && stretch.at >= oldest
      ? { ...stretch, to: firstEnd(stretch.to, isSettled ? recent : undefined) }
      : undefined;
  }

  /** The next page of a run that comes to a place, of one that is under way where there is one. */
  private listedFrom(place: string, { span, recent, end, asker, joined }: Asking, signal: AbortSignal): Promise<Page> {
    const run = [...this.runs].find(comesTo(place)) ?? this.start(span.prefix, this.startOf(place, recent), end);
    joined.add(run);
    run.askers.add(asker);
    run.next ??= this.nextPage(run);
    return unlessAborted(run.next, signal);
  }

  /**
   * Where a listing begins for the first place that is not known. What is too old just before it, as far as captures come
   * there, is in the same page: others are about to ask for it.
   */
  private startOf(unknown: string, recent: string): string {
    let place = unknown;
    let objects = 0;
    let before = this.known.endingAt(place);
    while (before && compareKeys(recent, place) < 0) {
      const start = compareKeys(before.from, recent) < 0 ? recent : before.from;
      objects += objectsIn(before, start, place).length;
      if (before.at >= this.now() - maxAges.recent || objects > maxBefore) {
        break;
      }
      place = start;
      before = this.known.endingAt(place);
    }
    return place;
  }

  private start(prefix: string, place: string, to: string | undefined): Run {
    const abort = new AbortController();
    const startAfter = startAfterOf(place, prefix);
    const run: Run = {
      prefix,
      place: startAfter === undefined ? prefix : after(startAfter),
      to,
      pages: this.store.list({ prefix, startAfter }, abort.signal)[Symbol.asyncIterator](),
      abort,
      askers: new Set(),
      next: undefined,
      at: this.now(),
    };
    this.runs.add(run);
    return run;
  }

  private async nextPage(run: Run): Promise<Page> {
    const asked = this.now();
    try {
      const { value: objects, done } = await run.pages.next();
      if (done) {
        // That nothing follows was said by the last page: both grow old at once, and one request makes both young again.
        this.runs.delete(run);
      } else if (this.server.isOrdered && follow(objects, run)) {
        run.at = asked;
      } else {
        this.server.isOrdered = false;
        this.known.clear();
        throw new OutOfOrder();
      }
      const last = objects?.at(-1);
      const to = done ? endOfPrefix(run.prefix) : last ? after(last.key) : run.place;
      const page: Page = { from: run.place, to, objects: objects ?? [] };
      run.place = to ?? run.place;
      this.known.put({ ...page, at: run.at });
      return page;
    } catch (error) {
      this.runs.delete(run);
      run.abort.abort();
      throw error;
    } finally {
      run.next = undefined;
    }
  }

  /** Leaves runs; one that nobody waits for ends. */
  private leave(asker: object, joined: ReadonlySet<Run>): void {
    for (const run of joined) {
      run.askers.delete(asker);
      if (run.askers.size === 0 && this.runs.delete(run)) {
        run.abort.abort();
        void run.pages.return?.().catch(() => undefined);
      }
    }
  }
}

function rememberedFolders(store: Store, now: () => number): { folders: Store['folders']; forget: () => void } {
  const tasks = new SharedTasks<readonly string[]>();
  const known = new Map<string, { readonly at: number; readonly found: readonly string[] | StoreError }>();
  const learn = (prefix: string, at: number, found: readonly string[] | StoreError) => {
    keep(known, prefix, { at, found });
    if (known.size > maxFolders) {
      known.delete(oldestOf(known));
    }
  };
  const folders: Store['folders'] = async (prefix, signal, maxAge = maxAges.settled) => {
    const before = known.get(prefix);
    const isFailure = before?.found instanceof StoreError;
    if (before && before.at >= now() - (isFailure ? Math.min(maxAge, maxAges.settled) : maxAge)) {
      if (before.found instanceof StoreError) {
        throw before.found;
      }
      return before.found;
    }
    return tasks.run(prefix, signal, async (shared) => {
      const at = now();
      try {
        const found = await store.folders(prefix, shared);
        learn(prefix, at, found);
        return found;
      } catch (error) {
        // What took all requests that a listing may have does so again.
        if (error instanceof StoreError && error.kind === 'limit') {
          learn(prefix, at, error);
        }
        throw error;
      }
    });
  };
  return { folders, forget: () => known.clear() };
}

/** An object with an ETag that is small is held, others are shared while they are under way. */
function rememberedObjects(store: Store): Store['get'] {
  const tasks = new SharedTasks<ArrayBuffer>((bytes) => bytes.slice(0));
  const held = new HeldObjects();
  return async (key, signal, etag = '', size?) => {
    const id = `${key}\0${etag}`;
    const bytes = held.get(id);
    if (bytes) {
      return bytes.slice(0);
    }
    return tasks.run(id, signal, async (shared) => {
      const bytes = await store.get(key, shared, etag, size);
      if (etag !== '' && bytes.byteLength <= maxHeldObject) {
        held.put(id, bytes.slice(0));
      }
      return bytes;
    });
  };
}

/** Bounded in bytes; those that were not asked for longest go first. */
class HeldObjects {
  private readonly objects = new Map<string, ArrayBuffer>();
  private bytes = 0;

  get(id: string): ArrayBuffer | undefined {
    const object = this.objects.get(id);
    if (object) {
      keep(this.objects, id, object);
    }
    return object;
  }

  put(id: string, object: ArrayBuffer): void {
    this.bytes += object.byteLength - (this.objects.get(id)?.byteLength ?? 0);
    keep(this.objects, id, object);
    while (this.bytes > maxHeldObjects) {
      const oldest = oldestOf(this.objects);
      this.bytes -= this.objects.get(oldest)?.byteLength ?? 0;
      this.objects.delete(oldest);
    }
  }
}

/** Of a run: whether it is going to list a place. */
const comesTo =
  (place: string) =>
  ({ prefix, place: at, to }: Run): boolean =>
    place.startsWith(prefix) && compareKeys(at, place) <= 0 && isBefore(place, to);

/** Whether the objects of a page come in order, after what the run has given before and below its prefix. */
function follow(objects: readonly ObjectInfo[], { prefix, place }: Run): boolean {
  let before = place;
  return objects.every(({ key }) => {
    const isNext = compareKeys(key, before) >= 0 && key.startsWith(prefix);
    before = after(key);
    return isNext;
  });
}

/** The answer, or the signal's reason as soon as there is one. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** A Map keeps insertion order: put in anew, it is the youngest. */
function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
}

const oldestOf = (map: ReadonlyMap<string, unknown>): string => map.keys().next().value as string;
