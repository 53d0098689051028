import { labelText, labelUnits } from '../../profile/labels';
import { namesIn } from '../../text/names';
import { isStandard } from '../../profile/goNames';
import { PairInterner } from '../../profile/interner';
import type { Profile } from '../../profile/profile';
import { countsOf, labelColumnsOf, stateClasses, bucketOf, waitBuckets } from './labelColumns';
import type { Column, NamedText } from '../table';
import { Signatures, type SignatureOptions } from './signatures';

export interface GroupOptions extends SignatureOptions {
  /** Label keys, separated by commas, whose values split a group: one for each tenant. */
  readonly groupBy: string;
}

/**
 * Groups of goroutines: those with one signature and the same values of the labels that the query groups by. The groups of
 * profiles that are compared come from one object, so that the same group has the same row.
 */
export class Groups {
  readonly signatures: Signatures;
  readonly keys: readonly string[];
  /** (signature, split). */
  private readonly pairs = new PairInterner();
  private readonly splits: string[][] = [];
  private readonly splitRows = new Map<string, number>();

  constructor(private readonly options: GroupOptions) {
    this.signatures = new Signatures(options);
    this.keys = [...new Set(namesIn(options.groupBy))];
  }

  get length(): number {
    return this.pairs.length;
  }

  signatureOf = (group: number): number => this.pairs.first[group];

  /** Values of `keys`, '' where a goroutine has no such label. */
  splitOf = (group: number): readonly string[] => this.splits[this.pairs.second[group]];

  /** Where the code of signatures is, where that is asked for. */
  codeOf = (groups: readonly number[]): Column['code'] =>
    this.options.withCode ? groups.map((group) => this.signatures.code(this.signatureOf(group))) : undefined;

  text = (group: number): NamedText => this.signatures.text(this.signatureOf(group));

  /** The group of each sample. */
  ofSamples(profile: Profile): Uint32Array {
    const { sample, strings } = profile;
    const { signature, isStandard: isStandardStack } = this.signatures.ofStacks(profile);
    const { creator, createdAt } = labelColumnsOf(profile);
    const split = this.splitsOf(profile);
    // By row of strings: 1 for a creator that is none of the program, 2 for one that is.
    const ofProgram = new Uint8Array(strings.length);
    const group = new Uint32Array(sample.length);
    const starts = new PairInterner();
    const started: number[] = [];
    for (let i = 0; i < sample.length; i++) {
      const set = sample.labelSet[i];
      let own = signature[sample.stack[i]];
      const by = creator[set];
      if (by !== 0 && isStandardStack[sample.stack[i]] === 1) {
        ofProgram[by] ||= isStandard(strings[by]) ? 1 : 2;
        if (ofProgram[by] === 2) {
          const start = starts.intern(starts.intern(own, by), createdAt[set]);
          own = started[start] ??= this.signatures.startedBy(own, strings[by], strings[createdAt[set]]);
        }
      }
      group[i] = this.pairs.intern(own, split[set]);
    }
    return group;
  }

  /** Row of `splits` of each label set. */
  private splitsOf(profile: Profile): Uint32Array {
    const { labelSet, label, strings } = profile;
    const splits = new Uint32Array(labelSet.length);
    const none = this.split(this.keys.map(() => ''));
    if (this.keys.length === 0) {
      return splits.fill(none);
    }
    const units = labelUnits(profile);
    const keyRows = this.keys.map((key) => strings.indexOf(key));
    for (let set = 0; set < labelSet.length; set++) {
      const values = this.keys.map(() => '');
      for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
        const at = keyRows.indexOf(label.key[i]);
        if (at >= 0) {
          const value = labelText(profile, i, units);
          values[at] = values[at] === '' ? value : `${values[at]},${value}`;
        }
      }
      splits[set] = this.split(values);
    }
    return splits;
  }

  private split(values: string[]): number {
    const id = values.join('\0');
    let row = this.splitRows.get(id);
    if (row === undefined) {
      this.splitRows.set(id, (row = this.splits.length));
      this.splits.push(values);
    }
    return row;
  }
}

/** What the goroutines of each group have, by row of the groups. */
export interface Tally {
  readonly total: number;
  readonly count: Float64Array;
  /** Minutes, of goroutines whose wait is known; NaN for none. */
  readonly minWait: Float64Array;
  readonly maxWait: Float64Array;
  /** Goroutines by wait: `buckets[b][group]` for each of waitBuckets. */
  readonly buckets: readonly Float64Array[];
  /** Goroutines by class of state: `classes[c][group]` for each of stateClasses. */
  readonly classes: readonly Float64Array[];
  readonly leaked: Float64Array;
  /** A sample of the group, -1 for none. */
  readonly first: Int32Array;
  /** What most goroutines of a group have: rows of strings, 0 for nothing. `others` counts further values. */
  readonly state: Most;
  readonly creator: Most;
  readonly createdAt: Uint32Array;
}

export interface Most {
  readonly value: Uint32Array;
  readonly others: Uint32Array;
}

/** Adds up one profile. @param length number of groups that there are by now */
export function tally(profile: Profile, group: Uint32Array, length: number): Tally {
  const { sample } = profile;
  const counts = countsOf(profile);
  const labelColumns = labelColumnsOf(profile);
  const columns = (count: number) => Array.from({ length: count }, () => new Float64Array(length));
  const count = new Float64Array(length);
  const minWait = new Float64Array(length).fill(NaN);
  const maxWait = new Float64Array(length).fill(NaN);
  const buckets = columns(waitBuckets.length);
  const classes = columns(stateClasses.length);
  const leaked = new Float64Array(length);
  const first = new Int32Array(length).fill(-1);
  const states = new MostCounter(length);
  const creators = new MostCounter(length);
  let total = 0;
  for (let i = 0; i < sample.length; i++) {
    const n = counts[i];
    if (n === 0) {
      continue;
    }
    const g = group[i];
    const set = sample.labelSet[i];
    const minutes = labelColumns.minutes[set];
    total += n;
    count[g] += n;
    if (first[g] < 0) {
      first[g] = i;
    }
    if (minutes >= 0) {
      // A NaN that is there is no less and no greater.
      minWait[g] = minutes > minWait[g] ? minWait[g] : minutes;
      maxWait[g] = minutes < maxWait[g] ? maxWait[g] : minutes;
    }
    buckets[bucketOf(minutes)][g] += n;
    classes[labelColumns.stateClass[set]][g] += n;
    leaked[g] += labelColumns.isLeaked[set] * n;
    states.add(g, labelColumns.state[set], n);
    creators.add(g, labelColumns.creator[set], n);
  }
  const creator = creators.finish();
  return {
    total,
    count,
    minWait,
    maxWait,
    buckets,
    classes,
    leaked,
    first,
    state: states.finish(),
    creator,
    createdAt: placesOf(profile, group, creator.value),
  };
}

/** Where the creator that most have has its go statement: of the first goroutine that it started. */
function placesOf(profile: Profile, group: Uint32Array, creator: Uint32Array): Uint32Array {
  const { labelSet } = profile.sample;
  const labelColumns = labelColumnsOf(profile);
  const places = new Uint32Array(creator.length);
  for (let i = 0; i < group.length; i++) {
    const set = labelSet[i];
    if (creator[group[i]] !== 0 && places[group[i]] === 0 && labelColumns.creator[set] === creator[group[i]]) {
      places[group[i]] = labelColumns.createdAt[set];
    }
  }
  return places;
}

/** Counts values by group and finds the one that most have. */
class MostCounter {
  private readonly pairs = new PairInterner();
  private counts = new Float64Array(1024);

  constructor(private readonly groups: number) {}

  /** @param value row of strings, 0 for none, which is no value */
  add(group: number, value: number, n: number): void {
    if (value === 0) {
      return;
    }
    const row = this.pairs.intern(group, value);
    if (row >= this.counts.length) {
      const grown = new Float64Array(this.counts.length * 2);
      grown.set(this.counts);
      this.counts = grown;
    }
    this.counts[row] += n;
  }

  finish(): Most {
    const value = new Uint32Array(this.groups);
    const others = new Uint32Array(this.groups);
    const most = new Float64Array(this.groups);
    for (let row = 0; row < this.pairs.length; row++) {
      const g = this.pairs.first[row];
      others[g] += most[g] > 0 ? 1 : 0;
      if (this.counts[row] > most[g]) {
        most[g] = this.counts[row];
        value[g] = this.pairs.second[row];
      }
    }
    return { value, others };
  }
}

/** `channel`, or `stuck, channel` with the class that most have first. */
export function classText(classes: readonly Float64Array[], group: number): string {
  return stateClasses
    .map((name, c) => ({ name, n: classes[c][group] }))
    .filter(({ n }) => n > 0)
    .sort((a, b) => b.n - a.n)
    .map(({ name }) => name)
    .join(', ');
}

/** `chan send`, `chan send and 2 others`. */
export const mostText = ({ value, others }: Most, group: number, strings: readonly string[]): string =>
  value[group] === 0
    ? ''
    : others[group] === 0
      ? strings[value[group]]
      : `${strings[value[group]]} and ${others[group]} other${others[group] > 1 ? 's' : ''}`;
