import type { Table } from './table';

/** Values over time, named by the labels that tell the series from others. Columns: time, value. @param points Unix ms and value, by rising time */
export const seriesTable = (
  labels: Readonly<Record<string, string>>,
  unit: string,
  points: ReadonlyArray<readonly [time: number, value: number]>
): Table => ({
  name: Object.values(labels).join(' '),
  length: points.length,
  columns: [
    { name: 'time', kind: 'time', values: points.map(([time]) => time) },
    { name: 'value', kind: 'number', unit, labels, values: points.map(([, value]) => value) },
  ],
  notices: [],
});
