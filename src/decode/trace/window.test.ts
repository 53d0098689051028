import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Execution } from '../../profile/execution';
import type { Profile } from '../../profile/profile';
import { readBatches, writeBatches, type TraceBatch } from '../../testing/traceBatches';
import { decodeTrace } from './trace';

const small = new Uint8Array(gunzipSync(readFileSync(join(__dirname, '../../../testdata/trace/small.trace.gz'))));
const batches = readBatches(small);
const [first] = batches;
/** Ticks from one generation to the next, and its ms. */
const apart = 1e8;
const apartMs = (apart * 64) / 1e6;

/** Three bytes of a varint, for 16,384 to 2,097,151. */
const three = (value: number) => [(value & 0x7f) | 0x80, ((value >> 7) & 0x7f) | 0x80, value >> 14];

/** A generation in which a thread starts goroutines that never run; `end` follows the last one. */
function crowd(gen: number, count: number, end: readonly number[] = []): TraceBatch[] {
  const perBatch = 8000;
  const ts = first.ts + gen * apart;
  const made: TraceBatch[] = [{ ...first, gen, ts }];
  for (let from = 0; from < count; from += perBatch) {
    const ids = Array.from({ length: Math.min(perBatch, count - from) }, (_, i) => gen * 20_000 + from + i);
    // ProcStatus(99, running), then GoCreate(id, no stacks).
    const data = [...(from === 0 ? [13, 0, 99, 1] : []), ...ids.flatMap((id) => [14, 1, ...three(id), 0, 0])];
    const last = from + perBatch >= count ? end : [];
    made.push({ gen, m: 999n, ts: ts + from, data: Uint8Array.from([...data, ...last]) });
  }
  return [...made, { ...batches[batches.length - 1], gen }];
}

/** Ten goroutines, a crowd, and ten others. */
const withCrowd = (count: number, end?: readonly number[]): Uint8Array =>
  writeBatches(small, [...crowd(1, 10), ...crowd(2, count, end), ...crowd(40, 10)]);

const executionOf = (profile: Profile) => (profile as { execution: Execution }).execution;

const idsOf = (profile: Profile) => [...executionOf(profile).goroutines.id];
const ten = (gen: number) => Array.from({ length: 10 }, (_, i) => gen * 20_000 + i);

it('reads a part of a trace that is too large as a whole, and says how that is asked', async () => {
  const large = withCrowd(620_000);
  await expect(decodeTrace(large)).rejects.toThrow(
    /^The file is too large for a browser: .*goroutines.*\. A time range that is shorter opens a part of it/
  );
  const { startMs } = executionOf(await decodeTrace(writeBatches(small, crowd(1, 10))));
  const start = startMs as number;
  for (const gen of [1, 40]) {
    const from = start + (gen - 1) * apartMs;
    const profile = await decodeTrace(large, { window: { from, to: from + 1 } });
    expect(idsOf(profile)).toEqual(ten(gen));
    expect(executionOf(profile).startMs).toBeCloseTo(from, 3);
    expect(profile.notices.map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^The trace is too large .*: 2 generations, some .* s and 4,3\d\d,\d+ of 4,3\d\d,\d+ bytes\./
      ),
    ]);
  }
  const tooMuch = { from: start + apartMs, to: start + apartMs + 1 };
  await expect(decodeTrace(large, { window: tooMuch })).rejects.toThrow(
    /^The file is too large for a browser: of the time range .*\. A time range that is shorter/
  );
}, 60_000);

it('takes nothing of a generation that turns out to be damaged after thousands of its events', async () => {
  // 200 is no event.
  const torn = await decodeTrace(withCrowd(20_000, [200]));
  expect(idsOf(torn)).toEqual([...ten(1), ...ten(40)]);
  expect(torn.notices).toHaveLength(1);
  expect(torn.notices[0].text).toMatch(
    /^The trace is damaged at byte [\d,]+: type 200 is no event\. What is before and after it is shown/
  );
  expect(idsOf(await decodeTrace(withCrowd(20_000)))).toHaveLength(20_020);
}, 60_000);
