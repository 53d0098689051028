import { gzipSync } from 'node:zlib';
import { decode } from '../decode/decode';
import { isGzip } from '../decode/containers';
import { parseQuery, type CollectedQuery } from '../query/query';
import { encodeFolded } from '../testing/encode';
import { printTable } from '../testing/print';
import { randomSource } from '../profile/random';
import { dumpVersion, makeGoroutines, printDump } from '../testing/goroutineDumps';
import type { SeriesColumn } from '../views/table';
import { DecodedCache } from './decodedCache';
import { WorkerClient } from './client';
import { createHandler, type Handle } from './handler';
import type { Load, Opening } from './holding';
import type { Progress, Request, Response, Started } from './messages';

const query = parseQuery({ view: 'top' });
const growthQuery = parseQuery({ view: 'growth' });
const never = new AbortController().signal;

const profileBytes = (value = 5): ArrayBuffer => {
  const bytes = encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'main;work', values: [value] }] });
  return bytes.slice().buffer as ArrayBuffer;
};

/** A worker with the real handler behind it, which moves what is transferred as a browser does. */
class FakeWorker {
  onmessage: ((event: { data: Response | Progress | Started }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly requests: Request[] = [];
  isTerminated = false;
  constructor(private readonly handle: Handle = createHandler()) {}

  postMessage(request: Request, transfer: ArrayBuffer[]): void {
    const received = structuredClone(request, { transfer });
    this.requests.push(received);
    const post = (data: Response | Progress | Started) => this.onmessage?.({ data });
    void this.handle(received, post).then(post);
  }
  terminate(): void {
    this.isTerminated = true;
  }
}

const clientOf = (worker: FakeWorker) => new WorkerClient(() => worker as unknown as Worker);
const ticks = () => new Promise((resolve) => setTimeout(resolve, 10));

const source = (key: string, time = 0) => ({ key, name: `${key}.pb.gz`, time });
const opening = (load: Load, signal = never): Opening => ({ load, signal });
/** The flat value of the first row of a run over these objects. */
const topOf = async (client: WorkerClient, keys: readonly string[], load: Load, signal = never) =>
  (await client.run(query, { profile: keys.map((key) => source(key)) }, opening(load, signal))).tables[0].columns[1]
    .values[0];

test('a profile is loaded once and then answered from the worker', async () => {
  const worker = new FakeWorker();
  const client = clientOf(worker);
  const load = jest.fn(async () => profileBytes());
  await topOf(client, ['a'], load);
  expect(await topOf(client, ['a'], load)).toBe(5);
  expect(load).toHaveBeenCalledTimes(1);
  expect(worker.requests.map(({ type }) => type)).toEqual(['load', 'run', 'run']);
});

test('bytes move to the worker instead of being copied', async () => {
  const bytes = profileBytes();
  await topOf(clientOf(new FakeWorker()), ['a'], async () => bytes);
  expect(bytes.byteLength).toBe(0);
});

test('two queries that open one capture at the same time read it once', async () => {
  const client = clientOf(new FakeWorker());
  const load = jest.fn(async () => profileBytes());
  await Promise.all([topOf(client, ['a'], load), topOf(client, ['a'], load)]);
  expect(load).toHaveBeenCalledTimes(1);
});

test('a cancelled query takes nothing from another that waits for the same capture', async () => {
  const client = clientOf(new FakeWorker());
  const abort = new AbortController();
  let arrive = (_: ArrayBuffer) => {};
  const load = jest.fn(
    (_key: string, _signal: AbortSignal) => new Promise<ArrayBuffer>((resolve) => (arrive = resolve))
  );
  const first = topOf(client, ['a'], load, abort.signal);
  const second = topOf(client, ['a'], load);
  await ticks();
  abort.abort();
  await expect(first).rejects.toBeDefined();
  expect(load.mock.calls[0][1].aborted).toBe(false);
  arrive(profileBytes());
  expect(await second).toBe(5);
  expect(load).toHaveBeenCalledTimes(1);
});

test('a read that all have left is aborted, and begins anew for who comes then', async () => {
  const client = clientOf(new FakeWorker());
  const aborts = [new AbortController(), new AbortController()];
  const load = jest.fn((_key: string, signal: AbortSignal): Promise<ArrayBuffer> =>
    load.mock.calls.length === 1
      ? new Promise<ArrayBuffer>((_, reject) => signal.addEventListener('abort', reject))
      : Promise.resolve(profileBytes())
  );
  const left = Promise.allSettled(aborts.map(({ signal }) => topOf(client, ['a'], load, signal)));
  await ticks();
  aborts[0].abort();
  expect(load.mock.calls[0][1].aborted).toBe(false);
  aborts[1].abort();
  expect(load.mock.calls[0][1].aborted).toBe(true);
  expect((await left).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await topOf(client, ['a'], load)).toBe(5);
  expect(load).toHaveBeenCalledTimes(2);
});

test('a failure is that of all who wait, and is not remembered', async () => {
  const client = clientOf(new FakeWorker());
  let isDown = true;
  const load = jest.fn(async () => (isDown ? Promise.reject(new Error('down')) : profileBytes()));
  const both = await Promise.allSettled([topOf(client, ['a'], load), topOf(client, ['a'], load)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(load).toHaveBeenCalledTimes(1);
  isDown = false;
  expect(await topOf(client, ['a'], load)).toBe(5);
});

test('a capture whose etag is not known is read by each query, those of the same moment together', async () => {
  const client = clientOf(new FakeWorker());
  const load = jest.fn(async () => profileBytes());
  const unknown = { ...source('a'), isUnknown: true };
  const ask = () => client.run(query, { profile: [unknown] }, opening(load));
  await Promise.all([ask(), ask()]);
  expect(load).toHaveBeenCalledTimes(1);
  await ask();
  expect(load).toHaveBeenCalledTimes(2);
});

test('views over the captures of a process, a merge of them and one alone read and decode each once', async () => {
  const worker = new FakeWorker();
  const client = clientOf(worker);
  const load = jest.fn(async (key: string) => {
    await ticks();
    return profileBytes(Number(key));
  });
  const sources = ['1', '2', '3', '4', '5', '6', '7'].map((key, i) => source(key, i * 60_000));
  const growth = () => client.processView(growthQuery, sources, opening(load));
  const [, , merged, one] = await Promise.all([
    growth(),
    growth(),
    topOf(client, ['7', '3'], load),
    topOf(client, ['6'], load),
  ]);
  expect([merged, one]).toEqual([10, 6]);
  expect(load.mock.calls.map(([key]) => key).sort()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
  expect(worker.requests.filter(({ type }) => type === 'load')).toHaveLength(7);
});

test('a merge goes on for one who waits for it when the one who began it leaves', async () => {
  const client = clientOf(new FakeWorker());
  const abort = new AbortController();
  const load = jest.fn(async (key: string) => {
    await ticks();
    return profileBytes(Number(key));
  });
  const first = topOf(client, ['1', '2', '3'], load, abort.signal);
  const second = topOf(client, ['1', '2', '3'], load);
  setTimeout(() => abort.abort(), 5);
  await expect(first).rejects.toBeDefined();
  expect(await second).toBe(6);
  expect(load).toHaveBeenCalledTimes(3);
});

describe('several captures', () => {
  const load = () => jest.fn(async (key: string) => profileBytes(Number(key)));

  test('are merged in the worker, read once, and merged once for several queries', async () => {
    const worker = new FakeWorker();
    const client = clientOf(worker);
    const read = load();
    const [first, second] = await Promise.all([
      topOf(client, ['1', '2', '3'], read),
      topOf(client, ['1', '2', '3'], read),
    ]);
    expect([first, second, await topOf(client, ['1', '2', '3'], read)]).toEqual([6, 6, 6]);
    expect(await topOf(client, ['2', '3', '4'], read)).toBe(9);
    expect(read.mock.calls.map(([key]) => key)).toEqual(['1', '2', '3', '4']);
    expect(worker.requests.filter(({ type }) => type === 'beginMerge')).toHaveLength(2);
    await ticks();
    expect(worker.requests.filter(({ type }) => type === 'drop')).toHaveLength(2);
  });

  test('are held one at a time, so a cache that is too small for all serves any number', async () => {
    const cache = new DecodedCache(1);
    const client = clientOf(new FakeWorker(createHandler(cache)));
    const keys = Array.from({ length: 50 }, (_, i) => String(i + 1));
    expect(await topOf(client, keys, load())).toBe(1275);
    expect(keys.filter((key) => cache.has(key))).toEqual([]);
  });

  test('at most five are read before the worker has taken the first', async () => {
    const worker = new FakeWorker(() => new Promise(() => undefined));
    const read = load();
    void topOf(
      clientOf(worker),
      Array.from({ length: 50 }, (_, i) => String(i)),
      read
    ).catch(() => undefined);
    await ticks();
    expect(read.mock.calls.length).toBeLessThanOrEqual(5);
  });

  test('those that cannot be read are named, and how far it is is told', async () => {
    const client = clientOf(new FakeWorker());
    const read = async (key: string) => {
      if (key === '2') {
        throw new Error('gone');
      }
      return key === '3' ? new TextEncoder().encode('<html>').slice().buffer : profileBytes(Number(key));
    };
    const onProgress = jest.fn();
    const { tables, failed } = await client.run(
      query,
      { profile: ['1', '2', '3', '4'].map((key) => source(key)) },
      {
        ...opening(read as Load),
        onProgress,
      }
    );
    expect(tables[0].columns[1].values[0]).toBe(5);
    expect(failed).toEqual([
      { name: '2.pb.gz', message: 'gone' },
      { name: '3.pb.gz', message: expect.stringMatching(/HTML page/) },
    ]);
    expect(onProgress.mock.calls.flat()).toEqual([1, 2, 3, 4]);
    const none = client.run(query, { profile: [source('2'), source('3')] }, opening(read as Load));
    await expect(none).rejects.toThrow(/^3.pb.gz: .*HTML page/);
  });

  test('what is merged so far is answered now and then, while the others load', async () => {
    const client = clientOf(new FakeWorker());
    const clock = jest.spyOn(performance, 'now');
    let now = 0;
    clock.mockImplementation(() => (now += 1000));
    const partial: Array<[number, unknown]> = [];
    const { tables } = await client.run(
      query,
      { profile: ['1', '2', '3', '4', '5'].map((key) => source(key)) },
      { ...opening(load()), onPartial: ([table], done) => partial.push([done, table.columns[1].values[0]]) }
    );
    clock.mockRestore();
    expect(partial.length).toBeGreaterThan(0);
    partial.forEach(([done, value]) => expect(value).toBe((done * (done + 1)) / 2));
    expect(tables[0].columns[1].values[0]).toBe(15);
  });

  test('one is unpacked while another is decoded, and they are taken in their order', async () => {
    // The first takes longest to unpack: its names differ, and none of them says anything to gzip.
    const random = randomSource(1);
    const noise = () => Array.from({ length: 40_000 }, () => Math.floor(random() * 36).toString(36)).join('');
    const bytesOf = (key: string) =>
      gzipSync(
        encodeFolded({ types: ['cpu/ns'], samples: [{ stack: key === '1' ? noise() : `f${key}`, values: [1] }] })
      );
    const read = async (key: string) => Uint8Array.from(bytesOf(key)).buffer;
    const worker = new FakeWorker();
    const client = clientOf(worker);
    const sources = ['1', '2', '3', '4'].map((key, i) => source(key, i));
    const { tables } = await client.run(parseQuery({ view: 'traces' }), { profile: sources }, opening(read));
    expect(
      printTable(tables[0], ['stack'])
        .map((stack) => stack.slice(0, 2))
        .slice(1)
    ).toEqual(['f2', 'f3', 'f4']);
    expect(printTable(tables[0], ['stack'])[0]).toHaveLength(40_000);
  });

  test('they are taken in their order whichever cannot be read and whichever the cache has dropped', async () => {
    const sources = Array.from({ length: 10 }, (_, i) => ({ ...source(`${i}`, i * 60_000), size: 3_000_000 }));
    for (let broken = 0; broken < 7; broken++) {
      const client = clientOf(new FakeWorker(createHandler(new DecodedCache(1))));
      const load = async (key: string) => {
        if (key === `${broken}`) {
          throw new Error('HTTP 403');
        }
        await (Number(key) > 4 ? ticks() : undefined);
        return profileBytes(1 + Number(key));
      };
      // They were opened before, and the client does not know that they were dropped.
      for (const i of [0, 2, 3, 4].filter((each) => each !== broken)) {
        await client.run(query, { profile: [sources[i]] }, opening(load));
      }
      const { tables, failed } = await client.processView(growthQuery as CollectedQuery, sources, opening(load));
      const overTime = tables[0].columns.find(({ name }) => name === 'over time') as SeriesColumn;
      expect(overTime.values[0]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((value) => value !== 1 + broken));
      expect(failed.map(({ name }) => name)).toEqual([`${broken}.pb.gz`]);
    }
  });

  test('a query goes on where the first captures cannot be read, whatever time they take', async () => {
    const clock = jest.spyOn(performance, 'now');
    let now = 0;
    clock.mockImplementation(() => (now += 1000));
    const read = async (key: string) => (key === '1' ? Promise.reject(new Error('gone')) : profileBytes());
    const onPartial = jest.fn();
    const sources = ['1', '2', '3'].map((key) => source(key));
    const run = clientOf(new FakeWorker()).run(query, { profile: sources }, { ...opening(read), onPartial });
    expect((await run).tables[0].columns[1].values[0]).toBe(10);
    clock.mockRestore();
  });

  test('a worker that stops between two captures is replaced, and all are read again', async () => {
    const worker = new FakeWorker();
    const read = jest.fn(async (key: string) => {
      if (key === '3' && read.mock.calls.length === 3) {
        await ticks();
        worker.onerror?.();
      }
      return profileBytes(Number(key));
    });
    expect(await topOf(clientOf(worker), ['1', '2', '3'], read)).toBe(6);
    expect(worker.isTerminated).toBe(true);
  });

  test('a base is opened beside the profile', async () => {
    const client = clientOf(new FakeWorker());
    const { tables } = await client.run(
      parseQuery({ view: 'diff' }),
      { profile: [source('5')], base: [source('1'), source('2')] },
      opening(load())
    );
    expect(tables[0].columns.map(({ name }) => name)).toContain('delta');
    expect(tables[0].columns.find(({ name }) => name === 'delta')?.values[0]).toBe(2);
  });

  test('growth over them is a table', async () => {
    const client = clientOf(new FakeWorker());
    const sources = [1, 2, 3, 4].map((value) => source(String(value), value * 60_000));
    const { tables } = await client.processView(growthQuery, sources, opening(load()));
    expect(tables[0].columns.find(({ name }) => name === 'growth per minute')?.values[0]).toBeCloseTo(1);
  });

  test('growth over few and small captures is one question, and tells its progress while they are read', async () => {
    const worker = new FakeWorker();
    const sources = [1, 2, 3, 4].map((value) => ({ ...source(String(value), value * 60_000), size: 100 }));
    const told: number[] = [];
    await clientOf(worker).processView(growthQuery, sources, {
      ...opening(load()),
      onProgress: (done) => told.push(done),
    });
    expect(told).toEqual([1, 2, 3, 4]);
    expect(worker.requests.map(({ type }) => type)).toEqual(['load', 'load', 'load', 'load', 'processView']);
    const large = new FakeWorker();
    await clientOf(large).processView(
      growthQuery,
      sources.map((one) => ({ ...one, size: 2 ** 22 })),
      opening(load())
    );
    expect(large.requests.map(({ type }) => type)).toContain('beginProcessView');
  });

  test.each([100, undefined])(
    'growth names a capture that cannot be read, and counts the others (%s bytes)',
    async (size) => {
      const client = clientOf(new FakeWorker());
      const read = load();
      const sources = [1, 2, 3, 4].map((value) => ({ ...source(String(value), value * 60_000), size }));
      const { tables, failed } = await client.processView(
        growthQuery,
        sources,
        opening(async (key) =>
          key === '2' ? (new TextEncoder().encode('no profile').buffer as ArrayBuffer) : read(key)
        )
      );
      expect(failed.map(({ name }) => name)).toEqual([sources[1].name]);
      expect(tables[0].columns.find(({ name }) => name === 'growth per minute')?.values[0]).toBeCloseTo(1);
    }
  );
});

test('what fell out of the cache is loaded again', async () => {
  const handle = createHandler();
  let dropped = true;
  const worker = new FakeWorker(async (request) => {
    if (request.type === 'run' && dropped) {
      dropped = false;
      return { type: 'missing', id: request.id, keys: [request.keys.profile] };
    }
    return handle(request);
  });
  const load = jest.fn(async () => profileBytes());
  await topOf(clientOf(worker), ['a'], load);
  expect(load).toHaveBeenCalledTimes(2);
});

test('profiles that never fit at once are an error that says so', async () => {
  const handle = createHandler();
  const worker = new FakeWorker(async (request) =>
    request.type === 'run' ? { type: 'missing', id: request.id, keys: ['b'] } : handle(request)
  );
  const run = clientOf(worker).run(
    query,
    { profile: [source('a')], base: [source('b')] },
    opening(async () => profileBytes())
  );
  await expect(run).rejects.toThrow(/2 profiles of this query do not fit .* \(1 fell out\)/);
});

test('a large dump says how far it is', async () => {
  const made = printDump(makeGoroutines({ seed: 1, count: 2000, stacks: 50 }), dumpVersion('go1.21'));
  const text = made.repeat(Math.ceil(25_000_000 / made.length));
  const bytes = () => new TextEncoder().encode(text).buffer as ArrayBuffer;
  const told: number[] = [];
  const clocks: number[] = [];
  await clientOf(new FakeWorker()).open([source('a')], {
    ...opening(async () => bytes()),
    onDecode(_, done, total) {
      told.push(done / total);
      clocks.push(performance.now());
    },
  });
  expect(told[0]).toBe(0);
  expect(told).toEqual([...told].sort((a, b) => a - b));
  expect(told[told.length - 1]).toBeLessThan(1);
  expect(clocks.slice(1).every((clock, i) => clock - clocks[i] > 900)).toBe(true);
}, 60_000);

test("a decoder's message arrives, with the name of the source", async () => {
  const load = async () => new TextEncoder().encode('<html>').slice().buffer as ArrayBuffer;
  await expect(topOf(clientOf(new FakeWorker()), ['a'], load)).rejects.toThrow(/^a.pb.gz: .*HTML page/);
});

test('a question follows the bytes it is about before they are decoded', async () => {
  const worker = new FakeWorker(() => new Promise(() => undefined));
  void topOf(clientOf(worker), ['a'], async () => profileBytes()).catch(() => undefined);
  await ticks();
  expect(worker.requests.map(({ type }) => type)).toEqual(['load', 'run']);
});

test('an abort ends a waiting question at once, and what was not posted is never posted', async () => {
  const worker = new FakeWorker(() => new Promise(() => undefined));
  const client = clientOf(worker);
  const abort = new AbortController();
  const runs = [...'abcdef'].map((key) => topOf(client, [key], async () => profileBytes(), abort.signal));
  const results = Promise.allSettled(runs);
  await ticks();
  abort.abort();
  expect((await results).every(({ status }) => status === 'rejected')).toBe(true);
  expect(worker.requests.filter(({ type }) => type !== 'cancel')).toHaveLength(4);
});

test('an aborted signal asks nothing', async () => {
  const worker = new FakeWorker();
  await expect(topOf(clientOf(worker), ['a'], async () => profileBytes(), AbortSignal.abort())).rejects.toBeDefined();
  expect(worker.requests).toHaveLength(0);
});

test('where no worker can be constructed, this thread answers', async () => {
  const client = new WorkerClient(() => {
    throw new Error('SecurityError');
  });
  expect(await topOf(client, ['a'], async () => profileBytes())).toBe(5);
});

test.each([[['a']], [['a', 'b']]])(
  'where the script does not load, this thread answers %j, and lost bytes are read again',
  async (keys) => {
    const worker = new FakeWorker(async (request) =>
      request.type === 'beginMerge' ? { type: 'done', id: request.id } : new Promise(() => undefined)
    );
    const client = clientOf(worker);
    const load = jest.fn(async () => profileBytes());
    const value = topOf(client, keys, load);
    await ticks();
    worker.onerror?.();
    expect(await value).toBe(5 * keys.length);
    expect(load.mock.calls.length).toBeGreaterThan(keys.length);
    expect(worker.isTerminated).toBe(true);
  }
);

test('what a query shows comes as a .pb.gz', async () => {
  const client = clientOf(new FakeWorker());
  const { bytes, failed } = await client.encode(
    query,
    { profile: [source('a'), source('b')], base: [source('c')] },
    opening(async (key) => profileBytes(key === 'c' ? 3 : 5))
  );
  expect(failed).toEqual([]);
  const file = await decode(new Uint8Array(bytes));
  expect(isGzip(new Uint8Array(bytes))).toBe(true);
  expect(file.sample.values[0].reduce((sum, value) => sum + value, 0)).toBe(5 + 5 - 3);
});
