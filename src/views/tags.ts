import { compareText } from './graph';
import { labelText } from '../profile/labels';
import type { Prepared } from './preparedProfile';
import { columnsOf, percentOf, type Table } from './table';
import { reportView } from './view';

/** What the samples with one label key add up to, and those with each of its values. */
export interface TagRows {
  readonly key: string;
  readonly total: number;
  /** By falling size, then by name. */
  readonly values: ReadonlyArray<{ readonly value: string; readonly total: number }>;
}

/**
 * Keys by name (internal/report, printTags). A sample counts once for each value it has. Adds up each distinct label list
 * once.
 * @param unit that numbers are printed in, or auto
 * @param textOf a label's value: samples whose texts are one are one row
 */
export function tagRows(
  { profile, index, labelUnits }: Prepared,
  unit: string,
  textOf = labelText
): readonly TagRows[] {
  const { sample, labelSet, label, strings } = profile;
  const setTotal = new Float64Array(labelSet.length);
  const hasSample = new Uint8Array(labelSet.length);
  for (let i = 0; i < sample.length; i++) {
    setTotal[sample.labelSet[i]] += sample.values[index][i];
    hasSample[sample.labelSet[i]] = 1;
  }
  const keys = new Map<string, { total: number; values: Map<string, number> }>();
  for (let set = 0; set < labelSet.length; set++) {
    for (let i = labelSet.labelOffset[set]; hasSample[set] && i < labelSet.labelOffset[set + 1]; i++) {
      const key = strings[label.key[i]];
      const value = textOf(profile, i, labelUnits, unit);
      const row = keys.get(key) ?? { total: 0, values: new Map<string, number>() };
      keys.set(key, row);
      row.total += setTotal[set];
      row.values.set(value, (row.values.get(value) ?? 0) + setTotal[set]);
    }
  }
  return [...keys]
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, { total, values }]) => ({
      key,
      total,
      values: [...values]
        .sort(([a, x], [b, y]) => Math.abs(y) - Math.abs(x) || compareText(a, b))
        .map(([value, sum]) => ({ value, total: sum })),
    }));
}

/**
 * Value of the samples with each label value (`go tool pprof -tags`); percentages are of the total, so what a key leaves to
 * 100 % is in samples without it or filtered out. Values of 0 are left out.
 *
 * Columns: key, value, total, %.
 */
export function tags(prepared: Prepared, { unit: labelUnit }: { readonly unit: string }): Table {
  const { type, unit, total: whole } = prepared;
  const rows = tagRows(prepared, labelUnit).flatMap(({ key, values }) =>
    values.filter(({ total }) => total !== 0).map((value) => ({ key, ...value }))
  );
  const { number, text } = columnsOf(rows);
  return {
    name: type,
    length: rows.length,
    columns: [
      text('key', ({ key }) => key),
      text('value', ({ value }) => value),
      number('total', unit, ({ total }) => total),
      number('%', 'percent', ({ total }) => percentOf(total, whole)),
    ],
    notices:
      rows.length > 0
        ? []
        : [
            {
              severity: 'info',
              text: 'The samples carry no labels. Go writes labels (pprof.Do) into CPU and goroutine profiles, never into heap profiles.',
            },
          ],
  };
}

export const tagsView = reportView({
  name: 'tags',
  title: 'Tags',
  description: 'value of each label',
  group: 'Profile',
  opens: 'profile',
  base: 'subtracted',
  panel: 'table',
  fields: [],
  reports: ['tags'],
  tables: (prepared, query) => [tags(prepared, query)],
});
