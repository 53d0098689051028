import { build } from 'esbuild';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isGzip } from '../../decode/containers';
import { decodeTrace } from '../../decode/trace/trace';
import { nodeGunzip } from '../gunzip';
import { median, middle, round } from './median';
import { goroutineSummaries, orderedEvents } from './traceReadings';

/** One process: how long it took, and the most memory that it had. */
interface Cost {
  readonly ms: number;
  /** Of it and the processes it started, each alone; 0 where the system does not say. */
  readonly peakMiB: number;
}

const coldRuns = 5;

/**
 * An execution trace: its ordered events, with them the summaries of its goroutines, and all that a query reads (`whole`: the
 * profile of blocking, tasks and ranges too). Peers: golang.org/x/exp/trace reading to the end, which orders the events and no
 * more, in a process that stays (warm) and one for each reading (cold), and `go tool trace -pprof=sync`.
 * @param scratch a folder for what is built
 */
export async function benchTrace(file: string, scratch: string): Promise<object> {
  const packed = new Uint8Array(readFileSync(file));
  const bytes = isGzip(packed) ? await nodeGunzip(packed) : packed;
  const reader = buildPeer(scratch);
  const once = join(scratch, 'traceOnce.mjs');
  await build({
    entryPoints: ['src/cli/bench/traceOnce.ts'],
    outfile: once,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
  });
  const events = orderedEvents(bytes);
  const ownEventsMs = await median(() => orderedEvents(bytes));
  const ownSummariesMs = await median(() => goroutineSummaries(bytes));
  const ownWholeMs = await median(() => decodeTrace(bytes));
  const warm = reader && peerReadings(reader, file, 11);
  if (warm && warm.events !== events) {
    throw new Error(`We read ${events} events of ${file}, and golang.org/x/exp/trace ${warm.events}.`);
  }
  const [summaries, whole, cold, tool] = [
    await processes('node', [once, 'summaries', file]),
    await processes('node', [once, 'whole', file]),
    reader && (await processes(reader, [file, '1'])),
    reader && (await processes('go', ['tool', 'trace', '-pprof=sync', file])),
  ];
  return {
    file,
    bytes: bytes.length,
    events,
    warmMs: {
      events: round(ownEventsMs),
      summaries: round(ownSummariesMs),
      whole: round(ownWholeMs),
      expTrace: warm && round(warm.ms),
    },
    coldMs: { summaries: summaries.ms, whole: whole.ms, expTrace: cold && cold.ms, goToolTrace: tool && tool.ms },
    peakMiB: { whole: whole.peakMiB, expTrace: cold && cold.peakMiB, goToolTrace: tool && tool.peakMiB },
    ratio: {
      warmEvents: warm && round(warm.ms / ownEventsMs),
      warmSummaries: warm && round(warm.ms / ownSummariesMs),
      warmWhole: warm && round(warm.ms / ownWholeMs),
      coldSummaries: cold && round(cold.ms / summaries.ms),
      coldWhole: cold && round(cold.ms / whole.ms),
      coldGoToolTrace: tool && round(tool.ms / whole.ms),
      peakGoToolTrace: tool && whole.peakMiB > 0 ? round(tool.peakMiB / whole.peakMiB) : null,
    },
  };
}

/** The peer as a binary; undefined, with the reason on standard error, where it cannot be built. */
function buildPeer(scratch: string): string | undefined {
  const binary = join(scratch, 'tracereader');
  const { status, stderr } = spawnSync('go', ['-C', 'src/cli/bench/tracereader', 'build', '-o', binary, '.'], {
    encoding: 'utf8',
  });
  if (status !== 0) {
    process.stderr.write(`Without peers: golang.org/x/exp/trace cannot be built. ${stderr ?? ''}\n`);
    return undefined;
  }
  return binary;
}

/** Its first reading warms up. */
function peerReadings(reader: string, file: string, count: number): { events: number; ms: number } {
  const { status, stdout, stderr } = spawnSync(reader, [file, String(count)], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`golang.org/x/exp/trace does not read ${file}: ${stderr}`);
  }
  const readings = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  return { events: readings[0][0], ms: middle(readings.slice(1).map(([, ms]) => ms)) };
}

/** The median of some processes, each a fresh one. */
async function processes(command: string, args: readonly string[]): Promise<Cost> {
  const costs: Cost[] = [];
  for (let i = 0; i < coldRuns; i++) {
    costs.push(await oneProcess(command, args));
  }
  return { ms: round(middle(costs.map(({ ms }) => ms))), peakMiB: Math.round(middle(costs.map((one) => one.peakMiB))) };
}

/** Its peak is read from /proc every few ms, of the largest process below it: `go tool` starts another one. */
function oneProcess(command: string, args: readonly string[]): Promise<Cost> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let peakMiB = 0;
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  const look = setInterval(() => {
    peakMiB = Math.max(peakMiB, ...treeOf(child.pid ?? 0).map(peakOf));
  }, 10);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      clearInterval(look);
      if (code !== 0) {
        reject(new Error(`${command} ${args.join(' ')} ended with code ${code}: ${said}`));
      }
      resolve({ ms: performance.now() - start, peakMiB });
    });
  });
}

const fileOrNothing = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

/** Each thread has children of its own. */
const treeOf = (pid: number): number[] => [
  pid,
  ...(existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [])
    .flatMap((thread) => fileOrNothing(`/proc/${pid}/task/${thread}/children`).trim().split(' '))
    .filter((text) => text !== '')
    .flatMap((text) => treeOf(Number(text))),
];

/** Most memory that a process has had, in MiB (VmHWM). */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(fileOrNothing(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
