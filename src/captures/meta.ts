import { InputError } from '../text/notice';

/** A process's memory at a capture, in bytes; 0 for what is not known. */
export interface MemoryMeta {
  readonly limit: number;
  /** Where the limit is from: cgroup, GOMEMLIMIT, … */
  readonly limitSource: string;
  readonly rss: number;
  /** What the Go runtime holds of the system. */
  readonly goMemory: number;
  /** Heap that is free and not given back. */
  readonly heapIdle: number;
  readonly heapInuse: number;
  readonly stacks: number;
}

/**
 * What of a capture's meta.json the plugin reads (autoprofiler/meta.go). Sizes are in bytes. Other writers may leave
 * anything out, so everything but the memory of the runtime is optional.
 */
export interface CaptureMeta extends MemoryMeta {
  readonly event: string;
  /** Files that the writer said would follow. */
  readonly files: readonly string[];
  /** runtime.Version() of the program, '' where it is not said. */
  readonly goVersion: string;
  /** Unix ms of the capture, and of the last garbage collection before it, of which a heap profile is; 0 where it does not say. */
  readonly time: number;
  readonly lastGC: number;
}

/** Largest meta.json that is read; the auto-profiler's have about 2 KiB. */
const maxBytes = 1024 * 1024;

/** @throws InputError saying what is wrong, for a file that is not such a meta.json */
export function readMeta(bytes: Uint8Array): CaptureMeta {
  if (bytes.length > maxBytes) {
    throw new InputError(`meta.json has ${bytes.length} bytes, at most ${maxBytes} are read.`);
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new InputError(`meta.json is not JSON, perhaps it was not uploaded whole: ${(error as Error).message}`);
  }
  const root = fieldsOf(json, 'meta.json');
  const memory = optional(root.memory, 'memory');
  const memstats = fieldsOf(root.memstats, 'memstats');
  const bytesOf = (fields: Readonly<Record<string, unknown>>, name: string) => numberOf(fields[name], name);
  const files = Array.isArray(root.files) ? root.files.filter((name): name is string => typeof name === 'string') : [];
  return {
    event: typeof root.event === 'string' ? root.event : '',
    files,
    goVersion: goVersionOf(root.runtime),
    time: timeOf(root.time),
    lastGC: timeOf(memstats.last_gc),
    limit: bytesOf(root, 'limit'),
    limitSource: typeof root.limit_source === 'string' ? root.limit_source : '',
    rss: bytesOf(memory, 'rss'),
    goMemory: bytesOf(memory, 'heap') || bytesOf(memstats, 'sys') - bytesOf(memstats, 'heap_released'),
    heapIdle: bytesOf(memstats, 'heap_idle') - bytesOf(memstats, 'heap_released'),
    heapInuse: bytesOf(memstats, 'heap_inuse'),
    stacks: bytesOf(memstats, 'stack_sys'),
  };
}

function fieldsOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw new InputError(`meta.json: expected an object as ${name}, got ${JSON.stringify(value) ?? 'nothing'}.`);
  }
  return value as Record<string, unknown>;
}

function goVersionOf(runtime: unknown): string {
  const version = (runtime as { go_version?: unknown } | null | undefined)?.go_version;
  return typeof version === 'string' ? version : '';
}

/** Unix ms of a time as Go writes it. One that cannot be read is not known: no number is computed from it. */
const timeOf = (value: unknown): number => (typeof value === 'string' && Date.parse(value)) || 0;

const optional = (value: unknown, name: string) => (value === undefined ? {} : fieldsOf(value, name));

function numberOf(value: unknown, name: string): number {
  if (value === undefined) {
    return 0;
  }
  if (typeof value !== 'number' || !(value >= 0)) {
    throw new InputError(`meta.json: expected bytes as ${name}, got ${JSON.stringify(value)}.`);
  }
  return value;
}
