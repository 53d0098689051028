import { SharedTasks } from '../tasks/shared';
import type { CollectedQuery } from '../query/query';
import type { Table } from '../views/table';
import { messageOf, named, type Failure, type Holding, type Opening, type Source } from './holding';
import type { Question, Response } from './messages';
import { againIfLost, expectType, type Transport } from './transport';

/** A profile that the worker holds, of one source or of several merged. */
export interface Opened {
  readonly key: string;
  readonly failed: readonly Failure[];
}

/** Who waits for a merge. */
interface MergeListener {
  readonly onProgress?: (done: number) => void;
  /** Told that the worker has a merge of the first captures under this key. */
  readonly onMerged?: (key: string, done: number) => Promise<void>;
}

export type MergeOpening = Opening & MergeListener;

type WithoutCollection<T> = T extends unknown ? Omit<T, 'collection'> : never;
type Begin = WithoutCollection<Extract<Question, { readonly type: 'beginMerge' | 'beginProcessView' }>>;
type Finish = WithoutCollection<Extract<Question, { readonly type: 'finishMerge' | 'finishProcessView' }>>;

/** What many captures become: the questions between which they are added, and what is done after each. */
interface Kind {
  readonly begin: Begin;
  readonly finish: Finish;
  /** @param read how many of those done could be read */
  added?(collection: number, done: number, read: number): Promise<void>;
}

interface Collected {
  readonly response: Response;
  readonly failed: readonly Failure[];
}

/** Least time between two partial results, in ms: each costs a merge's tables and a drawing. */
const partialInterval = 1500;

/**
 * Reads that are under way beside the one that is awaited, while the worker is busy. The store bounds requests; this bounds
 * bytes.
 */
const maxAhead = 4;

/** So many captures, and so many bytes of them, are asked about in one question: the worker's cache holds all of them. */
const maxTogether = { count: 16, bytes: 4 * 1024 * 1024 };

const isFew = (sources: readonly Source[]): boolean =>
  sources.length <= maxTogether.count &&
  sources.reduce((sum, { size = Infinity }) => sum + size, 0) <= maxTogether.bytes;

/** Merges whose names are remembered; the worker's cache drops most of them long before. */
const maxMerges = 100;

/** Many captures in one worker: merged, or as a view over those of a process. */
export class Collections {
  private nextId = 1;
  private readonly merging = new SharedTasks<Opened, MergeListener>();
  /** Short names of merges, and what could not be read of each. */
  private readonly merges = new Map<string, Opened>();

  constructor(
    private readonly transport: Transport,
    private readonly holding: Holding
  ) {}

  /** Puts the sources into the worker, merged in the order given. @throws Error where none can be read */
  async merge(sources: readonly Source[], { load, signal, onProgress, onMerged }: MergeOpening): Promise<Opened> {
    const id = sources.map(({ key }) => key).join('\n');
    const known = this.merges.get(id);
    if (known && this.transport.held.has(known.key) && !sources.some(({ isUnknown }) => isUnknown)) {
      return known;
    }
    return this.merging.run(
      id,
      signal,
      (shared, tell) =>
        this.mergeOnce(id, sources, {
          load,
          signal: shared,
          onProgress: (done) => tell((listener) => listener.onProgress?.(done)),
          async onMerged(key, done) {
            const told: Array<Promise<void> | undefined> = [];
            tell((listener) => told.push(listener.onMerged?.(key, done)));
            // One of them may be cancelled meanwhile, which is no matter of the merge's.
            await Promise.allSettled(told);
          },
        }),
      { onProgress, onMerged }
    );
  }

  /** A view over captures, of one process in the order of time. @throws Error where none can be read */
  async processView(
    query: CollectedQuery,
    sources: readonly Source[],
    opening: Opening
  ): Promise<{ tables: readonly Table[]; failed: readonly Failure[] }> {
    const kind: Kind = {
      begin: { type: 'beginProcessView', query },
      finish: { type: 'finishProcessView' },
    };
    const { response, failed } = await againIfLost(
      async () =>
        (isFew(sources) && (await this.viewTogether(query, sources, opening))) || this.collect(kind, sources, opening)
    );
    return { tables: expectType(response, 'tables').tables, failed };
  }

  private async mergeOnce(id: string, sources: readonly Source[], opening: MergeOpening): Promise<Opened> {
    const key = this.merges.get(id)?.key ?? `merge ${this.nextId++}`;
    const kind: Kind = {
      begin: { type: 'beginMerge' },
      finish: { type: 'finishMerge', key },
    };
    const { failed } = await againIfLost(() => {
      const added = this.tellMerged(`${key} so far`, sources.length, opening);
      return this.collect({ ...kind, added }, sources, opening);
    });
    return this.remember(id, { key, failed });
  }

  private remember(id: string, merged: Opened): Opened {
    this.merges.delete(id);
    this.merges.set(id, merged);
    this.transport.held.add(merged.key);
    if (this.merges.size > maxMerges) {
      const [oldest, { key }] = this.merges.entries().next().value as [string, Opened];
      this.merges.delete(oldest);
      this.transport.held.delete(key);
    }
    return merged;
  }

  /** Puts what is merged so far under a key, now and then. */
  private tellMerged(key: string, count: number, { signal, onMerged }: MergeOpening): Kind['added'] {
    let last = performance.now();
    return async (collection, done, read) => {
      if (done === count || performance.now() - last <= partialInterval) {
        return;
      }
      if (read > 0) {
        await this.transport.ask({ type: 'finishMerge', collection, key }, signal);
        await onMerged?.(key, done);
      }
      last = performance.now();
    };
  }

  /**
   * All sources in one question; undefined where they do not fit the worker's cache at once. A merge is not asked so: it is
   * shown as far as it is.
   * @throws as `collect`
   */
  private async viewTogether(
    query: CollectedQuery,
    sources: readonly Source[],
    opening: Opening
  ): Promise<Collected | undefined> {
    const { signal, onProgress } = opening;
    let done = 0;
    const held = await Promise.allSettled(
      sources.map((source) => this.holding.hold(source, opening).finally(() => onProgress?.(++done)))
    );
    signal.throwIfAborted();
    const failed = sources.flatMap(({ name }, i): Failure[] => {
      const result = held[i];
      return result.status === 'rejected' ? [{ name, message: messageOf(result.reason) }] : [];
    });
    const [first] = held;
    if (failed.length === sources.length && first.status === 'rejected') {
      throw named(sources[0].name, first.reason);
    }
    const places = sources
      .filter((_, i) => held[i].status === 'fulfilled')
      .map(({ key, time, labels = {} }) => ({ key, time, labels }));
    const response = await this.transport.ask({ type: 'processView', sources: places, query }, signal);
    if (response.type !== 'missing') {
      return { response, failed };
    }
    response.keys.forEach((key) => this.transport.held.delete(key));
    return undefined;
  }

  /** Gives the worker one source after the other, of which it keeps what the collection needs. */
  private async collect(kind: Kind, sources: readonly Source[], opening: Opening): Promise<Collected> {
    const { transport } = this;
    const { signal } = opening;
    const collection = this.nextId++;
    await transport.ask({ ...kind.begin, collection }, signal);
    const { generation } = transport;
    try {
      const failed = await this.addAll(kind, collection, sources, opening);
      return { response: await transport.ask({ ...kind.finish, collection }, signal), failed };
    } catch (reason) {
      signal.throwIfAborted();
      transport.throwIfLost(generation);
      throw reason;
    } finally {
      // Also after a cancelled query, whose signal would keep this from being asked.
      void transport.send({ type: 'drop', collection });
    }
  }

  /** @returns what could not be read. @throws Error where nothing could be */
  private async addAll(
    kind: Kind,
    collection: number,
    sources: readonly Source[],
    opening: Opening
  ): Promise<readonly Failure[]> {
    const { signal, onProgress } = opening;
    const { generation } = this.transport;
    const failed: Failure[] = [];
    let done = 0;
    let ahead = maxAhead;
    for (const { source, held } of this.inOrder(sources, opening, () => ahead)) {
      try {
        await held;
        // One at a time: what the worker has dropped has to be read again, which nothing must overtake.
        ahead = (await this.add(collection, source, opening)) ? ahead : 0;
      } catch (reason) {
        signal.throwIfAborted();
        // Another worker than the collection began in knows nothing of it.
        this.transport.throwIfLost(generation);
        failed.push({ name: source.name, message: messageOf(reason) });
        if (failed.length === sources.length) {
          throw named(source.name, reason);
        }
      }
      onProgress?.(++done);
      await kind.added?.(collection, done, done - failed.length);
    }
    return failed;
  }

  /** @returns whether the worker held the profile still: what is read ahead may be more than its cache takes */
  private async add(
    collection: number,
    { key, time, labels = {} }: Source,
    { load, signal }: Opening
  ): Promise<boolean> {
    const response = await this.transport.ask({ type: 'add', collection, key, time, labels }, signal);
    if (response.type !== 'missing') {
      return true;
    }
    this.transport.held.delete(key);
    const bytes = await load(key, signal);
    await this.transport.ask({ type: 'add', collection, key, time, labels, bytes }, signal);
    return false;
  }

  /** The sources in their order, so many of them read ahead. */
  private *inOrder(sources: readonly Source[], opening: Opening, ahead: () => number) {
    const reads: Array<{ readonly source: Source; readonly held: Promise<void> }> = [];
    for (const source of sources) {
      const held = this.holding.hold(source, opening);
      held.catch(() => undefined); // Whatever it says is said in its turn.
      reads.push({ source, held });
      while (reads.length > ahead()) {
        yield reads.shift() as (typeof reads)[number];
      }
    }
    yield* reads;
  }
}
