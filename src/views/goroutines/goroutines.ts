import { goroutineLabel } from '../../profile/goroutineStates';
import type { Profile } from '../../profile/profile';
import { columnsOf, namedColumn, percentOf, type Column, type NamedText, type Table } from '../table';
import { counted, grouped, type Notice } from '../../text/notice';
import { labelColumnsOf, waitBuckets, type SelectedGoroutines } from './labelColumns';
import { classText, Groups, mostText, tally, type GroupOptions, type Tally } from './groups';
import { compareIds, type Survivors } from './survivors';
import { callText, stackText } from './signatures';
import { goroutineView } from '../view';

/** Rows of the table; the largest groups or changes stay. */
const maxRows = 1000;
/** Ids that a row names. */
const maxIds = 5;

/** One of the compared profiles, added up. */
interface Grouped {
  readonly profile: Profile;
  readonly group: Uint32Array;
  readonly tally: Tally;
}

/**
 * Groups of goroutines by signature, the largest first; with a base what changed, the largest change first.
 *
 * Columns: signature, a column for each label that is grouped by, count, % (of all), state class, state, min wait, max
 * wait, creator, a count for each bucket of waits that has any, leaked (where the runtime found some), goroutines (the
 * first ids), stack (of one of them). With a base in place of %: delta, change (new, gone, grown, shrunk, same), base, and
 * `still there`: how many of the group the base had too, by id; of a group that is gone, how many have not ended but are in
 * other groups now, or left out by a filter.
 * @param isSameProcess the two are of one process, as far as keys say: only then ids are compared
 */
export function goroutines(
  { prepared: now, whole }: SelectedGoroutines,
  base: SelectedGoroutines | undefined,
  options: GroupOptions,
  isSameProcess: boolean
): Table {
  const groups = new Groups(options);
  const groupOf = groups.ofSamples(now.profile);
  const groupOfBase = base && groups.ofSamples(base.prepared.profile);
  const grouped = (profile: Profile, group: Uint32Array): Grouped => ({
    profile,
    group,
    tally: tally(profile, group, groups.length),
  });
  const current = grouped(now.profile, groupOf);
  const before = base && groupOfBase && grouped(base.prepared.profile, groupOfBase);
  const survivors = base && isSameProcess ? compareIds(whole, base.whole) : undefined;

  const count = (group: number) => current.tally.count[group];
  const baseCount = (group: number) => before?.tally.count[group] ?? 0;
  const delta = (group: number) => (before ? count(group) - baseCount(group) : 0);
  const all = [...Array(groups.length).keys()].filter((group) => count(group) > 0 || baseCount(group) > 0);
  all.sort((a, b) => Math.abs(delta(b)) - Math.abs(delta(a)) || count(b) - count(a) || a - b);
  const rows = all.slice(0, maxRows);
  const hasWaits = rows.some((group) => sideOf({ current, before }, group).tally.maxWait[group] >= 0);
  return {
    name: 'goroutines',
    length: rows.length,
    columns: [
      namedColumn('signature', rows.map(groups.text), { code: groups.codeOf(rows) }),
      ...groups.keys.map((key, k) => columnsOf(rows).text(key, (group) => groups.splitOf(group)[k])),
      ...countColumns(rows, { current, before }, survivors),
      ...stateColumns(rows, { current, before }, hasWaits),
      ...memberColumns(rows, { current, before }),
    ],
    notices: [
      ...(survivors?.notices ?? []),
      ...waitNotice(current.tally, hasWaits),
      ...cutNotice(all.slice(maxRows), count, baseCount),
      ...(groups.keys.length > 0 ? missingKeys(groups.keys, now.profile) : []),
    ],
  };
}

/** The goroutines and what they are compared with. */
interface Sides {
  readonly current: Grouped;
  readonly before: Grouped | undefined;
}

/** Where a group's own columns are from: of one that is gone, the base. */
const sideOf = ({ current, before }: Sides, group: number): Grouped =>
  before && current.tally.count[group] === 0 ? before : current;

/** Reads a column of the tally that a group is in. */
const ofSide = (sides: Sides, read: (tally: Tally) => Float64Array) => (group: number) =>
  read(sideOf(sides, group).tally)[group];

/** How many there are, and how many there were. */
function countColumns(rows: readonly number[], { current, before }: Sides, survivors: Survivors | undefined): Column[] {
  const { number, text } = columnsOf(rows);
  const { count: now, total } = current.tally;
  const count = (group: number) => now[group];
  if (!before) {
    return [number('count', 'count', count), number('%', 'percent', (group) => percentOf(count(group), total))];
  }
  const baseCount = (group: number) => before.tally.count[group];
  const still =
    survivors?.ids && [current, before].map((side) => countOf(survivors.ids ?? new Set(), side, now.length));
  return [
    number('count', 'count', count),
    number('delta', 'count', (group) => count(group) - baseCount(group)),
    text('change', (group) => change(baseCount(group), count(group))),
    number('base', 'count', baseCount),
    ...(still ? [number('still there', 'count', (group) => still[count(group) > 0 ? 0 : 1](group))] : []),
  ];
}

/** What they do, since when, and who started them. */
function stateColumns(rows: readonly number[], sides: Sides, hasWaits: boolean): Column[] {
  const { number, text } = columnsOf(rows);
  const of = (group: number) => sideOf(sides, group);
  const creator = (group: number) => creatorText(of(group).profile, of(group).tally, group);
  const minWait = ofSide(sides, (tally) => tally.minWait);
  const maxWait = ofSide(sides, (tally) => tally.maxWait);
  return [
    text('state class', (group) => classText(of(group).tally.classes, group)),
    text('state', (group) => mostText(of(group).tally.state, group, of(group).profile.strings)),
    ...(hasWaits ? [number('min wait', 'minutes', minWait), number('max wait', 'minutes', maxWait)] : []),
    ...(rows.some((group) => of(group).tally.creator.value[group] !== 0)
      ? [namedColumn('creator', rows.map(creator), { isAside: true })]
      : []),
  ];
}

/** Counts by how long they wait, and some of them. */
function memberColumns(rows: readonly number[], sides: Sides): Column[] {
  const { number, text } = columnsOf(rows);
  /** A column of counts, where there is any. */
  const counts = (name: string, read: (tally: Tally) => Float64Array) => {
    const value = ofSide(sides, read);
    return rows.some((group) => value(group) > 0) ? [number(name, 'count', value)] : [];
  };
  const of = (group: number) => sideOf(sides, group);
  const ids = labelColumnsOf(sides.current.profile).hasIds ? firstIds(rows, of) : undefined;
  return [
    ...waitBuckets.flatMap(({ name }, b) => counts(name, ({ buckets }) => buckets[b])),
    ...counts('leaked', ({ leaked }) => leaked),
    ...(ids ? [text('goroutines', (group) => ids.get(group) ?? '')] : []),
    text('stack', (group) => stackOf(of(group), group), { isLong: true }),
  ];
}

function change(before: number, now: number): string {
  if (before === 0) {
    return 'new';
  }
  return now === 0 ? 'gone' : now === before ? 'same' : now > before ? 'grown' : 'shrunk';
}

/** `main.newServer main.go:96`, `main.newServer main.go:96 and 2 others`. */
export function creatorText({ strings }: Profile, { creator, createdAt }: Tally, group: number): NamedText {
  if (creator.value[group] === 0) {
    return [''];
  }
  const others = mostText(creator, group, strings).slice(strings[creator.value[group]].length);
  return [...callText(strings[creator.value[group]], strings[createdAt[group]]), others];
}

function stackOf({ profile, tally: { first, creator, createdAt } }: Grouped, group: number): string {
  const { strings, sample } = profile;
  const stack = stackText(profile, sample.stack[first[group]]);
  const by = creator.value[group];
  return by === 0 ? stack : `${stack}\ncreated by ${strings[by]} ${strings[createdAt[group]]}`.trimEnd();
}

/** `41, 57, 60, … 12 more` for each of the groups. */
function firstIds(rows: readonly number[], sideOf: (group: number) => Grouped): Map<number, string> {
  const found = new Map<number, { ids: number[]; side: Grouped; all: number }>(
    rows.map((group) => [group, { ids: [], side: sideOf(group), all: 0 }])
  );
  for (const side of new Set(rows.map(sideOf))) {
    const { id } = labelColumnsOf(side.profile);
    for (let i = 0; i < side.group.length; i++) {
      const entry = found.get(side.group[i]);
      const own = id[side.profile.sample.labelSet[i]];
      if (entry?.side === side && !Number.isNaN(own)) {
        entry.all++;
        if (entry.ids.length < maxIds) {
          entry.ids.push(own);
        }
      }
    }
  }
  return new Map(
    [...found].map(([group, { ids, all }]) => {
      const more = all > ids.length ? `, … ${grouped(all - ids.length)} more` : '';
      return [group, ids.join(', ') + more];
    })
  );
}

function countOf(ids: NonNullable<Survivors['ids']>, { profile, group }: Grouped, length: number) {
  const still = new Float64Array(length);
  const { id } = labelColumnsOf(profile);
  for (let i = 0; i < group.length; i++) {
    if (ids.has(id[profile.sample.labelSet[i]])) {
      still[group[i]]++;
    }
  }
  return (row: number) => still[row];
}

/** What the columns of waits leave out. */
function waitNotice({ buckets }: Tally, hasWaits: boolean): Notice[] {
  const unknown = buckets[waitBuckets.length - 1].reduce((sum, n) => sum + n, 0);
  return hasWaits && unknown > 0
    ? [
        {
          severity: 'info',
          text: `Waits that are not known: ${grouped(unknown)}. Go prints none for goroutines that the runtime found leaked; min and max wait leave them out.`,
        },
      ]
    : [];
}

function cutNotice(
  left: readonly number[],
  count: (group: number) => number,
  baseCount: (group: number) => number
): Notice[] {
  if (left.length === 0) {
    return [];
  }
  const sum = (read: (group: number) => number) => left.reduce((all, group) => all + read(group), 0);
  const base = left.some((group) => baseCount(group) > 0) ? ` (${grouped(sum(baseCount))} of the base)` : '';
  return [
    {
      severity: 'info',
      text: `Shown: the ${maxRows} largest groups. ${counted(left.length, 'other')} with ${counted(sum(count), 'goroutine')}${base} are left out; search to see them.`,
    },
  ];
}

/** Labels that are grouped by and that no goroutine has. */
export function missingKeys(keys: readonly string[], { label, strings }: Profile): Notice[] {
  const present = new Set([...new Set(label.key)].map((row) => strings[row]));
  const missing = keys.filter((key) => !present.has(key));
  return missing.length === 0
    ? []
    : [
        {
          severity: 'warning',
          text: `No goroutine has the label ${missing.map((key) => `"${key}"`).join(', ')}. There are ${[...present].filter((key) => key !== goroutineLabel.goroutine).join(', ') || 'no labels'}.`,
        },
      ];
}

export const goroutinesView = goroutineView({
  name: 'goroutines',
  title: 'Goroutines',
  description: 'groups by stack, and what changed since the base',
  group: 'Goroutines',
  opens: 'goroutines',
  base: 'goroutines',
  panel: 'table',
  fields: ['groupBy', 'fullNames'],
  reports: [],
  tables: (now, base, query, isSameProcess) => [goroutines(now, base, query, isSameProcess)],
});
