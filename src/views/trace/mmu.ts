/** A value that holds until the next time: of row i from `time[i]` to `time[i + 1]`, of the last one to the end. */
export interface Steps {
  /** ns since the trace's origin, rising. */
  readonly time: ArrayLike<number>;
  readonly value: ArrayLike<number>;
  /** Rows that count. */
  readonly length: number;
  /** End of the last one, ns. */
  readonly end: number;
}

/** The worst of all windows of a length: the least mean, and when it begins. */
export interface WorstWindow {
  readonly mean: number;
  readonly from: number;
}

/**
 * The windows of the least mean value, for each length: what Go calls minimum mutator utilisation. A mean over a moving window has its
 * least where an edge of the window meets a step, so those are looked at alone. Lengths that are longer than the whole have
 * the mean of the whole.
 * @param lengths ns
 */
export function worstWindows(steps: Steps, lengths: readonly number[]): readonly WorstWindow[] {
  const { time, value, length, end } = steps;
  if (length === 0 || end <= time[0]) {
    return lengths.map(() => ({ mean: NaN, from: NaN }));
  }
  /** The integral up to each step. */
  const sum = new Float64Array(length + 1);
  const at = (row: number) => (row < length ? time[row] : end);
  for (let i = 0; i < length; i++) {
    sum[i + 1] = sum[i] + value[i] * (at(i + 1) - time[i]);
  }
  return lengths.map((wanted) => {
    const width = Math.min(wanted, end - time[0]);
    let worst: WorstWindow = { mean: Infinity, from: NaN };
    // Both edges move to the right; each finds its step from where it was.
    const rows = [0, 0, 0, 0];
    const until = (edge: number, moment: number) => {
      while (rows[edge] + 1 < length && time[rows[edge] + 1] <= moment) {
        rows[edge]++;
      }
      const row = rows[edge];
      return sum[row] + value[row] * (moment - time[row]);
    };
    const look = (from: number, edge: number) => {
      if (from >= time[0] && from + width <= end) {
        const mean = (until(edge + 1, from + width) - until(edge, from)) / width;
        worst = mean < worst.mean ? { mean, from } : worst;
      }
    };
    for (let i = 0; i <= length; i++) {
      look(at(i), 0);
      look(at(i) - width, 2);
    }
    return worst;
  });
}
