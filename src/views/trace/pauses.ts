import { Open, RangeKind, stayEnd, StayState, type Execution } from '../../profile/execution';
import { grouped, type Notice } from '../../text/notice';
import { namedColumn, columnsOf, type NamedText, type Table } from '../table';
import { traceView } from '../view';
import { histogram, quantile } from './latencies';
import {
  chosenGoroutines,
  nameOf,
  openText,
  reasonText,
  wallClock,
  type ChosenGoroutines,
  type OpenedTrace,
} from './openedTrace';
import { completeLengths, regionsOf, tasksOf } from './tasks';

/** The worst of each kind that are rows. */
const worst = 50;

/** A time for which the program, or a goroutine, did not do what it could have done. */
interface Pause {
  readonly kind: 'stop-the-world' | 'scheduler';
  readonly reason: string;
  readonly from: number;
  readonly length: number;
  readonly open: number;
  /** Row of a goroutine, -1 for none. */
  readonly goroutine: number;
  /** Row of who made it runnable, -1 where nobody is known. */
  readonly by: number;
}

/** Stop-the-world pauses that begin in the window. */
export function stops({ execution: { ranges, tables }, window }: OpenedTrace): Pause[] {
  const all: Pause[] = [];
  for (let i = 0; i < ranges.length; i++) {
    if (ranges.kind[i] === RangeKind.stopTheWorld && ranges.from[i] >= window.from && ranges.from[i] <= window.to) {
      const [from, length] = [ranges.from[i], ranges.to[i] - ranges.from[i]];
      const [, reason] = /\((.*)\)$/.exec(tables.strings[ranges.name[i]]) ?? ['', ''];
      all.push({
        kind: 'stop-the-world',
        reason,
        from,
        length,
        open: ranges.open[i],
        goroutine: ranges.goroutine[i],
        by: -1,
      });
    }
  }
  return all;
}

/**
 * How long goroutines that could run waited for a processor: those waits that begin in the window. There may be millions, of which few
 * are kept.
 */
export function eachWait(
  { execution, window }: OpenedTrace,
  { rows }: ChosenGoroutines,
  take: (goroutine: number, stay: number, length: number, open: number) => void
): void {
  const { goroutines, stays } = execution;
  for (const g of rows) {
    const first = goroutines.stayOffset[g];
    const end = goroutines.stayOffset[g + 1];
    for (let stay = first; stay < end; stay++) {
      const from = stays.from[stay];
      if (stays.state[stay] === StayState.runnable && from >= window.from && from <= window.to) {
        const open =
          (stay === first && goroutines.wasBefore[g] === 1 ? Open.start : 0) | (stay + 1 === end ? Open.end : 0);
        take(g, stay, stayEnd(execution, g, stay) - from, open);
      }
    }
  }
}

/** Why a goroutine waits for a processor. */
function waitReason({ goroutines, stays, reasons }: Execution, g: number, stay: number): string {
  const reason = reasons[stays.reason[stay]];
  if (reason || stay !== goroutines.stayOffset[g]) {
    return reason || sinceOf(stays.state[stay - 1], stays.by[stay]);
  }
  return goroutines.wasBefore[g] === 1 ? reasonText('') : 'new';
}

/** Since when it could run. @param by row of who made it runnable, -1 for none */
const sinceOf = (before: number, by: number): string =>
  before === StayState.syscall || before === StayState.syscallBlocked
    ? 'after a system call'
    : by >= 0
      ? 'unblocked'
      : 'unblocked by the runtime';

/**
 * Pauses by what they are, the longest of each kind first.
 *
 * Columns: reason (why the world was stopped, or since when it could run), kind (stop-the-world, scheduler), count, p50, p99, max,
 * total (ns; NaN where none is complete), incomplete (how many have an end that the trace does not have: no latency counts them).
 */
export function pauseGroups(trace: OpenedTrace, chosen: ChosenGoroutines): Table {
  const [ofStops, ofWaits] = [new Groups('stop-the-world'), new Groups('scheduler')];
  stops(trace).forEach(({ reason, length, open }) => ofStops.add(reason, length, open));
  eachWait(trace, chosen, (g, stay, length, open) => ofWaits.add(waitReason(trace.execution, g, stay), length, open));
  const rows = [...ofStops.sorted(), ...ofWaits.sorted()];
  const { number, text } = columnsOf(rows);
  const time = (name: string, read: (lengths: Float64Array) => number) =>
    number(name, 'nanoseconds', ({ lengths }) => read(lengths));
  return {
    name: 'pauses',
    length: rows.length,
    columns: [
      text('reason', ({ reason }) => reason),
      text('kind', ({ kind }) => kind),
      number('count', 'count', ({ count }) => count),
      time('p50', (lengths) => quantile(lengths, 0.5)),
      time('p99', (lengths) => quantile(lengths, 0.99)),
      time('max', (lengths) => quantile(lengths, 1)),
      time('total', (lengths) => (lengths.length === 0 ? NaN : lengths.reduce((sum, length) => sum + length, 0))),
      {
        ...number('incomplete', 'count', ({ count, lengths }) => count - lengths.length),
        description: 'They begin before the trace, or do not end in it: no latency counts them.',
      },
    ],
    notices: chosen.notices,
  };
}

/** Lengths by reason. */
class Groups {
  private readonly groups = new Map<string, { readonly lengths: number[]; count: number }>();

  constructor(private readonly kind: Pause['kind']) {}

  add(reason: string, length: number, open: number): void {
    let group = this.groups.get(reason);
    if (!group) {
      this.groups.set(reason, (group = { lengths: [], count: 0 }));
    }
    group.count++;
    if (open === 0) {
      group.lengths.push(length);
    }
  }

  /** Those with the longest pause first; lengths rise. */
  sorted() {
    const most = (lengths: Float64Array) => lengths.at(-1) ?? -1;
    return [...this.groups]
      .map(([reason, { lengths, count }]) => ({
        kind: this.kind,
        reason,
        count,
        lengths: Float64Array.from(lengths).sort(),
      }))
      .sort((a, b) => most(b.lengths) - most(a.lengths));
  }
}

/**
 * The longest pauses, and the longest waits for a processor, one by one.
 *
 * Columns: reason, kind, length (ns), time, function and goroutine (id) that waited or stopped the world, unblocked by (function), what
 * is not known.
 */
export function worstPauses(trace: OpenedTrace, chosen: ChosenGoroutines): Table {
  const { execution } = trace;
  const rows = [
    ...stops(trace)
      .sort((a, b) => b.length - a.length || a.from - b.from)
      .slice(0, worst),
    ...longestWaits(trace, chosen),
  ];
  const { number, text } = columnsOf(rows);
  const name = (g: number): NamedText => (g < 0 ? [''] : nameOf(execution, g) || ['(unknown)']);
  return {
    name: 'pauses',
    length: rows.length,
    columns: [
      text('reason', ({ reason }) => reason, { isAside: true }),
      text('kind', ({ kind }) => kind),
      number('length', 'nanoseconds', ({ length }) => length),
      { name: 'time', kind: 'time', values: rows.map(({ from }) => wallClock(trace, from)) },
      namedColumn(
        'function',
        rows.map(({ goroutine }) => name(goroutine))
      ),
      text('goroutine', ({ goroutine }) => (goroutine < 0 ? '' : String(execution.goroutines.id[goroutine]))),
      namedColumn(
        'unblocked by',
        rows.map(({ by }) => name(by))
      ),
      text('not known', ({ open }) => openText(open)),
    ],
    notices: chosen.notices,
  };
}

function longestWaits(trace: OpenedTrace, chosen: ChosenGoroutines): Pause[] {
  const { stays } = trace.execution;
  let longest: Pause[] = [];
  /** The least that is among them, once there are enough. */
  let least = -1;
  const cut = () => {
    longest = longest.sort((a, b) => b.length - a.length || a.from - b.from).slice(0, worst);
    least = longest.length === worst ? longest[worst - 1].length : -1;
  };
  eachWait(trace, chosen, (goroutine, stay, length, open) => {
    if (length < least) {
      return;
    }
    const reason = waitReason(trace.execution, goroutine, stay);
    longest.push({ kind: 'scheduler', reason, from: stays.from[stay], length, open, goroutine, by: stays.by[stay] });
    if (longest.length >= 4 * worst) {
      cut();
    }
  });
  cut();
  return longest;
}

export const tracePausesView = traceView({
  name: 'tracePauses',
  title: 'Stop-the-world and latency',
  description: 'pauses and waits for a processor: p50, p99 and max, or the worst one by one',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'table',
  fields: ['rows', 'goroutine', 'task', 'peek', 'withSystem'],
  reports: [],
  tables(trace, query) {
    const chosen = chosenGoroutines(trace, query);
    return [query.rows === 'each' ? worstPauses(trace, chosen) : pauseGroups(trace, chosen)];
  },
});

/** A histogram of those whose both ends are known. */
function pauseHistogram(
  name: string,
  pauses: ReadonlyArray<Pick<Pause, 'length' | 'open'>>,
  notices: readonly Notice[]
): Table {
  const complete = pauses.filter(({ open }) => open === 0);
  const left = pauses.length - complete.length;
  return histogram(
    name,
    Float64Array.from(complete, ({ length }) => length),
    [...notices, ...incompleteNotice(left)]
  );
}

const incompleteNotice = (left: number): Notice[] =>
  left === 0
    ? []
    : [
        {
          severity: 'info',
          text: `Not counted are ${grouped(left)} that began before the trace or do not end in it: how long they are is not known.`,
        },
      ];

export const traceLatencyView = traceView({
  name: 'traceLatency',
  title: 'Latency histogram',
  description: 'of tasks, regions, stop-the-world pauses or waits for a processor',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'histogram',
  fields: ['latencyOf', 'peek', 'withSystem'],
  reports: [],
  tables(trace, query) {
    const { tasks, regions } = trace.execution;
    const name = query.latencyOf;
    switch (query.latencyOf) {
      case 'tasks':
        return [histogram(name, completeLengths(tasksOf(trace), tasks), [])];
      case 'regions':
        return [histogram(name, completeLengths(regionsOf(trace), regions), [])];
      case 'stop-the-world':
        return [pauseHistogram(name, stops(trace), [])];
      case 'scheduler': {
        const chosen = chosenGoroutines(trace, { ...query, goroutine: '', task: '' });
        const waits: Array<{ length: number; open: number }> = [];
        eachWait(trace, chosen, (_g, _stay, length, open) => waits.push({ length, open }));
        return [pauseHistogram(name, waits, chosen.notices)];
      }
    }
  },
});
