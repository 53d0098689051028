import type { Bucket } from '../captures/bucket';
import { decode } from '../decode/decode';
import { downloadQuery } from './download';
import { parseQuery, type StoredQuery } from '../query/query';
import { presetLayout } from '../captures/layout';
import { StoreError, type Store } from '../store/store';
import { encodeFolded } from '../testing/encode';
import { WorkerClient } from './client';

const start = Date.parse('2026-11-03T14:00:00Z');
const minute = 60_000;
const range = { from: start, to: start + 60 * minute };

/** `at` in minutes after the start. */
function keyOf({ at = 0, event = 'e0', profile = 'cpu', instance = 'pod-1' }): string {
  const iso = new Date(start + at * minute).toISOString();
  const [folders, time] = [iso.slice(0, 13).replace(/[-T]/g, '/'), iso.replace(/[-:]/g, '')];
  return `ingester/${folders}/${time}_${event}_heap-ratio_1-8_${instance}_v1/${profile}.pb.gz`;
}

/** A profile of CPU with one sample for each tenant; undefined for an object that is gone when it is read. */
type Objects = Record<string, Record<string, number> | undefined>;

function bucketOf(objects: Objects): Bucket {
  const keys = Object.keys(objects).sort();
  const store: Store = {
    async *list({ prefix, startAfter = '' }) {
      yield keys
        .filter((key) => key.startsWith(prefix) && key > startAfter)
        .map((key) => ({ key, size: 1, lastModified: 0, etag: '' }));
    },
    folders: async () => ['ingester/'],
    async get(key) {
      const tenants = objects[key];
      if (!tenants) {
        throw new StoreError('There is no longer such an object.', 404, 'no-object');
      }
      const samples = Object.entries(tenants).map(([tenant, value]) => ({
        stack: 'main;handle',
        values: [value],
        labels: { tenant_id: tenant },
      }));
      return encodeFolded({ types: ['cpu/nanoseconds'], samples }).slice().buffer as ArrayBuffer;
    },
  };
  return { id: '0', store, layout: presetLayout(''), prefix: '', maxCaptures: 200 };
}

const first = keyOf({ at: 1, event: 'e1' });
const three: Objects = {
  [first]: { acme: 10 },
  [keyOf({ at: 2, event: 'e2' })]: { acme: 20, globex: 5 },
  [keyOf({ at: 3, event: 'e3' })]: { globex: 40 },
};

/** As where no worker can start: the same code answers on this thread. */
const noWorker = () => {
  throw new Error('no worker here');
};

function download(objects: Objects, patch: Partial<StoredQuery>) {
  const context = { bucket: bucketOf(objects), worker: new WorkerClient(noWorker) };
  const query = parseQuery({ view: 'top', selector: '{service="ingester", profile="cpu"}', ...patch });
  return downloadQuery(context, query, range, new AbortController().signal);
}
const samplesOf = async (bytes: ArrayBuffer) => (await decode(new Uint8Array(bytes))).sample;
const globex = '{service="ingester", profile="cpu", tenant_id="globex"}';

test('holds what the query leaves of the captures it merges', async () => {
  const { name, bytes, warnings } = await download(three, { capture: 'merge', selector: globex });
  expect((await samplesOf(bytes)).values).toEqual([Float64Array.of(45)]);
  expect(name).toBe('ingester_pod-1_cpu_20261103T140300Z_3-merged.pb.gz');
  expect(warnings).toEqual([]);
});

test('is less its base', async () => {
  const { name, bytes } = await download(three, { base: 'previous', selector: globex });
  // As with -diff_base: samples of the base stay apart, so that percentages are of the base.
  expect((await samplesOf(bytes)).values).toEqual([Float64Array.of(40, -5)]);
  expect(name).toBe('ingester_pod-1_cpu_20261103T140300Z_diff.pb.gz');
});

test('says what a file cannot be in', async () => {
  const { warnings } = await download(three, { base: 'previous', scale: 'percent' });
  expect(warnings).toEqual([expect.stringMatching(/^The file has the values as they are/)]);
});

test('names the captures that are not in it', async () => {
  const { bytes, warnings } = await download({ ...three, [first]: undefined }, { capture: 'merge' });
  expect((await samplesOf(bytes)).length).toBe(2);
  expect(warnings).toEqual([expect.stringMatching(/^1 of 3 captures could not be read and are left out/)]);
  expect(warnings[0]).toContain(first);
});

test.each([
  [
    'nothing that matches',
    { selector: '{profile="mutex"}' },
    /^None of the 3 captures in this time range has profile="mutex"; profile there: cpu\./,
  ],
  ['a view of no profile', { view: 'captures' }, /^The view "captures" is no profile/],
] as const)('%s is an error', async (_, patch, message) => {
  await expect(download(three, patch)).rejects.toThrow(message);
});

test('the name is no path and no command, whatever a key holds', async () => {
  const { name } = await download({ [keyOf({ instance: '..\\$(x) `pod`' })]: { acme: 1 } }, {});
  expect(name).toBe('ingester_..-x-pod-_cpu_20261103T140000Z.pb.gz');
});
