import { defaultQuery, type Query } from '../query/query';
import { encodeFolded } from '../testing/encode';
import { WorkerClient } from './client';
import { dumpVersion, makeGoroutines, printDump } from '../testing/goroutineDumps';
import { createHandler, type Handle } from './handler';
import type { Progress, Request, Response } from './messages';

const query: Query = { ...defaultQuery, view: 'top' };
const never = new AbortController().signal;

const profileBytes = (value = 5): ArrayBuffer => {
  const bytes = encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'main;work', values: [value] }] });
  return bytes.slice().buffer as ArrayBuffer;
};

/** A worker with the real handler behind it, which moves what is transferred as a browser does. */
class FakeWorker {
  onmessage: ((event: { data: Response | Progress }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly requests: Request[] = [];
  isTerminated = false;
  constructor(private readonly handle: Handle = createHandler()) {}

  postMessage(request: Request, transfer: ArrayBuffer[]): void {
    const received = structuredClone(request, { transfer });
    this.requests.push(received);
    const post = (data: Response | Progress) => this.onmessage?.({ data });
    void this.handle(received, post).then(post);
  }
  terminate(): void {
    this.isTerminated = true;
  }
}

const clientOf = (worker: FakeWorker) => new WorkerClient(() => worker as unknown as Worker);
const ticks = () => new Promise((resolve) => setTimeout(resolve, 10));

test('a profile is loaded once and then answered from the worker', async () => {
  const worker = new FakeWorker();
  const client = clientOf(worker);
  const load = jest.fn(async () => profileBytes());
  await client.load('a', load, never);
  await client.load('a', load, never);
  const [table] = await client.run(['a'], query, load, never);
  expect(load).toHaveBeenCalledTimes(1);
  expect(worker.requests.map(({ type }) => type)).toEqual(['load', 'run']);
  expect(table.columns[0].name).toBe('function');
});

test('bytes move to the worker instead of being copied', async () => {
  const bytes = profileBytes();
  await clientOf(new FakeWorker()).load('a', async () => bytes, never);
  expect(bytes.byteLength).toBe(0);
});

test('two queries that open one capture at the same time read it once', async () => {
  const client = clientOf(new FakeWorker());
  const load = jest.fn(async () => profileBytes());
  await Promise.all([client.load('a', load, never), client.load('a', load, never)]);
  expect(load).toHaveBeenCalledTimes(1);
});

test('a cancelled query does not take down another that waits for the same capture', async () => {
  const client = clientOf(new FakeWorker());
  const abort = new AbortController();
  const first = client.load(
    'a',
    () => new Promise((_, reject) => abort.signal.addEventListener('abort', reject)),
    abort.signal
  );
  const load = jest.fn(async () => profileBytes());
  const second = client.load('a', load, never);
  abort.abort();
  await expect(first).rejects.toBeDefined();
  await second;
  expect(load).toHaveBeenCalledTimes(1);
});

test('what fell out of the cache is loaded again', async () => {
  const handle = createHandler();
  let dropped = true;
  const worker = new FakeWorker(async (request) => {
    if (request.type === 'run' && dropped) {
      dropped = false;
      return { type: 'missing', id: request.id, keys: request.keys };
    }
    return handle(request);
  });
  const client = clientOf(worker);
  const load = jest.fn(async () => profileBytes());
  await client.load('a', load, never);
  await client.run(['a'], query, load, never);
  expect(load).toHaveBeenCalledTimes(2);
});

test('profiles that never fit at once are an error that says so', async () => {
  const handle = createHandler();
  const worker = new FakeWorker(async (request) =>
    request.type === 'run' ? { type: 'missing', id: request.id, keys: ['b'] } : handle(request)
  );
  const run = clientOf(worker).run(['a', 'b'], query, async () => profileBytes(), never);
  await expect(run).rejects.toThrow(/2 profiles of this query do not fit .* \(1 fell out\)/);
});

test('a large dump says how far it is', async () => {
  const made = printDump(makeGoroutines({ seed: 1, count: 2000, stacks: 50 }), dumpVersion('go1.21'));
  const text = made.repeat(Math.ceil(25_000_000 / made.length));
  const bytes = () => new TextEncoder().encode(text).buffer as ArrayBuffer;
  const told: number[] = [];
  const clocks: number[] = [];
  await clientOf(new FakeWorker()).load(
    'a',
    async () => bytes(),
    never,
    (done, total) => {
      told.push(done / total);
      clocks.push(performance.now());
    }
  );
  expect(told.length).toBeGreaterThan(0);
  expect(told).toEqual([...told].sort((a, b) => a - b));
  expect(told[0]).toBeGreaterThan(0);
  expect(told[told.length - 1]).toBeLessThan(1);
  expect(clocks.slice(1).every((clock, i) => clock - clocks[i] > 90)).toBe(true);
}, 60_000);

test("a decoder's message arrives", async () => {
  const load = async () => new TextEncoder().encode('<html>').buffer as ArrayBuffer;
  await expect(clientOf(new FakeWorker()).load('a', load, never)).rejects.toThrow();
});

test('an abort ends a waiting question at once, and what was not posted is never posted', async () => {
  const worker = new FakeWorker(() => new Promise(() => undefined));
  const client = clientOf(worker);
  const abort = new AbortController();
  const runs = ['a', 'b', 'c', 'd'].map((key) => client.run([key], query, async () => profileBytes(), abort.signal));
  const results = Promise.allSettled(runs);
  abort.abort();
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
  expect(worker.requests).toHaveLength(2);
});

test('an aborted signal asks nothing', async () => {
  const worker = new FakeWorker();
  await expect(
    clientOf(worker).run(['a'], query, async () => profileBytes(), AbortSignal.abort())
  ).rejects.toBeDefined();
  expect(worker.requests).toHaveLength(0);
});

test('where no worker can be constructed, this thread answers', async () => {
  const client = new WorkerClient(() => {
    throw new Error('SecurityError');
  });
  const [table] = await client.run(['a'], query, async () => profileBytes(), never);
  expect(table.length).toBe(2);
});

test('where the script does not load, this thread answers, and lost bytes are read again', async () => {
  const worker = new FakeWorker(() => new Promise(() => undefined));
  const client = clientOf(worker);
  const load = jest.fn(async () => profileBytes());
  const loaded = client.load('a', load, never);
  await ticks();
  worker.onerror?.();
  await loaded;
  const [table] = await client.run(['a'], query, load, never);
  expect(load).toHaveBeenCalledTimes(2);
  expect(worker.isTerminated).toBe(true);
  expect(table.length).toBe(2);
});
