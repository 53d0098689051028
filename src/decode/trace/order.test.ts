import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { isOfEvents, readBatches, skewed, writeBatches } from '../../testing/traceBatches';
import { hashOf, readOracle, readTrace, traceCorpus, tracesIn } from '../../testing/traces';
import { TraceReader } from './reader';

const isV1 = (name: string) => name.endsWith('-1.21');
const traces = [...tracesIn('.'), ...tracesIn('faulty')].filter((name) => !isV1(name));

function generationsOf(bytes: Uint8Array) {
  const reader = new TraceReader(bytes);
  const generations: Array<{ events: number; hash: string }> = [];
  for (let next = reader.next(); next; next = reader.next()) {
    generations.push({ events: next.events.length + 1, hash: hashOf(reader, next) });
  }
  return { generations, reader };
}

jest.setTimeout(60_000);

const threads = new Uint8Array(gunzipSync(readFileSync(join(__dirname, '../../../testdata/trace/threads.trace.gz'))));

// What Go says of testdata/trace/threads.trace.gz (20 threads), and of it with every second clock 2 ms ahead.
it.each([
  ['as it is', 0, 'e4614bc2f8039490'],
  ['where the clocks of threads differ', 2e6 / 64, 'ba41b5390afbab5a'],
])("a trace of many threads, %s: Go's order", (_, ticks, hash) => {
  const bytes = writeBatches(threads, skewed(readBatches(threads), ticks));
  const { generations, reader } = generationsOf(bytes);
  expect(reader.fault).toBeUndefined();
  expect(generations).toEqual([{ events: 976, hash }]);
});

/** Goroutine 1 in system calls, and many threads that want to start it, each with another or the same sequence number. */
function crowd(count: number, seq: (i: number) => number): Uint8Array {
  const number = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) + 128, ...number(Math.floor(value / 128))];
  const batch = (m: number, ts: number, data: number[]) => ({ gen: 1, m: BigInt(m), ts, data: Uint8Array.from(data) });
  const calls = Array.from({ length: 5000 }, (_, i) => [22, 0, ...number(i + 1), 0, 23, 0]).flat();
  return writeBatches(new TextEncoder().encode('go 1.26 trace\0\0\0'), [
    { ...batch(0, 1000, [50, 8, ...number(15_625_000), 51, 0, 1, 1, 1]), m: 2n ** 64n - 1n },
    batch(1, 1000, [13, 1, 0, 1, 25, 1, 1, 1, 2]),
    ...Array.from({ length: count }, (_, i) =>
      batch(10 + i, 1001 + ((i * 7919) % count), [16, 0, 1, ...number(seq(i))])
    ),
    batch(1, 2000 + count, calls),
    { ...batch(0, 0, []), isEnd: true },
  ]);
}

it('tries thousands of threads that wait no more often than what they wait for changes', () => {
  for (const seq of [() => 1, (i: number) => 5 + i]) {
    const { reader, generations } = generationsOf(crowd(20_000, seq));
    expect(generations).toEqual([]);
    expect(reader.fault?.error.message).toBe('no event of 20000 threads may come next');
    expect(reader.ordering.stepsTaken).toBeLessThan(30_000);
  }
});

it('refuses more threads than Go lets a process have', () => {
  expect(() => generationsOf(crowd(100_001, () => 1))).toThrow(/more than 100,000 threads/);
});

if (traces.length === 0) {
  console.warn(`No traces in ${traceCorpus}: the order of events is not compared with Go's.`);
  it.skip('orders events as Go does', () => undefined);
} else {
  it.each(traces)("%s: Go's events in Go's order", (name) => {
    const { generations, reader } = generationsOf(readTrace(name));
    const { generations: all, error } = readOracle(name);
    // The last Sync ends the trace, or begins what is broken.
    const whole = all.slice(0, Math.max(1, all.length - 1)).map(({ events, hash }) => ({ events, hash }));
    expect(generations).toEqual(whole);
    expect(reader.fault !== undefined).toBe(error !== undefined);
  });

  it('a generation after one that is damaged: the events of a trace that begins with it', () => {
    const whole = readTrace('chan-1.26');
    const batches = readBatches(whole);
    const broken = batches.map((batch) =>
      batch.gen === batches[0].gen && isOfEvents(batch) ? { ...batch, data: batch.data.map(() => 120) } : batch
    );
    const reader = new TraceReader(writeBatches(whole, broken));
    const next = reader.nextWhole();
    const [first] = readOracle('faulty/chan-1.26-dropgen').generations;
    expect(next && { isFresh: next.isFresh, hash: hashOf(reader, next) }).toEqual({ isFresh: true, hash: first.hash });
    expect(reader.nextWhole()).toBeUndefined();
    expect(reader.lost()).toMatchObject([{ start: 16, end: next?.batches.start }]);
  });

  const expected: Record<string, string> = JSON.parse(readFileSync(join(traceCorpus, 'gotests/expected.json'), 'utf8'));
  it.each(Object.entries(expected))("Go's ordering test %s: %s", (name, says) => {
    const { generations, reader } = generationsOf(readTrace(`gotests/${name}`));
    const count = generations.reduce((sum, { events }) => sum + events, 0);
    expect(reader.fault === undefined ? `ok, ${count + 1} events` : 'fault').toBe(
      says.startsWith('ok') ? says : 'fault'
    );
  });
}
