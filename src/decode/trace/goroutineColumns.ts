import { grown } from '../../profile/grown';
import { StayState, type Goroutines, type Processors, type Stays } from '../../profile/execution';
import { grouped, tooLarge } from '../../text/notice';
import { bytes, floats, ints } from './column';
import type { EventArguments } from './eventArguments';
import type { EventColumns } from './events';
import { subjectStack } from './eventStacks';
import { Ev, GoState, ProcState } from './eventTypes';
import { IdTable } from './idTable';
import type { TraceStacks } from './stacks';
import { stayBytes, StayColumns } from './stayColumns';

const none = -1;
const maxReasons = 65_536;
/** Bytes that a goroutine takes while the trace is read. */
const goroutineBytes = 60;

/** What changed with a goroutine: for regions and ranges, which end with it. */
export interface GoroutineEvents {
  /** @param creator row of the goroutine that made it, -1 for none */
  began(goroutine: number, time: number, creator: number): void;
  stopped(goroutine: number, time: number): void;
  ended(goroutine: number, time: number): void;
}

/**
 * Goroutines, the states they were in, and processors, with the definitions of Go's Summarizer. A row of the order's goroutines
 * is that of an id; here it is one of its uses, `current`.
 */
export class GoroutineColumns {
  private readonly id = floats();
  /** Row of strings as they came, -1 for none. */
  private readonly name = ints();
  private readonly from = floats();
  private readonly to = floats();
  private readonly wasBefore = bytes();
  private readonly stays = new StayColumns();
  /** How many have no name so far. */
  private nameless = 0;
  /** By row of the order: -1 where none is known. It grows with its first row, so that the code that is compiled has done so. */
  private currentOf: Int32Array = new Int32Array(0);

  private readonly reasons: string[] = [''];
  /** Row of the reason of a goroutine that never goes on, -1 where none does. */
  private forever = none;
  private readonly reasonRows = new Map<string, number>([['', 0]]);
  /** Row of `reasons` + 1 of a text's id in the generation. */
  private reasonOfText = new IdTable();
  private textOf!: (id: number) => string;
  private syncTime = 0;

  /** Row + 1 by number. */
  private readonly processorRows = new IdTable();
  private readonly processorIds: number[] = [];
  /** The goroutine in a system call by row of its processor, and the other way, as Go has them. */
  private readonly inSyscall: number[] = [];
  private readonly processorOf: number[] = [];

  constructor(
    private readonly ids: readonly number[],
    private readonly args: EventArguments,
    private readonly stacks: TraceStacks,
    private readonly then: GoroutineEvents
  ) {}

  startGeneration(syncTime: number, textOf: (id: number) => string): void {
    this.syncTime = syncTime;
    this.textOf = textOf;
    this.reasonOfText = new IdTable();
  }

  get length(): number {
    return this.id.length;
  }

  /** What is held, as memoryLeft wants it. */
  get needs(): ReadonlyArray<readonly [number, string, number]> {
    return [
      [this.stays.length, 'states of goroutines', stayBytes],
      [this.length, 'goroutines', goroutineBytes],
    ];
  }

  /** Row of the goroutine that a row of the order's is now, -1 for none. */
  current(row: number): number {
    return row >= 0 && row < this.currentOf.length ? this.currentOf[row] : none;
  }

  /** Row of a processor's number, -1 for none. */
  processor(id: number): number {
    if (id < 0) {
      return none;
    }
    const known = this.processorRows.get(id);
    if (known > 0) {
      return known - 1;
    }
    const row = this.processorIds.push(id) - 1;
    this.processorRows.add(id, row + 1);
    this.inSyscall.push(none);
    return row;
  }

  /** When a goroutine began. */
  beganAt(goroutine: number): number {
    return this.from.rows[goroutine];
  }

  /** Takes changes of states from event `first` on; the next event before `end` that is none, or `end`. */
  take(events: EventColumns, first: number, end: number): number {
    const { states, type, time, subject, p } = events;
    const { stays, then } = this;
    let i = first;
    for (; i < end && states[i] !== 0; i++) {
      const from = states[i] >> 3;
      const to = states[i] & 7;
      if (from === to) {
        continue;
      }
      if (type[i] >= Ev.procStart && type[i] <= Ev.procStatus) {
        this.changeProcessor(subject[i], to, time[i]);
        continue;
      }
      if (from <= GoState.notExist) {
        this.begin(subject[i], from, time[i], events.g[i]);
      }
      const g = this.currentOf[subject[i]];
      if (this.nameless > 0 && subjectStack[type[i]] >= 0) {
        this.setName(g, type[i], events.offset[i]);
      }
      if (from === GoState.running) {
        then.stopped(g, time[i]);
      } else if (from === GoState.syscall) {
        this.leaveSyscall(g);
      }
      if (to === GoState.running) {
        stays.push(g, time[i], to, 0, 0, this.processor(p[i]));
      } else if (to === GoState.notExist) {
        this.end(g, time[i]);
      } else {
        this.stop(events, i, g, from, to);
      }
    }
    return i;
  }

  /** Names a goroutine that has no name by the stack that an event has of it. */
  private setName(g: number, type: number, offset: number): void {
    const { rows } = this.name;
    if (rows[g] < 0 && offset > 0) {
      rows[g] = this.stacks.rootFunction(this.args.read(offset, subjectStack[type]));
      this.nameless -= rows[g] < 0 ? 0 : 1;
    }
  }

  private begin(row: number, from: number, time: number, creator: number): void {
    const g = this.length;
    const wasBefore = from === GoState.undetermined;
    const creatorNow = wasBefore ? none : this.current(creator);
    if (row >= this.currentOf.length) {
      const { length } = this.currentOf;
      this.currentOf = grown(this.currentOf, Math.max(2 * length, row + 1024)).fill(none, length);
    }
    this.currentOf[row] = g;
    this.id.push(this.ids[row]);
    this.name.push(none);
    this.nameless++;
    this.processorOf.push(none);
    this.from.push(wasBefore ? this.syncTime : time);
    this.to.push(NaN);
    this.wasBefore.push(wasBefore ? 1 : 0);
    this.then.began(g, time, creatorNow);
  }

  private end(g: number, time: number): void {
    if (Number.isNaN(this.to.rows[g])) {
      this.to.rows[g] = time;
      this.then.ended(g, time);
    }
  }

  /** A goroutine enters a state in which it does not run. */
  private stop(events: EventColumns, i: number, g: number, from: number, to: number): void {
    const time = events.time[i];
    const reason = this.reason(events.reason[i]);
    const stack = this.stacks.row(events.stack[i]);
    let by = none;
    if (to === GoState.syscall) {
      by = this.enterSyscall(g, events.p[i]);
    } else if (to === GoState.runnable && (from === GoState.waiting || from === GoState.notExist)) {
      by = this.current(events.g[i]);
    }
    this.stays.push(g, time, to, reason, stack, by);
    if (to === GoState.waiting && reason === this.forever) {
      this.end(g, time);
    }
  }

  private reason(id: number): number {
    if (id === 0) {
      return 0;
    }
    const known = this.reasonOfText.get(id);
    return known > 0 ? known - 1 : this.addReason(id);
  }

  private addReason(id: number): number {
    const text = this.textOf(id);
    let row = this.reasonRows.get(text);
    if (row === undefined) {
      row = this.reasons.length;
      if (row === maxReasons) {
        throw tooLarge(`the trace has more than ${grouped(maxReasons)} different reasons why goroutines stop`);
      }
      this.reasonRows.set(text, row);
      this.reasons.push(text);
    }
    if (text === 'forever') {
      this.forever = row;
    }
    this.reasonOfText.add(id, row + 1);
    return row;
  }

  private enterSyscall(g: number, p: number): number {
    const processor = this.processor(p);
    if (processor >= 0) {
      this.inSyscall[processor] = g;
      this.processorOf[g] = processor;
    }
    return processor;
  }

  /** Go forgets who is in a system call on that processor, also where that is another goroutine by now. */
  private leaveSyscall(g: number): void {
    const processor = this.processorOf[g];
    if (processor >= 0) {
      this.inSyscall[processor] = none;
      this.processorOf[g] = none;
    }
  }

  /** A processor is in another state. @param id its number */
  private changeProcessor(id: number, to: number, time: number): void {
    const p = this.processor(id);
    if (p >= 0 && to === ProcState.idle) {
      const g = this.inSyscall[p];
      if (g >= 0) {
        this.stays.push(g, time, StayState.syscallBlocked, 0, 0, none);
        this.inSyscall[p] = none;
      }
    }
  }

  /** What follows could not be read: goroutines that were there have ended as far as is known. */
  lose(time: number): void {
    for (const g of this.currentOf) {
      if (g >= 0 && Number.isNaN(this.to.rows[g])) {
        this.to.rows[g] = time;
      }
    }
    this.currentOf.fill(none);
    this.inSyscall.fill(none);
    this.processorOf.fill(none);
  }

  /**
   * @param rowOf of a row of texts as they came the row of strings where equal texts are one
   * @param stacks how many there are
   */
  finish(
    rowOf: (row: number) => number,
    stacks: number
  ): {
    goroutines: Goroutines;
    stays: Stays;
    processors: Processors;
    reasons: readonly string[];
  } {
    const { length, id, name, from, to, wasBefore, reasons, processorIds: processors } = this;
    const { stays, stayOffset, ofProcessors } = this.stays.finish(length, processors.length, reasons.length, stacks);
    return {
      goroutines: {
        length,
        id: id.finish(),
        name: new Uint32Array(name.finish().map((row) => (row < 0 ? 0 : rowOf(row)))),
        from: from.finish(),
        to: to.finish(),
        wasBefore: wasBefore.finish(),
        stayOffset,
      },
      stays,
      processors: { length: processors.length, id: Int32Array.from(processors), ...ofProcessors },
      reasons,
    };
  }
}
