import '../../text/re2';
import { decode } from '../../decode/decode';
import { dumpVersion, makeGoroutines, printDump } from '../../testing/goroutineDumps';
import { parseQuery } from '../../query/query';
import { run } from '../../query/run';
import { median, round } from './median';
import { usedAfterCollection, usedBytes } from './used';

/**
 * A dump of 100,000 goroutines: the time to read and to group it, and the most memory that decoding takes on top of the
 * text, garbage included.
 */
export async function benchGoroutines(): Promise<object> {
  const count = 100_000;
  const bytes = new TextEncoder().encode(
    printDump(makeGoroutines({ seed: 1, count, stacks: 300 }), dumpVersion('go1.26 tracebacklabels=1'))
  );
  const decodeMs = await median(() => decode(bytes), 5);
  const before = usedAfterCollection();
  let most = 0;
  const onProgress = () => {
    most = Math.max(most, usedBytes());
  };
  const profile = await decode(bytes, { onProgress });
  onProgress();
  // As another dump each time: nothing is known of it yet.
  const groupMs = await median(() =>
    run(parseQuery({ view: 'goroutines' }), { profile: { ...profile, labelSet: { ...profile.labelSet } } })
  );
  return {
    state: 'warm',
    goroutines: count,
    textBytes: bytes.length,
    decodeMs: round(decodeMs),
    groupMs: round(groupMs),
    memoryPerTextByte: round((most - before) / bytes.length),
  };
}
