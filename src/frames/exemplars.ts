import { createDataFrame, DataTopic, type DataFrame, type DataLink } from '@grafana/data';
import type { Notice } from '../text/notice';
import type { Table } from '../views/table';
import { fieldOf } from './frames';
import { selectorField } from './links';

export interface ExemplarOptions {
  readonly refId: string;
  readonly notices: readonly Notice[];
  readonly links: readonly DataLink[];
}

/**
 * Events as exemplars: a time series panel draws a diamond at the memory value of each, over the lines of a metric, and
 * shows its labels and links.
 */
export function exemplarFrame(table: Table, { refId, notices, links }: ExemplarOptions): DataFrame {
  return createDataFrame({
    refId,
    name: table.name,
    meta: { dataTopic: DataTopic.Annotations, notices: [...notices, ...table.notices] },
    fields: [
      ...table.columns.map((column) => {
        const field = fieldOf(column);
        return column.opensCapture ? { ...field, config: { ...field.config, links: [...links] } } : field;
      }),
      selectorField(table.keyLabels ?? []),
    ],
  });
}

/** The same as rows: Explore draws no exemplars of ours. */
export function exemplarRows(table: Table, options: ExemplarOptions): DataFrame {
  const frame = exemplarFrame(table, options);
  const preferred = { preferredVisualisationType: 'table', preferredVisualisationPluginId: 'table' } as const;
  // Grafana names a single column of numbers by its frame.
  return { ...frame, name: 'value', meta: { ...preferred, notices: frame.meta?.notices } };
}
