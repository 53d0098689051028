export const captureChoices = ['latest', 'first', 'peak', 'merge', 'nearest', 'event'] as const;
export type CaptureChoice = (typeof captureChoices)[number];

/** Which captures of the time range a query opens (choose.ts). */
export interface CaptureFields {
  readonly capture: CaptureChoice;
  /** Event id or object key, for capture 'event'. */
  readonly event: string;
  /** Unix ms or anything Date.parse reads, for capture 'nearest'. Empty: the end of the range. */
  readonly at: string;
}

/**
 * '' for none. previous, first and healthy are of the same instance; yesterday is 24 hours earlier; instance and version
 * are of another one.
 */
export const baseChoices = ['', 'previous', 'first', 'healthy', 'yesterday', 'instance', 'version', 'event'] as const;
export type BaseChoice = (typeof baseChoices)[number];

/** What they are compared with (chooseBase.ts). */
export interface BaseQueryFields {
  readonly base: BaseChoice;
  /** Event id or object key, for base 'event'. */
  readonly baseEvent: string;
  /** Percent of the limit that a healthy capture is below, for base 'healthy'. */
  readonly baseBelow: number;
  /** The other instance, for base 'instance'; '' for any. */
  readonly baseInstance: string;
  /** The other version, for base 'version'; '' for any. */
  readonly baseVersion: string;
}

/** How much of many captures a query opens (sample.ts). 0: no limit of its own. */
export interface LimitFields {
  /** Captures; 0: as the data source has it. Of more a sample is opened. */
  readonly maxCaptures: number;
  /** MiB of objects. Of more a sample is opened. */
  readonly maxMiB: number;
  /** Seconds of reading and merging; then what is merged is shown. */
  readonly maxSeconds: number;
}
