import type { Profile, ValueType } from '../profile/profile';
import { InputError } from '../text/notice';
import { normalized } from './subtractBase';
import { MergeBuilder } from './merge';

/**
 * One profile with the values of another beside its own: sample types 0 to n-1 are those that both have, n to 2n-1 the
 * base's, row for row. Equal samples (stack and labels) are one row, so a filter treats both sides alike and a path's two
 * values are found together; nothing is subtracted.
 * @param normalize scales the profile to the totals of the base first
 * @throws InputError where the two have no sample type in common
 */
export function pair(profile: Profile, base: Profile, { normalize = false } = {}): Profile {
  const common = profile.sampleTypes.filter((type) => columnOf(base, type) >= 0);
  if (common.length === 0) {
    const names = (p: Profile) => p.sampleTypes.map(({ type, unit }) => `${type} in ${unit}`).join(', ');
    throw new InputError(
      `The base is of another kind: the profile has ${names(profile)}, the base ${names(base)}. Choose the same profile for both.`
    );
  }
  const ofBase = common.map((type) => base.sampleTypes[columnOf(base, type)]);
  const sampleTypes = [...common, ...ofBase.map((own) => ({ ...own, type: `base ${own.type}` }))];
  const columns = (p: Profile) => common.map((type) => p.sample.values[columnOf(p, type)]);
  const builder = new MergeBuilder();
  const add = (p: Profile, isBase: boolean) => {
    const zeros = common.map(() => new Float64Array(p.sample.length));
    const values = isBase ? [...zeros, ...columns(p)] : [...columns(p), ...zeros];
    builder.add({ ...p, sampleTypes, sample: { ...p.sample, values } });
  };
  add(normalize ? normalized(profile, base) : profile, false);
  add(base, true);
  const { comments, timeNanos, durationNanos, period } = profile;
  return { ...builder.finish(), comments, timeNanos, durationNanos, period };
}

const columnOf = ({ sampleTypes }: Profile, { type, unit }: ValueType): number =>
  sampleTypes.findIndex((other) => other.type === type && other.unit === unit);

/** Of a profile's `index` the base's row in a paired profile. */
export const baseIndexOf = ({ sampleTypes }: Profile, index: number): number => index + sampleTypes.length / 2;
