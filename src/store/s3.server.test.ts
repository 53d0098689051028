import { request } from 'node:http';
import { presetLayout } from '../captures/layout';
import { findCaptures } from '../captures/plan';
import { createS3Store } from './s3';
import type { ObjectInfo, Store, StoreFetch } from './store';

// Against a real S3 server that checks signatures: `node scripts/test.mjs store` starts it, fills it
// (tests/servers/buckets.mjs) and says where it is.
interface Servers {
  /** URL of a bucket that anyone may read. */
  readonly public: string;
  /** URL of a bucket that only its owner may read. */
  readonly private: string;
  /** The private bucket through the gateway, with credentials of a session. */
  readonly gateway: string;
  /** The same objects through it, by where they are: a folder, Azure, Google. */
  readonly gateways?: Record<string, string>;
  readonly oddKeys: string[];
}
const servers = JSON.parse(process.env.PPROFLENS_S3 ?? '{}') as Servers;

const { signal } = new AbortController();

interface Access {
  /** Asks for pages of this size: a server's own 1,000 would want 1,000 objects. */
  readonly maxKeys?: number;
  readonly headers?: Record<string, string>;
  /** Writes parameters as Grafana's proxy does, which sends them anew by Go's url.Values.Encode. */
  readonly likeGrafana?: boolean;
  /** Pages of folders are larger than was asked for: fake-gcs-server's. */
  readonly largePages?: boolean;
}

function open(bucketUrl: string, { maxKeys, headers, likeGrafana }: Access = {}): { store: Store; paths: string[] } {
  const paths: string[] = [];
  const storeFetch: StoreFetch = async ({ path, signal: stop }) => {
    paths.push(path);
    const url = new URL(bucketUrl + path);
    if (maxKeys && path.startsWith('/?')) {
      url.search = url.search.replace(/max-keys=\d+/, `max-keys=${maxKeys}`);
    }
    if (likeGrafana) {
      url.searchParams.sort(); // Which also writes them as a form does: a space as "+".
    }
    const response = await fetch(url, { signal: stop, headers, redirect: 'manual' });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.arrayBuffer(),
    };
  };
  return { store: createS3Store(storeFetch, { baseDelay: 1 }), paths };
}

async function list(store: Store, prefix: string, startAfter?: string): Promise<ObjectInfo[]> {
  const objects: ObjectInfo[] = [];
  for await (const page of store.list({ prefix, startAfter }, signal)) {
    objects.push(...page);
  }
  return objects;
}
const keysOf = (objects: readonly ObjectInfo[]) => objects.map(({ key }) => key);
const byteOrder = (keys: readonly string[]) => [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
const text = (body: ArrayBuffer) => new TextDecoder().decode(body);

const buckets: Array<[string, () => string, Access]> = [
  ['a public bucket', () => servers.public, {}],
  ['a private bucket through the gateway', () => servers.gateway, {}],
  ['a private bucket through the gateway and Grafana', () => servers.gateway, { likeGrafana: true }],
];
for (const [where, url] of Object.entries(servers.gateways ?? {})) {
  buckets.push([`${where} through the gateway`, () => url, { largePages: where === 'google' }]);
}
describe.each(buckets)('%s', (_, bucketUrl, access) => {
  const opened = (more: Access = {}) => open(bucketUrl(), { ...access, ...more });

  test('lists the recorded captures with size, time and etag', async () => {
    const objects = await list(opened().store, 'ingester/');
    expect(objects.length).toBeGreaterThan(20);
    expect(objects.every(({ key, size, etag }) => key.startsWith('ingester/') && size > 0 && etag !== '')).toBe(true);
    expect(objects.every(({ lastModified }) => Math.abs(Date.now() - lastModified) < 3600_000)).toBe(true);
    expect(keysOf(objects)).toEqual(byteOrder(keysOf(objects)));
  });

  test('finds the captures of a service and a time', async () => {
    const { store } = opened();
    const span = { prefix: '', from: Date.now() - 2 * 3600_000, to: Date.now(), labels: { service: ['querier'] } };
    const { captures } = await findCaptures(store, presetLayout(''), span, signal);
    expect(captures.length).toBe((await list(store, 'querier/')).length);
    expect(captures.every(({ labels }) => labels.service === 'querier')).toBe(true);
  });

  test('pages through a listing', async () => {
    const whole = keysOf(await list(opened().store, 'ingester/'));
    const { store, paths } = opened({ maxKeys: 7 });
    expect(keysOf(await list(store, 'ingester/'))).toEqual(whole);
    expect(paths).toHaveLength(Math.ceil(whole.length / 7));
  });

  test('goes on after a key, which need not be there', async () => {
    const keys = keysOf(await list(opened().store, 'ingester/'));
    const { store } = opened({ maxKeys: 7 });
    expect(keysOf(await list(store, 'ingester/', keys[4]))).toEqual(keys.slice(5));
    expect(keysOf(await list(store, 'ingester/', keys[4] + '!'))).toEqual(keys.slice(5));
  });

  test('lists folders, page by page', async () => {
    const { store, paths } = opened({ maxKeys: 1 });
    const folders = new Set(keysOf(await list(opened().store, '')).map((key) => key.replace(/\/.*/, '/')));
    expect(folders).toContain('ingester/');
    expect(await store.folders('', signal)).toEqual([...folders]);
    expect(paths).toHaveLength(access.largePages ? 1 : folders.size);
  });

  test('lists, goes on after and reads keys of any characters', async () => {
    const odd = byteOrder(servers.oddKeys);
    // A page each: the continuation token, which is a key here, needs care as well.
    const { store } = opened({ maxKeys: 1 });
    expect(keysOf(await list(store, 'odd/'))).toEqual(odd);
    for (const [i, key] of odd.entries()) {
      expect(keysOf(await list(store, 'odd/', key))).toEqual(odd.slice(i + 1));
      expect(keysOf(await list(store, key))).toEqual([key]);
      expect(text(await store.get(key, signal))).toBe(key);
    }
  });

  test('says that an object is gone', async () => {
    await expect(opened().store.get('ingester/gone', signal)).rejects.toMatchObject({
      kind: 'no-object',
      message: expect.stringContaining('There is no longer the object "ingester/gone" in the bucket (404)'),
    });
  });
});

test('a bucket that does not exist', async () => {
  const { store } = open(servers.public.replace(/[^/]+$/, 'nowhere'));
  await expect(list(store, '')).rejects.toMatchObject({
    kind: 'no-bucket',
    message: expect.stringMatching(/There is no such bucket \(404\).*The server says: NoSuchBucket/),
  });
});

test('a private bucket without a signature', async () => {
  const { store } = open(servers.private);
  const forbidden = (what: string) => ({
    kind: 'forbidden',
    message: expect.stringMatching(
      new RegExp(`No access to ${what} \\(403\\).*a private AWS bucket is read through the gateway.*AccessDenied`)
    ),
  });
  await expect(list(store, '')).rejects.toMatchObject(forbidden('the listing'));
  await expect(store.get('ingester/x', signal)).rejects.toMatchObject(forbidden('the object "ingester/x"'));
});

test('a private bucket with a signature of nobody', async () => {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const authorization =
    `AWS4-HMAC-SHA256 Credential=nobody/${time.slice(0, 8)}/us-east-1/s3/aws4_request, ` +
    `SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
  const headers = { authorization, 'x-amz-date': time, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  await expect(list(open(servers.private, { headers }).store, '')).rejects.toMatchObject({
    kind: 'forbidden',
    message: expect.stringMatching(/refused the credentials for the listing \(403\).*InvalidAccessKeyId/),
  });
});

describe('the gateway', () => {
  test.each(['PUT', 'POST', 'DELETE', 'PATCH'])('passes no %s on', async (method) => {
    const { store } = open(servers.gateway);
    const before = await list(store, '');
    const body = method === 'DELETE' ? null : 'written';
    const known = await fetch(`${servers.gateway}/${before[0].key}`, { method, body });
    const unknown = await fetch(`${servers.gateway}/new-object`, { method, body });
    expect([known.status, unknown.status]).toEqual([405, 405]);
    expect(await list(store, '')).toEqual(before);
  });

  test('says by HEAD what an object is, and nothing of the bucket', async () => {
    const [{ key, size, etag }] = await list(open(servers.gateway).store, 'querier/');
    const { status, headers } = await fetch(`${servers.gateway}/${key}`, { method: 'HEAD' });
    expect([status, headers.get('content-length'), headers.get('etag')]).toEqual([200, String(size), etag]);
    expect((await fetch(`${servers.gateway}/new-object`, { method: 'HEAD' })).status).toBe(404);
    expect((await fetch(servers.gateway, { method: 'HEAD' })).status).toBe(405);
  });

  test('passes no header of the caller on', async () => {
    const headers = { authorization: 'Basic dTpw', cookie: 'grafana_session=1', 'x-amz-acl': 'public-read' };
    const { store } = open(servers.gateway, { headers });
    expect((await list(store, 'querier/')).length).toBeGreaterThan(0);
  });

  test('reads a part of an object', async () => {
    const [key] = servers.oddKeys;
    const path = key.split('/').map(encodeURIComponent).join('/');
    const response = await fetch(`${servers.gateway}/${path}`, { headers: { range: 'bytes=0-2' } });
    expect([response.status, await response.text()]).toEqual([206, key.slice(0, 3)]);
  });

  /** What the gateway answers to a request that fetch would not send: its words without XML. @param path below its address */
  const ask = (path: string, headers: Record<string, string> = {}, body?: string) =>
    new Promise<{ status?: number; said: string }>((resolve, reject) => {
      request(new URL(servers.gateway).origin, { path, headers }, (response) => {
        let answer = '';
        response.on('data', (chunk: Buffer) => (answer += chunk.toString()));
        response.on('end', () => {
          const [, said = ''] = /<Message>(.*)<\/Message>/.exec(answer) ?? [];
          resolve({ status: response.statusCode, said: said.replaceAll('&#34;', '"') });
        });
      })
        .on('error', reject)
        .end(body);
    });

  test.each([
    ['/private?policy', 'leave out "policy"'],
    ['/private/?policy', 'leave out "policy"'],
    ['/private?acl', 'leave out "acl"'],
    ['/private?%61cl', 'leave out "acl"'],
    ['/private?list-type=2&location', 'leave out "location"'],
    ['/private?list-type=2&list-type=2', 'each parameter once: leave out "list-type"'],
    ['/private?list-type=2&versions=', 'leave out "versions"'],
    ['/private?list-type=2&X-Amz-Expires=9', 'leave out "X-Amz-Expires"'],
    ['/private', 'add list-type=2'],
    ['/private?list-type=1', 'add list-type=2'],
    ['/private/querier/x?tagging', 'without parameters: leave out "tagging"'],
    ['/private/querier/x?response-content-type=text%2Fhtml', 'leave out "response-content-type"'],
    ['/private/querier/x?versionId=1', 'leave out "versionId"'],
    ['/private/querier/x?list-type=2', 'leave out "list-type"'],
    ['/private/%ff', 'a percent code that is no UTF-8'],
    ['/private/%c3%28', 'a percent code that is no UTF-8'],
    ['/private?list-type=2&prefix=%', 'The query cannot be read'],
    ['/private?list-type=2&prefix=%zz', 'The query cannot be read'],
    ['/private?list-type=2&%ff=1', 'a percent code that is no UTF-8'],
    ['/private/a%00b', 'a zero byte'],
    ['/private/a/./b', 'a folder "." or ".."'],
    ['/private/a/%2e%2e/b', 'a folder "." or ".."'],
  ])('refuses %s and says why', async (path, why) => {
    expect(await ask(path)).toEqual({ status: 400, said: expect.stringContaining(why) });
  });

  test.each([['/private/%'], ['/private/%zz']])('refuses %s', async (path) => {
    expect((await ask(path)).status).toBe(400);
  });

  test('refuses a GET with a body', async () => {
    const why = { status: 400, said: 'A GET has no body: send none.' };
    expect(await ask('/private?list-type=2', { 'content-length': '2' }, 'hi')).toEqual(why);
    expect(await ask('/private?list-type=2', { 'transfer-encoding': 'chunked' }, 'hi')).toEqual(why);
    expect((await ask('/private?list-type=2&max-keys=1', { 'content-length': '0' })).status).toBe(200);
  });

  // Not by fetch, which would resolve the dots.
  test.each([
    ['/../profiles/'],
    ['/private/../profiles/'],
    ['/private/%2e%2e/profiles/'],
    ['/private/..%2Fprofiles/'],
    ['/private/a/../../profiles/'],
    ['/private/a/..%2f..%2fprofiles/'],
    ['/private%2f..%2fprofiles/'],
  ])('reaches no other bucket by %s', async (path) => {
    expect((await ask(`${path}?list-type=2`)).status).toBe(400);
  });

  test.each([['/profiles'], ['/'], ['//profiles'], ['/PRIVATE']])('knows no other bucket: %s', async (path) => {
    const { status, said } = await ask(`${path}?list-type=2`);
    expect([status, said]).toEqual([404, expect.stringContaining('expected /private/KEY')]);
  });
});
