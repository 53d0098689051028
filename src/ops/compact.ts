import { pathInterner } from '../profile/interner';
import type { Profile } from '../profile/profile';
import { keepSamples } from './samples';

/**
 * The profile with its locations, mappings and functions numbered as its samples name them (leaf first), without those
 * that no sample uses and without samples that have no value: the ids that google/pprof's Merge gives and its -raw report
 * prints. The first mapping stays first, since reports name it as the program.
 */
export function compact(all: Profile): Profile {
  const profile = keepSamples(all, (i) => all.sample.values.some((column) => column[i] !== 0));
  const { sample, stack, location, line, mapping, function: func } = profile;
  const locations: number[] = [];
  const locationRow = new Int32Array(location.length).fill(-1);
  const mappings = mapping.length > 0 ? [0] : [];
  const mappingRow = new Int32Array(mapping.length).fill(-1);
  mappingRow.fill(0, 0, 1);
  for (let i = 0; i < sample.length; i++) {
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      if (locationRow[l] >= 0) {
        continue;
      }
      locationRow[l] = locations.length;
      locations.push(l);
      const m = location.mapping[l];
      if (m >= 0 && mappingRow[m] < 0) {
        mappingRow[m] = mappings.length;
        mappings.push(m);
      }
    }
  }

  const lines = locations.flatMap((l) =>
    Array.from({ length: location.lineOffset[l + 1] - location.lineOffset[l] }, (_, k) => location.lineOffset[l] + k)
  );
  const functions = [...new Set(lines.map((k) => line.function[k]).filter((f) => f >= 0))];
  const functionRow = new Int32Array(func.length).fill(-1);
  functions.forEach((f, i) => (functionRow[f] = i));
  const lineOffset = new Uint32Array(locations.length + 1);
  locations.forEach((l, i) => {
    lineOffset[i + 1] = lineOffset[i] + location.lineOffset[l + 1] - location.lineOffset[l];
  });
  const stacks = pathInterner(stack.length);
  const stackRow = new Uint32Array(stack.length);
  for (let i = 1; i < stack.length; i++) {
    // A stack that no sample ends in or passes may name a location that is gone.
    const l = locationRow[stack.location[i]];
    stackRow[i] = l < 0 ? 0 : stacks.intern(stackRow[stack.parent[i]], l);
  }
  const rows = stacks.finish();
  return Object.freeze({
    ...profile,
    sample: { ...sample, stack: sample.stack.map((row) => stackRow[row]) },
    stack: { length: rows.length, parent: rows.first, location: rows.second },
    location: {
      length: locations.length,
      address: BigUint64Array.from(locations, (l) => location.address[l]),
      mapping: Int32Array.from(locations, (l) => (location.mapping[l] < 0 ? -1 : mappingRow[location.mapping[l]])),
      lineOffset,
      isFolded: Uint8Array.from(locations, (l) => location.isFolded[l]),
    },
    line: {
      length: lines.length,
      function: Int32Array.from(lines, (k) => (line.function[k] < 0 ? -1 : functionRow[line.function[k]])),
      line: Float64Array.from(lines, (k) => line.line[k]),
      column: Float64Array.from(lines, (k) => line.column[k]),
    },
    function: {
      length: functions.length,
      name: Uint32Array.from(functions, (f) => func.name[f]),
      systemName: Uint32Array.from(functions, (f) => func.systemName[f]),
      filename: Uint32Array.from(functions, (f) => func.filename[f]),
      startLine: Float64Array.from(functions, (f) => func.startLine[f]),
    },
    mapping: {
      length: mappings.length,
      start: BigUint64Array.from(mappings, (m) => mapping.start[m]),
      limit: BigUint64Array.from(mappings, (m) => mapping.limit[m]),
      offset: BigUint64Array.from(mappings, (m) => mapping.offset[m]),
      filename: Uint32Array.from(mappings, (m) => mapping.filename[m]),
      buildId: Uint32Array.from(mappings, (m) => mapping.buildId[m]),
      flags: Uint8Array.from(mappings, (m) => mapping.flags[m]),
    },
  });
}
