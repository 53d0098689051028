import type { Notice } from '../text/notice';

/**
 * The answer of a view: named columns of one length, and what has to be said about them. `frames/` turns a Table into a
 * Grafana DataFrame, the command line into text. Columns survive structured clone, so a Table crosses the worker boundary
 * with its buffers transferred.
 */
export interface Table {
  readonly name: string;
  readonly length: number;
  readonly columns: readonly Column[];
  readonly notices: readonly Notice[];
  /** Of a table whose rows are captures or events: the key labels of each, which links to them are made of. */
  readonly keyLabels?: ReadonlyArray<Readonly<Record<string, string>>>;
}

export type Column = NumberColumn | StringColumn | EnumColumn | TimeColumn | SeriesColumn;

export type Numbers = Float64Array | Int32Array | Uint32Array | readonly number[];

interface ColumnBase {
  readonly name: string;
  /** How a panel names the column where its name is fixed by the panel's format. */
  readonly label?: string;
  /** Explains the column where a table shows its name. */
  readonly description?: string;
  /** For transformations and downloads: a table does not show it. */
  readonly isHidden?: boolean;
  /** Where the code of each row is, where links to it are made (FrameOptions.withCode). */
  readonly code?: ReadonlyArray<Code | undefined>;
  /** A cell leads to the capture that its row is of: the row's columns `key`, `service`, `instance` and `event` name it. */
  readonly opensCapture?: boolean;
  /** Key labels of a series; what a lane of a timeline is of. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** NaN is a number that is not known. */
export interface NumberColumn extends ColumnBase {
  readonly kind: 'number';
  readonly values: Numbers;
  /** pprof's unit ('bytes', 'nanoseconds', 'count', 'percent'), '' for none. */
  readonly unit?: string;
  /** A number of a label: options that divide the values of samples, or name their unit, leave it as it is. */
  readonly isOfLabel?: boolean;
  /** Digits after the point, where the panel's own choice reads badly (`6.7e-7`). */
  readonly decimals?: number;
  /** A table draws the number as a bar, from 0 to 100. */
  readonly isGauge?: boolean;
  /** A table colours its cells by how far the number is from 0: deviations, of which more than 3 are unusual. */
  readonly isHeat?: boolean;
  /** Grafana's name of the colour the column is drawn in. */
  readonly color?: string;
  /** As `named` of an EnumColumn, of the one text that the column's label and labels begin with. */
  readonly namedLabel?: readonly [NamedText];
  /**
   * Of the column `level` of a flame graph: how many levels, from the root, Grafana's panel must not fold into one bar with
   * those below them.
   */
  readonly levelsApart?: number;
}

interface TextBase extends ColumnBase {
  /** Column whose text stands in the tooltip of a cell. */
  readonly tooltip?: string;
  /** Says more of a row beside its other texts: a table gives it less room. */
  readonly isAside?: boolean;
  /** Texts are longer than a cell: a table shows their start, and the rest when it is asked. */
  readonly isLong?: boolean;
  /** Texts have several lines, and a table shows all of them. */
  readonly hasLines?: boolean;
}

export interface StringColumn extends TextBase {
  readonly kind: 'string';
  readonly values: readonly string[];
  /** Marks the rows that panels beside the table show: a sign or ''. It colours its row, and is as narrow as a sign. */
  readonly isMark?: boolean;
  /** Said by a mark over a panel; a table says it in its other columns. */
  readonly isOfMark?: boolean;
}

/** Texts of a dictionary: a few that many rows have, or those that name functions. */
export interface EnumColumn extends TextBase {
  readonly kind: 'enum';
  /** Rows of `text`. */
  readonly values: Numbers;
  /**
   * The dictionary. In a flame graph what is no function (the root, `other`) comes after all that are, so that whoever
   * shortens names leaves it as it is.
   */
  readonly text: readonly string[];
  /** The functions that the first texts of the dictionary name; those after them are no functions. `withShortNames` reads it. */
  readonly named?: readonly NamedText[];
  /** Full names of the dictionary's texts: where those are shortened, a column at the end of the table has these. */
  readonly fullNames?: readonly string[];
}

/** Unix ms, NaN for none. */
export interface TimeColumn extends ColumnBase {
  readonly kind: 'time';
  readonly values: readonly number[];
}

/** A small graph in each row. */
export interface SeriesColumn extends ColumnBase {
  readonly kind: 'series';
  /** Of each row as many numbers as there are `times`. */
  readonly values: ReadonlyArray<readonly number[]>;
  /** Unix ms of the numbers. */
  readonly times: readonly number[];
  /** As of a NumberColumn. */
  readonly unit?: string;
}

/**
 * A text that names functions: a full name alone, or pieces of which some are full names or files. What is no name of a
 * function (the value of a label, a root, a binary) is a piece of plain text: whoever makes a text knows which it is.
 */
export type NamedText = string | readonly Piece[];

export type Piece = string | { readonly function: string } | { readonly file: string };

/** The text with full names. */
export const fullText = (named: NamedText): string =>
  textWith(
    named,
    (name) => name,
    (file) => file
  );

/** @param functionAs what a full name reads as, and fileAs a file */
export function textWith(
  named: NamedText,
  functionAs: (name: string) => string,
  fileAs: (file: string) => string
): string {
  // Joined: what is added piece by piece takes many times the memory until it is read.
  return typeof named === 'string'
    ? functionAs(named)
    : named
        .map((piece) =>
          typeof piece === 'string' ? piece : 'file' in piece ? fileAs(piece.file) : functionAs(piece.function)
        )
        .join('');
}

/** A dictionary of texts that name functions. */
export const namedColumn = (name: string, named: readonly NamedText[], more: Partial<EnumColumn> = {}): EnumColumn => ({
  name,
  kind: 'enum',
  values: named.map((_, i) => i),
  text: named.map(fullText),
  named,
  ...more,
});

/** Where code is: a file as the profile names it and a line, 0 for none in particular. */
export interface Code {
  readonly file: string;
  readonly line: number;
}

/** A share in percent, 0 of nothing. */
export const percentOf = (value: number, total: number): number => (total === 0 ? 0 : (100 * value) / total);

/** Makers of columns that read each of the rows. */
export const columnsOf = <R>(rows: readonly R[]) => ({
  number: (name: string, unit: string, read: (row: R) => number): NumberColumn => ({
    name,
    kind: 'number',
    unit,
    values: Float64Array.from(rows, (row) => read(row)),
  }),
  text: (name: string, read: (row: R) => string, more: Partial<StringColumn> = {}): StringColumn => ({
    name,
    kind: 'string',
    values: rows.map((row) => read(row)),
    ...more,
  }),
});

export type TextColumn = StringColumn | EnumColumn;

export const isText = (column: Column): column is TextColumn => column.kind === 'string' || column.kind === 'enum';

/** The text of each row. */
export const textsOf = (column: TextColumn): string[] =>
  column.kind === 'string' ? [...column.values] : Array.from(column.values, (row) => column.text[row] ?? '');

type ColumnOf<K extends Column['kind']> = Extract<Column, { kind: K }>;

/**
 * One column by name, of a kind where one is given.
 * @throws Error when the view has no such column: a bug, not input
 */
export function column<K extends Column['kind'] = Column['kind']>(table: Table, name: string, kind?: K): ColumnOf<K> {
  const isWanted = (each: Column): each is ColumnOf<K> =>
    each.name === name && (kind === undefined || each.kind === kind);
  const found = table.columns.find(isWanted);
  if (!found) {
    const there = table.columns.map((each) => `${each.name} (${each.kind})`).join(', ');
    throw new Error(`table ${table.name} has no column ${name}${kind ? ` of kind ${kind}` : ''}: ${there}`);
  }
  return found;
}

/** A column of texts by name. @throws Error as `column` does */
export function textColumn(table: Table, name: string): TextColumn {
  const found = column(table, name);
  if (!isText(found)) {
    throw new Error(`the column ${name} of table ${table.name} is of kind ${found.kind}: expected texts`);
  }
  return found;
}
