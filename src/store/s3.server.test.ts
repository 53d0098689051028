import { createS3Store } from './s3';
import type { ObjectInfo, Store, StoreFetch } from './store';

// Against a real S3 server with signatures and a private bucket: `npm test store` starts it, fills it
// (tests/servers/buckets.mjs) and says where it is.
interface Server {
  readonly url: string;
  /** A signer in front of the same server. */
  readonly signed: string;
  readonly oddKeys: string[];
  readonly manyCount: number;
}
const server: Server = JSON.parse(process.env.PPROFLENS_S3 ?? '{}');

const signal = new AbortController().signal;

const storeOf = (bucketUrl: string): Store => {
  const fetchPath: StoreFetch = async ({ path, signal: stop }) => {
    const response = await fetch(bucketUrl + path, { signal: stop, redirect: 'manual' });
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, headers, body: await response.arrayBuffer() };
  };
  return createS3Store(fetchPath);
};

async function listAll(store: Store, prefix: string, startAfter?: string): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const page of store.list({ prefix, startAfter }, signal)) {
    objects.push(...page);
  }
  return objects;
}
const keysOf = (objects: readonly ObjectInfo[]) => objects.map(({ key }) => key);
const text = (body: ArrayBuffer) => new TextDecoder().decode(body);

describe.each([
  ['a public bucket', () => `${server.url}/profiles`],
  ['a private bucket through the signer', () => `${server.signed}/private`],
])('%s', (_, bucketUrl) => {
  test('lists the recorded captures with size, time and etag', async () => {
    const objects = await listAll(storeOf(bucketUrl()), 'ingester/');
    expect(objects.length).toBeGreaterThan(20);
    expect(objects.every(({ key, size, etag }) => key.startsWith('ingester/') && size > 0 && etag !== '')).toBe(true);
    expect(objects.every(({ lastModified }) => Math.abs(Date.now() - lastModified) < 3600_000)).toBe(true);
    expect(keysOf(objects)).toEqual([...keysOf(objects)].sort());
  });

  test('goes on after a key', async () => {
    const keys = keysOf(await listAll(storeOf(bucketUrl()), 'ingester/'));
    expect(keysOf(await listAll(storeOf(bucketUrl()), 'ingester/', keys[4]))).toEqual(keys.slice(5));
  });

  test('lists folders', async () => {
    expect(await storeOf(bucketUrl()).folders('', signal)).toEqual(expect.arrayContaining(['ingester/', 'querier/']));
  });

  test('lists and reads keys of any characters', async () => {
    const store = storeOf(bucketUrl());
    expect(keysOf(await listAll(store, 'odd/')).sort()).toEqual([...server.oddKeys].sort());
    for (const key of server.oddKeys) {
      expect(text(await store.get(key, signal))).toBe(key);
    }
  });

  test('an object that is gone', async () => {
    await expect(storeOf(bucketUrl()).get('ingester/gone', signal)).rejects.toMatchObject({
      kind: 'no-object',
      message: expect.stringContaining('There is no longer the object "ingester/gone"'),
    });
  });
});

test('a listing of more than a page is whole and in order', async () => {
  const keys = keysOf(await listAll(storeOf(`${server.url}/profiles`), 'many/'));
  expect(keys).toHaveLength(server.manyCount);
  expect(new Set(keys).size).toBe(server.manyCount);
  expect(keys).toEqual([...keys].sort());
});

test('a bucket that does not exist', async () => {
  await expect(listAll(storeOf(`${server.url}/nowhere`), '')).rejects.toMatchObject({
    kind: 'no-bucket',
    message: expect.stringContaining("Check the bucket's name"),
  });
});

test('a private bucket without a signature', async () => {
  await expect(listAll(storeOf(`${server.url}/private`), '')).rejects.toMatchObject({
    kind: 'forbidden',
    message: expect.stringContaining('a private AWS bucket also needs a signer'),
  });
});

test('a listing that is given up stops', async () => {
  const abort = new AbortController();
  abort.abort();
  const pages = storeOf(`${server.url}/profiles`).list({ prefix: '' }, abort.signal);
  await expect(pages[Symbol.asyncIterator]().next()).rejects.toMatchObject({ kind: 'cancelled' });
});

test.each(['PUT', 'POST', 'DELETE'])('the signer passes no %s on', async (method) => {
  const [{ key }] = await listAll(storeOf(`${server.signed}/private`), 'ingester/');
  const response = await fetch(`${server.signed}/private/${key}`, { method });
  expect(response.status).toBe(405);
  expect((await storeOf(`${server.signed}/private`).get(key, signal)).byteLength).toBeGreaterThan(0);
});
