import { BlobWorker as Worker } from './BlobWorker';
import { columnBuffers } from './columns';
import type { Progress, Question, Request, Response, Started } from './messages';

/** What answers questions: a worker, or the same handler on this thread. */
interface Backend {
  post(request: Request, transfer: Transferable[]): void;
  /** Ends it, whatever it is at. This thread cannot be ended: what it is at goes on to its next step. */
  stop?(): void;
}

/** Told while a large object is decoded: bytes read, bytes in all. */
export type OnDecoding = (done: number, total: number) => void;

/** A question on its way to its answer. */
export interface Job {
  readonly request: Request;
  readonly answer: Promise<Response>;
  readonly resolve: (response: Response) => void;
  readonly reject: (reason: unknown) => void;
  onProgress?: OnDecoding;
  /** How many wait for the answer. */
  waiters: number;
  isCancelled: boolean;
  /** When the worker is replaced that is still at it. */
  timer?: ReturnType<typeof setTimeout>;
}

/** The worker's answer to a question is an error; its message does not say of which source. */
export class AnswerError extends Error {
  constructor(
    message: string,
    /** There is nothing of what was asked for. */
    readonly isNothing?: boolean
  ) {
    super(message);
  }
}

/** The worker stopped before it answered, with all that it held: who asked begins again. */
class Lost extends Error {}

/**
 * Requests posted at once. The worker is one thread, so more gain nothing; those that wait here instead of in the
 * worker's own queue can still be taken back. Several, so that one is inflated by the platform while another is decoded, and
 * the worker has what to do while this thread draws.
 */
const maxPosted = 4;

/** So long, in ms, a worker may be at what nobody waits for: then it is replaced, with all that it holds. */
const maxUnwanted = 100;

/** So long, in ms, a worker is let be that took another's place: one that loses all it holds again and again answers nobody. */
const leastLife = 2000;

/**
 * So long, in ms, bytes on their way are not taken back: who leaves often comes again for the same capture, as a panel does
 * whose query is edited.
 */
const comesAgain = 50;

/**
 * The way to one worker: questions, answers, what is cancelled, and another worker in its place. It alone knows how a worker
 * starts; where none can (a proxy that forbids blob: URLs, a sandbox), the same code answers on this thread.
 */
export class Transport {
  /** Keys the worker was given. Its cache may have dropped some since: it then answers `missing`. */
  readonly held = new Set<string>();
  /** How many workers were lost: what one was told the next does not know. */
  generation = 0;
  /** Something was asked of it, or is. */
  isAsked = false;
  /** Captures on their way to it. */
  coming = 0;
  /** What it held when it last answered, in bytes: profiles, and the tables of merges. */
  bytes = 0;
  private limit: number | undefined;
  private backend: Backend | undefined;
  private replacedAt = -Infinity;
  private nextId = 1;
  private readonly waiting: Job[] = [];
  private readonly posted = new Map<number, Job>();
  /** Of those posted what the worker has begun, the last one last: that is what it is at. */
  private readonly begun = new Set<Job>();

  /** @param onHeld told when `bytes` may have changed */
  constructor(
    private readonly createWorker: () => globalThis.Worker = createBlobWorker,
    readonly id = 0,
    private readonly onHeld = () => {}
  ) {}

  /** How much it has to do that somebody waits for. */
  get load(): number {
    const wanted = [...this.waiting, ...this.posted.values()].filter(({ waiters }) => waiters > 0);
    return wanted.length + this.coming;
  }

  get isOnThisThread(): boolean {
    return this.backend !== undefined && !this.backend.stop;
  }

  /** How many bytes it may hold. A change that is small and lets it hold more is not worth a message. */
  setLimit(bytes: number): void {
    const isSame = this.limit !== undefined && bytes >= this.limit && bytes - this.limit < this.limit / 8;
    const isFar = bytes < (this.limit ?? Infinity) && this.bytes < bytes / 2;
    if (isSame || isFar) {
      return;
    }
    this.limit = bytes;
    this.bytes = Math.min(this.bytes, bytes);
    if (this.backend) {
      this.postTo({ type: 'limit', bytes, id: this.nextId++ });
    }
  }

  /** Starts the worker before anything is asked. @returns whether it was not there yet, and could be started */
  start(): boolean {
    if (this.backend) {
      return false;
    }
    this.backend = this.startWorker();
    return this.backend !== undefined;
  }

  /** The answer. @throws as `wait` does */
  async ask(question: Question, signal: AbortSignal): Promise<Response> {
    signal.throwIfAborted();
    return this.wait(this.send(question), signal);
  }

  /** Bytes that a question has move to the worker. */
  send(question: Question): Job {
    let resolve!: Job['resolve'];
    let reject!: Job['reject'];
    const answer = new Promise<Response>((...settle) => ([resolve, reject] = settle));
    const request: Request = { ...question, id: this.nextId++ };
    this.isAsked ||= question.type !== 'warmUp';
    answer.catch(() => undefined); // Who waits for it is told.
    const job: Job = { request, answer, resolve, reject, waiters: 0, isCancelled: false };
    this.waiting.push(job);
    this.post();
    return job;
  }

  /**
   * The answer, for one more who waits for it. A job that all have left is stopped.
   * @throws AnswerError with the worker's message, Lost where the worker stopped, the signal's reason as soon as it is aborted
   */
  wait(job: Job, signal: AbortSignal): Promise<Response> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      job.waiters++;
      const leave = () => {
        reject(signal.reason);
        if (--job.waiters === 0) {
          this.leave(job);
        }
      };
      signal.addEventListener('abort', leave);
      void job.answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  /** Whether one may wait for its answer still. */
  isUnderWay(job: Job): boolean {
    return !job.isCancelled && (this.waiting.includes(job) || this.posted.has(job.request.id));
  }

  /** @throws Lost where the worker of that generation is there no more */
  throwIfLost(generation: number): void {
    if (generation !== this.generation) {
      throw lost();
    }
  }

  private post(): void {
    while (this.posted.size < maxPosted && this.waiting.length > 0) {
      const job = this.waiting.shift() as Job;
      this.posted.set(job.request.id, job);
      this.postTo(job.request);
    }
  }

  private postTo(request: Request): void {
    if (!this.backend) {
      this.use(this.startWorker() ?? this.onThisThread());
    }
    this.backend?.post(request, buffersOf(request));
  }

  private use(backend: Backend): void {
    this.backend = backend;
    if (this.limit !== undefined) {
      backend.post({ type: 'limit', bytes: this.limit, id: this.nextId++ }, []);
    }
  }

  private answer(message: Response | Progress | Started): void {
    if ('held' in message && message.held !== undefined) {
      this.bytes = message.held;
      this.onHeld();
    }
    const job = this.posted.get(message.id);
    if (!job) {
      return;
    }
    if (message.type === 'progress') {
      job.onProgress?.(message.done, message.total);
      return;
    }
    this.begun.delete(job);
    if (message.type === 'started') {
      this.begun.add(job);
    } else {
      this.posted.delete(message.id);
      this.settle(job, message);
      this.post();
    }
    this.endUnwanted();
  }

  private settle({ request, resolve, reject }: Job, response: Response): void {
    // Also where nobody waits any more.
    if (response.type === 'done' && (request.type === 'load' || request.type === 'put' || request.type === 'add')) {
      if (request.type === 'add' && request.isPassing) {
        this.held.delete(request.key);
      } else {
        this.held.add(request.key);
      }
    }
    if (response.type === 'error') {
      reject(new AnswerError(response.message, response.isNothing));
    } else {
      resolve(response);
    }
  }

  /** Nobody waits for it. */
  private leave(job: Job): void {
    const at = this.waiting.indexOf(job);
    if (at >= 0) {
      this.waiting.splice(at, 1);
      job.reject(lost());
      return;
    }
    if (isLoad(job)) {
      setTimeout(() => this.cancel(job), comesAgain);
    } else {
      this.cancel(job);
    }
    this.endUnwanted();
  }

  /** The worker hears it between two steps of work. */
  private cancel(job: Job): void {
    if (job.waiters === 0 && this.isUnderWay(job)) {
      job.isCancelled = true;
      this.postTo({ type: 'cancel', question: job.request.id, id: this.nextId++ });
    }
  }

  /** Replaces the worker where all have left what it is at, and that does not end in time. */
  private endUnwanted(): void {
    const job = this.isAt();
    if (!job || job.waiters > 0) {
      return;
    }
    const end = () => {
      if (job.waiters === 0 && this.isAt() === job && this.backend?.stop) {
        this.moveTo(this.startWorker());
      }
    };
    clearTimeout(job.timer);
    // Twice: where this thread was busy meanwhile, the answer waits for it, and comes between the two.
    const left = leastLife - (performance.now() - this.replacedAt);
    job.timer = setTimeout(() => setTimeout(end), Math.max(maxUnwanted, left));
  }

  private isAt(): Job | undefined {
    return [...this.begun].pop();
  }

  /** Another in the worker's place, this thread where none can start. Who waits for an answer asks it. */
  private moveTo(next: Backend | undefined): void {
    this.backend?.stop?.();
    this.use(next ?? this.onThisThread());
    this.bytes = 0;
    this.generation++;
    this.replacedAt = performance.now();
    this.held.clear();
    this.begun.clear();
    // What waits was asked with the worker in mind that is gone, but bytes that wait are there still.
    const waiting = this.waiting.splice(0);
    const jobs = [...this.posted.values(), ...waiting.filter((job) => !isLoad(job))];
    this.waiting.push(...waiting.filter(isLoad));
    this.posted.clear();
    jobs.forEach(({ reject }) => reject(lost()));
    this.post();
  }

  private startWorker(): Backend | undefined {
    try {
      const worker = this.createWorker();
      const stop = () => {
        worker.onmessage = null;
        worker.onerror = null;
        worker.terminate();
      };
      worker.onmessage = ({ data }: MessageEvent<Response | Progress | Started>) => this.answer(data);
      // A script that a page's rules forbid ends here too, not in the constructor.
      worker.onerror = () => this.moveTo(undefined);
      return { post: (request, transfer) => worker.postMessage(request, transfer), stop };
    } catch {
      return undefined;
    }
  }

  private onThisThread(): Backend {
    // The core is in the worker's script; here it is a chunk of its own, which is loaded only where no worker starts.
    const handler = import(/* webpackChunkName: "core" */ './handler').then(({ createHandler }) => createHandler());
    const answer = (message: Response | Progress | Started) => this.answer(message);
    const failed = (error: unknown, id: number): Response => {
      return { type: 'error', id, message: `The decoder could not be loaded: ${String(error)}` };
    };
    return {
      post: (request) =>
        void handler
          .then((handle) => handle(request, answer))
          .catch((error: unknown) => failed(error, request.id))
          .then(answer),
    };
  }
}

/** What a question gives away. */
function buffersOf(request: Request): ArrayBuffer[] {
  switch (request.type) {
    case 'put':
      return columnBuffers(request.profile);
    case 'joinPart':
      return columnBuffers(request.part);
    case 'finishMerge':
      return columnBuffers(request.parts);
    default:
      return 'bytes' in request && request.bytes instanceof ArrayBuffer ? [request.bytes] : [];
  }
}

const isLoad = ({ request }: Job) => request.type === 'load';

const lost = () => new Lost('The decoding worker stopped.');

/** What a worker that stopped was asked, or held, is asked and read again, for the backend that is there now. */
export async function againIfLost<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Lost)) {
        throw error;
      }
    }
  }
}

/** @throws Error where the worker answers something else than the question is about */
export function expectType<T extends Response['type']>(response: Response, type: T): Extract<Response, { type: T }> {
  if (response.type !== type) {
    throw new Error(`The worker answered "${response.type}" out of turn.`);
  }
  return response as Extract<Response, { type: T }>;
}

function createBlobWorker(): globalThis.Worker {
  return new Worker(new URL(/* webpackChunkName: "worker" */ './worker.ts', import.meta.url));
}
