import { messageOf, named, type Failure, type Holding, type Opening, type Source } from './holding';
import type { Question, Response } from './messages';
import type { Transport } from './transport';

type WithoutCollection<T> = T extends unknown ? Omit<T, 'collection'> : never;
type OfType<T extends Question['type']> = WithoutCollection<Extract<Question, { readonly type: T }>>;

/**
 * Reads that are under way beside the one that is awaited, while the worker is busy. The store bounds requests; this bounds
 * bytes.
 */
const maxAhead = 4;

/** So many bytes of captures, as they are stored, the cache of a worker holds unpacked. What is more passes through it. */
const maxKept = 16 * 1024 * 1024;

/** Bytes of the objects. @param unknown what stands for a size that is not known */
export const sourcesSize = (sources: readonly Source[], unknown: number): number =>
  sources.reduce((sum, { size = unknown }) => sum + size, 0);

let nextId = 1;

/** Captures that are added one after the other in one worker. */
export class Collecting {
  /** Sources that were added, or could not be. */
  done = 0;
  readonly failed: Failure[] = [];
  /** Why the last of these failed. */
  reason: unknown;
  /** Why no further one was added. */
  error: unknown;
  /** Keys of those that were not opened, since the time was up. */
  readonly left: string[] = [];
  private readonly id = nextId++;
  private readonly generation: number;
  private readonly isPassing: boolean;

  /** @param opening `end` is when no further source is opened, as performance.now says */
  constructor(
    readonly transport: Transport,
    private readonly holding: Holding,
    private readonly sources: readonly Source[],
    private readonly opening: Opening & { readonly end?: number }
  ) {
    this.generation = transport.generation;
    this.isPassing = sourcesSize(sources, 0) > maxKept;
  }

  /** Sources that could be read. */
  get read(): number {
    return this.done - this.failed.length;
  }

  get isDone(): boolean {
    return this.done + this.left.length === this.sources.length;
  }

  /** A question about what was added so far. @throws as Transport.ask */
  async ask(question: OfType<'joinPart' | 'finishPart' | 'finishMerge' | 'finishProcessView'>): Promise<Response> {
    return this.own(this.transport.ask({ ...question, collection: this.id } as Question, this.opening.signal));
  }

  /** Also after a cancelled query, whose signal would keep this from being asked. */
  drop(): void {
    if (this.generation === this.transport.generation) {
      void this.transport.send({ type: 'drop', collection: this.id });
    }
  }

  /**
   * Adds all sources, and counts those that cannot be read.
   * @param added after each
   * @throws Error where the query was cancelled, or the worker stopped
   */
  async addAll(begin: OfType<'beginMerge' | 'beginProcessView'>, added: () => Promise<void>): Promise<void> {
    const { transport, opening } = this;
    await this.own(transport.ask({ ...begin, collection: this.id } as Question, opening.signal));
    let ahead = maxAhead;
    for (const { source, held, wasHeld } of this.inOrder(() => ahead)) {
      if (await this.isLate(held)) {
        this.left.push(source.key);
        continue;
      }
      try {
        await held;
        // One at a time: what the worker has dropped has to be read again, which nothing must overtake.
        ahead = (await this.add(source, this.isPassing && !wasHeld)) ? ahead : 0;
      } catch (reason) {
        await this.own(Promise.resolve());
        this.reason = named(source.name, reason);
        this.failed.push({ name: source.name, message: messageOf(reason) });
      }
      this.done++;
      await added();
    }
  }

  /** Another worker than the collection began in knows nothing of it. */
  private async own<T>(answer: Promise<T>): Promise<T> {
    try {
      const own = await answer;
      this.opening.signal.throwIfAborted();
      this.transport.throwIfLost(this.generation);
      return own;
    } catch (error) {
      if (!this.opening.signal.aborted) {
        this.error ??= error;
      }
      throw error;
    }
  }

  /** Whether the time is up before the source is there; the first one is waited for. */
  private async isLate(held: Promise<void>): Promise<boolean> {
    const { end = Infinity } = this.opening;
    if (end === Infinity || this.read === 0) {
      return false;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), Math.max(0, end - performance.now()));
    });
    const inTime = held.then(
      () => performance.now() >= end,
      () => false
    );
    return Promise.race([late, inTime]).finally(() => clearTimeout(timer));
  }

  /** @returns whether the worker held the profile still: what is read ahead may be more than its cache takes */
  private async add({ key, time, labels = {} }: Source, isPassing: boolean): Promise<boolean> {
    const { transport, opening } = this;
    const question = { type: 'add', collection: this.id, key, time, labels, ...(isPassing && { isPassing }) } as const;
    const response = await transport.ask(question, opening.signal);
    if (response.type !== 'missing') {
      return true;
    }
    transport.held.delete(key);
    const bytes = await opening.load(key, opening.signal);
    await transport.ask({ ...question, bytes }, opening.signal);
    return false;
  }

  /** The sources in their order, so many of them read ahead. */
  private *inOrder(ahead: () => number) {
    const reads: Array<{ readonly source: Source; readonly held: Promise<void>; readonly wasHeld: boolean }> = [];
    const { end = Infinity } = this.opening;
    for (const source of this.sources) {
      if (performance.now() >= end && this.read > 0) {
        this.left.push(source.key);
        continue;
      }
      const wasHeld = this.holding.placeOf(source.key) !== undefined;
      const held = this.holding.hold(source, this.opening, this.transport);
      held.catch(() => undefined); // Whatever it says is said in its turn.
      reads.push({ source, held, wasHeld });
      while (reads.length > ahead()) {
        yield reads.shift() as (typeof reads)[number];
      }
    }
    yield* reads;
  }
}
