import { SharedTasks } from '../tasks/shared';
import { after, compareKeys, endOfPrefix, firstEnd, isBefore, startAfterOf } from './keyOrder';
import { KnownKeys, objectsIn } from './knownKeys';
import type { ListSpan, ObjectInfo, Store } from './store';

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
}

interface Page {
  readonly from: string;
  readonly to: string | undefined;
  readonly objects: readonly ObjectInfo[];
}

/** The server lists in an order that is not S3's, so that no page says what lies between two keys. */
class OutOfOrder extends Error {}

interface RememberedOptions {
  /** Unix ms. */
  readonly now?: () => number;
  /** Most bytes of keys that are held. */
  readonly maxKeyBytes?: number;
}

/**
 * A store that asks the bucket each question once, whoever asks: panels, variables, annotations and editors of one data
 * source share it.
 *
 * A page of a listing says all that there is from one key to another, so what is remembered is stretches of keys, each with
 * the time it was asked for, and a span is answered from those that are young enough (`maxAges`, or the span's own
 * `maxAge`). The rest is listed from its first key on. A refresh therefore lists from where captures came last, which is
 * one request however much the range holds; the whole is listed again once a minute.
 *
 * Whoever asks while an answer is under way waits for that one. It is aborted when the last of them has left, and a failure
 * is that of all of them and is not remembered. An object with an ETag that is small is held, others are shared while they
 * are under way.
 */
export function remembered(store: Store, { now = Date.now, maxKeyBytes }: RememberedOptions = {}): Store {
  const known = new KnownKeys(maxKeyBytes);
  const runs = new Set<Run>();
  let isOrdered = true;

  async function nextPage(run: Run): Promise<Page> {
    const at = now();
    try {
      const { value: objects, done } = await run.pages.next();
      if (done) {
        runs.delete(run);
      } else if (!follow(objects, run)) {
        isOrdered = false;
        known.clear();
        throw new OutOfOrder();
      }
      const last = objects?.at(-1);
      const page: Page = {
        from: run.place,
        to: done ? endOfPrefix(run.prefix) : last ? after(last.key) : run.place,
        objects: objects ?? [],
      };
      run.place = page.to ?? run.place;
      known.put({ ...page, at });
      return page;
    } catch (error) {
      runs.delete(run);
      run.abort.abort();
      throw error;
    } finally {
      run.next = undefined;
    }
  }

  /** @param from the first place that is not known, of a span */
  function start({ prefix }: ListSpan, from: string, recent: string, to: string | undefined): Run {
    // What is too old just before it, as far as captures come there, is in the same page: others are about to ask for it.
    let place = from;
    let objects = 0;
    for (let before = known.endingAt(place); before && compareKeys(recent, place) < 0; before = known.endingAt(place)) {
      const start = compareKeys(before.from, recent) < 0 ? recent : before.from;
      objects += objectsIn(before, start, place).length;
      if (before.at >= now() - maxAges.recent || objects > maxBefore) {
        break;
      }
      place = start;
    }
    const abort = new AbortController();
    const startAfter = startAfterOf(place, prefix);
    const pages = store.list({ prefix, startAfter }, abort.signal)[Symbol.asyncIterator]();
    const run: Run = {
      prefix,
      place: startAfter === undefined ? prefix : after(startAfter),
      to,
      pages,
      abort,
      askers: new Set(),
      next: undefined,
    };
    runs.add(run);
    return run;
  }

  /** Leaves runs; one that nobody waits for ends. */
  function leave(asker: object, joined: ReadonlySet<Run>): void {
    for (const run of joined) {
      run.askers.delete(asker);
      if (run.askers.size === 0 && runs.delete(run)) {
        run.abort.abort();
        void run.pages.return?.().catch(() => undefined);
      }
    }
  }

  async function* listKnown(span: ListSpan, signal: AbortSignal): AsyncGenerator<readonly ObjectInfo[]> {
    const { prefix, startAfter, until, maxAge } = span;
    const begun = now();
    const end = firstEnd(endOfPrefix(prefix), until === undefined ? undefined : endOfPrefix(until));
    const recent = known.recentFrom(prefix, recentSpan);
    const joined = new Set<Run>();
    const asker = {};
    /** Undefined behind the last key of all. */
    let place: string | undefined =
      startAfter !== undefined && compareKeys(startAfter, prefix) >= 0 ? after(startAfter) : prefix;
    try {
      while (place !== undefined && isBefore(place, end)) {
        signal.throwIfAborted();
        const stretch = known.at(place);
        const isSettled = compareKeys(place, recent) < 0;
        const oldest = begun - (maxAge ?? (isSettled ? maxAges.settled : maxAges.recent));
        if (stretch && stretch.at >= oldest) {
          const to = firstEnd(firstEnd(stretch.to, end), isSettled ? recent : undefined);
          const objects: readonly ObjectInfo[] = objectsIn(stretch, place, to);
          place = to;
          if (objects.length > 0) {
            yield objects;
          }
          continue;
        }
        const run = [...runs].find(comesTo(place)) ?? start(span, place, recent, end);
        joined.add(run);
        run.askers.add(asker);
        run.next ??= nextPage(run);
        const page = await unlessAborted(run.next, signal);
        if (isBefore(place, page.to)) {
          const to = firstEnd(page.to, end);
          const objects = objectsIn(page, place, to);
          place = to;
          if (objects.length > 0) {
            yield objects;
          }
        }
      }
    } finally {
      leave(asker, joined);
    }
  }

  async function* list(span: ListSpan, signal: AbortSignal): AsyncGenerator<readonly ObjectInfo[]> {
    const given: Array<readonly ObjectInfo[]> = [];
    if (isOrdered) {
      try {
        for await (const objects of listKnown(span, signal)) {
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
    // As the bucket gives it, less what was given before that was found out.
    const keys = new Set(given.flat().map(({ key }) => key));
    for await (const objects of store.list(span, signal)) {
      yield objects.filter(({ key }) => !keys.has(key));
    }
  }

  const folderTasks = new SharedTasks<readonly string[]>();
  const knownFolders = new Map<string, { readonly at: number; readonly found: readonly string[] }>();

  async function folders(prefix: string, signal: AbortSignal, maxAge = maxAges.settled): Promise<readonly string[]> {
    const before = knownFolders.get(prefix);
    if (before && before.at >= now() - maxAge) {
      return before.found;
    }
    return folderTasks.run(prefix, signal, async (shared) => {
      const at = now();
      const found = await store.folders(prefix, shared);
      keep(knownFolders, prefix, { at, found });
      if (knownFolders.size > maxFolders) {
        knownFolders.delete(oldestOf(knownFolders));
      }
      return found;
    });
  }

  const objectTasks = new SharedTasks<ArrayBuffer>((bytes) => bytes.slice(0));
  const heldObjects = new Map<string, ArrayBuffer>();
  let heldBytes = 0;

  function holdObject(id: string, bytes: ArrayBuffer): void {
    heldBytes += bytes.byteLength - (heldObjects.get(id)?.byteLength ?? 0);
    keep(heldObjects, id, bytes);
    while (heldBytes > maxHeldObjects) {
      const oldest = oldestOf(heldObjects);
      heldBytes -= heldObjects.get(oldest)?.byteLength ?? 0;
      heldObjects.delete(oldest);
    }
  }

  async function get(key: string, signal: AbortSignal, etag = ''): Promise<ArrayBuffer> {
    const id = `${key}\0${etag}`;
    const held = heldObjects.get(id);
    if (held) {
      keep(heldObjects, id, held);
      return held.slice(0);
    }
    return objectTasks.run(id, signal, async (shared) => {
      const bytes = await store.get(key, shared);
      if (etag !== '' && bytes.byteLength <= maxHeldObject) {
        holdObject(id, bytes.slice(0));
      }
      return bytes;
    });
  }

  return { list, folders, get };
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
