import { grouped } from '../../text/notice';
import { memoryLeft } from '../memory';
import type { Generation } from './batches';
import type { Cursor } from './cursor';
import type { EventColumns } from './events';
import { Ev, goStateOf, GoState, GoStatus, procStateOf, ProcState, ProcStatus, idArgs, stackArgs } from './eventTypes';
import { TraceFault, traceTooLarge } from './fault';
import { Goroutines, IdRows, newThread, type Proc, type Thread } from './scheduler';

const none = -1;
/** Ranges of a goroutine are mark assist and stop-the-world, the latter by the id of its kind; of a processor sweeping. */
const assist = -1;
const sweep = -2;

/** Most processors that a process may have. */
const maxProcs = 1_000_000;

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
  private readonly goroutines = new Goroutines();
  private readonly threadRows = new IdRows();
  private readonly procs = new Map<number, Proc>();
  private readonly threads = new Map<number, Thread>();
  private readonly tasks = new Set<number>();
  private gc: 'unknown' | 'off' | 'on' = 'unknown';
  private gcSeq = 0;
  private initialGen = 0;
  /** Whether the generation at hand is the first. */
  private isInitial = true;
  private gen = 0;
  private generation!: Generation;
  private textOf!: (id: number) => string;
  /** Row of the thread that lost its processor to another one last, -1 for none. */
  robbed = none;
  /** Steps of searching, over all events. */
  stepsTaken = 0;
  private held = 0;
  private readonly maxHeld: number;
  private readonly noThread = newThread(none, none);
  /** Ids of goroutines and threads by their rows. */
  readonly goroutineIds: readonly number[] = this.goroutines.ids;
  readonly threadIds: readonly number[] = this.threadRows.ids;

  constructor(
    private readonly fileBytes: number,
    private readonly events: EventColumns
  ) {
    this.maxHeld = Math.floor(memoryLeft(fileBytes) / (2.5 * heldBytes));
  }

  /** Forgets all state: the next generation is as the first of a trace, since each says all state anew. Rows stay. */
  restart(): void {
    this.goroutines.clear();
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
    this.isInitial = generation.gen === this.initialGen;
    this.gen = generation.gen;
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
    return this.goroutines.status[row] > 0 ? this.goroutines.seq[row] + 1 : 0;
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
    const known = this.goroutines.find(id);
    return known >= 0 || id === none ? known : this.newGoroutineRow(id);
  }

  /** Row of a thread's id, -1 for none. */
  threadRow(id: number): number {
    const known = this.threadRows.find(id);
    if (known >= 0 || id === none) {
      return known;
    }
    this.hold(1);
    return this.threadRows.add(id);
  }

  private newGoroutineRow(id: number): number {
    this.hold(1);
    return this.goroutines.add(id);
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
    // The frequent ones first: until it is compiled each case is compared in turn.
    switch (type) {
      case Ev.goStart:
        return this.goStart(event, thread);
      case Ev.goStop:
      case Ev.goBlock:
      case Ev.goDestroy:
        return this.goStopExec(event, thread);
      case Ev.goUnblock:
        return this.goUnblock(event, thread);
      case Ev.goSyscallBegin:
        return this.goSyscallBegin(event, thread);
      case Ev.goSyscallEnd:
        return this.goSyscallEnd(event, thread);
      case Ev.heapAlloc:
      case Ev.heapGoal:
        this.needs(event, thread, true, false);
        return this.emit(event, thread);
      case Ev.goCreate:
      case Ev.goCreateBlocked:
        return this.goCreate(event, thread);
      case Ev.goCreateSyscall:
        return this.goCreateSyscall(event, thread);
      case Ev.procStart:
        return this.procStart(event, thread);
      case Ev.procStop:
        return this.procStop(event, thread);
      case Ev.procSteal:
        return this.procSteal(event, thread);
      case Ev.procStatus:
        return this.procStatus(event, thread);
      case Ev.goDestroySyscall:
        return this.goDestroySyscall(event, thread);
      case Ev.goSwitch:
      case Ev.goSwitchDestroy:
        return this.goSwitch(event, thread);
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
      case Ev.procsChange:
        // The runtime counts them as int32; a million is more than any machine has.
        if (!(event.arg0 >= 0 && event.arg0 <= maxProcs)) {
          throw this.fault(event, `GOMAXPROCS is ${event.arg0}`);
        }
        this.needs(event, thread, true, true);
        return this.emit(event, thread);
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
      this.procs.set(p, { id: p, status, seq: 0, gen: this.gen, ranges: undefined });
      from = this.isInitial ? ProcState.undetermined : ProcState.notExist;
    } else if (!isPromoted && proc.status !== status) {
      throw this.fault(event, `processor ${p} has status ${status}, and by the events before it ${proc.status}`);
    } else {
      proc.seq = 0;
      proc.gen = this.gen;
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
    const { status } = this.goroutines;
    if (thread.g !== none && status[thread.g] !== GoStatus.running && status[thread.g] !== 0) {
      throw this.fault(event, `goroutine ${this.idOf(thread)} starts another but does not run`);
    }
    const isBlocked = event.type === Ev.goCreateBlocked;
    const row = this.newGoroutine(event, isBlocked ? GoStatus.waiting : GoStatus.runnable);
    this.change(event, thread, row, GoState.notExist, isBlocked ? GoState.waiting : GoState.runnable, event.arg2);
    return true;
  }

  private goCreateSyscall(event: Cursor, thread: Thread): boolean {
    this.needs(event, thread, false, false);
    if (thread.g !== none) {
      throw this.fault(event, `thread ${thread.id} has goroutine ${this.idOf(thread)} when it starts one`);
    }
    const row = this.newGoroutine(event, GoStatus.syscall);
    this.change(event, thread, row, GoState.notExist, GoState.syscall);
    thread.g = row;
    return true;
  }

  private newGoroutine(event: Cursor, status: number): number {
    const { arg0: id } = event;
    const { goroutines } = this;
    const known = goroutines.find(id);
    if (known >= 0 && goroutines.status[known] > 0) {
      throw this.fault(event, `goroutine ${id} is started but was there`);
    }
    return this.addGoroutine(known >= 0 ? known : this.newGoroutineRow(id), status);
  }

  private addGoroutine(row: number, status: number): number {
    this.hold();
    const { goroutines } = this;
    goroutines.status[row] = status;
    goroutines.seq[row] = 0;
    goroutines.gen[row] = this.gen;
    return row;
  }

  private remove(row: number): void {
    const { status, regions, ranges } = this.goroutines;
    status[row] = 0;
    this.held -= record * (1 + (regions[row]?.length ?? 0) + (ranges[row]?.length ?? 0));
    regions[row] = undefined;
    ranges[row] = undefined;
  }

  private goStart(event: Cursor, thread: Thread): boolean {
    const { goroutines } = this;
    const row = goroutines.find(event.arg0);
    if (row < 0 || goroutines.status[row] !== GoStatus.runnable || !this.follows(row, event.arg1)) {
      return false;
    }
    this.needs(event, thread, true, false);
    if (thread.g !== none) {
      throw this.fault(event, `goroutine ${event.arg0} runs on a thread that has goroutine ${this.idOf(thread)}`);
    }
    goroutines.status[row] = GoStatus.running;
    goroutines.seq[row]++;
    this.change(event, thread, row, GoState.runnable, GoState.running);
    thread.g = row;
    return true;
  }

  private goStopExec(event: Cursor, thread: Thread): boolean {
    const row = this.current(event, thread, GoStatus.running);
    const { type } = event;
    if (type === Ev.goDestroy) {
      this.remove(row);
      this.change(event, thread, row, GoState.running, GoState.notExist);
    } else {
      const isBlock = type === Ev.goBlock;
      const to = isBlock ? GoState.waiting : GoState.runnable;
      this.goroutines.status[row] = isBlock ? GoStatus.waiting : GoStatus.runnable;
      this.change(event, thread, row, GoState.running, to, event.arg1, event.arg0);
    }
    thread.g = none;
    return true;
  }

  private goUnblock(event: Cursor, thread: Thread): boolean {
    const { goroutines } = this;
    const row = goroutines.find(event.arg0);
    if (row < 0 || goroutines.status[row] !== GoStatus.waiting || !this.follows(row, event.arg1)) {
      return false;
    }
    goroutines.status[row] = GoStatus.runnable;
    goroutines.seq[row]++;
    this.change(event, thread, row, GoState.waiting, GoState.runnable, event.arg2);
    return true;
  }

  /** Is an unblock of the next goroutine, a block or the end of the current one, and a start of the next. */
  private goSwitch(event: Cursor, thread: Thread): boolean {
    const own = this.current(event, thread, GoStatus.running);
    const { goroutines } = this;
    const next = goroutines.find(event.arg0);
    if (next < 0 || goroutines.status[next] !== GoStatus.waiting || !this.follows(next, event.arg1)) {
      return false;
    }
    const { row, p } = thread;
    this.change(event, thread, next, GoState.waiting, GoState.runnable);
    const isSwitch = event.type === Ev.goSwitch;
    const states = GoState.running * 8 + (isSwitch ? GoState.waiting : GoState.notExist);
    const type = isSwitch ? Ev.goBlock : Ev.goDestroy;
    this.events.push(type, states, event.time, row, p, own, own, 0, 0, 0);
    if (isSwitch) {
      goroutines.status[own] = GoStatus.waiting;
    } else {
      this.remove(own);
    }
    goroutines.status[next] = GoStatus.running;
    goroutines.seq[next]++;
    this.events.push(Ev.goStart, GoState.runnable * 8 + GoState.running, event.time, row, p, none, next, 0, 0, 0);
    thread.g = next;
    return true;
  }

  private goSyscallBegin(event: Cursor, thread: Thread): boolean {
    const row = this.current(event, thread, GoStatus.running);
    const proc = this.procOf(thread);
    const { arg0: seq } = event;
    if (!proc || !this.succeeds(proc, seq)) {
      throw this.fault(event, `processor ${thread.p} has sequence ${proc?.seq}, and the system call ${seq}`);
    }
    this.goroutines.status[row] = GoStatus.syscall;
    proc.status = ProcStatus.syscall;
    proc.seq = seq;
    this.change(event, thread, row, GoState.running, GoState.syscall, event.arg1);
    return true;
  }

  private goSyscallEnd(event: Cursor, thread: Thread): boolean {
    const row = this.current(event, thread, GoStatus.syscall);
    const proc = this.procOf(thread);
    if (proc?.status !== ProcStatus.syscall) {
      throw this.fault(event, `processor ${thread.p} is in no system call when one ends`);
    }
    this.goroutines.status[row] = GoStatus.running;
    proc.status = ProcStatus.running;
    this.change(event, thread, row, GoState.syscall, GoState.running);
    return true;
  }

  private goSyscallEndBlocked(event: Cursor, thread: Thread): boolean {
    if (thread.p !== none && this.procOf(thread)?.status === ProcStatus.syscall) {
      return false;
    }
    const row = this.inSyscall(event, thread);
    this.goroutines.status[row] = GoStatus.runnable;
    this.change(event, thread, row, GoState.syscall, GoState.runnable);
    thread.g = none;
    return true;
  }

  private goDestroySyscall(event: Cursor, thread: Thread): boolean {
    const g = this.inSyscall(event, thread);
    const { row, p } = thread;
    this.remove(g);
    if (p !== none) {
      const proc = this.procOf(thread);
      if (proc?.status !== ProcStatus.syscall) {
        throw this.fault(event, `processor ${p} is in no system call when its goroutine ends in one`);
      }
      proc.status = ProcStatus.abandoned;
      const states = ProcState.running * 8 + ProcState.idle;
      this.events.push(Ev.procSteal, states, event.time, row, p, g, p, 0, 0, 0);
    }
    this.change(event, thread, g, GoState.syscall, GoState.notExist);
    thread.p = none;
    thread.g = none;
    return true;
  }

  private inSyscall(event: Cursor, thread: Thread): number {
    this.needs(event, thread, false, true);
    if (this.goroutines.status[thread.g] !== GoStatus.syscall) {
      throw this.fault(event, `goroutine ${this.idOf(thread)} is in no system call`);
    }
    return thread.g;
  }

  private goStatus(event: Cursor, thread: Thread): boolean {
    const { arg0: id, arg1: m, arg2: status } = event;
    if (!(status >= 0 && status < goStateOf.length)) {
      throw this.fault(event, `goroutine ${id} has the unknown status ${status}`);
    }
    const { goroutines } = this;
    let subject = this.known(id);
    let from: number = goStateOf[status];
    if (subject >= 0) {
      if (goroutines.status[subject] !== status) {
        throw this.fault(
          event,
          `goroutine ${id} has status ${status}, and by the events before it ${goroutines.status[subject]}`
        );
      }
      goroutines.seq[subject] = 0;
      goroutines.gen[subject] = this.gen;
    } else if (this.isInitial) {
      subject = this.addGoroutine(this.goroutineRow(id), status);
      from = GoState.undetermined;
    } else {
      throw this.fault(event, `goroutine ${id} is there without having been started`);
    }
    // In a system call it may be on another thread than the one that says so, whose processor the event carries.
    let { row, g } = thread;
    let isBound = status === GoStatus.running;
    if (status === GoStatus.syscall) {
      isBound = m === thread.id && m !== none;
      ({ row, g } = isBound ? this.bound(event, thread, subject) : this.elsewhere(event, thread, subject, m));
    }
    this.checkIds(event);
    const states = from * 8 + goStateOf[status];
    const stack = event.type === Ev.goStatusStack ? event.arg3 : 0;
    this.events.push(event.type, states, event.time, row, thread.p, g, subject, event.offset, stack, 0);
    if (isBound) {
      thread.g = subject;
    }
    return true;
  }

  private bound(event: Cursor, thread: Thread, g: number): Pick<Thread, 'row' | 'g'> {
    if (!this.isInitial && thread.g !== g) {
      throw this.fault(
        event,
        `goroutine ${event.arg0} is in a system call on thread ${thread.id}, which has goroutine ${this.idOf(thread)}`
      );
    }
    return thread;
  }

  private elsewhere(event: Cursor, thread: Thread, g: number, m: number): Pick<Thread, 'row' | 'g'> {
    const other = this.threads.get(m);
    if (m === none || (other && other.g !== g)) {
      throw this.fault(
        event,
        `goroutine ${event.arg0} is in a system call on thread ${m}, which has goroutine ${other ? this.idOf(other) : 'none'}`
      );
    }
    const { row } = this.threadOf(m);
    this.threadOf(m).g = g;
    return { row, g: other ? g : thread.g };
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
    const name = this.textOf(text);
    const regions = (this.goroutines.regions[this.own(event, thread)] ??= []);
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
        this.openRange(event, this.rangesOf(this.own(event, thread)), type === Ev.stwBegin ? arg0 : assist, false);
        break;
      case Ev.stwEnd:
      case Ev.gcMarkAssistEnd:
        this.needs(event, thread, true, true);
        this.closeRange(event, this.rangesOf(this.own(event, thread)), type === Ev.stwEnd ? 0 : assist);
        break;
      case Ev.gcMarkAssistActive:
        this.openRange(event, this.rangesOf(this.there(event, arg0, this.known(arg0))), assist, true);
        break;
      case Ev.gcSweepActive:
        this.openRange(event, this.sweepsOf(event, arg0), sweep, true);
        break;
      case Ev.gcSweepBegin:
        this.needs(event, thread, true, false);
        this.openRange(event, this.sweepsOf(event, thread.p), sweep, false);
        break;
      case Ev.gcSweepEnd:
        this.needs(event, thread, true, false);
        this.closeRange(event, this.sweepsOf(event, thread.p), sweep);
        break;
      default:
        throw this.fault(event, `an event of type ${type} does not belong here`);
    }
    return this.emit(event, thread);
  }

  private rangesOf(row: number): number[] {
    return (this.goroutines.ranges[row] ??= []);
  }

  private sweepsOf(event: Cursor, p: number): number[] {
    const proc = this.procs.get(p);
    if (!proc) {
      throw this.fault(event, `processor ${p} is not there`);
    }
    return (proc.ranges ??= []);
  }

  private openRange(event: Cursor, ranges: number[], range: number, isActive: boolean): void {
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
  private closeRange(event: Cursor, ranges: number[], range: number): void {
    this.work(ranges.length);
    const i = ranges.findIndex((one) => (range < 0 ? one === range : one >= 0));
    if (i < 0) {
      throw this.fault(event, `a range of type ${event.type} ends that never began`);
    }
    ranges[i] = ranges[ranges.length - 1];
    ranges.pop();
    this.release();
  }

  private succeeds(of: Proc, seq: number): boolean {
    return of.gen === this.gen && seq === of.seq + 1;
  }

  /** The same of a goroutine's row. */
  private follows(row: number, seq: number): boolean {
    const { goroutines } = this;
    return seq === goroutines.seq[row] + 1 && goroutines.gen[row] === this.gen;
  }

  /** Row of the thread's goroutine, which has this status; its processor is there too. */
  private current(event: Cursor, thread: Thread, status: number): number {
    this.needs(event, thread, true, true);
    const row = this.own(event, thread);
    const found = this.goroutines.status[row];
    if (found !== status) {
      throw this.fault(event, `goroutine ${this.idOf(thread)} has status ${found}, expected ${status}`);
    }
    return row;
  }

  /** Row of a goroutine that is there, else -1. */
  private known(id: number): number {
    const row = this.goroutines.find(id);
    return row >= 0 && this.goroutines.status[row] > 0 ? row : none;
  }

  private there(event: Cursor, id: number, row: number): number {
    if (row < 0 || this.goroutines.status[row] === 0) {
      throw this.fault(event, `goroutine ${id} is not there`);
    }
    return row;
  }

  /** Row of a thread's goroutine, which is there. */
  private own(event: Cursor, thread: Thread): number {
    return this.goroutines.status[thread.g] > 0 ? thread.g : this.there(event, this.idOf(thread), none);
  }

  /** Id of a thread's goroutine, -1 for none. */
  private idOf({ g }: Thread): number {
    return g < 0 ? none : this.goroutines.ids[g];
  }

  private procOf(thread: Thread): Proc | undefined {
    const { p, proc } = thread;
    return proc?.id === p ? proc : (thread.proc = this.procs.get(p));
  }

  private needs(event: Cursor, { id, p, g }: Thread, proc: boolean, goroutine: boolean): void {
    if (id === none || (proc && p === none) || (goroutine && g === none)) {
      const missing = id === none ? 'thread' : proc && p === none ? 'processor' : 'goroutine';
      throw this.fault(event, `an event of type ${event.type} has no ${missing}`);
    }
  }

  private emit(event: Cursor, thread: Thread): true {
    this.change(event, thread, none, 0, 0);
    return true;
  }

  private change(
    event: Cursor,
    thread: Thread,
    subject: number,
    from: number,
    to: number,
    stack = 0,
    reason = 0
  ): void {
    this.checkIds(event);
    const { type, time, offset } = event;
    this.events.push(type, from * 8 + to, time, thread.row, thread.p, thread.g, subject, offset, stack, reason);
  }

  private checkIds(event: Cursor): void {
    const { type } = event;
    const ids = idArgs[type];
    const stacks = stackArgs[type];
    if (ids & 1) {
      this.checkId(event, event.arg0, stacks & 1);
    }
    if (ids & 2) {
      this.checkId(event, event.arg1, stacks & 2);
    }
    if (ids & 4) {
      this.checkId(event, event.arg2, stacks & 4);
    }
    if (ids & 8) {
      this.checkId(event, event.arg3, stacks & 8);
    }
  }

  private checkId(event: Cursor, id: number, isStack: number): void {
    const { stacks, texts } = this.generation;
    if (!(isStack ? stacks : texts).has(id)) {
      throw this.fault(event, `${isStack ? 'stack' : 'text'} ${id} is not there`);
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
