import { chooseBase } from './chooseBase';
import type { Bucket } from './bucket';
import { listCaptures } from './listing';
import { defaultQuery, type StoredQuery } from '../query/query';
import { presetLayout } from './layout';
import type { Store } from '../store/store';

const GiB = 1024 ** 3;
const start = Date.parse('2026-11-03T14:00:00Z');
const minute = 60_000;
const hour = 60 * minute;
const signal = new AbortController().signal;

/** `at` in minutes after the start, `percent` of 8 GiB. */
function key(
  at: number,
  { instance = 'a', percent = 50, version = 'v1', profile = 'heap', service = 'ingester' } = {}
): string {
  const iso = new Date(start + at * minute).toISOString();
  const [folders, time] = [iso.slice(0, 13).replace(/[-T]/g, '/'), iso.replace(/[-:]/g, '')];
  const value = Math.round((percent / 100) * 8 * GiB);
  return `${service}/${folders}/${time}_e${at}_heap-ratio_${value}-${8 * GiB}_${instance}_${version}/${profile}.pb.gz`;
}

function bucketOf(keys: readonly string[]): Bucket & { lists: number } {
  const sorted = [...keys].sort();
  const bucket = { lists: 0 };
  const store: Store = {
    async *list({ prefix, startAfter = '' }) {
      bucket.lists++;
      yield sorted
        .filter((k) => k.startsWith(prefix) && k > startAfter)
        .map((k) => ({ key: k, size: 1, lastModified: 0, etag: '' }));
    },
    folders: async (prefix) => [
      ...new Set(sorted.filter((k) => k.startsWith(prefix)).map((k) => k.slice(0, k.indexOf('/', prefix.length) + 1))),
    ],
    get: () => Promise.reject(new Error('a base is chosen from keys alone')),
  };
  return Object.assign(bucket, { id: '0', store, layout: presetLayout(''), prefix: '', maxCaptures: 200 });
}

/** The base of the capture at minute 60 of instance a, as minutes and instance, and what is said. */
async function baseOf(patch: Partial<StoredQuery>, others: readonly string[], merged = false) {
  const query: StoredQuery = {
    ...defaultQuery,
    selector: '{service="ingester", profile="heap", instance="a"}',
    ...patch,
  };
  const bucket = bucketOf([...others, key(60, { percent: 90 })]);
  const range = { from: start, to: start + hour };
  const listed = await listCaptures(bucket, query.selector, range, signal);
  const captures = merged ? listed.captures : listed.captures.slice(-1);
  const { captures: found, notices } = await chooseBase({ bucket, query, captures, range, signal });
  return {
    found: found.map(({ time, labels }) => `${(time - start) / minute} ${labels.instance} ${labels.version}`),
    text: notices.map(({ text }) => text).join('\n'),
    severity: notices[0]?.severity,
  };
}

const ramp = [key(10, { percent: 40 }), key(20, { percent: 75 }), key(30, { percent: 65 }), key(50, { percent: 80 })];
const noise = [key(55, { profile: 'cpu' }), key(56, { service: 'querier' })];

test('none, where none is asked for', async () => {
  expect(await baseOf({}, ramp)).toEqual({ found: [], text: '', severity: undefined });
});

test.each<[Partial<StoredQuery>, string, RegExp]>([
  [{ base: 'previous' }, '50 a v1', /capture of a before it: 2026-11-03 14:50:00 UTC, a, at 80 % of 8192 MiB/],
  [{ base: 'first' }, '10 a v1', /first capture of a in the time range/],
  [{ base: 'healthy' }, '30 a v1', /last capture below 70 % of its limit/],
  [{ base: 'healthy', baseBelow: 50 }, '10 a v1', /below 50 %/],
  [{ base: 'event', baseEvent: 'e20' }, '20 a v1', /chosen capture e20/],
  [{ base: 'event', baseEvent: key(20, { percent: 75 }) }, '20 a v1', /chosen capture/],
])('%j is %s', async (query, expected, text) => {
  const base = await baseOf(query, [...ramp, ...noise]);
  expect(base.found).toEqual([expected]);
  expect(base.text).toMatch(text);
  expect(base.severity).toBe('info');
});

test('another instance, at about the same time, though the selector names one', async () => {
  const others = [key(20, { instance: 'b' }), key(58, { instance: 'b' }), key(40, { instance: 'c' })];
  expect((await baseOf({ base: 'instance' }, [...ramp, ...others])).found).toEqual(['58 b v1']);
  expect((await baseOf({ base: 'instance', baseInstance: 'c' }, [...ramp, ...others])).found).toEqual(['40 c v1']);
  expect((await baseOf({ base: 'instance', baseInstance: 'd' }, ramp)).text).toBe(
    'Nothing to compare with: there is no capture of d.'
  );
});

test('in the format of what is compared, and each capture once', async () => {
  const text = (k: string) => k.replace('.pb.gz', '.txt.gz');
  const proto = [10, 20, 50].map((at) => key(at, { profile: 'goroutine' }));
  const others = [...proto, ...proto.slice(0, 2).map(text)];
  const query: StoredQuery = { ...defaultQuery, selector: '{profile="goroutine"}' };
  const range = { from: start, to: start + hour };
  const formatsOf = async (newest: string, patch: Partial<StoredQuery>) => {
    const bucket = bucketOf([...others, newest]);
    const { captures } = await listCaptures(bucket, query.selector, range, signal);
    const chosen = captures.filter(({ object }) => object.key === newest);
    const base = await chooseBase({ bucket, query: { ...query, ...patch }, captures: chosen, range, signal });
    return base.captures.map(({ object, time }) => `${(time - start) / minute} ${object.key.replace(/.*\/\w+/, '')}`);
  };
  const proto60 = key(60, { profile: 'goroutine' });
  expect(await formatsOf(text(proto60), { base: 'first' })).toEqual(['10 .txt.gz']);
  expect(await formatsOf(proto60, { base: 'first' })).toEqual(['10 .pb.gz']);
  // Where a capture is there in another format alone, it is better than none.
  expect(await formatsOf(text(proto60), { base: 'previous' })).toEqual(['50 .pb.gz']);
  expect(await formatsOf(proto60, { base: 'event', baseEvent: 'e20' })).toEqual(['20 .pb.gz']);
});

test('another version', async () => {
  const others = [key(15, { instance: 'x', version: 'v0' }), key(45, { instance: 'y', version: 'v2' })];
  expect((await baseOf({ base: 'version' }, [...ramp, ...others])).found).toEqual(['45 y v2']);
  expect((await baseOf({ base: 'version', baseVersion: 'v0' }, others)).found).toEqual(['15 x v0']);
});

test('the same time yesterday, of the same instance where there is one', async () => {
  const day = -24 * 60;
  const others = [key(day + 58, { instance: 'b' }), key(day + 40), key(day + 200)];
  expect((await baseOf({ base: 'yesterday' }, others)).found).toEqual([`${day + 40} a v1`]);
  expect((await baseOf({ base: 'yesterday' }, others.slice(0, 1))).found).toEqual([`${day + 58} b v1`]);
});

test('before the time range, where it has none', async () => {
  const old = [key(-300, { percent: 60 }), key(-200, { percent: 95 })];
  expect((await baseOf({ base: 'previous' }, old)).found).toEqual(['-200 a v1']);
  expect((await baseOf({ base: 'healthy' }, old)).found).toEqual(['-300 a v1']);
  expect(await baseOf({ base: 'previous' }, [])).toMatchObject({
    found: [],
    severity: 'warning',
    text: 'Nothing to compare with: there is no capture of a before it.',
  });
});

test('a healthy capture of another instance is better than none', async () => {
  const base = await baseOf({ base: 'healthy', selector: '{service="ingester", profile="heap"}' }, [
    key(5, { instance: 'b' }),
  ]);
  expect(base.found).toEqual(['5 b v1']);
});

test('a merged range is compared with a range, or a capture that is named', async () => {
  const day = -24 * 60;
  const others = [key(day + 10), key(day + 20), key(day + 90), ...ramp];
  expect((await baseOf({ base: 'yesterday' }, others, true)).found).toEqual([`${day + 10} a v1`, `${day + 20} a v1`]);
  expect((await baseOf({ base: 'event', baseEvent: 'e10' }, others, true)).found).toEqual(['10 a v1']);
  await expect(baseOf({ base: 'previous' }, others, true)).rejects.toThrow(/found from one capture, but 5 are merged/);
});
