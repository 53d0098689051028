import { isSystemFunction, RangeKind, stayEnd, StayState, type Execution } from './execution';

/** ns of a goroutine in a stretch of time, as Go's Summarizer adds them up: all but `total` do not overlap. */
export interface TimeSums {
  exec: number;
  /** Runnable. What is open in a blocked system call at the end of the trace counts here too, as in Go. */
  schedWait: number;
  syscall: number;
  /** In a system call after its processor was taken away. */
  syscallBlock: number;
  /** By row of Execution.reasons. */
  readonly block: Map<number, number>;
  /** From the goroutine's beginning to its end. */
  total: number;
  /** What the others leave of `total`. */
  unknown: number;
}

/** Stretch of time, ns since the trace's origin. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Where the time of a goroutine went, in all of the trace or a part of it.
 * @param goroutine its row
 */
export function timeSums(
  execution: Execution,
  goroutine: number,
  { from, to }: Span = { from: 0, to: execution.duration }
): TimeSums {
  const { goroutines, stays, duration } = execution;
  const { stayOffset } = goroutines;
  const sums: TimeSums = { exec: 0, schedWait: 0, syscall: 0, syscallBlock: 0, block: new Map(), total: 0, unknown: 0 };
  const first = stayOffset[goroutine];
  const next = stayOffset[goroutine + 1];
  const began = goroutines.from[goroutine];
  const isOver = !Number.isNaN(goroutines.to[goroutine]);
  const ended = isOver ? goroutines.to[goroutine] : duration;
  const overlap = (start: number, end: number) => Math.max(0, Math.min(end, ended, to) - Math.max(start, from));
  sums.total = overlap(began, ended);
  // The first one begins with the goroutine, however late it is mentioned.
  const isBefore = (stay: number) => (stay === first ? Math.min(began, stays.from[stay]) : stays.from[stay]) < to;
  for (let stay = firstStayAt(stays.from, first, next, from); stay < next && isBefore(stay); stay++) {
    const { from: begins, state, reason, by } = stays;
    const isOpen = stay === next - 1 && !isOver && to >= duration;
    const time = overlap(begins[stay], stayEnd(execution, goroutine, stay));
    add(sums, state[stay], reason[stay], time);
    if (isOpen && state[stay] === StayState.syscallBlocked) {
      // Go takes an open system call for one that is not blocked, and what is as a wait for the scheduler.
      sums.syscallBlock -= time;
      sums.syscall += time;
      sums.schedWait += time;
    }
    if (stay === first) {
      // Before it was mentioned it was in the same state; in a system call without a processor it was blocked.
      const isBlocked = state[stay] === StayState.syscall && by[stay] < 0;
      add(sums, isBlocked ? StayState.syscallBlocked : state[stay], reason[stay], overlap(began, begins[stay]));
    }
  }
  let known = sums.exec + sums.schedWait + sums.syscall + sums.syscallBlock;
  sums.block.forEach((time) => (known += time));
  sums.unknown = Math.max(0, sums.total - known);
  return sums;
}

/** The last stay of rows `first` to `next` that begins at a time or before, else the first. */
export function firstStayAt(from: Float64Array, first: number, next: number, time: number): number {
  let low = first;
  let high = next;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (from[middle] <= time) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

function add(sums: TimeSums, state: number, reason: number, time: number): void {
  if (time === 0) {
    return;
  }
  switch (state) {
    case StayState.running:
      sums.exec += time;
      break;
    case StayState.runnable:
      sums.schedWait += time;
      break;
    case StayState.syscall:
      sums.syscall += time;
      break;
    case StayState.syscallBlocked:
      sums.syscallBlock += time;
      break;
    default:
      sums.block.set(reason, (sums.block.get(reason) ?? 0) + time);
  }
}

/** When a goroutine first ran, NaN where it never did. */
export function firstRun({ goroutines, stays }: Execution, goroutine: number): number {
  for (let stay = goroutines.stayOffset[goroutine]; stay < goroutines.stayOffset[goroutine + 1]; stay++) {
    if (stays.state[stay] === StayState.running) {
      return stays.from[stay];
    }
  }
  return NaN;
}

/**
 * ns that each goroutine spent in ranges (mark assist, sweep, stop-the-world), by row of goroutines and then by row of strings
 * of the range's name: they overlap with its other times. Mark workers and phases are not among them, as in Go.
 */
export function rangeSums(
  { ranges, goroutines }: Execution,
  { from, to }: Span = { from: 0, to: Infinity }
): ReadonlyMap<number, ReadonlyMap<number, number>> {
  const sums = new Map<number, Map<number, number>>();
  for (let i = 0; i < ranges.length; i++) {
    const g = ranges.goroutine[i];
    if (g < 0 || ranges.kind[i] === RangeKind.worker) {
      continue;
    }
    const end = Math.min(ranges.to[i], to, Number.isNaN(goroutines.to[g]) ? Infinity : goroutines.to[g]);
    const time = end - Math.max(ranges.from[i], from);
    if (time > 0) {
      const ofGoroutine = sums.get(g) ?? new Map<number, number>();
      ofGoroutine.set(ranges.name[i], (ofGoroutine.get(ranges.name[i]) ?? 0) + time);
      sums.set(g, ofGoroutine);
    }
  }
  return sums;
}

/** Whether the goroutine of a row is a system goroutine. */
export const isSystemGoroutine = ({ goroutines, tables }: Execution, goroutine: number): boolean =>
  isSystemFunction(tables.strings[goroutines.name[goroutine]]);
