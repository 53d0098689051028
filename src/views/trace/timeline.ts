import { isSystemFunction, stayEnd, StayState, type Execution } from '../../profile/execution';
import { shortName } from '../../profile/shortNames';
import { grouped, type Notice } from '../../text/notice';
import type { EnumColumn, Table } from '../table';
import { traceView } from '../view';
import { Bins } from './bins';
import {
  chosenGoroutines,
  endOf,
  lengthText,
  nameOf,
  overlap,
  reasonText,
  stayBegin,
  wallClock,
  type ChosenGoroutines,
  type OpenedTrace,
} from './openedTrace';

/** Lanes of a picture: more are too thin to be read. */
const maxLanes = 50;
/** Changes that are drawn as they are; where there are more, so many parts of the window have a state each. */
const maxChanges = 3000;
const parts = 600;
/** Functions that processors run and that are told apart. */
const maxFunctions = 12;
/** Reasons to wait that are told apart: the runtime has some twenty. */
const maxReasons = 20;
const maxProcessors = 200;

/** In a lane: the state goes on; see `noState` for none. */
const sameState = -1;

interface Change {
  readonly from: number;
  readonly to: number;
  /** Row of the dictionary. */
  readonly state: number;
}

interface Lane {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly changes: readonly Change[];
}

/**
 * Lanes of states, as columns that have a row of their dictionary where one begins, -1 where nothing changes, and the length of
 * the dictionary where the lane has none.
 *
 * Columns: time, and one for each lane.
 */
function timelineTable(
  trace: OpenedTrace,
  lanes: readonly Lane[],
  text: readonly string[],
  notices: readonly Notice[]
): Table {
  const { window } = trace;
  if (lanes.length === 0) {
    return { name: 'timeline', length: 0, columns: [{ name: 'time', kind: 'time', values: [] }], notices };
  }
  const count = lanes.reduce((sum, { changes }) => sum + changes.length, 0);
  const bins = count > maxChanges ? new Bins(window, parts) : undefined;
  const drawn = bins ? lanes.map((lane) => ({ ...lane, changes: longestOf(lane.changes, bins, text.length) })) : lanes;
  const moments = new Set([window.from, window.to]);
  drawn.forEach(({ changes }) => changes.forEach(({ from, to }) => moments.add(from).add(to)));
  const times = Float64Array.from(moments).sort();
  const rowOf = new Map(Array.from(times, (time, row) => [time, row]));
  const columns = drawn.map(({ name, labels, changes }): EnumColumn => {
    const values = new Int32Array(times.length).fill(sameState);
    const noState = text.length;
    values[0] = noState;
    values[times.length - 1] = noState;
    changes.forEach(({ from, to, state }, i) => {
      values[rowOf.get(from) as number] = state;
      // Panels draw the last state up to their edge.
      if (changes[i + 1]?.from !== to) {
        values[rowOf.get(to) as number] = noState;
      }
    });
    return { name, labels, kind: 'enum', values, text };
  });
  return {
    name: 'timeline',
    length: times.length,
    columns: [{ name: 'time', kind: 'time', values: Array.from(times, (ns) => wallClock(trace, ns)) }, ...columns],
    notices: [...notices, ...(bins ? [partNotice(bins, count)] : [])],
  };
}

const partNotice = ({ width }: Bins, changes: number): Notice => ({
  severity: 'info',
  text: `${grouped(changes)} changes of state are too many to be drawn: each ${lengthText(width)} has the state that took most of it. A shorter time range shows all.`,
});

/** In each part the state that took most of it. @param changes by rising time, that do not overlap */
function longestOf(changes: readonly Change[], bins: Bins, states: number): Change[] {
  const sums = new Float64Array(states);
  const begins = bins.begins();
  const endOfBin = (bin: number) => (bin + 1 < bins.length ? begins[bin + 1] : bins.window.to);
  const drawn: Change[] = [];
  /** States that the bin that is looked at has. */
  let own: number[] = [];
  let bin = 0;
  const finish = () => {
    if (own.length > 0) {
      const best = own.reduce((a, b) => (sums[b] > sums[a] || (sums[b] === sums[a] && b < a) ? b : a));
      addChange(drawn, { from: begins[bin], to: endOfBin(bin), state: best });
      own.forEach((state) => (sums[state] = 0));
      own = [];
    }
  };
  for (const { from, to, state } of changes) {
    for (let begin = from; begin < to;) {
      while (bin + 1 < bins.length && begin >= begins[bin + 1]) {
        finish();
        bin++;
      }
      const end = bin + 1 < bins.length ? Math.min(to, begins[bin + 1]) : to;
      if (sums[state] === 0) {
        own.push(state);
      }
      sums[state] += end - begin;
      begin = end;
    }
  }
  finish();
  return drawn;
}

/** What goes on is one change. */
function addChange(drawn: Change[], next: Change): void {
  const last = drawn.at(-1);
  if (last && last.state === next.state && last.to === next.from) {
    drawn[drawn.length - 1] = { ...last, to: next.to };
  } else {
    drawn.push(next);
  }
}

const stateNames = new Map<number, string>([
  [StayState.running, 'running'],
  [StayState.runnable, 'runnable'],
  [StayState.syscall, 'syscall'],
  [StayState.syscallBlocked, 'blocked syscall'],
]);

/** A lane for each goroutine that is asked for; of many those that waited for longest, of those that ran at all. */
export function goroutineLanes(trace: OpenedTrace, chosen: ChosenGoroutines, isAsked: boolean): Table {
  const { execution } = trace;
  const { stays, reasons, goroutines } = execution;
  const all = chosen.rows
    .map((g) => ({ g, ...waitsOf(trace, g) }))
    .filter(({ running }) => isAsked || running > 0)
    .sort((a, b) => b.waited - a.waited || a.g - b.g);
  const drawn = all.slice(0, maxLanes).map(({ g }) => g);
  const nameOfStay = (stay: number) => stateNames.get(stays.state[stay]) ?? reasonText(reasons[stays.reason[stay]]);
  const { text, left } = statesOf(trace, drawn, nameOfStay);
  const rowOf = new Map(text.map((name, row) => [name, row]));
  const lanes = drawn.map((g): Lane => {
    const id = String(goroutines.id[g]);
    const changes = staysOf(trace, g, (stay) => rowOf.get(nameOfStay(stay)) ?? text.length - 1);
    return { name: `${id} ${shortName(nameOf(execution, g)) || '(unknown)'}`, labels: { goroutine: id }, changes };
  });
  const idle = chosen.rows.length - all.length;
  const notices = [
    ...chosen.notices,
    ...cutNotice(all.length - lanes.length, idle),
    ...togetherNotice(left, 'reasons to wait', otherReasons),
  ];
  return timelineTable(trace, lanes, text, notices);
}

const otherReasons = 'other reasons';

/** The states of some goroutines: of many reasons to wait those that took most of the time, the rest as one. */
function statesOf(
  trace: OpenedTrace,
  goroutines: readonly number[],
  nameOfStay: (stay: number) => string
): { text: readonly string[]; left: number } {
  const times = new Map<string, number>([...stateNames.values()].map((name) => [name, Infinity]));
  for (const g of goroutines) {
    staysOf(trace, g, (stay) => stay).forEach(({ from, to, state: stay }) => {
      const name = nameOfStay(stay);
      times.set(name, (times.get(name) ?? 0) + to - from);
    });
  }
  const names = [...times].sort((a, b) => (a[1] === b[1] ? 0 : b[1] - a[1])).map(([name]) => name);
  const kept = names.slice(0, stateNames.size + maxReasons);
  const left = names.length - kept.length;
  return { text: left > 0 ? [...kept, otherReasons] : kept, left };
}

function togetherNotice(left: number, what: string, name: string): Notice[] {
  return left > 0
    ? [{ severity: 'info', text: `${grouped(left)} more ${what}, which took less time, are drawn as "${name}".` }]
    : [];
}

function cutNotice(left: number, idle: number): Notice[] {
  const parts = [
    left > 0 ? `${grouped(left)} that waited for less` : '',
    idle > 0 ? `${grouped(idle)} that never ran in this time` : '',
  ].filter(Boolean);
  return parts.length > 0 ? [{ severity: 'info', text: `Goroutines without a lane: ${parts.join(', ')}.` }] : [];
}

/** ns within the window. Most goroutines of a trace are looked at for this alone. */
function waitsOf(trace: OpenedTrace, g: number): { running: number; waited: number } {
  const { stays } = trace.execution;
  let [running, waited] = [0, 0];
  eachStay(trace, g, (stay, from, to) => {
    if (stays.state[stay] === StayState.running) {
      running += to - from;
    } else {
      waited += to - from;
    }
  });
  return { running, waited };
}

/** Stays of a goroutine, as far as they lie in the window. */
function staysOf(trace: OpenedTrace, g: number, stateOf: (stay: number) => number): Change[] {
  const changes: Change[] = [];
  eachStay(trace, g, (stay, from, to) => changes.push({ from, to, state: stateOf(stay) }));
  return changes;
}

function eachStay(
  { execution, window }: OpenedTrace,
  g: number,
  take: (stay: number, from: number, to: number) => void
): void {
  const { goroutines } = execution;
  const end = Math.min(window.to, endOf(execution, g));
  for (let stay = goroutines.stayOffset[g]; stay < goroutines.stayOffset[g + 1]; stay++) {
    const from = Math.max(window.from, stayBegin(execution, g, stay));
    const to = Math.min(end, stayEnd(execution, g, stay));
    if (from < to) {
      take(stay, from, to);
    }
  }
}

/** A lane for each processor: the function where the goroutine that it runs began. */
export function processorLanes(trace: OpenedTrace): Table {
  const { execution, window } = trace;
  const { processors, stays } = execution;
  const owner = ownersOf(execution);
  const times = new Map<string, number>();
  const { goroutines, tables } = execution;
  /** By row of strings. */
  const runNames = new Map<number, string>();
  const nameOfStay = (stay: number): string => {
    if (stays.state[stay] === StayState.syscall) {
      return 'syscall';
    }
    const row = goroutines.name[owner[stay]];
    let name = runNames.get(row);
    if (name === undefined) {
      runNames.set(row, (name = runName(tables.strings[row])));
    }
    return name;
  };
  const end = (stay: number) => stayEnd(execution, owner[stay], stay);
  for (const stay of processors.stay) {
    const name = nameOfStay(stay);
    times.set(name, (times.get(name) ?? 0) + overlap(stays.from[stay], end(stay), window));
  }
  const names = [...times].filter(([, time]) => time > 0).sort((a, b) => b[1] - a[1]);
  const text = [...names.slice(0, maxFunctions).map(([name]) => name), otherGoroutines];
  const stateOf = new Map(text.map((name, row) => [name, row]));
  const lanes = Array.from(processors.id.subarray(0, maxProcessors), (id, p): Lane => {
    const changes: Change[] = [];
    for (let i = processors.stayOffset[p]; i < processors.stayOffset[p + 1]; i++) {
      const stay = processors.stay[i];
      const from = Math.max(window.from, stays.from[stay]);
      const to = Math.min(window.to, end(stay));
      if (from < to) {
        changes.push({ from, to, state: stateOf.get(nameOfStay(stay)) ?? text.length - 1 });
      }
    }
    return { name: `P ${id}`, changes };
  });
  const left = processors.length - lanes.length;
  const notices: Notice[] = [
    ...(left > 0 ? [{ severity: 'info', text: `Processors without a lane: ${grouped(left)}.` } as const] : []),
    ...togetherNotice(names.length - maxFunctions, 'functions', otherGoroutines),
  ];
  return timelineTable(trace, lanes, text, notices);
}

const otherGoroutines = 'other goroutines';

/** What a processor runs: the collector's workers are GC work, whatever they are called. */
const runName = (name: string): string =>
  isSystemFunction(name)
    ? /^runtime\.(gcBgMarkWorker|bgsweep|bgscavenge)/.test(name)
      ? 'GC work'
      : 'system goroutines'
    : shortName(name);

/** By stay the goroutine that has it. */
function ownersOf({ goroutines, stays }: Execution): Uint32Array {
  const owner = new Uint32Array(stays.length);
  for (let g = 0; g < goroutines.length; g++) {
    owner.fill(g, goroutines.stayOffset[g], goroutines.stayOffset[g + 1]);
  }
  return owner;
}

export const traceTimelineView = traceView({
  name: 'traceTimeline',
  title: 'Timeline',
  description: 'states of goroutines that waited longest, of a task or a function, or what processors ran',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'stateTimeline',
  fields: ['lanes', 'goroutine', 'task', 'peek', 'withSystem'],
  reports: [],
  tables(trace, query) {
    if (query.lanes === 'processors') {
      return [processorLanes(trace)];
    }
    const isAsked = query.goroutine !== '' || query.task !== '' || query.peek !== '';
    return [goroutineLanes(trace, chosenGoroutines(trace, query), isAsked)];
  },
});
