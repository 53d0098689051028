import type { Pattern } from '../text/pattern';
import { codeOf } from './code';
import { frameNames, shownPath } from './frameNames';
import { callGraph, compareText, shownNodes } from './graph';
import type { Prepared } from './preparedProfile';
import { columnsOf, namedColumn, percentOf, type NamedText, type Table } from './table';
import type { TrimOptions } from './trimmedGraph';
import { trimFields } from '../fields/fields';
import { searchPattern } from './searchPattern';
import { reportView } from './view';

/** The lines of one function in one file: pprof's ROUTINE. */
export interface Routine {
  readonly name: string;
  /** As graphs show it; '' where the profile does not say. */
  readonly file: string;
  /** By rising line: those with a value, and no others. */
  readonly lines: readonly ListedLine[];
  /** Sums over the lines, so that a recursive function's cum may be more than the total. */
  readonly flat: number;
  readonly cum: number;
  /** Line of each node, and where its function starts, 0 where that is not known. */
  readonly spans: ReadonlyArray<{ readonly line: number; readonly start: number }>;
}

interface ListedLine {
  readonly line: number;
  readonly flat: number;
  readonly cum: number;
  /** One of the nodes that are at the line. */
  readonly node: number;
}

/** Every other option is the query's: lines of two binaries, or of functions that start elsewhere, are nodes of their own. */
const asListed = <T extends TrimOptions>(options: T) => ({ ...options, granularity: 'lines', objNames: true }) as const;

/**
 * Flat and cum of each line of the functions whose name matches, by name and file (google/pprof internal/report,
 * printSource). Nothing is cut off; values are sums where means are asked.
 */
export function routines({ profile, index }: Prepared, options: TrimOptions, isWanted: Pattern): readonly Routine[] {
  const { strings, function: func, line } = profile;
  const frames = frameNames(profile, asListed(options));
  const graph = callGraph(profile, index, frames);
  const spanOf = (node: number) => {
    const k = frames.first[node];
    const f = k < 0 ? -1 : line.function[k];
    return { f, line: f < 0 ? 0 : line.line[k], start: f < 0 ? 0 : func.startLine[f] };
  };
  const isMatch = new Map<string, boolean>();
  const matches = (name: string) => {
    const known = isMatch.get(name) ?? isWanted(name);
    isMatch.set(name, known);
    return known;
  };
  const groups = new Map<string, Map<string, number[]>>();
  for (const node of shownNodes(graph, options.dropNegative)) {
    const { f } = spanOf(node);
    const name = f < 0 ? '' : strings[func.name[f]];
    if (matches(name)) {
      const files = groups.get(name) ?? new Map<string, number[]>();
      groups.set(name, files);
      push(files, f < 0 ? '' : shownPath(strings[func.filename[f]], options), node);
    }
  }
  const sum = (nodes: readonly number[]) => ({
    flat: nodes.reduce((total, node) => total + graph.flat[node], 0),
    cum: nodes.reduce((total, node) => total + graph.cum[node], 0),
  });
  const linesOf = (nodes: readonly number[]): ListedLine[] => {
    const byLine = new Map<number, number[]>();
    nodes.forEach((node) => push(byLine, spanOf(node).line, node));
    return [...byLine]
      .map(([at, those]) => ({ line: at, node: those[0], ...sum(those) }))
      .sort((a, b) => a.line - b.line);
  };
  const byText = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => compareText(a, b);
  return [...groups]
    .sort(byText)
    .flatMap(([name, files]) =>
      [...files]
        .sort(byText)
        .map(([file, nodes]) => ({ name, file, lines: linesOf(nodes), ...sum(nodes), spans: nodes.map(spanOf) }))
    );
}

function push<K>(groups: Map<K, number[]>, key: K, node: number): void {
  const group = groups.get(key) ?? [];
  groups.set(key, group);
  group.push(node);
}

/**
 * What `go tool pprof -list` says of the functions whose name matches: for each in a file a row with its sums, which has
 * no line, then a row for each of its lines that has a value. The source itself is not here; `code` says where it is.
 *
 * Columns: function, line, flat, flat%, cum, cum%, file.
 */
export function list(prepared: Prepared, options: TrimOptions, pattern: Pattern): Table {
  const { type, unit, total } = prepared;
  const rows = routines(prepared, options, pattern).flatMap((routine) => [
    { ...routine, line: NaN, node: routine.lines[0].node },
    ...routine.lines.map((at) => ({ ...routine, ...at })),
  ]);
  const names = new Map<string, number>();
  rows.forEach(({ name }) => names.set(name, names.get(name) ?? names.size));
  const { number, text } = columnsOf(rows);
  const percent = (value: number) => percentOf(value, total);
  const dictionary = namedColumn(
    'function',
    Array.from(names.keys(), (name): NamedText => name || ['<unknown>'])
  );
  const column = {
    ...dictionary,
    values: rows.map(({ name }) => names.get(name) as number),
    fullNames: dictionary.text,
  };
  const isWhole = rows.map(({ line }) => Number.isNaN(line));
  const code = codeOf(
    prepared,
    asListed(options),
    Uint32Array.from(rows, ({ node }) => node),
    isWhole
  );
  return {
    name: type,
    length: rows.length,
    columns: [
      { ...column, code },
      { ...number('line', '', ({ line }) => line), decimals: 0, code },
      number('flat', unit, ({ flat }) => flat),
      number('flat%', 'percent', ({ flat }) => percent(flat)),
      number('cum', unit, ({ cum }) => cum),
      number('cum%', 'percent', ({ cum }) => percent(cum)),
      text('file', ({ file }) => file),
    ],
    notices:
      rows.length > 0
        ? []
        : [{ severity: 'warning', text: 'No function with a value has a name that the pattern matches.' }],
  };
}

export const listView = reportView({
  name: 'list',
  title: 'List',
  description: 'lines of a function',
  group: 'Profile',
  opens: 'profile',
  base: 'subtracted',
  panel: 'table',
  fields: [...trimFields, 'peek'],
  reports: ['list'],
  tables: (prepared, query) => [list(prepared, query, searchPattern(query))],
});
