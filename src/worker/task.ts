import type { Progress, Started } from './messages';
import { worthShowing } from './worthShowing';

/** Steps that are shorter together, in ms, are one to who cancels: a pause is 0.02 ms. */
const minStep = 10;

/**
 * The thread is had in turns: a step of work blocks it, and between two steps it hears what was posted meanwhile, what is
 * cancelled among it. @returns what waits for the next turn
 */
export function inTurns(): () => Promise<void> {
  let heard = -Infinity;
  const next = async () => {
    // The step before this one follows its turn at once: a pause ends after it.
    await messagesIn();
    if (performance.now() - heard >= minStep) {
      // That pause may have been posted before the step ended, so before what was posted during it.
      await messagesIn();
      heard = performance.now();
    }
  };
  let last = Promise.resolve();
  return () => (last = last.then(next));
}

/** Who waits for the messages that are in before theirs, in the order in which they came. */
const waiting: Array<() => void> = [];
let pauses: MessageChannel | undefined;

/** Fulfilled when the messages are in that came before this. A timer is clamped to 4 ms after a few of them. */
const messagesIn = () =>
  new Promise<void>((resolve) => {
    pauses ??= newPauses();
    waiting.push(resolve);
    (pauses.port1 as NodePort).ref?.();
    pauses.port2.postMessage(undefined);
  });

/** An open port keeps a process of Node's from ending, which it shall while somebody waits; browsers know nothing of it. */
interface NodePort extends MessagePort {
  ref?(): void;
  unref?(): void;
}

/** One channel for all pauses: there are some for each capture, and one of its own costs as much as a pause. */
function newPauses(): MessageChannel {
  const channel = new MessageChannel();
  const port: NodePort = channel.port1;
  port.onmessage = () => {
    waiting.shift()?.();
    if (waiting.length === 0) {
      port.unref?.();
    }
  };
  return channel;
}

/** A question that is being answered. */
export class Task {
  isCancelled = false;
  private readonly isWorthShowing = worthShowing();

  constructor(
    private readonly id: number,
    private readonly nextTurn: () => Promise<void>,
    private readonly tell: (message: Progress | Started) => void
  ) {}

  /** Before each step that blocks the thread. @throws Error where nobody waits for the answer any more */
  async turn(): Promise<void> {
    await this.nextTurn();
    this.throwIfCancelled();
    this.tell({ type: 'started', id: this.id });
  }

  /** @throws as `turn` does */
  readonly onProgress = (done: number, total: number): void => {
    this.throwIfCancelled();
    // Here, as a page that is busy drawing cannot say how fast it goes.
    if (this.isWorthShowing(done, total)) {
      this.tell({ type: 'progress', id: this.id, done, total });
    }
  };

  private throwIfCancelled(): void {
    if (this.isCancelled) {
      throw new Error('Nobody waits for it any more.');
    }
  }
}
