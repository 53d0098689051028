// npm run fuzz -- [--minutes N | --seconds N] [--seed N] [--only TARGET] [--replay FILE]
// Mutants of real files against every reader (src/fuzz/targets.ts), guided by coverage: what reaches new code is mutated
// further. Findings are written to fuzz-findings/, each with its reason; --replay tries one again.
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { root, say } from './setup.mjs';

// Not V8's own coverage: its counters are read through the inspector, in milliseconds, and these in microseconds.
const { createInstrumenter } = createRequire(import.meta.url)('istanbul-lib-instrument');

const covered = /src\/(text|captures|profile|decode|encode|ops|views|query|store)\/.*\.ts$/;
const options = readOptions(process.argv.slice(2));
const findings = join(root, 'fuzz-findings');
const hangMs = 20_000;

function readOptions(args) {
  const value = (name) => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? undefined : args[at + 1];
  };
  const seconds = Number(value('seconds') ?? 60 * Number(value('minutes') ?? 1));
  const seed = Number(value('seed') ?? Date.now() % 1_000_000);
  if (!(seconds > 0) || !(seed >= 0)) {
    say('usage: npm run fuzz -- [--minutes N | --seconds N] [--seed N] [--only TARGET] [--replay FILE]');
    process.exit(2);
  }
  return { seconds, seed, only: value('only'), replay: value('replay') };
}

async function bundle() {
  const folder = mkdtempSync(join(tmpdir(), 'pproflens-fuzz-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'worker.cjs');
  const instrumenter = createInstrumenter({ esModules: true, compact: false, parserPlugins: ['typescript'] });
  await build({
    entryPoints: [join(root, 'src/fuzz/worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    sourcemap: 'inline',
    plugins: [
      {
        name: 'coverage',
        setup({ onLoad }) {
          onLoad({ filter: covered }, ({ path }) => ({
            contents: instrumenter.instrumentSync(readFileSync(path, 'utf8'), path),
            loader: 'ts',
          }));
        },
      },
    ],
  });
  return outfile;
}

/** Findings by what went wrong where: a file each, of the smallest input. */
const known = new Map();

function keep({ target, why, bytes }) {
  const place = why.split('\n').find((line, i) => i > 0 && /^\s+at /.test(line)) ?? '';
  const reason = `${target} ${why.split('\n')[0].replace(/\d+/g, 'N')} ${place.trim()}`;
  const before = known.get(reason);
  if (before !== undefined && before <= bytes.length) {
    return;
  }
  known.set(reason, bytes.length);
  const name = `${target}-${createHash('sha256').update(reason).digest('hex').slice(0, 10)}`;
  mkdirSync(findings, { recursive: true });
  writeFileSync(join(findings, name), bytes);
  const replay = `npm run fuzz -- --replay fuzz-findings/${name}`;
  writeFileSync(join(findings, `${name}.txt`), `${why}\n\n${replay}\n`);
  say(`found ${name}, ${bytes.length} bytes: ${why.split('\n')[0].slice(0, 200)}`);
}

/** One thread until its time is over; it is given up where an input hangs or takes all memory. @returns its last report */
function runThread(file, seed, seconds) {
  const shared = new SharedArrayBuffer(12 + 1024 * 1024);
  const head = new Int32Array(shared, 0, 3);
  const input = () => new Uint8Array(shared, 12).slice(0, head[0]);
  const replay = options.replay && { target: basename(options.replay).split('-')[0], file: options.replay };
  const worker = new Worker(file, {
    workerData: { seed, seconds, only: options.only, shared, replay },
    resourceLimits: { maxOldGenerationSizeMb: 1500 },
  });
  let names = [];
  let last;
  const giveUp = (why) => {
    keep({ target: names[head[1]] ?? 'profile', why, bytes: input() });
    void worker.terminate();
  };
  return new Promise((resolve) => {
    let inputs = -1;
    const watch = setInterval(() => {
      if (head[2] === inputs && head[2] > 0 && !options.replay) {
        giveUp(`It hangs: no answer after ${hangMs / 1000} s.`);
      }
      inputs = head[2];
    }, hangMs);
    worker.on('message', (message) => {
      if (message.type === 'finding') {
        keep(message);
      } else if (message.type === 'replayed') {
        say(message.why ?? 'nothing is wrong with it');
        process.exitCode = message.why ? 1 : 0;
      } else {
        last = message;
        names = message.pools.map(({ name }) => name);
        print(message);
      }
    });
    worker.on('error', (error) =>
      keep({ target: names[head[1]] ?? 'profile', why: error.stack ?? String(error), bytes: input() })
    );
    worker.on('exit', () => {
      clearInterval(watch);
      resolve(last);
    });
  });
}

function print({ type, coverage: { run, all }, pools }) {
  const sum = (field) => pools.reduce((total, pool) => total + pool[field], 0);
  say(
    `${type}: ${sum('runs')} inputs (${sum('refused')} refused), corpus ${sum('seeds')} seeds + ${sum('corpus') - sum('seeds')}, ` +
      `${run} of ${all} statements and branches (${((100 * run) / all).toFixed(1)} %), ${known.size} findings`
  );
  if (type === 'done') {
    pools.forEach((pool) =>
      say(`  ${pool.name}: ${pool.runs} inputs, corpus ${pool.seeds} + ${pool.corpus - pool.seeds}`)
    );
  }
}

const file = await bundle();
const end = Date.now() + options.seconds * 1000;
say(options.replay ? `replays ${options.replay}` : `seed ${options.seed}, ${options.seconds} s`);
for (let thread = 0; ; thread++) {
  const last = await runThread(file, options.seed + thread, Math.max(1, (end - Date.now()) / 1000));
  if (options.replay || last?.type === 'done' || Date.now() > end) {
    break;
  }
}
if (known.size > 0) {
  say(`${known.size} findings in fuzz-findings/`);
  process.exitCode = 1;
}
