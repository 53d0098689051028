import { withStates } from '../ops/goroutineStates';
import { goroutineLabel } from '../profile/goroutine';
import type { Profile } from '../profile/profile';
import type { Query } from './query';
import type { Matcher } from './selector';

/** Panels of a dashboard ask for the states of one cached profile again and again. */
const known = new WeakMap<Profile, Profile>();
const ownLabels = new Set<string>(Object.values(goroutineLabel));

/**
 * The profile with the labels of goroutines where the query names one of them, in its selector, tagroot, tagleaf,
 * tagfocus or tagignore. Otherwise as it is: what a report prints of a file is what `go tool pprof` prints.
 */
export function withAskedStates(
  profile: Profile,
  { tagRoot, tagLeaf, tagFocus, tagIgnore }: Pick<Query, 'tagRoot' | 'tagLeaf' | 'tagFocus' | 'tagIgnore'>,
  matchers: readonly Matcher[]
): Profile {
  const names = [
    ...matchers.map(({ name }) => name),
    ...tagRoot.split(','),
    ...tagLeaf.split(','),
    ...[tagFocus, tagIgnore].filter((text) => text.includes('=')).map((text) => text.slice(0, text.indexOf('='))),
  ];
  if (!names.some((name) => ownLabels.has(name))) {
    return profile;
  }
  const labelled = known.get(profile) ?? withStates(profile);
  known.set(profile, labelled);
  return labelled;
}
