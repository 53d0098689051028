import type { Capture } from '../captures/capture';
import { namesIn } from '../text/names';
import { seriesTable } from './seriesTable';
import type { Table } from './table';
import { keyView } from './view';

/**
 * The memory value at capture over time: a table, named by them, per combination of values of the labels in `groupBy`
 * (separated by commas; service and instance where there is none), with one point per event. Where no capture has a value
 * one without rows, which says why.
 *
 * Columns: time, value.
 */
export function seriesTables(captures: readonly Capture[], groupBy: string): readonly Table[] {
  const names = namesIn(groupBy);
  const all = seriesOf(captures, names.length > 0 ? names : ['service', 'instance']);
  return all.length > 0 ? all.map(tableOf) : [noSeries(captures.length > 0)];
}

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** By event: its files share a value. */
  readonly points: Map<string, Capture>;
}

function seriesOf(captures: readonly Capture[], by: readonly string[]): Series[] {
  const all = new Map<string, Series>();
  for (const capture of captures) {
    if (capture.value === undefined) {
      continue;
    }
    const labels = Object.fromEntries(by.map((name) => [name, capture.labels[name] ?? '']));
    const id = JSON.stringify(labels);
    const series = all.get(id) ?? { labels, points: new Map<string, Capture>() };
    all.set(id, series);
    series.points.set(capture.labels.event ?? String(capture.time), capture);
  }
  return [...all.values()];
}

function tableOf({ labels, points }: Series): Table {
  const rows = [...points.values()].sort((a, b) => a.time - b.time);
  return seriesTable(
    labels,
    'bytes',
    rows.map(({ time, value }) => [time, value ?? NaN])
  );
}

const noSeries = (hasCaptures: boolean): Table => ({
  name: 'series',
  length: 0,
  columns: [{ name: 'time', kind: 'time', values: [] }],
  notices: hasCaptures
    ? [{ severity: 'warning', text: 'The key layout has no {value}, so there is no series of values at capture.' }]
    : [],
});

export const seriesView = keyView({
  name: 'series',
  title: 'Series',
  description: 'memory value at capture over time',
  group: 'Over time',
  opens: 'keys',
  base: 'none',
  panel: 'graph',
  fields: ['groupBy'],
  reports: [],
  tables: ({ captures }, { groupBy }) => seriesTables(captures, groupBy),
});
