import type { Decoded } from '../decode/decoded';
import { parseQuery } from '../query/query';
import { encodeFolded } from '../testing/encode';
import { ThreadWorker } from '../testing/threadWorker';
import { WorkerClient } from './client';
import { DecodedCache } from './decodedCache';
import { createHandler } from './handler';
import type { Load, Source } from './holding';
import type { Progress, Request, Response, Started } from './messages';

const query = parseQuery({ view: 'top' });
jest.setTimeout(60_000);

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

/** A query that blocks the worker, begun. */
async function blocked(client: WorkerClient, key: string, load: Load) {
  const abort = new AbortController();
  const run = topOf(client, [key], load, abort.signal);
  run.catch(() => undefined);
  const type = key.startsWith('decodes') ? 'load' : 'run';
  while (!workers.some((worker) => worker.hasBegun(type, key))) {
    await wait(5);
  }
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
  expect((workers[0].endedAt as number) - at).toBeLessThan(1000);
  const reads = load.mock.calls.map(([key]) => key);
  expect(reads.filter((key) => key === 'held 3')).toHaveLength(2);
  expect(reads.filter((key) => key === 'spins 60000 1')).toHaveLength(1);
  expect(reads.filter((key) => key === 'waits 7')).toHaveLength(2);
  // Their turn to be posted had not come.
  expect(reads.filter((key) => key === 'a 1')).toHaveLength(1);
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
  const { run } = await blocked(client, 'spins 1500 4', load);
  const abort = new AbortController();
  // Another one waits for the same profile.
  const behind = ['spins 1500 4', 'decodes 60000 1'].map((key) => topOf(client, [key], load, abort.signal));
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

describe('with a clock of their own', () => {
  /** A worker that answers by hand. */
  class HandWorker {
    onmessage: ((event: { data: Response | Started }) => void) | null = null;
    readonly requests: Request[] = [];
    isTerminated = false;
    postMessage(request: Request): void {
      this.requests.push(request);
    }
    terminate(): void {
      this.isTerminated = true;
    }
    say(type: 'started' | 'done', id: number): void {
      this.onmessage?.({ data: { type, id } });
    }
    get types() {
      return this.requests.map(({ type }) => type);
    }
  }
  const begin = async () => {
    const worker = new HandWorker();
    const client = new WorkerClient(() => worker as unknown as Worker);
    const load = loader();
    const open = (key: string, signal = never()) => client.open([source(key)], { load, signal });
    const abort = new AbortController();
    const left = open('1', abort.signal);
    left.catch(() => undefined);
    await jest.advanceTimersByTimeAsync(1);
    worker.say('started', worker.requests[0].id);
    return { worker, open, load, abort };
  };
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  test('work that ends within 100 ms is let be, and what it made is kept', async () => {
    const { worker, open, load, abort } = await begin();
    abort.abort();
    await jest.advanceTimersByTimeAsync(95);
    worker.say('done', worker.requests[0].id);
    await jest.advanceTimersByTimeAsync(1000);
    expect(worker.isTerminated).toBe(false);
    await open('1');
    expect(load).toHaveBeenCalledTimes(1);
  });

  test('work that takes longer is ended', async () => {
    const { worker, abort } = await begin();
    abort.abort();
    await jest.advanceTimersByTimeAsync(99);
    expect(worker.isTerminated).toBe(false);
    await jest.advanceTimersByTimeAsync(5);
    expect(worker.isTerminated).toBe(true);
  });

  test('so is what is cancelled before the worker begins it, from then on', async () => {
    const { worker, open } = await begin();
    const abort = new AbortController();
    open('2', abort.signal).catch(() => undefined);
    await jest.advanceTimersByTimeAsync(1);
    abort.abort();
    await jest.advanceTimersByTimeAsync(1000);
    expect(worker.isTerminated).toBe(false);
    worker.say('done', worker.requests[0].id);
    worker.say('started', worker.requests[1].id);
    await jest.advanceTimersByTimeAsync(105);
    expect(worker.isTerminated).toBe(true);
  });

  test('who comes again within 50 ms for a capture that all have left finds it on its way', async () => {
    const { worker, open, load, abort } = await begin();
    abort.abort();
    await jest.advanceTimersByTimeAsync(45);
    const again = open('1');
    await jest.advanceTimersByTimeAsync(1000);
    worker.say('done', worker.requests[0].id);
    await again;
    expect(load).toHaveBeenCalledTimes(1);
    expect(worker.types).toEqual(['load']);
    expect(worker.isTerminated).toBe(false);
  });

  test('who comes later has it read anew', async () => {
    const { worker, open, load, abort } = await begin();
    abort.abort();
    await jest.advanceTimersByTimeAsync(55);
    void open('1');
    await jest.advanceTimersByTimeAsync(1);
    expect(load).toHaveBeenCalledTimes(2);
    expect(worker.types).toEqual(['load', 'cancel', 'load']);
  });
});

test('the worker says that it begins a step only after the one before it', async () => {
  let isBlocked = false;
  class Cache extends DecodedCache {
    override set(key: string, decoded: Decoded): void {
      isBlocked = key === 'a';
      super.set(key, decoded);
    }
  }
  const handle = createHandler(new Cache());
  const begun: Array<[number, boolean]> = [];
  const tell = (message: Progress | Started) => message.type === 'started' && begun.push([message.id, isBlocked]);
  const load = loader();
  await Promise.all(
    ['a', 'b'].map(async (key, id) => handle({ id, type: 'load', key, bytes: await load('5', never()) }, tell))
  );
  // As both came at once: where the second were said first, it would be taken for what blocks.
  expect(begun).toEqual([
    [0, false],
    [1, true],
  ]);
});
