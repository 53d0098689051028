import { sampleIndexByName, type Profile } from '../profile/profile';
import { callTree } from './calltree';
import type { Table } from './table';

export interface TopOptions {
  readonly sampleIndex: string;
}

/**
 * Flat and cumulative value of each function, the largest flat first, as `go tool pprof -top` orders them: by flat, then
 * by name. Percentages are of the whole profile; sum% runs over the flat values above. A recursive function counts a
 * sample once in cum.
 *
 * Columns: function, flat, flat%, sum%, cum, cum%.
 */
export function top(profile: Profile, { sampleIndex }: TopOptions): Table {
  const index = sampleIndexByName(profile, sampleIndex);
  const { type, unit } = profile.sampleTypes[index];
  const tree = callTree(profile, index);
  const count = tree.names.length;
  const flat = new Float64Array(count);
  const cum = new Float64Array(count);
  // A node adds to its function's cum unless a caller of the same name already did. Nodes come after their parents, so
  // the nearest caller of the same name is found by walking up, and most stacks are not recursive.
  for (let i = 1; i < tree.length; i++) {
    flat[tree.name[i]] += tree.flat[i];
    let caller = tree.parent[i];
    while (caller > 0 && tree.name[caller] !== tree.name[i]) {
      caller = tree.parent[caller];
    }
    if (caller <= 0) {
      cum[tree.name[i]] += tree.cum[i];
    }
  }
  const rows = Uint32Array.from(tree.names.keys())
    .filter((name) => flat[name] !== 0 || cum[name] !== 0)
    .sort(
      (a, b) =>
        Math.abs(flat[b]) - Math.abs(flat[a]) ||
        Math.abs(cum[b]) - Math.abs(cum[a]) ||
        (tree.names[a] < tree.names[b] ? -1 : 1)
    );
  const total = profile.sample.values[index].reduce((sum, value) => sum + Math.abs(value), 0);
  const percent = (value: number) => (total === 0 ? 0 : (100 * value) / total);
  let sum = 0;
  const flats = Float64Array.from(rows, (name) => flat[name]);
  const cums = Float64Array.from(rows, (name) => cum[name]);
  return {
    name: type,
    length: rows.length,
    columns: [
      { name: 'function', kind: 'enum', values: rows, text: tree.names },
      { name: 'flat', kind: 'number', values: flats, unit },
      { name: 'flat%', kind: 'number', values: flats.map(percent), unit: 'percent' },
      { name: 'sum%', kind: 'number', values: flats.map((value) => percent((sum += value))), unit: 'percent' },
      { name: 'cum', kind: 'number', values: cums, unit },
      { name: 'cum%', kind: 'number', values: cums.map(percent), unit: 'percent' },
    ],
    notices: [],
  };
}
