import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { mutateBytes } from '../../fuzz/mutateBytes';
import { mutateTrace, shuffled } from '../../fuzz/mutateTrace';
import { Random } from '../../fuzz/random';
import { timeSums } from '../../profile/goroutineSums';
import type { Execution } from '../../profile/execution';
import { mutatorUtilisation } from '../../profile/mutatorUtilisation';
import type { Profile } from '../../profile/profile';
import { isOfEvents, later, readBatches, writeBatches, type TraceBatch } from '../../testing/traceBatches';
import { readTrace, traceCorpus, tracesIn } from '../../testing/traces';
import { decodeTrace } from './trace';

const small = new Uint8Array(gunzipSync(readFileSync(join(__dirname, '../../../testdata/trace/small.trace.gz'))));
const others = tracesIn('.').filter((name) => /^(tasks|cgo|chan)/.test(name));

jest.setTimeout(60_000);

/** What is read of a trace, or the message of its error. */
async function outcome(bytes: Uint8Array): Promise<Profile | string> {
  try {
    return await decodeTrace(bytes);
  } catch (error) {
    if ((error as Error).name !== 'InputError') {
      throw error;
    }
    return (error as Error).message;
  }
}

it('a trace of one generation that is cut anywhere is refused, with the reason', async () => {
  for (let length = 16; length < small.length; length += 97) {
    expect(await outcome(small.subarray(0, length))).toMatch(
      /^The execution trace cannot be read: .*[^ ]\. Nothing whole/
    );
  }
});

it('says of a cut trace how much is lost', async () => {
  const [first] = [others.find((name) => name.startsWith('chan'))];
  if (first === undefined) {
    console.warn(`No traces in ${traceCorpus}: one of two generations is not cut.`);
    return;
  }
  const bytes = readTrace(first);
  const profile = (await outcome(bytes.subarray(0, bytes.length - 100))) as Profile;
  expect(profile.notices.at(-1)?.text).toMatch(
    /^The trace is damaged at byte [\d,]+: .*What is before it is shown, 1\.0 s; the last [\d,]+ of [\d,]+ bytes/
  );
});

/** Three generations of one trace as one file, the second with a fault; each says all state anew. */
function threeOf(damage: (batches: TraceBatch[], bytes: (batches: TraceBatch[]) => Uint8Array) => Uint8Array) {
  const batches = readBatches(small);
  const first = writeBatches(small, batches).length;
  const whole = (middle: TraceBatch[]) =>
    writeBatches(small, [...batches, ...later(middle, 1, 1e8), ...later(batches, 2, 2e8)]);
  return { bytes: damage(batches, whole), first };
}
/** Of all goroutines: how many, how long they were there, ran, waited for the scheduler and helped to collect. */
function timesOf({ execution }: Profile): number[] {
  if (!execution) {
    return [];
  }
  const { goroutines, ranges } = execution;
  const sums = Array.from(goroutines.id, (_, g) => timeSums(execution, g));
  const of = (key: 'total' | 'exec' | 'schedWait' | 'unknown') => sums.reduce((sum, one) => sum + one[key], 0);
  const inRanges = ranges.from.reduce((sum, from, i) => sum + ranges.to[i] - from, 0);
  return [goroutines.length, ranges.length, of('total'), of('exec'), of('schedWait'), of('unknown'), inRanges];
}
const sumOf = ({ sample }: Profile) => sample.values.map((column) => column.reduce((sum, value) => sum + value, 0));

it.each<[string, Parameters<typeof threeOf>[0], RegExp]>([
  [
    'a batch that is missing',
    (batches, bytes) => {
      const long = batches.filter((batch) => isOfEvents(batch) && batch.data.length > 300);
      return bytes(batches.filter((batch) => batch !== long.at(-1)));
    },
    /no event of|has status|has no|is not there/,
  ],
  [
    'a type that is none',
    (batches, bytes) =>
      bytes(batches.map((batch) => (isOfEvents(batch) ? { ...batch, data: batch.data.map(() => 120) } : batch))),
    /type 120 is no event/,
  ],
  [
    'bytes of something else',
    (batches, bytes) => {
      const damaged = bytes(batches).slice();
      damaged.fill(200, small.length + 2000, small.length + 6000);
      return damaged;
    },
    /a batch should begin|a batch has \d+ bytes|cut off/,
  ],
  [
    'a stretch that is missing',
    (batches, bytes) => {
      const all = bytes(batches);
      const cut = new Uint8Array(all.length - 3000);
      cut.set(all.subarray(0, small.length + 1000));
      cut.set(all.subarray(small.length + 4000), small.length + 1000);
      return cut;
    },
    /./,
  ],
])('reads on after %s, with fresh state', async (_, damage, why) => {
  const { bytes, first } = threeOf(damage);
  const [one, profile] = [await decodeTrace(small), await decodeTrace(bytes)];
  expect(sumOf(profile)).toEqual(sumOf(one).map((value) => 2 * value));
  expect(timesOf(profile)).toEqual(timesOf(one).map((value) => 2 * value));
  const notice = profile.notices.at(-1)?.text ?? '';
  expect(notice).toMatch(why);
  const [, lost, all, seconds] = /each as a trace of its own: ([\d,]+) of ([\d,]+) bytes and ([\d.]+) s are lost/.exec(
    notice
  ) as string[];
  const number = (text: string) => Number(text.replace(/,/g, ''));
  expect(number(all)).toBe(bytes.length);
  // All of the second generation, which has a header less than the file.
  expect(number(lost)).toBe(
    bytes.length - first - (writeBatches(small, later(readBatches(small), 2, 2e8)).length - 16)
  );
  // The third begins 2e8 ticks of 64 ns after the first, which lasts some ms.
  expect(Number(seconds)).toBeCloseTo(12.8 - one.durationNanos / 1e9, 0);
  // Nothing goes on over what is lost.
  const [{ goroutines: ofOne, duration: ofEach }, { goroutines, ranges, duration }] = [one, profile].map(
    ({ execution }) => execution as Execution
  );
  expect(goroutines.length).toBe(2 * ofOne.length);
  const lengths = [goroutines, ranges].flatMap(({ from, to }) =>
    [...from].map((start, i) => (Number.isNaN(to[i]) ? duration : to[i]) - start)
  );
  expect(Math.max(...lengths)).toBeLessThanOrEqual(ofEach);
  // The mutator's utilisation is known of each part, and of nothing between them.
  const [[whole], parts] = [one, profile].map(({ execution }) => mutatorUtilisation(execution as Execution));
  expect(parts).toHaveLength(2);
  parts.forEach(({ time }) =>
    expect(time[time.length - 1] - time[0]).toBeCloseTo(whole.time[whole.time.length - 1] - whole.time[0], -3)
  );
  expect(parts[0].time[parts[0].time.length - 1]).toBeLessThanOrEqual(ofEach);
  expect(parts[1].time[0]).toBeGreaterThan(12.7e9);
});

it('says of a loss at the beginning that its length is not known', async () => {
  const batches = readBatches(small);
  const broken = batches.map((batch) => (isOfEvents(batch) ? { ...batch, data: batch.data.map(() => 120) } : batch));
  const profile = await decodeTrace(writeBatches(small, [...broken, ...later(batches, 1, 1e8)]));
  expect(sumOf(profile)).toEqual(sumOf(await decodeTrace(small)));
  expect(profile.notices.at(-1)?.text).toMatch(
    /What is after it is shown; the first [\d,]+ of [\d,]+ bytes are lost, and how long they were is not known\.$/
  );
});

it('says of losses that nothing after them is read, and of many how many there are', async () => {
  const batches = readBatches(small);
  const broken = batches.map((batch) => (isOfEvents(batch) ? { ...batch, data: batch.data.map(() => 120) } : batch));
  const all = [...batches];
  for (let i = 1; i < 20; i++) {
    all.push(...later(i % 2 === 1 ? broken : batches, i, i * 1e8));
  }
  const profile = await decodeTrace(writeBatches(small, all));
  expect(sumOf(profile)).toEqual(sumOf(await decodeTrace(small)).map((value) => 10 * value));
  const texts = profile.notices.map(({ text }) => text).filter((text) => /damaged/.test(text));
  expect(texts).toHaveLength(6);
  expect(texts.at(-1)).toMatch(/^It is damaged in 5 more places: [\d,]+ bytes are lost\.$/);
});

const threads = new Uint8Array(gunzipSync(readFileSync(join(__dirname, '../../../testdata/trace/threads.trace.gz'))));

it('says the same whatever the order in which threads wrote their batches', async () => {
  const random = new Random(7);
  for (const trace of [small, threads]) {
    const [count] = sumOf(await decodeTrace(trace));
    for (let i = 0; i < 20; i++) {
      const profile = await decodeTrace(writeBatches(trace, shuffled(readBatches(trace), random)));
      expect([sumOf(profile)[0], profile.notices]).toEqual([count, []]);
    }
  }
});

it('says no other total without a notice where a batch is missing, is there twice or is cut', async () => {
  for (const trace of [small, threads]) {
    const batches = readBatches(trace);
    const whole = sumOf(await decodeTrace(trace));
    let said = 0;
    for (const [i, batch] of batches.entries()) {
      for (const instead of [
        [],
        [batch, batch],
        [{ ...batch, data: batch.data.subarray(0, batch.data.length >> 1) }],
      ]) {
        const read = await outcome(writeBatches(trace, [...batches.slice(0, i), ...instead, ...batches.slice(i + 1)]));
        const isSaid = typeof read === 'string' || read.notices.length > 0;
        said += isSaid ? 1 : 0;
        if (isOfEvents(batch) && !isSaid) {
          // Of the last events of a thread nothing tells that they are missing.
          expect(Math.abs(sumOf(read as Profile)[0] - whole[0])).toBeLessThanOrEqual(3);
        }
      }
    }
    expect(said).toBeGreaterThan(batches.length);
  }
});

it('neither breaks nor hangs on what was changed', async () => {
  const random = new Random(15);
  const seeds = [small, ...others.map(readTrace)];
  let read = 0;
  const count = 600;
  for (let i = 0; i < count; i++) {
    let bytes = random.pick(seeds);
    for (let k = random.below(3); k >= 0; k--) {
      const other = random.pick(seeds);
      bytes = random.is(0.5)
        ? mutateBytes(bytes, other, random)
        : (mutateTrace(bytes, random) ?? mutateBytes(bytes, other, random));
    }
    const header = new TextEncoder().encode('go 1.26 trace\0\0\0');
    const whole = new Uint8Array(Math.max(16, bytes.length));
    whole.set(bytes);
    whole.set(random.is(0.8) ? header : small.subarray(0, 16));
    read += typeof (await outcome(whole)) === 'string' ? 0 : 1;
  }
  expect(read).toBeGreaterThan(0);
  expect(read).toBeLessThan(count);
});
