import { goroutineLabel } from '../../profile/goroutineStates';
import type { Profile } from '../../profile/profile';
import type { Prepared } from '../preparedProfile';
import { columnsOf, fullText, namedColumn, type NamedText, type Table } from '../table';
import { grouped, type Notice } from '../../text/notice';
import { labelColumnsOf } from './labelColumns';
import { Signatures, type SignatureOptions } from './signatures';
import { goroutineView } from '../view';

/** Rows of the table; the addresses that most wait for stay. */
const maxRows = 200;
/** Candidates that a row names. */
const maxNamed = 5;

/** One address that goroutines wait for. */
interface Blocked {
  readonly address: string;
  readonly waiting: number[];
  /** Samples that have the address, or that of the object it is in, as an argument, and do not wait for it. */
  readonly candidates: number[];
}

/**
 * Who probably holds what others wait for: goroutines that are blocked on one address, and those that have it as an
 * argument of one of their calls. Of these the ones that wait for no lock themselves are the likelier holders; the label
 * `mentions` says how little that is (profile/goroutineStates.ts).
 *
 * Columns: signature (of most that wait), waiting, probable holder (id; several where nothing tells them apart), holder
 * signature, max wait, holder wait, holder waits for, state, holder state, min wait, blocked on, why. By falling number of
 * goroutines that wait.
 * @param whole the dump that the profile is of: a holder need not be among what was selected
 */
export function blockers({ profile }: Prepared, whole: Profile, options: SignatureOptions): Table {
  const signatures = new Signatures(options);
  const labelColumns = labelColumnsOf(profile);
  const wholeLabelColumns = labelColumnsOf(whole);
  const { signature } = signatures.ofStacks(profile);
  const { signature: wholeSignature } = signatures.ofStacks(whole);
  const setOf = (i: number) => profile.sample.labelSet[i];
  const wholeSet = (i: number) => whole.sample.labelSet[i];
  const isBlocked = (i: number) => wholeLabelColumns.blockedOn[wholeSet(i)] !== 0;
  const all = blockedOf(profile, whole)
    .sort((a, b) => b.waiting.length - a.waiting.length || (a.address < b.address ? -1 : 1))
    .map((lock) => ({ ...lock, ...probable(lock.candidates, isBlocked) }));
  const rows = all.slice(0, maxRows);
  type Lock = (typeof rows)[number];

  const { number, text } = columnsOf(rows);
  const extremeWait =
    (of: (a: number, b: number) => number) =>
    ({ waiting }: Lock) => {
      const waits = waiting.map((i) => labelColumns.minutes[setOf(i)]).filter((m) => m >= 0);
      return waits.length === 0 ? NaN : waits.reduce((a, b) => of(a, b));
    };
  /** What the only probable holder has; nothing is said of several. */
  const ofHolder =
    <T>(none: T, read: (i: number) => T) =>
    ({ holders }: Lock): T =>
      holders.length === 1 ? read(holders[0]) : none;
  const holderWaitsFor = ofHolder('', (i) => whole.strings[wholeLabelColumns.blockedOn[wholeSet(i)]]);
  const holderId = ofHolder(NaN, (i) => wholeLabelColumns.id[wholeSet(i)]);
  const signaturesOf = ({ waiting }: Lock) => waiting.map((i) => signature[profile.sample.stack[i]]);
  const texts = rows.map((lock) => mostNamed(signaturesOf(lock).map((one) => signatures.text(one))));
  /** Of the waiting goroutines' signatures one that reads as the row does. */
  const codeOfRow = (lock: Lock, row: number) => {
    const shown = fullText(texts[row]);
    return signatures.code(signaturesOf(lock).find((one) => fullText(signatures.text(one)) === shown) ?? 0);
  };
  return {
    name: 'blockers',
    length: rows.length,
    columns: [
      namedColumn('signature', texts, { code: options.withCode ? rows.map(codeOfRow) : undefined }),
      number('waiting', 'count', ({ waiting }) => waiting.length),
      text('probable holder', ({ holders }) => named(holders.map((i) => wholeLabelColumns.id[wholeSet(i)]))),
      namedColumn(
        'holder signature',
        rows.map(ofHolder<NamedText>([''], (i) => signatures.text(wholeSignature[whole.sample.stack[i]]))),
        { isAside: true }
      ),
      number('max wait', 'minutes', extremeWait(Math.max)),
      number(
        'holder wait',
        'minutes',
        ofHolder(NaN, (i) => wholeLabelColumns.minutes[wholeSet(i)])
      ),
      text('holder waits for', holderWaitsFor),
      text('state', ({ waiting }) => most(waiting.map((i) => profile.strings[labelColumns.state[setOf(i)]]))),
      text(
        'holder state',
        ofHolder('', (i) => whole.strings[wholeLabelColumns.state[wholeSet(i)]])
      ),
      number('min wait', 'minutes', extremeWait(Math.min)),
      text('blocked on', ({ address }) => address),
      text('why', ({ why }) => why),
    ],
    notices: [
      ...(all.length > 0 ? [heuristic] : [nothingBlocked(labelColumns.hasIds)]),
      ...deadlocks(all.map((lock) => ({ address: lock.address, holder: holderId(lock), next: holderWaitsFor(lock) }))),
      ...cutNotice(all.length),
    ],
  };
}

/** @param count of addresses that goroutines wait for */
function cutNotice(count: number): Notice[] {
  const text = `Shown: the ${maxRows} addresses that most goroutines wait for, of ${grouped(count)}.`;
  return count > maxRows ? [{ severity: 'info', text }] : [];
}

const heuristic: Notice = {
  severity: 'warning',
  text:
    'Heuristic: a probable holder is a goroutine that has the address of the lock, or of the object it is in, as an argument ' +
    'of one of its calls. Arguments may be stale, and whoever holds a lock need not have it as an argument.',
};

const nothingBlocked = (isDump: boolean): Notice => ({
  severity: 'info',
  text: isDump
    ? 'No goroutine waits for a lock whose address its calls say.'
    : 'This format does not say what a goroutine waits for. A dump with debug=2 does.',
});

/** What goroutines of the profile wait for, with the candidates of the whole dump. */
function blockedOf(profile: Profile, whole: Profile): Blocked[] {
  const labelColumns = labelColumnsOf(profile);
  const blocked = new Map<string, Blocked>();
  profile.sample.labelSet.forEach((set, i) => {
    if (labelColumns.blockedOn[set] !== 0) {
      const address = profile.strings[labelColumns.blockedOn[set]];
      const row = blocked.get(address) ?? { address, waiting: [], candidates: [] };
      row.waiting.push(i);
      blocked.set(address, row);
    }
  });
  if (blocked.size === 0) {
    return [];
  }
  const { sample, labelSet, label, strings } = whole;
  const { blockedOn } = labelColumnsOf(whole);
  const mentions = strings.indexOf(goroutineLabel.mentions);
  sample.labelSet.forEach((set, i) => {
    for (let k = labelSet.labelOffset[set]; k < labelSet.labelOffset[set + 1]; k++) {
      if (label.key[k] === mentions && blockedOn[set] !== label.str[k]) {
        blocked.get(strings[label.str[k]])?.candidates.push(i);
      }
    }
  });
  return [...blocked.values()];
}

/** The likeliest of the candidates. */
function probable(
  candidates: readonly number[],
  isBlocked: (i: number) => boolean
): { holders: number[]; why: string } {
  const free = candidates.filter((i) => !isBlocked(i));
  const n = grouped(candidates.length);
  if (candidates.length === 0) {
    return { holders: [], why: 'no other goroutine has the address as an argument' };
  }
  if (candidates.length === 1) {
    return {
      holders: [...candidates],
      why: `the only goroutine that has the address${free.length === 0 ? '; it waits for a lock itself' : ''}`,
    };
  }
  if (free.length === 1) {
    return { holders: free, why: `the only one of ${n} with the address that waits for no lock` };
  }
  return free.length === 0
    ? { holders: [...candidates], why: `one of ${n} with the address; all of them wait for locks` }
    : { holders: free, why: `one of ${grouped(free.length)} with the address that wait for no lock` };
}

function named(ids: readonly number[]): string {
  const shown = ids.slice(0, maxNamed).join(', ');
  const more = ids.length - maxNamed;
  return more > 0 ? `${shown}, … ${grouped(more)} more` : shown;
}

/** The text that most have. */
function most(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  texts.forEach((text) => counts.set(text, (counts.get(text) ?? 0) + 1));
  return [...counts].reduce((best, next) => (next[1] > best[1] ? next : best), ['', 0])[0];
}

/** The signature that most have. */
function mostNamed(all: readonly NamedText[]): NamedText {
  const byText = new Map(all.map((one) => [fullText(one), one]));
  return byText.get(most(all.map(fullText))) ?? [''];
}

/** Probable holders that wait for each other. */
function deadlocks(
  locks: ReadonlyArray<{ readonly address: string; readonly holder: number; readonly next: string }>
): Notice[] {
  const byAddress = new Map(locks.map((lock) => [lock.address, lock]));
  const done = new Set<string>();
  const cycles: string[] = [];
  for (const { address } of locks) {
    const path: string[] = [];
    let at = byAddress.get(address);
    while (at && !done.has(at.address)) {
      done.add(at.address);
      path.push(at.address);
      at = byAddress.get(at.next);
    }
    const start = at ? path.indexOf(at.address) : -1;
    if (start >= 0) {
      cycles.push(
        path
          .slice(start)
          .map((lock) => `goroutine ${byAddress.get(lock)?.holder} holds ${lock}`)
          .join(', ')
      );
    }
  }
  return cycles.length === 0
    ? []
    : [
        {
          severity: 'warning',
          text: `Possible deadlock: each probable holder waits for the lock of the next one, in a circle: ${cycles.slice(0, 3).join('; ')}.`,
        },
      ];
}

export const blockersView = goroutineView({
  name: 'blockers',
  title: 'Blockers',
  description: 'who probably holds the lock that others wait for',
  group: 'Goroutines',
  opens: 'goroutines',
  base: 'none',
  panel: 'table',
  fields: ['fullNames'],
  reports: [],
  tables: (now, _, query) => [blockers(now.prepared, now.whole, query)],
});
