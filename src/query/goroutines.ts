import { isGoroutineProfile } from '../ops/goroutineStates';
import { compilePattern, type Pattern } from '../text/pattern';
import type { Profile } from '../profile/profile';
import { blockers } from '../views/goroutines/blockers';
import { creators } from '../views/goroutines/creators';
import { countsOf, factsOf, type GoroutineSide } from '../views/goroutines/facts';
import { goroutines } from '../views/goroutines/goroutines';
import { GoroutineHistory, type HistoryView } from '../views/goroutines/history';
import type { Prepared } from '../views/preparedProfile';
import type { Table } from '../views/table';
import type { Notice } from '../text/notice';
import type { GoroutineView } from './goroutineOptions';
import { prepare } from './prepare';
import type { Query } from './query';

/** A profile with states: all of it, and what the query selects. */
export interface Selection {
  readonly whole: Profile;
  readonly selected: Profile;
}

/**
 * Views of goroutines. Their two sides are prepared one by one: they are compared by signature and by id, and not sample by
 * sample as the views of values are.
 * @throws InputError for a profile that has no goroutines, or options that cannot be read
 */
export function goroutineTable(
  view: GoroutineView,
  query: Query,
  { now, base, isSameProcess }: { now: Selection; base?: Selection; isSameProcess: boolean }
): Table {
  // Only the tree of creators has values of a sample type; the others count.
  const options = view === 'creators' ? query : { ...query, sampleIndex: '' };
  const sideOf = ({ whole, selected }: Selection): GoroutineSide => {
    countsOf(selected);
    return { prepared: prepare(selected, options), whole };
  };
  const current = sideOf(now);
  const before = base && sideOf(base);
  const table = ((): Table => {
    switch (view) {
      case 'goroutines':
        return goroutines(current, before, query, isSameProcess);
      case 'creators':
        return creators(current, before, query);
      case 'blockers':
        return blockers(current.prepared, now.whole, query);
    }
  })();
  const ofBase = before?.prepared.notices.map((notice) => ({ ...notice, text: `Base: ${notice.text}` })) ?? [];
  const waits = view === 'creators' ? waitNotices(current.prepared) : [];
  return { ...table, notices: [...current.prepared.notices, ...ofBase, ...waits, ...table.notices] };
}

/** What values that are waits leave out. */
export function waitNotices({ profile, index }: Pick<Prepared, 'profile' | 'index'>): Notice[] {
  const { sample, sampleTypes } = profile;
  if (sampleTypes[index]?.type !== 'wait' || !isGoroutineProfile(profile)) {
    return [];
  }
  const { minutes } = factsOf(profile);
  const counts = countsOf(profile);
  const unknown = sample.labelSet.reduce((sum, set, i) => sum + (Number.isNaN(minutes[set]) ? counts[i] : 0), 0);
  const text = `The wait of ${unknown.toLocaleString('en-US')} goroutines is not known and counts as none: Go prints none for those that the runtime found leaked.`;
  return unknown === 0 ? [] : [{ severity: 'warning', text }];
}

/** @throws InputError for a pattern that does not compile */
export const historyOf = (view: HistoryView, query: Query): GoroutineHistory =>
  new GoroutineHistory(view, { ...query, isBenign: benignPattern(query.benign) });

/** @throws InputError naming the line that does not compile */
function benignPattern(text: string): Pattern {
  const patterns = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => compilePattern(`known benign "${line}"`, line));
  return (name) => patterns.some((matches) => matches(name));
}
