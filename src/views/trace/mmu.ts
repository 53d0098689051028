import { mutatorUtilisation, worstWindows } from '../../profile/mutatorUtilisation';
import { columnsOf, type Table } from '../table';
import { traceView } from '../view';
import { lengthText, wallClock, type OpenedTrace } from './openedTrace';

/** Windows of a length that are rows. */
const worst = 3;
/** ns of the shortest window; the others are 1, 2 and 5 times a power of ten of it. */
const shortest = 100_000;

/** Lengths of windows, up to the whole. */
function lengthsOf(duration: number): number[] {
  const lengths: number[] = [];
  for (let power = shortest; power <= duration; power *= 10) {
    lengths.push(...[1, 2, 5].map((times) => times * power));
  }
  return lengths.filter((length) => length <= duration);
}

/**
 * How little of the processors the collector left to the program over any stretch of time, by its length, and when that was. Of all of
 * the trace, so that a window may begin before the time range.
 *
 * Columns: window (length), rank (1 the worst, of windows that do not overlap), utilisation (percent), time, until; hidden length (ns).
 */
export function mmuTable(trace: OpenedTrace): Table {
  const { execution } = trace;
  const steps = mutatorUtilisation(execution);
  const rows = (steps.length === 0 ? [] : lengthsOf(execution.duration)).flatMap((length) =>
    worstWindows(steps, length, worst).map(({ from, utilisation }, i) => ({ length, rank: i + 1, from, utilisation }))
  );
  const { number, text } = columnsOf(rows);
  return {
    name: 'utilisation',
    length: rows.length,
    columns: [
      text('window', ({ length }) => lengthText(length)),
      number('rank', 'count', ({ rank }) => rank),
      { ...number('utilisation', 'percent', ({ utilisation }) => 100 * utilisation), isGauge: true },
      { name: 'time', kind: 'time', values: rows.map(({ from }) => wallClock(trace, from)) },
      { name: 'until', kind: 'time', values: rows.map(({ from, length }) => wallClock(trace, from + length)) },
      { ...number('length', 'nanoseconds', ({ length }) => length), isHidden: true },
    ],
    notices:
      rows.length === 0
        ? [{ severity: 'warning', text: 'The trace does not say GOMAXPROCS, or is shorter than 100 µs.' }]
        : [],
  };
}

export const traceMmuView = traceView({
  name: 'traceMmu',
  title: 'Minimum mutator utilisation',
  description: 'the least that the collector left to the program, by length of time, and when',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'table',
  fields: [],
  reports: [],
  tables: (trace) => [mmuTable(trace)],
});
