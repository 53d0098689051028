import type { Cursor } from './cursor';
import type { EventColumns } from './events';
import { Ev, GoState } from './eventTypes';
import type { Ordering } from './ordering';

/**
 * Threads whose next event had to wait, by what it waits for: a goroutine or a processor in one state with one sequence number, a
 * thread that loses its processor, a step of the collector. They are tried again where that is so: with thousands of threads
 * whose clocks differ trying each after every event would take hours.
 */
export class WaitingThreads {
  count = 0;
  /** By rows of goroutines, numbers of processors, rows of threads; then by sequence numbers. */
  private readonly starts: Waiting = new Map();
  private readonly unblocks: Waiting = new Map();
  private readonly procStarts: Waiting = new Map();
  private readonly steals: Waiting = new Map();
  private readonly losers: Waiting = new Map();
  private readonly collections: Waiting = new Map();

  constructor(private readonly ordering: Ordering) {}

  add(cursor: Cursor): void {
    const { type, arg0, arg1, thread } = cursor;
    const row = thread?.row ?? -1;
    this.count++;
    switch (type) {
      case Ev.goStart:
        return push(this.starts, this.ordering.goroutineRow(arg0), arg1, cursor);
      case Ev.goUnblock:
      case Ev.goSwitch:
      case Ev.goSwitchDestroy:
        return push(this.unblocks, this.ordering.goroutineRow(arg0), arg1, cursor);
      case Ev.procStart:
        // First its thread has to be rid of the processor that it has.
        return thread && thread.p >= 0 ? push(this.losers, row, 0, cursor) : push(this.procStarts, arg0, arg1, cursor);
      case Ev.procSteal:
        return push(this.steals, arg0, arg1, cursor);
      case Ev.goSyscallEndBlocked:
        return push(this.losers, row, 0, cursor);
      default:
        return push(this.collections, 0, arg0, cursor);
    }
  }

  /** Calls `wake` for each thread that waits for what the events from row `from` on brought about. */
  wake({ type, states, subject, p, length }: EventColumns, from: number, wake: (cursor: Cursor) => void): void {
    const { ordering } = this;
    const take = (of: Waiting, key: number, seq: number) => {
      const cursors = of.get(key)?.get(seq);
      if (cursors) {
        of.get(key)?.delete(seq);
        this.count -= cursors.length;
        cursors.forEach(wake);
      }
    };
    const ofProc = (proc: number) => {
      take(ordering.isIdle(proc) ? this.procStarts : this.steals, proc, ordering.nextSeqOfProc(proc));
    };
    for (let i = from; i < length && this.count > 0; i++) {
      const to = states[i] & 7;
      if (type[i] >= Ev.procStart && type[i] <= Ev.procStatus) {
        ofProc(subject[i]);
      } else if (to === GoState.runnable || to === GoState.waiting) {
        const of = to === GoState.runnable ? this.starts : this.unblocks;
        take(of, subject[i], ordering.nextSeqOfGoroutine(subject[i]));
      } else if (to === GoState.syscall) {
        // The processor of a goroutine in a system call can be stolen, of which no event of its own tells.
        ofProc(p[i]);
      } else if (type[i] >= Ev.gcActive && type[i] <= Ev.gcEnd) {
        take(this.collections, 0, ordering.nextCollectorSeq);
      }
    }
    take(this.losers, ordering.robbed, 0);
    ordering.robbed = -1;
  }

  /** The one with the earliest event. */
  first(): Cursor | undefined {
    let first: Cursor | undefined;
    const { starts, unblocks, procStarts, steals, losers, collections } = this;
    for (const waiting of [starts, unblocks, procStarts, steals, losers, collections]) {
      for (const bySeq of waiting.values()) {
        for (const cursors of bySeq.values()) {
          for (const cursor of cursors) {
            first = first && first.time <= cursor.time ? first : cursor;
          }
        }
      }
    }
    return first;
  }
}

type Waiting = Map<number, Map<number, Cursor[]>>;

function push(of: Waiting, key: number, seq: number, cursor: Cursor): void {
  const bySeq = of.get(key) ?? new Map<number, Cursor[]>();
  of.set(key, bySeq);
  const cursors = bySeq.get(seq);
  if (cursors) {
    cursors.push(cursor);
  } else {
    bySeq.set(seq, [cursor]);
  }
}
