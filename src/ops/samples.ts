import type { Profile } from '../profile/profile';

/** The profile with the samples that `keep` wants, by row; all tables but `sample` are shared. */
export function keepSamples(profile: Profile, keep: (row: number) => boolean): Profile {
  const { sample } = profile;
  const rows = new Uint32Array(sample.length);
  let length = 0;
  for (let i = 0; i < sample.length; i++) {
    if (keep(i)) {
      rows[length++] = i;
    }
  }
  if (length === sample.length) {
    return profile;
  }
  const stack = new Uint32Array(length);
  const labelSet = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    stack[i] = sample.stack[rows[i]];
    labelSet[i] = sample.labelSet[rows[i]];
  }
  const values = sample.values.map((column) => {
    const kept = new Float64Array(length);
    for (let i = 0; i < length; i++) {
      kept[i] = column[rows[i]];
    }
    return kept;
  });
  return Object.freeze({ ...profile, sample: { length, values, stack, labelSet } });
}
