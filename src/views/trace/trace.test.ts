import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decodeTrace } from '../../decode/trace/trace';
import { RangeKind, type Execution } from '../../profile/execution';
import { minimumUtilisation, mutatorUtilisation, utilisationWithin } from '../../profile/mutatorUtilisation';
import type { Profile } from '../../profile/profile';
import { parseQuery, type StoredQuery, type TraceQuery } from '../../query/query';
import { runTrace, type TraceMoment } from '../../query/runTrace';
import { readTrace, tracesIn, traceCorpus } from '../../testing/traces';
import { column, isText, textsOf, type EnumColumn, type Table } from '../table';

/** testdata/trace/record.go; what is expected of it was added up from what `go tool trace -d=parsed` prints. */
const small = () =>
  decodeTrace(new Uint8Array(gunzipSync(readFileSync(join(__dirname, '../../../testdata/trace/small.trace.gz')))));

/** When it begins, Unix ms: its clock says 11:42:07.306485771 at 23,488 ns. */
const start = Date.parse('2026-11-29T11:42:07Z') + 306.462283;
/** ns of the clock at its beginning, which Go prints. */
const origin = 56247594011776;
const at = (ns: number) => start + (ns - origin) / 1e6;

const everything: TraceMoment = { from: 0, to: 8e12 };

const ask = (profile: Profile, query: Partial<StoredQuery>, moment = everything) =>
  runTrace(parseQuery(query) as TraceQuery, profile, moment);

/** Rows as objects. */
function rowsOf(table: Table): Array<Record<string, unknown>> {
  return Array.from({ length: table.length }, (_, i) =>
    Object.fromEntries(
      table.columns.map((each) => [
        each.name,
        isText(each) ? textsOf(each)[i] : each.kind === 'series' ? undefined : each.values[i],
      ])
    )
  );
}

const textOf = ([{ notices }]: readonly Table[]) => notices.map(({ text }) => text).join('\n');

describe('a small trace', () => {
  let profile: Profile;
  beforeAll(async () => {
    profile = await small();
  });

  it('in one line', () => {
    const [row] = rowsOf(ask(profile, { view: 'trace' })[0]);
    expect(row).toMatchObject({
      length: 12113409,
      processors: 2,
      goroutines: 6,
      tasks: 1,
      GCs: 1,
      // (start trace), (GC sweep termination), (GC mark termination)
      'stop-the-world': 28224 + 1397312 + 187264,
    });
    expect(row.began).toBeCloseTo(start, 3);
    expect(row.ended).toBeCloseTo(start + 12.113409, 3);
    expect(row.GC).toBeCloseTo((100 * 2006016) / 12113409, 6);
    expect([row.from, row.to]).toEqual([String(Math.floor(start)), String(Math.ceil(start + 12.113409))]);
  });

  it('goroutines by the function where they began', () => {
    const [table] = ask(profile, { view: 'traceGoroutines' });
    const rows = rowsOf(table);
    expect(rows.map((row) => [row.function, row.count])).toEqual([
      ['sync.(*WaitGroup).Go.func1', 3],
      ['main.main', 1],
      ['trace.(*traceMultiplexer).startLocked.func1', 1],
      ['main.work.func2', 1],
    ]);
    expect(rows[0]).toMatchObject({
      total: 17061248,
      execution: 80768,
      'scheduler wait': 270208,
      blocked: 16710272,
      sync: 10025088,
      sleep: 6685184,
      syscall: 0,
      unknown: 0,
      'stop-the-world': 0,
    });
    expect(rows[1]).toMatchObject({
      total: 12113409,
      execution: 1920961,
      'chan send': 3406976,
      network: 2267392,
      syscall: 55104,
      'stop-the-world': 28224 + 1397312,
    });
    expect(textOf([table])).toMatch(/^System goroutines, those of the runtime itself, are left out: \d+ of them/);
  });

  it('one by one, of a function, with a filter for each', () => {
    const [groups] = ask(profile, { view: 'traceGoroutines' });
    const [{ pattern }] = rowsOf(groups);
    expect(pattern).toBe('^sync\\.\\(\\*WaitGroup\\)\\.Go\\.func1$');
    const rows = rowsOf(ask(profile, { view: 'traceGoroutines', rows: 'each', peek: String(pattern) })[0]);
    expect(rows.map((row) => [row.goroutine, row.total, row.execution, row.sync])).toEqual([
      ['22', 6802240, 44992, 4449984],
      ['24', 5680896, 18368, 2236800],
      ['23', 4578112, 17408, 3338304],
    ]);
    expect(rows[0].began).toBeCloseTo(at(56247594110336), 3);
    expect(rows[0].ended).toBeCloseTo(at(56247600912576), 3);
  });

  it('system goroutines where they are asked for, and by id', () => {
    const names = (query: Partial<StoredQuery>) =>
      rowsOf(ask(profile, { view: 'traceGoroutines', ...query })[0]).map((row) => row.function);
    expect(names({ withSystem: true })).toContain('runtime.bgsweep');
    expect(names({ goroutine: '25' })).toEqual(['main.work.func2']);
    expect(() => names({ goroutine: '4711' })).toThrow(
      /^The trace has no goroutine "4711": expected the id of one of its \d+\.$/
    );
    expect(() => names({ task: 'x' })).toThrow('The trace has no task "x"');
  });

  it('a time range within it narrows what is added up', () => {
    // From a mutex that is waited for to its being given: goroutine 23 waits in all of it.
    const [from, to] = [at(56247595000000), at(56247596000000)];
    const tables = ask(profile, { view: 'traceGoroutines', rows: 'each', goroutine: '23' }, { from, to });
    const [row] = rowsOf(tables[0]);
    expect(row.total).toBeCloseTo(1e6, -3);
    expect(row.sync).toBe(row.total);
    expect(textOf(tables)).toContain("The time range has 1 ms of the trace's 12.1 ms.");
    // One that has nothing of it shows all.
    const [elsewhere] = rowsOf(
      ask(profile, { view: 'traceGoroutines', rows: 'each', goroutine: '23' }, { from: 0, to: 1000 })[0]
    );
    expect(elsewhere.total).toBe(4578112);
  });

  it('tasks and regions', () => {
    const rows = rowsOf(ask(profile, { view: 'traceTasks' })[0]);
    const lengths = { p50: 3344192, p99: 4478144, max: 4478144, total: 16882816 };
    const one = 56247600915200 - 56247594106496;
    expect(rows).toEqual([
      { name: 'request', kind: 'task', count: 1, incomplete: 0, p50: one, p99: one, max: one, total: one },
      { name: 'store', kind: 'region', count: 6, incomplete: 0, ...lengths },
    ]);
    const [task] = rowsOf(ask(profile, { view: 'traceTasks', rows: 'each' })[0]);
    expect(task).toMatchObject({ name: 'request', task: '1', length: one, 'not known': '', logs: 'tenant: acme' });
    expect(task.goroutines).toBe(4);
  });

  it('a task as trace: its regions lie in it, its logs are where they were written', () => {
    const [spans, logs] = ask(profile, { view: 'traceSpans' });
    const [root, ...regions] = rowsOf(spans);
    expect(root).toMatchObject({ trace: '1', name: 'request', parent: '', duration: 6808704 });
    expect(root.time).toBeCloseTo(at(56247594106496), 3);
    const stores = regions.filter(({ name }) => name === 'store');
    expect(stores.map(({ duration }) => duration).sort()).toEqual(
      [1123072, 1205632, 3344192, 3345216, 3386560, 4478144].sort()
    );
    expect(new Set(stores.map(({ parent }) => parent))).toEqual(new Set([root.span]));
    expect(rowsOf(logs)).toEqual([
      { span: root.span, time: expect.closeTo(at(56247594108288), 3), key: 'tenant', message: 'acme' },
    ]);
    expect(textOf([spans])).toBe('The task that took longest in this time: request, id 1.');
  });

  it('latencies in buckets, each twice as wide as the one before', () => {
    const [regions] = ask(profile, { view: 'traceLatency', latencyOf: 'regions' });
    // 2^10 µs to 2^13 µs
    expect(rowsOf(regions)).toEqual([
      { from: 1024e3, to: 2048e3, count: 2 },
      { from: 2048e3, to: 4096e3, count: 3 },
      { from: 4096e3, to: 8192e3, count: 1 },
    ]);
    const stops = rowsOf(ask(profile, { view: 'traceLatency', latencyOf: 'stop-the-world' })[0]);
    expect(stops.filter(({ count }) => count)).toEqual([
      { from: 16e3, to: 32e3, count: 1 },
      { from: 128e3, to: 256e3, count: 1 },
      { from: 1024e3, to: 2048e3, count: 1 },
    ]);
  });

  it('pauses, and waits for a processor', () => {
    const rows = rowsOf(ask(profile, { view: 'tracePauses' })[0]);
    const row = (wanted: string) => rows.find(({ reason }) => reason === wanted);
    expect(row('GC sweep termination')).toMatchObject({ kind: 'stop-the-world', count: 1, max: 1397312 });
    expect(row('preempted')).toMatchObject({ kind: 'scheduler', count: 4 });
    // Goroutine 22 was made at …4110336 and ran at …4175168, 23 at …4111168 and …4209152, 24 at …4112064 and …4114048,
    // 25 sooner than the trace's own 21, at …4100032 and …4142080.
    expect(row('new')).toMatchObject({ count: 5, p50: 42048, max: 97984 });
    const [worst] = rowsOf(ask(profile, { view: 'tracePauses', rows: 'each' })[0]);
    expect(worst).toMatchObject({ reason: 'GC sweep termination', function: 'main.main', goroutine: '1' });
    expect(worst.time).toBeCloseTo(at(56247603371264), 3);
  });

  it('who ended the waits: by function where, and how long they were', () => {
    const query = { view: 'traceUnblocked', peek: 'WaitGroup' } as const;
    const rows = rowsOf(ask(profile, query)[0]);
    const time = rows.reduce((sum, row) => sum + Number(row.time), 0);
    expect(time).toBe(16710272);
    const locks = rows.filter(({ reason }) => reason === 'sync');
    expect(locks.reduce((sum, row) => sum + Number(row.time), 0)).toBe(10025088);
    expect(String(locks[0].stack).split('\n').slice(0, 2)).toEqual([
      'sync.(*Mutex).Unlock',
      'main.work.func1.consume.1',
    ]);
    expect(locks[0]['unblocked by']).toBe('sync.(*WaitGroup).Go.func1');
    expect(rows.find(({ reason }) => reason === 'sleep')).toMatchObject({
      'unblocked by': '(the runtime: a timer, the network)',
      waits: 6,
      time: 6685184,
    });
  });

  it('a lane for each goroutine: what it is in, and from when', () => {
    const [table] = ask(profile, { view: 'traceTimeline', goroutine: '23' });
    const [time, lane] = table.columns;
    expect(lane).toMatchObject({ name: '23 sync.(*WaitGroup).Go.func1', labels: { goroutine: '23' } });
    const states = column(table, lane.name, 'enum');
    const seen = Array.from(states.values, (row, i) => [row, (time.values as number[])[i]] as const)
      .filter(([row]) => row >= 0)
      .map(([row, ms]) => [states.text[row] ?? null, Math.round((ms - start) * 1e6)]);
    const ns = (clock: number) => expect.closeTo(clock - origin, -3);
    expect(seen).toEqual([
      [null, 0],
      ['runnable', ns(56247594111168)],
      ['running', ns(56247594209152)],
      ['sync', ns(56247594210880)],
      ['runnable', ns(56247597549184)],
      ['running', ns(56247597549824)],
      ['sleep', ns(56247597561600)],
      ['runnable', ns(56247598663424)],
      ['running', ns(56247598683712)],
      ['runnable', ns(56247598685888)],
      ['running', ns(56247598687552)],
      [null, ns(56247598689280)],
      [null, ns(56247606125185)],
    ]);
  });

  it('a lane for each processor', () => {
    const [table] = ask(profile, { view: 'traceTimeline', lanes: 'processors' });
    expect(
      table.columns
        .slice(1)
        .map(({ name }) => name)
        .sort()
    ).toEqual(['P 0', 'P 1']);
    const lane = column(table, 'P 1', 'enum');
    expect(lane.text).toEqual(expect.arrayContaining(['main.main', 'GC work', 'syscall']));
  });

  it('the heap, and what the collector did to it', () => {
    const tables = ask(profile, { view: 'traceHeap' });
    const series = Object.fromEntries(tables.map((table) => [table.name, column(table, 'value', 'number').values]));
    const mean = (values: ArrayLike<number>) =>
      Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
    expect(Object.keys(series)).toEqual([
      'heap live',
      'heap goal',
      'GOMAXPROCS',
      'running goroutines',
      'running system goroutines',
      'mutator utilisation',
    ]);
    // What ran: 1, 22 to 25, and the trace's own 21.
    const ran = 1920961 + 44992 + 17408 + 18368 + 5696 + 11904;
    expect(mean(series['running goroutines']) * 12113409).toBeCloseTo(ran, -1);
    expect(series['heap goal'][2]).toBe(4194304);
    expect(series['heap goal'][599]).toBe(5010762);
    expect(Array.from(series.GOMAXPROCS).slice(10)).toEqual(new Array(590).fill(2));
  });

  it('marks of the collector, with their length', () => {
    const [table] = ask(profile, { view: 'traceGc' });
    const rows = rowsOf(table);
    expect(rows.map(({ mark, length }) => [mark, length])).toEqual(
      expect.arrayContaining([
        ['stop-the-world (start trace)', 28224],
        ['GC concurrent mark phase', 2006016],
        ['stop-the-world (GC sweep termination)', 1397312],
        ['stop-the-world (GC mark termination)', 187264],
      ])
    );
    expect(rows.find(({ mark }) => mark === 'GC concurrent mark phase')).toMatchObject({
      tags: 'GC',
      lines: '2.01 ms',
    });
  });

  it('is said of a profile that it is none', async () => {
    const heap: Profile = { ...profile, execution: undefined, sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] };
    expect(() => ask(heap, { view: 'traceTasks' })).toThrow(
      /^Expected an execution trace, but the capture is a profile with inuse_space\. Choose the profile "trace"/
    );
  });

  it('without a clock of its own it ends when it was captured', () => {
    const old = { ...profile, execution: profile.execution && { ...profile.execution, startMs: undefined } };
    const tables = ask(old, { view: 'trace' }, { ...everything, capturedAt: 1e12 });
    expect(rowsOf(tables[0])[0].ended).toBe(1e12);
    expect(textOf(tables)).toContain("its end is taken for the capture's time");
  });
});

const corpus = tracesIn('.').filter((name) => !name.endsWith('-1.21'));
const says = (name: string) => JSON.parse(readFileSync(join(traceCorpus, name), 'utf8'));

(corpus.length > 0 ? it : it.skip)('the worst windows are those of Go, its fault mended', async () => {
  const expected = says('mmu-fixed.json');
  for (const name of ['flight-1.26', 'procs16-1.26']) {
    const [table] = ask(await decodeTrace(readTrace(name)), { view: 'traceMmu' });
    const rows = rowsOf(table).filter(({ rank }) => rank === 1);
    for (const { window, utilisation } of rows) {
      const mmu = expected[name].mmu[String(window).replace(' ', '')];
      if (mmu !== undefined) {
        expect([name, window, Number(utilisation) / 100]).toEqual([name, window, expect.closeTo(mmu, 6)]);
      }
    }
    expect(rows.length).toBeGreaterThan(8);
  }
});

(corpus.length > 0 ? it : it.skip)('goroutines add up to what Go says of them, by function', async () => {
  const name = 'http-1.26';
  const oracle = JSON.parse(gunzipSync(readFileSync(join(traceCorpus, `${name}.oracle.json.gz`))).toString());
  const sums = new Map<string, number[]>();
  for (const { name: function_, stats } of oracle.goroutines) {
    const old = sums.get(function_) ?? [0, 0, 0, 0, 0, 0, 0, 0];
    const { range = {} } = stats;
    const own = [1, stats.total, stats.exec, stats.schedWait, stats.syscall, stats.syscallBlock];
    own.push(Object.values<number>(stats.block ?? {}).reduce((sum, time) => sum + time, 0));
    own.push(range['GC mark assist'] ?? 0);
    sums.set(
      function_,
      old.map((sum, i) => sum + own[i])
    );
  }
  const [table] = ask(await decodeTrace(readTrace(name)), { view: 'traceGoroutines', withSystem: true });
  const full = table.columns.find((each) => each.name === 'full name');
  const names = full && isText(full) ? textsOf(full) : [];
  const rows = rowsOf(table).map((row, i) => [
    names[i] === '(unknown)' ? '' : names[i],
    ['count', 'total', 'execution', 'scheduler wait', 'syscall', 'syscall blocked', 'blocked', 'GC assist'].map(
      (each) => row[each]
    ),
  ]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(sums));
});

describe('what is too much to be drawn', () => {
  let profile: Profile;
  let execution: Execution;
  beforeAll(async () => {
    profile = await small();
    execution = profile.execution as Execution;
  });
  const asked = (patch: Partial<Execution>, query: Partial<StoredQuery>) =>
    ask({ ...profile, execution: { ...execution, ...patch } }, query);

  /** Ranges of one kind, each 1 µs, at these times. */
  const rangesAt = (kind: number, times: readonly number[]): Execution['ranges'] => {
    const { length } = times;
    const fill = (value: number) => new Int32Array(length).fill(value);
    return {
      length,
      kind: new Uint8Array(length).fill(kind),
      name: new Uint32Array(length).fill(execution.tables.strings.indexOf('request')),
      from: Float64Array.from(times),
      to: Float64Array.from(times, (time) => time + 1000),
      open: new Uint8Array(length),
      goroutine: Int32Array.from(times, (_, i) => i % 5),
      processor: fill(0),
      sweep: fill(-1),
      swept: new Float64Array(),
      reclaimed: new Float64Array(),
    };
  };

  it('mark assists that are close are one mark, which says how many and how long they were', () => {
    const ranges = rangesAt(
      RangeKind.assist,
      Array.from({ length: 1000 }, (_, i) => i * 12_000)
    );
    const [table] = asked({ ranges }, { view: 'traceGc' });
    const rows = rowsOf(table);
    expect(rows.length).toBeLessThanOrEqual(16);
    expect(rows.length).toBeGreaterThan(5);
    const sum = (name: string) => rows.reduce((all, row) => all + Number(row[name]), 0);
    expect([sum('count'), sum('length')]).toEqual([1000, 1e6]);
    expect(rows[0]).toMatchObject({ mark: `request × ${rows[0].count}`, goroutine: '', color: 'orange' });
    expect(String(rows[0].lines)).toContain('5 goroutines');
    expect(textOf([table])).toMatch(
      /^What is close together is one mark, .*: 1,000 of mark assist as \d+ \(less than [\d.]+ (ms|µs) apart\)\. A shorter time range/
    );
    // A few are drawn as they are.
    expect(rowsOf(asked({ ranges: rangesAt(RangeKind.assist, [0, 500, 2000]) }, { view: 'traceGc' })[0])).toHaveLength(
      3
    );
  });

  it('collections that are close are one mark, as there are too many to see the heap behind them', () => {
    const times = Array.from({ length: 200 }, (_, i) => i * 60_000);
    // The runtime collects, no goroutine of the program.
    const ranges = { ...rangesAt(RangeKind.mark, times), goroutine: new Int32Array(200).fill(-1) };
    const [table] = asked({ ranges }, { view: 'traceGc' });
    expect(table.length).toBeLessThanOrEqual(30);
    expect(table.length).toBeGreaterThan(15);
    expect(rowsOf(table).reduce((sum, { count }) => sum + Number(count), 0)).toBe(200);
    expect(rowsOf(table)[0].lines).toMatch(/^[\d.]+ µs$/);
  });

  it('assists that overlap, as those of many goroutines do, are all in a mark', () => {
    const times = Array.from({ length: 400 }, (_, i) => i * 30_000);
    const short = rangesAt(RangeKind.assist, times);
    const ranges = { ...short, to: short.from.map((from, i) => from + (i % 7 === 0 ? 2_400_000 : 1000)) };
    const [table] = asked({ ranges }, { view: 'traceGc' });
    expect(table.length).toBeLessThanOrEqual(15);
    expect(rowsOf(table).reduce((sum, { count }) => sum + Number(count), 0)).toBe(400);
    expect(textOf([table])).not.toContain('left out');
  });

  it('of pauses the longest are marked, and how many are not is said', () => {
    const ranges = rangesAt(
      RangeKind.stopTheWorld,
      Array.from({ length: 310 }, (_, i) => i * 20_000)
    );
    const [table] = asked({ ranges }, { view: 'traceGc' });
    expect(table.length).toBe(30);
    expect(textOf([table])).toContain(
      'Of stop-the-world the 30 longest are marked; left out are 280 shorter, 280 µs in all. A shorter time range shows them.'
    );
  });

  it('logs and spans of a task, the first of them', () => {
    const task = Array.from(execution.tasks.id).indexOf(1);
    const many = 2500;
    const fill = (value: number) => new Uint32Array(many).fill(value);
    const times = Float64Array.from({ length: many }, (_, i) => 1e6 + i);
    const key = execution.tables.strings.indexOf('tenant');
    const logs = { length: many, time: times, goroutine: fill(0), task: fill(task), key: fill(key), value: fill(key) };
    // By goroutine, as regions are; those of the second one are earlier.
    const regions = {
      length: many,
      goroutine: Uint32Array.from({ length: many }, (_, i) => Number(i >= 2000)),
      name: fill(key),
      task: fill(task),
      from: Float64Array.from({ length: many }, (_, i) => (i < 2000 ? 5e6 + i : 4e6 + i)),
      to: Float64Array.from({ length: many }, (_, i) => 9e6 - i),
      open: new Uint8Array(many),
    };
    const [spans, drawnLogs] = asked({ logs, regions }, { view: 'traceSpans' });
    expect([spans.length, drawnLogs.length]).toEqual([1000, 2000]);
    const drawn = rowsOf(spans);
    const ids = new Set(drawn.map(({ span }) => span));
    expect(drawn.slice(1).every(({ parent }) => ids.has(parent))).toBe(true);
    expect(drawn.filter(({ goroutine }) => goroutine === String(execution.goroutines.id[1]))).toHaveLength(500);
    expect(textOf([spans]).split('\n')).toEqual([
      'The task that took longest in this time: request, id 1.',
      'The first 1,000 spans are drawn; 1,501 are left out.',
      'The first 2,000 logs are drawn; 500 are left out.',
    ]);
  });

  it('reasons to wait, and processors', () => {
    const reasons = Array.from({ length: 60 }, (_, i) => `reason ${i}`);
    const { stays } = execution;
    const many = { ...stays, reason: stays.reason.map((_, i) => i % 60) };
    const [lanes] = asked({ reasons, stays: many }, { view: 'traceTimeline', withSystem: true });
    const { text } = lanes.columns.find(({ kind }) => kind === 'enum') as EnumColumn;
    expect(text).toHaveLength(4 + 20 + 1);
    expect(text.at(-1)).toBe('other reasons');
    expect(textOf([lanes])).toMatch(/\d+ more reasons to wait, which took less time, are drawn as "other reasons"\./);

    const { processors } = execution;
    const length = 230;
    const empty = new Uint32Array(length + 1);
    const crowd = {
      ...processors,
      length,
      id: Int32Array.from({ length }, (_, i) => i),
      stayOffset: empty.map((_, i) => processors.stayOffset[Math.min(i, processors.length)]),
    };
    const [drawn] = asked({ processors: crowd }, { view: 'traceTimeline', lanes: 'processors' });
    expect(drawn.columns).toHaveLength(201);
    expect(textOf([drawn])).toContain('Processors without a lane: 30.');
  });

  it('pauses whose end is not known are incomplete, and no latency counts them', () => {
    const ranges = { ...rangesAt(RangeKind.stopTheWorld, [0, 1e6, 2e6]), open: Uint8Array.of(0, 2, 0) };
    const stops = (query: Partial<StoredQuery>) => asked({ ranges }, query);
    const row = rowsOf(stops({ view: 'tracePauses' })[0]).find(({ kind }) => kind === 'stop-the-world');
    expect(row).toMatchObject({ count: 3, incomplete: 1, total: 2000 });
    const [histogram] = stops({ view: 'traceLatency', latencyOf: 'stop-the-world' });
    expect(rowsOf(histogram).reduce((sum, { count }) => sum + Number(count), 0)).toBe(2);
    expect(textOf([histogram])).toContain('Not counted are 1 that began before the trace or do not end in it');
    const [worst] = stops({ view: 'tracePauses', rows: 'each' });
    expect(rowsOf(worst).filter((each) => each['not known'] === 'not over in the trace')).not.toHaveLength(0);
  });

  it('goroutines of the same time come by their ids', () => {
    const { goroutines } = execution;
    const all = { ...goroutines, from: goroutines.from.map(() => 0), to: goroutines.to.map(() => NaN) };
    const [table] = asked({ goroutines: all }, { view: 'traceGoroutines', rows: 'each', withSystem: true });
    const ids = rowsOf(table).map(({ goroutine }) => Number(goroutine));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });
});

it('no wait was longer within a range than the range', async () => {
  const profile = await small();
  const [from, to] = [at(56247595000000), at(56247596000000)];
  const rows = rowsOf(ask(profile, { view: 'traceUnblocked' }, { from, to })[0]);
  expect(rows.length).toBeGreaterThan(0);
  rows.forEach((row) => expect(Number(row.longest)).toBeLessThanOrEqual(Number(row.time)));
});

describe('who unblocked whom, as graph', () => {
  it('an edge has the waits of the table', async () => {
    const profile = await small();
    const query = { peek: 'WaitGroup' };
    const [nodes, edges] = ask(profile, { view: 'traceUnblockedGraph', ...query });
    const table = rowsOf(ask(profile, { view: 'traceUnblocked', ...query })[0]);
    const [ended, waited] = ['arc__ended', 'arc__waited'].map((side) =>
      rowsOf(nodes).find((row) => row.title === 'sync.(*WaitGroup).Go.func1' && row[side] === 1)
    );
    expect(waited).toMatchObject({ mainstat: 16710272, detail__function: 'sync.(*WaitGroup).Go.func1', arc__ended: 0 });
    const ids = new Set(rowsOf(nodes).map(({ id }) => id));
    expect(rowsOf(edges).every(({ source, target }) => ids.has(source) && ids.has(target))).toBe(true);
    const sum = (rows: Array<Record<string, unknown>>, name: string) =>
      rows.reduce((all, row) => all + Number(row[name]), 0);
    expect(sum(rowsOf(edges), 'mainstat')).toBe(sum(table, 'time'));
    const own = rowsOf(edges).find(({ source, target }) => source === ended?.id && target === waited?.id);
    expect(own).toMatchObject({ detail__reason: 'sync', detail__where: 'sync.(*Mutex).Unlock' });
    expect(Math.max(...rowsOf(edges).map(({ thickness }) => Number(thickness)))).toBe(10);
  });

  it('has the 50 nodes with the most time, and says what it leaves out', async () => {
    const profile = await small();
    const execution = profile.execution as Execution;
    const { goroutines, stays, tables } = execution;
    // Each goroutine as 40: with a name of its own, waiting for as long as before.
    const copies = 40;
    const length = goroutines.length * copies;
    const take = (column: ArrayLike<number>) => Float64Array.from({ length }, (_, i) => column[i % goroutines.length]);
    const counts = Array.from({ length }, (_, i) => {
      const g = i % goroutines.length;
      return goroutines.stayOffset[g + 1] - goroutines.stayOffset[g];
    });
    const stayOffset = Uint32Array.from([0, ...counts]);
    stayOffset.forEach((_, i) => i > 0 && (stayOffset[i] += stayOffset[i - 1]));
    const stayRows = Array.from({ length }, (_, i) => i % goroutines.length).flatMap((g, i) =>
      Array.from({ length: counts[i] }, (_, k) => goroutines.stayOffset[g] + k)
    );
    const strings = [...tables.strings, ...Array.from({ length }, (_, i) => `main.worker${i}`)];
    const crowd: Execution = {
      ...execution,
      tables: { ...tables, strings },
      goroutines: {
        length,
        id: take(goroutines.id).map((_, i) => i + 1),
        name: Uint32Array.from({ length }, (_, i) => tables.strings.length + i),
        from: take(goroutines.from),
        to: take(goroutines.to),
        wasBefore: Uint8Array.from(take(goroutines.wasBefore)),
        stayOffset,
      },
      stays: {
        length: stayRows.length,
        from: Float64Array.from(stayRows, (row) => stays.from[row]),
        state: Uint8Array.from(stayRows, (row) => stays.state[row]),
        reason: Uint8Array.from(stayRows, (row) => stays.reason[row]),
        stack: Uint32Array.from(stayRows, (row) => stays.stack[row]),
        by: Int32Array.from(stayRows, (row) => stays.by[row]),
      },
    };
    const [nodes, edges] = ask({ ...profile, execution: crowd }, { view: 'traceUnblockedGraph' });
    expect(nodes.length).toBe(50);
    const ids = new Set(rowsOf(nodes).map(({ id }) => id));
    expect(rowsOf(edges).every(({ source, target }) => ids.has(source) && ids.has(target))).toBe(true);
    expect(textOf([nodes])).toMatch(
      /Left out are \d+ functions whose goroutines waited less, and \d+ edges, \d+\.\d % of/
    );
  });
});

describe('minimum mutator utilisation', () => {
  const leastOf = (tables: readonly Table[]) =>
    rowsOf(tables[0]).map((row) => [row.window, row['minimum mutator utilisation']] as const);

  it('a curve that rises from the worst moment to the mean, and what counts for it', async () => {
    const profile = await small();
    const curve = leastOf(ask(profile, { view: 'traceMmuCurve' }));
    expect(curve[0]).toEqual([1000, 0]); // The world is stopped for longer than 1 µs.
    expect(curve.at(-1)?.[0]).toBe(12113409);
    expect(curve.map(([window]) => Number(window))).toEqual(
      curve.map(([window]) => Number(window)).sort((a, b) => a - b)
    );
    const whole = Number(curve.at(-1)?.[1]);
    expect(whole).toBeGreaterThan(50);
    const nothing = { withStopTheWorld: false, withBackground: false, withAssist: false };
    const free = leastOf(ask(profile, { view: 'traceMmuCurve', ...nothing }));
    expect(new Set(free.map(([, least]) => least))).toEqual(new Set([100]));
    // Two pauses for the collector, of 1397312 and 187264 ns, of 12113409.
    const stops = Number(
      leastOf(ask(profile, { view: 'traceMmuCurve', ...nothing, withStopTheWorld: true })).at(-1)?.[1]
    );
    expect(stops).toBeCloseTo(100 * (1 - (1397312 + 187264) / 12113409), 0);
    expect(stops).toBeGreaterThan(whole);
    const perProcessor = leastOf(ask(profile, { view: 'traceMmuCurve', perProcessor: true })).at(-1)?.[1];
    expect(Number(perProcessor)).toBeLessThanOrEqual(stops);
  });

  it('within a range no window reaches beyond it', async () => {
    const profile = await small();
    // Before the first collection.
    const [from, to] = [at(56247595000000), at(56247599000000)];
    const curve = leastOf(ask(profile, { view: 'traceMmuCurve' }, { from, to }));
    expect(curve.at(-1)?.[0]).toBeCloseTo(4e6, -3);
    expect(new Set(curve.map(([, least]) => least))).toEqual(new Set([100]));
    const rows = rowsOf(ask(profile, { view: 'traceMmu' }, { from, to })[0]);
    expect(rows.length).toBeGreaterThan(3);
    rows.forEach(({ time, until }) => {
      expect(Number(time)).toBeGreaterThanOrEqual(from - 1e-3);
      expect(Number(until)).toBeLessThanOrEqual(to + 1e-3);
    });
  });
});

(corpus.length > 0 ? it : it.skip)("the curve is Go's at the lengths that it was asked for", async () => {
  const expected = says('mmu-fixed.json');
  for (const name of ['flight-1.26', 'procs16-1.26']) {
    const execution = (await decodeTrace(readTrace(name))).execution as Execution;
    const whole = mutatorUtilisation(execution);
    const within = utilisationWithin(whole, { from: 0, to: execution.duration });
    const known = Object.entries<number>(expected[name].mmu);
    expect(known.length).toBeGreaterThan(3);
    for (const [text, mmu] of known) {
      const [, size, unit] = /^([\d.]+)(µs|ms|s)$/.exec(text) ?? [];
      const ns = Number(size) * { µs: 1e3, ms: 1e6, s: 1e9 }[unit as 'ms'];
      expect([name, text, minimumUtilisation(within, ns)]).toEqual([name, text, expect.closeTo(mmu, 6)]);
    }
  }
});
