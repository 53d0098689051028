import { pathInterner } from '../profile/interner';
import type { Profile, StackTable } from '../profile/profile';
import { keepSamples } from './samples';

/**
 * The profile with its locations, mappings and functions numbered as its samples name them (leaf first), without those
 * that no sample uses and without samples that have no value: the ids that google/pprof's Merge gives and its -raw report
 * prints. The first mapping stays first, since reports name it as the program.
 */
export function compact(all: Profile): Profile {
  const profile = keepSamples(all, (i) => all.sample.values.some((column) => column[i] !== 0));
  const { sample, location, line } = profile;
  const { locations, mappings } = usedRows(profile);
  const lines = locations.rows.flatMap((l) =>
    Array.from({ length: location.lineOffset[l + 1] - location.lineOffset[l] }, (_, k) => location.lineOffset[l] + k)
  );
  const functions = new Renumbering(profile.function.length);
  lines.forEach((k) => line.function[k] >= 0 && functions.take(line.function[k]));
  const { stack, rowOf } = renumberedStacks(profile, locations);
  return Object.freeze({
    ...profile,
    sample: { ...sample, stack: sample.stack.map((row) => rowOf[row]) },
    stack,
    location: pickLocations(profile, locations, mappings),
    line: {
      length: lines.length,
      function: Int32Array.from(lines, (k) => functions.of(line.function[k])),
      line: Float64Array.from(lines, (k) => line.line[k]),
      column: Float64Array.from(lines, (k) => line.column[k]),
    },
    function: pickFunctions(profile, functions.rows),
    mapping: pickMappings(profile, mappings.rows),
  });
}

/** Rows of a table in the order in which they are taken. */
class Renumbering {
  /** Old row of each new one. */
  readonly rows: number[] = [];
  private readonly newRow: Int32Array;

  constructor(length: number) {
    this.newRow = new Int32Array(length).fill(-1);
  }

  /** @returns false for one that was taken before */
  take(row: number): boolean {
    if (this.newRow[row] >= 0) {
      return false;
    }
    this.newRow[row] = this.rows.length;
    this.rows.push(row);
    return true;
  }

  /** New row of an old one, -1 for -1 and for what was not taken. */
  of(row: number): number {
    return row < 0 ? -1 : this.newRow[row];
  }
}

function usedRows({ sample, stack, location, mapping }: Profile) {
  const locations = new Renumbering(location.length);
  const mappings = new Renumbering(mapping.length);
  if (mapping.length > 0) {
    mappings.take(0);
  }
  for (let i = 0; i < sample.length; i++) {
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      if (locations.take(l) && location.mapping[l] >= 0) {
        mappings.take(location.mapping[l]);
      }
    }
  }
  return { locations, mappings };
}

/** @returns with the new row of each old one */
function renumberedStacks({ stack }: Profile, locations: Renumbering): { stack: StackTable; rowOf: Uint32Array } {
  const stacks = pathInterner(stack.length);
  const rowOf = new Uint32Array(stack.length);
  for (let i = 1; i < stack.length; i++) {
    // A stack that no sample ends in or passes may name a location that is gone.
    const l = locations.of(stack.location[i]);
    rowOf[i] = l < 0 ? 0 : stacks.intern(rowOf[stack.parent[i]], l);
  }
  const { length, first: parent, second: location } = stacks.finish();
  return { stack: { length, parent, location }, rowOf };
}

function pickLocations({ location }: Profile, { rows }: Renumbering, mappings: Renumbering): Profile['location'] {
  const lineOffset = new Uint32Array(rows.length + 1);
  rows.forEach((l, i) => {
    lineOffset[i + 1] = lineOffset[i] + location.lineOffset[l + 1] - location.lineOffset[l];
  });
  return {
    length: rows.length,
    address: BigUint64Array.from(rows, (l) => location.address[l]),
    mapping: Int32Array.from(rows, (l) => mappings.of(location.mapping[l])),
    lineOffset,
    isFolded: Uint8Array.from(rows, (l) => location.isFolded[l]),
  };
}

const pickFunctions = ({ function: func }: Profile, rows: readonly number[]): Profile['function'] => ({
  length: rows.length,
  name: Uint32Array.from(rows, (f) => func.name[f]),
  systemName: Uint32Array.from(rows, (f) => func.systemName[f]),
  filename: Uint32Array.from(rows, (f) => func.filename[f]),
  startLine: Float64Array.from(rows, (f) => func.startLine[f]),
});

const pickMappings = ({ mapping }: Profile, rows: readonly number[]): Profile['mapping'] => ({
  length: rows.length,
  start: BigUint64Array.from(rows, (m) => mapping.start[m]),
  limit: BigUint64Array.from(rows, (m) => mapping.limit[m]),
  offset: BigUint64Array.from(rows, (m) => mapping.offset[m]),
  filename: Uint32Array.from(rows, (m) => mapping.filename[m]),
  buildId: Uint32Array.from(rows, (m) => mapping.buildId[m]),
  flags: Uint8Array.from(rows, (m) => mapping.flags[m]),
});
