import {
  FieldType,
  MappingType,
  SpecialValueMatch,
  type DataFrame,
  type DataLink,
  type FieldConfig,
} from '@grafana/data';
import type { Notice } from '../text/notice';
import type { Table } from '../views/table';
import { hiddenCell } from './cells';
import { toFrame } from './frames';
import { selectorField, type MetricsLink } from './links';

export interface CaptureRowOptions {
  readonly refId: string;
  readonly notices: readonly Notice[];
  /** Of a row; `${__data.fields.event}` and the like are filled in by Grafana. */
  readonly links: readonly DataLink[];
  /** The selector as it was run, for the query inspector. */
  readonly executed?: string;
}

/** A table of captures, with links to their metrics besides. */
export function capturesFrame(
  table: Table,
  { metrics = [], ...options }: CaptureRowOptions & { readonly metrics?: readonly MetricsLink[] }
): DataFrame {
  const { links } = options;
  const frame = rowsFrame(table, { ...options, links: [...links, ...metrics.map(({ link }) => link)] });
  const { keyLabels = [] } = table;
  if (links.length > 0) {
    frame.fields.push(selectorField(keyLabels));
  }
  for (const { column, read } of metrics) {
    const config = { custom: hiddenCell };
    frame.fields.push({ name: column, type: FieldType.string, config, values: keyLabels.map(read) });
  }
  return frame;
}

/** Events as rows: Explore has no panel to draw marks on, and shows no frame that says it is an annotation. */
export function eventsFrame(table: Table, options: CaptureRowOptions): DataFrame {
  const columns = table.columns.filter((column) => !(column.kind === 'string' && column.isOfMark));
  const frame = rowsFrame({ ...table, columns }, options);
  for (const { name, config } of frame.fields) {
    if (name === 'mark') {
      config.custom = { minWidth: 240 };
    }
  }
  frame.fields.push(selectorField(table.keyLabels ?? []));
  return frame;
}

/** How wide the cells of a capture's line are: it has to fit into a panel of the whole width. */
const lineCells: Readonly<Record<string, object>> = {
  key: hiddenCell,
  shown: { minWidth: 180, wrapText: true },
  time: { width: 160 },
  memory: { width: 160 },
};

/** The chosen capture in one line; of captures that are merged the line opens none. */
export function eventLineFrame(table: Table, options: CaptureRowOptions): DataFrame {
  const frame = rowsFrame(table, options);
  if (!table.keyLabels) {
    return frame;
  }
  for (const { name, config } of frame.fields) {
    config.custom = Object.hasOwn(lineCells, name) ? lineCells[name] : config.custom;
  }
  frame.fields.push(selectorField(table.keyLabels));
  return frame;
}

/** Links stay readable on it, in light and dark. */
const markColor = 'rgba(110, 159, 255, 0.25)';

/** The column of marks: narrow, and its colour is that of the whole row. */
const markConfig = (mark: string): FieldConfig => ({
  mappings: [
    { type: MappingType.ValueToText, options: { [mark]: { color: markColor, index: 0 } } },
    { type: MappingType.SpecialValue, options: { match: SpecialValueMatch.Empty, result: { color: 'transparent' } } },
  ],
  custom: { width: 36, align: 'center', cellOptions: { type: 'color-background', mode: 'basic', applyToRow: true } },
});

/** A table whose cells open the capture of their row where the table says so, and whose marked rows have a colour. */
function rowsFrame(table: Table, { links, ...options }: CaptureRowOptions): DataFrame {
  const frame = toFrame(table, { ...options, visualisation: 'table' });
  table.columns.forEach((column, i) => {
    const { config } = frame.fields[i];
    if (column.opensCapture && links.length > 0) {
      config.links = [...links];
    }
    if (column.kind === 'string' && column.isMark) {
      Object.assign(config, markConfig(column.label ?? ''));
    }
  });
  return frame;
}
