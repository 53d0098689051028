import { withStates } from '../ops/inferStates';
import { goroutineLabel } from '../profile/goroutineStates';
import type { Profile } from '../profile/profile';
import type { QueryFields } from '../fields/fields';
import type { Matcher } from '../text/selector';

/** Panels of a dashboard ask for the states of one cached profile again and again. */
const known = new WeakMap<Profile, Profile>();
const ownLabels = new Set<string>(Object.values(goroutineLabel));

/**
 * The profile with the labels of goroutines where the query asks for them: by its view (`isOfGoroutines`), by a search, or by naming one in
 * its selector, tagroot, tagleaf, tagfocus or tagignore. Otherwise as it is: what a report prints of a file is what
 * `go tool pprof` prints.
 */
export function withAskedStates(
  profile: Profile,
  {
    search,
    tagRoot,
    tagLeaf,
    tagFocus,
    tagIgnore,
  }: Pick<QueryFields, 'search' | 'tagRoot' | 'tagLeaf' | 'tagFocus' | 'tagIgnore'>,
  matchers: readonly Matcher[],
  isOfGoroutines: boolean
): Profile {
  const names = [
    ...matchers.map(({ name }) => name),
    ...tagRoot.split(','),
    ...tagLeaf.split(','),
    ...[tagFocus, tagIgnore].filter((text) => text.includes('=')).map((text) => text.slice(0, text.indexOf('='))),
  ];
  if (!isOfGoroutines && search === '' && !names.some((name) => ownLabels.has(name))) {
    return profile;
  }
  const labelled = known.get(profile) ?? withStates(profile);
  known.set(profile, labelled);
  return labelled;
}
