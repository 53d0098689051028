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
import { tarOf, zipOf, zstdFrames, zstdOf } from '../testing/archives';
import { encodeFolded } from '../testing/encode';
import { randomProfiles } from '../testing/randomProfile';
import { asFork, asGo120, asGo127, inBubble } from '../testing/rewriteDumps';
import { isOfEvents, later, readBatches, skewed, writeBatches } from '../testing/traceBatches';
import { vectors } from '../testing/vectors';
import { shuffled } from './mutateTrace';
import { Random } from './random';

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

const traces = (): Uint8Array[] =>
  ['small', 'threads'].map((name) => new Uint8Array(gunzipSync(readFileSync(`testdata/trace/${name}.trace.gz`))));
/** As one of several generations, each of which says all state anew. */
const generations = (trace: Uint8Array): Uint8Array => {
  const batches = readBatches(trace);
  const broken = batches.filter((batch) => !isOfEvents(batch) || batch !== batches.find(isOfEvents));
  return writeBatches(trace, [...batches, ...later(broken, 1, 1e8)]);
};

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
/** Text profiles as Go writes them with debug=1. */
const recordedTexts = (): string[] =>
  readdirSync('testdata/text')
    .filter((name) => name.endsWith('.debug1.gz'))
    .map((name) => gunzipSync(readFileSync(join('testdata/text', name))).toString());

/** Bundles of small profiles and texts, as tools name their members. */
const bundles = () =>
  times(4, (i) => [
    {
      name: `debug/n${i}/heap.pprof`,
      bytes: encodeFolded({ types: ['n/count'], samples: [{ stack: 'a b', values: [i] }] }),
    },
    { name: `debug/n${i}/goroutine-debug2.txt`, bytes: Buffer.from(printDump(made(i, 3), dumpVersions[2])) },
    { name: `debug/n${i}/${'long/'.repeat(30)}cpu.prof`, bytes: gzipSync(randomProfiles(i, 1)[0]) },
    { name: 'metrics.json', bytes: Buffer.from('{}') },
  ]);
/** Archives in an archive. */
const nested = () =>
  bundles().map((files) => [
    { name: 'inner.zip', bytes: zipOf(files) },
    { name: 'heap.tar.gz', bytes: gzipSync(tarOf(files)) },
  ]);

/** What loggers make of the text of goroutines. */
const recordCovers: ReadonlyArray<(text: string) => string> = [
  (text) => lines(text, (log) => JSON.stringify({ log: `${log}\n`, stream: 'stderr', time: '2026-01-02T03:04:05.1Z' })),
  (text) => JSON.stringify({ level: 'error', ts: 1.5, msg: 'dump', stacks: text }),
  (text) => JSON.stringify({ log: `${JSON.stringify({ msg: text })}\n`, stream: 'stderr' }),
  (text) => JSON.stringify([{ textPayload: 'hello' }, { textPayload: text }], null, 1),
  (text) => JSON.stringify({ MESSAGE: [...Buffer.from(text)], _PID: '7' }),
  (text) => lines(text, (line) => `time="2026-01-02T03:04:05Z" level=info msg=${JSON.stringify(line)} tenant=acme`),
  (text) => `time=2026-01-02T03:04:05Z level=INFO msg=${JSON.stringify(text)}`,
];
/** And what collectors do, and shells. */
const covers: ReadonlyArray<(text: string) => string | Uint8Array> = [
  ...recordCovers,
  (text) => `E0102 03:04:05 7 main.go:7] ${text.replace(/\n/g, '\\n').replace(/\t/g, '\\t')}`,
  (text) => lines(text, (line) => `Jan  2 03:04:05 host1 app[123]: ${line.replace(/\t/g, '#011')}`),
  (text) => `Jan  2 03:04:05 host1 app[123]: ${text.replace(/\n/g, '#012').replace(/\t/g, '#011')}`,
  (text) =>
    text.replace(
      /^.{1,40}$|.{1,40}/gm,
      (piece, at) =>
        `2026-01-02T03:04:05.1Z stderr ${/^.{40}[^\n]/.test(text.slice(at, at + 41)) ? 'P' : 'F'} ${piece}\n`
    ),
  (text) => text.replace(/.{1,60}/g, '$&\n'),
  (text) => new Uint8Array(Buffer.from(`\ufeff${text.replace(/\n/g, '\r\n')}`, 'utf16le')),
  (text) => new Uint8Array(Buffer.from(text, 'utf16le').swap16()),
  (text) => text.replace(/^goroutine (\d+) \[(.*)\]:$/gm, '    [Goroutine $1 in state $2, with f on top of the stack:'),
];

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
  'dumps inside logs': () => covers.flatMap((cover) => times(3, (i) => cover(printDump(made(i, 5), dumpVersions[i])))),
  'debug=1 inside logs': () => recordCovers.map((cover, i) => cover(printCounts(made(i, 5), 'goroutine'))),
  'heap and contention text': () => recordedTexts(),
  'heap and contention text, of other writers': () => [
    'heap profile: 3: 300 [4: 400] @ heap_v2/524288\n2: 200 [2: 200] @ 0x401001 0x401002\n1: 100 [2: 200] @ 0x401003\nMAPPED_LIBRARIES:\n',
    'heap profile: 1: 9 [1: 9] @ growthz\n1: 9 [1: 9] @ 0x300001 0x401001\n--- Memory map: ---\n',
    '--- contentionz 1 ---\ncycles/second = 3000000000\nsampling period = 100\nms since reset = 16502830\ndiscarded samples = 0\n  19490304 27 @ 0xbccc97 0xc61202\n',
    '--- mutex:\ncycles/second=1000000000\nsampling period=0\n12 3 @ 0x48bc81\n#\t0x48bc80\tmain.f+0x1\t/a.go:1\n',
  ],
  'folded stacks': () =>
    times(4, (i) =>
      lines(
        vectors
          .flatMap(({ files }) => files.flatMap(({ samples }) => samples.map(({ stack }) => stack.replace(/ /g, ';'))))
          .slice(i * 5, i * 5 + 20)
          .join('\n'),
        (stack, k) => `main;${stack} ${k + i}`
      )
    ),
  zstd: () => [
    ...Object.values(zstdFrames).map((text) => Buffer.from(text, 'base64')),
    ...randomProfiles(33, 4).map((bytes) => zstdOf(bytes)),
    ...times(2, (i) => zstdOf(tarOf(bundles()[i]))),
  ],
  tar: () => bundles().flatMap((files) => [tarOf(files), tarOf(files, 'gnu', false)]),
  'tar, packed': () => bundles().map((files) => gzipSync(tarOf(files))),
  zip: () =>
    bundles().flatMap((files) =>
      [{}, { method: 0 }, { method: 0, isZip64: true }, { hasDescriptor: true }].map((form) => zipOf(files, form))
    ),
  'archives in archives': () => nested().flatMap((files) => [tarOf(files), zipOf(files, { method: 0 })]),
  'execution traces': () =>
    traces().flatMap((trace) => [
      trace,
      writeBatches(trace, skewed(readBatches(trace), 31_250)),
      writeBatches(trace, shuffled(readBatches(trace), new Random(3))),
      generations(trace),
    ]),
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
