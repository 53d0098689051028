import type { Pattern } from '../profile/pattern';
import { codeOf } from './code';
import { cumValue, flatValue } from './graph';
import type { Prepared } from './prepared';
import { namedColumn, type NamedText, type Table } from './table';
import { trimNotices } from './top';
import { sortedEdges, trimmedGraph, untrimmed, type TrimOptions } from './trimmed';

/** Every node between its callers and its callees, cut as `go tool pprof -tree` cuts. Columns as in `peek`. */
export const tree = (prepared: Prepared, options: TrimOptions): Table =>
  neighbours(prepared, options.trim ? options : untrimmed(options));

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
  neighbours(prepared, untrimmed(options), pattern);

function neighbours(prepared: Prepared, options: TrimOptions, pattern?: Pattern): Table {
  const { type, unit, total } = prepared;
  const trimmed = trimmedGraph(prepared, options, {
    most: 80,
    isWanted: pattern,
  });
  const { graph, nodes } = trimmed;
  const { names, named, edge } = graph;
  const isShown = new Uint8Array(graph.nodeCount);
  nodes.forEach((node) => (isShown[node] = 1));
  const { callers, callees } = sortedEdges({
    graph,
    edges: trimmed.edges.filter((e) => isShown[edge.from[e]] || isShown[edge.to[e]]),
  });
  const rows: Array<{ node: number; relation: string; other: number; calls: number }> = [];
  for (const node of nodes) {
    const row = (relation: string, other: number, e: number) =>
      rows.push({ node, relation, other, calls: edge.weight[e] });
    callers.get(node)?.forEach((e) => row('caller', edge.from[e], e));
    rows.push({ node, relation: 'node', other: node, calls: NaN });
    callees.get(node)?.forEach((e) => row('callee', edge.to[e], e));
  }
  const percent = (value: number, of: number) => (of === 0 ? 0 : (100 * value) / of);
  const ofNode = (read: (node: number) => number) =>
    rows.map(({ node, relation }) => (relation === 'node' ? read(node) : NaN));
  const flat = ofNode((node) => flatValue(graph, node));
  const cum = ofNode((node) => cumValue(graph, node));
  return {
    name: type,
    length: rows.length,
    columns: [
      namedColumn(
        'function',
        rows.map(({ relation, other }) => behindArrow(relation, named[other])),
        {
          fullNames: rows.map(({ other }) => names[other]),
          code: codeOf(
            prepared,
            options,
            rows.map(({ other }) => other)
          ),
        }
      ),
      { name: 'flat', kind: 'number', values: flat, unit },
      { name: 'cum', kind: 'number', values: cum, unit },
      { name: 'calls', kind: 'number', values: rows.map(({ calls }) => calls), unit },
      {
        name: 'calls%',
        kind: 'number',
        values: rows.map(({ node, calls }) => percent(calls, cumValue(graph, node))),
        unit: 'percent',
      },
      { name: 'flat%', kind: 'number', values: flat.map((value) => percent(value, total)), unit: 'percent' },
      { name: 'cum%', kind: 'number', values: cum.map((value) => percent(value, total)), unit: 'percent' },
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
