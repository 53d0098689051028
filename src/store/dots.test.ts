import { hasDots } from './dots';
import { presetLayout } from '../captures/layout';
import { findCaptures } from '../captures/plan';
import { createS3Store } from './s3';
import type { StoreRequest } from './store';

const { signal } = new AbortController();

const dotted = [
  '../other/secret.pb.gz',
  'a/../../other/secret.pb.gz',
  'a/./b',
  '..',
  'a/..',
  '%2e%2e/other/secret',
  'a/%2E%2e/b',
  '.%2e/b',
  '%2e%2e%2fother/secret',
  'a%2f..%2fother',
  '%252e%252e%252fother',
  '%25252e%25252e/other',
  '..\\other',
  'a%5c..%5cother',
];
const plain = ['a/..b/c', 'a/b../c', 'a/.../b', '.hidden/x', 'a/%2ehidden', '100%/x', '%zz/..x', 'a..b/heap.pb.gz'];

/** A bucket that lists what it is told to, and counts what is asked of it. */
function hostile(keys: readonly string[], folders: readonly string[] = []) {
  const requests: string[] = [];
  const fetch = async ({ path }: StoreRequest) => {
    requests.push(path);
    const query = new URLSearchParams(path.slice(path.indexOf('?')));
    const prefix = query.get('prefix') ?? '';
    const xml = query.has('delimiter')
      ? folders.map((folder) => `<CommonPrefixes><Prefix>${encodeURIComponent(folder)}</Prefix></CommonPrefixes>`)
      : keys
          .filter((key) => key.startsWith(prefix))
          .map((key) => `<Contents><Key>${encodeURIComponent(key)}</Key><Size>1</Size></Contents>`);
    const text = `<ListBucketResult><EncodingType>url</EncodingType>${xml.join('')}</ListBucketResult>`;
    return { status: 200, headers: {}, body: new TextEncoder().encode(text).buffer as ArrayBuffer };
  };
  return { store: createS3Store(fetch), requests };
}

test.each(dotted)('%s is not requested, as a key or as a prefix', async (path) => {
  expect(hasDots(path)).toBe(true);
  const { store, requests } = hostile([]);
  const refused = {
    kind: 'refused',
    status: 0,
    message: expect.stringContaining(`"${path}" has a folder "." or ".."`),
  };
  await expect(store.get(path, signal)).rejects.toMatchObject(refused);
  await expect(store.folders(path, signal)).rejects.toMatchObject(refused);
  await expect(store.list({ prefix: path }, signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
  expect(requests).toEqual([]);
});

test.each(plain)('%s is an ordinary key', async (path) => {
  const { store, requests } = hostile([]);
  await store.get(path, signal);
  expect(requests).toEqual([`/${path.split('/').map(encodeURIComponent).join('/')}`]);
});

test('the text of a million percent signs is read in no time', () => {
  const begun = performance.now();
  expect(hasDots('%'.repeat(1024))).toBe(false);
  expect(hasDots(`%${'25'.repeat(500)}2e`)).toBe(true);
  expect(performance.now() - begun).toBeLessThan(200);
});

test('a listing that has such a key shows it, and the object is not read', async () => {
  const key = '../2026/11/03/14/20261103T142233.456Z_e1_heap-ratio_1-2_pod_v1/heap.pb.gz';
  const { store, requests } = hostile([key]);
  const layout = { ...presetLayout(''), plan: undefined };
  const { captures } = await findCaptures(
    store,
    layout,
    { prefix: '', from: 0, to: Date.UTC(2027, 0), labels: {} },
    signal
  );
  expect(captures.map(({ object }) => object.key)).toEqual([key]);
  requests.length = 0;
  await expect(store.get(captures[0].object.key, signal)).rejects.toThrow(/is another bucket, so it is not requested/);
  expect(requests).toEqual([]);
});

test('a folder of such a name is counted as one that is not of the layout, and the others are listed', async () => {
  const key = 'ingester/2026/11/03/14/20261103T142233.456Z_e1_heap-ratio_1-2_pod_v1/heap.pb.gz';
  const { store, requests } = hostile([key], ['%2e%2e/', '../', 'ingester/']);
  const found = await findCaptures(
    store,
    presetLayout(''),
    { prefix: '', from: 0, to: Date.UTC(2027, 0), labels: {} },
    signal
  );
  expect(found.captures).toHaveLength(1);
  expect(found.unparsed).toEqual({ count: 2, examples: ['%2e%2e/', '../'] });
  expect(requests).toHaveLength(2);
});
