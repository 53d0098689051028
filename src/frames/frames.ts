import {
  createDataFrame,
  FieldType,
  formattedValueToString,
  getValueFormat,
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
  const main = visualisation === 'table' ? mainColumn(table) : undefined;
  return createDataFrame({
    refId,
    name: table.name,
    meta: {
      preferredVisualisationType: visualisation,
      // Explore's own table overwrites `config.custom`, and with it widths and hidden columns; the panel reads them. What
      // to say where there are no rows, Explore knows better.
      ...(visualisation === 'table' && table.length > 0 && { preferredVisualisationPluginId: 'table' }),
      executedQueryString: executed,
      notices: [...notices, ...table.notices].map(({ severity, text }) => ({ severity, text })),
    },
    fields: table.columns
      .map((column) => (visualisation === 'nodeGraph' ? formattedStat(column) : column))
      .map((column) => ({
        name: column.name,
        type: fieldTypes[column.kind],
        values: plainValues(column),
        labels: column.labels,
        config: fieldConfig(column, visualisation, column === main),
      })),
  });
}

/** The node graph prints a number without its unit's format: `8762594.00 bytes`. Texts it prints as they are. */
function formattedStat(column: Column): Column {
  if (!/^(main|secondary)stat$/.test(column.name) || column.kind !== 'number') {
    return column;
  }
  const format = getValueFormat(units.get(column.unit ?? '') ?? column.unit);
  const values = Array.from(column.values as ArrayLike<number>, (value) => formattedValueToString(format(value)));
  return { ...column, kind: 'string', unit: undefined, values };
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

/** Pixels: what a letter of Grafana's 14 px takes, and what a cell has around its text. */
const letterWidth = 7.5;
const cellPadding = 24;
/** Widths that texts get: of one that has the rest, of those beside it, which are cut off where they are longer. */
const leastOfMain = 180;
const leastOfLines = 320;
const mostOfWord = 180;
const longWidth = 160;

const widthOf = (letters: number) => Math.ceil(cellPadding + letterWidth * letters);

/** Rows whose numbers are written out to see how long they are; the largest and the least are among them. */
const measuredRows = 100;

/**
 * How wide a table draws a column, in one place for all of them. A table shares its width equally where nothing is said, and
 * cuts names of functions off: numbers and words get what they need, names the rest. So a table of half a dashboard's width
 * (450 px) shows a name and what is most important beside it, for columns are in that order.
 */
function cellOf(column: Column, isMain: boolean): object {
  const { kind, isGauge, isLong, isAside, isHidden, hasLines, tooltip } = column;
  if (isHidden) {
    return hiddenCell;
  }
  const header = headerOf(column);
  const ofText = { ...header.cell, ...(tooltip && { tooltip: { field: tooltip, placement: 'auto' } }) };
  if (isMain) {
    return { ...ofText, minWidth: hasLines ? leastOfLines : leastOfMain, ...(hasLines && { wrapText: true }) };
  }
  if (isLong) {
    return { width: longWidth, inspect: true };
  }
  switch (kind) {
    case 'number':
      return isGauge
        ? { width: 140, cellOptions: { type: 'gauge', mode: 'basic' } }
        : { ...header.cell, width: widthOf(Math.max(header.letters, numberLetters(column))) };
    case 'enum':
    case 'string':
      return {
        ...ofText,
        ...(isAside && { inspect: true }),
        width: Math.min(mostOfWord, widthOf(Math.max(header.letters, textLetters(column)))),
      };
    case 'series':
      return { width: 130, cellOptions: { type: 'sparkline', hideValue: true } };
    case 'time':
      return { width: widthOf('2026-11-24 09:31:53'.length) };
  }
}

/** What is there for transformations, links and downloads alone. */
export const hiddenCell = { hidden: true, hideFrom: { viz: true, legend: true, tooltip: true } };

/** A column's name in as many lines as it has words, where it is longer than most numbers. */
function headerOf({ name, label = name }: Column): { readonly letters: number; readonly cell: object } {
  const words = label.split(' ');
  return label.length > 9 && words.length > 1
    ? { letters: Math.max(...words.map((word) => word.length)), cell: { wrapHeaderText: true } }
    : { letters: label.length, cell: {} };
}

function textLetters({ kind, values, text }: Column): number {
  const texts =
    kind === 'enum'
      ? Array.from(values as ArrayLike<number>, (row) => text?.[row] ?? '')
      : (values as readonly string[]);
  return texts.reduce((most, one) => Math.max(most, one.length), 0);
}

function numberLetters(column: Column): number {
  const values = Array.from(column.values as ArrayLike<number>).filter((value) => !Number.isNaN(value));
  const { unit, decimals } = numberFormat(column);
  const format = getValueFormat(unit);
  const extremes = [Math.max, Math.min].map((of) => values.reduce((a, b) => of(a, b), 0));
  return [...extremes, ...values.slice(0, measuredRows)].reduce(
    (most, value) => Math.max(most, formattedValueToString(format(value, decimals)).length),
    0
  );
}

/** The column that gets the width that the others leave: the first of names, else the one with the longest texts. */
function mainColumn({ columns }: Table): Column | undefined {
  const shown = columns.filter(({ isHidden, isAside, isLong }) => !isHidden && !isAside && !isLong);
  const texts = shown
    .filter(({ kind }) => kind === 'string')
    .map((column) => ({ column, letters: textLetters(column) }));
  const [longest] = texts.sort((a, b) => b.letters - a.letters);
  return shown.find(({ kind }) => kind === 'enum') ?? longest?.column;
}

const numberFormat = ({ unit, decimals }: Column): Pick<FieldConfig, 'unit' | 'decimals'> => ({
  ...(unit && { unit: units.get(unit) ?? unit }),
  ...(unit === 'percent' && { decimals: 2 }),
  ...(decimals !== undefined && { decimals }),
});

function fieldConfig(column: Column, visualisation: PreferredVisualisationType, isMain: boolean): FieldConfig {
  const { label, color, isGauge } = column;
  return {
    ...(visualisation === 'table' && { custom: cellOf(column, isMain) }),
    ...(isGauge && { min: 0, max: 100 }),
    ...numberFormat(column),
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
