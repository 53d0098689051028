import { RangeKind, stayEnd, StayState } from '../../profile/execution';
import { grouped, type Notice } from '../../text/notice';
import { columnsOf, namedColumn, type Column, type Table } from '../table';
import { traceView } from '../view';
import {
  chosenGoroutines,
  endOf,
  nameOf,
  overlap,
  wallClock,
  type ChosenGoroutines,
  type OpenedTrace,
} from './openedTrace';

/** Rows of the table; those with the most time stay. */
const maxRows = 1000;
/** Reasons to wait that have a column of their own. */
const maxReasons = 8;

/** Sums of ns over the goroutines of a row. */
interface Sums {
  count: number;
  total: number;
  running: number;
  runnable: number;
  syscall: number;
  syscallBlocked: number;
  /** By row of Execution.reasons. */
  readonly waiting: Float64Array;
  /** By RangeKind. */
  readonly ranges: Float64Array;
}

/**
 * How the goroutines of a trace spent their time in the window, by the function where they began or one by one; the longest first.
 *
 * Columns: function, of one by one goroutine (id), began and ended, else count; total, execution, scheduler wait, blocked and
 * a column for each reason, syscall, syscall blocked, unknown, and what overlaps them: GC assist, GC sweep, stop-the-world.
 * All in ns.
 */
export function goroutineRows(trace: OpenedTrace, chosen: ChosenGoroutines, isEach: boolean): Table {
  const { execution } = trace;
  const { goroutines, reasons } = execution;
  const group = new Map<number, number>();
  /** A goroutine of each row. */
  const firsts: number[] = [];
  const rowOf = chosen.rows.map((g) => {
    const key = isEach ? g : goroutines.name[g];
    const row = group.get(key) ?? firsts.push(g) - 1;
    group.set(key, row);
    return row;
  });
  const sums = firsts.map((): Sums => ({
    ...{ count: 0, total: 0, running: 0, runnable: 0, syscall: 0, syscallBlocked: 0 },
    waiting: new Float64Array(reasons.length),
    ranges: new Float64Array(Object.keys(RangeKind).length),
  }));
  chosen.rows.forEach((g, i) => addGoroutine(sums[rowOf[i]], trace, g));
  addRanges(trace, chosen, (i) => sums[rowOf[i]]);
  const all = [...sums.keys()].sort((a, b) => sums[b].total - sums[a].total || a - b);
  const rows = all.slice(0, maxRows);
  return {
    name: 'goroutines',
    length: rows.length,
    columns: [
      namedColumn(
        'function',
        rows.map((row) => nameOf(execution, firsts[row]) || [unnamed])
      ),
      ...(isEach
        ? idColumns(trace, rows, firsts)
        : [columnsOf(rows).number('count', 'count', (row) => sums[row].count)]),
      ...timeColumns(rows, sums, reasons),
      columnsOf(rows).text('pattern', (row) => patternOf(nameOf(execution, firsts[row])), { isHidden: true }),
    ],
    notices: [...chosen.notices, ...cutNotice(all.length - rows.length)],
  };
}

/** Of goroutines that were there before the trace and did nothing that has a stack. */
const unnamed = '(unknown)';

/** Finds this function alone. */
const patternOf = (name: string): string => `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;

function addGoroutine(sums: Sums, { execution, window }: OpenedTrace, g: number): void {
  const { goroutines, stays } = execution;
  sums.count++;
  sums.total += overlap(goroutines.from[g], endOf(execution, g), window);
  const first = goroutines.stayOffset[g];
  for (let stay = first; stay < goroutines.stayOffset[g + 1]; stay++) {
    // What it was in when it was first mentioned, it was in before.
    const from = stay === first ? Math.min(goroutines.from[g], stays.from[stay]) : stays.from[stay];
    const time = overlap(from, Math.min(stayEnd(execution, g, stay), endOf(execution, g)), window);
    switch (stays.state[stay]) {
      case StayState.running:
        sums.running += time;
        break;
      case StayState.runnable:
        sums.runnable += time;
        break;
      case StayState.syscall:
        sums.syscall += time;
        break;
      case StayState.syscallBlocked:
        sums.syscallBlocked += time;
        break;
      default:
        sums.waiting[stays.reason[stay]] += time;
    }
  }
}

function addRanges(
  { execution: { ranges }, window }: OpenedTrace,
  chosen: ChosenGoroutines,
  sumsOf: (i: number) => Sums
) {
  const index = new Map(chosen.rows.map((g, i) => [g, i]));
  for (let i = 0; i < ranges.length; i++) {
    const at = index.get(ranges.goroutine[i]);
    if (at !== undefined) {
      sumsOf(at).ranges[ranges.kind[i]] += overlap(ranges.from[i], ranges.to[i], window);
    }
  }
}

function idColumns(trace: OpenedTrace, rows: readonly number[], firsts: readonly number[]): Column[] {
  const { goroutines } = trace.execution;
  const began = (g: number) => (goroutines.wasBefore[g] ? NaN : wallClock(trace, goroutines.from[g]));
  return [
    columnsOf(rows).text('goroutine', (row) => String(goroutines.id[firsts[row]])),
    { name: 'began', kind: 'time', values: rows.map((row) => began(firsts[row])) },
    { name: 'ended', kind: 'time', values: rows.map((row) => wallClock(trace, goroutines.to[firsts[row]])) },
  ];
}

function timeColumns(rows: readonly number[], sums: readonly Sums[], reasons: readonly string[]): Column[] {
  const column = (name: string, read: (of: Sums) => number, description?: string): Column => ({
    ...columnsOf(rows).number(name, 'nanoseconds', (row) => read(sums[row])),
    ...(description && { description }),
  });
  const totals = reasons.map((_, reason) => rows.reduce((sum, row) => sum + sums[row].waiting[reason], 0));
  const used = [...reasons.keys()].filter((reason) => totals[reason] > 0).sort((a, b) => totals[b] - totals[a]);
  const [own, others] = [used.slice(0, maxReasons), used.slice(maxReasons)];
  const waited = (of: readonly number[]) => (row: Sums) => of.reduce((sum, reason) => sum + row.waiting[reason], 0);
  const blocked = waited(used);
  const known = (row: Sums) => row.running + row.runnable + row.syscall + row.syscallBlocked + blocked(row);
  return [
    column('total', ({ total }) => total),
    column('execution', ({ running }) => running),
    column('scheduler wait', ({ runnable }) => runnable, 'Able to run, and not running.'),
    column('blocked', blocked, 'For all reasons; each has a column of its own.'),
    column('syscall', ({ syscall }) => syscall),
    column('syscall blocked', ({ syscallBlocked }) => syscallBlocked, 'In a system call, without a processor.'),
    ...own.map((reason) => column(reasons[reason] || 'unknown wait', waited([reason]))),
    ...(others.length > 0 ? [column('other reasons', waited(others))] : []),
    column('unknown', (row) => Math.max(0, row.total - known(row)), 'Of the total what no state says.'),
    column('GC assist', ({ ranges }) => ranges[RangeKind.assist], 'Overlaps the others.'),
    column('GC sweep', ({ ranges }) => ranges[RangeKind.sweep], 'Overlaps the others.'),
    column(
      'stop-the-world',
      ({ ranges }) => ranges[RangeKind.stopTheWorld],
      'Of pauses that it began. Overlaps the others.'
    ),
  ];
}

const cutNotice = (left: number): Notice[] =>
  left > 0
    ? [
        {
          severity: 'warning',
          text: `The ${grouped(maxRows)} with the most time are shown; ${grouped(left)} are left out.`,
        },
      ]
    : [];

export const traceGoroutinesView = traceView({
  name: 'traceGoroutines',
  title: 'Goroutines of the trace',
  description: 'how they spent their time: execution, waits by reason, system calls, GC',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'table',
  fields: ['rows', 'goroutine', 'task', 'peek', 'withSystem'],
  reports: [],
  tables: (trace, query) => [goroutineRows(trace, chosenGoroutines(trace, query), query.rows === 'each')],
});
