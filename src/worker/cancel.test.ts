import { parseQuery } from '../query/query';
import { encodeFolded } from '../testing/encode';
import { ThreadWorker } from '../testing/threadWorker';
import { WorkerClient } from './client';
import { createHandler } from './handler';
import type { Load, Source } from './holding';
import type { Progress, Request, Started } from './messages';

const query = parseQuery({ view: 'top' });
const never = () => new AbortController().signal;
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const source = (key: string, time = 0): Source => ({ key, name: key, time });

/** The number at the end of its key is the profile's only value. */
const loader = () =>
  jest.fn<ReturnType<Load>, Parameters<Load>>(async (key) => {
    const values = [Number(/\d+$/.exec(key)?.[0])];
    return encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'main;work', values }] }).slice()
      .buffer as ArrayBuffer;
  });

let workers: ThreadWorker[] = [];
function threads(): WorkerClient {
  workers = [];
  return new WorkerClient(() => {
    const worker = new ThreadWorker();
    workers.push(worker);
    return worker as unknown as Worker;
  });
}
afterEach(() => workers.forEach((worker) => worker.terminate()));

/** The flat value of the first row of a run over these objects. */
const topOf = async (client: WorkerClient, keys: readonly string[], load: Load, signal = never()) =>
  (await client.run(query, { profile: keys.map((key) => source(key)) }, { load, signal })).tables[0].columns[1]
    .values[0];
const growthOf = async (client: WorkerClient, count: number, load: Load, size?: number) => {
  const sources = Array.from({ length: count }, (_, i) => ({ ...source(`g${2 * i}`, i * 60_000), size }));
  const { tables, failed } = await client.processView(parseQuery({ view: 'growth' }), sources, {
    load,
    signal: never(),
  });
  return { value: tables[0].columns.find(({ name }) => name === 'growth per minute')?.values[0], failed };
};

/** A query that blocks the worker, begun and then cancelled; fulfilled when it is begun. */
async function blocked(client: WorkerClient, key: string, load: Load) {
  const abort = new AbortController();
  const run = topOf(client, [key], load, abort.signal);
  run.catch(() => undefined);
  await wait(150);
  return { run, abort };
}

test('a worker that is at what nobody waits for is replaced, and the other queries get their answers', async () => {
  const client = threads();
  const load = loader();
  await topOf(client, ['held 3'], load);
  const { run, abort } = await blocked(client, 'spins 60000 1', load);
  const others = Promise.all([
    topOf(client, ['held 3'], load), // The next worker does not hold it.
    topOf(client, ['sent 5'], load), // Its bytes are in the worker's queue, and lost.
    topOf(client, ['a 1', 'b 2'], load),
    topOf(client, ['waits 7'], load), // So are its; the question waits here.
  ]);
  await wait(50);
  const at = performance.now();
  abort.abort();
  await expect(run).rejects.toBe(abort.signal.reason);
  expect(await others).toEqual([3, 5, 3, 7]);
  expect(workers).toHaveLength(2);
  expect((workers[0].endedAt as number) - at).toBeGreaterThan(90);
  expect((workers[0].endedAt as number) - at).toBeLessThan(200);
  const reads = load.mock.calls.map(([key]) => key);
  expect(reads.filter((key) => key === 'held 3')).toHaveLength(2);
  expect(reads.filter((key) => key === 'spins 60000 1')).toHaveLength(1);
  expect(reads.filter((key) => key === 'waits 7')).toHaveLength(2);
  // Their turn to be posted had not come.
  expect(reads.filter((key) => key === 'a 1')).toHaveLength(1);
});

test('work that ends in time is let be, and what the worker holds stays', async () => {
  const client = threads();
  const load = loader();
  await topOf(client, ['held 3'], load);
  await wait(50);
  const abort = new AbortController();
  const runs = ['spins 40 1', 'spins 40 2', 'decodes 40 3'].map((key) => topOf(client, [key], load, abort.signal));
  const left = Promise.allSettled(runs);
  await wait(30);
  abort.abort();
  expect((await left).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  await wait(300);
  expect(await topOf(client, ['held 3'], load)).toBe(3);
  expect(workers).toHaveLength(1);
  expect(load.mock.calls.filter(([key]) => key === 'held 3')).toHaveLength(1);
});

test('decoding that nobody waits for is ended too', async () => {
  const client = threads();
  const load = loader();
  const { abort } = await blocked(client, 'decodes 60000 1', load);
  const other = topOf(client, ['2'], load);
  abort.abort();
  expect(await other).toBe(2);
  expect(workers).toHaveLength(2);
});

test('work that somebody waits for goes on while others behind it are cancelled', async () => {
  const client = threads();
  const load = loader();
  const { run } = await blocked(client, 'spins 600 4', load);
  const abort = new AbortController();
  // Another one waits for the same profile.
  const behind = ['spins 600 4', 'decodes 60000 1'].map((key) => topOf(client, [key], load, abort.signal));
  const left = Promise.allSettled(behind);
  await wait(20);
  abort.abort();
  await left;
  expect(await run).toBe(4);
  // What was cancelled before it began did not begin: it would block for a minute.
  expect(await topOf(client, ['2'], load)).toBe(2);
  expect(workers).toHaveLength(1);
});

test.each([
  [
    'a merge',
    (client: WorkerClient, load: Load) =>
      topOf(
        client,
        Array.from({ length: 40 }, (_, i) => `m${i}`),
        load
      ),
  ],
  ['a view over few', (client: WorkerClient, load: Load) => growthOf(client, 8, load, 100)],
  ['a view over many', (client: WorkerClient, load: Load) => growthOf(client, 40, load)],
])('%s that is under way while the worker is replaced comes out the same', async (_, ask) => {
  const expected = await ask(threads(), loader());
  workers.forEach((worker) => worker.terminate());
  const client = threads();
  const load = loader();
  let isBegun = false;
  const abort = new AbortController();
  const slow = async (...args: Parameters<Load>) => {
    if (load.mock.calls.length === 6 && !isBegun) {
      isBegun = true;
      // Held already: it blocks as soon as it is asked about.
      topOf(client, ['spins 60000 1'], load, abort.signal).catch(() => undefined);
      setTimeout(() => abort.abort(), 100);
    }
    return load(...args);
  };
  await client.open([source('spins 60000 1')], { load, signal: never() });
  expect(await ask(client, slow)).toEqual(expected);
  expect(workers).toHaveLength(2);
});

test('who comes again at once for a capture that all have left finds it on its way', async () => {
  const client = threads();
  const load = loader();
  const { abort } = await blocked(client, 'decodes 400 6', load);
  abort.abort();
  await wait(10);
  expect(await topOf(client, ['decodes 400 6'], load)).toBe(6);
  expect(load).toHaveBeenCalledTimes(1);
  expect(workers).toHaveLength(1);
});

test('a worker is replaced as often as it has to be, and a query outlives it', async () => {
  const client = threads();
  const load = loader();
  const others: Array<Promise<unknown>> = [];
  for (let i = 1; i <= 3; i++) {
    const { abort } = await blocked(client, `spins 60000 ${i}`, load);
    if (i === 1) {
      others.push(topOf(client, ['8'], load), topOf(client, ['8', '9'], load));
    }
    abort.abort();
    await wait(150);
  }
  expect(await Promise.all(others)).toEqual([8, 17]);
  expect(workers).toHaveLength(4);
});

test('this thread, where no worker starts, is not replaced', async () => {
  const create = jest.fn(() => {
    throw new Error('SecurityError');
  });
  const client = new WorkerClient(create);
  const load = loader();
  await topOf(client, ['3'], load);
  const abort = new AbortController();
  const left = topOf(client, ['4'], load, abort.signal);
  await Promise.resolve();
  abort.abort();
  await expect(left).rejects.toBe(abort.signal.reason);
  await wait(250);
  expect(await topOf(client, ['3'], load)).toBe(3);
  expect(create).toHaveBeenCalledTimes(1);
  expect(load.mock.calls.filter(([key]) => key === '3')).toHaveLength(1);
});

test('the worker begins nothing that was cancelled while it was at something else', async () => {
  const handle = createHandler();
  const begun: number[] = [];
  const onMessage = (message: Progress | Started) => message.type === 'started' && begun.push(message.id);
  const ask = (request: Request) => handle(request, onMessage);
  const bytes = await loader()('5', never());
  const run = { type: 'run', keys: { profile: 'a' }, origin: {}, query } as const;
  const answers = await Promise.all([
    ask({ id: 1, type: 'load', key: 'a', bytes }),
    ask({ ...run, id: 2 }),
    ask({ ...run, id: 3 }),
    ask({ id: 4, type: 'cancel', question: 2 }),
    ask({ id: 5, type: 'cancel', question: 17 }),
  ]);
  expect(answers.map(({ type }) => type)).toEqual(['done', 'error', 'tables', 'done', 'done']);
  expect([...new Set(begun)]).toEqual([1, 3]);
});
