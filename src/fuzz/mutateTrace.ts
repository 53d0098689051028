import { isOfEvents, readBatches, writeBatches, type TraceBatch } from '../testing/traceBatches';
import type { Random } from './random';

export const isTrace = (bytes: Uint8Array): boolean =>
  /^go 1\.\d\d trace/.test(String.fromCharCode(...bytes.subarray(0, 16)));

/** A trace whose batches are still batches; undefined where these cannot be read. */
export function mutateTrace(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  let batches: TraceBatch[];
  try {
    batches = readBatches(bytes);
  } catch {
    return undefined;
  }
  for (let k = random.below(3); k >= 0 && batches.length > 1; k--) {
    batches = random.pick(changes)(batches, random);
  }
  return writeBatches(bytes, batches);
}

/** Batches in another order; those of one thread stay in theirs, so that it is still a sound trace. */
export function shuffled(batches: readonly TraceBatch[], random: Random): TraceBatch[] {
  const all = [...batches];
  const places = all.flatMap((batch, i) => (isOfEvents(batch) ? [i] : []));
  for (const gen of new Set(all.map((batch) => batch.gen))) {
    const own = places.filter((i) => all[i].gen === gen);
    const queues = new Map<bigint, TraceBatch[]>();
    for (const i of own) {
      queues.set(all[i].m, [...(queues.get(all[i].m) ?? []), all[i]]);
    }
    for (const i of own) {
      const [m, queue] = random.pick([...queues]);
      all[i] = queue.shift() as TraceBatch;
      if (queue.length === 0) {
        queues.delete(m);
      }
    }
  }
  return all;
}

type Change = (batches: readonly TraceBatch[], random: Random) => TraceBatch[];
const at =
  (change: (batch: TraceBatch, random: Random) => readonly TraceBatch[]): Change =>
  (batches, random) => {
    const i = random.below(batches.length);
    return [...batches.slice(0, i), ...change(batches[i], random), ...batches.slice(i + 1)];
  };

const changes: readonly Change[] = [
  shuffled,
  at(() => []),
  at((batch) => [batch, batch]),
  at((batch, random) => [{ ...batch, ts: Math.max(0, batch.ts + random.below(100_000) - 50_000) }]),
  at((batch, random) => [{ ...batch, m: BigInt(random.below(20)) }]),
  at((batch, random) => [{ ...batch, gen: batch.gen + random.below(3) }]),
  at((batch, random) => [{ ...batch, data: batch.data.subarray(0, random.below(batch.data.length + 1)) }]),
  at((batch, random) => {
    const data = batch.data.slice();
    if (data.length > 0) {
      data[random.below(data.length)] = random.below(random.is(0.5) ? 256 : 60);
    }
    return [{ ...batch, data }];
  }),
  (batches, random) => {
    const all = [...batches];
    const [i, k] = [random.below(all.length), random.below(all.length)];
    [all[i], all[k]] = [all[k], all[i]];
    return all;
  },
];
