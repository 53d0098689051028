import {
  createDataFrame,
  FieldType,
  ThresholdsMode,
  formattedValueToString,
  getValueFormat,
  type DataFrame,
  type Field,
  type FieldConfig,
  type PreferredVisualisationType,
} from '@grafana/data';
import { textsOf, type Column, type NumberColumn, type Table } from '../views/table';
import type { Notice } from '../text/notice';
import { cellsOf, furtherFields } from './cells';
import type { DrawFlame } from './flame';
import { numberFormat, unitOf } from './units';

export interface DataFrameOptions {
  readonly refId: string;
  readonly visualisation: PreferredVisualisationType;
  /** The selector as it was run, for the query inspector. */
  readonly executed?: string;
  readonly notices?: readonly Notice[];
  /** Makes of a flame table what Grafana's panel draws. */
  readonly draw?: DrawFlame;
}

/**
 * Table → DataFrame, the only place that knows both. Values become plain arrays: core panels slice, push and serialize
 * them, which typed arrays do not survive. An enum column becomes its texts.
 */
export function toFrame(
  view: Table,
  { refId, visualisation, executed, notices = [], draw }: DataFrameOptions
): DataFrame {
  const all = [...notices, ...view.notices];
  const flame = draw?.(view, all);
  const table = flame?.table ?? view;
  const isTable = visualisation === 'table';
  const cells = isTable ? cellsOf(table) : [];
  return createDataFrame({
    refId,
    name: table.name,
    meta: {
      preferredVisualisationType: visualisation,
      // Explore's own table overwrites `config.custom`, and with it widths and hidden columns; the panel reads them. What
      // to say where there are no rows, Explore knows better.
      ...(visualisation === 'table' && table.length > 0 && { preferredVisualisationPluginId: 'table' }),
      executedQueryString: executed,
      notices: all.map(({ severity, text }) => ({ severity, text })),
    },
    fields: [
      ...table.columns
        .map((column) => (visualisation === 'nodeGraph' ? formattedStat(column) : column))
        .map((column, i) => {
          const field = fieldOf(column, cells[i]);
          return column.name === 'value' ? { ...field, config: { ...field.config, ...flame?.value } } : field;
        }),
      ...(isTable ? furtherFields(table) : []),
    ],
  });
}

/** The node graph prints a number without its unit's format: `8762594.00 bytes`. Texts it prints as they are. */
function formattedStat(column: Column): Column {
  if (!/^(main|secondary)stat$/.test(column.name) || column.kind !== 'number') {
    return column;
  }
  const format = getValueFormat(column.unit && unitOf(column.unit));
  const { name, label } = column;
  return {
    name,
    label,
    kind: 'string',
    values: Array.from(column.values, (value) => formattedValueToString(format(value))),
  };
}

/** A column as a field, without what a table's cells are. @param custom of its cells */
export const fieldOf = (column: Column, custom?: object): Field => ({
  name: column.name,
  type: fieldTypes[column.kind],
  values: plainValues(column),
  ...(column.labels && { labels: column.labels }),
  config: fieldConfig(column, custom),
});

const fieldTypes = {
  number: FieldType.number,
  string: FieldType.string,
  enum: FieldType.string,
  time: FieldType.time,
  series: FieldType.frame,
} as const;

function plainValues(column: Column): unknown[] {
  switch (column.kind) {
    case 'string':
    case 'enum':
      return textsOf(column);
    case 'series':
      return column.values.map((series) => sparkline(series, column.times, column.unit));
    case 'number':
    case 'time':
      // A number that a key does not say is NaN in a Table; panels show an empty cell for null.
      return Array.from(column.values, (value) => (Number.isNaN(value) ? null : value));
  }
}

/**
 * The frame that a table's cell draws as a small graph. Captures are not evenly spaced: without an interval the cell takes the first
 * gap for one, and breaks its line at every longer gap.
 */
const sparkline = (series: readonly number[], times: readonly number[], unit?: string): DataFrame =>
  createDataFrame({
    fields: [
      { name: 'time', type: FieldType.time, values: [...times], config: { interval: longestGap(times) } },
      {
        name: 'value',
        type: FieldType.number,
        values: [...series],
        config: unit ? { unit: unitOf(unit) } : {},
      },
    ],
  });

const longestGap = (times: readonly number[]): number =>
  times.reduce((longest, time, i) => (i === 0 ? 0 : Math.max(longest, time - times[i - 1])), 0);

function fieldConfig(column: Column, custom?: object): FieldConfig {
  const { label, description } = column;
  return {
    ...(custom && { custom }),
    ...(column.kind === 'number' && numberConfig(column)),
    ...(label && { displayName: label }),
    ...(description && { description }),
  };
}

/** Deviations: what is within 3 has no colour of its own, what is below is blue, what is above orange and then red. */
const heat: FieldConfig = {
  color: { mode: 'thresholds' },
  thresholds: {
    mode: ThresholdsMode.Absolute,
    steps: [
      { value: -Infinity, color: 'dark-blue' },
      { value: -10, color: 'blue' },
      { value: -3, color: 'transparent' },
      { value: 3, color: 'orange' },
      { value: 10, color: 'red' },
    ],
  },
};

function numberConfig(column: NumberColumn): FieldConfig {
  const { color, isGauge, isHeat } = column;
  return {
    ...(isGauge && { min: 0, max: 100 }),
    ...numberFormat(column),
    ...(isHeat && heat),
    ...(color && { color: { mode: 'fixed', fixedColor: color } }),
  };
}

/**
 * The frame of a flame graph where there is nothing to draw: one root without a value, of which `draw` makes the reason. A
 * frame without rows makes the panel throw, and no frame hides the notice that says why.
 */
export function emptyFlame(refId: string, notices: readonly Notice[], draw?: DrawFlame): DataFrame {
  const zero = (name: string): NumberColumn => ({ name, kind: 'number', values: [0] });
  return toFrame(
    {
      name: 'empty',
      length: 1,
      columns: [zero('level'), zero('value'), zero('self'), { name: 'label', kind: 'string', values: ['total'] }],
      notices: [],
    },
    { refId, visualisation: 'flamegraph', notices, draw }
  );
}
