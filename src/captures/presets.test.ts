import { checkHealth } from './health';
import { compileLayout, presetLayout } from './layout';
import { listCaptures } from './listing';
import { suggestPreset } from './suggest';
import { remembered } from '../store/remembered';
import { createS3Store } from '../store/s3';
import { S3Server } from '../testing/s3Server';

// Names of files as the sources of the tools make them: daangn/autopprof metric*.go; cockroachdb pkg/server/profiler and
// goroutinedumper; mosn/holmes util.go and consts.go, its first version and doc/example.md; pingcap/tidb
// pkg/util/memoryusagealarm; pingcap/ng-monitoring component/conprof/http/api.go; DataDog/dd-trace-go profiler.

const at = Date.UTC(2026, 10, 3, 14, 22, 33);
const signal = new AbortController().signal;

describe.each<[string, ReadonlyArray<readonly [key: string, read: object]>]>([
  [
    'autopprof',
    [
      [
        'pprof.my-app.host-1.samples.cpu.2026-11-03T142233.UTC.pprof',
        { profile: 'samples.cpu', service: 'my-app', instance: 'host-1', time: at },
      ],
      [
        'pprof.my-app.host-1.alloc_objects.alloc_space.inuse_objects.inuse_space.2026-11-03T142233.UTC.pprof',
        { profile: 'alloc_objects.alloc_space.inuse_objects.inuse_space', instance: 'host-1', time: at },
      ],
      ['pprof.my-app.host-1.goroutine.2026-11-03T142233.KST.pprof', { profile: 'goroutine', time: at - 9 * 3600_000 }],
      [
        'up/pprof.a.ip-10-0-1-5.eu-west-1.compute.internal.goroutine.2026-11-03T142233.+03.pprof',
        { instance: 'ip-10-0-1-5.eu-west-1.compute.internal', time: at - 3 * 3600_000 },
      ],
      // Reporters of teams' own pack what they upload.
      ['pprof.a.h.samples.cpu.2026-11-03T142233.UTC.pprof.gz', { profile: 'samples.cpu', instance: 'h' }],
      ['pprof.a.h.goroutine.2026-11-03T142233.UTC.pb.gz', { profile: 'goroutine', time: at }],
    ],
  ],
  [
    'cockroachdb',
    [
      ['memprof.2026-11-03T14_22_33.456.6979321856.pprof', { profile: 'memprof', time: at + 456, value: 6979321856 }],
      [
        'node1/jeprof.2026-11-03T14_22_33.456.6979321856.jeprof',
        { profile: 'jeprof', instance: 'node1', value: 6979321856 },
      ],
      ['memstats.2026-11-03T14_22_33.456.6979321856.txt', { profile: 'memstats', value: 6979321856 }],
      ['memprof.2026-11-03T14_22_33.456.6979321856.pprof.gz', { profile: 'memprof', value: 6979321856 }],
      ['memmonitoring.2026-11-03T14_22_33.456.6979321856.txt', { profile: 'memmonitoring', value: 6979321856 }],
      ['activequeryprof.2026-11-03T14_22_33.456.6979321856.csv', { profile: 'activequeryprof', value: 6979321856 }],
      ['cpuprof.2026-11-03T14_22_33.456.87.pprof', { profile: 'cpuprof', cpu: '87', value: undefined }],
      [
        'goroutine_dump.2026-11-03T14_22_33.456.double_since_last_dump.000001137.txt.gz',
        {
          profile: 'goroutine_dump',
          trigger: 'double_since_last_dump',
          goroutines: '000001137',
          value: undefined,
          time: at + 456,
        },
      ],
      // Goroutine dumps leave out zeros of the fraction, since 26.1 they are profiles.
      [
        'goroutine_dump.2026-11-03T14_22_33.double_since_last_dump.000001137.pb.gz',
        { profile: 'goroutine_dump', time: at },
      ],
      ['goroutine_dump.2026-11-03T14_22_33.5.double_since_last_dump.000001137.pb.gz', { time: at + 500 }],
      ['debug/nodes/2/heapprof/memprof.2026-11-03T14_22_33.456.6979321856.pprof', { instance: '2', value: 6979321856 }],
    ],
  ],
  [
    'holmes',
    [
      ['mem.20261103142233.456.log', { profile: 'mem', time: at + 456 }],
      ['cpu.20261103142233.456.log', { profile: 'cpu' }],
      [
        'GCHeap.4f0c9a6e-7d1e-4b39-9d0e-1f3c2a5b6d70.20261103142233.456.log',
        { profile: 'GCHeap', event: '4f0c9a6e-7d1e-4b39-9d0e-1f3c2a5b6d70' },
      ],
      ['ingester/GCHeap.heap-3.20261103142233.456.log', { profile: 'GCHeap', event: 'heap-3', service: 'ingester' }],
      ['thread.thr-1.20261103142233.456.log', { profile: 'thread', event: 'thr-1' }],
      ['goroutine.thr-1.20261103142233.456.log', { profile: 'goroutine', event: 'thr-1', time: at + 456 }],
      ['goroutine.20261103142233.bin', { profile: 'goroutine', time: at }],
      ['GCHeap.20261103142233.103.bin', { profile: 'GCHeap', time: at + 103 }],
      [
        'billing/eu-1/pod-7/mem.20261103142233.456.log',
        { profile: 'mem', service: 'billing', instance: 'eu-1/pod-7', time: at + 456 },
      ],
      ['a/b/GCHeap.heap-3.20261103142233.456.log.gz', { event: 'heap-3', service: 'a', instance: 'b' }],
    ],
  ],
  [
    'tidb',
    [
      ['record2026-11-03T14:22:33+08:00/heap', { profile: 'heap', time: at - 8 * 3600_000 }],
      ['record2026-11-03T14:22:33Z/goroutine', { profile: 'goroutine', time: at }],
      ['record2026-11-03T14:22:33Z/goroutine.gz', { profile: 'goroutine', time: at }],
      ['tidb-0/record2026-11-03T14:22:33Z/heap.pb.gz', { profile: 'heap', instance: 'tidb-0' }],
      ['tidb-0/oom_record/record2026-11-03T14:22:33-03:30/heap', { instance: 'tidb-0', time: at + 3.5 * 3600_000 }],
    ],
  ],
  [
    'conprof',
    [
      [
        `profile_tidb_10.0.1.5_10080_${at / 1000}.proto`,
        { profile: 'profile', service: 'tidb', instance: '10.0.1.5_10080', time: at },
      ],
      [`heap_tikv_10.0.1.5_20180_${at / 1000}.proto.gz`, { profile: 'heap', service: 'tikv', time: at }],
      [`zip/goroutine_pd_pd-0.pd-peer_2379_${at / 1000}.txt`, { profile: 'goroutine', service: 'pd', time: at }],
    ],
  ],
  [
    'flat',
    [
      ['delta-heap.pprof', { profile: 'delta-heap' }],
      ['billing/goroutineswait.pprof', { profile: 'goroutineswait', service: 'billing' }],
      ['api/build-1234/linux/cpu.out', { profile: 'cpu', service: 'api', instance: 'build-1234/linux' }],
    ],
  ],
])('the preset %s', (id, keys) => {
  test.each(keys)('%s', (key, { ...expected }) => {
    const { labels, ...rest } = presetLayout(id).parse(key) ?? {};
    expect({ ...labels, ...rest }).toMatchObject(expected);
  });

  test('is suggested for them, however few others are beside them', () => {
    const own = keys.map(([key]) => `prod/${key}`);
    expect(suggestPreset([...own, 'prod/readme.md', 'other'], 'prod/')).toEqual({
      preset: expect.objectContaining({ id }),
      count: id === 'flat' ? own.length + 1 : own.length,
    });
  });
});

test('a time zone that is of several places is refused by its name', async () => {
  const keys = ['CST', 'IST', 'XYZ'].map((zone) => `pprof.my-app.host-1.goroutine.2026-11-03T142233.${zone}.pprof`);
  const layout = presetLayout('autopprof');
  expect(keys.map((key) => layout.parse(key))).toEqual([undefined, undefined, undefined]);
  expect(layout.refusal?.(keys[0])).toMatch(/time zone CST is not known, or is one of several/);
  const store = remembered(createS3Store(new S3Server(keys).fetch));
  const { notices } = await listCaptures({ store, layout, prefix: '' }, '', { from: 0, to: at }, signal);
  expect(notices[0].text).toMatch(/3 of 3 keys are not of the key layout.*CST is not known/);
});

test.each([
  ['20261103T142233+0200', 2],
  ['20261103T142233-03:30', -3.5],
  ['20261103T142233.5KST', 9],
  ['2026-11-03T14:22:33+08', 8],
  ['20261103142233+0800', 8],
])('the time %s is read with its zone', (time, hours) => {
  const { parse } = compileLayout('{service}/{time}_{profile}.{ext}');
  expect(parse(`a/${time}_heap.pb.gz`)?.time).toBe(at - hours * 3600_000 + (time.includes('.5') ? 500 : 0));
});

test('hive-style keys with a zone are read where their folders are of UTC, and refused by the zone where they are not', async () => {
  const key = (hour: string, zone: string) =>
    `dt=2026-11-03/hour=${hour}/service=a/20261103T142233${zone}_pod-1_heap.pb.gz`;
  const layout = presetLayout('hive');
  expect(layout.parse(key('12', '+0200'))).toMatchObject({ time: at - 2 * 3600_000, labels: { instance: 'pod-1' } });
  expect(layout.refusal?.(key('12', '+0200'))).toBeUndefined();
  expect(layout.parse(key('14', '+0800'))).toBeUndefined();
  expect(layout.parse(key('14', 'CST'))).toBeUndefined();
  const store = remembered(
    createS3Store(new S3Server([key('14', '+0800'), 'dt=2026-11-03/hour=14/service=x/y']).fetch)
  );
  const { notices } = await listCaptures({ store, layout, prefix: '' }, '', { from: at - 3600_000, to: at }, signal);
  expect(notices[0].text).toMatch(
    /2 of 2 keys are not.*\+0800_pod-1.*folders of time are of the time zone \+0800.*use UTC/
  );
  const bucket = {
    id: '',
    store: createS3Store(new S3Server([key('14', 'CST')]).fetch),
    layout,
    prefix: '',
    maxCaptures: 200,
  };
  expect((await checkHealth(bucket, at, signal)).message).toMatch(/reads 0 of 1 key, .*time zone CST is not known/);
});

test('Save & test says which layout reads the keys', async () => {
  const keys = Array.from({ length: 18 }, (_, i) => `memprof.2026-11-03T14_22_${10 + i}.456.${i}.pprof`);
  const store = createS3Store(new S3Server([...keys, 'readme.md']).fetch);
  const bucket = { id: '', store, layout: presetLayout(''), prefix: '', maxCaptures: 200 };
  expect((await checkHealth(bucket, at, signal)).message).toMatch(
    /matches 0 of 19 keys.*The layout "CockroachDB" reads 18 of them/
  );
});

test('no layout is suggested where none reads a key', () => {
  expect(suggestPreset(['a', 'b/c'], '')).toBeUndefined();
});
