import { sampleIndexByName, type Profile } from '../profile/profile';
import { callGraph, frameNames, sortedNodes, totalValue } from './graph';
import type { Table } from './table';

export interface TopOptions {
  readonly sampleIndex: string;
}

/**
 * Flat and cumulative value of each function, as `go tool pprof -top` has them: ordered by flat, then by name.
 * Percentages are of the whole profile; sum% runs over the flat values above.
 *
 * Columns: function, flat, flat%, sum%, cum, cum%.
 */
export function top(profile: Profile, { sampleIndex }: TopOptions): Table {
  const index = sampleIndexByName(profile, sampleIndex);
  const { type, unit } = profile.sampleTypes[index];
  const graph = callGraph(profile, index, frameNames(profile));
  const rows = sortedNodes(graph, 'flat');
  const total = totalValue(profile, index);
  const percent = (value: number) => (total === 0 ? 0 : (100 * value) / total);
  let sum = 0;
  const flats = Float64Array.from(rows, (node) => graph.flat[node]);
  const cums = Float64Array.from(rows, (node) => graph.cum[node]);
  return {
    name: type,
    length: rows.length,
    columns: [
      { name: 'function', kind: 'enum', values: rows, text: graph.names },
      { name: 'flat', kind: 'number', values: flats, unit },
      { name: 'flat%', kind: 'number', values: flats.map(percent), unit: 'percent' },
      { name: 'sum%', kind: 'number', values: flats.map((value) => percent((sum += value))), unit: 'percent' },
      { name: 'cum', kind: 'number', values: cums, unit },
      { name: 'cum%', kind: 'number', values: cums.map(percent), unit: 'percent' },
    ],
    notices: [],
  };
}
