import type { Profile } from '../../profile/profile';
import { InputError } from '../../text/notice';
import { progressOf, type OnProgress } from '../progress';
import { Blocking, type BlockingOptions } from './blocking';
import { ExecutionColumns } from './executionColumns';
import { TraceReader } from './reader';
import { TraceStacks } from './stacks';
import { defaultTenantKeys } from './taskContexts';

export interface TraceOptions extends BlockingOptions {
  readonly onProgress?: OnProgress;
}

/**
 * A Go execution trace as a profile of why goroutines did not run: `contentions/count` and `delay/nanoseconds`, with the labels
 * of `blockingLabel`, and `samples/count` where it has samples of the CPU. The samples of one `kind`, system goroutines
 * among them, are those of `go tool trace -pprof=KIND`.
 * @throws InputError where it is of a version that we do not read, or nothing of it is whole
 */
export async function decodeTrace(bytes: Uint8Array, { onProgress, ...options }: TraceOptions = {}): Promise<Profile> {
  const reader = new TraceReader(bytes);
  const stacks = new TraceStacks(bytes);
  const blocking = new Blocking(reader, stacks, options.tenantKeys);
  // Go's own profile is asked for alone.
  const execution = options.kind === undefined ? new ExecutionColumns(reader, stacks) : undefined;
  let count = 0;
  const progress = progressOf(bytes.length, onProgress);
  for (let generation = reader.nextWhole(); generation; generation = reader.nextWhole()) {
    stacks.startGeneration(generation.batches);
    blocking.add(generation);
    execution?.add(generation);
    count++;
    await progress(generation.batches.end);
  }
  if (count === 0) {
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
