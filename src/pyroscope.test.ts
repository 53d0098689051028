import { getBackendSrv } from '@grafana/runtime';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { of, throwError, type Observable } from 'rxjs';
import { decode } from './decode/decode';
import { blobBytes, readMessage } from './testing/wire';
import { MergeBuilder } from './ops/merge';
import { parseQuery, type ProfileQuery, type StoredQuery } from './query/query';
import { run } from './query/run';
import { printTable } from './testing/print';
import { Pyroscope } from './pyroscope';
import { pyroscopeSources } from './pyroscopeSources';

jest.mock('@grafana/runtime', () => ({
  getBackendSrv: jest.fn(),
  isFetchError: (error: object) => 'status' in error,
}));

// Answers of Pyroscope 2.2 to which the newest heaps of demo/captures/shipping were pushed, of v3.2.0.
const recorded = join(__dirname, '../testdata/pyroscope');
const types = JSON.parse(readFileSync(join(recorded, 'types.json'), 'utf8')) as object;
const merge = readFileSync(join(recorded, 'merge.pb'));

interface Sent {
  readonly url: string;
  readonly method: string;
  readonly data: object;
}
let sent: Sent[];
let answer: (request: Sent) => Observable<{ data: unknown }>;
beforeEach(() => {
  sent = [];
  answer = ({ url }) => of({ data: url.endsWith('/types') ? types : Uint8Array.from(merge).buffer });
  const fetch = (request: Sent) => {
    sent.push(request);
    return answer(request);
  };
  jest.mocked(getBackendSrv).mockReturnValue({ fetch } as never);
});

const range = { from: 1_764_000_000_000.4, to: 1_764_003_600_000 };
const never = new AbortController().signal;
const query = (stored: Partial<StoredQuery>) =>
  parseQuery({ view: 'top', selector: '{service="shipping", profile="heap"}', ...stored }) as ProfileQuery;
const sourcesOf = (stored: Partial<StoredQuery> = {}) =>
  pyroscopeSources(new Pyroscope('/proxy'), query(stored), range, never);

/** The rows of a query, as the plugin answers it. */
async function rowsOf(stored: Partial<StoredQuery>) {
  const { sources, load } = await sourcesOf(stored);
  const profile = await decode(new Uint8Array(await load(sources.profile[0].key, never)));
  return printTable(run({ ...query(stored), selector: '', sampleIndex: '' }, { profile })[0], [
    'function',
    'flat',
    'cum',
  ]);
}

/** What was asked of SelectMergeProfile. */
async function asked(): Promise<Array<Record<number, string | number>>> {
  const bodies = sent.filter(({ url }) => url === '/proxy/pyroscope/merge').map(({ data }) => data as Blob);
  return Promise.all(bodies.map(async (body) => readMessage(await blobBytes(body))));
}

test('what it merges is what we merge of the captures that were pushed', async () => {
  const dir = join(__dirname, '../demo/captures/shipping');
  const newest = new Map<string, string>();
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((key) => key.endsWith('_v3.2.0/heap.pb.gz'))
    .sort()
    .forEach((key) => newest.set(/_(shipping-[^_]+)_/.exec(key)?.[1] ?? '', key));
  expect(newest.size).toBe(30);
  const builder = new MergeBuilder();
  for (const key of newest.values()) {
    builder.add(await decode(new Uint8Array(readFileSync(join(dir, key)))));
  }
  const own = printTable(
    run({ ...query({ sampleIndex: 'inuse_space' }), selector: '' }, { profile: builder.finish() })[0],
    ['function', 'flat', 'cum']
  );
  expect((await rowsOf({})).slice(0, 40)).toEqual(own.slice(0, 40));
});

test('the profile and its sample type are the type, other matchers the selector, the range is in ms', async () => {
  const stored = { selector: '{service="shipping", profile="heap", tenant_id=~"a|b"}', sampleIndex: 'alloc_space' };
  const { load, sources, notices } = await sourcesOf(stored);
  await load(sources.profile[0].key, never);
  expect(await asked()).toEqual([
    {
      1: 'memory:alloc_space:bytes:space:bytes',
      2: '{service_name="shipping", tenant_id=~"a|b"}',
      3: 1764000000000,
      4: 1764003600000,
    },
  ]);
  expect(sent.map(({ url, method }) => `${method} ${url}`)).toEqual([
    'POST /proxy/pyroscope/types',
    'POST /proxy/pyroscope/merge',
  ]);
  expect(sent[1].data).toBeInstanceOf(Blob);
  expect(notices[0].text).toMatch(/^Merged by Pyroscope: memory:alloc_space.*tenant_id/);
});

test('a base is another range or another label', async () => {
  for (const [stored, expected] of [
    [{ base: 'yesterday' }, { 2: '{service_name="shipping"}', 3: 1764000000000 - 86_400_000 }],
    [
      { base: 'version', baseVersion: 'v1' },
      { 2: '{service_name="shipping", version="v1"}', 3: 1764000000000 },
    ],
  ] as const) {
    sent = [];
    const { load, sources } = await sourcesOf({ view: 'diff', ...stored });
    await load(sources.base?.[0].key ?? '', never);
    expect((await asked())[0]).toMatchObject(expected);
  }
  await expect(sourcesOf({ view: 'diff', base: 'previous' })).rejects.toThrow(
    /no captures to compare with \(previous\)/
  );
  await expect(sourcesOf({ view: 'diff', base: 'instance' })).rejects.toThrow(/another instance of: name it/);
});

test.each([
  [{ selector: '{service="a"}' }, /name it, e\.g\. profile="heap"/],
  [{ selector: '{profile=~"heap|cpu"}' }, /merges one profile/],
  [{ selector: '{profile="cpu"}' }, /has no process_cpu profiles in this time range.*it has memory/],
  [
    { sampleIndex: 'delay' },
    /no sample type "delay" of heap.*it has alloc_objects, alloc_space, inuse_objects, inuse_space/,
  ],
  [{ selector: '{profile="heap", http.route="/x"}' }, /no labels named "http\.route"/],
  [{ view: 'sizes' as const }, /numeric label "bytes", which Pyroscope does not keep/],
  [{ estimate: 'paths' as const }, /labelled profiles/],
])('%j is refused, which would be another answer', async (stored, message) => {
  await expect(sourcesOf(stored)).rejects.toThrow(message);
});

test('labels of samples are said to be gone where a view is about them', async () => {
  const { notices } = await sourcesOf({ view: 'tags' });
  expect(notices[1].text).toMatch(/merges profiles without them/);
});

test('nothing merged is an answer', async () => {
  answer = ({ url }) => of({ data: url.endsWith('/types') ? types : new ArrayBuffer(0) });
  const { load, sources } = await sourcesOf();
  await expect(load(sources.profile[0].key, never)).rejects.toMatchObject({ isNothing: true });
});

test('what it says is wrong is shown, of a binary request too', async () => {
  const said = { code: 'invalid_argument', message: 'parsing label selector "{bad": unexpected end of input' };
  const isMerge = ({ url }: Sent) => url.endsWith('/merge');
  const refused = { status: 400, data: new TextEncoder().encode(JSON.stringify(said)).slice().buffer };
  answer = (request) => (isMerge(request) ? throwError(() => refused) : of({ data: types }));
  const { load, sources } = await sourcesOf();
  await expect(load(sources.profile[0].key, never)).rejects.toThrow('Pyroscope answered 400: parsing label selector');
  answer = () => throwError(() => ({ status: 502, data: {} }));
  await expect(sourcesOf()).rejects.toThrow(/does not answer as one \(502\)/);
});
