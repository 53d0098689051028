import type { Execution } from '../../profile/execution';
import { rangeSums, timeSums } from '../../profile/goroutineSums';
import { grouped, type Notice } from '../../text/notice';
import { columnsOf, namedColumn, type Column, type Table } from '../table';
import { traceView } from '../view';
import {
  chosenGoroutines,
  endOf,
  nameOf,
  overlap,
  reasonText,
  wallClock,
  type ChosenGoroutines,
  type OpenedTrace,
} from './openedTrace';
import { remembered } from './remembered';

/** Rows of the table; those with the most time stay. */
const maxRows = 1000;
const noReason =
  'Waits that are older than the trace, and those of coroutines (iter.Pull): the trace does not say why.';
/** Reasons to wait that have a column of their own. */
const maxReasons = 8;

/** Sums of ns over the goroutines of a row. */
interface Sums {
  count: number;
  total: number;
  exec: number;
  schedWait: number;
  syscall: number;
  syscallBlock: number;
  unknown: number;
  /** By row of Execution.reasons. */
  readonly block: Map<number, number>;
  assist: number;
  sweep: number;
  stop: number;
}

const times = ['total', 'exec', 'schedWait', 'syscall', 'syscallBlock', 'unknown'] as const;

/**
 * How the goroutines of a trace spent their time in the window, by the function where they began or one by one; the longest first.
 *
 * Columns: function, of one by one goroutine (id), began and ended where one does in the trace, else count; total, execution, scheduler wait, blocked and
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
  const totals = new Float64Array(firsts.length);
  chosen.rows.forEach((g, i) => {
    totals[rowOf[i]] += Math.max(0, overlap(goroutines.from[g], endOf(execution, g), trace.window));
  });
  const order = (row: number) => (isEach ? goroutines.id[firsts[row]] : row);
  const all = [...firsts.keys()].sort((a, b) => totals[b] - totals[a] || order(a) - order(b));
  const rows = all.slice(0, maxRows);
  const sums = sumsOf(trace, chosen, rowOf, new Set(rows));
  return {
    name: 'goroutines',
    length: rows.length,
    columns: [
      namedColumn(
        'function',
        rows.map((row) => nameOf(execution, firsts[row]) || [unnamed]),
        { fullNames: rows.map((row) => nameOf(execution, firsts[row])) }
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

/** By row, of those that are shown: of many goroutines most are not. */
function sumsOf(
  trace: OpenedTrace,
  { rows: goroutines }: ChosenGoroutines,
  rowOf: readonly number[],
  shown: ReadonlySet<number>
): readonly Sums[] {
  const sums: Sums[] = [];
  shown.forEach((row) => {
    sums[row] = {
      ...{ count: 0, total: 0, exec: 0, schedWait: 0, syscall: 0, syscallBlock: 0, unknown: 0 },
      ...{ assist: 0, sweep: 0, stop: 0 },
      block: new Map(),
    };
  });
  const ranges = rangesOf(trace);
  goroutines.forEach((g, i) => {
    const own = sums[rowOf[i]];
    if (own) {
      addTimes(own, trace, g);
      addRanges(own, trace.execution, ranges.get(g) ?? new Map());
    }
  });
  return sums;
}

const rangesOf = remembered(({ execution, window }: OpenedTrace) => rangeSums(execution, window));

/** Of goroutines that were there before the trace and did nothing that has a stack. */
const unnamed = '(unknown)';

/** Finds this function alone. */
const patternOf = (name: string): string => `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;

function addTimes(sums: Sums, { execution, window }: OpenedTrace, g: number): void {
  const own = timeSums(execution, g, window);
  sums.count++;
  times.forEach((name) => (sums[name] += own[name]));
  own.block.forEach((time, reason) => sums.block.set(reason, (sums.block.get(reason) ?? 0) + time));
}

/** @param own ns by row of strings of the range's name */
function addRanges(sums: Sums, { tables }: Execution, own: ReadonlyMap<number, number>): void {
  own.forEach((time, row) => {
    const name = tables.strings[row];
    sums[name === 'GC mark assist' ? 'assist' : name === 'GC incremental sweep' ? 'sweep' : 'stop'] += time;
  });
}

/** None where no row has a time. */
const someTimes = (name: string, values: readonly number[]): Column[] =>
  values.every(Number.isNaN) ? [] : [{ name, kind: 'time', values }];

function idColumns(trace: OpenedTrace, rows: readonly number[], firsts: readonly number[]): Column[] {
  const { goroutines } = trace.execution;
  const began = (g: number) => (goroutines.wasBefore[g] ? NaN : wallClock(trace, goroutines.from[g]));
  return [
    columnsOf(rows).text('goroutine', (row) => String(goroutines.id[firsts[row]])),
    ...someTimes(
      'began',
      rows.map((row) => began(firsts[row]))
    ),
    ...someTimes(
      'ended',
      rows.map((row) => wallClock(trace, goroutines.to[firsts[row]]))
    ),
  ];
}

function timeColumns(rows: readonly number[], sums: readonly Sums[], reasons: readonly string[]): Column[] {
  const column = (name: string, read: (of: Sums) => number, description?: string): Column => ({
    ...columnsOf(rows).number(name, 'nanoseconds', (row) => read(sums[row])),
    ...(description && { description }),
  });
  const totals = new Map<number, number>();
  rows.forEach((row) =>
    sums[row].block.forEach((time, reason) => totals.set(reason, (totals.get(reason) ?? 0) + time))
  );
  const used = [...totals].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([reason]) => reason);
  const [own, others] = [used.slice(0, maxReasons), used.slice(maxReasons)];
  const blocked =
    (of: readonly number[]) =>
    ({ block }: Sums) =>
      of.reduce((sum, reason) => sum + (block.get(reason) ?? 0), 0);
  return [
    column('total', ({ total }) => total),
    column('execution', ({ exec }) => exec),
    column('scheduler wait', ({ schedWait }) => schedWait, 'Able to run, and not running.'),
    column('blocked', blocked(used), 'For all reasons; each has a column of its own.'),
    column('syscall', ({ syscall }) => syscall),
    column('syscall blocked', ({ syscallBlock }) => syscallBlock, 'In a system call, without a processor.'),
    ...own.map((reason) =>
      column(reasonText(reasons[reason]), blocked([reason]), reasons[reason] ? undefined : noReason)
    ),
    ...(others.length > 0 ? [column('other reasons', blocked(others))] : []),
    column('unknown', ({ unknown }) => unknown, 'Of the total what no state says.'),
    column('GC assist', ({ assist }) => assist, 'Overlaps the others.'),
    column('GC sweep', ({ sweep }) => sweep, 'Overlaps the others.'),
    column('stop-the-world', ({ stop }) => stop, 'Of pauses that it began. Overlaps the others.'),
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
