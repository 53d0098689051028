/** Milliseconds of `work`: the median of `count` runs after a warm-up of 300 ms. */
export async function median(work: () => unknown, count = 10): Promise<number> {
  const warmUp = performance.now();
  do {
    await work();
  } while (performance.now() - warmUp < 300);
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return middle(times);
}

/** Milliseconds of each work: medians of `count` rounds in which they take turns, so that what else runs meets all of them. */
export async function inTurns(count: number, works: ReadonlyArray<() => unknown>): Promise<readonly number[]> {
  const times = works.map((): number[] => []);
  for (let i = 0; i < count; i++) {
    for (const [k, work] of works.entries()) {
      const start = performance.now();
      await work();
      times[k].push(performance.now() - start);
    }
  }
  return times.map(middle);
}

/** The median of numbers. */
export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** Four digits say all that such a measurement knows. */
export const round = (value: number): number => Number(value.toPrecision(4));
