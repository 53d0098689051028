import { createHash } from 'node:crypto';
import { listCaptures } from '../captures/listing';
import { listOrExplain } from '../captures/opened';
import { presetLayout } from '../captures/layout';
import { findServices } from '../captures/services';
import { S3Server, type Quirks } from '../testing/s3Server';
import { remembered } from './remembered';
import { createS3Store } from './s3';
import type { Store, StoreFetch } from './store';

// Servers that list otherwise than AWS, each generated with one quirk (docs/servers.md): 18 captures must be 18 captures.

const signal = new AbortController().signal;
const layout = presetLayout('');
const hour = 3600_000;
const end = Date.UTC(2026, 10, 3, 18);

const keyAt = (time: number, service: string, version = 'v1') => {
  const iso = new Date(time).toISOString();
  return `${service}/${iso.slice(0, 13).replace(/[-T]/g, '/')}/${iso.replace(/[-:]/g, '')}_e${time}_heap_1-2_pod-0_${version}/heap.pb.gz`;
};
/** Three services, six captures each in the three hours before `end`; and as many in the days before and after. */
const keysOf = (services = ['ingester', 'querier', 'store-gateway'], version?: string) =>
  services.flatMap((service) =>
    [-72, -24, 0, 24].flatMap((hours) =>
      Array.from({ length: 6 }, (_, i) => keyAt(end + hours * hour - (i + 1) * 1_700_000, service, version))
    )
  );
const range = { from: end - 3 * hour, to: end };

function bucketOf(quirks: Quirks, keys: readonly string[] = keysOf(), open: (store: Store) => Store = remembered) {
  const server = new S3Server(keys, quirks);
  return { id: '', store: open(createS3Store(server.fetch)), layout, prefix: '', maxCaptures: 200, server };
}

/** By what a text is, but in no order. */
const hash = (text: string) => createHash('sha1').update(text).digest('hex');
const similar = (text: string) =>
  Array.from(text).reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7);
const shuffled = (keys: string[]) => keys.sort((a, b) => (hash(a) < hash(b) ? -1 : 1));
/** Long stretches of it are in order. */
const nearlyOrdered = (keys: string[]) => keys.sort((a, b) => similar(a) - similar(b));
const reversed = (keys: string[]) => keys.reverse();
/** A walk through folders, deepest first, as a file system may have it. */
const newestFirst = (keys: string[]) => keys.sort((a, b) => (a.split('_')[0] < b.split('_')[0] ? 1 : -1));

const quirks: ReadonlyArray<readonly [string, Quirks]> = [
  ['no quirk', {}],
  ['folders that come again on each page', { folders: 'pages', pageSize: 5 }],
  ['folders that come again, and two entries a page', { folders: 'pages', pageSize: 2 }],
  ['several folders in one element', { folders: 'inOne' }],
  ['keys in no order', { order: shuffled }],
  ['keys in no order, five a page', { order: shuffled, pageSize: 5 }],
  ['keys in no order, two a page', { order: shuffled, pageSize: 2 }],
  ['keys in no order, and start-after ignored', { order: shuffled, startAfter: 'ignored', pageSize: 5 }],
  ['keys in no order, and start-after refused', { order: shuffled, startAfter: 'refused' }],
  ['keys nearly in order, two a page', { order: nearlyOrdered, pageSize: 2 }],
  ['keys backwards', { order: reversed }],
  ['keys backwards, two a page', { order: reversed, pageSize: 2 }],
  ['the newest first', { order: newestFirst, pageSize: 3 }],
  ['delimiter ignored', { delimiter: 'ignored' }],
  ['delimiter ignored, two a page', { delimiter: 'ignored', pageSize: 2 }],
  ['delimiter and start-after ignored', { delimiter: 'ignored', startAfter: 'ignored', pageSize: 7 }],
  ['start-after ignored', { startAfter: 'ignored' }],
  ['start-after ignored, two a page', { startAfter: 'ignored', pageSize: 2 }],
  ['start-after refused', { startAfter: 'refused' }],
  ['two keys a page', { pageSize: 2 }],
  ['one key a page', { pageSize: 1 }],
];

describe.each(quirks)('%s', (_, quirk) => {
  test.each([
    ['', 18],
    ['{service="querier"}', 6],
    ['{service=~"querier|ingester"}', 12],
  ])('%s has %i captures', async (selector, count) => {
    for (const open of [remembered, (store: Store) => store]) {
      const bucket = bucketOf(quirk, keysOf(), open);
      const first = await listCaptures(bucket, selector, range, signal);
      expect(new Set(first.captures.map(({ object }) => object.key)).size).toBe(count);
      expect(first.captures).toHaveLength(count);
      // And again, when the server is known.
      expect((await listCaptures(bucket, selector, range, signal)).captures).toHaveLength(count);
      expect(await findServices(bucket.store, layout, '', signal)).toEqual(['ingester', 'querier', 'store-gateway']);
    }
  });
});

test.each([
  ['an order of its own', { order: shuffled }, /keys in an order of its own.*objects in the folders/],
  ['start-after ignored', { startAfter: 'ignored' }, /does not begin a listing where it is told to/],
  ['start-after refused', { startAfter: 'refused' }, /does not begin a listing where it is told to/],
  ['delimiter ignored', { delimiter: 'ignored' }, /instead of the folders/],
] as const)('a notice says what it costs: %s', async (_, quirk, text) => {
  const { notices } = await listCaptures(bucketOf(quirk), '', range, signal);
  expect(notices.map((notice) => notice.text)).toEqual([expect.stringMatching(text)]);
});

test('a server like AWS has no notice', async () => {
  expect((await listCaptures(bucketOf({ pageSize: 2 }), '', range, signal)).notices).toEqual([]);
});

test('an order that one key alone cannot show is found out where nothing is found', async () => {
  // By its own order nothing comes after the place that the listing should begin at.
  const server = new S3Server(keysOf(), { order: shuffled });
  const fetch: StoreFetch = async (request) =>
    server.fetch({ ...request, path: request.path.replace(/start-after=[^&]*/, 'start-after=~') });
  const bucket = { id: '', store: remembered(createS3Store(fetch)), layout, prefix: '', maxCaptures: 200 };
  expect((await listOrExplain(bucket, '{service="querier"}', range, signal)).captures).toHaveLength(6);
});

test('the last capture before an empty range is exact, of what that has listed', async () => {
  const times = Array.from({ length: 100 }, (_, i) => end - i * 60_000);
  const bucket = bucketOf(
    {},
    times.map((time) => keyAt(time, 'ingester'))
  );
  const empty = { from: end + 3 * hour, to: end + 4 * hour };
  const { notices, elsewhere } = await listOrExplain(bucket, '{service="ingester"}', empty, signal);
  expect(notices.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^There are no captures of ingester in this time range: the last one is 3 h before it/),
  ]);
  expect(elsewhere).toBeDefined();
  // The range, the order, the services.
  expect(bucket.server.requests).toHaveLength(3);
});

test('a refresh of a server without an order lists what the range has, and shares it', async () => {
  const bucket = bucketOf({ order: shuffled });
  await listCaptures(bucket, '', range, signal);
  bucket.server.requests.length = 0;
  const panels = Array.from({ length: 6 }, () => listCaptures(bucket, '{service="querier"}', range, signal));
  expect((await Promise.all(panels)).map(({ captures }) => captures.length)).toEqual([6, 6, 6, 6, 6, 6]);
  // The folders of four hours, each once for all panels.
  expect(bucket.server.requests.length).toBeLessThanOrEqual(4);
});

test('1,000 keys a page are asked for: a server may give 100 where nothing is said', async () => {
  const bucket = bucketOf({}, keysOf(Array.from({ length: 120 }, (_, i) => `s${i}`)));
  expect(await findServices(bucket.store, layout, '', signal)).toHaveLength(120);
  expect(bucket.server.requests).toEqual([expect.stringMatching(/max-keys=1000/)]);
});

const plus = '%2B';
const aws = (key: string) => encodeURIComponent(key).replace(/%20/g, '+');
const plain = (key: string) => key.replace(/&/g, '&amp;');

describe.each([
  ['a plus as %2B, a space as +', { write: aws }],
  ['a plus as %2B, a space as %20', { write: encodeURIComponent }],
  ['a plus as it is, a space as %20', { write: (key: string) => encodeURIComponent(key).replaceAll(plus, '+') }],
  ['all of them as they are, and it says so', { write: plain, encodingType: 'absent' }],
  ['a plus as %2B, and it does not say so', { write: aws, encodingType: 'absent' }],
  [
    'a plus as it is, and it does not say so',
    { write: (key: string) => encodeURIComponent(key).replaceAll(plus, '+'), encodingType: 'absent' },
  ],
] as const)('keys are written with %s', (_, quirk) => {
  test.each([
    ['a plus', ['a+b'], 'v1+build.7'],
    ['a space', ['a b'], 'v1 rc'],
    ['both', ['a b', 'a+b'], 'v1+rc 2'],
    ['a percent sign', ['100%25'], 'v1%2B'],
  ])('%s in names', async (__, services, version) => {
    const keys = keysOf(services, version);
    const bucket = bucketOf(quirk, keys);
    const { captures } = await listCaptures(bucket, '', range, signal);
    expect(captures.map(({ object }) => object.key).every((key) => keys.includes(key))).toBe(true);
    expect(captures).toHaveLength(6 * services.length);
    expect(await findServices(bucket.store, layout, '', signal)).toEqual([...services].sort());
    const { captures: named } = await listCaptures(bucket, `{service="${services[0]}"}`, range, signal);
    expect(named).toHaveLength(6);
  });
});

describe('a listing that does not end', () => {
  test.each([
    [
      'a token that comes again',
      { token: () => '2-x', pageSize: 2 },
      /does not end.*continuation token that it had sent before/,
    ],
    [
      'tokens that take turns',
      { token: (i: number) => (i % 2 ? '2-a' : '4-b'), pageSize: 2 },
      /continuation token that it had sent before/,
    ],
    [
      'the same page by other tokens',
      { token: (i: number) => `2-${i}`, pageSize: 2 },
      /only keys that it had sent before/,
    ],
  ] as const)('%s', async (_, quirk, message) => {
    const { fetch, requests } = new S3Server(keysOf(['ingester']), quirk);
    const all = async () => {
      for await (const page of createS3Store(fetch).list({ prefix: 'ingester/' }, signal)) {
        expect(page.length).toBeGreaterThan(0);
      }
    };
    await expect(all()).rejects.toThrow(message);
    expect(requests.length).toBeLessThanOrEqual(4);
  });
});

describe('keys that begin with a slash', () => {
  const keys = keysOf().map((key) => `/${key}`);

  test.each(['', '{service="querier"}'])('say which prefix reads them, for %j', async (selector) => {
    const { captures, notices } = await listOrExplain(bucketOf({}, keys), selector, range, signal);
    expect(captures).toHaveLength(0);
    expect(notices.map(({ text }) => text).join(' ')).toMatch(/begin with a slash.*enter the prefix "\/"/);
  });

  test('are read with it', async () => {
    const bucket = { ...bucketOf({}, keys), prefix: '/' };
    expect((await listCaptures(bucket, '', range, signal)).captures).toHaveLength(18);
    let path = '';
    const store = createS3Store(async (request) => {
      path = request.path;
      return { status: 200, headers: {}, body: new ArrayBuffer(1) };
    });
    await store.get(keys[0], signal);
    expect(decodeURIComponent(path)).toBe(`/${keys[0]}`);
  });
});
