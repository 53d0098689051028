import { isSystemFunction, RangeKind, type Execution, type Series } from '../../profile/execution';
import type { StackTables } from '../../profile/stackTables';
import { memoryLeft } from '../memory';
import { firstRows } from '../strings';
import { floats, ints, uints } from './column';
import { EventArguments } from './eventArguments';
import type { EventColumns } from './events';
import { Ev } from './eventTypes';
import { GoroutineColumns } from './goroutineColumns';
import { rangeBytes, RangeColumns } from './rangeColumns';
import type { EventSink, OrderedGeneration, TraceReader } from './reader';
import type { TraceStacks } from './stacks';
import { TaskColumns } from './taskColumns';

/** Events after which memory is counted again. */
const checkedEvents = 65_536;

const series = () => ({ time: floats(), value: floats() });
const finished = ({ time, value }: ReturnType<typeof series>): Series => ({
  time: time.finish(),
  value: value.finish(),
});

/** What a trace says beside its blocking profile, in one pass over the events of each generation. */
export class ExecutionColumns implements EventSink {
  private readonly args: EventArguments;
  private readonly goroutines: GoroutineColumns;
  private readonly ranges = new RangeColumns();
  private readonly tasks = new TaskColumns();
  private readonly heapLive = series();
  private readonly heapGoal = series();
  private readonly gomaxprocs = series();
  private readonly cpuSamples = { time: floats(), goroutine: ints(), stack: uints() };
  private readonly names: { assist: number; sweep: number; mark: number };
  private readonly stopName = new Map<number, number>();
  private readonly labelName = new Map<number, number>();
  private textOf!: (id: number) => string;
  private syncTime = 0;
  private readonly losses: Array<{ from: number; to: number }> = [];
  /** When the last generation ended. */
  private end = 0;

  constructor(
    private readonly reader: TraceReader,
    private readonly stacks: TraceStacks
  ) {
    this.args = new EventArguments(reader.bytes);
    const { tables } = stacks;
    this.names = {
      assist: tables.string('GC mark assist'),
      sweep: tables.string('GC incremental sweep'),
      mark: tables.string('GC concurrent mark phase'),
    };
    this.goroutines = new GoroutineColumns(reader.ordering.goroutineIds, this.args, stacks, {
      began: (g, time, creator) => creator >= 0 && this.tasks.inherit(g, creator, time),
      stopped: (g, time) => this.ranges.workers > 0 && this.ranges.end(RangeKind.worker, g, time),
      ended: (g, time) => this.tasks.endGoroutine(g, time),
    });
  }

  startGeneration({ isFresh, batches, syncTime }: OrderedGeneration): void {
    if (isFresh) {
      this.lose();
      // The first generation is fresh too, and what is before it is no part of the trace.
      if (this.end > 0) {
        this.losses.push({ from: this.end, to: syncTime });
      }
    }
    this.syncTime = syncTime;
    this.textOf = (id) => this.reader.text(batches, id);
    this.stopName.clear();
    this.labelName.clear();
    this.goroutines.startGeneration(syncTime, this.textOf);
  }

  /** @throws InputError where it is more than fits into memory */
  take(events: EventColumns): void {
    const { goroutines } = this;
    const { length } = events;
    for (let start = 0; start < length; start += checkedEvents) {
      this.checkMemory(events);
      const end = Math.min(length, start + checkedEvents);
      for (let i = goroutines.take(events, start, end); i < end; i = goroutines.take(events, i + 1, end)) {
        this.takeOther(events, i);
      }
    }
    // As Go does, a generation ends with a Sync after its last event.
    this.end = events.last + 1;
  }

  /** What follows could not be read: goroutines, ranges and regions end as far as is known, later ones are others. */
  private lose(): void {
    this.goroutines.lose(this.end);
    this.ranges.lose(this.end);
    this.tasks.lose(this.end);
  }

  private checkMemory(events: EventColumns): void {
    const { goroutines, ranges, tasks, heapLive, heapGoal, cpuSamples } = this;
    memoryLeft(this.reader.bytes.length + events.bytes, [
      ...goroutines.needs,
      [ranges.length, 'ranges of the runtime', rangeBytes],
      ...tasks.needs,
      [heapLive.time.length + heapGoal.time.length + cpuSamples.time.length, 'sizes of the heap and CPU samples', 24],
    ]);
  }

  /** Takes an event that changes no state. */
  private takeOther(events: EventColumns, i: number): void {
    const { args } = this;
    const offset = events.offset[i];
    const time = events.time[i];
    switch (events.type[i]) {
      case Ev.procsChange:
        return push(this.gomaxprocs, time, args.read(offset, 0));
      case Ev.heapAlloc:
        return push(this.heapLive, time, args.read(offset, 0));
      case Ev.heapGoal:
        return push(this.heapGoal, time, args.read(offset, 0));
      case Ev.cpuSample:
        this.cpuSamples.time.push(time);
        this.cpuSamples.goroutine.push(this.goroutines.current(events.g[i]));
        this.cpuSamples.stack.push(this.stacks.row(args.read(offset, 3)));
        return;
      case Ev.userTaskBegin:
      case Ev.userTaskEnd:
      case Ev.userRegionBegin:
      case Ev.userRegionEnd:
      case Ev.userLog:
        return this.takeUser(events.type[i], offset, time, this.goroutines.current(events.g[i]));
      default:
        return this.takeRange(events, i, offset, time);
    }
  }

  private takeUser(type: number, offset: number, time: number, g: number): void {
    const { args, tasks, stacks } = this;
    const task = args.read(offset, 0);
    if (type === Ev.userTaskBegin) {
      const parent = args.next();
      tasks.beginTask(task, parent, stacks.text(args.next()), time, g);
    } else if (type === Ev.userTaskEnd) {
      tasks.endTask(task, time, g);
    } else if (type === Ev.userLog) {
      const key = args.next();
      tasks.log(time, g, task, stacks.text(key), stacks.text(args.next()));
    } else if (type === Ev.userRegionBegin) {
      tasks.beginRegion(g, task, stacks.text(args.next()), time);
    } else {
      tasks.endRegion(g, task, stacks.text(args.next()), time, this.goroutines.beganAt(g));
    }
  }

  private takeRange(events: EventColumns, i: number, offset: number, time: number): void {
    const { args, ranges, names, goroutines } = this;
    const g = goroutines.current(events.g[i]);
    const p = goroutines.processor(events.p[i]);
    switch (events.type[i]) {
      case Ev.stwBegin:
        return ranges.begin(RangeKind.stopTheWorld, g, this.stopNameOf(args.read(offset, 0)), time, false, g, p);
      case Ev.stwEnd:
        ranges.end(RangeKind.stopTheWorld, g, time);
        return;
      case Ev.gcActive:
        return ranges.begin(RangeKind.mark, -1, names.mark, this.syncTime, true, -1, -1);
      case Ev.gcBegin:
        return ranges.begin(RangeKind.mark, -1, names.mark, time, false, -1, -1);
      case Ev.gcEnd:
        ranges.end(RangeKind.mark, -1, time);
        return;
      case Ev.gcMarkAssistActive: {
        const of = goroutines.current(this.reader.ordering.goroutineRow(args.read(offset, 0)));
        return ranges.begin(RangeKind.assist, of, names.assist, this.syncTime, true, of, p);
      }
      case Ev.gcMarkAssistBegin:
        return ranges.begin(RangeKind.assist, g, names.assist, time, false, g, p);
      case Ev.gcMarkAssistEnd:
        ranges.end(RangeKind.assist, g, time);
        return;
      case Ev.gcSweepActive: {
        const of = goroutines.processor(args.read(offset, 0));
        return ranges.begin(RangeKind.sweep, of, names.sweep, this.syncTime, true, g, of);
      }
      case Ev.gcSweepBegin:
        return ranges.begin(RangeKind.sweep, p, names.sweep, time, false, g, p);
      case Ev.gcSweepEnd:
        return ranges.endSweep(p, time, g, args.read(offset, 0), args.next());
      case Ev.goLabel: {
        const label = args.read(offset, 0);
        if (this.textOf(label).startsWith('GC ')) {
          ranges.begin(RangeKind.worker, g, this.stacks.text(label), time, false, g, p);
        }
        return;
      }
      default:
    }
  }

  private stopNameOf(id: number): number {
    let row = this.stopName.get(id);
    if (row === undefined) {
      this.stopName.set(id, (row = this.stacks.tables.string(`stop-the-world (${this.textOf(id)})`)));
    }
    return row;
  }

  /** @param tables of the profile, which have been finished */
  finish(tables: StackTables, tenantKeys: readonly string[]): Execution {
    const { heapLive, heapGoal, gomaxprocs, cpuSamples } = this;
    // Go says a last Sync after the last event.
    const duration = this.reader.end + 1;
    const { strings, stack, location, line, function: func, mapping } = tables;
    const rows = firstRows(strings);
    const rowOf = (row: number) => (rows ? rows[row] : row);
    const { goroutines, ...rest } = this.goroutines.finish(rowOf, stack.parent.length);
    return {
      duration,
      startMs: startMs(this.reader),
      losses: this.losses,
      tables: { strings, stack, location, line, function: func, mapping },
      tenantKeys,
      goroutines,
      ...rest,
      ranges: this.ranges.finish(duration, rowOf),
      heapLive: finished(heapLive),
      heapGoal: finished(heapGoal),
      gomaxprocs: finished(gomaxprocs),
      ...this.tasks.finish(duration, goroutines.length, rowOf, (g) => isSystemFunction(strings[goroutines.name[g]])),
      cpuSamples: {
        length: cpuSamples.time.length,
        time: cpuSamples.time.finish(),
        goroutine: cpuSamples.goroutine.finish(),
        stack: cpuSamples.stack.finish(),
      },
    };
  }
}

function push({ time, value }: ReturnType<typeof series>, at: number, to: number): void {
  time.push(at);
  value.push(to);
}

/** Unix ms of time 0, where the trace says it: from Go 1.25 on. */
function startMs({ origin, firstClock, startsAt = NaN }: TraceReader): number | undefined {
  if (!firstClock || !Number.isNaN(startsAt)) {
    return Number.isNaN(startsAt) ? undefined : startsAt;
  }
  const { ts, nsPerTick, seconds, nanos } = firstClock;
  return seconds * 1e3 + (nanos - (Math.trunc(ts * nsPerTick) - origin)) / 1e6;
}
