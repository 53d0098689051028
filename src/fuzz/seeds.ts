import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { decode } from '../decode/decode';
import { encodePprof } from '../encode/pprof';
import {
  countAlike,
  dumpVersions,
  encodeCounts,
  encodeGoroutines,
  makeGoroutines,
  printCounts,
  printDump,
} from '../testing/goroutineDumps';
import { encodeFolded } from '../testing/encode';
import { randomProfiles } from '../testing/randomProfile';
import { asFork, asGo120, asGo127, inBubble } from '../testing/rewriteDumps';
import { vectors } from '../testing/vectors';

type Files = ReadonlyArray<Uint8Array | string> | Promise<ReadonlyArray<Uint8Array | string>>;

/** Largest seed: a mutant is read in a millisecond. */
const maxBytes = 24 * 1024;

/** What a logger puts before each line. */
const prefixes: ReadonlyArray<(line: string, i: number) => string> = [
  (line) => `2026-11-03T14:22:33.456Z app[12]: ${line}`,
  (line, i) => `Nov  3 14:22:${10 + (i % 50)} host service[4711]: ${line}`,
  (line) => `time=2026-11-03T14:22:33Z level=ERROR msg="${line}"`,
  (line) => `\u001b[31mERR\u001b[0m ${line}`,
  (line) => `${line}\r`,
];
const lines = (text: string, change: (line: string, i: number) => string) => text.split('\n').map(change).join('\n');

const made = (seed: number, count = 12) => makeGoroutines({ seed, count, stacks: 5 });
const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

const recorded = (): Uint8Array[] =>
  readdirSync('demo/captures', { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(pb|txt)\.gz$/.test(name))
    .sort()
    .map((name) => new Uint8Array(gunzipSync(readFileSync(join('demo/captures', name)))));
const recordedDumps = (): string[] =>
  recorded()
    .filter((bytes) => bytes[0] === 'g'.charCodeAt(0) && bytes.length <= 8 * maxBytes)
    .map((bytes) => new TextDecoder().decode(bytes));
/** Whole goroutines from the start of a dump. */
const start = (text: string) => text.split('\n\n').slice(0, 12).join('\n\n') + '\n';

/**
 * Files that are read, made from the recordings and by writers of every format; none is stored. A new format is one more
 * line here.
 */
export const seedMakers: Readonly<Record<string, () => Files>> = {
  'profile.proto, recorded': () => recorded().filter((bytes) => bytes[0] !== 'g'.charCodeAt(0)),
  'profile.proto, random': () =>
    times(12, (i) => randomProfiles(i, 5, { hasHeader: true, hasBareLines: i % 2 === 0 })).flat(),
  'profile.proto, rules of pprof': () => vectors.flatMap(({ files }) => files.map(encodeFolded)),
  'profile.proto, by our encoder': () =>
    Promise.all(randomProfiles(77, 20).map(async (bytes) => encodePprof(await decode(bytes)))),
  'profile.proto, packed': () => randomProfiles(99, 6).map((bytes) => gzipSync(bytes)),
  'debug=0 of goroutines': () => times(10, (i) => [encodeCounts(made(i)), encodeGoroutines(made(i))]).flat(),
  'debug=1': () => times(12, (i) => printCounts(made(i), ['goroutine', 'goroutineleak', 'threadcreate'][i % 3])),
  'debug=1, alike': () => times(4, (i) => printCounts(countAlike(made(i, 30)).map(({ goroutine }) => goroutine))),
  'debug=2': () => dumpVersions.flatMap((version) => times(6, (i) => printDump(made(i), version))),
  'debug=2, recorded': () => recordedDumps().map(start),
  'debug=2 of other versions': () =>
    recordedDumps()
      .map(start)
      .flatMap((text) => [asGo127, asFork, asGo120, inBubble].map((as) => as(text))),
  panic: () =>
    times(
      6,
      (i) =>
        `panic: runtime error: index out of range [${i}] with length 0\n\n${printDump(made(i, 3), dumpVersions[i])}exit status 2\n`
    ),
  SIGQUIT: () =>
    times(
      6,
      (i) =>
        `SIGQUIT: quit\nPC=0x46fd01 m=0 sigcode=0\n\n${printDump(made(i, 4), dumpVersions[i])}\nrax    0x0\nrbx    0x5c10a0\n`
    ),
  'inside a log': () =>
    prefixes.flatMap((prefix) => times(3, (i) => lines(printDump(made(i, 6), dumpVersions[i]), prefix))),
  'several dumps': () =>
    times(4, (i) => `${printDump(made(i, 4), dumpVersions[2])}\n\n${printDump(made(i, 5), dumpVersions[2])}`),
};

export interface Seed {
  readonly format: string;
  readonly bytes: Uint8Array;
}

/** All seeds, the same in each run. @throws where one cannot be read */
export async function makeSeeds(): Promise<Seed[]> {
  const seeds: Seed[] = [];
  for (const [format, make] of Object.entries(seedMakers)) {
    for (const file of await make()) {
      const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : new Uint8Array(file);
      if (bytes.length <= maxBytes) {
        await decode(bytes).catch((error: Error) => {
          throw new Error(`A seed of ${format} is not read: ${error.message}`);
        });
        seeds.push({ format, bytes });
      }
    }
  }
  return seeds;
}
