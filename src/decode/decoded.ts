import type { Profile } from '../profile/profile';
import type { OnProgress } from './progress';
import type { TraceWindow } from './trace/window';

/** What decoders return and the worker's cache holds. */
export type Decoded = Profile;

/** How bytes are decoded. */
export interface DecodeOptions {
  readonly onProgress?: OnProgress;
  /** Unpacks gzip: what the platform has, unless it is told of something better. */
  readonly unpack?: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** Of an archive the member that is opened: a selector of `profile` and `member`, e.g. `{profile="heap"}`. */
  readonly member?: string;
  /** Of an execution trace that is too large as a whole the stretch of time that is read. */
  readonly window?: TraceWindow;
  /** Of an execution trace: keys of logs, regions and tasks whose value is the tenant. */
  readonly tenantKeys?: readonly string[];
  /** Awaited between steps of work that block the thread. */
  readonly turn?: () => Promise<void>;
  /** How many layers of packing are around these bytes, and how many of them are archives. */
  readonly layers?: number;
  readonly archives?: number;
}
