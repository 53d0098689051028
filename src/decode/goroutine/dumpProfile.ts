import { goroutineLabel, stateClass, userLabelKey, type StateClass } from '../../profile/goroutine';
import { LabelSetBuilder } from '../../profile/labelSets';
import type { Profile } from '../../profile/profile';
import type { Notice } from '../../text/notice';
import { renamedLabels } from './count';
import { DumpReader, maxDump } from './dump';
import { maxLabels, type Status } from './header';
import { findMentions } from './mentions';

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

  const labels = new LabelSetBuilder(Math.ceil(rows.length * 7.5));
  const keys = Object.fromEntries(
    Object.entries(goroutineLabel).map(([name, key]) => [name, tables.string(key)])
  ) as Record<keyof typeof goroutineLabel, number>;
  const minutes = tables.string('minutes');
  const yes = tables.string('true');
  const text = (key: number, value: number) => labels.add(key, value, 0, 0, false);
  const number = (key: number, value: number, unit = 0) => labels.add(key, 0, value, unit, true);
  const address = (key: number, value: number) => text(key, tables.string(`0x${value.toString(16)}`));
  const shared = statuses.map((status) => status && sharedLabels(status, reader));
  const cut = reader.isCut && reader.isCutInside ? rows.length - 1 : -1;

  const count = new Float64Array(rows.length).fill(1);
  const wait = new Float64Array(rows.length);
  const labelSet = new Uint32Array(rows.length);
  for (let row = 0; row < rows.length; row++) {
    const status = statuses[rows.status[row]] as Status;
    const { state, user } = shared[rows.status[row]] as SharedLabels;
    wait[row] = status.minutes * nanosecondsPerMinute;
    number(keys.goroutine, rows.id[row]);
    text(keys.state, state);
    text(keys.stateClass, tables.string(status.leaked ? 'stuck' : classes[row]));
    if (status.minutes > 0) {
      number(keys.waitMinutes, status.minutes, minutes);
    }
    if (rows.creator[row] !== 0) {
      text(keys.creator, rows.creator[row]);
    }
    if (rows.createdAt[row] !== 0) {
      text(keys.createdAt, rows.createdAt[row]);
    }
    if (!Number.isNaN(rows.creatorGoroutine[row])) {
      number(keys.creatorGoroutine, rows.creatorGoroutine[row]);
    }
    reader.body.ancestors.get(row)?.forEach((id) => number(keys.ancestor, id));
    if (status.lockedToThread) {
      text(keys.lockedToThread, yes);
    }
    if (status.leaked) {
      text(keys.leaked, yes);
    }
    if (status.durable) {
      text(keys.durable, yes);
    }
    if (status.bubble > 0) {
      number(keys.synctestBubble, status.bubble);
    }
    if (!Number.isNaN(rows.elided[row])) {
      number(keys.elidedFrames, rows.elided[row]);
    }
    if (row === cut) {
      text(keys.truncated, yes);
    }
    if (rows.blockedOn[row] !== 0) {
      address(keys.blockedOn, rows.blockedOn[row]);
    }
    mentions.get(row)?.forEach((target) => address(keys.mentions, target));
    if (reader.counts.dumps > 1) {
      number(keys.dump, rows.dump[row]);
    }
    for (const [key, value] of user) {
      text(key, value);
    }
    labelSet[row] = labels.finishSet();
  }

  const { toRows, ...finished } = tables.finish();
  const { label, labelSet: sets } = labels.finish();
  return Object.freeze({
    ...finished,
    sampleTypes: [
      { type: 'goroutine', unit: 'count' },
      { type: 'wait', unit: 'nanoseconds' },
    ],
    defaultSampleType: 'goroutine',
    periodType: { type: 'goroutine', unit: 'count' },
    period: 1,
    timeNanos: 0n,
    durationNanos: 0,
    comments: [...reader.comments],
    docUrl: '',
    dropFrames: '',
    keepFrames: '',
    notices: noticesOf(reader, bytes, areMentionsCut),
    sample: { length: rows.length, values: [count, wait], stack: rows.stack.slice(0, rows.length), labelSet },
    labelSet: sets,
    label: { ...label, key: toRows(label.key), str: toRows(label.str), unit: toRows(label.unit) },
  });
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

function noticesOf(reader: DumpReader, bytes: Uint8Array, areMentionsCut: boolean): Notice[] {
  const { counts, rows, statuses, firstSkipped } = reader;
  const notices: Notice[] = [];
  const warn = (text: string) => notices.push({ severity: 'warning', text });
  const inform = (text: string) => notices.push({ severity: 'info', text });
  const n = (value: number) => value.toLocaleString('en-US');
  if (firstSkipped) {
    warn(
      `${n(counts.skipped)} of ${n(counts.headers)} goroutines could not be read; the first at line ` +
        `${n(firstSkipped.line)}: ${firstSkipped.text}`
    );
  }
  if (bytes.length === maxDump) {
    warn(
      `The dump is cut off at 64 MiB, the most that Go writes with debug=2: ${n(rows.length)} goroutines are in it, ` +
        'the others are missing. A capture with debug=0 has all of them, without their states.'
    );
  } else if (reader.isCut) {
    warn(
      reader.isCutInside
        ? `The dump ends inside goroutine ${rows.id[rows.length - 1]}: what came after it is missing.`
        : 'The dump ends in the middle of a line: what came after it is missing.'
    );
  }
  if (counts.dumps > 1) {
    warn(
      `The file holds ${n(counts.dumps)} dumps, and counts are of all of them. The label dump tells them apart: ` +
        `dump="${counts.dumps}" is the last.`
    );
  }
  if (counts.orphans > 0) {
    warn(`Lines that look like calls but belong to no goroutine are left out: ${n(counts.orphans)}.`);
  }
  if (counts.repeated > 0) {
    inform(`Goroutines that are printed again for their threads, and count once: ${n(counts.repeated)}.`);
  }
  if (reader.body.ancestors.size > 0) {
    inform('The label ancestor has the ids of ancestors (tracebackancestors); their stacks are left out.');
  }
  const leftOut = rows.status
    .subarray(0, rows.length)
    .reduce((n, status) => n + (statuses[status]?.labelsLeftOut ? 1 : 0), 0);
  if (leftOut > 0) {
    warn(`Goroutines with more than ${maxLabels} labels, of which the others are left out: ${n(leftOut)}.`);
  }
  if (areMentionsCut) {
    warn('Holders of locks were looked for in a part of the dump: too many arguments are near locks.');
  }
  const unknown = new Set(statuses.flatMap((status) => status?.unknown ?? []));
  if (unknown.size > 0) {
    inform(`Headers say what no version of Go is known to print: ${[...unknown].slice(0, 5).join(', ')}.`);
  }
  const renamed = new Set(statuses.flatMap((status) => status?.labels.map(([key]) => key) ?? []));
  const clashes = [...renamed].filter((key) => userLabelKey(key) !== key);
  if (clashes.length > 0) {
    inform(renamedLabels(clashes.map(userLabelKey)));
  }
  return notices;
}
