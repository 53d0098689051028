import { SharedTasks } from '../tasks/shared';
import { againIfLost, AnswerError, expectType, type Job, type OnDecoding, type Transport } from './transport';
import type { Workers } from './workers';
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
  /** A merge takes no further capture after so many seconds; undefined: it takes all. */
  readonly maxSeconds?: number;
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

/** Puts profiles into workers, each of them once for all who wait for it. */
export class Holding {
  /** Panels of a dashboard open the same captures at the same time: each is read and decoded once for all of them. */
  private readonly loads = new SharedTasks<void, LoadListener>();
  /** What is on its way to a worker, or is decoded there. */
  private readonly sent = new Map<string, Job>();
  /** Where profiles that are read now will be. */
  private readonly coming = new Map<string, { readonly transport: Transport; askers: number }>();

  constructor(private readonly workers: Workers) {}

  /** The worker that holds a profile, or will. */
  placeOf(key: string): Transport | undefined {
    return this.workers.find(({ held }) => held.has(key)) ?? this.coming.get(key)?.transport;
  }

  /** The worker that has most of these profiles, or has least to do. */
  homeOf(keys: readonly string[]): Transport {
    const counts = new Map<Transport, number>();
    for (const key of keys) {
      const place = this.placeOf(key);
      if (place) {
        counts.set(place, (counts.get(place) ?? 0) + 1);
      }
    }
    const [most] = [...counts].sort(([, a], [, b]) => b - a);
    return most?.[0] ?? this.workers.free();
  }

  /** Fulfilled when the worker holds the profile. @throws Error with the store's or the decoder's message */
  async hold(source: Source, opening: Opening, transport: Transport, onSent?: () => void): Promise<void> {
    const { key, isUnknown } = source;
    if (transport.held.has(key) && !isUnknown) {
      return;
    }
    const id = `${transport.id} ${key}`;
    if (this.sentJob(id)) {
      onSent?.();
    }
    const read = (shared: AbortSignal, tell: Tell) =>
      this.read(source, { ...opening, signal: shared }, transport, tell);
    const onProgress: OnDecoding = (done, total) => opening.onDecode?.(key, done, total);
    await this.bring(key, transport, () => this.loads.run(id, opening.signal, read, { onProgress, onSent }));
  }

  /** Copies a profile from worker to worker. @returns false where it is there no more @throws as Transport.ask */
  async copy(key: string, from: Transport, to: Transport, signal: AbortSignal): Promise<boolean> {
    const response = await from.ask({ type: 'copy', key }, signal);
    if (response.type === 'missing') {
      from.held.delete(key);
      return false;
    }
    await to.ask({ type: 'put', key, profile: expectType(response, 'profile').profile }, signal);
    return true;
  }

  /** Who asks for it meanwhile, be it in the same turn, finds where it will be. */
  private async bring(key: string, transport: Transport, read: () => Promise<void>): Promise<void> {
    const coming = this.coming.get(key) ?? { transport, askers: 0 };
    const isThere = coming.transport === transport;
    if (isThere) {
      coming.askers++;
      this.coming.set(key, coming);
    }
    transport.coming++;
    try {
      await read();
    } finally {
      transport.coming--;
      if (isThere && --coming.askers === 0) {
        this.coming.delete(key);
      }
    }
  }

  private read(source: Source, opening: Opening, transport: Transport, tell: Tell): Promise<void> {
    const { key, size, isUnknown } = source;
    const { load, signal } = opening;
    const id = `${transport.id} ${key}`;
    return againIfLost(async () => {
      const other = isUnknown ? undefined : this.placeOf(key);
      if (other && other !== transport) {
        // Each object is read once, wherever it is wanted.
        await this.hold(source, { ...opening, onDecode: progressOf(tell) }, other);
        if (await this.copy(key, other, transport, signal)) {
          return;
        }
      }
      // All who waited for it may just have left.
      const left = isUnknown ? undefined : this.sentJob(id);
      const job = left ?? this.send(id, key, await load(key, signal, size), transport, signal);
      job.onProgress = (done, total) => tell((listener) => listener.onProgress(done, total));
      tell((listener) => listener.onSent?.());
      await transport.wait(job, signal);
    });
  }

  private send(id: string, key: string, bytes: ArrayBuffer, transport: Transport, signal: AbortSignal): Job {
    signal.throwIfAborted();
    const job = transport.send({ type: 'load', key, bytes });
    this.sent.set(id, job);
    const forget = () => {
      if (this.sent.get(id) === job) {
        this.sent.delete(id);
      }
    };
    job.answer.then(forget, forget);
    return job;
  }

  private sentJob(id: string): Job | undefined {
    const job = this.sent.get(id);
    return job && this.workers.find((transport) => transport.isUnderWay(job)) ? job : undefined;
  }
}

type Tell = (told: (listener: LoadListener) => void) => void;

const progressOf =
  (tell: Tell): Opening['onDecode'] =>
  (_, done, total) =>
    tell((listener) => listener.onProgress(done, total));

/** The worker's message with the name of the source it is about. */
export const named = (name: string, reason: unknown): unknown =>
  reason instanceof AnswerError ? new AnswerError(`${name}: ${reason.message}`, reason.isNothing) : reason;

export const messageOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));
