import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { mutateBytes } from '../../fuzz/mutateBytes';
import { Random } from '../../fuzz/random';
import type { Profile } from '../../profile/profile';
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

it('neither breaks nor hangs on what was changed', async () => {
  const random = new Random(15);
  const seeds = [small, ...others.map(readTrace)];
  let read = 0;
  const count = 600;
  for (let i = 0; i < count; i++) {
    let bytes = random.pick(seeds);
    for (let k = random.below(3); k >= 0; k--) {
      bytes = mutateBytes(bytes, random.pick(seeds), random);
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
