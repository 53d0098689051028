import type { Notice } from '../text/notice';

/**
 * What every view returns: named columns of one length, and what has to be said about them. `frames/` turns a Table
 * into a Grafana DataFrame, the command line into text. Columns survive structured clone, so a Table crosses the
 * worker boundary with its buffers transferred.
 */
export interface Table {
  readonly name: string;
  readonly length: number;
  readonly columns: readonly Column[];
  readonly notices: readonly Notice[];
}

export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Numbers; for kind 'enum' rows of `text`; for kind 'string' the texts themselves; times in ms. A 'series' has a list
   * of numbers in each row, one for each of `times`. */
  readonly values:
    Float64Array | Int32Array | Uint32Array | readonly number[] | readonly string[] | ReadonlyArray<readonly number[]>;
  /** Unix ms of the numbers of a series. */
  readonly times?: readonly number[];
  /** pprof's unit of a number column ('bytes', 'nanoseconds', 'count', 'percent'), '' for none. */
  readonly unit?: string;
  /** A number of a label: options that divide the values of samples, or name their unit, leave it as it is. */
  readonly isOfLabel?: boolean;
  /** Digits after the point, where the panel's own choice reads badly (`6.7e-7`). */
  readonly decimals?: number;
  /**
   * Dictionary of an enum column. In a flame graph what is no function (the root, `other`) comes after all that are, so that
   * whoever shortens names leaves it as it is.
   */
  readonly text?: readonly string[];
  /** What the first texts of the dictionary name; those after them are no functions. `withShortNames` reads it. */
  readonly named?: readonly NamedText[];
  /** How a panel names the column where its name is fixed by the panel's format. */
  readonly label?: string;
  /** Grafana's name of the colour the column is drawn in. */
  readonly color?: string;
  /** As `named`, of the one text that the column's label and labels begin with. */
  readonly namedLabel?: readonly [NamedText];
  /** Says more of a row beside its other texts: a table gives it less room. */
  readonly isAside?: boolean;
  /** Full names of the dictionary's texts: where those are shortened, a column at the end of the table has these. */
  readonly fullNames?: readonly string[];
  /** Column whose text stands in the tooltip of a cell. */
  readonly tooltip?: string;
  /** For transformations and downloads: a table does not show it. */
  readonly isHidden?: boolean;
  /** A table draws the number as a bar, from 0 to 100. */
  readonly isGauge?: boolean;
  /** Texts are longer than a cell: a table shows their start, and the rest when it is asked. */
  readonly isLong?: boolean;
  /** Texts have several lines, and a table shows all of them. */
  readonly hasLines?: boolean;
  /**
   * Of the column `level` of a flame graph: how many levels, from the root, Grafana's panel must not fold into one bar with
   * those below them.
   */
  readonly levelsApart?: number;
  /** Where the code of each row is, where links to it are made (FrameOptions.withCode). */
  readonly code?: ReadonlyArray<Code | undefined>;
  /** Key labels of a series. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * A text that names functions: a full name alone, or pieces of which some are full names or files. What is no name of a
 * function (the value of a label, a root, a binary) is a piece of plain text: whoever makes a text knows which it is.
 */
export type NamedText = string | readonly Piece[];

export type Piece = string | { readonly function: string } | { readonly file: string };

/** The text with full names. */
export const fullText = (named: NamedText): string =>
  typeof named === 'string'
    ? named
    : named
        .map((piece) => (typeof piece === 'string' ? piece : 'file' in piece ? piece.file : piece.function))
        .join('');

/** A dictionary of texts that name functions. */
export const namedColumn = (name: string, named: readonly NamedText[], more: Partial<Column> = {}): Column => ({
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

export type ColumnKind = 'number' | 'string' | 'enum' | 'time' | 'series';

/** A share in percent, 0 of nothing. */
export const percentOf = (value: number, total: number): number => (total === 0 ? 0 : (100 * value) / total);

/** Makers of columns that read each of the rows. */
export const columnsOf = <R>(rows: readonly R[]) => ({
  number: (name: string, unit: string, read: (row: R) => number): Column => ({
    name,
    kind: 'number',
    unit,
    values: Float64Array.from(rows, (row) => read(row)),
  }),
  text: (name: string, read: (row: R) => string, more: Partial<Column> = {}): Column => ({
    name,
    kind: 'string',
    values: rows.map((row) => read(row)),
    ...more,
  }),
});

/** The values of one column by name. @throws Error when the view has no such column: a bug, not input. */
export function column(table: Table, name: string): Column {
  const found = table.columns.find((c) => c.name === name);
  if (!found) {
    throw new Error(`table ${table.name} has no column ${name}: ${table.columns.map((c) => c.name).join(', ')}`);
  }
  return found;
}
