import { scaledLabel } from '../profile/measurement';
import { codeOf } from './code';
import { frameNames, type FrameOptions } from './frameNames';
import type { Prepared } from './preparedProfile';
import { percentOf, type Table } from './table';
import { nodeFields } from '../fields/fields';
import { reportView } from './view';

/**
 * How large the allocations of each call site are: values by call site and by size, sizes between two powers of two.
 * Go writes the size of a block into the numeric label `bytes` of heap and allocs profiles.
 *
 * Columns: function, size, value, %. Call sites by falling value, sizes rising.
 */
export function sizes(prepared: Prepared, options: FrameOptions): Table {
  const { profile, index, type, unit, total, labelUnits } = prepared;
  const { sample, stack, location, labelSet, label, strings } = profile;
  const frames = frameNames(profile, options);
  const sizeUnit = labelUnits.get('bytes') ?? 'bytes';
  /** Exponent of the power of two at or below the size, -1 for none. */
  const bucketOfSet = new Int32Array(labelSet.length).fill(-1);
  for (let set = 0; set < labelSet.length; set++) {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      if (label.isNumeric[i] && strings[label.key[i]] === 'bytes' && label.num[i] >= 1) {
        bucketOfSet[set] = Math.floor(Math.log2(label.num[i]));
      }
    }
  }
  const values = sample.values[index];
  const sites = new Map<number, { total: number; buckets: Map<number, number> }>();
  for (let i = 0; i < sample.length; i++) {
    const bucket = bucketOfSet[sample.labelSet[i]];
    const row = sample.stack[i];
    if (bucket < 0 || row === 0 || values[i] === 0) {
      continue;
    }
    const l = stack.location[row];
    const first = location.lineOffset[l];
    const node = first === location.lineOffset[l + 1] ? frames.location[l] : frames.line[first];
    const site = sites.get(node) ?? { total: 0, buckets: new Map<number, number>() };
    sites.set(node, site);
    site.total += values[i];
    site.buckets.set(bucket, (site.buckets.get(bucket) ?? 0) + values[i]);
  }
  const rows = [...sites]
    .sort(([a, x], [b, y]) => Math.abs(y.total) - Math.abs(x.total) || a - b)
    .flatMap(([node, { buckets }]) =>
      [...buckets].sort(([a], [b]) => a - b).map(([bucket, value]) => ({ node, bucket, value }))
    );
  const nodes = rows.map(({ node }) => node);
  const size = (bucket: number) =>
    `${scaledLabel(2 ** bucket, sizeUnit, 'auto')} to ${scaledLabel(2 ** (bucket + 1), sizeUnit, 'auto')}`;
  return {
    name: type,
    length: rows.length,
    columns: [
      {
        name: 'function',
        kind: 'enum',
        values: rows.map(({ node }) => node),
        text: frames.names,
        named: frames.named,
        fullNames: frames.names,
        code: codeOf(prepared, options, nodes),
      },
      { name: 'size', kind: 'string', values: rows.map(({ bucket }) => size(bucket)) },
      { name: 'value', kind: 'number', values: rows.map(({ value }) => value), unit },
      {
        name: '%',
        kind: 'number',
        values: rows.map(({ value }) => percentOf(value, total)),
        unit: 'percent',
      },
    ],
    notices:
      rows.length > 0
        ? []
        : [
            {
              severity: 'warning',
              text: 'No sample has the numeric label "bytes". Go writes it into heap and allocs profiles: choose one of these.',
            },
          ],
  };
}

export const sizesView = reportView({
  name: 'sizes',
  title: 'Sizes',
  description: 'sizes of allocations by call site',
  group: 'Profile',
  opens: 'profile',
  base: 'subtracted',
  panel: 'table',
  fields: nodeFields,
  reports: [],
  tables: (prepared, query) => [sizes(prepared, query)],
});
