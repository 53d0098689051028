import { cancelled } from './store';

/** Places of requests under way; who finds none waits in a queue. */
export class Places {
  private taken = 0;
  private readonly queue: Array<() => void> = [];

  /** @param count where nothing says what the way to the server carries, what browsers and servers of any kind do */
  constructor(private readonly count = 4) {}

  /** @throws StoreError, cancelled, without having begun */
  async hold<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (signal.aborted) {
      throw cancelled();
    }
    if (this.taken >= this.count) {
      await this.wait(signal);
    }
    this.taken++;
    try {
      if (signal.aborted) {
        throw cancelled();
      }
      return await work();
    } finally {
      this.taken--;
      this.queue.shift()?.();
    }
  }

  private wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.queue.splice(this.queue.indexOf(start), 1);
        reject(cancelled());
      };
      this.queue.push(start);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}
