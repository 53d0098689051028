import { decode } from '../decode/decode';
import type { Profile } from '../profile/profile';
import { encodeFolded } from '../testing/encode';
import { printProfile } from '../testing/print';
import { estimateByPath, estimateByRules } from './estimate';

const heapOf = (samples: Record<string, number>): Promise<Profile> =>
  decode(
    encodeFolded({
      types: ['inuse_space/bytes'],
      samples: Object.entries(samples).map(([stack, value]) => ({ stack, values: [value] })),
    })
  );

/** CPU samples as `[stack, tenant or '', value]`. */
const cpuOf = (samples: ReadonlyArray<readonly [string, string, number]>): Promise<Profile> =>
  decode(
    encodeFolded({
      types: ['cpu/nanoseconds'],
      samples: samples.map(([stack, tenant, value]) => ({
        stack,
        values: [value],
        ...(tenant !== '' && { labels: { tenant_id: tenant } }),
      })),
    })
  );

const serve = 'conn.serve;runtime/pprof.Do;handle';

it('splits samples by the shares that tenants have on the deepest frame in common', async () => {
  const heap = await heapOf({ [`${serve};parse;alloc`]: 1000, [`${serve};store;grow`]: 400 });
  const cpu = await cpuOf([
    [`${serve};parse;scan`, 'acme', 30],
    [`${serve};parse;scan`, 'globex', 10],
    [`${serve};store`, 'globex', 60],
  ]);
  const { profile, coverage } = estimateByPath(heap, cpu, 'tenant_id');
  expect(printProfile(profile)).toEqual([
    'conn.serve;runtime/pprof.Do;handle;parse;alloc 750 {tenant_id=acme}',
    'conn.serve;runtime/pprof.Do;handle;parse;alloc 250 {tenant_id=globex}',
    'conn.serve;runtime/pprof.Do;handle;store;grow 400 {tenant_id=globex}',
  ]);
  expect(coverage).toEqual([1]);
});

it('leaves unknown what runs outside of the labels, though it shares frames above them', async () => {
  const heap = await heapOf({ 'conn.serve;bufio.New': 100, 'main;cache.Fill': 50, [`${serve};f`]: 10, '': 7 });
  const cpu = await cpuOf([[`${serve};f`, 'acme', 90]]);
  const { profile, coverage } = estimateByPath(heap, cpu, 'tenant_id');
  expect(printProfile(profile)).toEqual([
    'conn.serve;bufio.New 100 {tenant_id=(unknown)}',
    'main;cache.Fill 50 {tenant_id=(unknown)}',
    `${serve};f 10 {tenant_id=acme}`,
    '7 {tenant_id=(unknown)}',
  ]);
  expect(coverage[0]).toBeCloseTo(10 / 167);
});

it("counts unlabelled work on the same path as nobody's", async () => {
  const heap = await heapOf({ 'worker;f': 100 });
  const cpu = await cpuOf([
    ['worker;f', 'acme', 60],
    ['worker;f', '', 40],
  ]);
  expect(printProfile(estimateByPath(heap, cpu, 'tenant_id').profile)).toEqual([
    'worker;f 60 {tenant_id=acme}',
    'worker;f 40 {tenant_id=(unknown)}',
  ]);
});

it('keeps the total and whole numbers, and names the fifty largest of many values', async () => {
  const heap = await heapOf({ 'worker;f': 1003 });
  const cpu = await cpuOf(Array.from({ length: 120 }, (_, i) => ['worker;f', `t${i}`, 1000 - i] as const));
  const { profile } = estimateByPath(heap, cpu, 'tenant_id');
  const values = profile.sample.values[0];
  expect(values.every(Number.isInteger)).toBe(true);
  expect(values.reduce((sum, value) => sum + value, 0)).toBe(1003);
  const tenants = printProfile(profile).map((line) => /tenant_id=([^}]*)/.exec(line)?.[1]);
  expect(tenants).toContain('t49');
  expect(tenants).not.toContain('t50');
  expect(tenants).toContain('(other)');
});

it('a label that nobody set is an error that says what to do', async () => {
  const cpu = await cpuOf([['worker;f', 'acme', 1]]);
  const heap = await heapOf({ f: 1 });
  expect(() => estimateByPath(heap, cpu, 'shard')).toThrow(/label "shard" cannot be estimated.*pprof\.Do/);
});

it('rules on function names: the first rule that says something counts', async () => {
  const heap = await heapOf({ 'main;shard.acme;f': 5, 'main;shard.globex;cache.Add': 7, 'main;g': 1 });
  const group = (name: string) => /^shard\.(\w+)/.exec(name)?.[1];
  const cache = (name: string) => (name.startsWith('cache.') ? 'shared' : undefined);
  expect(printProfile(estimateByRules(heap, [group, cache], 'tenant_id').profile)).toEqual([
    'main;shard.acme;f 5 {tenant_id=acme}',
    'main;shard.globex;cache.Add 7 {tenant_id=globex}',
    'main;g 1 {tenant_id=(unknown)}',
  ]);
  const { profile, coverage } = estimateByRules(heap, [cache, group], 'tenant_id');
  expect(printProfile(profile)[1]).toBe('main;shard.globex;cache.Add 7 {tenant_id=shared}');
  expect(coverage[0]).toBeCloseTo(12 / 13);
});
