import type { Profile } from '../../profile/profile';
import { InputError, TooLarge } from '../../text/notice';
import { progressOf, type OnProgress } from '../progress';
import { Blocking, type BlockingOptions } from './blocking';
import { ExecutionColumns } from './executionColumns';
import { TraceReader, type EventSink } from './reader';
import { TraceStacks } from './stacks';
import { defaultTenantKeys } from './taskContexts';
import type { TraceWindow } from './window';

export interface TraceOptions extends BlockingOptions {
  readonly onProgress?: OnProgress;
  /** What is read of a trace that is beyond the limits as a whole, from the first generation to the last that has to do with it. */
  readonly window?: TraceWindow;
}

/** How a part of a trace is asked for. */
const narrower =
  'A time range that is shorter opens a part of it: choose an event, drag over a panel, or set the range to the seconds that matter. trace.FlightRecorder keeps the last seconds alone.';

/**
 * A Go execution trace as a profile of why goroutines did not run: `contentions/count` and `delay/nanoseconds`, with the labels
 * of `blockingLabel`, and `samples/count` where it has samples of the CPU. The samples of one `kind`, system goroutines
 * among them, are those of `go tool trace -pprof=KIND`.
 * @throws InputError where it is of a version that we do not read, or nothing of it is whole
 * @throws TooLarge where it, or its window, is beyond the limits
 */
export async function decodeTrace(bytes: Uint8Array, options: TraceOptions = {}): Promise<Profile> {
  const { window, ...rest } = options;
  try {
    return await decodeWindow(bytes, rest);
  } catch (error) {
    if (!(error instanceof TooLarge)) {
      throw error;
    }
    if (!window) {
      throw new TooLarge(error.what, narrower);
    }
  }
  return decodeWindow(bytes, options).catch((error) => {
    throw error instanceof TooLarge ? new TooLarge(`of the time range ${error.what}`, narrower) : error;
  });
}

async function decodeWindow(bytes: Uint8Array, options: TraceOptions): Promise<Profile> {
  const progress = progressOf(bytes.length, options.onProgress);
  const profile = (await read(bytes, false, options, progress)) ?? (await read(bytes, true, options, progress));
  return profile as Profile;
}

/**
 * Reads a trace as it is ordered, or generation by generation, which takes more memory; undefined where it has to be the latter: a
 * generation is damaged after events of it were taken.
 */
async function read(
  bytes: Uint8Array,
  byGeneration: boolean,
  options: TraceOptions,
  progress: (done: number) => Promise<void>
): Promise<Profile | undefined> {
  const sinks: EventSink[] = [];
  const sink: EventSink = {
    startGeneration: (generation) => sinks.forEach((one) => one.startGeneration(generation)),
    take: (events) => sinks.forEach((one) => one.take(events)),
  };
  const reader = new TraceReader(bytes, byGeneration ? undefined : sink, options.window);
  const stacks = new TraceStacks(bytes);
  const blocking = new Blocking(reader, stacks, options.tenantKeys);
  // Go's own profile is asked for alone.
  const execution = options.kind === undefined ? new ExecutionColumns(reader, stacks) : undefined;
  sinks.push(stacks, blocking, ...(execution ? [execution] : []));
  let isEmpty = true;
  for (let generation = reader.nextWhole(); generation; generation = reader.nextWhole()) {
    if (byGeneration) {
      sink.startGeneration(generation);
      sink.take(generation.events);
    }
    isEmpty = false;
    await progress(generation.batches.end);
  }
  if (reader.isTorn) {
    return undefined;
  }
  if (isEmpty) {
    const [{ error } = { error: undefined }] = reader.lost();
    const at = error && error.offset >= 0 ? ` (byte ${error.offset} of ${bytes.length})` : '';
    throw new InputError(
      `The execution trace cannot be read: ${error ? error.message : 'it has no events'}${at}. Nothing whole is before that; a process that is killed loses the last second of its trace.`
    );
  }
  const profile = blocking.profile(options);
  return execution
    ? Object.freeze({ ...profile, execution: execution.finish(profile, options.tenantKeys ?? defaultTenantKeys) })
    : profile;
}
