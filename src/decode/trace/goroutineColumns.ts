import { StayState, type Goroutines, type Processors, type Stays } from '../../profile/execution';
import { grouped, tooLarge } from '../../text/notice';
import { bytes, Column, floats, uints } from './column';
import type { EventArguments } from './eventArguments';
import type { EventColumns } from './events';
import { ownStack, subjectStack } from './eventStacks';
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
  private readonly name: number[] = [];
  private readonly from = floats();
  private readonly to = floats();
  private readonly wasBefore = bytes();
  private readonly stays = new StayColumns();
  private currentOf: number[] = [];

  private readonly reasons: string[] = [''];
  private readonly reasonRows = new Map<string, number>([['', 0]]);
  /** Row of `reasons` + 1 of a text's id in the generation. */
  private reasonOfText = new IdTable();
  private textOf!: (id: number) => string;
  private syncTime = 0;

  /** Row + 1 by number. */
  private readonly processorRows = new IdTable();
  private readonly processorIds: number[] = [];
  private readonly idleSince: number[] = [];
  private readonly idle = { processor: uints(), from: floats(), to: floats() };
  /** The goroutine in a system call by row of its processor, and the other way, as Go has them. */
  private readonly inSyscall = new Map<number, number>();
  private readonly processorOf = new Map<number, number>();

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
      [this.idle.from.length, 'times of idle processors', 20],
    ];
  }

  /** Row of the goroutine that a row of the order's is now, -1 for none. */
  current(row: number): number {
    return row < 0 ? none : (this.currentOf[row] ?? none);
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
    this.idleSince.push(NaN);
    return row;
  }

  /** When a goroutine began. */
  beganAt(goroutine: number): number {
    return this.from.rows[goroutine];
  }

  /** Takes a change of a goroutine's state, event `i`. */
  change(events: EventColumns, i: number): void {
    const states = events.states[i];
    const from = states >> 3;
    const to = states & 7;
    if (from === to) {
      return;
    }
    const time = events.time[i];
    const row = events.subject[i];
    const type = events.type[i];
    const offset = events.offset[i];
    if (from <= GoState.notExist) {
      this.begin(row, from, time, events.g[i]);
    }
    const g = this.currentOf[row];
    if (this.name[g] < 0 && offset > 0 && subjectStack[type] >= 0) {
      this.name[g] = this.stacks.rootFunction(this.args.read(offset, subjectStack[type]));
    }
    if (from === GoState.running) {
      this.then.stopped(g, time);
    } else if (from === GoState.syscall) {
      this.leaveSyscall(g);
    }
    if (to === GoState.notExist) {
      this.end(g, time);
    } else {
      this.enter(g, from, to, time, type, offset, events.p[i], events.g[i]);
    }
  }

  private begin(row: number, from: number, time: number, creator: number): void {
    const g = this.length;
    const wasBefore = from === GoState.undetermined;
    const creatorNow = wasBefore ? none : this.current(creator);
    this.currentOf[row] = g;
    this.id.push(this.ids[row]);
    this.name.push(none);
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

  private enter(
    g: number,
    from: number,
    to: number,
    time: number,
    type: number,
    offset: number,
    p: number,
    context: number
  ): void {
    let reason = 0;
    let stack = 0;
    let by = none;
    if (to === GoState.running) {
      by = this.processor(p);
    } else {
      if (offset > 0) {
        if (type === Ev.goStop || type === Ev.goBlock) {
          reason = this.reason(this.args.read(offset, 0));
          stack = this.stacks.row(this.args.next());
        } else if (ownStack[type] >= 0) {
          stack = this.stacks.row(this.args.read(offset, ownStack[type]));
        }
      }
      if (to === GoState.syscall) {
        by = this.enterSyscall(g, p);
      } else if (to === GoState.runnable && (from === GoState.waiting || from === GoState.notExist)) {
        by = this.current(context);
      }
    }
    this.stays.push(g, time, to, reason, stack, by);
    if (to === GoState.waiting && this.reasons[reason] === 'forever') {
      this.end(g, time);
    }
  }

  private reason(id: number): number {
    const known = this.reasonOfText.get(id);
    if (known > 0) {
      return known - 1;
    }
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
    this.reasonOfText.add(id, row + 1);
    return row;
  }

  private enterSyscall(g: number, p: number): number {
    const processor = this.processor(p);
    this.inSyscall.set(processor, g);
    this.processorOf.set(g, processor);
    return processor;
  }

  /** Go forgets who is in a system call on that processor, also where that is another goroutine by now. */
  private leaveSyscall(g: number): void {
    const processor = this.processorOf.get(g);
    if (processor !== undefined) {
      this.inSyscall.delete(processor);
      this.processorOf.delete(g);
    }
  }

  /** Takes a change of a processor's state, event `i`. */
  changeProcessor(events: EventColumns, i: number): void {
    const states = events.states[i];
    const from = states >> 3;
    const to = states & 7;
    if (from === to) {
      return;
    }
    const time = events.time[i];
    const p = this.processor(events.subject[i]);
    if (p < 0) {
      return;
    }
    if (to === ProcState.idle) {
      this.idleSince[p] = from === ProcState.undetermined ? this.syncTime : time;
      const g = this.inSyscall.get(p);
      if (g !== undefined) {
        this.stays.push(g, time, StayState.syscallBlocked, 0, 0, none);
        this.inSyscall.delete(p);
      }
    } else if (!Number.isNaN(this.idleSince[p])) {
      this.pushIdle(p, time);
    }
  }

  /** What follows could not be read: goroutines that were there have ended as far as is known. */
  lose(time: number): void {
    for (const g of this.currentOf) {
      if (g !== undefined && Number.isNaN(this.to.rows[g])) {
        this.to.rows[g] = time;
      }
    }
    this.currentOf = [];
    this.inSyscall.clear();
    this.processorOf.clear();
    this.idleSince.forEach((since, p) => Number.isNaN(since) || this.pushIdle(p, time));
  }

  private pushIdle(p: number, to: number): void {
    this.idle.processor.push(p);
    this.idle.from.push(this.idleSince[p]);
    this.idle.to.push(to);
    this.idleSince[p] = NaN;
  }

  /** @param rowOf of a row of texts as they came the row of strings where equal texts are one */
  finish(
    duration: number,
    rowOf: (row: number) => number
  ): { goroutines: Goroutines; stays: Stays; processors: Processors; reasons: readonly string[] } {
    const { length, id, name, from, to, wasBefore, reasons } = this;
    const { stays, stayOffset, ofProcessors } = this.stays.finish(length, reasons.length);
    return {
      goroutines: {
        length,
        id: id.finish(),
        name: Uint32Array.from(name, (row) => (row < 0 ? 0 : rowOf(row))),
        from: from.finish(),
        to: to.finish(),
        wasBefore: wasBefore.finish(),
        stayOffset,
      },
      stays,
      processors: this.finishProcessors(duration, ofProcessors),
      reasons,
    };
  }

  private finishProcessors(
    duration: number,
    { stayOffset, stay }: Pick<Processors, 'stayOffset' | 'stay'>
  ): Processors {
    const { processorIds, idle, idleSince } = this;
    idleSince.forEach((since, p) => Number.isNaN(since) || this.pushIdle(p, duration));
    const { length } = processorIds;
    // A processor may have run nothing.
    const offset = new Uint32Array(length + 1).fill(stay.length);
    offset.set(stayOffset.subarray(0, length + 1));
    const { order, offsets } = byRow(idle.processor, length);
    return {
      length,
      id: Int32Array.from(processorIds),
      stayOffset: offset,
      stay,
      idleOffset: offsets,
      idleFrom: Float64Array.from(order, (row) => idle.from.rows[row]),
      idleTo: Float64Array.from(order, (row) => idle.to.rows[row]),
    };
  }
}

/** The rows of a column of rows of another table, sorted by them, and the offsets of each: a stable sort. */
export function byRow(column: Column<Uint32Array>, length: number): { order: Uint32Array; offsets: Uint32Array } {
  const offsets = new Uint32Array(length + 1);
  for (let i = 0; i < column.length; i++) {
    offsets[column.rows[i] + 1]++;
  }
  for (let row = 0; row < length; row++) {
    offsets[row + 1] += offsets[row];
  }
  const next = offsets.slice();
  const order = new Uint32Array(column.length);
  for (let i = 0; i < column.length; i++) {
    order[next[column.rows[i]]++] = i;
  }
  return { order, offsets };
}
