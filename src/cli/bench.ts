import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Profile as PeerProfile } from 'pprof-format';
import { isGzip } from '../decode/gzip';
import { decodePprof } from '../decode/pprof';
import { decode } from '../decode/decode';
import { MergeBuilder } from '../ops/merge';
import { defaultQuery } from '../query/query';
import { prepare } from '../query/prepare';
import type { Profile } from '../profile/profile';
import { flame } from '../views/flame';
import { profileBytes } from '../profile/size';
import { generateProfile, largeShape } from '../testing/generate';
import { dumpVersion, makeGoroutines, printDump } from '../testing/goroutineDumps';
import { benchQueries } from './benchQueries';
import { nodeGunzip } from './gunzip';
import { median, round } from './median';

// npm run -s bench -- [--json] [--merge | --queries] {FILE… | --generated}
// npm run -s bench -- [--json] --goroutines
//
// Ratios to peers that do the same work in the same run: pprof-format decoding the file and building a plain tree, and
// `go tool pprof` as a process. All unpack gzip by the same library, Node's own, as Go does by its own. Times are medians of
// ten runs after a warm-up; a machine's speed drifts, ratios hold.

const hasGo = spawnSync('go', ['version']).status === 0;

async function goToolPprof(args: string[]): Promise<number | null> {
  return hasGo ? median(() => spawnSync('go', ['tool', 'pprof', '-symbolize=none', ...args]), 5) : null;
}

/** What the peer does: the whole file decoded, inlined lines expanded, a tree of Maps with totals. */
function peerFlame(bytes: Uint8Array): number {
  const profile = PeerProfile.decode(isGzip(bytes) ? gunzipSync(bytes) : bytes);
  const strings = profile.stringTable.strings;
  const functions = new Map(profile.function.map((f) => [f.id, strings[Number(f.name)]]));
  const locations = new Map(
    profile.location.map((l) => [l.id, l.line.map((line) => functions.get(line.functionId) ?? '<unknown>')])
  );
  interface Node {
    cum: number;
    flat: number;
    children: Map<string, Node>;
  }
  const root: Node = { cum: 0, flat: 0, children: new Map() };
  const index = profile.sampleType.length - 1;
  for (const sample of profile.sample) {
    const value = Number(sample.value[index]);
    let node = root;
    node.cum += value;
    for (let i = sample.locationId.length - 1; i >= 0; i--) {
      const lines = locations.get(sample.locationId[i]) as string[];
      for (let k = lines.length - 1; k >= 0; k--) {
        let child = node.children.get(lines[k]);
        if (!child) {
          node.children.set(lines[k], (child = { cum: 0, flat: 0, children: new Map() }));
        }
        child.cum += value;
        node = child;
      }
    }
    node.flat += value;
  }
  return root.cum;
}

async function benchFile(file: string): Promise<object> {
  const bytes = new Uint8Array(readFileSync(file));
  const raw = isGzip(bytes) ? await nodeGunzip(bytes) : bytes;
  const profile = decodePprof(raw);
  const draw = (p: Profile) => flame(prepare(p, defaultQuery), defaultQuery);
  const gunzipMs = isGzip(bytes) ? await median(() => nodeGunzip(bytes)) : 0;
  const decodeMs = await median(() => decodePprof(raw));
  const flameMs = await median(() => draw(profile));
  const totalMs = await median(async () => draw(await decode(bytes, { unpack: nodeGunzip })));
  const pprofFormatMs = await median(() => peerFlame(bytes));
  const goToolPprofMs = await goToolPprof(['-top', file]);
  return {
    file,
    rawBytes: raw.length,
    samples: profile.sample.length,
    gunzipMs: round(gunzipMs),
    decodeMs: round(decodeMs),
    flameMs: round(flameMs),
    totalMs: round(totalMs),
    decodedBytesPerRawByte: round(profileBytes(profile) / raw.length),
    peers: { pprofFormatMs: round(pprofFormatMs), goToolPprofMs: goToolPprofMs && round(goToolPprofMs) },
    ratio: {
      pprofFormat: round(pprofFormatMs / totalMs),
      goToolPprof: goToolPprofMs && round(goToolPprofMs / totalMs),
    },
  };
}

async function benchMerge(files: string[]): Promise<object> {
  const inputs = files.map((file) => new Uint8Array(readFileSync(file)));
  const mergeMs = await median(async () => {
    const builder = new MergeBuilder();
    for (const bytes of inputs) {
      builder.add(await decode(bytes, { unpack: nodeGunzip }));
    }
    builder.finish();
  });
  const goToolPprofMs = await goToolPprof(['-proto', '-output=/dev/null', ...files]);
  return {
    merge: files.length,
    bytes: inputs.reduce((sum, bytes) => sum + bytes.length, 0),
    mergeMs: round(mergeMs),
    peers: { goToolPprofMs: goToolPprofMs && round(goToolPprofMs) },
    ratio: { goToolPprof: goToolPprofMs && round(goToolPprofMs / mergeMs) },
  };
}

/** A dump of 100,000 goroutines: time, and the most memory that decoding takes on top of the text, garbage included. */
async function benchGoroutines(): Promise<object> {
  const count = 100_000;
  const bytes = new TextEncoder().encode(
    printDump(makeGoroutines({ seed: 1, count, stacks: 300 }), dumpVersion('go1.26 tracebacklabels=1'))
  );
  const decodeMs = await median(() => decode(bytes), 5);
  setFlagsFromString('--expose_gc');
  (runInNewContext('gc') as () => void)();
  const used = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = used();
  let most = 0;
  const onProgress = () => {
    most = Math.max(most, used());
  };
  await decode(bytes, { onProgress });
  onProgress();
  return {
    goroutines: count,
    textBytes: bytes.length,
    decodeMs: round(decodeMs),
    memoryPerTextByte: round((most - before) / bytes.length),
  };
}

const args = process.argv.slice(2);
const files = args.filter((arg) => !arg.startsWith('--'));
const scratch = mkdtempSync(join(tmpdir(), 'pproflens-bench-'));
process.on('exit', () => rmSync(scratch, { recursive: true }));
if (args.includes('--generated')) {
  const file = join(scratch, 'generated.pb.gz');
  writeFileSync(file, gzipSync(generateProfile(largeShape)));
  files.push(file);
}
if (files.length === 0 && !args.includes('--goroutines')) {
  process.stderr.write(
    'usage: npm run -s bench -- [--json] {[--merge | --queries] {FILE… | --generated} | --goroutines}\n'
  );
  process.exit(2);
}
const print = (result: object) =>
  process.stdout.write((args.includes('--json') ? JSON.stringify(result) : JSON.stringify(result, null, 2)) + '\n');
if (args.includes('--goroutines')) {
  print(await benchGoroutines());
} else if (args.includes('--merge')) {
  print(await benchMerge(files));
} else {
  for (const file of files) {
    print(
      args.includes('--queries')
        ? { file, ...(await benchQueries(new Uint8Array(readFileSync(file)))) }
        : await benchFile(file)
    );
  }
}
