import type { Profile } from '../../profile/profile';
import { InputError } from '../../text/notice';
import type { OnProgress } from '../goroutine/goroutine';
import { Blocking, type BlockingOptions } from './blocking';
import { TraceReader } from './reader';

export interface TraceOptions extends BlockingOptions {
  readonly onProgress?: OnProgress;
}

/** How often progress is told, in ms. */
const interval = 100;

/**
 * A Go execution trace as a profile of why goroutines did not run: `contentions/count` and `delay/nanoseconds`, with the labels
 * of `blockingLabel`. With goroutines of the runtime the samples of one `kind` are those of
 * `go tool trace -pprof=KIND`.
 * @throws InputError where it is of a version that we do not read, or nothing of it is whole
 */
export async function decodeTrace(bytes: Uint8Array, { onProgress, ...options }: TraceOptions = {}): Promise<Profile> {
  const reader = new TraceReader(bytes);
  const blocking = new Blocking(reader);
  let count = 0;
  let last = performance.now();
  for (let generation = reader.next(); generation; generation = reader.next()) {
    blocking.add(generation);
    count++;
    const now = performance.now();
    if (now - last >= interval) {
      last = now;
      onProgress?.(generation.batches.end, bytes.length);
      // Where a page decodes on its own thread it stays alive between them.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  if (count === 0) {
    const { error } = reader.fault ?? {};
    const at = error && error.offset >= 0 ? ` (byte ${error.offset} of ${bytes.length})` : '';
    throw new InputError(
      `The execution trace cannot be read: ${error ? error.message : 'it has no events'}${at}. Nothing whole is before that; a process that is killed loses the last second of its trace.`
    );
  }
  return blocking.profile(options);
}
