import { goroutineLabel, type StateClass } from '../../profile/goroutineStates';
import type { LabelSetTable, Profile } from '../../profile/profile';
import { InputError } from '../../text/notice';
import type { Prepared } from '../preparedProfile';

/**
 * A goroutine profile or dump: what a query selects of it, and all of it, where ids, creators and holders are looked for
 * though a filter shows a part.
 */
export interface SelectedGoroutines {
  readonly prepared: Prepared;
  readonly whole: Profile;
}

/** Every class of states, the ones that may be leaks first: the order in which tables and series have them. */
export const stateClasses: readonly StateClass[] = [
  'stuck',
  'lock',
  'channel',
  'select',
  'wait',
  'io',
  'sleep',
  'runtime',
  'run',
  'unknown',
];
/** Grafana's names: red for what never ends, grey for the runtime's own, one colour in every panel. */
export const classColors: Readonly<Record<StateClass, string>> = {
  stuck: 'dark-red',
  lock: 'orange',
  channel: 'blue',
  select: 'purple',
  wait: 'yellow',
  io: 'green',
  sleep: 'light-blue',
  runtime: 'gray',
  run: 'light-green',
  unknown: 'lightgray',
};
const classRow = new Map<string, number>(stateClasses.map((name, row) => [name, row]));
const unknownClass = classRow.get('unknown') as number;

/**
 * The labels of goroutines (profile/goroutineStates.ts) in columns by row of `labelSet`. A dump has a label set for
 * each goroutine, so views read these columns instead of looking for labels again and again.
 */
export interface LabelColumns {
  /** Rows of Profile.strings, 0 for none. */
  readonly state: Uint32Array;
  readonly creator: Uint32Array;
  readonly createdAt: Uint32Array;
  readonly blockedOn: Uint32Array;
  /** Row of `stateClasses`. */
  readonly stateClass: Uint8Array;
  /** Ids; NaN for none. */
  readonly id: Float64Array;
  readonly creatorGoroutine: Float64Array;
  /** Which dump of a file that holds several; 0 for the only one. */
  readonly dump: Float64Array;
  /**
   * Minutes since it blocked, 0 for less than one. NaN where that is not known: in formats without waits, and of a
   * goroutine that the runtime found leaked, for which Go prints none.
   */
  readonly minutes: Float64Array;
  readonly isLeaked: Uint8Array;
  /** Some goroutine has an id, as those of dumps have. */
  readonly hasIds: boolean;
  readonly hasWaits: boolean;
  readonly hasCreators: boolean;
}

/** A filter of samples shares the label sets, and panels of one dashboard ask for the same dump. */
const known = new WeakMap<LabelSetTable, LabelColumns>();

export function labelColumnsOf(profile: Profile): LabelColumns {
  let labelColumns = known.get(profile.labelSet);
  if (!labelColumns) {
    known.set(profile.labelSet, (labelColumns = readLabelColumns(profile)));
  }
  return labelColumns;
}

function readLabelColumns({ labelSet, label, strings }: Profile): LabelColumns {
  const { length } = labelSet;
  const labelColumns = {
    state: new Uint32Array(length),
    creator: new Uint32Array(length),
    createdAt: new Uint32Array(length),
    blockedOn: new Uint32Array(length),
    stateClass: new Uint8Array(length).fill(unknownClass),
    id: new Float64Array(length).fill(NaN),
    creatorGoroutine: new Float64Array(length).fill(NaN),
    dump: new Float64Array(length),
    minutes: new Float64Array(length).fill(NaN),
    isLeaked: new Uint8Array(length),
  };
  const text = (column: Uint32Array) => (set: number, i: number) => {
    column[set] = label.str[i];
  };
  const number = (column: Float64Array) => (set: number, i: number) => {
    column[set] = label.num[i];
  };
  const classOfString = new Map<number, number>();
  const readers: Readonly<Record<string, (set: number, i: number) => void>> = {
    [goroutineLabel.state]: text(labelColumns.state),
    [goroutineLabel.creator]: text(labelColumns.creator),
    [goroutineLabel.createdAt]: text(labelColumns.createdAt),
    [goroutineLabel.blockedOn]: text(labelColumns.blockedOn),
    [goroutineLabel.stateClass](set, i) {
      const row = classOfString.get(label.str[i]) ?? classRow.get(strings[label.str[i]]) ?? unknownClass;
      classOfString.set(label.str[i], row);
      labelColumns.stateClass[set] = row;
    },
    [goroutineLabel.goroutine]: number(labelColumns.id),
    [goroutineLabel.creatorGoroutine]: number(labelColumns.creatorGoroutine),
    [goroutineLabel.dump]: number(labelColumns.dump),
    [goroutineLabel.waitMinutes]: number(labelColumns.minutes),
    [goroutineLabel.leaked](set) {
      labelColumns.isLeaked[set] = 1;
    },
  };
  // By row of strings; only those that are keys are looked at.
  const readerOf = new Array<((set: number, i: number) => void) | undefined>(strings.length);
  for (const key of new Set(label.key)) {
    readerOf[key] = Object.hasOwn(readers, strings[key]) ? readers[strings[key]] : undefined;
  }
  for (let set = 0; set < length; set++) {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      readerOf[label.key[i]]?.(set, i);
    }
    // Formats with ids say how long a goroutine waits, from a minute on.
    if (
      Number.isNaN(labelColumns.minutes[set]) &&
      !Number.isNaN(labelColumns.id[set]) &&
      labelColumns.isLeaked[set] === 0
    ) {
      labelColumns.minutes[set] = 0;
    }
  }
  return {
    ...labelColumns,
    hasIds: labelColumns.id.some((id) => !Number.isNaN(id)),
    hasWaits: labelColumns.minutes.some((minutes) => !Number.isNaN(minutes)),
    hasCreators: labelColumns.creator.some((creator) => creator !== 0),
  };
}

/**
 * The column that counts goroutines.
 * @throws InputError for a profile of something else
 */
export function countsOf({ sampleTypes, sample }: Profile): Float64Array {
  const index = sampleTypes.findIndex(
    ({ type, unit }) => (type === 'goroutine' || type === 'goroutineleak') && unit === 'count'
  );
  if (index < 0) {
    const has = sampleTypes.map(({ type }) => type).join(', ') || 'no sample types';
    throw new InputError(
      `Expected a goroutine profile or dump, but the profile has ${has}. Choose the profile "goroutine".`
    );
  }
  return sample.values[index];
}

/** True for what the runtime's leak detector found (Go 1.26, /debug/pprof/goroutineleak). */
export const isLeakProfile = ({ sampleTypes }: Pick<Profile, 'sampleTypes'>): boolean =>
  sampleTypes.some(({ type }) => type === 'goroutineleak') && !sampleTypes.some(({ type }) => type === 'goroutine');

/** Waits in minutes, each bucket up to the start of the next one; the last is of goroutines whose wait is not known. */
export const waitBuckets: ReadonlyArray<{ readonly name: string; readonly from: number }> = [
  { name: '<1 m', from: 0 },
  { name: '1–5 m', from: 1 },
  { name: '5–30 m', from: 5 },
  { name: '30–60 m', from: 30 },
  { name: '60+ m', from: 60 },
  { name: 'wait unknown', from: NaN },
];

/** Row of `waitBuckets`. */
export function bucketOf(minutes: number): number {
  if (Number.isNaN(minutes)) {
    return waitBuckets.length - 1;
  }
  let bucket = waitBuckets.length - 2;
  while (bucket > 0 && minutes < waitBuckets[bucket].from) {
    bucket--;
  }
  return bucket;
}
