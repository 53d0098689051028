import { FieldType, formattedValueToString, getValueFormat, type FieldConfig } from '@grafana/data';
import { isText, textsOf, type Column, type NumberColumn, type Table, type TextColumn } from '../views/table';
import { numberFormat } from './units';

/** Pixels: what a letter of Grafana's 14 px takes, and what a cell has around its text. */
const letterWidth = 7.5;
const cellPadding = 24;
/** A panel of half a dashboard's width on a screen of 1280 px, beside the menu, less its scroll bar. */
const narrowPanel = 442;
/** So many columns behind the name have to be seen there. */
const columnsBeside = 3;
/** The least that names get, and stacks; the most of a word, and of a text that is cut off. */
const leastOfName = 180;
const leastOfLines = 320;
const mostOfWord = 180;
const longWidth = 160;
const mostOfTooltip = 800;

const widthOf = (letters: number) => Math.ceil(cellPadding + letterWidth * letters);

/** Rows whose numbers are written out to see how long they are; the largest and the least are among them. */
const measuredRows = 100;

/** `config.custom` of a column, as the table panel of Grafana 12.3 reads it. */
interface Cell {
  readonly width?: number;
  readonly [option: string]: unknown;
}

/**
 * How a table draws its columns, in one place for all of them. A table shares its width equally where nothing is said, and
 * cuts names of functions off: numbers and words get what they need, names the rest. So half a dashboard shows a name and
 * what is most important beside it, for columns are in that order.
 */
export function cellsOf(table: Table): readonly Cell[] {
  const { columns } = table;
  const main = mainColumn(table);
  const cells = columns.map((column): Cell => (column.isHidden ? hiddenCell : cellOf(column)));
  const at = columns.findIndex((column) => column === main);
  const beside = [...cells.slice(0, Math.max(0, at)), ...cells.slice(at + 1).slice(0, columnsBeside)];
  const left = narrowPanel - beside.reduce((sum, { width = 0 }) => sum + width, 0);
  const hasLines = isOfLines(table);
  return cells.map((cell, i) => {
    const { width, inspect, ...others } = cell;
    const own =
      columns[i] !== main ? cell : { ...others, minWidth: hasLines ? leastOfLines : Math.max(leastOfName, left) };
    return hasLines && !columns[i].isHidden ? { ...own, styleField } : own;
  });
}

function cellOf(column: Column): Cell {
  const header = headerOf(column);
  switch (column.kind) {
    case 'number':
      if (column.isGauge) {
        return { width: 140, cellOptions: { type: 'gauge', mode: 'basic' } };
      }
      return {
        ...(column.isHeat && { cellOptions: { type: 'color-background', mode: 'basic' } }),
        ...header.cell,
        width: widthOf(Math.max(header.letters, numberLetters(column))),
      };
    case 'enum':
    case 'string':
      return textCell(column, header);
    case 'series':
      return { width: 100, cellOptions: { type: 'sparkline', hideValue: true } };
    case 'time':
      return { width: widthOf('2026-11-24 09:31:53'.length) };
  }
}

function textCell(column: TextColumn, header: Header): Cell {
  const { isLong, isAside, hasLines, tooltip } = column;
  if (isLong) {
    return { width: longWidth, inspect: true };
  }
  return {
    ...header.cell,
    ...(tooltip && { tooltip: { field: tooltipOf(tooltip), placement: 'right' } }),
    ...(isAside && { inspect: true }),
    ...(hasLines && { wrapText: true }),
    width: Math.min(mostOfWord, widthOf(Math.max(header.letters, textLetters(column)))),
  };
}

/**
 * Fields that a table reads and does not show: texts of tooltips, and how cells of several lines stand. A tooltip beside its cell is
 * as wide as the column that its text is from, so a full name needs a column of its own to be read whole.
 */
export function furtherFields(
  table: Table
): Array<{ name: string; type: FieldType; values: string[]; config: FieldConfig }> {
  const hidden = (name: string, values: string[], cell: object = {}) => ({
    name,
    type: FieldType.string,
    values,
    config: { custom: { ...hiddenCell, ...cell } },
  });
  const texts = table.columns.filter(isText);
  const tooltips = texts.flatMap(({ tooltip }) => {
    const full = texts.find(({ name }) => name === tooltip);
    if (!full) {
      return [];
    }
    return [
      hidden(tooltipOf(full.name), textsOf(full), { width: Math.min(mostOfTooltip, widthOf(textLetters(full))) }),
    ];
  });
  // Numbers beside a stack stand at its first line, not at half its height.
  return isOfLines(table)
    ? [...tooltips, hidden(styleField, new Array(table.length).fill('{"alignItems":"flex-start"}'))]
    : tooltips;
}

const isOfLines = ({ columns }: Table): boolean => columns.some((column) => isText(column) && column.hasLines);

const tooltipOf = (name: string) => `${name} (tooltip)`;

/** Name of the field that says how the cells of a table with lines stand. */
const styleField = 'cell style';

/** Of a column that is there for transformations, links and downloads alone. */
export const hiddenCell: Cell = { hidden: true, hideFrom: { viz: true, legend: true, tooltip: true } };

interface Header {
  /** Of its longest line. */
  readonly letters: number;
  readonly cell: object;
}

/** A column's name in as many lines as it has words, where it is longer than most numbers. */
function headerOf({ name, label = name }: Column): Header {
  const words = label.split(' ');
  return label.length > 9 && words.length > 1
    ? { letters: Math.max(...words.map((word) => word.length)), cell: { wrapHeaderText: true } }
    : { letters: label.length, cell: {} };
}

const textLetters = (column: TextColumn): number =>
  textsOf(column).reduce((most, text) => Math.max(most, text.length), 0);

function numberLetters(column: NumberColumn): number {
  const values = Array.from(column.values).filter((value) => !Number.isNaN(value));
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
  const shown = columns.filter(isText).filter(({ isHidden, isAside, isLong }) => !isHidden && !isAside && !isLong);
  const texts = shown
    .filter(({ kind }) => kind === 'string')
    .map((column) => ({ column, letters: textLetters(column) }));
  const [longest] = texts.sort((a, b) => b.letters - a.letters);
  return shown.find(({ kind }) => kind === 'enum') ?? longest?.column;
}
