import type { Prepared } from './prepared';
import type { Table } from './table';

/**
 * Value of the samples with each label value, keys by name and values by falling size; percentages are of the total,
 * so what a key leaves to 100 % is in samples without it or filtered out. Adds up each distinct label list once.
 *
 * Columns: key, value, total, %.
 */
export function tags({ profile, index, type, unit, total }: Prepared): Table {
  const { sample, labelSet, label, strings } = profile;
  const setTotal = new Float64Array(labelSet.length);
  for (let i = 0; i < sample.length; i++) {
    setTotal[sample.labelSet[i]] += sample.values[index][i];
  }
  const rows = new Map<string, { key: string; value: string; total: number }>();
  for (let set = 0; set < labelSet.length; set++) {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      const key = strings[label.key[i]];
      const value = label.isNumeric[i] ? `${label.num[i]}${strings[label.unit[i]]}` : strings[label.str[i]];
      const id = `${key}\0${value}`;
      const row = rows.get(id) ?? { key, value, total: 0 };
      row.total += setTotal[set];
      rows.set(id, row);
    }
  }
  const sorted = [...rows.values()]
    .filter((row) => row.total !== 0)
    .sort(
      (a, b) =>
        (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) ||
        Math.abs(b.total) - Math.abs(a.total) ||
        (a.value < b.value ? -1 : 1)
    );
  return {
    name: type,
    length: sorted.length,
    columns: [
      { name: 'key', kind: 'string', values: sorted.map((row) => row.key) },
      { name: 'value', kind: 'string', values: sorted.map((row) => row.value) },
      { name: 'total', kind: 'number', values: sorted.map((row) => row.total), unit },
      {
        name: '%',
        kind: 'number',
        values: sorted.map((row) => (total === 0 ? 0 : (100 * row.total) / total)),
        unit: 'percent',
      },
    ],
    notices:
      sorted.length > 0
        ? []
        : [
            {
              severity: 'info',
              text: 'The samples carry no labels. Go writes labels (pprof.Do) into CPU and goroutine profiles, never into heap profiles.',
            },
          ],
  };
}
