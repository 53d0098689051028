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

/** In each part the state that took most of it. */
function longestOf(changes: readonly Change[], bins: Bins, states: number): Change[] {
  const sums = Array.from({ length: states }, () => undefined as Float64Array | undefined);
  for (const { from, to, state } of changes) {
    bins.add((sums[state] ??= new Float64Array(bins.length)), from, to);
  }
  const begins = bins.begins();
  const drawn: Change[] = [];
  for (let bin = 0; bin < bins.length; bin++) {
    let [best, most] = [-1, 0];
    sums.forEach((sum, state) => {
      if (sum && sum[bin] > most) {
        [best, most] = [state, sum[bin]];
      }
    });
    const to = bin + 1 < bins.length ? begins[bin + 1] : bins.window.to;
    const last = drawn.at(-1);
    if (best < 0) {
      continue;
    }
    if (last && last.state === best && last.to === begins[bin]) {
      drawn[drawn.length - 1] = { ...last, to };
    } else {
      drawn.push({ from: begins[bin], to, state: best });
    }
  }
  return drawn;
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
  const states = new Map<string, number>();
  const stateOf = (state: number, reason: number) => {
    const name = stateNames.get(state) ?? reasonText(execution.reasons[reason]);
    const row = states.get(name) ?? states.size;
    states.set(name, row);
    return row;
  };
  [...stateNames.keys()].forEach((state) => stateOf(state, 0));
  const all = chosen.rows
    .map((g) => ({ g, ...waitsOf(trace, g) }))
    .filter(({ running }) => isAsked || running > 0)
    .sort((a, b) => b.waited - a.waited || a.g - b.g);
  const lanes = all.slice(0, maxLanes).map(({ g }): Lane => {
    const id = String(execution.goroutines.id[g]);
    const changes = staysOf(trace, g, (stay) => stateOf(execution.stays.state[stay], execution.stays.reason[stay]));
    return { name: `${id} ${shortName(nameOf(execution, g)) || '(unknown)'}`, labels: { goroutine: id }, changes };
  });
  const idle = chosen.rows.length - all.length;
  const notices = [...chosen.notices, ...cutNotice(all.length - lanes.length, idle)];
  return timelineTable(trace, lanes, [...states.keys()], notices);
}

function cutNotice(left: number, idle: number): Notice[] {
  const parts = [
    left > 0 ? `${grouped(left)} that waited for less` : '',
    idle > 0 ? `${grouped(idle)} that never ran in this time` : '',
  ].filter(Boolean);
  return parts.length > 0 ? [{ severity: 'info', text: `Goroutines without a lane: ${parts.join(', ')}.` }] : [];
}

function waitsOf(trace: OpenedTrace, g: number): { running: number; waited: number } {
  const { stays } = trace.execution;
  let [running, waited] = [0, 0];
  staysOf(trace, g, (stay) => stay).forEach(({ from, to, state: stay }) => {
    if (stays.state[stay] === StayState.running) {
      running += to - from;
    } else {
      waited += to - from;
    }
  });
  return { running, waited };
}

/** Stays of a goroutine, as far as they lie in the window. */
function staysOf({ execution, window }: OpenedTrace, g: number, stateOf: (stay: number) => number): Change[] {
  const { goroutines } = execution;
  const changes: Change[] = [];
  for (let stay = goroutines.stayOffset[g]; stay < goroutines.stayOffset[g + 1]; stay++) {
    const from = Math.max(window.from, stayBegin(execution, g, stay));
    const to = Math.min(window.to, stayEnd(execution, g, stay), endOf(execution, g));
    if (from < to) {
      changes.push({ from, to, state: stateOf(stay) });
    }
  }
  return changes;
}

/** A lane for each processor: the function where the goroutine that it runs began. */
export function processorLanes(trace: OpenedTrace): Table {
  const { execution, window } = trace;
  const { processors, stays } = execution;
  const owner = ownersOf(execution);
  const times = new Map<string, number>();
  const nameOfStay = (stay: number) =>
    stays.state[stay] === StayState.syscall ? 'syscall' : runName(nameOf(execution, owner[stay]));
  const end = (stay: number) => stayEnd(execution, owner[stay], stay);
  for (const stay of processors.stay) {
    const name = nameOfStay(stay);
    times.set(name, (times.get(name) ?? 0) + overlap(stays.from[stay], end(stay), window));
  }
  const names = [...times].filter(([, time]) => time > 0).sort((a, b) => b[1] - a[1]);
  const text = [...names.slice(0, maxFunctions).map(([name]) => name), 'other goroutines'];
  const stateOf = new Map(text.map((name, row) => [name, row]));
  const lanes = Array.from(processors.id, (id, p): Lane => {
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
  return timelineTable(trace, lanes.slice(0, 4 * maxLanes), text, []);
}

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
