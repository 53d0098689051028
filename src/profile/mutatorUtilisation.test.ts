import { Open, RangeKind, StayState, type Execution } from './execution';
import { minimumUtilisation, mutatorUtilisation, worstWindows } from './mutatorUtilisation';

const strings = [
  '',
  'stop-the-world (GC mark termination)',
  'stop-the-world (GOMAXPROCS)',
  'GC mark assist',
  'GC (dedicated)',
  'GC (idle)',
];

interface Range {
  readonly kind: number;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly processor?: number;
  readonly open?: number;
}

/** Goroutine 0 runs on processor 0, waits from 400 to 600 and runs on processor 1. */
const execution = (
  ranges: readonly Range[],
  procs: ReadonlyArray<readonly [time: number, count: number]> = [[0, 4]],
  losses: Execution['losses'] = []
) =>
  ({
    duration: 1000,
    losses,
    tables: { strings },
    goroutines: { length: 1, from: Float64Array.of(0), to: Float64Array.of(NaN), stayOffset: Uint32Array.of(0, 3) },
    stays: {
      length: 3,
      from: Float64Array.of(10, 400, 600),
      state: Uint8Array.of(StayState.running, StayState.waiting, StayState.running),
      by: Int32Array.of(0, -1, 1),
    },
    processors: { length: 4, id: Int32Array.of(0, 1, 2, 3) },
    gomaxprocs: {
      time: Float64Array.from(procs, ([time]) => time),
      value: Float64Array.from(procs, ([, count]) => count),
    },
    ranges: {
      length: ranges.length,
      kind: Uint8Array.from(ranges, ({ kind }) => kind),
      name: Uint32Array.from(ranges, ({ name }) => strings.indexOf(name)),
      from: Float64Array.from(ranges, ({ from }) => from),
      to: Float64Array.from(ranges, ({ to }) => to),
      open: Uint8Array.from(ranges, ({ open = 0 }) => open),
      goroutine: new Int32Array(ranges.length),
      processor: Int32Array.from(ranges, ({ processor = 0 }) => processor),
    },
  }) as unknown as Execution;

const steps = (...args: Parameters<typeof mutatorUtilisation>) =>
  mutatorUtilisation(...args).map(({ time, value }) => Array.from(time, (at, i) => [at, value[i]]));

const worker = (from: number, to: number, processor = 0, name = 'GC (dedicated)'): Range => ({
  kind: RangeKind.worker,
  name,
  from,
  to,
  processor,
});
const stop = (from: number, to: number, name = strings[1]): Range => ({ kind: RangeKind.stopTheWorld, name, from, to });

it('has a worker back when it stops, each time that it runs', () => {
  expect(steps(execution([worker(100, 200), worker(300, 400), worker(350, 500, 3)]))).toEqual([
    [
      [0, 1],
      [100, 0.75],
      [200, 1],
      [300, 0.75],
      [350, 0.5],
      [400, 0.75],
      [500, 1],
      [1000, 0],
    ],
  ]);
});

it('says nothing of what could not be read: what is after it is a function of its own, from where GOMAXPROCS is said', () => {
  const ranges = [worker(100, 300), { ...worker(600, 700), open: Open.start }, stop(550, 610)];
  const functions = steps(
    execution(
      ranges,
      [
        [0, 4],
        [620, 2],
      ],
      [{ from: 300, to: 600 }]
    )
  );
  expect(functions).toEqual([
    [
      [0, 1],
      [100, 0.75],
      [300, 0],
    ],
    [
      [620, 0.5],
      [700, 1],
      [1000, 0],
    ],
  ]);
  const damaged = mutatorUtilisation(execution([], undefined, [{ from: 300, to: 600 }]));
  expect(damaged).toHaveLength(1);
  expect(damaged[0].time.at(-1)).toBe(300);
});

it('is 0 while the world is stopped for the collector, and for nothing else; idle workers are free', () => {
  expect(steps(execution([stop(100, 110), stop(200, 300, strings[2]), worker(400, 500, 1, 'GC (idle)')]))).toEqual([
    [
      [0, 1],
      [100, 0],
      [110, 1],
      [1000, 0],
    ],
  ]);
});

it('counts a goroutine that assists while it runs, where it does, also from before the trace says so', () => {
  const assist = { kind: RangeKind.assist, name: 'GC mark assist', from: 0, to: 700, open: Open.start };
  expect(steps(execution([assist], [[5, 2]]))).toEqual([
    [
      [5, 0.5],
      [400, 1],
      [600, 0.5],
      [700, 1],
      [1000, 0],
    ],
  ]);
  expect(steps(execution([assist], [[5, 2]]), { perProcessor: true })).toEqual([
    [
      [5, 0],
      [400, 1],
      [1000, 0],
    ],
    [
      [5, 1],
      [600, 0],
      [700, 1],
      [1000, 0],
    ],
  ]);
});

it('follows GOMAXPROCS', () => {
  const two = execution(
    [worker(100, 300, 1)],
    [
      [0, 4],
      [200, 1],
      [400, 2],
    ]
  );
  expect(steps(two)).toEqual([
    [
      [0, 1],
      [100, 0.75],
      [200, 1],
      [1000, 0],
    ],
  ]);
  // A processor that comes back is another one.
  expect(steps(two, { perProcessor: true }).map((one) => [one[0][0], one.length])).toEqual([
    [0, 2],
    [0, 2],
    [0, 2],
    [0, 2],
    [400, 2],
  ]);
  expect(steps(execution([worker(100, 300)], []))).toEqual([]);
});

describe('windows', () => {
  const functions = mutatorUtilisation(execution([stop(100, 110), stop(500, 520)]));

  it.each([
    [1, 0],
    [20, 0],
    [40, 0.5],
    [440, 1 - 30 / 440],
    [5000, 1 - 30 / 1000],
    [0, 0],
  ])('of %d ns have at least %d', (window, least) => {
    expect(minimumUtilisation(functions, window)).toBeCloseTo(least, 12);
  });

  it('the worst do not overlap', () => {
    const worst = worstWindows(functions, 40, 3);
    expect(worst.map(({ utilisation }) => utilisation)).toEqual([0.5, 0.75, 1]);
    expect(worst[0].from).toBeGreaterThanOrEqual(480);
    expect(worst[0].from).toBeLessThanOrEqual(500);
    expect(worst[1].from).toBeLessThanOrEqual(100);
  });
});
