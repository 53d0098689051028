import type { Profile } from '../profile/profile';
import type { Change } from './calltree';
import type { Notice } from '../text/notice';

/** A profile ready for a view: filtered, with what the view's numbers are of. `query/prepare.ts` makes it. */
export interface Prepared {
  readonly profile: Profile;
  /** Row of profile.sampleTypes. */
  readonly index: number;
  /** Name and unit of the sample type; `mean_` in front where values are means. */
  readonly type: string;
  readonly unit: string;
  /** What percentages are of. */
  readonly total: number;
  /** The base of a paired profile: row of its values in sampleTypes, and their total. */
  readonly base?: { readonly index: number; readonly total: number };
  /** Trees of a paired profile have the changes in this direction in place of both sides. */
  readonly change?: Change;
  /** Seconds between the two sides, where changes are asked per second. */
  readonly seconds?: number;
  /** Units of numeric labels by key. */
  readonly labelUnits: ReadonlyMap<string, string>;
  readonly notices: readonly Notice[];
}
