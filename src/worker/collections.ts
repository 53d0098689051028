import { SharedTasks } from '../tasks/shared';
import type { CollectedQuery } from '../query/query';
import type { Table } from '../views/table';
import { Collecting, sourcesSize } from './collecting';
import { messageOf, named, type Failure, type Holding, type Opening, type Source } from './holding';
import { againIfLost, expectType, type Transport } from './transport';
import type { Workers } from './workers';

/** A profile that a worker holds, of one source or of several merged. */
export interface Opened {
  readonly key: string;
  readonly failed: readonly Failure[];
  /** Keys of sources that were not opened, since the time was up. */
  readonly left: readonly string[];
}

/** Who waits for a merge. */
interface MergeListener {
  readonly onProgress?: (done: number) => void;
  /** Told that a worker has a merge of so many captures under this key. */
  readonly onMerged?: (key: string, done: number, home: Transport) => Promise<void>;
}

export type MergeOpening = Opening & MergeListener;

/** A merge, and the worker that holds it. */
interface Merged extends Opened {
  readonly home: Transport;
}

interface Viewed {
  readonly tables: readonly Table[];
  readonly failed: readonly Failure[];
}

/** Least time between two partial results, in ms. */
const partialInterval = 300;

/** Merging goes on for so many times as long as a partial result took: it costs a merge's tables and a drawing. */
const partialShare = 3;

/** So many captures, and so many bytes of them, are asked about in one question: the worker's cache holds all of them. */
const maxTogether = { count: 16, bytes: 4 * 1024 * 1024 };

const isFew = (sources: readonly Source[]): boolean =>
  sources.length <= maxTogether.count && sourcesSize(sources, Infinity) <= maxTogether.bytes;

/** A worker is given a run of so many captures at least: to start one, and to join what it made, takes as long as some. */
const minRun = 4;

/** Merges whose names are remembered; the workers' caches drop most of them long before. */
const maxMerges = 100;

/** Many captures: merged, by several workers beside each other, or as a view over those of a process. */
export class Collections {
  private nextId = 1;
  private readonly merging = new SharedTasks<Merged, MergeListener>();
  /** Where a merge that is under way will be. */
  private readonly homes = new Map<string, Transport>();
  /** Short names of merges, and what could not be read of each. */
  private readonly merges = new Map<string, Merged>();

  constructor(
    private readonly workers: Workers,
    private readonly holding: Holding
  ) {}

  /** The worker that has the merge of these sources, or will. */
  placeOf(sources: readonly Source[]): Transport | undefined {
    const id = idOf(sources);
    return this.homes.get(id) ?? this.known(id)?.home;
  }

  /** Puts the sources into that worker, merged in the order given. @throws Error where none can be read */
  async merge(sources: readonly Source[], opening: MergeOpening, home: Transport): Promise<Opened> {
    const id = idOf(sources);
    for (;;) {
      const known = sources.some(({ isUnknown }) => isUnknown) ? undefined : this.known(id);
      const merged = known ?? (await this.mergeShared(id, sources, opening, home));
      if (merged.home === home || (await this.holding.copy(merged.key, merged.home, home, opening.signal))) {
        return merged;
      }
    }
  }

  /** A view over captures, of one process in the order of time. @throws Error where none can be read */
  processView(query: CollectedQuery, sources: readonly Source[], opening: Opening): Promise<Viewed> {
    return againIfLost(async () => {
      const home = this.holding.homeOf(sources.map(({ key }) => key));
      return (
        (isFew(sources) && (await this.viewTogether(query, sources, opening, home))) ||
        this.viewInTurn(query, sources, opening, home)
      );
    });
  }

  private known(id: string): Merged | undefined {
    const known = this.merges.get(id);
    return known?.home.held.has(known.key) ? known : undefined;
  }

  private async mergeShared(
    id: string,
    sources: readonly Source[],
    { onProgress, onMerged, ...opening }: MergeOpening,
    home: Transport
  ): Promise<Merged> {
    const isFirst = !this.homes.has(id);
    if (isFirst) {
      this.homes.set(id, home);
    }
    const work = (signal: AbortSignal, tell: (told: (listener: MergeListener) => void) => void) =>
      this.mergeOnce(id, sources, home, {
        ...opening,
        signal,
        onProgress: (done) => tell((listener) => listener.onProgress?.(done)),
        isMergedAsked() {
          let isAsked = false;
          tell((listener) => (isAsked ||= listener.onMerged !== undefined));
          return isAsked;
        },
        async onMerged(...merged) {
          const told: Array<Promise<void> | undefined> = [];
          tell((listener) => told.push(listener.onMerged?.(...merged)));
          // One of them may be cancelled meanwhile, which is no matter of the merge's.
          await Promise.allSettled(told);
        },
      });
    try {
      return await this.merging.run(id, opening.signal, work, { onProgress, onMerged });
    } finally {
      if (isFirst) {
        this.homes.delete(id);
      }
    }
  }

  private async mergeOnce(
    id: string,
    sources: readonly Source[],
    home: Transport,
    opening: SharedOpening
  ): Promise<Merged> {
    const key = this.merges.get(id)?.key ?? `merge ${this.nextId++}`;
    const runs = this.runsOf(sources, home);
    const end = performance.now() + (opening.maxSeconds ?? Infinity) * 1000;
    const { failed, left } = await againIfLost(
      async () =>
        (runs.length > 1 && (await this.mergeRuns(key, runs, { ...opening, end }))) ||
        (this.mergeRuns(key, [{ home, sources }], { ...opening, end }) as Promise<Opened>)
    );
    return this.remember(id, { key, failed, left, home });
  }

  /**
   * Each run in its worker, joined in their order in the first one's.
   * @returns undefined where runs cannot be joined, so that one worker has to add all captures
   */
  private async mergeRuns(key: string, runs: readonly Run[], opening: TimedOpening): Promise<Opened | undefined> {
    const stop = new AbortController();
    const leave = () => stop.abort(opening.signal.reason);
    opening.signal.addEventListener('abort', leave);
    const { signal } = stop;
    const collected = runs.map((run) => new Collecting(run.home, this.holding, run.sources, { ...opening, signal }));
    const [first, ...others] = collected;
    const sofar = new SoFar(`${key} so far`, collected, { ...opening, signal });
    try {
      const done = others.map(async (run) => {
        await run.addAll({ type: 'beginMerge', isPart: true }, () => sofar.added());
        return expectType(await run.ask({ type: 'finishPart' }), 'part').part;
      });
      done.forEach((part) => part.catch(() => stop.abort()));
      await first.addAll({ type: 'beginMerge' }, () => sofar.added());
      await sofar.finish();
      for (const part of done) {
        if ((await first.ask({ type: 'joinPart', part: await part })).type === 'apart') {
          return undefined;
        }
      }
      const failed = collected.flatMap((run) => run.failed);
      if (failed.length > 0 && collected.every(({ read }) => read === 0)) {
        throw [...collected].reverse().find(({ reason }) => reason !== undefined)?.reason;
      }
      expectType(await first.ask({ type: 'finishMerge', key }), 'merged');
      return { key, failed, left: collected.flatMap((run) => run.left) };
    } catch (error) {
      opening.signal.throwIfAborted();
      // A run that failed has stopped the others: what they say of it says nothing.
      throw collected.find(({ error: own }) => own !== undefined)?.error ?? error;
    } finally {
      opening.signal.removeEventListener('abort', leave);
      stop.abort();
      collected.forEach((run) => run.drop());
    }
  }

  /** Captures in runs of about as many bytes, each for the worker that holds most of it; one run for few captures. */
  private runsOf(sources: readonly Source[], home: Transport): readonly Run[] {
    const workers = this.workers.several(Math.max(1, Math.floor(sources.length / minRun)), home);
    const free = new Set(workers);
    const place = (run: readonly Source[], i: number): Transport => {
      const held = (transport: Transport) => run.filter(({ key }) => transport.held.has(key)).length;
      const best = i === 0 ? home : [...free].reduce((a, b) => (held(b) > held(a) ? b : a));
      free.delete(best);
      return best;
    };
    return inRuns(sources, workers.length).map((run, i) => ({ sources: run, home: place(run, i) }));
  }

  private remember(id: string, merged: Merged): Merged {
    this.merges.delete(id);
    if (merged.left.length > 0) {
      return merged; // More of it may be read the next time.
    }
    this.merges.set(id, merged);
    merged.home.held.add(merged.key);
    if (this.merges.size > maxMerges) {
      const [oldest, { key, home }] = this.merges.entries().next().value as [string, Merged];
      this.merges.delete(oldest);
      home.held.delete(key);
    }
    return merged;
  }

  /**
   * All sources in one question; undefined where they do not fit the worker's cache at once. A merge is not asked so: it is
   * shown as far as it is.
   * @throws as `viewInTurn`
   */
  private async viewTogether(
    query: CollectedQuery,
    sources: readonly Source[],
    opening: Opening,
    home: Transport
  ): Promise<Viewed | undefined> {
    const { signal, onProgress } = opening;
    let done = 0;
    const held = await Promise.allSettled(
      sources.map((source) => this.holding.hold(source, opening, home).finally(() => onProgress?.(++done)))
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
    const response = await home.ask({ type: 'processView', sources: places, query }, signal);
    if (response.type !== 'missing') {
      return { tables: expectType(response, 'tables').tables, failed };
    }
    response.keys.forEach((key) => home.held.delete(key));
    return undefined;
  }

  /** Gives the worker one source after the other, of which it keeps what the view needs. @throws Error where none can be read */
  private async viewInTurn(
    query: CollectedQuery,
    sources: readonly Source[],
    opening: Opening,
    home: Transport
  ): Promise<Viewed> {
    const collected = new Collecting(home, this.holding, sources, opening);
    try {
      await collected.addAll({ type: 'beginProcessView', query }, async () => opening.onProgress?.(collected.done));
      if (collected.read === 0) {
        throw collected.reason;
      }
      const response = await collected.ask({ type: 'finishProcessView' });
      return { tables: expectType(response, 'tables').tables, failed: collected.failed };
    } finally {
      collected.drop();
    }
  }
}

/** Captures that follow each other, and the worker that merges them. */
interface Run {
  readonly home: Transport;
  readonly sources: readonly Source[];
}

/** Of a merge that several may wait for. */
type SharedOpening = MergeOpening & {
  /** Whether anybody waits for what is merged so far. */
  readonly isMergedAsked: () => boolean;
};

/** `end`: when no further capture is taken, as performance.now says. */
type TimedOpening = SharedOpening & { readonly end: number };

/** Tells now and then what several workers have merged so far. */
class SoFar {
  private next = performance.now() + partialInterval;
  private telling: Promise<void> | undefined;

  constructor(
    private readonly key: string,
    private readonly runs: readonly Collecting[],
    private readonly opening: TimedOpening
  ) {}

  /** One more capture is in. */
  async added(): Promise<void> {
    const { runs, opening } = this;
    const done = runs.reduce((sum, run) => sum + run.done, 0);
    opening.onProgress?.(done);
    const isLast = runs.every((run) => run.isDone);
    const read = runs.some((run) => run.read > 0);
    if (isLast || !read || this.telling || performance.now() < this.next || !opening.isMergedAsked()) {
      return;
    }
    const begun = performance.now();
    this.telling = this.tell()
      .catch(() => undefined) // What is wrong is said of the whole.
      .then(() => {
        const now = performance.now();
        this.next = now + Math.max(partialInterval, partialShare * (now - begun));
        this.telling = undefined;
      });
  }

  /** Fulfilled when nothing is told any more. */
  async finish(): Promise<void> {
    this.next = Infinity;
    await this.telling;
  }

  private async tell(): Promise<void> {
    const { key, runs, opening } = this;
    const [first, ...others] = runs;
    const read = others.filter((run) => run.read > 0);
    const parts = await Promise.all(
      read.map(async (run) => expectType(await run.ask({ type: 'finishPart' }), 'part').part)
    );
    const response = await first.ask({ type: 'finishMerge', key, parts });
    if (response.type === 'merged') {
      const failed = runs.reduce((sum, run) => sum + run.failed.length, 0);
      await opening.onMerged?.(key, response.count + failed, first.transport);
    }
  }
}

const idOf = (sources: readonly Source[]): string => sources.map(({ key }) => key).join('\n');

/** About as many bytes each, in the order given. */
export function inRuns(sources: readonly Source[], count: number): ReadonlyArray<readonly Source[]> {
  const runs: Source[][] = Array.from({ length: count }, () => []);
  const sizeOf = ({ size }: Source) => (size ?? 0) + 1;
  const all = sources.reduce((sum, source) => sum + sizeOf(source), 0);
  let before = 0;
  for (const source of sources) {
    const middle = before + sizeOf(source) / 2;
    runs[Math.min(count - 1, Math.floor((middle / all) * count))].push(source);
    before += sizeOf(source);
  }
  return runs.filter((run) => run.length > 0);
}
