/** How an execution trace is looked at. */
export interface TraceOptions {
  /** A row of a table: what is of one function, type or name together, or each by itself. */
  readonly rows: RowChoice;
  /** System goroutines, those of the runtime itself, as well: its collector, sweeper, finalizers. */
  readonly withSystem: boolean;
  /** Id of a goroutine as the trace has it; '' for all. */
  readonly goroutine: string;
  /** Id of a task as the trace has it; '' for all, or the one that took longest where one is shown. */
  readonly task: string;
  /** What a histogram is of. */
  readonly latencyOf: LatencyChoice;
  readonly lanes: LaneChoice;
  /** What counts as the collector's time in a mutator's utilisation: pauses of the whole program for it. */
  readonly withStopTheWorld: boolean;
  /** Its workers that mark in the background. */
  readonly withBackground: boolean;
  /** Goroutines that have to help with marking. */
  readonly withAssist: boolean;
  /** Goroutines that sweep. */
  readonly withSweep: boolean;
  /** The least of any processor, not of all together. */
  readonly perProcessor: boolean;
}

export const rowChoices = ['groups', 'each'] as const;
export type RowChoice = (typeof rowChoices)[number];

/** Tasks from begin to end, regions, pauses of the whole program, and how long goroutines that could run waited for it. */
export const latencyChoices = ['tasks', 'regions', 'stop-the-world', 'scheduler'] as const;
export type LatencyChoice = (typeof latencyChoices)[number];

/** What the lanes of a timeline are. */
export const laneChoices = ['goroutines', 'processors'] as const;
export type LaneChoice = (typeof laneChoices)[number];

export const defaultTraceOptions: TraceOptions = {
  rows: 'groups',
  withSystem: false,
  goroutine: '',
  task: '',
  latencyOf: 'tasks',
  lanes: 'goroutines',
  // As the page of go tool trace begins.
  withStopTheWorld: true,
  withBackground: true,
  withAssist: true,
  withSweep: false,
  perProcessor: false,
};
