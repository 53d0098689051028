import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Coverage } from './coverage';
import { mutateBytes } from './mutateBytes';
import { mutateProtobuf } from './mutateProtobuf';
import { mutateText } from './mutateText';
import { isTrace, mutateTrace } from './mutateTrace';
import type { Random } from './random';
import { isRefusal, type Target } from './targets';

export interface Finding {
  readonly target: string;
  readonly why: string;
  readonly bytes: Uint8Array;
}

/** Time of the processor that an input may take: instrumented code takes some five times as long as what is shipped. */
const baseMs = 300;
const msPerKB = 50;
/** Memory that one input may take. */
const maxGrowth = 250 * 1024 * 1024;
/** Largest mutant. */
const maxBytes = 64 * 1024;

interface Pool {
  readonly name: string;
  readonly target: Target;
  readonly corpus: Uint8Array[];
  seeds: number;
  runs: number;
  refused: number;
}

/** Tries mutants of what has reached new code, and keeps those that reach more. */
export class Fuzzer {
  readonly pools: Pool[] = [];

  constructor(
    private readonly coverage: Coverage,
    private readonly random: Random,
    private readonly onFinding: (finding: Finding) => void,
    /** Told of each input before it is tried. */
    private readonly onInput: (target: string, bytes: Uint8Array) => void = () => {}
  ) {}

  /** Tries the seeds of a target. */
  async add(name: string, target: Target): Promise<void> {
    const pool: Pool = { name, target, corpus: [], seeds: 0, runs: 0, refused: 0 };
    this.pools.push(pool);
    for (const bytes of await target.seeds()) {
      await this.try(pool, bytes);
      pool.corpus.push(bytes);
    }
    pool.seeds = pool.corpus.length;
    this.coverage.take();
  }

  /** Tries one mutant. */
  async step(): Promise<void> {
    const { random, pools, coverage } = this;
    // Profiles are nearly all of the code.
    const pool = random.is(0.7) ? pools[0] : random.pick(pools);
    const mutant = mutate(this.pick(pool), this.pick(pool), random);
    if (mutant.length > maxBytes) {
      return;
    }
    await this.try(pool, mutant);
    if (coverage.take()) {
      pool.corpus.push(mutant);
    }
  }

  /** The shorter of two, which is tried faster; half of the time of the newest. */
  private pick({ corpus }: Pool): Uint8Array {
    const { random } = this;
    const first = random.is(0.5) ? 0 : Math.max(0, corpus.length - 50);
    const [a, b] = [0, 0].map(() => corpus[first + random.below(corpus.length - first)]);
    return a.length < b.length ? a : b;
  }

  private async try(pool: Pool, bytes: Uint8Array): Promise<void> {
    pool.runs++;
    this.onInput(pool.name, bytes);
    const why = await problem(pool.target, bytes, () => pool.refused++);
    if (why !== undefined) {
      this.onFinding({ target: pool.name, why, bytes });
    }
  }
}

/** What is wrong with how an input is taken; undefined for nothing. */
export async function problem(target: Target, bytes: Uint8Array, onRefused = () => {}): Promise<string | undefined> {
  const before = currentAsPeak();
  const limit = baseMs + (msPerKB * bytes.length) / 1024;
  let ms = Infinity;
  // The process's time of the processor, which others do not take; a compilation or a collection passes: slow is what is slow
  // three times.
  for (let i = 0; i < 3 && ms > limit; i++) {
    const start = process.cpuUsage();
    try {
      await target.check(bytes.slice());
    } catch (error) {
      if (!isRefusal(error)) {
        return error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
      onRefused();
    }
    const { user, system } = process.cpuUsage(start);
    ms = (user + system) / 1000;
  }
  const growth = (process.resourceUsage().maxRSS - before) * 1024;
  if (growth > maxGrowth) {
    return `It took ${Math.round(growth / 2 ** 20)} MiB of memory for ${bytes.length} bytes.`;
  }
  return ms > limit
    ? `It took ${Math.round(ms)} ms for ${bytes.length} bytes, at most ${Math.round(limit)} ms are right.`
    : undefined;
}

/** Memory that the process has, in KiB, from which on its `maxRSS` counts (proc(5)); the most so far where that is not to be had. */
function currentAsPeak(): number {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS;
}

const isText = (bytes: Uint8Array) =>
  bytes.subarray(0, 200).every((byte) => byte >= 32 || byte === 27 || (byte >= 9 && byte <= 13));

function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const share = random.below(100);
  if (share < 2) {
    return mutateBytes(gzipSync(bytes), other, random);
  }
  if (share < 25) {
    return mutateBytes(bytes, other, random);
  }
  if (isTrace(bytes)) {
    return mutateTrace(bytes, random) ?? mutateBytes(bytes, other, random);
  }
  if (isText(bytes)) {
    const decoder = new TextDecoder();
    return new TextEncoder().encode(mutateText(decoder.decode(bytes), decoder.decode(other), random));
  }
  return mutateProtobuf(bytes, other, random) ?? mutateBytes(bytes, other, random);
}
