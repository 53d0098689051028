import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { generateProfile, largeShape } from '../../testing/generate';
import { benchCold } from './cold';
import { benchFile } from './file';
import { benchGoroutines } from './goroutines';
import { benchMemory } from './memory';
import { benchMerge } from './merge';
import { benchQueries } from './queries';
import { benchTrace } from './traces';

// npm run -s bench -- [--json] [--cold | --merge [--workers=1,2,4] | --queries | --memory] {FILE… | --generated}
// npm run -s bench -- [--json] --trace FILE…
// npm run -s bench -- [--json] --goroutines
//
// Ratios to peers that do the same work in the same run: pprof-format decoding the file and building a plain tree, and
// `go tool pprof` as a process, which is cold each time. All unpack gzip by the same library, Node's own, as Go does by its
// own. A user's first click is cold: --cold. All other times are warm, medians of ten runs after a warm-up; a machine's speed
// drifts, ratios hold.

type Print = (result: object) => void;

const eachFile = (bench: (file: string) => Promise<object>) => async (files: readonly string[], print: Print) => {
  for (const file of files) {
    print(await bench(file));
  }
};
const once = (bench: (files: readonly string[]) => Promise<object>) => async (files: readonly string[], print: Print) =>
  print(await bench(files));

const modes = new Map([
  ['--queries', eachFile(async (file) => ({ file, ...(await benchQueries(new Uint8Array(readFileSync(file)))) }))],
  ['--cold', once((some) => benchCold(some, scratch))],
  ['--merge', once((some) => benchMerge(some, workers))],
  ['--memory', once(benchMemory)],
  ['--goroutines', once(benchGoroutines)],
  ['--trace', eachFile((file) => benchTrace(file, scratch))],
]);

const args = process.argv.slice(2);
const workers = (args.find((arg) => arg.startsWith('--workers='))?.slice('--workers='.length) ?? '')
  .split(',')
  .filter(Boolean)
  .map(Number);
const files = args.filter((arg) => !arg.startsWith('--'));
const scratch = mkdtempSync(join(tmpdir(), 'pproflens-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true }));
if (args.includes('--generated')) {
  const file = join(scratch, 'generated.pb.gz');
  writeFileSync(file, gzipSync(generateProfile(largeShape)));
  files.push(file);
}
const mode = args.find((arg) => modes.has(arg));
if (files.length === 0 && mode !== '--goroutines') {
  process.stderr.write(
    'usage: npm run -s bench -- [--json] {[--cold | --queries | --merge [--workers=1,2,4] | --memory] {FILE… | --generated} | --goroutines | --trace FILE…}\n'
  );
  process.exit(2);
}
const run = modes.get(mode ?? '') ?? eachFile(benchFile);
await run(files, (result) =>
  process.stdout.write(`${args.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)}\n`)
);
