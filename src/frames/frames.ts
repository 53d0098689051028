import {
  createDataFrame,
  FieldType,
  type DataFrame,
  type FieldConfig,
  type PreferredVisualisationType,
} from '@grafana/data';
import type { Column, Notice, Table } from '../views/table';

/** pprof's units → Grafana's. */
const units = new Map(
  Object.entries({
    bytes: 'bytes',
    nanoseconds: 'ns',
    microseconds: 'µs',
    milliseconds: 'ms',
    seconds: 's',
    minutes: 'm',
    B: 'bytes',
    kB: 'kbytes',
    MB: 'mbytes',
    GB: 'gbytes',
    TB: 'tbytes',
    PB: 'pbytes',
    us: 'µs',
    hrs: 'h',
    'bytes/s': 'binBps',
    'count/s': 'cps',
    // Grafana has no unit for time in a second; the scale says that it is one.
    'nanoseconds/s': 'ns',
    count: 'short',
    percent: 'percent',
  })
);

export interface FrameOptions {
  readonly refId: string;
  readonly visualisation: PreferredVisualisationType;
  /** The selector as it was run, for the query inspector. */
  readonly executed?: string;
  readonly notices?: readonly Notice[];
}

/**
 * Table → DataFrame, the only place that knows both. Values become plain arrays: core panels slice, push and serialize
 * them, which typed arrays do not survive. An enum column becomes its texts.
 */
export function toFrame(table: Table, { refId, visualisation, executed, notices = [] }: FrameOptions): DataFrame {
  return createDataFrame({
    refId,
    name: table.name,
    meta: {
      preferredVisualisationType: visualisation,
      executedQueryString: executed,
      notices: [...notices, ...table.notices].map(({ severity, text }) => ({ severity, text })),
    },
    fields: table.columns.map((column) => ({
      name: column.name,
      type: fieldTypes[column.kind],
      values: plainValues(column),
      labels: column.labels,
      config: fieldConfig(column),
    })),
  });
}

const fieldTypes = {
  number: FieldType.number,
  string: FieldType.string,
  enum: FieldType.string,
  time: FieldType.time,
  series: FieldType.frame,
} as const;

function plainValues({ kind, values, text, times, unit }: Column): unknown[] {
  if (kind === 'enum') {
    return Array.from(values as ArrayLike<number>, (row) => text?.[row] ?? '');
  }
  if (kind === 'series') {
    return Array.from(values as ArrayLike<readonly number[]>, (series) => sparkline(series, times ?? [], unit));
  }
  // What a key does not say is NaN in a Table; panels show an empty cell for null.
  return Array.from(values as ArrayLike<number | string>, (value) => (Number.isNaN(value) ? null : value));
}

/**
 * What a table's cell draws as a small graph. Captures are not evenly spaced: without an interval the cell takes the first
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
        config: unit ? { unit: units.get(unit) ?? unit } : {},
      },
    ],
  });

const longestGap = (times: readonly number[]): number =>
  times.reduce((longest, time, i) => (i === 0 ? 0 : Math.max(longest, time - times[i - 1])), 0);

/** Names of functions are long; a table shares its width equally where nothing is said. */
const custom: Partial<Record<Column['kind'], object>> = {
  enum: { minWidth: 320 },
  series: { cellOptions: { type: 'sparkline', hideValue: true } },
};

function fieldConfig({ kind, unit, label, color, isGauge, isLong }: Column): FieldConfig {
  return {
    ...(custom[kind] && { custom: custom[kind] }),
    ...(isLong && { custom: { minWidth: 240, inspect: true } }),
    ...(isGauge && { min: 0, max: 100, custom: { cellOptions: { type: 'gauge', mode: 'basic' } } }),
    ...(unit && { unit: units.get(unit) ?? unit }),
    ...(unit === 'percent' && { decimals: 2 }),
    ...(label && { displayName: label }),
    ...(color && { color: { mode: 'fixed', fixedColor: color } }),
  };
}

/**
 * What a flame graph panel gets where there is nothing to draw: one root without a value. A frame without rows makes
 * the panel throw, and no frame hides the notice that says why.
 */
export function emptyFlame(refId: string, notices: readonly Notice[]): DataFrame {
  const zero = (name: string): Column => ({ name, kind: 'number', values: [0] });
  return toFrame(
    {
      name: 'empty',
      length: 1,
      columns: [zero('level'), zero('value'), zero('self'), { name: 'label', kind: 'string', values: ['total'] }],
      notices: [],
    },
    { refId, visualisation: 'flamegraph', notices }
  );
}
