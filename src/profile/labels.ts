import { scaledLabel } from './measurement';
import type { Profile } from './profile';

/** What a sample's labels say, by key in the order of the list: a key may have several texts, several numbers, and both. */
export interface SampleLabels {
  readonly texts: ReadonlyMap<string, readonly string[]>;
  readonly numbers: ReadonlyMap<string, readonly LabelNumber[]>;
}

export interface LabelNumber {
  readonly value: number;
  readonly unit: string;
  /** Its digits where it is beyond ±2^53 and the value only near it, else ''. */
  readonly digits: string;
}

/** @param set row of profile.labelSet */
export function labelsOf({ label, labelSet, strings }: Profile, set: number): SampleLabels {
  const texts = new Map<string, string[]>();
  const numbers = new Map<string, LabelNumber[]>();
  for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
    const key = strings[label.key[i]];
    if (label.isNumeric[i]) {
      const number = { value: label.num[i], unit: strings[label.unit[i]], digits: strings[label.str[i]] };
      numbers.set(key, [...(numbers.get(key) ?? []), number]);
    } else {
      texts.set(key, [...(texts.get(key) ?? []), strings[label.str[i]]]);
    }
  }
  return { texts, numbers };
}

/**
 * A label's value as pprof prints it: `1kB` for the number 1024 of the unit bytes. Numbers beyond ±2^53 have all of their
 * digits: they are ids of spans, and pprof prints ids that are near each other as one.
 * @param i row of profile.label
 * @param units of the profile's numeric labels by key, as pprof finds them (`labelUnits`)
 * @param to a unit's name, or auto
 */
export const labelText = (profile: Profile, i: number, units: ReadonlyMap<string, string>, to = 'auto'): string =>
  profile.label.str[i] === 0 ? roundedLabelText(profile, i, units, to) : profile.strings[profile.label.str[i]];

/** As `labelText`, of numbers beyond ±2^53 as well: as pprof prints them. */
export const roundedLabelText = (
  { label, strings }: Profile,
  i: number,
  units: ReadonlyMap<string, string>,
  to = 'auto'
): string =>
  label.isNumeric[i] ? scaledLabel(label.num[i], units.get(strings[label.key[i]]) ?? '', to) : strings[label.str[i]];

const knownUnits = new WeakMap<Profile, ReadonlyMap<string, string>>();

/** The unit of each numeric label: the first that a sample has, else the key's own (profile.NumLabelUnits). */
export function labelUnits(profile: Profile): ReadonlyMap<string, string> {
  const units = knownUnits.get(profile) ?? findUnits(profile);
  knownUnits.set(profile, units);
  return units;
}

function findUnits(profile: Profile): Map<string, string> {
  const { label, labelSet, strings } = profile;
  const units = new Map<string, string>();
  for (const set of usedSets(profile)) {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      const key = strings[label.key[i]];
      if (label.isNumeric[i] && !units.get(key)) {
        units.set(key, strings[label.unit[i]]);
      }
    }
  }
  for (const [key, unit] of units) {
    units.set(key, unit || (key === 'request' || key === 'alignment' ? 'bytes' : key));
  }
  return units;
}

/** The label lists that samples have, in the order in which they come first. */
export function usedSets({ labelSet, sample }: Profile): number[] {
  const isSeen = new Uint8Array(labelSet.length);
  const sets: number[] = [];
  for (const set of sample.labelSet) {
    if (isSeen[set] === 0) {
      isSeen[set] = 1;
      sets.push(set);
    }
  }
  return sets;
}
