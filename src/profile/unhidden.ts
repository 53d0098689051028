import type { Profile } from './profile';

/** What a profile was before calls were taken out of its stacks (hide, show), with no more samples than it has. */
export interface Unhidden {
  readonly profile: Profile;
  /** By row of `line`: 1 for those that are left. */
  readonly keep: Uint8Array;
  /** By row of `location`: 1 for those that are gone from stacks, which have no line left. */
  readonly isHidden: Uint8Array;
}

const known = new WeakMap<Profile, Unhidden>();

/** Notes it of a profile that is otherwise the same. A copy of that is not known, and has edited stacks. */
export const noteUnhidden = (hidden: Profile, unhidden: Unhidden): unknown => known.set(hidden, unhidden);

/** Undefined for any other profile, so for one that was filtered since. */
export const unhiddenOf = (profile: Profile): Unhidden | undefined => known.get(profile);
