import { goroutineLabel, stateClass, userLabelKey, type StateClass } from '../../profile/goroutineStates';
import { LabelSetBuilder } from '../../profile/labelSets';
import type { Profile } from '../../profile/profile';
import { emptyHeader } from '../emptyHeader';
import type { DumpReader } from './dump';
import { dumpNotices } from './dumpNotices';
import type { Status } from './header';
import { findMentions } from './mentions';
import { maxRows } from './tables';

const nanosecondsPerMinute = 60e9;

/**
 * The profile of a dump that was read: one sample a goroutine, `goroutine/count` and `wait/nanoseconds`. Go prints whole
 * minutes, so a wait is a multiple of 6e10 and exact in a float64 to 2^64, 584 years.
 */
export function dumpProfile(reader: DumpReader, bytes: Uint8Array): Profile {
  const { rows, statuses, tables } = reader;
  const classes = classesOf(reader);
  for (let row = 0; row < rows.length; row++) {
    if (classes[row] !== 'lock') {
      rows.blockedOn[row] = 0;
    }
  }
  const { mentions, isCut: areMentionsCut } = findMentions(bytes, rows);
  const labels = new DumpLabels(reader, classes, mentions, bytes);
  const count = new Float64Array(rows.length).fill(1);
  const wait = new Float64Array(rows.length);
  const labelSet = new Uint32Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    wait[row] = (statuses[rows.status[row]] as Status).minutes * nanosecondsPerMinute;
    labelSet[row] = labels.setOf(row);
  }

  const { toRows, ...finished } = tables.finish();
  const { label, labelSet: sets } = labels.finish();
  return Object.freeze({
    ...finished,
    ...header,
    comments: [...reader.comments],
    notices: dumpNotices(reader, bytes, areMentionsCut),
    sample: { length: rows.length, values: [count, wait], stack: rows.stack.slice(0, rows.length), labelSet },
    labelSet: sets,
    label: { ...label, key: toRows(label.key), str: toRows(label.str), unit: toRows(label.unit) },
  });
}

const header = {
  ...emptyHeader,
  sampleTypes: [
    { type: 'goroutine', unit: 'count' },
    { type: 'wait', unit: 'nanoseconds' },
  ],
  defaultSampleType: 'goroutine',
  periodType: { type: 'goroutine', unit: 'count' },
  period: 1,
};

/** Label lists of the goroutines of a dump. */
class DumpLabels {
  private readonly labels: LabelSetBuilder;
  private readonly keys: Record<keyof typeof goroutineLabel, number>;
  private readonly minutes: number;
  private readonly yes: number;
  private readonly shared: ReadonlyArray<SharedLabels | undefined>;
  /** The goroutine that the dump ends in, -1 for none. */
  private readonly cut: number;

  constructor(
    private readonly reader: DumpReader,
    private readonly classes: readonly StateClass[],
    private readonly mentions: ReadonlyMap<number, ReadonlySet<number>>,
    bytes: Uint8Array
  ) {
    const { rows, statuses, tables } = reader;
    this.labels = new LabelSetBuilder(Math.ceil(rows.length * 7.5), 10 * maxRows(bytes));
    this.keys = Object.fromEntries(
      Object.entries(goroutineLabel).map(([name, key]) => [name, tables.string(key)])
    ) as typeof this.keys;
    this.minutes = tables.string('minutes');
    this.yes = tables.string('true');
    this.shared = statuses.map((status) => status && sharedLabels(status, reader));
    this.cut = reader.isCut && reader.isCutInside ? rows.length - 1 : -1;
  }

  /** Row of `labelSet` of a goroutine. */
  setOf(row: number): number {
    const { keys, reader } = this;
    const { rows, statuses } = reader;
    const status = statuses[rows.status[row]] as Status;
    const { state, user } = this.shared[rows.status[row]] as SharedLabels;
    this.number(keys.goroutine, rows.id[row]);
    this.text(keys.state, state);
    this.text(keys.stateClass, reader.tables.string(status.leaked ? 'stuck' : this.classes[row]));
    if (status.minutes > 0) {
      this.number(keys.waitMinutes, status.minutes, this.minutes);
    }
    this.addOrigin(row);
    this.addMarks(status);
    this.addStack(row);
    for (const [key, value] of user) {
      this.text(key, value);
    }
    return this.labels.finishSet();
  }

  finish(): ReturnType<LabelSetBuilder['finish']> {
    return this.labels.finish();
  }

  /** Who created it. */
  private addOrigin(row: number): void {
    const { keys, reader } = this;
    const { rows } = reader;
    if (rows.creator[row] !== 0) {
      this.text(keys.creator, rows.creator[row]);
    }
    if (rows.createdAt[row] !== 0) {
      this.text(keys.createdAt, rows.createdAt[row]);
    }
    if (!Number.isNaN(rows.creatorGoroutine[row])) {
      this.number(keys.creatorGoroutine, rows.creatorGoroutine[row]);
    }
    reader.body.ancestors.get(row)?.forEach((id) => this.number(keys.ancestor, id));
  }

  /** Of the header, beside the state. */
  private addMarks({ lockedToThread, leaked, durable, bubble }: Status): void {
    const { keys, yes } = this;
    if (lockedToThread) {
      this.text(keys.lockedToThread, yes);
    }
    if (leaked) {
      this.text(keys.leaked, yes);
    }
    if (durable) {
      this.text(keys.durable, yes);
    }
    if (bubble > 0) {
      this.number(keys.synctestBubble, bubble);
    }
  }

  /** Of its calls, and of the dump that it is in. */
  private addStack(row: number): void {
    const { keys, reader } = this;
    const { rows } = reader;
    if (!Number.isNaN(rows.elided[row])) {
      this.number(keys.elidedFrames, rows.elided[row]);
    }
    if (row === this.cut) {
      this.text(keys.truncated, this.yes);
    }
    if (rows.blockedOn[row] !== 0) {
      this.address(keys.blockedOn, rows.blockedOn[row]);
    }
    this.mentions.get(row)?.forEach((target) => this.address(keys.mentions, target));
    if (reader.counts.dumps > 1) {
      this.number(keys.dump, rows.dump[row]);
    }
  }

  private text(key: number, value: number): void {
    this.labels.add(key, value, 0, 0, false);
  }

  private number(key: number, value: number, unit = 0): void {
    this.labels.add(key, 0, value, unit, true);
  }

  private address(key: number, value: number): void {
    this.text(key, this.reader.tables.string(`0x${value.toString(16)}`));
  }
}

/** The class of each state. Go before 1.20 says semacquire of everything in package sync; the calls say what. */
function classesOf({ rows, statuses, body }: DumpReader): StateClass[] {
  const ofStatus = statuses.map((status) => stateClass(status?.state ?? ''));
  const ofSemaphore = body.semaphoreStates.map(stateClass);
  return Array.from({ length: rows.length }, (_, row) =>
    statuses[rows.status[row]]?.state === 'semacquire' && rows.semaphore[row] !== 0
      ? ofSemaphore[rows.semaphore[row]]
      : ofStatus[rows.status[row]]
  );
}

/** Rows of strings of what all goroutines with one status share. */
interface SharedLabels {
  readonly state: number;
  readonly user: ReadonlyArray<readonly [key: number, value: number]>;
}

function sharedLabels({ state, labels }: Status, { tables }: DumpReader): SharedLabels {
  return {
    state: tables.string(state),
    user: labels.map(([key, value]) => [tables.string(userLabelKey(key)), tables.string(value)]),
  };
}
