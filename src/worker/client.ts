import { BlobWorker as Worker } from './BlobWorker';
import type { Query } from '../query/query';
import type { ProfileFacts } from '../query/run';
import type { Table } from '../views/table';
import { createHandler } from './handler';
import type { Progress, Request, Response } from './messages';

/** What answers requests: a worker, or the same handler on this thread. */
interface Backend {
  post(request: Request, transfer: Transferable[]): void;
}

/** Reads an object's bytes; the client asks for those the worker does not hold. */
export type Load = (key: string) => Promise<ArrayBuffer>;

/** Told while a large object is decoded: bytes read, bytes in all. */
export type OnProgress = (done: number, total: number) => void;

/** The request without its id; distributes over the union. */
type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

interface Job {
  readonly request: Request;
  readonly transfer: Transferable[];
  readonly onProgress?: OnProgress;
  readonly resolve: (response: Response) => void;
  readonly reject: (reason: unknown) => void;
}

/** The worker stopped while it held the bytes of an object: they have to be read again. */
class BytesLost extends Error {}

/**
 * Requests posted at once. The worker is one thread, so more gain nothing; those that wait here instead of in the
 * worker's own queue can still be cancelled. Two, so that one is inflated by the platform while another is decoded.
 */
const maxPosted = 2;

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
  /** Loads under way: panels of a dashboard often open the same captures at the same time. */
  private readonly loading = new Map<string, Promise<void>>();

  constructor(private readonly createWorker: (() => globalThis.Worker) | undefined = startWorker) {}

  /** Tables of a query over the objects of these keys. @throws Error with the core's message */
  async run(keys: readonly string[], query: Query, load: Load, signal: AbortSignal): Promise<readonly Table[]> {
    const response = await this.withProfiles({ type: 'run', keys, query }, load, signal);
    return response.type === 'tables' ? response.tables : unexpected(response);
  }

  /** Sample types and label values of the objects of these keys. @throws Error with the core's message */
  async facts(keys: readonly string[], load: Load, signal: AbortSignal): Promise<ProfileFacts> {
    const response = await this.withProfiles({ type: 'labels', keys }, load, signal);
    return response.type === 'facts' ? response.facts : unexpected(response);
  }

  /** Decodes one object unless the worker was given it. @throws Error with the decoder's message */
  async load(key: string, load: Load, signal: AbortSignal, onProgress?: OnProgress): Promise<void> {
    for (let other = this.loading.get(key); other && !this.held.has(key); other = this.loading.get(key)) {
      // Another query's load may fail only because that query was cancelled, so its failure is not ours.
      await other.catch(() => undefined);
      signal.throwIfAborted();
    }
    if (this.held.has(key)) {
      return;
    }
    const own = this.loadNow(key, load, signal, onProgress).finally(() => this.loading.delete(key));
    this.loading.set(key, own);
    await own;
  }

  private async loadNow(key: string, load: Load, signal: AbortSignal, onProgress?: OnProgress): Promise<void> {
    const bytes = await load(key);
    try {
      await this.ask({ type: 'load', key, bytes }, signal, [bytes], onProgress);
    } catch (error) {
      if (!(error instanceof BytesLost)) {
        throw error;
      }
      const again = await load(key);
      await this.ask({ type: 'load', key, bytes: again }, signal, [again], onProgress);
    }
    this.held.add(key);
  }

  /** Asks, loads what is missing, and asks again. */
  private async withProfiles(
    question: Extract<Question, { keys: readonly string[] }>,
    load: Load,
    signal: AbortSignal
  ): Promise<Response> {
    const response = await this.ask(question, signal);
    if (response.type !== 'missing') {
      return response;
    }
    response.keys.forEach((key) => this.held.delete(key));
    for (const key of response.keys) {
      await this.load(key, load, signal);
    }
    const second = await this.ask(question, signal);
    if (second.type === 'missing') {
      second.keys.forEach((key) => this.held.delete(key));
      throw new Error(
        `The ${question.keys.length} profiles of this query do not fit the worker's cache at once ` +
          `(${second.keys.length} fell out). Choose fewer captures.`
      );
    }
    return second;
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
    if (response.type === 'error') {
      job?.reject(new Error(response.message));
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
      if (request.type === 'load') {
        this.posted.delete(id);
        reject(new BytesLost('The decoding worker stopped.'));
      } else {
        backend.post(request, []);
      }
    }
    this.post();
  }

  private onThisThread(): Backend {
    const handle = createHandler();
    const answer = (response: Response | Progress) => this.answer(response);
    return { post: (request) => void handle(request, answer).then(answer) };
  }
}

function unexpected(response: Response): never {
  throw new Error(`The worker answered "${response.type}" out of turn.`);
}

function startWorker(): globalThis.Worker {
  return new Worker(new URL(/* webpackChunkName: "worker" */ './worker.ts', import.meta.url));
}
