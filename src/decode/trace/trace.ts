import type { Profile } from '../../profile/profile';
import { InputError } from '../../text/notice';
import { Blocking } from './blocking';
import { TraceReader } from './reader';

export interface TraceOptions {
  /** Count goroutines of the runtime as well, as Go's own profiles of a trace do. Default: no. */
  readonly withSystem?: boolean;
}

/**
 * A Go execution trace as a profile of why goroutines did not run: `contentions/count` and `delay/nanoseconds`, with the labels
 * of `blockingLabel`. With `withSystem` the samples of one `kind` are those of `go tool trace -pprof=KIND`.
 * @throws InputError where it is of a version that we do not read, or nothing of it is whole
 */
export function decodeTrace(bytes: Uint8Array, { withSystem = false }: TraceOptions = {}): Profile {
  const reader = new TraceReader(bytes);
  const blocking = new Blocking(reader);
  let count = 0;
  for (let generation = reader.next(); generation; generation = reader.next()) {
    blocking.add(generation);
    count++;
  }
  if (count === 0) {
    const { error } = reader.fault ?? {};
    const at = error && error.offset >= 0 ? ` (byte ${error.offset} of ${bytes.length})` : '';
    throw new InputError(
      `The execution trace cannot be read: ${error ? error.message : 'it has no events'}${at}. Nothing whole is before that; a process that is killed loses the last second of its trace.`
    );
  }
  return blocking.profile(withSystem);
}
