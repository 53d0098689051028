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

/** Captures that the worker is asked to add before it has answered of those before them. */
const maxUnanswered = 4;

/** So many bytes of captures, as they are stored, the cache of a worker holds unpacked. What is more passes through it. */
const maxKept = 16 * 1024 * 1024;

/** Bytes of the objects. @param unknown what stands for a size that is not known */
export const sourcesSize = (sources: readonly Source[], unknown: number): number =>
  sources.reduce((sum, { size = unknown }) => sum + size, 0);

/** A source that is read. */
interface Opened {
  readonly source: Source;
  /** Fulfilled when its bytes are on their way to the worker. */
  readonly sent: Promise<void>;
  readonly held: Promise<void>;
  readonly wasHeld: boolean;
}

/** One that the worker was asked to add. */
interface Adding extends Opened {
  /** Undefined where its bytes did not come. */
  readonly answer: Promise<Response> | undefined;
}

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
  private ahead = maxAhead;

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
    const asked: Adding[] = [];
    // A merge that may end early knows what is in before it takes the next.
    const { end = Infinity } = opening;
    for (const opened of this.inOrder()) {
      if (await this.isLate(opened.held)) {
        this.left.push(opened.source.key);
        continue;
      }
      // A question follows the bytes it is about.
      const isComing = await Promise.race([opened.sent, opened.held]).then(
        () => true,
        () => false
      );
      asked.push({ ...opened, answer: isComing ? this.add(opened) : undefined });
      if (asked.length > (end < Infinity || this.ahead === 0 ? 0 : maxUnanswered)) {
        await this.settle(asked, added);
      }
    }
    while (asked.length > 0) {
      await this.settle(asked, added);
    }
  }

  /** Waits for the first that was asked for, and where the worker lacked it, after which it takes nothing, for all. */
  private async settle(asked: Adding[], added: () => Promise<void>): Promise<void> {
    let wasLacking = false;
    do {
      const adding = asked.shift() as Adding;
      try {
        await adding.held;
        if ((await adding.answer)?.type === 'missing') {
          wasLacking = true;
          await this.addAgain(adding);
        }
      } catch (reason) {
        await this.own(Promise.resolve());
        this.reason = named(adding.source.name, reason);
        this.failed.push({ name: adding.source.name, message: messageOf(reason) });
      }
      this.done++;
      await added();
      // Also past one that cannot be read: what was asked for behind the one that was lacking is lacking too.
    } while (wasLacking && asked.length > 0);
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

  private add({ source, wasHeld }: Opened): Promise<Response> {
    const { transport, opening } = this;
    const answer = transport.ask(this.questionOf(source, wasHeld), opening.signal);
    answer.catch(() => undefined); // Whatever it says is said in its turn.
    return answer;
  }

  /** What the worker has dropped is read again; from then on nothing is read ahead, since that is more than its cache takes. */
  private async addAgain({ source, wasHeld }: Opened): Promise<void> {
    const { transport, opening } = this;
    const { key } = source;
    const question = { ...this.questionOf(source, wasHeld), isAgain: true } as const;
    if (transport.held.has(key) && (await transport.ask(question, opening.signal)).type !== 'missing') {
      return;
    }
    this.ahead = 0;
    transport.held.delete(key);
    const bytes = await opening.load(key, opening.signal);
    await transport.ask({ ...question, bytes }, opening.signal);
  }

  private questionOf({ key, time, labels = {} }: Source, wasHeld: boolean) {
    const isPassing = this.isPassing && !wasHeld;
    return { type: 'add', collection: this.id, key, time, labels, ...(isPassing && { isPassing }) } as const;
  }

  /** The sources in their order, so many of them read ahead. */
  private *inOrder() {
    const reads: Opened[] = [];
    const { end = Infinity } = this.opening;
    for (const source of this.sources) {
      if (performance.now() >= end && this.read > 0) {
        this.left.push(source.key);
        continue;
      }
      const wasHeld = this.holding.placeOf(source.key) !== undefined;
      let onSent = () => {};
      const sent = new Promise<void>((resolve) => (onSent = resolve));
      const held = this.holding.hold(source, this.opening, this.transport, onSent);
      held.catch(() => undefined); // Whatever it says is said in its turn.
      reads.push({ source, sent, held, wasHeld });
      while (reads.length > this.ahead) {
        yield reads.shift() as Opened;
      }
    }
    yield* reads;
  }
}
