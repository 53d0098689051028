import type { Profile } from '../profile/profile';

/** What decoders return and the worker's cache holds. A second kind of it, an execution trace, becomes a member here. */
export type Decoded = Profile;
