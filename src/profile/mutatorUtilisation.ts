import { RangeKind, StayState, type Execution, type Series } from './execution';
import { firstStayAt, type Span } from './goroutineSums';

/** What counts as the collector's time. The defaults are those of the page of `go tool trace`. */
export interface UtilisationOptions {
  /** Stops of the world for the collector. Default: yes. */
  readonly stopTheWorld?: boolean;
  /** Workers that mark in the background, idle ones excepted. Default: yes. */
  readonly background?: boolean;
  /** Goroutines that have to help with marking. Default: yes. */
  readonly assist?: boolean;
  /** Goroutines that sweep. Default: no. */
  readonly sweep?: boolean;
  /**
   * A function for each processor, 0 or 1, where what keeps the goroutines of one from running is looked for. Workers that are
   * dedicated do not count then: goroutines go to other processors. Default: no, one for all.
   */
  readonly perProcessor?: boolean;
}

/**
 * A change: a processor works more or less for the collector (`by` 1 or -1), all are stopped or not, there are others, or nothing
 * is known from here on.
 */
interface Change {
  readonly time: number;
  readonly what: 'processor' | 'stop' | 'count' | 'loss';
  /** Number of the processor. */
  readonly processor: number;
  readonly by: number;
}

/**
 * Which part of the processors runs the program and not its collector, in steps: 1 minus the processors at work for the
 * collector by GOMAXPROCS, and 0 while the world is stopped for it. It begins where the trace first says GOMAXPROCS and ends
 * with a 0 at the end of the trace.
 *
 * The rules are Go's (internal/trace, MutatorUtilizationV2) without its fault: there (as of Go 1.26) a mark worker that stopped
 * still counts as one, so from its second run on a processor is taken for the collector's to the end of the trace.
 * Over what could not be read of a damaged trace nothing is known: what is before it and what is after it are functions of their
 * own, and the latter begins where GOMAXPROCS is said again.
 * @returns one function of each part that could be read, with `perProcessor` one of each processor; none where the trace does not
 *   say GOMAXPROCS
 */
export function mutatorUtilisation(execution: Execution, options: UtilisationOptions = {}): readonly Series[] {
  const { perProcessor = false } = options;
  let count = 0;
  /** How often processors are at work for the collector, of those that are. */
  const busy = new Map<number, number>();
  const all: Steps[] = [];
  let current: Steps[] = [];
  let stops = 0;
  for (const { time, what, processor, by } of changesOf(execution, options)) {
    if (what === 'loss') {
      current.forEach((steps) => steps.end(time));
      current = [];
      count = 0;
      stops = 0;
      busy.clear();
    } else if (what === 'count') {
      const wanted = perProcessor ? by : Math.min(by, 1);
      current.slice(wanted).forEach((steps) => steps.add(time, 0));
      current = current.slice(0, wanted);
      count = by;
      [...busy.keys()].filter((p) => p >= count).forEach((p) => busy.delete(p));
      while (current.length < wanted) {
        const steps = new Steps(time);
        all.push(steps);
        current.push(steps);
      }
    } else if (what === 'stop') {
      stops += by;
    } else if (processor >= 0 && processor < count) {
      // Of one that was taken away and given back what it did before does not count.
      const now = (busy.get(processor) ?? 0) + by;
      if (now > 0) {
        busy.set(processor, now);
      } else {
        busy.delete(processor);
      }
    }
    if (count === 0) {
      continue;
    }
    if (perProcessor) {
      current.forEach((steps, p) => steps.add(time, stops > 0 || busy.has(p) ? 0 : 1));
    } else {
      current[0].add(time, 1 - (stops > 0 ? count : busy.size) / count);
    }
  }
  current.forEach((steps) => steps.add(execution.duration, 0));
  return all.map((steps) => steps.series());
}

/** What of functions lies in a stretch of time: each begins with it, or later, and ends with a 0 as a whole one does. */
export const utilisationWithin = (functions: readonly Series[], { from, to }: Span): readonly Series[] =>
  functions.flatMap(({ time, value }) => {
    const last = time.length - 1;
    if (last < 0 || time[0] >= to || time[last] <= from) {
      return [];
    }
    const [begin, end] = [Math.max(from, time[0]), Math.min(to, time[last])];
    const first = firstStayAt(time, 0, time.length, begin);
    const inside = time.subarray(first + 1).findIndex((at) => at >= end);
    const next = inside < 0 ? time.length : first + 1 + inside;
    const clipped = { time: new Float64Array(next - first + 1), value: new Float64Array(next - first + 1) };
    clipped.time.set(time.subarray(first, next));
    clipped.value.set(value.subarray(first, next));
    clipped.time[0] = begin;
    clipped.time[next - first] = end;
    return [clipped];
  });

class Steps {
  private readonly times: number[];
  private readonly values = [1];

  constructor(time: number) {
    this.times = [time];
  }

  /** Equal values are one step, and of two at the same time the lower one counts. */
  add(time: number, value: number): void {
    const { times, values } = this;
    const last = times.length - 1;
    if (values[last] === value) {
      return;
    }
    if (times[last] === time) {
      values[last] = Math.min(values[last], value);
      return;
    }
    times.push(time);
    values.push(value);
  }

  /** The last step ends here, also one of 0. */
  end(time: number): void {
    const { times, values } = this;
    const at = times.at(-1) === time ? times.length - 1 : times.length;
    times[at] = time;
    values[at] = 0;
  }

  series(): Series {
    return { time: Float64Array.from(this.times), value: Float64Array.from(this.values) };
  }
}

function changesOf(execution: Execution, options: UtilisationOptions): Change[] {
  const { stopTheWorld = true, background = true, assist = true, sweep = false, perProcessor = false } = options;
  const { ranges, gomaxprocs, processors, tables, losses } = execution;
  const changes: Change[] = [];
  losses.forEach(({ from }) => changes.push({ time: from, what: 'loss', processor: -1, by: 0 }));
  // What was there before GOMAXPROCS is said, of each part that could be read, was there all along.
  const parts = [0, ...losses.map(({ to }) => to)];
  const begins = parts.map((part) => gomaxprocs.time.find((time) => time >= part) ?? Infinity);
  const beginOfPart = (from: number) => begins[parts.filter((part) => part <= from).length - 1];
  gomaxprocs.time.forEach((time, i) => changes.push({ time, what: 'count', processor: -1, by: gomaxprocs.value[i] }));
  const between = (what: Change['what'], processor: number, from: number, to: number) => {
    const begin = Math.max(beginOfPart(from), from);
    if (begin < to) {
      changes.push({ time: begin, what, processor, by: 1 }, { time: to, what, processor, by: -1 });
    }
  };
  for (let i = 0; i < ranges.length; i++) {
    const name = tables.strings[ranges.name[i]];
    const processor = ranges.processor[i] < 0 ? -1 : processors.id[ranges.processor[i]];
    const [from, to] = [ranges.from[i], ranges.to[i]];
    const isStop = ranges.kind[i] === RangeKind.stopTheWorld && name.includes('GC');
    const isWorker = ranges.kind[i] === RangeKind.worker && name !== 'GC (idle)';
    if (isStop && stopTheWorld) {
      between('stop', processor, from, to);
    } else if (
      isWorker
        ? background && !(perProcessor && name === 'GC (dedicated)')
        : ranges.kind[i] === RangeKind.sweep && sweep
    ) {
      between('processor', processor, from, to);
    } else if (ranges.kind[i] === RangeKind.assist && assist) {
      whileRunning(execution, ranges.goroutine[i], from, to, (p, start, end) => between('processor', p, start, end));
    }
  }
  // What there is is said before what it does, what ends before what begins.
  const rank = ({ what, by }: Change) => (what === 'loss' ? 2 : what === 'count' ? -2 : by);
  return changes.sort((a, b) => a.time - b.time || rank(a) - rank(b));
}

/** A goroutine that has to help does not while it waits. */
function whileRunning(
  { goroutines, stays, processors, duration }: Execution,
  goroutine: number,
  from: number,
  to: number,
  take: (processor: number, from: number, to: number) => void
): void {
  const { stayOffset } = goroutines;
  const first = stayOffset[goroutine];
  const next = stayOffset[goroutine + 1];
  for (let stay = firstStayAt(stays.from, first, next, from); stay < next && stays.from[stay] < to; stay++) {
    const state = stays.state[stay];
    if ((state === StayState.running || state === StayState.syscall) && stays.by[stay] >= 0) {
      const begins = stay === first ? goroutines.from[goroutine] : stays.from[stay];
      const ends = stay + 1 < next ? stays.from[stay + 1] : duration;
      take(processors.id[stays.by[stay]], Math.max(from, begins), Math.min(to, ends));
    }
  }
}

/** A window of time and what part of it was the program's. */
export interface UtilisationWindow {
  readonly from: number;
  readonly utilisation: number;
}

/**
 * The minimum mutator utilisation: the least mean over all windows of a length, 0 to 1. One that is longer than a function is as
 * long as it.
 * @param window ns
 */
export function minimumUtilisation(functions: readonly Series[], window: number): number {
  let least = 1;
  for (const steps of functions) {
    eachWindow(steps, window, (_, utilisation) => (least = Math.min(least, utilisation)));
  }
  return least;
}

/**
 * The windows of a length with the least utilisation, the worst first; no two of them overlap.
 * @param window ns
 */
export function worstWindows(functions: readonly Series[], window: number, count: number): UtilisationWindow[] {
  const windows: UtilisationWindow[] = [];
  for (const steps of functions) {
    eachWindow(steps, window, (from, utilisation) => windows.push({ from, utilisation }));
  }
  windows.sort((a, b) => a.utilisation - b.utilisation || a.from - b.from);
  const worst: UtilisationWindow[] = [];
  for (const one of windows) {
    if (worst.length === count) {
      break;
    }
    if (worst.every(({ from }) => Math.abs(from - one.from) >= window)) {
      worst.push(one);
    }
  }
  return worst;
}

/**
 * The mean over windows whose beginning or end is where a step is: between those it is linear in time, so the least one is
 * among them.
 */
function eachWindow({ time, value }: Series, window: number, take: (from: number, utilisation: number) => void): void {
  const last = time.length - 1;
  // Of whole ns, as times are: sums with them are exact.
  const length = Math.min(Math.round(window), time[last] - time[0]);
  if (!(length > 0)) {
    take(time[0], 0);
    return;
  }
  const integral = new Float64Array(time.length);
  for (let i = 1; i <= last; i++) {
    integral[i] = integral[i - 1] + value[i - 1] * (time[i] - time[i - 1]);
  }
  let left = 0;
  let right = 0;
  const end = time[last] - length;
  const upTo = (step: number, at: number) => integral[step] + value[step] * (at - time[step]);
  for (let from = time[0]; ;) {
    while (left < last && time[left + 1] <= from) {
      left++;
    }
    while (right < last && time[right + 1] <= from + length) {
      right++;
    }
    take(from, (upTo(right, from + length) - upTo(left, from)) / length);
    if (from >= end) {
      return;
    }
    const nextLeft = left < last ? time[left + 1] : Infinity;
    const nextRight = right < last ? time[right + 1] - length : Infinity;
    from = Math.min(end, nextLeft, nextRight);
  }
}
