import { isGoroutineProfile } from '../ops/inferStates';
import { counted, type Notice } from '../text/notice';
import { countsOf, labelColumnsOf } from '../views/goroutines/labelColumns';
import type { Prepared } from '../views/preparedProfile';

/** Where values are waits: of how many goroutines none is known. */
export function waitNotices({ profile, index }: Pick<Prepared, 'profile' | 'index'>): Notice[] {
  if (profile.sampleTypes[index]?.type !== 'wait' || !isGoroutineProfile(profile)) {
    return []; // Samples below tags are made when they are first read.
  }
  const { sample } = profile;
  const { minutes } = labelColumnsOf(profile);
  const counts = countsOf(profile);
  const unknown = sample.labelSet.reduce((sum, set, i) => sum + (Number.isNaN(minutes[set]) ? counts[i] : 0), 0);
  const text = `The wait of ${counted(unknown, 'goroutine')} is not known and counts as none: Go prints none for those that the runtime found leaked.`;
  return unknown === 0 ? [] : [{ severity: 'warning', text }];
}
