import { LabelSetBuilder } from '../profile/labelSets';
import { InputError, type Profile } from '../profile/profile';
import { MergeBuilder } from './merge';
import { keepSamples } from './samples';

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
  const difference = merged.finish();
  const { values } = difference.sample;
  return keepSamples(difference, (i) => values.some((column) => column[i] !== 0));
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

const negated = (profile: Profile): Profile => ({
  ...profile,
  // 0 - x, since -0 would be told apart from 0.
  sample: { ...profile.sample, values: profile.sample.values.map((column) => column.map((value) => 0 - value)) },
});

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

/** The profile with its values scaled to the totals of the base (driver/fetch.go and profile.Normalize). */
export function normalized(profile: Profile, base: Profile): Profile {
  const types = (p: Profile) => p.sampleTypes.map(({ type, unit }) => `${type}/${unit}`).join(' ');
  if (types(profile) !== types(base)) {
    throw new InputError(
      `normalize needs a base with the same sample types: the profile has ${types(profile)}, the base ${types(base)}.`
    );
  }
  const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0);
  const ratios = profile.sample.values.map((column, t) => {
    const total = sum(column);
    return total === 0 ? 0 : sum(base.sample.values[t]) / total;
  });
  if (ratios.every((ratio) => ratio === 1)) {
    return profile;
  }
  // Go's math.Round: halves away from zero. A column with the ratio 1 decides nothing, as in profile.ScaleN.
  const round = (value: number) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
  const values = profile.sample.values.map((column, t) =>
    ratios[t] === 1 ? column : column.map((value) => round(value * ratios[t]))
  );
  const scaled = { ...profile, sample: { ...profile.sample, values } };
  return keepSamples(scaled, (i) => values.some((column, t) => ratios[t] !== 1 && column[i] !== 0));
}
