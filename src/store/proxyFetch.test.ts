import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { of } from 'rxjs';
import { proxyFetch } from '../proxyFetch';
import { createS3Store } from './s3';

const mockGrafana = { fetch: jest.fn() };
const mockConfig = { appSubUrl: '', bootData: { user: { orgId: 7 } } };
jest.mock('@grafana/runtime', () => ({
  get config() {
    return mockConfig;
  },
  getBackendSrv: () => mockGrafana,
  isFetchError: (error: { status?: number }) => error?.status !== undefined,
}));

const signal = new AbortController().signal;
const MiB = 1048576;
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A store over a real server, which stands for Grafana's proxy. */
async function openAt(listener: RequestListener, options: Parameters<typeof createS3Store>[1] = {}) {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  mockConfig.appSubUrl = `http://127.0.0.1:${port}`;
  return createS3Store(proxyFetch('/proxy/uid'), { baseDelay: 1, random: () => 0, ...options });
}

test('asks the proxy for the path as it is, for the organisation of the page', async () => {
  let asked: unknown;
  const store = await openAt((request, response) => {
    asked = [request.method, request.url, request.headers['x-grafana-org-id']];
    response.end('bytes');
  });
  expect(new TextDecoder().decode(await store.get('a b/+c', signal))).toBe('bytes');
  expect(asked).toEqual(['GET', '/proxy/uid/s3/a%20b/%2Bc', '7']);
});

test('says to Grafana what the settings say to it: not to go by settings that it remembers', async () => {
  let asked: unknown;
  await openAt((request, response) => {
    asked = request.headers['x-grafana-nocache'];
    response.end('bytes');
  });
  await createS3Store(proxyFetch('/proxy/uid', { 'X-Grafana-NoCache': 'true' })).get('a', signal);
  expect(asked).toBe('true');
});

test.each([
  ['its announced length', { 'content-length': String(500 * MiB) }],
  ['what comes of it', {}],
])('a download stops at the limit by %s', async (_, headers) => {
  let sent = 0;
  let isClosed = false;
  const store = await openAt(
    (_request, response) => {
      response.writeHead(200, headers);
      response.on('close', () => (isClosed = true));
      const more = () => {
        while (!isClosed && sent < 500 * MiB) {
          sent += 65536;
          if (!response.write(Buffer.alloc(65536))) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    },
    { maxObjectBytes: 2 * MiB }
  );
  await expect(store.get('big', signal)).rejects.toThrow(/limit is 2\.0 MiB.*"Largest object"/);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isClosed).toBe(true);
  expect(sent).toBeLessThan(40 * MiB);
});

test('a transfer that is cut is said to be that, not a redirect', async () => {
  let calls = 0;
  const store = await openAt((_, response) => {
    calls++;
    response.writeHead(200, { 'content-length': '1000' });
    response.write('half');
    setTimeout(() => response.destroy(), 5);
  });
  const failed = store.get('k', signal);
  await expect(failed).rejects.toMatchObject({ kind: 'network', message: expect.stringMatching(/broke off/) });
  await expect(failed).rejects.not.toThrow(/redirect/);
  expect(calls).toBe(2);
});

test('an answer that stops half way is given up after the time-out', async () => {
  let isClosed = false;
  const store = await openAt(
    (_, response) => {
      response.on('close', () => (isClosed = true));
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half');
    },
    { timeout: 100 }
  );
  await expect(store.get('k', signal)).rejects.toMatchObject({ kind: 'time-out' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isClosed).toBe(true);
});

test('where Grafana wants another session its own fetch asks, which gets one', async () => {
  mockGrafana.fetch.mockReturnValueOnce(of({ status: 200, headers: new Headers(), data: new ArrayBuffer(3) }));
  const store = await openAt((_, response) => response.writeHead(401).end('{"message":"Unauthorized"}'));
  expect((await store.get('k', signal)).byteLength).toBe(3);
  expect(mockGrafana.fetch).toHaveBeenCalledWith(
    expect.objectContaining({ url: '/proxy/uid/s3/k', responseType: 'arraybuffer' })
  );
});

test('an error of the bucket is read', async () => {
  const store = await openAt((_, response) =>
    response.writeHead(403).end('<Error><Code>InvalidObjectState</Code></Error>')
  );
  await expect(store.get('k', signal)).rejects.toMatchObject({ kind: 'archived' });
});

test('a redirect is named', async () => {
  const store = await openAt((_, response) => response.writeHead(301, { location: 'http://127.0.0.1:1/' }).end());
  await expect(store.get('k', signal)).rejects.toMatchObject({ kind: 'redirect' });
  // A browser hides what it does not follow.
  const hidden = { type: 'opaqueredirect', status: 0, headers: new Headers(), body: null };
  jest.spyOn(globalThis, 'fetch').mockResolvedValueOnce(hidden as Response);
  await expect(store.get('k', signal)).rejects.toThrow(/redirect to another address, which is not followed/);
});

test('a question that is cancelled ends its request', async () => {
  let isClosed = false;
  const store = await openAt((_, response) => response.on('close', () => (isClosed = true)));
  const abort = new AbortController();
  const asked = store.get('k', abort.signal);
  setTimeout(() => abort.abort(), 30);
  await expect(asked).rejects.toMatchObject({ kind: 'cancelled' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isClosed).toBe(true);
});
