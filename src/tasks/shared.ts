interface Asker<T, L> {
  readonly listener: L | undefined;
  settle(settle: () => void): void;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

interface Task<T, L> {
  readonly askers: Set<Asker<T, L>>;
  readonly abort: AbortController;
}

/**
 * Work that is done once for all who ask for it while it is under way. Who cancels leaves the others theirs; the last one to
 * leave aborts it. Its failure is that of all who wait, and is forgotten with them: who asks then starts it again.
 */
export class SharedTasks<T, L = never> {
  private readonly underWay = new Map<string, Task<T, L>>();

  /** @param copy what all but one asker get, for a result that may be given away once: a buffer that is transferred */
  constructor(private readonly copy: (value: T) => T = (value) => value) {}

  /**
   * @param id what the work is, among that of this object
   * @param work gets a signal of its own, and tells those who listen at the time
   * @param listener of this asker, told from now on until it has its answer or leaves
   * @throws the signal's reason once it is aborted
   */
  run(
    id: string,
    signal: AbortSignal,
    work: (signal: AbortSignal, tell: (told: (listener: L) => void) => void) => Promise<T>,
    listener?: L
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const task = this.underWay.get(id) ?? this.start(id, work);
      const leave = () => {
        task.askers.delete(asker);
        reject(signal.reason);
        if (task.askers.size === 0) {
          this.forget(id, task);
          task.abort.abort(signal.reason);
        }
      };
      const asker: Asker<T, L> = {
        listener,
        resolve,
        reject,
        settle(settle) {
          signal.removeEventListener('abort', leave);
          settle();
        },
      };
      task.askers.add(asker);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  private start(
    id: string,
    work: (signal: AbortSignal, tell: (told: (listener: L) => void) => void) => Promise<T>
  ): Task<T, L> {
    const task: Task<T, L> = { askers: new Set(), abort: new AbortController() };
    this.underWay.set(id, task);
    const tell = (told: (listener: L) => void) =>
      task.askers.forEach(({ listener }) => listener !== undefined && told(listener));
    // Later than now: who starts it has to be among the askers first.
    void Promise.resolve()
      .then(() => work(task.abort.signal, tell))
      .then(
        (value) => {
          this.forget(id, task);
          // All at once, so that the one who gets the value itself has not given it away before it is copied.
          let isFirst = true;
          for (const asker of task.askers) {
            const own = isFirst ? value : this.copy(value);
            isFirst = false;
            asker.settle(() => asker.resolve(own));
          }
        },
        (reason) => {
          this.forget(id, task);
          task.askers.forEach((asker) => asker.settle(() => asker.reject(reason)));
        }
      );
    return task;
  }

  private forget(id: string, task: Task<T, L>): void {
    if (this.underWay.get(id) === task) {
      this.underWay.delete(id);
    }
  }
}
