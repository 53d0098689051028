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
  readonly block: ReadonlyMap<number, number>;
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
  const { goroutines, stays, duration, reasons } = execution;
  const { from: begins, state, reason, by } = stays;
  const first = goroutines.stayOffset[goroutine];
  const next = goroutines.stayOffset[goroutine + 1];
  const began = goroutines.from[goroutine];
  const isOver = !Number.isNaN(goroutines.to[goroutine]);
  const until = Math.min(to, isOver ? goroutines.to[goroutine] : duration);
  const overlap = (start: number, end: number) => Math.max(0, Math.min(end, until) - Math.max(start, from));
  if (waits.length < reasons.length) {
    waits = new Float64Array(reasons.length);
  }
  for (let stay = firstStayAt(begins, first, next, from); stay < next && begins[stay] < until; stay++) {
    const end = stay + 1 < next ? begins[stay + 1] : stayEnd(execution, goroutine, stay);
    add(state[stay], reason[stay], overlap(begins[stay], end));
  }
  if (first < next) {
    // The first one begins with the goroutine, however late it is mentioned: before that it was in the same state; in a system
    // call without a processor it was blocked.
    const isBlocked = state[first] === StayState.syscall && by[first] < 0;
    add(isBlocked ? StayState.syscallBlocked : state[first], reason[first], overlap(began, begins[first]));
    if (state[next - 1] === StayState.syscallBlocked && !isOver && to >= duration) {
      // Go takes an open system call for one that is not blocked, and what is as a wait for the scheduler.
      const time = overlap(begins[next - 1], duration);
      times[StayState.syscallBlocked] -= time;
      times[StayState.syscall] += time;
      times[StayState.runnable] += time;
    }
  }
  const total = overlap(began, until);
  const known = times.reduce((sum, time) => sum + time, 0);
  const sums = {
    exec: times[StayState.running],
    schedWait: times[StayState.runnable],
    syscall: times[StayState.syscall],
    syscallBlock: times[StayState.syscallBlocked],
    block: waited.length === 0 ? noWaits : new Map(waited.map((row) => [row, waits[row]])),
    total,
    unknown: Math.max(0, total - known),
  };
  times.fill(0);
  waited.forEach((row) => (waits[row] = 0));
  waited.length = 0;
  return sums;
}

// ns of the goroutine that is summed up, by state, and of its waits by reason: else all 0. Numbers of an object, or of a map,
// would be looked up at every stay.
const times = new Float64Array(8);
let waits = new Float64Array(0);
/** Reasons that it waited for. */
const waited: number[] = [];
/** Most goroutines never wait. */
const noWaits: ReadonlyMap<number, number> = new Map();

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

function add(state: number, reason: number, time: number): void {
  times[state] += time;
  if (state === StayState.waiting && time > 0) {
    if (waits[reason] === 0) {
      waited.push(reason);
    }
    waits[reason] += time;
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
