import type { Profile } from '../profile/profile';
import { keepSamples } from './samples';

/** Go's math.Round: halves away from zero. 0 for -0, which would be told apart. */
const round = (value: number): number => Math.sign(value) * Math.floor(Math.abs(value) + 0.5) || 0;

/**
 * Columns of values times their ratios, whole numbers as before (profile.ScaleN). As in pprof, a column whose ratio is 1
 * decides nothing: a row with a value there alone becomes all zeros, unless all ratios are 1.
 */
export function scaleColumns(columns: readonly Float64Array[], ratios: readonly number[]): readonly Float64Array[] {
  if (ratios.every((ratio) => ratio === 1)) {
    return columns;
  }
  const scaled = columns.map((column, t) =>
    ratios[t] === 1 ? column : column.map((value) => round(value * ratios[t]))
  );
  const deciding = scaled.filter((_, t) => ratios[t] !== 1);
  return scaled.map((column) => column.map((value, i) => (deciding.some((other) => other[i] !== 0) ? value : 0)));
}

/** `scaleColumns` of a profile; samples that have no value left go. */
export function scaleValues(profile: Profile, ratios: readonly number[]): Profile {
  const values = scaleColumns(profile.sample.values, ratios);
  return values === profile.sample.values
    ? profile
    : keepSamples({ ...profile, sample: { ...profile.sample, values } }, (i) =>
        values.some((column) => column[i] !== 0)
      );
}
