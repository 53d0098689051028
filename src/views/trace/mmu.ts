import type { TraceOptions } from '../../fields/traceOptions';
import type { Series } from '../../profile/execution';
import {
  minimumUtilisation,
  mutatorUtilisation,
  utilisationWithin,
  worstWindows,
  type UtilisationOptions,
} from '../../profile/mutatorUtilisation';
import type { Notice } from '../../text/notice';
import { columnsOf, type Table } from '../table';
import { traceView } from '../view';
import { lengthText, wallClock, type OpenedTrace } from './openedTrace';
import { remembered } from './remembered';

/** Windows of a length that are rows. */
const worst = 3;
/** ns of the shortest window that is a row; the others are 1, 2 and 5 times a power of ten of it. */
const shortest = 100_000;
/** ns of the shortest window of the curve, and its points for each power of ten. */
const curveShortest = 1000;
const curvePoints = 12;

const optionFields = [
  'withStopTheWorld',
  'withBackground',
  'withAssist',
  'withSweep',
  'perProcessor',
] as const satisfies ReadonlyArray<keyof TraceOptions>;
type Options = Pick<TraceOptions, (typeof optionFields)[number]>;

const optionsOf = (options: Options): UtilisationOptions => ({
  stopTheWorld: options.withStopTheWorld,
  background: options.withBackground,
  assist: options.withAssist,
  sweep: options.withSweep,
  perProcessor: options.perProcessor,
});

/** By what counts as the collector's time: the curve and the table ask alike. */
const utilisations = remembered((_: OpenedTrace) => new Map<string, readonly Series[]>());

/** What of the utilisation lies in the window. */
function utilisationOf(trace: OpenedTrace, options: Options): readonly Series[] {
  const key = optionFields.map((field) => options[field]).join();
  const known = utilisations(trace);
  let found = known.get(key);
  if (!found) {
    found = utilisationWithin(mutatorUtilisation(trace.execution, optionsOf(options)), trace.window);
    known.set(key, found);
  }
  return found;
}

/** ns of the longest window: of the time range, of a damaged trace of the longest part that could be read. */
const longestOf = ({ execution, window }: OpenedTrace, functions: readonly Series[]) =>
  execution.losses.length === 0
    ? window.to - window.from
    : functions.reduce((longest, { time }) => Math.max(longest, time[time.length - 1] - time[0]), 0);

/** Lengths of windows, up to the whole. */
function lengthsOf(duration: number): number[] {
  const lengths: number[] = [];
  for (let power = shortest; power <= duration; power *= 10) {
    lengths.push(...[1, 2, 5].map((times) => times * power));
  }
  return lengths.filter((length) => length <= duration);
}

/**
 * How little of the processors the collector left to the program over any stretch of time, by its length, and when that was: within the
 * time range.
 *
 * Columns: window (length), rank (1 the worst, of windows that do not overlap), utilisation (percent), time, until; hidden length (ns).
 */
export function mmuTable(trace: OpenedTrace, options: Options): Table {
  const steps = utilisationOf(trace, options);
  const rows = (steps.length === 0 ? [] : lengthsOf(longestOf(trace, steps))).flatMap((length) =>
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
    notices: noneNotice(rows.length),
  };
}

/**
 * The least utilisation of any window, by the window's length: from 1 µs up to the time range, even steps of a logarithmic axis.
 *
 * Columns: window (ns), minimum mutator utilisation (percent).
 */
export function mmuCurve(trace: OpenedTrace, options: Options): Table {
  const steps = utilisationOf(trace, options);
  const longest = longestOf(trace, steps);
  const lengths: number[] = [];
  for (let i = 0; steps.length > 0; i++) {
    const length = Math.round(curveShortest * 10 ** (i / curvePoints));
    if (length >= longest) {
      lengths.push(longest);
      break;
    }
    lengths.push(length);
  }
  const { number } = columnsOf(lengths);
  return {
    name: 'minimum mutator utilisation',
    length: lengths.length,
    columns: [
      number('window', 'nanoseconds', (length) => length),
      {
        ...number('minimum mutator utilisation', 'percent', (length) => 100 * minimumUtilisation(steps, length)),
        color: 'purple',
      },
    ],
    notices: noneNotice(lengths.length),
  };
}

const noneNotice = (found: number): Notice[] =>
  found > 0
    ? []
    : [{ severity: 'warning', text: 'The trace does not say GOMAXPROCS in this time, or it is shorter than 100 µs.' }];

export const traceMmuCurveView = traceView({
  name: 'traceMmuCurve',
  title: 'Minimum mutator utilisation',
  description: 'the least that the collector left to the program of any stretch of time, by its length',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'xyChart',
  fields: optionFields,
  reports: [],
  tables: (trace, query) => [mmuCurve(trace, query)],
});

export const traceMmuView = traceView({
  name: 'traceMmu',
  title: 'Worst windows of the mutator',
  description: 'when the collector left least to the program, by length of time',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'table',
  fields: optionFields,
  reports: [],
  tables: (trace, query) => [mmuTable(trace, query)],
});
