import { RangeKind, stayEnd, StayState } from '../../profile/execution';
import { namedColumn, columnsOf, type NamedText, type Table } from '../table';
import { traceView } from '../view';
import { histogram, quantile } from './latencies';
import { chosenGoroutines, nameOf, openText, wallClock, type ChosenGoroutines, type OpenedTrace } from './openedTrace';
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

/** How long goroutines that could run waited for a processor: those waits that begin in the window and end in the trace. */
export function schedulerWaits({ execution, window }: OpenedTrace, { rows }: ChosenGoroutines): Pause[] {
  const { goroutines, stays, reasons } = execution;
  const all: Pause[] = [];
  for (const g of rows) {
    for (let stay = goroutines.stayOffset[g]; stay < goroutines.stayOffset[g + 1]; stay++) {
      const from = stays.from[stay];
      const isFirst = stay === goroutines.stayOffset[g];
      // One that was there before the trace may have waited for longer.
      const isKnown = !(isFirst && goroutines.wasBefore[g]) && stay + 1 < goroutines.stayOffset[g + 1];
      if (stays.state[stay] === StayState.runnable && isKnown && from >= window.from && from <= window.to) {
        const reason = reasons[stays.reason[stay]];
        all.push({
          kind: 'scheduler',
          reason: reason || (isFirst ? 'new' : sinceOf(stays.state[stay - 1], stays.by[stay])),
          from,
          length: stayEnd(execution, g, stay) - from,
          open: 0,
          goroutine: g,
          by: stays.by[stay],
        });
      }
    }
  }
  return all;
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
 * total (ns).
 */
export function pauseGroups(trace: OpenedTrace, chosen: ChosenGoroutines): Table {
  const rows = [stops(trace), schedulerWaits(trace, chosen)].flatMap(groupsOf);
  const { number, text } = columnsOf(rows);
  const time = (name: string, read: (lengths: Float64Array) => number) =>
    number(name, 'nanoseconds', ({ lengths }) => read(lengths));
  return {
    name: 'pauses',
    length: rows.length,
    columns: [
      text('reason', ({ reason }) => reason),
      text('kind', ({ kind }) => kind),
      number('count', 'count', ({ lengths }) => lengths.length),
      time('p50', (lengths) => quantile(lengths, 0.5)),
      time('p99', (lengths) => quantile(lengths, 0.99)),
      time('max', (lengths) => quantile(lengths, 1)),
      time('total', (lengths) => lengths.reduce((sum, length) => sum + length, 0)),
    ],
    notices: chosen.notices,
  };
}

function groupsOf(pauses: readonly Pause[]) {
  const byReason = new Map<string, number[]>();
  for (const { reason, length } of pauses) {
    const lengths = byReason.get(reason) ?? [];
    byReason.set(reason, lengths);
    lengths.push(length);
  }
  return [...byReason]
    .map(([reason, lengths]) => ({ kind: pauses[0].kind, reason, lengths: Float64Array.from(lengths).sort() }))
    .sort((a, b) => quantile(b.lengths, 1) - quantile(a.lengths, 1));
}

/**
 * The longest pauses, and the longest waits for a processor, one by one.
 *
 * Columns: reason, kind, length (ns), time, function and goroutine (id) that waited or stopped the world, unblocked by (function), what
 * is not known.
 */
export function worstPauses(trace: OpenedTrace, chosen: ChosenGoroutines): Table {
  const { execution } = trace;
  const longest = (pauses: Pause[]) => pauses.sort((a, b) => b.length - a.length || a.from - b.from).slice(0, worst);
  const rows = [...longest(stops(trace)), ...longest(schedulerWaits(trace, chosen))];
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

const lengthsOf = (pauses: readonly Pause[]) => Float64Array.from(pauses, ({ length }) => length);

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
        return [histogram(name, lengthsOf(stops(trace)), [])];
      case 'scheduler': {
        const chosen = chosenGoroutines(trace, { ...query, goroutine: '', task: '' });
        return [histogram(name, lengthsOf(schedulerWaits(trace, chosen)), chosen.notices)];
      }
    }
  },
});
