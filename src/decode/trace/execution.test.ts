import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Open, RangeKind, stayEnd, type Execution } from '../../profile/execution';
import { firstRun, isSystemGoroutine, rangeSums, timeSums, type TimeSums } from '../../profile/goroutineSums';
import { minimumUtilisation, mutatorUtilisation } from '../../profile/mutatorUtilisation';
import { profileBytes } from '../../profile/size';
import { readTrace, traceCorpus, tracesIn } from '../../testing/traces';
import { decode } from '../decode';
import { decodeTrace } from './trace';

// What Go's Summarizer, its ranges, metrics and MMU say of the traces of the corpus.

interface Stats {
  readonly exec: number;
  readonly schedWait: number;
  readonly syscall: number;
  readonly syscallBlock: number;
  readonly block?: Readonly<Record<string, number>>;
  readonly unknown: number;
  readonly total: number;
  readonly range?: Readonly<Record<string, number>>;
}

interface RegionOracle extends Stats {
  readonly name: string;
  readonly task: number;
  readonly start: number | null;
  readonly end: number | null;
}

interface Oracle {
  readonly start: number;
  readonly end: number;
  readonly metrics: Readonly<Record<string, readonly number[]>>;
  readonly ranges: ReadonlyArray<Readonly<{ name: string; scope: string; begin: number | null; end: number | null }>>;
  readonly goroutines: ReadonlyArray<
    Readonly<{
      id: number;
      name: string;
      system: boolean;
      creation: number;
      start: number;
      end: number;
      stats: Stats;
      regions?: readonly RegionOracle[];
    }>
  >;
  readonly tasks?: ReadonlyArray<
    Readonly<{
      id: number;
      name: string;
      parent: number;
      start: number | null;
      end: number | null;
      goroutines: readonly number[];
      regions: number;
      logs?: ReadonlyArray<Readonly<{ time: number; g: number; category: string; message: string }>>;
    }>
  >;
}

const readOracle = (name: string): Oracle =>
  JSON.parse(gunzipSync(readFileSync(join(traceCorpus, `${name}.oracle.json.gz`))).toString());

const withoutZeros = (record: Readonly<Record<string, number>> = {}) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== 0));

const nullIf = (is: boolean, value: number) => (is ? null : value);

function plainSums({ reasons }: Execution, { block, ...sums }: TimeSums) {
  return {
    ...sums,
    block: withoutZeros(Object.fromEntries([...block].map(([reason, time]) => [reasons[reason], time]))),
  };
}

const plainStats = ({ exec, schedWait, syscall, syscallBlock, unknown, total, block }: Stats) => ({
  exec,
  schedWait,
  syscall,
  syscallBlock,
  unknown,
  total,
  block: withoutZeros(block),
});

/** Rows of goroutines that Go has: of an id that cgo gave again only the last. */
function lastOfId({ goroutines }: Execution): Map<number, number> {
  const rows = new Map<number, number>();
  goroutines.id.forEach((id, row) => rows.set(id, row));
  return new Map([...rows].sort(([a], [b]) => a - b));
}

function regionsOf(execution: Execution, goroutine: number) {
  const { regions, tasks, tables } = execution;
  return [...regions.goroutine.keys()]
    .filter((row) => regions.goroutine[row] === goroutine)
    .map((row) => ({
      name: tables.strings[regions.name[row]],
      task: tasks.id[regions.task[row]],
      start: nullIf((regions.open[row] & Open.start) !== 0, regions.from[row]),
      end: nullIf((regions.open[row] & Open.end) !== 0, regions.to[row]),
      ...plainSums(execution, timeSums(execution, goroutine, { from: regions.from[row], to: regions.to[row] })),
    }));
}

function goroutinesOf(execution: Execution) {
  const { goroutines, tables } = execution;
  const ranges = rangeSums(execution);
  return [...lastOfId(execution)].map(([id, row]) => {
    const start = firstRun(execution, row);
    return {
      id,
      name: tables.strings[goroutines.name[row]],
      system: isSystemGoroutine(execution, row),
      creation: goroutines.from[row],
      start: nullIf(Number.isNaN(start), start),
      end: nullIf(Number.isNaN(goroutines.to[row]), goroutines.to[row]),
      stats: plainSums(execution, timeSums(execution, row)),
      range: Object.fromEntries([...(ranges.get(row) ?? [])].map(([name, time]) => [tables.strings[name], time])),
      regions: regionsOf(execution, row),
    };
  });
}

function goroutinesOfGo({ goroutines, start: origin }: Oracle) {
  const since = (time: number | null) => nullIf(time === null || time === 0, Number(time) - origin);
  return goroutines.map(({ id, name, system, creation, start, end, stats, regions = [] }) => ({
    id,
    name,
    system,
    creation: creation - origin,
    start: since(start),
    end: since(end),
    stats: plainStats(stats),
    range: withoutZeros(stats.range),
    regions: regions.map((region) => ({
      name: region.name,
      task: region.task,
      start: since(region.start),
      end: since(region.end),
      ...plainStats(region),
    })),
  }));
}

function tasksOf({ tasks, regions, logs, goroutines, tables: { strings } }: Execution) {
  return [...tasks.id.keys()]
    .map((row) => ({
      id: tasks.id[row],
      name: strings[tasks.name[row]],
      parent: tasks.parent[row] < 0 ? -1 : tasks.id[tasks.parent[row]],
      start: nullIf((tasks.open[row] & Open.start) !== 0, tasks.from[row]),
      end: nullIf((tasks.open[row] & Open.end) !== 0, tasks.to[row]),
      goroutines: [...tasks.goroutine.subarray(tasks.goroutineOffset[row], tasks.goroutineOffset[row + 1])]
        .map((g) => goroutines.id[g])
        .sort((a, b) => a - b),
      // Go does not count those that are inherited.
      regions: regions.task.filter((task, i) => task === row && strings[regions.name[i]] !== '').length,
      logs: [...logs.task.keys()]
        .filter((i) => logs.task[i] === row)
        .map((i) => ({
          time: logs.time[i],
          g: goroutines.id[logs.goroutine[i]],
          category: strings[logs.key[i]],
          message: strings[logs.value[i]],
        })),
    }))
    .sort((a, b) => a.id - b.id);
}

const tasksOfGo = ({ tasks = [], start: origin }: Oracle) =>
  tasks.map(({ id, name, parent, start, end, goroutines, regions, logs = [] }) => ({
    id,
    name,
    parent,
    start: nullIf(start === null, Number(start) - origin),
    end: nullIf(end === null, Number(end) - origin),
    goroutines,
    regions,
    logs: logs.map(({ time, ...log }) => ({ ...log, time: time - origin })),
  }));

function rangesOf({ ranges, goroutines, processors, tables: { strings } }: Execution) {
  return [...ranges.kind.keys()]
    .filter((i) => ranges.kind[i] !== RangeKind.worker)
    .map((i) => ({
      name: strings[ranges.name[i]],
      scope:
        ranges.kind[i] === RangeKind.mark
          ? 'None'
          : ranges.kind[i] === RangeKind.sweep
            ? `Proc(${processors.id[ranges.processor[i]]})`
            : `Goroutine(${goroutines.id[ranges.goroutine[i]]})`,
      begin: nullIf((ranges.open[i] & Open.start) !== 0, ranges.from[i]),
      end: nullIf((ranges.open[i] & Open.end) !== 0, ranges.to[i]),
    }))
    .slice(0, 400);
}

const metricsOf = ({ heapLive, heapGoal, gomaxprocs }: Execution) =>
  Object.fromEntries(
    Object.entries({
      '/memory/classes/heap/objects:bytes': heapLive,
      '/gc/heap/goal:bytes': heapGoal,
      '/sched/gomaxprocs:threads': gomaxprocs,
    })
      .filter(([, { value }]) => value.length > 0)
      .map(([name, { value }]) => [name, [value.length, value[0], value[value.length - 1], Math.max(...value)]])
  );

const windows = { '100µs': 1e5, '1ms': 1e6, '10ms': 1e7, '50ms': 5e7, '100ms': 1e8, '500ms': 5e8 };
const mmuOf = (execution: Execution, options = {}) => {
  const functions = mutatorUtilisation(execution, options);
  return Object.fromEntries(
    Object.entries(windows).map(([name, window]) => [name, minimumUtilisation(functions, window).toFixed(9)])
  );
};
const rounded = (values: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value.toFixed(9)]));

it('a small trace: every ns of a goroutine is in one state', async () => {
  const packed = readFileSync(join(__dirname, '../../../testdata/trace/small.trace.gz'));
  const profile = await decode(packed);
  const { execution } = profile as { execution: Execution };
  const { goroutines, stays, processors, tables, ranges } = execution;
  expect(goroutines.length).toBeGreaterThan(8);
  expect(tables.strings).toBe(profile.strings);
  const ofStay = new Uint32Array(stays.length);
  for (let g = 0; g < goroutines.length; g++) {
    const { unknown, total } = timeSums(execution, g);
    expect([g, unknown]).toEqual([g, 0]);
    // Cut in two it is the same.
    const middle = execution.duration / 2;
    const halves = [
      timeSums(execution, g, { from: 0, to: middle }),
      timeSums(execution, g, { from: middle, to: Infinity }),
    ];
    expect(halves[0].total + halves[1].total).toBe(total);
    expect(halves[0].exec + halves[1].exec).toBeCloseTo(timeSums(execution, g).exec, 3);
    for (let stay = goroutines.stayOffset[g]; stay < goroutines.stayOffset[g + 1]; stay++) {
      ofStay[stay] = g;
      expect(stayEnd(execution, g, stay)).toBeGreaterThan(stays.from[stay]);
    }
  }
  // A processor runs one goroutine at a time.
  for (let p = 0; p < processors.length; p++) {
    const rows = [...processors.stay.subarray(processors.stayOffset[p], processors.stayOffset[p + 1])];
    const spans = rows.map((stay) => [stays.from[stay], stayEnd(execution, ofStay[stay], stay)]);
    expect(spans.slice(1).every(([from], i) => from >= spans[i][1])).toBe(true);
  }
  expect([...ranges.kind].filter((kind) => kind === RangeKind.stopTheWorld).length).toBeGreaterThan(0);
  // From Go 1.25 on a trace says when it was.
  expect(execution.startMs).toBeCloseTo(Number(profile.timeNanos) / 1e6, 2);
});

const traces = tracesIn('.').filter((name) => !name.endsWith('-1.21'));

jest.setTimeout(60_000);

if (traces.length === 0) {
  console.warn(`No traces in ${traceCorpus}: summaries are not compared with Go's.`);
  it.skip("gives Go's summaries", () => undefined);
} else {
  const mmus = JSON.parse(readFileSync(join(traceCorpus, 'mmu-fixed.json'), 'utf8'));
  it.each(traces)("%s: Go's goroutines, tasks, ranges, metrics and MMU", async (name) => {
    const bytes = readTrace(name);
    const profile = await decodeTrace(bytes);
    const { execution } = profile as { execution: Execution };
    expect(profileBytes(profile)).toBeLessThan(6 * bytes.length);
    const oracle = readOracle(name);
    expect(goroutinesOf(execution)).toEqual(goroutinesOfGo(oracle));
    expect(tasksOf(execution)).toEqual(tasksOfGo(oracle));
    const since = (time: number | null) => nullIf(time === null, Number(time) - oracle.start);
    expect(rangesOf(execution)).toEqual(
      oracle.ranges.map((range) => ({ ...range, begin: since(range.begin), end: since(range.end) }))
    );
    expect(metricsOf(execution)).toEqual(oracle.metrics);
    if (name in mmus) {
      expect(mmuOf(execution)).toEqual(rounded(mmus[name].mmu));
      expect(mmuOf(execution, { perProcessor: true, sweep: true })).toEqual(rounded(mmus[name].mmuPerProc));
    }
  });
}
