/** Where in a stretch of rising values the first is that is not below `least`, which is most often near; its end for none. */
export function firstFrom(values: Uint32Array | Float64Array, from: number, to: number, least: number): number {
  for (let step = 1; from + step <= to; step *= 2) {
    if (values[from + step - 1] >= least) {
      to = from + step - 1;
      break;
    }
    from += step;
  }
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (values[middle] < least) {
      from = middle + 1;
    } else {
      to = middle;
    }
  }
  return from;
}
