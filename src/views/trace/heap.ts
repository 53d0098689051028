import { stayEnd, StayState, type Series } from '../../profile/execution';
import { isSystemGoroutine } from '../../profile/goroutineSums';
import { mutatorUtilisation } from '../../profile/mutatorUtilisation';
import type { Notice } from '../../text/notice';
import type { Table } from '../table';
import { traceView } from '../view';
import { Bins } from './bins';
import { stayBegin, wallClock, type OpenedTrace } from './openedTrace';
import { remembered } from './remembered';

/** Points of a series: as many as a panel has pixels, or a few more. */
const points = 600;

/**
 * What the runtime counted and the collector took, on the wall clock: a table for each series.
 *
 * Columns: time, value. heap live, heap goal (bytes) and GOMAXPROCS have the most in a point's stretch of time; running goroutines, of
 * the program and system ones, and what is left to the program of its processors (percent) the mean.
 */
export function heapSeries(trace: OpenedTrace): readonly Table[] {
  const { execution, window } = trace;
  const bins = new Bins(window, points);
  const { ofProgram, ofSystem } = runningOf(trace);
  // A part of the time that could not be read says nothing, also of what was before it.
  const begins = bins.begins();
  const times = Array.from(begins, (ns) => wallClock(trace, ns));
  const isLost = begins.map((begin) =>
    Number(execution.losses.some(({ from, to }) => from <= begin && begin + bins.width <= to))
  );
  const table = (name: string, unit: string, values: Float64Array, color: string): Table => ({
    name,
    length: points,
    columns: [
      { name: 'time', kind: 'time', values: times },
      { name: 'value', kind: 'number', unit, values: values.map((value, bin) => (isLost[bin] ? NaN : value)), color },
    ],
    notices: [],
  });
  const { heapLive, heapGoal, gomaxprocs } = execution;
  const utilisation = mutatorUtilisation(execution);
  const all = [
    ...seriesOf(heapLive, (values) => table('heap live', 'bytes', values, 'blue'), bins),
    ...seriesOf(heapGoal, (values) => table('heap goal', 'bytes', values, 'red'), bins),
    ...seriesOf(gomaxprocs, (values) => table('GOMAXPROCS', 'count', values, 'text'), bins),
    table('running goroutines', 'count', ofProgram, 'green'),
    table('running system goroutines', 'count', ofSystem, 'orange'),
    ...(utilisation.length === 0 ? [] : [table('mutator utilisation', 'percent', meanOf(utilisation, bins), 'purple')]),
  ];
  return [{ ...all[0], notices: pointNotice(bins) }, ...all.slice(1)];
}

const seriesOf = (series: Series, make: (values: Float64Array) => Table, bins: Bins): Table[] =>
  series.time.length === 0 ? [] : [make(bins.most(series))];

/** The mean of steps, of one part of the trace after the other, in each bin, in percent; NaN where they say nothing. */
function meanOf(parts: readonly Series[], bins: Bins): Float64Array {
  const [sums, known] = [new Float64Array(bins.length), new Float64Array(bins.length)];
  for (const { time, value } of parts) {
    for (let i = 0; i + 1 < time.length; i++) {
      bins.add(sums, time[i], time[i + 1], value[i]);
      bins.add(known, time[i], time[i + 1]);
    }
  }
  return sums.map((sum, bin) => (known[bin] > 0 ? (100 * sum) / known[bin] : NaN));
}

/** Shared by panels. */
const runningOf = remembered(({ execution, window }: OpenedTrace) => {
  const { goroutines, stays } = execution;
  const bins = new Bins(window, points);
  const [ofProgram, ofSystem] = [new Float64Array(bins.length), new Float64Array(bins.length)];
  for (let g = 0; g < goroutines.length; g++) {
    const sums = isSystemGoroutine(execution, g) ? ofSystem : ofProgram;
    for (let stay = goroutines.stayOffset[g]; stay < goroutines.stayOffset[g + 1]; stay++) {
      if (stays.state[stay] === StayState.running) {
        bins.add(sums, stayBegin(execution, g, stay), stayEnd(execution, g, stay));
      }
    }
  }
  return { ofProgram, ofSystem };
});

const pointNotice = ({ width }: Bins): Notice[] => [
  {
    severity: 'info',
    text: `A point is of ${(width / 1e6).toLocaleString('en-US', { maximumFractionDigits: 3 })} ms: the most of heap and GOMAXPROCS, the mean of goroutines and utilisation. A shorter time range shows more.`,
  },
];

export const traceHeapView = traceView({
  name: 'traceHeap',
  title: 'GC and heap',
  description: 'live heap and its goal, GOMAXPROCS, running goroutines, mutator utilisation over time',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'graph',
  fields: [],
  reports: [],
  tables: heapSeries,
});
