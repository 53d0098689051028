/** A span of time in its largest whole unit: 42 s, 7 min, 3 h, 2 days. */
export function spanText(ms: number): string {
  const seconds = Math.abs(ms) / 1000;
  const units: ReadonlyArray<readonly [number, string]> = [
    [86400, 'days'],
    [3600, 'h'],
    [60, 'min'],
  ];
  const [size, unit] = units.find(([least]) => seconds >= 2 * least) ?? [1, 's'];
  return `${Math.round(seconds / size)} ${unit}`;
}

/** Clocks of a service, of its bucket and of who names its keys differ by less where they are right. In ms. */
export const clockTolerance = 5 * 60_000;
