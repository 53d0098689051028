import { LabelSetBuilder } from '../profile/labelSets';
import type { Profile } from '../profile/profile';
import { InputError } from '../text/notice';
import { MergeBuilder } from './merge';
import { scaleValues } from './scale';

/** The label that marks samples of the base in a profile that `-diff_base` made. */
export const baseLabel = 'pprof::base';

export interface BaseOptions {
  /**
   * `diff_base`: samples of the base keep a label of their own, so that nothing cancels and percentages are of the base.
   * `base`: equal samples cancel, for cumulative values of one process.
   */
  readonly mode: 'diff_base' | 'base';
  /** Scale the profile to the totals of the base first. */
  readonly normalize: boolean;
}

/**
 * The profile less its base (google/pprof internal/driver/fetch.go). Values of the base become negative.
 * @throws InputError where the two have no sample type in common, or differing ones with `normalize`
 */
export function subtractBase(profile: Profile, base: Profile, { mode, normalize }: BaseOptions): Profile {
  const merged = new MergeBuilder();
  merged.add(normalize ? normalized(profile, base) : profile);
  merged.add(negated(mode === 'diff_base' ? marked(base) : base));
  return merged.finish();
}

/** True where the label list of this row marks a sample of a base. */
export function isBaseSet({ label, labelSet, strings }: Profile, set: number): boolean {
  for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
    if (strings[label.key[i]] === baseLabel && strings[label.str[i]] === 'true') {
      return true;
    }
  }
  return false;
}

const negated = (profile: Profile): Profile =>
  scaleValues(
    profile,
    profile.sampleTypes.map(() => -1)
  );

function marked(profile: Profile): Profile {
  const { labelSet, label, sample } = profile;
  const strings = [...profile.strings, baseLabel, 'true'];
  const builder = new LabelSetBuilder();
  const rows = new Uint32Array(labelSet.length);
  for (let set = 0; set < labelSet.length; set++) {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      if (strings[label.key[i]] !== baseLabel) {
        builder.add(label.key[i], label.str[i], label.num[i], label.unit[i], label.isNumeric[i] === 1);
      }
    }
    builder.add(strings.length - 2, strings.length - 1, 0, 0, false);
    rows[set] = builder.finishSet();
  }
  const labelSets = sample.labelSet.map((set) => rows[set]);
  return { ...profile, strings, ...builder.finish(), sample: { ...sample, labelSet: labelSets } };
}

/**
 * The profile with its values scaled to the totals of the base (profile.Normalize).
 * @throws InputError where the two have differing types
 */
export function normalized(profile: Profile, base: Profile): Profile {
  const types = ({ sampleTypes, periodType }: Profile) =>
    [...sampleTypes, periodType ?? { type: '', unit: '' }].map(({ type, unit }) => `${type}/${unit}`).join(' ');
  if (types(profile) !== types(base)) {
    throw new InputError(
      `normalize needs a base with the same types: of samples and period the profile has ${types(profile)}, the base ${types(base)}.`
    );
  }
  const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0);
  return scaleValues(
    profile,
    profile.sample.values.map((column, t) => {
      const total = sum(column);
      return total === 0 ? 0 : sum(base.sample.values[t]) / total;
    })
  );
}
