import { InputError, type Notice } from '../text/notice';
import type { Execution } from './execution';
import type { StackTables } from './stackTables';

export { MappingFlag } from './stackTables';
export type { FunctionTable, LineTable, LocationTable, MappingTable, StackTable } from './stackTables';

/**
 * The columnar profile: pprof's own tables (profile.proto) as typed arrays.
 *
 * Every reference is a row index into another table; the ids of the file exist only while it is decoded.
 * A Profile is frozen once built: ops return a new one and share the columns they did not change.
 *
 *   sample ──stack──▶ stack (prefix table) ──location──▶ location ──line range──▶ line ──▶ function
 *          └─labelSet▶ labelSet ──label range──▶ label                └──▶ mapping
 */
export interface Profile extends StackTables {
  readonly sampleTypes: readonly ValueType[];
  /** Name of the sample type the writer prefers, '' where it has none (proto field 14). */
  readonly defaultSampleType: string;
  readonly periodType: ValueType | undefined;
  readonly period: number;
  /** Unix time in ns; above 2^53, hence a bigint. 0n where the file has none. */
  readonly timeNanos: bigint;
  readonly durationNanos: number;
  readonly comments: readonly string[];
  readonly docUrl: string;
  /** Regular expressions of frames the writer wants dropped or kept (proto fields 7 and 8). */
  readonly dropFrames: string;
  readonly keepFrames: string;
  /** What has to be said of how the file was read: what a decoder skipped, what an op inferred. Shown with every view. */
  readonly notices: readonly Notice[];
  /** What the runtime held when a heap profile was written as text (runtime.MemStats); undefined where the file does not say. */
  readonly runtimeMemory?: RuntimeMemory;
  /** What goroutines did in time; only of an execution trace. */
  readonly execution?: Execution;

  readonly sample: SampleTable;
  readonly labelSet: LabelSetTable;
  readonly label: LabelTable;
}

export interface ValueType {
  readonly type: string;
  readonly unit: string;
  /** Of a sample type: the file has values beyond ±2^53, which lost digits here. Nothing may be computed from them. */
  readonly isInexact?: true;
}

/** Values that a process adds up from its start, so that of two captures the earlier one is part of the later. */
export const isCumulative = (type: string): boolean => /^(alloc_objects|alloc_space|contentions|delay)$/.test(type);

/** In bytes. */
export interface RuntimeMemory {
  /** What it holds of the system. */
  readonly goMemory: number;
  /** Heap that is free and not given back. */
  readonly heapIdle: number;
  readonly heapInuse: number;
  readonly stacks: number;
}

/** In the order of the file. `values[t][i]` is exact where the sample type does not say otherwise. */
export interface SampleTable {
  readonly length: number;
  /** One column for each of Profile.sampleTypes. */
  readonly values: readonly Float64Array[];
  /** Row of `stack`: the leaf. 0 is the empty stack. */
  readonly stack: Uint32Array;
  /** Row of `labelSet`. 0 is the empty set. */
  readonly labelSet: Uint32Array;
}

/**
 * Distinct label lists. Samples share them, so a label filter is evaluated once for a set, not once for a sample.
 * Row 0 is the empty set. The order of labels inside a set is the file's.
 */
export interface LabelSetTable {
  readonly length: number;
  /** length + 1 offsets into `label`. */
  readonly labelOffset: Uint32Array;
}

/** One key and value. `key`, `str` and `unit` are rows of Profile.strings. */
export interface LabelTable {
  readonly length: number;
  readonly key: Uint32Array;
  /** The text value; of a numeric label the digits of a number beyond ±2^53, as of the ids of spans, else 0. */
  readonly str: Uint32Array;
  /** The numeric value, beyond ±2^53 the nearest one; meaningful where `isNumeric`. */
  readonly num: Float64Array;
  /** Unit of a numeric label as written, 0 for none. */
  readonly unit: Uint32Array;
  readonly isNumeric: Uint8Array;
}

/** @throws InputError where the values of a sample type lost digits when the file was read */
export function checkExact({ type, isInexact }: ValueType): void {
  if (isInexact) {
    throw new InputError(
      `Values of the sample type "${type}" are beyond ±2^53 and would lose digits. Choose another sample type, or read it with go tool pprof.`
    );
  }
}

/**
 * The sample type a report uses: pprof's rule (profile.SampleIndexByName). `wanted` is a name, a 0-based index, or
 * '' for the default: the profile's default_sample_type, else the last one. An "inuse_" prefix may be left out.
 * @throws InputError naming the types the profile has
 */
export function sampleIndexByName(profile: Pick<Profile, 'sampleTypes' | 'defaultSampleType'>, wanted: string): number {
  const types = profile.sampleTypes;
  if (types.length === 0) {
    throw new InputError('The profile has no sample types.');
  }
  if (wanted === '') {
    const preferred = types.findIndex((t) => t.type === profile.defaultSampleType);
    return profile.defaultSampleType !== '' && preferred >= 0 ? preferred : types.length - 1;
  }
  if (/^[+-]?\d+$/.test(wanted)) {
    const index = Number(wanted);
    if (index < 0 || index >= types.length) {
      throw new InputError(`sample_index ${wanted} is outside the range [0..${types.length - 1}].`);
    }
    return index;
  }
  const bare = wanted.replace(/^inuse_/, '');
  const index = types.findIndex((t) => t.type === wanted || t.type === bare);
  if (index < 0) {
    throw new InputError(`sample_index "${wanted}" must be one of: ${types.map((t) => t.type).join(', ')}.`);
  }
  return index;
}
