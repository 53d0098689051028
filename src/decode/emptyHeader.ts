import type { Profile } from '../profile/profile';

/** What only profile.proto says beside its tables and types: texts and traces have none of it, or some. */
export const emptyHeader = {
  defaultSampleType: '',
  timeNanos: 0n,
  durationNanos: 0,
  comments: [],
  docUrl: '',
  dropFrames: '',
  keepFrames: '',
} satisfies Partial<Profile>;
