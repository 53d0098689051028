import type { Batch } from './batches';
import { argCount } from './eventTypes';
import { TraceFault } from './fault';
import type { Thread } from './scheduler';
import type { Varints } from './varints';

/** Reads the events of one thread in a generation, in their order. The fields are those of the event at hand. */
export class Cursor {
  type = 0;
  /** ns since the trace's origin, not yet made increasing. */
  time = 0;
  /** Where the event stands in the file. */
  offset = 0;
  /** Its arguments after the time, as many as its type has; the others are of events before. */
  arg0 = 0;
  arg1 = 0;
  arg2 = 0;
  arg3 = 0;
  /** Its thread's record, once one of its events was tried. */
  thread: Thread | undefined;
  private batch = -1;
  private pos = 0;
  private end = 0;

  /** @param origin in ns of the trace clock */
  constructor(
    readonly m: number,
    private readonly batches: readonly Batch[],
    private readonly nsPerTick: number,
    private readonly origin: number,
    private readonly varints: Varints
  ) {}

  /** Goes to the next event; false where there is none. @throws TraceFault where it is no event */
  next(): boolean {
    while (this.pos === this.end) {
      if (++this.batch >= this.batches.length) {
        return false;
      }
      const { ts, start, end } = this.batches[this.batch];
      this.pos = start;
      this.end = end;
      this.time = Math.trunc(ts * this.nsPerTick) - this.origin;
    }
    const { varints, pos } = this;
    const type = varints.bytes[pos];
    const count = argCount[type];
    if (count < 0) {
      throw new TraceFault(`type ${type} is no event`, pos);
    }
    varints.pos = pos + 1;
    varints.end = this.end;
    const ticks = varints.next();
    this.time += Math.trunc((ticks < 0 ? 2 ** 64 : ticks) * this.nsPerTick);
    if (count > 0) {
      this.arg0 = varints.next();
      if (count > 1) {
        this.arg1 = varints.next();
        if (count > 2) {
          this.arg2 = varints.next();
          if (count > 3) {
            this.arg3 = varints.next();
          }
        }
      }
    }
    this.type = type;
    this.offset = pos;
    this.pos = varints.pos;
    return true;
  }
}
