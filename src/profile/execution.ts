import type { StackTables } from './stackTables';

/**
 * What a Go execution trace says beside its blocking profile: columns over what goroutines and processors did, in time.
 *
 * Times are ns since the trace's first Sync event, 0 to `duration`, whole numbers. A row is that of another table here, -1 for
 * none. Text columns are rows of `tables.strings`, stacks are rows of `tables.stack`: tables of the profile as it was decoded,
 * which filters do not touch. An "offset" column has a row more than what it is of: row i of it has the rows offset[i] up to
 * offset[i + 1] of the other table.
 *
 * What follows from these columns is computed where it is asked for: sums over goroutines and regions by
 * `goroutineSums.ts`, the mutator's utilisation by `mutatorUtilisation.ts`.
 */
export interface Execution {
  /** ns from the first Sync event to the end of the last whole generation. */
  readonly duration: number;
  /** Unix ms of time 0, with a fraction. Undefined where the trace does not say it: before Go 1.25. */
  readonly startMs: number | undefined;
  /** Stretches of time of which nothing could be read, between parts that could: of a damaged trace, by rising time. */
  readonly losses: ReadonlyArray<{ readonly from: number; readonly to: number }>;
  readonly tables: StackTables;
  /** Keys of logs, regions and tasks whose value is the tenant. */
  readonly tenantKeys: readonly string[];
  /** Texts of Stays.reason. Row 0 is ''. */
  readonly reasons: readonly string[];
  readonly goroutines: Goroutines;
  readonly stays: Stays;
  readonly processors: Processors;
  readonly ranges: Ranges;
  /** Bytes of live heap objects, as the runtime counts them. Not memory of the system. */
  readonly heapLive: Series;
  /** Bytes at which the next collection is due; unknown before the first of the trace. */
  readonly heapGoal: Series;
  readonly gomaxprocs: Series;
  readonly tasks: Tasks;
  readonly regions: Regions;
  readonly logs: Logs;
  /** Only of a trace during which a CPU profile was taken. They have no value: each is one period of that profile (10 ms). */
  readonly cpuSamples: CpuSamples;
}

/** Steps: `value[i]` holds from `time[i]` to `time[i + 1]`. Times increase. */
export interface Series {
  readonly time: Float64Array;
  readonly value: Float64Array;
}

/**
 * In the order in which the trace first names them. cgo gives the id of a goroutine again: each is a row of its own.
 */
export interface Goroutines {
  readonly length: number;
  readonly id: Float64Array;
  /** Row of strings: the function where it began, '' where no stack says it. It says whether it is a system goroutine (`isSystemFunction`). */
  readonly name: Uint32Array;
  /** When it was made; of one that was there before, the Sync event before its first mention. */
  readonly from: Float64Array;
  /**
   * When it ended, or blocked forever; NaN where it goes on at the end of the trace. Where a part of the trace cannot be read,
   * goroutines end with what is before it; those that are there after it are rows of their own.
   */
  readonly to: Float64Array;
  /** 1 where it was there before the trace. */
  readonly wasBefore: Uint8Array;
  /** length + 1 offsets into `stays`. */
  readonly stayOffset: Uint32Array;
}

/** States of a goroutine, with the numbers of Go's trace.GoState; 6 is ours. */
export const StayState = {
  runnable: 2,
  running: 3,
  waiting: 4,
  syscall: 5,
  /** In a system call, after its processor was taken away. */
  syscallBlocked: 6,
} as const;

/**
 * Stretches of time in one state, goroutine by goroutine, of each in the order of time without gaps. A stay ends where the next
 * one of its goroutine begins (`stayEnd`); the last one with the goroutine, or the trace. After a goroutine that blocks forever
 * its last stay is that wait, which begins where the goroutine "ends".
 */
export interface Stays {
  readonly length: number;
  /** Of a goroutine that was there before the trace the first is when it is first mentioned: its state was that from Goroutines.from on. */
  readonly from: Float64Array;
  /** A value of StayState. */
  readonly state: Uint8Array;
  /** Row of Execution.reasons: why it waits, or why it stopped running (`preempted`), '' where the trace does not say. */
  readonly reason: Uint8Array | Uint16Array;
  /**
   * Row of stack, 0 for none: of a stay in waiting or in a system call, and of one that is runnable since it stopped, where that
   * was; of one that was made runnable (`by` >= 0), where the other goroutine did it. Running has none.
   */
  readonly stack: Uint16Array | Uint32Array;
  /**
   * By whom it is in this state, -1 for nobody known. Runnable: row of the goroutine that unblocked or made it. Running and in a
   * system call: row of the processor.
   */
  readonly by: Int16Array | Int32Array;
}

/** In the order in which the trace first names them. One that is not idle runs goroutines, or looks for one. */
export interface Processors {
  readonly length: number;
  /** Its number. */
  readonly id: Int32Array;
  /** length + 1 offsets into `stay`. */
  readonly stayOffset: Uint32Array;
  /** Rows of stays that are running or in a system call on it, in the order of time. */
  readonly stay: Uint32Array;
}

/** Stretches of the runtime's work. */
export const RangeKind = { stopTheWorld: 0, mark: 1, assist: 2, sweep: 3, worker: 4 } as const;

/** Bits: what is not known of a stretch of time. */
export const Open = {
  /** It was there before the trace: `from` is where the trace begins, or says so first. */
  start: 1,
  /** It goes on at the end of the trace, or where a part of it cannot be read: `to` is that. */
  end: 2,
} as const;

/** In the order in which they began. */
export interface Ranges {
  readonly length: number;
  /** A value of RangeKind. */
  readonly kind: Uint8Array;
  /** Row of strings, Go's name: `stop-the-world (GC mark termination)`, `GC mark assist`; of a mark worker its label, `GC (dedicated)`. */
  readonly name: Uint32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** Bits of Open. */
  readonly open: Uint8Array;
  /** The goroutine that does it, of a sweep the one that ran when it began and ended. -1 for a mark phase, which is the process'. */
  readonly goroutine: Int32Array;
  /** Row of the processor where it began, -1 for none. */
  readonly processor: Int32Array;
  /** Of sweeps by `sweep`: row of the next two, else -1. */
  readonly sweep: Int32Array;
  /** Bytes. */
  readonly swept: Float64Array;
  readonly reclaimed: Float64Array;
}

/** In the order in which the trace first names them. One that is only named has the name '' and is open on both sides. */
export interface Tasks {
  readonly length: number;
  /** 0 is what belongs to no task. */
  readonly id: Float64Array;
  readonly name: Uint32Array;
  /** Row of the task that it is part of, -1 where none or not known. */
  readonly parent: Int32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** Bits of Open: 0 where both ends are known, which is what statistics of latency are over. */
  readonly open: Uint8Array;
  /** length + 1 offsets into `goroutine`. */
  readonly goroutineOffset: Uint32Array;
  /** Rows of goroutines that began, ended or logged to it, or have a region of it, in the order in which they came. */
  readonly goroutine: Uint32Array;
}

/**
 * By goroutine, of each in the order of `from`. A goroutine that is made inside of a region belongs to its task: that is a
 * region without name over all of it, unless it is a system goroutine.
 */
export interface Regions {
  readonly length: number;
  readonly goroutine: Uint32Array;
  readonly name: Uint32Array;
  /** Row of tasks. */
  readonly task: Uint32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** Bits of Open. */
  readonly open: Uint8Array;
}

/** In the order of time. */
export interface Logs {
  readonly length: number;
  readonly time: Float64Array;
  /** Row of goroutines. */
  readonly goroutine: Uint32Array;
  /** Row of tasks. */
  readonly task: Uint32Array;
  /** Rows of strings: the category of trace.Log, and its message. */
  readonly key: Uint32Array;
  readonly value: Uint32Array;
}

/** In the order of time. */
export interface CpuSamples {
  readonly length: number;
  readonly time: Float64Array;
  /** Row of goroutines, -1 for none. */
  readonly goroutine: Int32Array;
  readonly stack: Uint32Array;
}

/** Whether a goroutine that began in a function is a system goroutine, one of the runtime itself: Go's IsSystemGoroutine. */
export const isSystemFunction = (name: string): boolean =>
  name === '' || (name !== 'runtime.main' && name.startsWith('runtime.'));

/** When a stay ends, `duration` where the trace does. @param goroutine its row: the one that has this stay */
export function stayEnd({ goroutines, stays, duration }: Execution, goroutine: number, stay: number): number {
  if (stay + 1 < goroutines.stayOffset[goroutine + 1]) {
    return stays.from[stay + 1];
  }
  const end = goroutines.to[goroutine];
  // The wait after which a goroutine is taken for ended.
  return end > stays.from[stay] ? end : duration;
}
