import { parseQuery } from '../query/query';
import { encodeFolded } from '../testing/encode';
import { Chance } from '../testing/randomProfile';
import { ThreadWorker } from '../testing/threadWorker';
import { WorkerClient } from './client';
import { inRuns } from './collections';
import { createHandler } from './handler';
import type { Load, Opening, Source } from './holding';
import type { Progress, Request, Response, Started } from './messages';

const never = new AbortController().signal;
const query = parseQuery({ view: 'traces' });
const source = (key: string): Source => ({ key, name: `${key}.pb.gz`, time: 0, size: 100 });
const opening = (load: Load, more: Partial<Opening> = {}): Opening => ({ load, signal: never, ...more });

/** Workers with the real handler behind them, which copy what is posted as a browser does. */
function workers(count: number, maxBytes?: number) {
  const requests: Request[][] = [];
  const held: number[] = [];
  const create = () => {
    const own: Request[] = [];
    const index = requests.push(own) - 1;
    const handle = createHandler();
    const worker = {
      onmessage: null as ((event: { data: unknown }) => void) | null,
      postMessage(request: Request, transfer: ArrayBuffer[]) {
        const received = structuredClone(request, { transfer });
        own.push(received);
        const post = (data: Response | Progress | Started) => {
          held[index] = ('held' in data ? data.held : undefined) ?? held[index];
          worker.onmessage?.({ data: structuredClone(data) });
        };
        void handle(received, post).then(post);
      },
      terminate() {},
    };
    return worker as unknown as Worker;
  };
  const typesOf = (index: number) => requests[index].map(({ type }) => type);
  return { client: new WorkerClient(create, count, maxBytes), requests, typesOf, held };
}

/** A capture of a service: some of the same stacks, some of its own, in an order of its own. */
function capture(seed: number): ArrayBuffer {
  const chance = new Chance(seed);
  const functions = ['main', 'serve', 'decode', 'push', 'flush', `own${seed % 7}`];
  const samples = Array.from({ length: 20 }, () => ({
    stack: Array.from({ length: 1 + chance.below(6) }, () => chance.pick(functions)).join(';'),
    values: [chance.below(3) - 1, chance.below(1000)],
    labels: { tenant: `t${chance.below(4)}`, bytes: chance.below(3) },
  }));
  return encodeFolded({ types: ['objects/count', 'space/bytes'], samples }).slice().buffer as ArrayBuffer;
}

const reader = (broken: readonly string[] = []) =>
  jest.fn(async (key: string) => (broken.includes(key) ? Promise.reject(new Error('gone')) : capture(Number(key))));
const keys = (count: number) => Array.from({ length: count }, (_, i) => String(i));

async function merged(count: number, broken: readonly string[], captures = 40) {
  const { client, requests } = workers(count);
  const read = reader(broken);
  const sources = { profile: keys(captures).map(source) };
  const { bytes, failed } = await client.encode(query, sources, opening(read));
  expect(read).toHaveBeenCalledTimes(captures);
  return { bytes: [...new Uint8Array(bytes)], failed, started: requests.length };
}

test.each([[[]], [['0', '1', '2', '3', '4', '5']], [['0', '17', '39']]])(
  'a merge by 1, 2 and 8 workers is the same to the bit, without %j',
  async (broken) => {
    const [one, two, eight] = [await merged(1, broken), await merged(2, broken), await merged(8, broken)];
    expect([one.started, two.started, eight.started]).toEqual([1, 2, 8]);
    expect(two.bytes).toEqual(one.bytes);
    expect(eight.bytes).toEqual(one.bytes);
    expect(one.failed.map(({ name }) => name)).toEqual(broken.map((key) => `${key}.pb.gz`));
    expect([two.failed, eight.failed]).toEqual([one.failed, one.failed]);
  }
);

test('captures of several kinds are added one by one, as by one worker', async () => {
  const other = encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'main', values: [1] }] });
  const run = async (count: number) => {
    const { client } = workers(count);
    const read = async (key: string) =>
      Number(key) < 30 ? capture(Number(key)) : (other.slice().buffer as ArrayBuffer);
    const { bytes, failed } = await client.encode(query, { profile: keys(40).map(source) }, opening(read));
    return { bytes: [...new Uint8Array(bytes)], failed };
  };
  const one = await run(1);
  expect(one.failed).toHaveLength(10);
  expect(await run(4)).toEqual(one);
});

test('one capture is of one worker, a few are too', async () => {
  const { client, requests } = workers(8);
  await client.run(query, { profile: [source('1')] }, opening(reader()));
  await client.run(query, { profile: ['1', '2', '3', '4', '5'].map(source) }, opening(reader()));
  expect(requests).toHaveLength(1);
});

test('captures that are opened at once go to workers that have nothing to do, and are asked about where they are', async () => {
  const { client, typesOf, requests } = workers(3);
  const read = reader();
  const all = () =>
    Promise.all(['1', '2', '3', '1'].map((key) => client.run(query, { profile: [source(key)] }, opening(read))));
  await all();
  await all();
  expect(requests).toHaveLength(3);
  expect(requests.map((own) => own.filter(({ type }) => type === 'load').length)).toEqual([1, 1, 1]);
  expect(typesOf(0).filter((type) => type === 'run')).toHaveLength(4);
  expect(read).toHaveBeenCalledTimes(3);
});

test('a profile and a base that are held by two workers are compared in one, without reading either again', async () => {
  const { client, requests } = workers(2);
  const read = reader();
  const diff = parseQuery({ view: 'diff' });
  await Promise.all(['1', '2'].map((key) => client.run(query, { profile: [source(key)] }, opening(read))));
  expect(requests.map((own) => own.filter(({ type }) => type === 'load').length)).toEqual([1, 1]);
  const ask = (one: WorkerClient, load: Load) =>
    one.run(diff, { profile: [source('1')], base: [source('2')] }, opening(load));
  const { tables } = await ask(client, read);
  expect(read).toHaveBeenCalledTimes(2);
  expect(requests.flat().map(({ type }) => type)).toEqual(expect.arrayContaining(['copy', 'put']));
  expect(tables).toEqual((await ask(workers(1).client, reader())).tables);
});

test('a base that is on its way to another worker is waited for there', async () => {
  const { client } = workers(2);
  const read = reader();
  await client.run(query, { profile: [source('1')] }, opening(read));
  await Promise.all([
    client.run(query, { profile: [source('1')] }, opening(read)),
    client.run(query, { profile: [source('2')] }, opening(read)),
    client.run(parseQuery({ view: 'diff' }), { profile: [source('1')], base: [source('2')] }, opening(read)),
  ]);
  expect(read.mock.calls.map(([key]) => key).sort()).toEqual(['1', '2']);
});

test('what several workers hold together keeps the bound of one', async () => {
  const maxBytes = 200_000;
  const { client, held, requests } = workers(4, maxBytes);
  const read = reader();
  for (let round = 0; round < 6; round++) {
    const some = keys(24).map((key) => String(Number(key) + 24 * round));
    await Promise.all(some.map((key) => client.run(query, { profile: [source(key)] }, opening(read))));
  }
  expect(requests).toHaveLength(4);
  const total = held.reduce((sum, bytes) => sum + bytes, 0);
  expect(total).toBeLessThan(1.25 * maxBytes);
  expect(total).toBeGreaterThan(maxBytes / 2);
});

test('tells what several workers have merged so far, at most every 300 ms', async () => {
  const { client } = workers(2);
  const told: Array<{ done: number; at: number; value: number }> = [];
  const read = async (key: string) => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    return capture(Number(key));
  };
  const top = parseQuery({ view: 'traces' });
  const { tables } = await client.run(
    top,
    { profile: keys(100).map(source) },
    {
      ...opening(read),
      onPartial: (partial, done) => told.push({ done, at: performance.now(), value: partial[0].length }),
    }
  );
  expect(told.length).toBeGreaterThan(1);
  expect(told.slice(1).every(({ at }, i) => at - told[i].at >= 295)).toBe(true);
  const counts = told.map(({ done }) => done);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  expect(counts[counts.length - 1]).toBeLessThan(100);
  expect(told[0].value).toBeLessThan(tables[0].length);
});

test('makes nothing of what is merged so far where nobody is told', async () => {
  const { client, typesOf } = workers(2);
  const clock = jest.spyOn(performance, 'now');
  let now = 0;
  clock.mockImplementation(() => (now += 1000));
  await client.run(query, { profile: keys(20).map(source) }, opening(reader()));
  clock.mockRestore();
  const asked = [...typesOf(0), ...typesOf(1)].filter((type) => type === 'finishMerge' || type === 'finishPart');
  expect(asked.sort()).toEqual(['finishMerge', 'finishPart']);
});

test('a merge that has so many seconds stops then and says what it left, and is not taken for the whole later', async () => {
  const { client } = workers(2);
  const slow = async (key: string) => {
    await new Promise((resolve) => setTimeout(resolve, 40));
    return capture(Number(key));
  };
  const sources = { profile: keys(60).map(source) };
  const { left } = await client.run(query, sources, opening(slow, { maxSeconds: 0.2 }));
  expect(left.length).toBeGreaterThan(10);
  expect(left.length).toBeLessThan(60);
  const whole = await client.run(query, sources, opening(reader()));
  expect(whole.left).toEqual([]);
  expect(whole.tables).toEqual((await workers(1).client.run(query, sources, opening(reader()))).tables);
});

test('a worker that is at what nobody waits for is replaced, the others keep what they hold', async () => {
  const threads: ThreadWorker[] = [];
  const create = () => {
    threads.push(new ThreadWorker());
    return threads[threads.length - 1] as unknown as Worker;
  };
  const client = new WorkerClient(create, 2);
  const read = jest.fn(async () => capture(1));
  const abort = new AbortController();
  const run = (key: string, signal = never) => client.run(query, { profile: [source(key)] }, { load: read, signal });
  await run('held');
  const busy = run('held');
  const stuck = run('decodes 5000', abort.signal).catch(() => undefined);
  await busy;
  for (let i = 0; i < 300 && !threads[1]?.hasBegun('load', 'decodes 5000'); i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await new Promise((resolve) => setTimeout(resolve, 200)); // Until it blocks.
  abort.abort();
  await stuck;
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(threads.map(({ endedAt }) => endedAt !== undefined)).toEqual([false, true, false]);
  await run('held');
  expect(read).toHaveBeenCalledTimes(2);
  threads.forEach((thread) => thread.terminate());
}, 20_000);

test('runs have about as many bytes each, and all captures in their order', () => {
  const chance = new Chance(5);
  for (let i = 0; i < 100; i++) {
    const sources = keys(1 + chance.below(50)).map((key) => ({ ...source(key), size: chance.below(1000) }));
    const count = 1 + chance.below(8);
    const runs = inRuns(sources, count);
    expect(runs.flat()).toEqual(sources);
    const sizes = runs.map((run) => run.reduce((sum, { size = 0 }) => sum + size, 0));
    const all = sizes.reduce((sum, size) => sum + size, 0);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(all / count + 1000 + sources.length);
  }
});

describe('a worker that is started', () => {
  test('warms up until something is asked', async () => {
    const { client, typesOf } = workers(2);
    client.start();
    client.start();
    const { tables } = await client.run(query, { profile: [source('1')] }, opening(reader()));
    expect(tables[0].length).toBeGreaterThan(1);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(typesOf(0)).toEqual(['warmUp', 'load', 'run']);
  });

  test('goes on with it while nothing is asked', async () => {
    const { client, typesOf } = workers(2);
    client.start();
    while (typesOf(0).length < 3) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(new Set(typesOf(0))).toEqual(new Set(['warmUp']));
    await client.run(query, { profile: [source('1')] }, opening(reader()));
  });

  test('ends it where that worker cannot run: this thread is not warmed up', async () => {
    const worker = { postMessage: jest.fn(), terminate() {}, onerror: () => {} };
    const client = new WorkerClient(() => worker as unknown as Worker);
    client.start();
    worker.onerror();
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(worker.postMessage).toHaveBeenCalledTimes(1);
    const { tables } = await client.run(query, { profile: [source('1')] }, opening(reader()));
    expect(tables[0].length).toBeGreaterThan(1);
  });
});
