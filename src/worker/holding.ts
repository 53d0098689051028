import { SharedTasks } from '../tasks/shared';
import { againIfLost, AnswerError, type Job, type OnDecoding, type Transport } from './transport';
import type { Table } from '../views/table';

/**
 * Reads an object's bytes; the client asks for those the worker does not hold. The signal is of all queries that wait for
 * them; the size is in bytes.
 */
export type Load = (key: string, signal: AbortSignal, size?: number) => Promise<ArrayBuffer>;

/** One profile in the bucket. */
export interface Source {
  /** Name in the worker's cache. */
  readonly key: string;
  /** What messages call it. */
  readonly name: string;
  /** Unix ms of the capture. */
  readonly time: number;
  /** Its key labels. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Bytes of the object, undefined where they are not known. */
  readonly size?: number;
  /** The key does not say which state of the object it is: each query reads it anew, those of the same moment together. */
  readonly isUnknown?: boolean;
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

/** A source that could not be read, of several. */
export interface Failure {
  /** The source's. */
  readonly name: string;
  readonly message: string;
}

/** Who waits until the worker holds a profile. */
interface LoadListener {
  readonly onProgress: OnDecoding;
  /** Told when its bytes are on their way to the worker, which answers what is asked after them when they are decoded. */
  readonly onSent?: () => void;
}

/** Puts profiles into the worker, each of them once for all who wait for it. */
export class Holding {
  /** Panels of a dashboard open the same captures at the same time: each is read and decoded once for all of them. */
  private readonly loads = new SharedTasks<void, LoadListener>();
  /** What is on its way to the worker, or is decoded there. */
  private readonly sent = new Map<string, Job>();

  constructor(private readonly transport: Transport) {}

  /** Fulfilled when the worker holds the profile. @throws Error with the store's or the decoder's message */
  async hold(
    { key, size, isUnknown }: Source,
    { load, signal, onDecode }: Opening,
    onSent?: () => void
  ): Promise<void> {
    if (this.transport.held.has(key) && !isUnknown) {
      return;
    }
    if (this.sentJob(key)) {
      onSent?.();
    }
    const read = (shared: AbortSignal, tell: (told: (listener: LoadListener) => void) => void) =>
      againIfLost(async () => {
        // All who waited for it may just have left.
        const left = isUnknown ? undefined : this.sentJob(key);
        const job = left ?? this.send(key, await load(key, shared, size), shared);
        job.onProgress = (done, total) => tell((listener) => listener.onProgress(done, total));
        tell((listener) => listener.onSent?.());
        await this.transport.wait(job, shared);
      });
    const onProgress: OnDecoding = (done, total) => onDecode?.(key, done, total);
    await this.loads.run(key, signal, read, { onProgress, onSent });
  }

  private send(key: string, bytes: ArrayBuffer, signal: AbortSignal): Job {
    signal.throwIfAborted();
    const job = this.transport.send({ type: 'load', key, bytes });
    this.sent.set(key, job);
    const forget = () => {
      if (this.sent.get(key) === job) {
        this.sent.delete(key);
      }
    };
    job.answer.then(forget, forget);
    return job;
  }

  private sentJob(key: string): Job | undefined {
    const job = this.sent.get(key);
    return job && this.transport.isUnderWay(job) ? job : undefined;
  }
}

/** The worker's message with the name of the source it is about. */
export const named = (name: string, reason: unknown): unknown =>
  reason instanceof AnswerError ? new AnswerError(`${name}: ${reason.message}`, reason.isNothing) : reason;

export const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));
