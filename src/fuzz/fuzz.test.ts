import { InputError } from '../text/notice';
import { Coverage } from './coverage';
import { Fuzzer, problem, type Finding } from './fuzzer';
import { mutateProtobuf } from './mutateProtobuf';
import { mutateText } from './mutateText';
import { Random } from './random';
import { makeSeeds, seedMakers } from './seeds';
import { targets, type Target } from './targets';

// What scripts/fuzz.mjs relies on: `npm run fuzz` itself is a step of npm test.

test('there are 300 seeds of all formats, all of which are read, and what has to hold of them holds', async () => {
  const seeds = await makeSeeds();
  expect(seeds.length).toBeGreaterThanOrEqual(300);
  expect(new Set(seeds.map(({ format }) => format))).toEqual(new Set(Object.keys(seedMakers)));
  for (const { bytes } of seeds) {
    await targets.profile.check(bytes);
  }
}, 60_000);

const target = (check: Target['check']): Target => ({ seeds: () => Promise.resolve([]), check });

test.each<[string, Target['check'], RegExp | undefined]>([
  ['a refusal is right', () => Promise.reject(new InputError('no')), undefined],
  ['another error is a finding', () => Promise.reject(new TypeError('x is undefined')), /^TypeError: x is undefined/],
  [
    'what is slow each time is a finding',
    () => {
      for (const start = process.cpuUsage(); process.cpuUsage(start).user < 600_000;) {}
    },
    /^It took \d+ ms for 3 bytes/,
  ],
  [
    'what takes much memory is a finding',
    () => {
      held.push(Buffer.alloc(2 ** 29, 1));
    },
    /MiB of memory for 3 bytes/,
  ],
])('%s', async (_, check, why) => {
  const found = await problem(target(check), Uint8Array.from([1, 2, 3]));
  held.length = 0;
  expect(found).toEqual(why ? expect.stringMatching(why) : undefined);
});
const held: Buffer[] = [];

/** A reader with counters as istanbul makes them, that breaks on three letters in a row. */
function lockedReader(counts: Record<number, number>): Target['check'] {
  return (bytes) => {
    for (const [i, byte] of [97, 98, 99].entries()) {
      if (bytes[i] !== byte) {
        return;
      }
      counts[i]++;
    }
    throw new TypeError('opened');
  };
}

test('mutants of what reached new code reach what no mutant of a seed would', async () => {
  const counts: Record<number, number> = { 0: 0, 1: 0, 2: 0 };
  Object.assign(globalThis, { __coverage__: { file: { s: counts, b: {} } } });
  const findings: Finding[] = [];
  const fuzzer = new Fuzzer(new Coverage(), new Random(5), (finding) => findings.push(finding));
  const seeds = [new TextEncoder().encode('xxx')];
  await fuzzer.add('locked', { ...target(lockedReader(counts)), seeds: () => Promise.resolve(seeds) });
  for (let i = 0; i < 200_000 && findings.length === 0; i++) {
    await fuzzer.step();
  }
  expect(findings.map(({ why }) => why.split('\n')[0])).toEqual(['TypeError: opened']);
  expect(fuzzer.pools[0].corpus.length).toBeGreaterThan(2);
}, 60_000);

test('mutants are of the kind of their seed, differ from it, and are the same for the same numbers', async () => {
  const [first, second] = (await makeSeeds()).filter(({ format }) => format.startsWith('profile.proto, random'));
  const protobuf = (seed: number) => mutateProtobuf(first.bytes, second.bytes, new Random(seed));
  const text = (seed: number) => mutateText('goroutine 1 [running]:\nf()\n\t/a.go:1\n', 'b\nc', new Random(seed));
  const all = Array.from({ length: 50 }, (_, i) => [protobuf(i), text(i)]);
  expect(all).toEqual(Array.from({ length: 50 }, (_, i) => [protobuf(i), text(i)]));
  expect(new Set(all.map(([, each]) => each)).size).toBeGreaterThan(30);
  expect(new Set(all.map(([each]) => Buffer.from(each as Uint8Array).toString('hex'))).size).toBeGreaterThan(30);
  expect(mutateProtobuf(Uint8Array.from([255]), first.bytes, new Random(1))).toBeUndefined();
}, 60_000);
