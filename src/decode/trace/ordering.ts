import { grouped } from '../../text/notice';
import { memoryLeft } from '../memory';
import type { Generation } from './batches';
import type { Cursor } from './cursor';
import type { EventColumns } from './events';
import {
  Ev,
  goStateOf,
  GoState,
  GoStatus,
  procStateOf,
  ProcState,
  ProcStatus,
  stackArgs,
  textArgs,
} from './eventTypes';
import { TraceFault, traceTooLarge } from './fault';
import { newThread, type Goroutine, type Proc, type Thread } from './scheduler';

const none = -1;
const recentCount = 1024;
/** Ranges of a goroutine are mark assist and stop-the-world, the latter by the id of its kind; of a processor sweeping. */
const assist = -1;
const sweep = -2;

/** Bytes that an entry of a map takes at worst; a record of a goroutine, a thread or a region takes some three times as many. */
const heldBytes = 50;
const record = 3;

/** Steps beyond one for an event, over all events, and more for each byte: what needs more of them no clock has made so. */
const maxSteps = 10_000_000;

/**
 * Emulates Go's scheduler over the events of all threads: says of an event whether it may come next, and refuses a trace that
 * no scheduler wrote. The rules are those of Go's internal/trace (order.go), so the order is Go's.
 */
export class Ordering {
  private readonly goroutines = new Map<number, Goroutine>();
  /** Of the goroutines those of late, by the last bits of their ids: most events are about one of few. */
  private readonly recent = new Array<Goroutine | undefined>(recentCount).fill(undefined);
  private readonly procs = new Map<number, Proc>();
  private readonly threads = new Map<number, Thread>();
  private readonly tasks = new Set<number>();
  private gc: 'unknown' | 'off' | 'on' = 'unknown';
  private gcSeq = 0;
  private initialGen = 0;
  private generation!: Generation;
  private textOf!: (id: number) => string;
  /** Row of the thread that lost its processor to another one last, -1 for none. */
  robbed = none;
  /** Steps of searching, over all events. */
  stepsTaken = 0;
  private held = 0;
  private readonly maxHeld: number;
  private readonly noThread = newThread(none, none);
  /** Ids of goroutines by their rows, and the other way. */
  readonly goroutineIds: number[] = [];
  private readonly goroutineRows = new Map<number, number>();
  /** Ids of threads by their rows. */
  readonly threadIds: number[] = [];
  private readonly threadRows = new Map<number, number>();

  constructor(
    private readonly fileBytes: number,
    private readonly events: EventColumns
  ) {
    this.maxHeld = Math.floor(memoryLeft(fileBytes) / (2.5 * heldBytes));
  }

  /** Forgets all state: the next generation is as the first of a trace, since each says all state anew. Rows stay. */
  restart(): void {
    this.goroutines.clear();
    this.recent.fill(undefined);
    this.procs.clear();
    this.threads.clear();
    this.tasks.clear();
    Object.assign(this.noThread, newThread(none, none));
    this.gc = 'unknown';
    this.gcSeq = 0;
    this.initialGen = 0;
    this.held = this.goroutineIds.length + this.threadIds.length;
  }

  startGeneration(generation: Generation, textOf: (id: number) => string): void {
    this.initialGen ||= generation.gen;
    this.generation = generation;
    this.textOf = textOf;
  }

  /** Adds steps of a search to what the trace has cost. @throws TraceFault where that is more than any real trace does */
  work(steps: number): void {
    this.stepsTaken += steps;
    if (this.stepsTaken > maxSteps + 4 * this.fileBytes) {
      throw new TraceFault('its events are too far out of order');
    }
  }

  /** Sequence numbers that come next: of a goroutine by its row, of a processor, of the collector. */
  nextSeqOfGoroutine(row: number): number {
    return (this.goroutines.get(this.goroutineIds[row])?.seq ?? -1) + 1;
  }

  nextSeqOfProc(p: number): number {
    return (this.procs.get(p)?.seq ?? -1) + 1;
  }

  get nextCollectorSeq(): number {
    return this.gcSeq + 1;
  }

  isIdle(p: number): boolean {
    return this.procs.get(p)?.status === ProcStatus.idle;
  }

  /** Row of a goroutine's id, -1 for none. */
  goroutineRow(id: number): number {
    return id === none ? none : this.rowOf(id, this.goroutineRows, this.goroutineIds);
  }

  /** Row of a thread's id, -1 for none. */
  threadRow(id: number): number {
    return id === none ? none : this.rowOf(id, this.threadRows, this.threadIds);
  }

  /**
   * Appends the event to the order, and what it implies; false where it has to wait for events of other threads.
   * @throws TraceFault where it contradicts what came before
   */
  advance(event: Cursor): boolean {
    const thread = (event.thread ??= this.threadOf(event.m));
    const ok = this.dispatch(event, thread);
    if (thread === this.noThread) {
      thread.p = none;
      thread.g = none;
    }
    return ok;
  }

  private dispatch(event: Cursor, thread: Thread): boolean {
    const { type } = event;
    switch (type) {
      case Ev.procStart:
        return this.procStart(event, thread);
      case Ev.procStop:
        return this.procStop(event, thread);
      case Ev.procSteal:
        return this.procSteal(event, thread);
      case Ev.procStatus:
        return this.procStatus(event, thread);
      case Ev.goCreate:
      case Ev.goCreateBlocked:
        return this.goCreate(event, thread);
      case Ev.goCreateSyscall:
        return this.goCreateSyscall(event, thread);
      case Ev.goStart:
        return this.goStart(event, thread);
      case Ev.goDestroy:
      case Ev.goStop:
      case Ev.goBlock:
        return this.goStopExec(event, thread);
      case Ev.goDestroySyscall:
        return this.goDestroySyscall(event, thread);
      case Ev.goUnblock:
        return this.goUnblock(event, thread);
      case Ev.goSwitch:
      case Ev.goSwitchDestroy:
        return this.goSwitch(event, thread);
      case Ev.goSyscallBegin:
        return this.goSyscallBegin(event, thread);
      case Ev.goSyscallEnd:
        return this.goSyscallEnd(event, thread);
      case Ev.goSyscallEndBlocked:
        return this.goSyscallEndBlocked(event, thread);
      case Ev.goStatus:
      case Ev.goStatusStack:
        return this.goStatus(event, thread);
      case Ev.gcActive:
      case Ev.gcBegin:
      case Ev.gcEnd:
        return this.gcEvent(event, thread);
      case Ev.userTaskBegin:
      case Ev.userTaskEnd:
        return this.taskEvent(event, thread);
      case Ev.userRegionBegin:
      case Ev.userRegionEnd:
        return this.regionEvent(event, thread);
      case Ev.heapAlloc:
      case Ev.heapGoal:
        this.needs(event, thread, true, false);
        return this.emit(event, thread);
      case Ev.procsChange:
      case Ev.goLabel:
      case Ev.userLog:
        this.needs(event, thread, true, true);
        return this.emit(event, thread);
      default:
        if (type < Ev.span) {
          return this.rangeEvent(event, thread);
        }
        this.needs(event, thread, false, false);
        return this.emit(event, thread);
    }
  }

  private procStart(event: Cursor, thread: Thread): boolean {
    const { arg0: p, arg1: seq } = event;
    const proc = this.procs.get(p);
    if (proc?.status !== ProcStatus.idle || !this.succeeds(proc, seq) || thread.p !== none) {
      return false;
    }
    this.needs(event, thread, false, false);
    proc.status = ProcStatus.running;
    proc.seq = seq;
    this.change(event, thread, p, ProcState.idle, ProcState.running);
    thread.p = p;
    return true;
  }

  private procStop(event: Cursor, thread: Thread): boolean {
    const { p } = thread;
    const proc = this.procOf(thread);
    if (proc?.status !== ProcStatus.running && proc?.status !== ProcStatus.syscall) {
      throw this.fault(event, `processor ${p} stops but does not run`);
    }
    this.needs(event, thread, true, false);
    proc.status = ProcStatus.idle;
    this.change(event, thread, p, ProcState.running, ProcState.idle);
    thread.p = none;
    return true;
  }

  private procSteal(event: Cursor, thread: Thread): boolean {
    const { arg0: p, arg1: seq, arg2: m } = event;
    const proc = this.procs.get(p);
    const isAbandoned = proc?.status === ProcStatus.abandoned;
    if (!proc || (proc.status !== ProcStatus.syscall && !isAbandoned) || !this.succeeds(proc, seq)) {
      return false;
    }
    this.needs(event, thread, false, false);
    proc.status = ProcStatus.idle;
    proc.seq = seq;
    if (isAbandoned) {
      this.change(event, thread, p, ProcState.idle, ProcState.idle);
      return true;
    }
    const other = m === thread.id ? thread : this.threads.get(m);
    if (other?.p !== p) {
      throw this.fault(event, `processor ${p} is stolen from thread ${m}, which has ${other ? other.p : 'no record'}`);
    }
    this.change(event, thread, p, ProcState.running, ProcState.idle);
    other.p = none;
    this.robbed = other.row;
    return true;
  }

  private procStatus(event: Cursor, thread: Thread): boolean {
    const { arg0: p, arg1: status } = event;
    if (!(status >= 0 && status < procStateOf.length)) {
      throw this.fault(event, `processor ${p} has the unknown status ${status}`);
    }
    const proc = this.procs.get(p);
    const isLost = status === ProcStatus.abandoned;
    const isPromoted = isLost && proc?.status === ProcStatus.syscall;
    let from: number = procStateOf[status];
    if (!proc) {
      this.hold();
      this.procs.set(p, { id: p, status, seq: 0, gen: this.generation.gen, ranges: undefined });
      from = this.isInitial ? ProcState.undetermined : ProcState.notExist;
    } else if (!isPromoted && proc.status !== status) {
      throw this.fault(event, `processor ${p} has status ${status}, and by the events before it ${proc.status}`);
    } else {
      proc.seq = 0;
      proc.gen = this.generation.gen;
    }
    if (isPromoted) {
      // Said by another thread than the one it is bound to.
      const holder = this.holderOf(p);
      if (!holder) {
        throw this.fault(event, `no thread has processor ${p}, which is about to be stolen`);
      }
      this.change(event, holder, p, ProcState.running, ProcState.running);
      return true;
    }
    this.change(event, thread, p, from, procStateOf[status]);
    if (status === ProcStatus.running || status === ProcStatus.syscall) {
      thread.p = p;
    }
    return true;
  }

  private holderOf(p: number): Thread | undefined {
    this.work(this.threads.size);
    let holder: Thread | undefined;
    this.threads.forEach((thread) => (holder = thread.p === p ? thread : holder));
    return holder;
  }

  private goCreate(event: Cursor, thread: Thread): boolean {
    this.needs(event, thread, true, false);
    const current = this.goroutineOf(thread);
    if (current && current.status !== GoStatus.running) {
      throw this.fault(event, `goroutine ${thread.g} starts another but does not run`);
    }
    const isBlocked = event.type === Ev.goCreateBlocked;
    const goroutine = this.newGoroutine(event, isBlocked ? GoStatus.waiting : GoStatus.runnable);
    this.change(event, thread, goroutine.row, GoState.notExist, isBlocked ? GoState.waiting : GoState.runnable);
    return true;
  }

  private goCreateSyscall(event: Cursor, thread: Thread): boolean {
    this.needs(event, thread, false, false);
    if (thread.g !== none) {
      throw this.fault(event, `thread ${thread.id} has goroutine ${thread.g} when it starts one`);
    }
    const goroutine = this.newGoroutine(event, GoStatus.syscall);
    this.change(event, thread, goroutine.row, GoState.notExist, GoState.syscall);
    thread.g = goroutine.id;
    return true;
  }

  private newGoroutine(event: Cursor, status: number): Goroutine {
    const { arg0: id } = event;
    if (this.goroutines.has(id)) {
      throw this.fault(event, `goroutine ${id} is started but was there`);
    }
    return this.addGoroutine(id, status);
  }

  private addGoroutine(id: number, status: number): Goroutine {
    this.hold();
    const goroutine = {
      id,
      row: this.goroutineRow(id),
      status,
      seq: 0,
      gen: this.generation.gen,
      isGone: false,
      regions: undefined,
      ranges: undefined,
    };
    this.goroutines.set(id, goroutine);
    this.recent[id & (recentCount - 1)] = goroutine;
    return goroutine;
  }

  private remove(goroutine: Goroutine): void {
    const { id, regions, ranges } = goroutine;
    this.goroutines.delete(id);
    goroutine.isGone = true;
    this.held -= record * (1 + (regions?.length ?? 0) + (ranges?.length ?? 0));
  }

  private goStart(event: Cursor, thread: Thread): boolean {
    const { arg0: id, arg1: seq } = event;
    const goroutine = this.goroutine(id);
    if (goroutine?.status !== GoStatus.runnable || !this.succeeds(goroutine, seq)) {
      return false;
    }
    this.needs(event, thread, true, false);
    if (thread.g !== none) {
      throw this.fault(event, `goroutine ${id} runs on a thread that has goroutine ${thread.g}`);
    }
    goroutine.status = GoStatus.running;
    goroutine.seq = seq;
    this.change(event, thread, goroutine.row, GoState.runnable, GoState.running);
    thread.g = id;
    thread.goroutine = goroutine;
    return true;
  }

  private goStopExec(event: Cursor, thread: Thread): boolean {
    const goroutine = this.current(event, thread, GoStatus.running);
    if (event.type === Ev.goDestroy) {
      this.remove(goroutine);
      this.change(event, thread, goroutine.row, GoState.running, GoState.notExist);
    } else {
      const isBlock = event.type === Ev.goBlock;
      goroutine.status = isBlock ? GoStatus.waiting : GoStatus.runnable;
      this.change(event, thread, goroutine.row, GoState.running, isBlock ? GoState.waiting : GoState.runnable);
    }
    thread.g = none;
    return true;
  }

  private goUnblock(event: Cursor, thread: Thread): boolean {
    const { arg0: id, arg1: seq } = event;
    const goroutine = this.goroutine(id);
    if (goroutine?.status !== GoStatus.waiting || !this.succeeds(goroutine, seq)) {
      return false;
    }
    goroutine.status = GoStatus.runnable;
    goroutine.seq = seq;
    this.change(event, thread, goroutine.row, GoState.waiting, GoState.runnable);
    return true;
  }

  /** Is an unblock of the next goroutine, a block or the end of the current one, and a start of the next. */
  private goSwitch(event: Cursor, thread: Thread): boolean {
    const goroutine = this.current(event, thread, GoStatus.running);
    const { arg0: id, arg1: seq } = event;
    const next = this.goroutine(id);
    if (next?.status !== GoStatus.waiting || !this.succeeds(next, seq)) {
      return false;
    }
    const { row, p } = thread;
    this.change(event, thread, next.row, GoState.waiting, GoState.runnable);
    const isSwitch = event.type === Ev.goSwitch;
    const states = GoState.running * 8 + (isSwitch ? GoState.waiting : GoState.notExist);
    const type = isSwitch ? Ev.goBlock : Ev.goDestroy;
    this.events.push(type, states, event.time, row, p, goroutine.row, goroutine.row, 0);
    if (isSwitch) {
      goroutine.status = GoStatus.waiting;
    } else {
      this.remove(goroutine);
    }
    next.status = GoStatus.running;
    next.seq = seq;
    this.events.push(Ev.goStart, GoState.runnable * 8 + GoState.running, event.time, row, p, none, next.row, 0);
    thread.g = id;
    thread.goroutine = next;
    return true;
  }

  private goSyscallBegin(event: Cursor, thread: Thread): boolean {
    const goroutine = this.current(event, thread, GoStatus.running);
    const proc = this.procOf(thread);
    const { arg0: seq } = event;
    if (!proc || !this.succeeds(proc, seq)) {
      throw this.fault(event, `processor ${thread.p} has sequence ${proc?.seq}, and the system call ${seq}`);
    }
    goroutine.status = GoStatus.syscall;
    proc.status = ProcStatus.syscall;
    proc.seq = seq;
    this.change(event, thread, goroutine.row, GoState.running, GoState.syscall);
    return true;
  }

  private goSyscallEnd(event: Cursor, thread: Thread): boolean {
    const goroutine = this.current(event, thread, GoStatus.syscall);
    const proc = this.procOf(thread);
    if (proc?.status !== ProcStatus.syscall) {
      throw this.fault(event, `processor ${thread.p} is in no system call when one ends`);
    }
    goroutine.status = GoStatus.running;
    proc.status = ProcStatus.running;
    this.change(event, thread, goroutine.row, GoState.syscall, GoState.running);
    return true;
  }

  private goSyscallEndBlocked(event: Cursor, thread: Thread): boolean {
    if (thread.p !== none && this.procOf(thread)?.status === ProcStatus.syscall) {
      return false;
    }
    const goroutine = this.inSyscall(event, thread);
    goroutine.status = GoStatus.runnable;
    this.change(event, thread, goroutine.row, GoState.syscall, GoState.runnable);
    thread.g = none;
    return true;
  }

  private goDestroySyscall(event: Cursor, thread: Thread): boolean {
    const goroutine = this.inSyscall(event, thread);
    const { row, p } = thread;
    this.remove(goroutine);
    if (p !== none) {
      const proc = this.procOf(thread);
      if (proc?.status !== ProcStatus.syscall) {
        throw this.fault(event, `processor ${p} is in no system call when its goroutine ends in one`);
      }
      proc.status = ProcStatus.abandoned;
      const states = ProcState.running * 8 + ProcState.idle;
      this.events.push(Ev.procSteal, states, event.time, row, p, goroutine.row, p, 0);
    }
    this.change(event, thread, goroutine.row, GoState.syscall, GoState.notExist);
    thread.p = none;
    thread.g = none;
    return true;
  }

  private inSyscall(event: Cursor, thread: Thread): Goroutine {
    this.needs(event, thread, false, true);
    const goroutine = this.goroutineOf(thread);
    if (goroutine?.status !== GoStatus.syscall) {
      throw this.fault(event, `goroutine ${thread.g} is in no system call`);
    }
    return goroutine;
  }

  private goStatus(event: Cursor, thread: Thread): boolean {
    const { arg0: id, arg1: m, arg2: status } = event;
    if (!(status >= 0 && status < goStateOf.length)) {
      throw this.fault(event, `goroutine ${id} has the unknown status ${status}`);
    }
    let goroutine = this.goroutine(id);
    let from: number = goStateOf[status];
    if (goroutine) {
      if (goroutine.status !== status) {
        throw this.fault(
          event,
          `goroutine ${id} has status ${status}, and by the events before it ${goroutine.status}`
        );
      }
      goroutine.seq = 0;
      goroutine.gen = this.generation.gen;
    } else if (this.isInitial) {
      goroutine = this.addGoroutine(id, status);
      from = GoState.undetermined;
    } else {
      throw this.fault(event, `goroutine ${id} is there without having been started`);
    }
    // In a system call it may be on another thread than the one that says so, whose processor the event carries.
    let { row, g } = thread;
    let isBound = status === GoStatus.running;
    if (status === GoStatus.syscall) {
      isBound = m === thread.id && m !== none;
      ({ row, g } = isBound ? this.bound(event, thread, id) : this.elsewhere(event, thread, id, m));
    }
    this.checkIds(event);
    const states = from * 8 + goStateOf[status];
    this.events.push(event.type, states, event.time, row, thread.p, this.goroutineRow(g), goroutine.row, event.offset);
    if (isBound) {
      thread.g = id;
    }
    return true;
  }

  private bound(event: Cursor, thread: Thread, id: number): Pick<Thread, 'row' | 'g'> {
    if (!this.isInitial && thread.g !== id) {
      throw this.fault(
        event,
        `goroutine ${id} is in a system call on thread ${thread.id}, which has goroutine ${thread.g}`
      );
    }
    return thread;
  }

  private elsewhere(event: Cursor, thread: Thread, id: number, m: number): Pick<Thread, 'row' | 'g'> {
    const other = this.threads.get(m);
    if (m === none || (other && other.g !== id)) {
      throw this.fault(
        event,
        `goroutine ${id} is in a system call on thread ${m}, which has goroutine ${other?.g ?? 'none'}`
      );
    }
    const { row } = this.threadOf(m);
    this.threadOf(m).g = id;
    return { row, g: other ? id : thread.g };
  }

  private gcEvent(event: Cursor, thread: Thread): boolean {
    const { arg0: seq } = event;
    const { type, gc } = { type: event.type, gc: this.gc };
    const isFirst = type === Ev.gcActive ? this.isInitial : type === Ev.gcBegin && gc === 'unknown';
    if (isFirst) {
      if (gc !== 'unknown') {
        throw this.fault(event, 'a garbage collection goes on that is not the first');
      }
    } else {
      if (seq !== this.gcSeq + 1) {
        return false;
      }
      if (type === Ev.gcBegin ? gc === 'on' : gc !== 'on') {
        throw this.fault(
          event,
          `a garbage collection ${type === Ev.gcBegin ? 'begins while' : 'goes on when'} it is ${gc}`
        );
      }
      this.needs(event, thread, true, true);
    }
    this.gcSeq = seq;
    this.gc = type === Ev.gcEnd ? 'off' : 'on';
    return this.emit(event, thread);
  }

  private taskEvent(event: Cursor, thread: Thread): boolean {
    const { arg0: task } = event;
    if (event.type === Ev.userTaskEnd) {
      if (this.tasks.delete(task)) {
        this.release();
      }
    } else {
      if (this.tasks.has(task)) {
        throw this.fault(event, `task ${task} begins twice`);
      }
      this.hold();
      this.tasks.add(task);
    }
    this.needs(event, thread, true, true);
    return this.emit(event, thread);
  }

  private regionEvent(event: Cursor, thread: Thread): boolean {
    this.needs(event, thread, true, true);
    this.checkIds(event);
    const { arg0: task, arg1: text } = event;
    const goroutine = this.own(event, thread);
    const name = this.textOf(text);
    const regions = (goroutine.regions ??= []);
    const last = regions.at(-1);
    if (event.type === Ev.userRegionBegin) {
      this.hold();
      regions.push({ task, name });
    } else if (last) {
      if (last.task !== task || last.name !== name) {
        throw this.fault(event, `region "${name}" ends inside of "${last.name}"`);
      }
      regions.pop();
      this.release();
    }
    return this.emit(event, thread);
  }

  /** Stop-the-world, mark assist and sweep: stretches of time of a goroutine or a processor. */
  private rangeEvent(event: Cursor, thread: Thread): boolean {
    const { type, arg0 } = event;
    switch (type) {
      case Ev.stwBegin:
      case Ev.gcMarkAssistBegin:
        this.needs(event, thread, true, true);
        this.openRange(event, this.own(event, thread), type === Ev.stwBegin ? arg0 : assist, false);
        break;
      case Ev.stwEnd:
      case Ev.gcMarkAssistEnd:
        this.needs(event, thread, true, true);
        this.closeRange(event, this.own(event, thread), type === Ev.stwEnd ? 0 : assist);
        break;
      case Ev.gcMarkAssistActive:
        this.openRange(event, this.known(event, arg0), assist, true);
        break;
      case Ev.gcSweepActive:
        this.openRange(event, this.knownProc(event, arg0), sweep, true);
        break;
      case Ev.gcSweepBegin:
      case Ev.gcSweepEnd: {
        this.needs(event, thread, true, false);
        const proc = this.knownProc(event, thread.p);
        if (type === Ev.gcSweepBegin) {
          this.openRange(event, proc, sweep, false);
        } else {
          this.closeRange(event, proc, sweep);
        }
        break;
      }
      default:
        throw this.fault(event, `an event of type ${type} does not belong here`);
    }
    return this.emit(event, thread);
  }

  private openRange(event: Cursor, of: { ranges?: number[] }, range: number, isActive: boolean): void {
    const ranges = (of.ranges ??= []);
    this.work(ranges.length);
    const isOpen = ranges.includes(range);
    if (isOpen !== (isActive && !this.isInitial)) {
      throw this.fault(event, `a range of type ${event.type} ${isOpen ? 'begins twice' : 'goes on that never began'}`);
    }
    if (!isOpen) {
      this.hold();
      ranges.push(range);
    }
  }

  /** @param range of a stop-the-world 0: any kind */
  private closeRange(event: Cursor, of: { ranges?: number[] }, range: number): void {
    const ranges = of.ranges ?? [];
    this.work(ranges.length);
    const i = ranges.findIndex((one) => (range < 0 ? one === range : one >= 0));
    if (i < 0) {
      throw this.fault(event, `a range of type ${event.type} ends that never began`);
    }
    ranges[i] = ranges[ranges.length - 1];
    ranges.pop();
    this.release();
  }

  private get isInitial(): boolean {
    return this.generation.gen === this.initialGen;
  }

  private succeeds(of: { gen: number; seq: number }, seq: number): boolean {
    return of.gen === this.generation.gen && seq === of.seq + 1;
  }

  /** The thread's goroutine, which has this status; its processor is there too. */
  private current(event: Cursor, thread: Thread, status: number): Goroutine {
    this.needs(event, thread, true, true);
    const goroutine = this.own(event, thread);
    if (goroutine.status !== status) {
      throw this.fault(event, `goroutine ${thread.g} has status ${goroutine.status}, expected ${status}`);
    }
    return goroutine;
  }

  private known(event: Cursor, id: number): Goroutine {
    const goroutine = this.goroutine(id);
    if (!goroutine) {
      throw this.fault(event, `goroutine ${id} is not there`);
    }
    return goroutine;
  }

  /** As `known`, of a thread's goroutine. */
  private own(event: Cursor, thread: Thread): Goroutine {
    return this.goroutineOf(thread) ?? this.known(event, thread.g);
  }

  private goroutineOf(thread: Thread): Goroutine | undefined {
    const { g, goroutine } = thread;
    if (goroutine?.id === g && !goroutine.isGone) {
      return goroutine;
    }
    return (thread.goroutine = this.goroutines.get(g));
  }

  private goroutine(id: number): Goroutine | undefined {
    const at = id & (recentCount - 1);
    const recent = this.recent[at];
    if (recent?.id === id && !recent.isGone) {
      return recent;
    }
    const goroutine = this.goroutines.get(id);
    if (goroutine) {
      this.recent[at] = goroutine;
    }
    return goroutine;
  }

  private procOf(thread: Thread): Proc | undefined {
    const { p, proc } = thread;
    return proc?.id === p ? proc : (thread.proc = this.procs.get(p));
  }

  /** Row of a thread's goroutine, -1 for none. */
  private ownRow({ g, goroutine }: Thread): number {
    return goroutine?.id === g ? goroutine.row : this.goroutineRow(g);
  }

  private knownProc(event: Cursor, p: number): Proc {
    const proc = this.procs.get(p);
    if (!proc) {
      throw this.fault(event, `processor ${p} is not there`);
    }
    return proc;
  }

  private needs(event: Cursor, { id, p, g }: Thread, proc: boolean, goroutine: boolean): void {
    const missing =
      id === none ? 'thread' : proc && p === none ? 'processor' : goroutine && g === none ? 'goroutine' : '';
    if (missing !== '') {
      throw this.fault(event, `an event of type ${event.type} has no ${missing}`);
    }
  }

  private emit(event: Cursor, thread: Thread): true {
    this.change(event, thread, none, 0, 0);
    return true;
  }

  private change(event: Cursor, thread: Thread, subject: number, from: number, to: number): void {
    this.checkIds(event);
    const { type, time, offset } = event;
    this.events.push(type, from * 8 + to, time, thread.row, thread.p, this.ownRow(thread), subject, offset);
  }

  private checkIds(event: Cursor): void {
    const { type } = event;
    const ids = stackArgs[type] | textArgs[type];
    for (let i = 0; ids >> i !== 0; i++) {
      if ((ids >> i) & 1) {
        const isStack = ((stackArgs[type] >> i) & 1) === 1;
        const id = i === 0 ? event.arg0 : i === 1 ? event.arg1 : i === 2 ? event.arg2 : event.arg3;
        if (!(isStack ? this.generation.stacks : this.generation.texts).has(id)) {
          throw this.fault(event, `${isStack ? 'stack' : 'text'} ${id} is not there`);
        }
      }
    }
  }

  private threadOf(id: number): Thread {
    if (id === none) {
      return this.noThread;
    }
    let thread = this.threads.get(id);
    if (!thread) {
      this.hold();
      this.threads.set(id, (thread = newThread(id, this.threadRow(id))));
    }
    return thread;
  }

  private rowOf(id: number, rows: Map<number, number>, ids: number[]): number {
    let row = rows.get(id);
    if (row === undefined) {
      this.hold(1);
      rows.set(id, (row = ids.length));
      ids.push(id);
    }
    return row;
  }

  private hold(entries = record): void {
    this.held += entries;
    if (this.held > this.maxHeld) {
      throw traceTooLarge(
        `the trace has more than ${grouped(this.maxHeld / record)} goroutines, threads, tasks and regions`
      );
    }
  }

  private release(): void {
    this.held -= record;
  }

  private fault(event: Cursor, message: string): TraceFault {
    return new TraceFault(message, event.offset);
  }
}
