import type { MemoryMeta } from '../captures/meta';
import { parseQuery, type MemoryQuery, type CollectedQuery, type RunQuery, type TraceQuery } from '../query/query';
import type { LabelValues, Origin } from '../query/run';
import type { TraceMoment } from '../query/runTrace';
import type { MemberProfile } from '../decode/unpack/choose';
import type { Table } from '../views/table';
import { Collections, type MergeOpening, type Opened } from './collections';
import { Holding, named, type Failure, type Opening, type Source } from './holding';
import type { InputKeys, Question, Response } from './messages';
import { idle } from './idle';
import { againIfLost, expectType, type Transport } from './transport';
import { Workers } from './workers';

/** Captures that a query is answered from; several of a kind are merged. */
export interface InputSources extends Origin {
  readonly profile: readonly Source[];
  readonly base?: readonly Source[];
  readonly labelled?: readonly Source[];
}

/** A profile that questions can be asked about, though it may yet turn out that it cannot be read. */
interface Begun {
  readonly key: string;
  readonly opened: Promise<Opened>;
}

/** The main thread's side of the worker: puts captures into it, and asks about them. */
export class WorkerClient {
  private readonly workers: Workers;
  private readonly holding: Holding;
  private readonly collections: Collections;

  /**
   * @param count of workers that there may be
   * @param maxBytes that they hold together
   */
  constructor(createWorker?: () => globalThis.Worker, count?: number, maxBytes?: number) {
    this.workers = new Workers(createWorker, count, maxBytes);
    this.holding = new Holding(this.workers);
    this.collections = new Collections(this.workers, this.holding);
  }

  /** How many workers there may be from now on; those that run go on. */
  setCount(count: number): void {
    this.workers.count = count;
  }

  /** Starts a worker before anything is asked, so that its script is loaded, and its code compiled while this thread has nothing to do. */
  start(): void {
    const { first } = this.workers;
    if (first.start()) {
      void warmUp(first);
    }
  }

  /**
   * Puts a profile into the worker: one source's, or several merged in the order given.
   * @throws Error with the store's or the decoder's message where nothing can be read
   */
  async open(sources: readonly Source[], opening: MergeOpening): Promise<Opened> {
    return (await this.begin(sources, opening, this.homeOf({ profile: sources }))).opened;
  }

  /** Tables of a query. @throws Error with the core's message */
  async run(
    query: RunQuery,
    { profile, base, labelled, ...origin }: InputSources,
    opening: Opening
  ): Promise<{ tables: readonly Table[]; failed: readonly Failure[]; left: readonly string[] }> {
    const { onPartial, signal } = opening;
    // A difference from some of its captures would say something else than the whole.
    const onMerged =
      onPartial && !base && !labelled
        ? async (key: string, done: number, home: Transport) => {
            const partial = await home.ask({ type: 'run', keys: { profile: key }, origin, query }, signal);
            if (partial.type === 'tables') {
              onPartial(partial.tables, done);
            }
          }
        : undefined;
    const [response, failed, left] = await this.ofOpened(
      { profile, base, labelled },
      { ...opening, onMerged },
      (keys) => ({
        type: 'run',
        keys,
        origin,
        query,
      })
    );
    return { tables: expectType(response, 'tables').tables, failed, left };
  }

  /** Flat values of these functions in one capture. @throws Error with the core's message */
  async flatValues(query: RunQuery, names: readonly string[], source: Source, opening: Opening): Promise<Float64Array> {
    const whole = { ...query, nodeCount: 0, trim: false };
    const [response] = await this.ofOpened({ profile: [source] }, opening, (keys) => ({
      type: 'flatValues',
      keys,
      query: whole,
      names,
    }));
    return expectType(response, 'values').values;
  }

  /** What a query shows, as the bytes of a .pb.gz. @throws Error with the core's message */
  async encode(
    query: RunQuery,
    { profile, base, labelled, ...origin }: InputSources,
    opening: Opening
  ): Promise<{ bytes: ArrayBuffer; failed: readonly Failure[] }> {
    const [response, failed] = await this.ofOpened({ profile, base, labelled }, opening, (keys) => ({
      type: 'encode',
      keys,
      origin,
      query,
    }));
    return { bytes: expectType(response, 'file').bytes, failed };
  }

  /** Sample types and label values of one object. @throws Error with the core's message */
  async labelValues(source: Source, opening: Opening): Promise<LabelValues> {
    const [response] = await this.ofOpened({ profile: [source] }, opening, (keys) => ({ type: 'labelValues', keys }));
    return expectType(response, 'labelValues').values;
  }

  /** The profiles in an archive, by the names of its members. @throws Error with the core's message */
  async listMembers(bytes: ArrayBuffer, signal: AbortSignal): Promise<readonly MemberProfile[]> {
    return expectType(await this.workers.free().ask({ type: 'listMembers', bytes }, signal), 'members').members;
  }

  /** How much of a process's memory a heap profile explains. @throws Error with the core's message */
  async memory(
    query: MemoryQuery,
    meta: MemoryMeta | undefined,
    heap: Source,
    opening: Opening
  ): Promise<readonly Table[]> {
    const [response] = await this.ofOpened({ profile: [heap] }, opening, (keys) => ({
      type: 'memory',
      keys,
      query,
      meta,
    }));
    return expectType(response, 'tables').tables;
  }

  /** What an execution trace says, within a range. @throws Error with the core's message */
  async trace(query: TraceQuery, moment: TraceMoment, source: Source, opening: Opening): Promise<readonly Table[]> {
    const [response] = await this.ofOpened({ profile: [source] }, opening, (keys) => ({
      type: 'trace',
      keys,
      query,
      moment,
    }));
    return expectType(response, 'tables').tables;
  }

  /** A view over captures, of one process in the order of time. @throws Error where none can be read */
  processView(
    query: CollectedQuery,
    sources: readonly Source[],
    opening: Opening
  ): Promise<{ tables: readonly Table[]; failed: readonly Failure[] }> {
    return this.collections.processView(query, sources, opening);
  }

  /** The worker that is asked: one has all that a question is about. */
  private homeOf({ profile, base, labelled }: InputSources): Transport {
    const all = [profile, base, labelled].filter((sources) => sources !== undefined);
    const merges = all.filter(({ length }) => length > 1);
    return (
      merges.map((sources) => this.collections.placeOf(sources)).find((place) => place !== undefined) ??
      this.holding.homeOf(all.flat().map(({ key }) => key))
    );
  }

  /** As `open`, but fulfilled as soon as the profile can be asked about. @throws Error with the store's message */
  private async begin(
    sources: readonly Source[],
    opening: MergeOpening,
    home: Transport,
    isBase = false
  ): Promise<Begun> {
    if (sources.length > 1) {
      const opened = await this.collections.merge(sources, opening, home);
      return { key: opened.key, opened: Promise.resolve(opened) };
    }
    const [{ key, name }] = sources;
    let onSent = () => {};
    const sent = new Promise<void>((resolve) => (onSent = resolve));
    const opened = this.holding.hold(sources[0], opening, home, onSent).then(
      (): Opened => ({ key, failed: [], left: [] }),
      (reason: unknown) => {
        throw named(isBase ? `The base cannot be read: ${name}` : name, reason);
      }
    );
    opened.catch(() => undefined); // Who waits for it is told.
    await Promise.race([sent, opened]);
    return { key, opened };
  }

  /** Opens profiles and asks about them; where the cache dropped one meanwhile, once more. */
  private async ofOpened(
    sources: InputSources,
    opening: MergeOpening,
    question: (keys: InputKeys) => Question
  ): Promise<[Response, readonly Failure[], readonly string[]]> {
    const home = this.homeOf(sources);
    home.coming++;
    try {
      return await this.askUntilHeld(sources, opening, home, question);
    } finally {
      home.coming--;
    }
  }

  private async askUntilHeld(
    sources: InputSources,
    opening: MergeOpening,
    home: Transport,
    question: (keys: InputKeys) => Question
  ): Promise<[Response, readonly Failure[], readonly string[]]> {
    let again = 0;
    for (;;) {
      const { generation } = home;
      const [response, opened] = await againIfLost(() => this.askOpened(sources, opening, home, question));
      if (response.type !== 'missing') {
        return [response, opened.flatMap(({ failed }) => failed), opened.flatMap(({ left }) => left)];
      }
      response.keys.forEach((key) => home.held.delete(key));
      this.workers.makeRoom(home);
      // Another worker holds nothing, which says nothing of its cache.
      if (generation === home.generation && again++ === 1) {
        throw new Error(
          `The ${opened.length} profiles of this query do not fit the worker's cache at once (${response.keys.length} fell out).`
        );
      }
    }
  }

  private async askOpened(
    { profile, base, labelled }: InputSources,
    opening: MergeOpening,
    home: Transport,
    question: (keys: InputKeys) => Question
  ): Promise<[Response, readonly Opened[]]> {
    const begun = await Promise.all(
      [profile, base, labelled].map((sources, i) => sources && this.begin(sources, opening, home, i === 1))
    );
    const [first, second, third] = begun;
    const keys = { profile: (first as Begun).key, base: second?.key, labelled: third?.key };
    const answer = home.ask(question(keys), opening.signal);
    answer.catch(() => undefined); // What could not be read says more.
    const opened = (await Promise.all(begun.map((one) => one?.opened))).filter((one) => one !== undefined);
    return [await answer, opened];
  }
}

/** By then a step takes some 2 ms instead of 20 to 50, and takes no less later. */
const warmUpSteps = 60;

/**
 * Until something is asked. The first step loads the code, each other one is begun when this thread is idle: where there are few
 * processors, a worker that is busy delays the page.
 */
async function warmUp(worker: Transport): Promise<void> {
  // A drawing that has room for all nodes, and one that has not.
  const queries = [{}, { maxNodes: 300 }].map((fields) => parseQuery({ view: 'flame', ...fields }) as RunQuery);
  for (let step = 0; step < warmUpSteps && !worker.isAsked && !worker.isOnThisThread; step++) {
    try {
      await worker.send({ type: 'warmUp', isHeap: step % 2 === 0, query: queries[(step >> 1) % 2] }).answer;
    } catch {
      return; // What is wrong there, the first question says.
    }
    await idle();
  }
}
