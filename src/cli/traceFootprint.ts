import { argCount, Ev } from '../decode/trace/eventTypes';
import { TraceReader } from '../decode/trace/reader';
import { Varints } from '../decode/trace/varints';
import { InputError } from '../text/notice';

/** Names of the records of a trace by Ev's numbers, as Go's tracev2 has them. */
const names: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Ev).map(([name, type]) => [type, goName(name)])
);

function goName(name: string): string {
  const special: Readonly<Record<string, string>> = {
    stwBegin: 'STWBegin',
    stwEnd: 'STWEnd',
    gcActive: 'GCActive',
    gcBegin: 'GCBegin',
    gcEnd: 'GCEnd',
    gcSweepActive: 'GCSweepActive',
    gcSweepBegin: 'GCSweepBegin',
    gcSweepEnd: 'GCSweepEnd',
    gcMarkAssistActive: 'GCMarkAssistActive',
    gcMarkAssistBegin: 'GCMarkAssistBegin',
    gcMarkAssistEnd: 'GCMarkAssistEnd',
    cpuSamples: 'CPUSamples',
    cpuSample: 'CPUSample',
  };
  return special[name] ?? name[0].toUpperCase() + name.slice(1);
}

/** How many numbers a record of the format itself has; timed events have one more than their arguments. */
const numbers: Readonly<Record<number, number>> = {
  [Ev.eventBatch]: 4,
  [Ev.stacks]: 0,
  [Ev.stack]: 2,
  [Ev.strings]: 0,
  [Ev.string]: 1,
  [Ev.cpuSamples]: 0,
  [Ev.cpuSample]: 5,
  [Ev.frequency]: 1,
  [Ev.experimentalBatch]: 4,
  [Ev.sync]: 0,
  [Ev.clockSnapshot]: 4,
  [Ev.endOfGeneration]: 0,
};

/** How many types of records each version has, by the number in the file's header. */
const typeCounts: Readonly<Record<number, number>> = { 22: 45, 23: 50, 25: 52, 26: 137 };

/**
 * What `go tool trace -d=footprint` prints: which records take how many bytes, each number at its shortest. Rows of the same
 * bytes are in the order of their types.
 * @throws InputError where a record cannot be read, or the trace is of a version that we do not read
 */
export function footprintText(bytes: Uint8Array): string {
  const { version } = new TraceReader(bytes);
  const types = typeCounts[version];
  const counts = new Float64Array(256);
  const sizes = new Float64Array(256);
  const varints = new Varints(bytes);
  varints.end = bytes.length;
  for (varints.pos = 16; varints.pos < bytes.length;) {
    const type = bytes[varints.pos];
    const count = numbers[type] ?? argCount[type] + 1;
    if (type >= types || (count === 0 && !(type in numbers))) {
      throw new InputError(`invalid event type: ${type} (byte ${varints.pos} of ${bytes.length})`);
    }
    varints.pos++;
    counts[type]++;
    sizes[type] += 1 + sizeOf(varints, type, count);
  }
  const all = counts.reduce((sum, one) => sum + one, 0);
  const rows = Array.from(counts.keys())
    .sort((a, b) => sizes[b] - sizes[a] || a - b)
    .map((type) => [
      type >= types ? `<unknown (${type})>` : (names[type] ?? ''),
      `${sizes[type]}`,
      percent(sizes[type], bytes.length),
      `${counts[type]}`,
      percent(counts[type], all),
    ]);
  return alignLeft([['Event', 'Bytes', '%', 'Count', '%'], ['-', '-', '-', '-', '-'], ...rows]);
}

/** Bytes of a record's numbers and what it carries. */
function sizeOf(varints: Varints, type: number, count: number): number {
  let size = 0;
  let last = 0;
  const take = (more: number) => {
    for (let i = 0; i < more; i++) {
      last = varints.next();
      size += shortest(last);
    }
  };
  take(count);
  if (type === Ev.stack) {
    take(4 * last);
  } else if (type === Ev.string || type === Ev.experimentalBatch) {
    take(1);
    size += last;
    varints.pos += last;
  }
  return size;
}

/** Bytes of a number, -1 for 2^64-1. */
function shortest(number: number): number {
  if (number < 0) {
    return 10;
  }
  let size = 1;
  for (let rest = number; rest >= 128; rest = Math.floor(rest / 128)) {
    size++;
  }
  return size;
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)}%`;

/** Columns as Go's text/tabwriter aligns them: two spaces between, at least 3 wide, the last one as it is. */
function alignLeft(rows: readonly string[][]): string {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length + 2)));
  return rows
    .map((row) => `${row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]))).join('')}\n`)
    .join('');
}
