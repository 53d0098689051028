/** What istanbul's counters are called in instrumented code: each file's statements (s) and branches (b). */
interface FileCounters {
  readonly s: Record<string, number>;
  readonly b: Record<string, number[]>;
}

/** Counters of one file's statements or one branch, numbered from 0, and by bits how often each was met so far. */
interface Counters {
  readonly counts: Record<number, number>;
  readonly met: Uint8Array;
}

/**
 * Which statements and branches were run, and how often by order of magnitude: a loop that runs 20 times for the first time
 * is news as well.
 */
export class Coverage {
  private readonly counters: readonly Counters[];

  constructor() {
    const files = Object.values((globalThis as { __coverage__?: Record<string, FileCounters> }).__coverage__ ?? {});
    this.counters = files
      .flatMap(({ s, b }) => [s, ...Object.values(b)])
      .map((counts) => ({ counts, met: new Uint8Array(Object.keys(counts).length) }));
    this.take();
    this.counters.forEach(({ met }) => met.fill(0));
  }

  /** Statements and branches there are, and were run. */
  get counts(): { readonly all: number; readonly run: number } {
    const sum = (count: (met: Uint8Array) => number) => this.counters.reduce((total, { met }) => total + count(met), 0);
    return { all: sum((met) => met.length), run: sum((met) => met.filter((bits) => bits > 0).length) };
  }

  /** Takes what ran since the last call. @returns whether any of it is new */
  take(): boolean {
    let isNew = false;
    for (const { counts, met } of this.counters) {
      for (let i = 0; i < met.length; i++) {
        const count = counts[i];
        if (count > 0) {
          counts[i] = 0;
          const bit = count === 1 ? 1 : count < 16 ? 2 : count < 256 ? 4 : 8;
          isNew ||= (met[i] & bit) === 0;
          met[i] |= bit;
        }
      }
    }
    return isNew;
  }
}
