import type { Pattern } from '../text/pattern';
import { codeOf } from './code';
import { cumValue, flatValue } from './graph';
import type { Prepared } from './preparedProfile';
import { namedColumn, percentOf, type NamedText, type Table } from './table';
import { trimNotices } from './top';
import { sortedEdges, trimmedGraph, untrimmed, type TrimmedGraph, type TrimOptions } from './trimmedGraph';
import { trimFields } from '../fields/fields';
import { searchPattern } from './searchPattern';
import { reportView } from './view';

/** Every node between its callers and its callees, cut as `go tool pprof -tree` cuts. Columns as in `peek`. */
export const tree = (prepared: Prepared, options: TrimOptions): Table => neighbours(prepared, options);

/**
 * The nodes whose name matches, each between its callers and its callees, the heaviest first; nothing is cut
 * (`go tool pprof -peek`). A caller's and a callee's `calls` is the value that passes between it and the node, calls%
 * its share of the node's cum.
 *
 *     ← work.Ingest                    90 MiB   84 %
 *   store.(*Cache).Retain   2 MiB  …
 *     → store.retainedPoints           88 MiB   82 %
 *
 * Columns: function (callers and callees are indented behind an arrow), flat, cum, calls, calls%, flat%, cum%; hidden in
 * a table are node (whose caller or callee a row is) and relation (caller, node or callee).
 */
export const peek = (prepared: Prepared, options: TrimOptions, pattern: Pattern): Table =>
  neighbours(prepared, options, pattern);

/** A node, one of its callers or one of its callees. */
export interface NeighbourRow {
  readonly relation: 'caller' | 'node' | 'callee';
  /** Whose caller or callee it is; of a node itself. */
  readonly node: number;
  /** The caller, the callee, or the node. */
  readonly other: number;
  /** Value that passes between the two, NaN of a node itself. */
  readonly calls: number;
  /** The call was inlined. */
  readonly isInline: boolean;
}

/**
 * Each node after its callers and before its callees, the heaviest first (internal/report, printTree).
 * @param isWanted names of the nodes to show, all where undefined; callers and callees are shown whatever they are
 */
export function neighbourRows(
  prepared: Prepared,
  options: TrimOptions,
  isWanted?: Pattern
): { readonly trimmed: TrimmedGraph; readonly rows: readonly NeighbourRow[] } {
  const trimmed = trimmedGraph(prepared, isWanted || !options.trim ? untrimmed(options) : options, {
    most: 80,
    isWanted,
  });
  const { graph, nodes, edges } = trimmed;
  const { edge } = graph;
  const isShown = new Uint8Array(graph.nodeCount);
  nodes.forEach((node) => (isShown[node] = 1));
  const { callers, callees } = sortedEdges({
    graph,
    edges: edges.filter((e) => isShown[edge.from[e]] || isShown[edge.to[e]]),
  });
  const rows: NeighbourRow[] = [];
  for (const node of nodes) {
    const neighbour = (relation: 'caller' | 'callee', other: number, e: number) =>
      rows.push({ relation, node, other, calls: edge.weight[e], isInline: edge.isInline[e] === 1 });
    callers.get(node)?.forEach((e) => neighbour('caller', edge.from[e], e));
    rows.push({ relation: 'node', node, other: node, calls: NaN, isInline: false });
    callees.get(node)?.forEach((e) => neighbour('callee', edge.to[e], e));
  }
  return { trimmed, rows };
}

function neighbours(prepared: Prepared, options: TrimOptions, pattern?: Pattern): Table {
  const { type, unit, total } = prepared;
  const { trimmed, rows } = neighbourRows(prepared, options, pattern);
  const { graph } = trimmed;
  const { names, named } = graph;
  const ofNode = (read: (node: number) => number) =>
    rows.map(({ node, relation }) => (relation === 'node' ? read(node) : NaN));
  const flat = ofNode((node) => flatValue(graph, node));
  const cum = ofNode((node) => cumValue(graph, node));
  const others = rows.map(({ other }) => other);
  return {
    name: type,
    length: rows.length,
    columns: [
      namedColumn(
        'function',
        rows.map(({ relation, other }) => behindArrow(relation, named[other])),
        { fullNames: others.map((other) => names[other]), code: codeOf(prepared, options, others) }
      ),
      { name: 'flat', kind: 'number', values: flat, unit },
      { name: 'cum', kind: 'number', values: cum, unit },
      { name: 'calls', kind: 'number', values: rows.map(({ calls }) => calls), unit },
      {
        name: 'calls%',
        kind: 'number',
        values: rows.map(({ node, calls }) => percentOf(calls, cumValue(graph, node))),
        unit: 'percent',
      },
      { name: 'flat%', kind: 'number', values: flat.map((value) => percentOf(value, total)), unit: 'percent' },
      { name: 'cum%', kind: 'number', values: cum.map((value) => percentOf(value, total)), unit: 'percent' },
      { name: 'node', kind: 'enum', values: rows.map(({ node }) => node), text: names, named, isHidden: true },
      { name: 'relation', kind: 'string', values: rows.map(({ relation }) => relation), isHidden: true },
    ],
    notices: pattern ? [] : trimNotices(trimmed, options),
  };
}

/** Who calls the node has an arrow towards it, what it calls one away from it; tables do not collapse these spaces. */
function behindArrow(relation: string, named: NamedText): NamedText {
  if (relation === 'node') {
    return named;
  }
  const arrow = relation === 'caller' ? '\u2003\u2190 ' : '\u2003\u2192 ';
  return [arrow, ...(typeof named === 'string' ? [{ function: named }] : named)];
}

export const peekView = reportView({
  name: 'peek',
  title: 'Peek',
  description: 'a function between its callers and callees',
  group: 'Profile',
  opens: 'profile',
  base: 'subtracted',
  panel: 'table',
  fields: [...trimFields, 'peek'],
  reports: ['peek'],
  tables: (prepared, query) => [peek(prepared, query, searchPattern(query))],
});

export const treeView = reportView({
  name: 'tree',
  title: 'Tree',
  description: 'every function between its callers and callees',
  group: 'Profile',
  opens: 'profile',
  base: 'subtracted',
  panel: 'table',
  fields: trimFields,
  reports: ['tree'],
  tables: (prepared, query) => [tree(prepared, query)],
});
