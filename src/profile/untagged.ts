import type { Profile } from './profile';

/** What a profile was before values of labels became the frames at its roots (tagroot). */
export interface Untagged {
  readonly profile: Profile;
  /** Locations of the frames, rootmost first, as many for each row of `labelSet`; sets that no sample has are missing. */
  readonly rootOfSet: readonly number[][];
}

const known = new WeakMap<Profile, Untagged>();

/** Notes it of a profile whose samples and stacks are otherwise the same. */
export const noteUntagged = (tagged: Profile, untagged: Untagged): unknown => known.set(tagged, untagged);

/** Undefined for any other profile, so for one with tags that was filtered. */
export const untaggedOf = (profile: Profile): Untagged | undefined => known.get(profile);
