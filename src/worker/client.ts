import { BlobWorker as Worker } from './BlobWorker';
import { SharedTasks } from '../tasks/shared';
import type { ProcessQuery, RunQuery } from '../query/query';
import type { KeyFacts, ProfileFacts } from '../query/run';
import type { Table } from '../views/table';
import type { MemoryMeta } from '../captures/meta';
import type { InputKeys, Progress, Question, Request, Response } from './messages';

/** What answers requests: a worker, or the same handler on this thread. */
interface Backend {
  post(request: Request, transfer: Transferable[]): void;
}

/**
 * Reads an object's bytes; the client asks for those the worker does not hold. The signal is of all queries that wait for
 * them.
 */
export type Load = (key: string, signal: AbortSignal) => Promise<ArrayBuffer>;

/** One profile in the bucket. */
export interface Source {
  /** Name in the worker's cache. */
  readonly key: string;
  /** What messages call it. */
  readonly name: string;
  /** Unix ms of the capture. */
  readonly time: number;
  /** Bytes of the object, undefined where they are not known. */
  readonly size?: number;
  /** The key does not say which state of the object it is: each query reads it anew, those of the same moment together. */
  readonly isUnknown?: boolean;
}

/** Captures that a query is answered from; several of a kind are merged. */
export interface InputSources extends KeyFacts {
  readonly profile: readonly Source[];
  readonly base?: readonly Source[];
  readonly labelled?: readonly Source[];
}

/** How the objects of a question are read, and who hears how far that is. */
export interface Opening {
  readonly load: Load;
  readonly signal: AbortSignal;
  /** How many of the sources are done, failed ones included. */
  readonly onProgress?: (done: number) => void;
  /** Gets what a query answers over the captures that are merged so far, now and then. */
  readonly onPartial?: (tables: readonly Table[], done: number) => void;
  /** Told while a large object is decoded: bytes read, and bytes in all. */
  readonly onDecode?: (key: string, done: number, total: number) => void;
}

/** A profile that the worker holds, of one source or of several merged. */
export interface Opened {
  readonly key: string;
  readonly failed: readonly Failure[];
}

/** A source that could not be read, of several. */
export interface Failure {
  /** The source's. */
  readonly name: string;
  readonly message: string;
}

/** Told while a large object is decoded: bytes read, bytes in all. */
type OnProgress = (done: number, total: number) => void;

/** Who waits until the worker holds a profile. */
interface LoadListener {
  readonly onProgress?: OnProgress;
  /** Told when its bytes are on their way to the worker, which answers what is asked after them when they are decoded. */
  readonly onSent?: () => void;
}

/** A profile that questions can be asked about, though it may yet turn out that it cannot be read. */
interface Begun {
  readonly key: string;
  readonly opened: Promise<Opened>;
}

/** Who waits for a merge. */
interface MergeListener {
  readonly onProgress?: (done: number) => void;
  /** Told that the worker has a merge of the first captures under this key. */
  readonly onMerged?: (key: string, done: number) => Promise<void>;
}

type MergeOpening = Opening & MergeListener;

interface Job {
  readonly request: Request;
  readonly transfer: Transferable[];
  readonly onProgress?: OnProgress;
  readonly resolve: (response: Response) => void;
  readonly reject: (reason: unknown) => void;
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

/** The worker's answer to a question is an error; its message does not say of which source. */
class AnswerError extends Error {}

const named = (name: string, reason: unknown): unknown =>
  reason instanceof AnswerError ? new Error(`${name}: ${reason.message}`) : reason;

const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));

/** The worker stopped while it held the bytes of an object: they have to be read again. */
class BytesLost extends Error {}

/**
 * Requests posted at once. The worker is one thread, so more gain nothing; those that wait here instead of in the
 * worker's own queue can still be cancelled. Several, so that one is inflated by the platform while another is decoded, and
 * the worker has what to do while this thread draws.
 */
const maxPosted = 4;

/**
 * The main thread's side of the worker. It alone knows how a worker starts; where none can (a proxy that forbids blob:
 * URLs, a sandbox), the same code answers on this thread.
 */
export class WorkerClient {
  private backend: Backend | undefined;
  private nextId = 1;
  private readonly waiting: Job[] = [];
  private readonly posted = new Map<number, Job>();
  /** Keys the worker was given. Its cache may have dropped some since: it then answers `missing`. */
  private readonly held = new Set<string>();
  /** Panels of a dashboard open the same captures at the same time: each is read and decoded once for all of them. */
  private readonly loads = new SharedTasks<void, LoadListener>();
  /** Keys whose bytes the worker has been sent, and has not decoded yet. */
  private readonly sent = new Set<string>();
  private readonly merging = new SharedTasks<Opened, MergeListener>();
  /** Short names of merges, and what could not be read of each. */
  private readonly merges = new Map<string, Opened>();

  constructor(private readonly createWorker: (() => globalThis.Worker) | undefined = startWorker) {}

  /** Starts the worker before anything is asked, so that its script loads while the first captures are listed. */
  start(): void {
    this.backend ??= this.startWorker();
  }

  /**
   * Puts a profile into the worker: one source's, or several merged in the order given.
   * @throws Error with the store's or the decoder's message where nothing can be read
   */
  async open(sources: readonly Source[], opening: MergeOpening): Promise<Opened> {
    if (sources.length === 1) {
      return (await this.begin(sources, opening)).opened;
    }
    const id = sources.map(({ key }) => key).join('\n');
    const known = this.merges.get(id);
    if (known && this.held.has(known.key) && !sources.some(({ isUnknown }) => isUnknown)) {
      return known;
    }
    const { signal, load, onProgress, onMerged } = opening;
    return this.merging.run(
      id,
      signal,
      (shared, tell) => {
        const all: MergeOpening = {
          load,
          signal: shared,
          onProgress: (done) => tell((listener) => listener.onProgress?.(done)),
          async onMerged(key, done) {
            const told: Array<Promise<void> | undefined> = [];
            tell((listener) => told.push(listener.onMerged?.(key, done)));
            // One of them may be cancelled meanwhile, which is no matter of the merge's.
            await Promise.allSettled(told);
          },
        };
        return this.merge(id, sources, all);
      },
      { onProgress, onMerged }
    );
  }

  /** Tables of a query. @throws Error with the core's message */
  async run(
    query: RunQuery,
    { profile, base, labelled, ...ofKeys }: InputSources,
    opening: Opening
  ): Promise<{ tables: readonly Table[]; failed: readonly Failure[] }> {
    const { onPartial, signal } = opening;
    // A difference from some of its captures would say something else than the whole.
    const onMerged =
      onPartial && !base && !labelled
        ? async (key: string, done: number) => {
            const partial = await this.ask({ type: 'run', keys: { profile: key }, ofKeys, query }, signal);
            if (partial.type === 'tables') {
              onPartial(partial.tables, done);
            }
          }
        : undefined;
    const [response, failed] = await this.ofOpened({ profile, base, labelled }, { ...opening, onMerged }, (keys) => ({
      type: 'run',
      keys,
      ofKeys,
      query,
    }));
    return { tables: response.type === 'tables' ? response.tables : unexpected(response), failed };
  }

  /** What a query shows, as the bytes of a .pb.gz. @throws Error with the core's message */
  async encode(
    query: RunQuery,
    sources: InputSources,
    opening: Opening
  ): Promise<{ bytes: ArrayBuffer; failed: readonly Failure[] }> {
    const [response, failed] = await this.ofOpened(sources, opening, (keys) => ({ type: 'encode', keys, query }));
    return { bytes: response.type === 'file' ? response.bytes : unexpected(response), failed };
  }

  /** Sample types and label values of one object. @throws Error with the core's message */
  async facts(source: Source, opening: Opening): Promise<ProfileFacts> {
    const [response] = await this.ofOpened({ profile: [source] }, opening, (keys) => ({ type: 'facts', keys }));
    return response.type === 'facts' ? response.facts : unexpected(response);
  }

  /** How much of a process's memory a heap profile explains. @throws Error with the core's message */
  async memory(meta: MemoryMeta, heap: Source, opening: Opening): Promise<readonly Table[]> {
    const [response] = await this.ofOpened({ profile: [heap] }, opening, (keys) => ({ type: 'memory', keys, meta }));
    return response.type === 'tables' ? response.tables : unexpected(response);
  }

  /** A view over captures of one process, given in the order of time. @throws Error where none can be read */
  async processView(
    query: ProcessQuery,
    sources: readonly Source[],
    opening: Opening
  ): Promise<{ tables: readonly Table[]; failed: readonly Failure[] }> {
    const { response, failed } = await this.collect(sources, opening, '', query);
    return { tables: response.type === 'tables' ? response.tables : unexpected(response), failed };
  }

  /** Puts the profile of one source into the worker, where it is not there. */
  private async hold(
    { key, isUnknown }: Source,
    { load, signal, onDecode }: Opening,
    onSent?: () => void
  ): Promise<void> {
    if (this.held.has(key) && !isUnknown) {
      return;
    }
    if (this.sent.has(key)) {
      onSent?.();
    }
    const read = (shared: AbortSignal, tell: (told: (listener: LoadListener) => void) => void) =>
      againIfLost(async () => {
        const bytes = await load(key, shared);
        const onProgress: OnProgress = (done, total) => tell((listener) => listener.onProgress?.(done, total));
        const answer = this.ask({ type: 'load', key, bytes }, shared, [bytes], onProgress);
        this.sent.add(key);
        tell((listener) => listener.onSent?.());
        await answer.finally(() => this.sent.delete(key));
      });
    const onProgress: OnProgress = (done, total) => onDecode?.(key, done, total);
    await this.loads.run(key, signal, read, { onProgress, onSent });
  }

  /** As `open`, but fulfilled as soon as the profile can be asked about. @throws Error with the store's message */
  private async begin(sources: readonly Source[], opening: MergeOpening): Promise<Begun> {
    if (sources.length > 1) {
      const opened = await this.open(sources, opening);
      return { key: opened.key, opened: Promise.resolve(opened) };
    }
    const [{ key, name }] = sources;
    let onSent = () => {};
    const sent = new Promise<void>((resolve) => (onSent = resolve));
    const opened = this.hold(sources[0], opening, onSent).then(
      (): Opened => ({ key, failed: [] }),
      (reason: unknown) => {
        throw named(name, reason);
      }
    );
    opened.catch(() => undefined); // Who waits for it is told.
    await Promise.race([sent, opened]);
    return { key, opened };
  }

  private async merge(id: string, sources: readonly Source[], opening: MergeOpening): Promise<Opened> {
    const key = this.merges.get(id)?.key ?? `merge ${this.nextId++}`;
    const { failed } = await this.collect(sources, opening, key);
    const opened = { key, failed };
    this.merges.delete(id);
    this.merges.set(id, opened);
    this.held.add(key);
    if (this.merges.size > maxMerges) {
      const [oldest, { key: dropped }] = this.merges.entries().next().value as [string, Opened];
      this.merges.delete(oldest);
      this.held.delete(dropped);
    }
    return opened;
  }

  /** What becomes of several sources. @throws Error where none can be read */
  private async collect(
    sources: readonly Source[],
    opening: MergeOpening,
    key: string,
    view?: ProcessQuery
  ): Promise<{ response: Response; failed: readonly Failure[] }> {
    // A merge goes one by one: it is shown as far as it is.
    const together = view && isFew(sources) && (await this.collectTogether(sources, opening, view));
    return together || this.collectEach(sources, opening, key, view);
  }

  /** All sources in one question; undefined where they do not fit the worker's cache at once. @throws as `collect` */
  private async collectTogether(
    sources: readonly Source[],
    opening: MergeOpening,
    processView: ProcessQuery
  ): Promise<{ response: Response; failed: readonly Failure[] } | undefined> {
    const { signal, onProgress } = opening;
    let done = 0;
    const held = await Promise.allSettled(
      sources.map((source) => this.hold(source, opening).finally(() => onProgress?.(++done)))
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
    const places = sources.filter((_, i) => held[i].status === 'fulfilled').map(({ key, time }) => ({ key, time }));
    const response = await this.ask({ type: 'collect', sources: places, processView }, signal);
    if (response.type !== 'missing') {
      return { response, failed };
    }
    response.keys.forEach((missing) => this.held.delete(missing));
    return undefined;
  }

  /** Gives the worker one source after the other, of which it keeps what the collection needs. */
  private collectEach(
    sources: readonly Source[],
    opening: MergeOpening,
    key: string,
    view?: ProcessQuery
  ): Promise<{ response: Response; failed: readonly Failure[] }> {
    return againIfLost(async () => {
      const { signal, onProgress, onMerged } = opening;
      const collection = this.nextId++;
      await this.ask({ type: 'begin', collection, processView: view }, signal);
      // Another one than the collection began on knows nothing of it.
      const { backend } = this;
      const throwIfLost = () => {
        if (this.backend !== backend) {
          throw new BytesLost('The decoding worker stopped.');
        }
      };
      try {
        const failed: Failure[] = [];
        let done = 0;
        let ahead = maxAhead;
        let last = performance.now();
        for await (const { source, error } of this.inOrder(sources, opening, () => ahead)) {
          try {
            if (error !== undefined) {
              throw error;
            }
            // One at a time: what the worker has dropped has to be read again, which nothing must overtake.
            if (!(await this.add(collection, source, opening))) {
              ahead = 0;
            }
          } catch (reason) {
            signal.throwIfAborted();
            throwIfLost();
            const { name } = source;
            failed.push({ name, message: messageOf(reason) });
            if (failed.length === sources.length) {
              throw named(name, reason);
            }
          }
          done++;
          onProgress?.(done);
          if (onMerged && done < sources.length && performance.now() - last > partialInterval) {
            if (failed.length < done) {
              await this.ask({ type: 'finish', collection, key: `${key} so far` }, signal);
              await onMerged(`${key} so far`, done);
            }
            last = performance.now();
          }
        }
        return { response: await this.ask({ type: 'finish', collection, key }, signal), failed };
      } catch (reason) {
        signal.throwIfAborted();
        throwIfLost();
        throw reason;
      } finally {
        // Also after a cancelled query, whose signal would keep this from being asked.
        void this.ask({ type: 'drop', collection }, new AbortController().signal).catch(() => undefined);
      }
    });
  }

  /** @returns whether the worker held the profile still: what is read ahead may be more than its cache takes */
  private async add(collection: number, { key, time }: Source, { load, signal }: Opening): Promise<boolean> {
    const response = await this.ask({ type: 'add', collection, key, time }, signal);
    if (response.type !== 'missing') {
      return true;
    }
    this.held.delete(key);
    const bytes = await load(key, signal);
    await this.ask({ type: 'add', collection, key, time, bytes }, signal, [bytes]);
    return false;
  }

  /** The sources in their order, each when the worker holds it, so many of them read ahead. */
  private async *inOrder(sources: readonly Source[], opening: Opening, ahead: () => number) {
    const read = async (source: Source): Promise<{ source: Source; error?: unknown }> => {
      try {
        await this.hold(source, opening);
        return { source };
      } catch (error) {
        return { source, error };
      }
    };
    const reads: Array<ReturnType<typeof read>> = [];
    for (const source of sources) {
      reads.push(read(source));
      while (reads.length > ahead()) {
        yield await (reads.shift() as ReturnType<typeof read>);
      }
    }
    for (const rest of reads) {
      yield await rest;
    }
  }

  /** Opens profiles and asks about them; where the cache dropped one meanwhile, once more. */
  private async ofOpened(
    { profile, base, labelled }: InputSources,
    opening: MergeOpening,
    question: (keys: InputKeys) => Question
  ): Promise<[Response, readonly Failure[]]> {
    for (let attempt = 0; ; attempt++) {
      const begun = await Promise.all(
        [profile, base, labelled].map((sources) => sources && this.begin(sources, opening))
      );
      const [first, second, third] = begun;
      const keys = { profile: (first as Begun).key, base: second?.key, labelled: third?.key };
      const answer = this.ask(question(keys), opening.signal);
      answer.catch(() => undefined); // What could not be read says more.
      const opened = (await Promise.all(begun.map((one) => one?.opened))).filter((one) => one !== undefined);
      const response = await answer;
      if (response.type !== 'missing') {
        return [response, opened.flatMap(({ failed }) => failed)];
      }
      response.keys.forEach((key) => this.held.delete(key));
      if (attempt === 1) {
        throw new Error(
          `The ${opened.length} profiles of this query do not fit the worker's cache at once (${response.keys.length} fell out).`
        );
      }
    }
  }

  /** The answer; rejects at once when the signal aborts, and with the worker's message when that is an error. */
  private ask(
    question: Question,
    signal: AbortSignal,
    transfer: Transferable[] = [],
    onProgress?: OnProgress
  ): Promise<Response> {
    return new Promise<Response>((resolve, reject) => {
      signal.throwIfAborted();
      const stop = () => {
        const at = this.waiting.indexOf(job);
        if (at >= 0) {
          this.waiting.splice(at, 1);
        }
        reject(signal.reason);
      };
      signal.addEventListener('abort', stop, { once: true });
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T) => {
          signal.removeEventListener('abort', stop);
          then(value);
        };
      const request = { ...question, id: this.nextId++ } as Request;
      const job: Job = { request, transfer, onProgress, resolve: settle(resolve), reject: settle(reject) };
      this.waiting.push(job);
      this.post();
    });
  }

  private post(): void {
    while (this.posted.size < maxPosted && this.waiting.length > 0) {
      const job = this.waiting.shift() as Job;
      this.backend ??= this.startWorker() ?? this.onThisThread();
      this.posted.set(job.request.id, job);
      this.backend.post(job.request, job.transfer);
    }
  }

  private answer(response: Response | Progress): void {
    const job = this.posted.get(response.id);
    if (response.type === 'progress') {
      job?.onProgress?.(response.done, response.total);
      return;
    }
    this.posted.delete(response.id);
    // Also where nobody waits any more.
    if (response.type === 'done' && job && (job.request.type === 'load' || job.request.type === 'add')) {
      this.held.add(job.request.key);
    }
    if (response.type === 'error') {
      job?.reject(new AnswerError(response.message));
    } else {
      job?.resolve(response);
    }
    this.post();
  }

  private startWorker(): Backend | undefined {
    try {
      const worker = this.createWorker?.();
      if (!worker) {
        return undefined;
      }
      worker.onmessage = ({ data }: MessageEvent<Response | Progress>) => this.answer(data);
      // A script that a page's rules forbid ends here too, not in the constructor.
      worker.onerror = () => {
        worker.onmessage = null;
        worker.onerror = null;
        worker.terminate();
        this.moveToThisThread();
      };
      return { post: (request, transfer) => worker.postMessage(request, transfer) };
    } catch {
      return undefined;
    }
  }

  /** What was asked is answered here, except where bytes went to the worker and are gone. */
  private moveToThisThread(): void {
    const backend = this.onThisThread();
    this.backend = backend;
    this.held.clear();
    for (const [id, { request, reject }] of [...this.posted]) {
      if (request.type === 'load' || request.type === 'add') {
        this.posted.delete(id);
        reject(new BytesLost('The decoding worker stopped.'));
      } else {
        backend.post(request, []);
      }
    }
    this.post();
  }

  private onThisThread(): Backend {
    // The core is in the worker's script; here it is a chunk of its own, which is loaded only where no worker starts.
    const handler = import(/* webpackChunkName: "core" */ './handler').then(({ createHandler }) => createHandler());
    const tell = (progress: Progress) => this.answer(progress);
    const answer = async (request: Request): Promise<Response> => {
      try {
        const handle = await handler;
        return await handle(request, tell);
      } catch (error) {
        return {
          type: 'error',
          id: request.id,
          message: `The decoder could not be loaded: ${String(error)}`,
          input: false,
        };
      }
    };
    return { post: (request) => void answer(request).then((response) => this.answer(response)) };
  }
}

/** Bytes that went to a worker that stopped are read once more, for the backend that is there now. */
async function againIfLost<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BytesLost)) {
      throw error;
    }
    return work();
  }
}

function unexpected(response: Response): never {
  throw new Error(`The worker answered "${response.type}" out of turn.`);
}

function startWorker(): globalThis.Worker {
  return new Worker(new URL(/* webpackChunkName: "worker" */ './worker.ts', import.meta.url));
}
