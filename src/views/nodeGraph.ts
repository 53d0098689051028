import { cumValue, flatValue } from './graph';
import type { Prepared } from './preparedProfile';
import { namedColumn, type Table } from './table';
import { trimNotices } from './top';
import { trimmedGraph, untrimmed, type TrimOptions } from './trimmedGraph';
import { trimFields } from '../fields/fields';
import { reportView } from './view';

/** Lines of a node graph are 1 to this many pixels thick. */
const maxThickness = 10;

/**
 * The call graph as Grafana's node graph panel reads it, with the nodes and edges of `go tool pprof -dot`: 80 nodes
 * unless nodeCount says otherwise. The arc of a node is its flat share of the total.
 *
 * Nodes: id, title, subtitle, mainstat (flat), secondarystat (cum), arc__flat, arc__rest, detail__function.
 * Edges: id, source, target, mainstat (value), thickness, strokeDasharray (dashed: through nodes that are left out).
 */
export function graph(
  prepared: Prepared,
  { fullNames, ...options }: TrimOptions & { readonly fullNames: boolean }
): [Table, Table] {
  const { type, unit, total } = prepared;
  const trimmed = trimmedGraph(prepared, options.trim ? options : untrimmed(options), {
    most: 80,
    visual: true,
  });
  const { graph: g, nodes } = trimmed;
  const isNode = new Uint8Array(g.nodeCount);
  nodes.forEach((node) => (isNode[node] = 1));
  const edges = trimmed.edges.filter((e) => isNode[g.edge.from[e]] && isNode[g.edge.to[e]]);
  const heaviest = edges.reduce((most, e) => Math.max(most, Math.abs(g.edge.weight[e])), 1);
  const rows = [...nodes];
  const share = rows.map((node) => (total === 0 ? 0 : Math.min(1, Math.abs(flatValue(g, node)) / total)));
  return [
    {
      name: 'nodes',
      length: rows.length,
      columns: [
        { name: 'id', kind: 'string', values: rows.map(String) },
        namedColumn(
          'title',
          rows.map((node) => g.named[node])
        ),
        { name: 'subtitle', kind: 'string', values: rows.map((node) => (fullNames ? '' : pathOf(g.names[node]))) },
        {
          name: 'mainstat',
          kind: 'number',
          values: rows.map((node) => flatValue(g, node)),
          unit,
          label: `${type} flat`,
        },
        {
          name: 'secondarystat',
          kind: 'number',
          values: rows.map((node) => cumValue(g, node)),
          unit,
          label: `${type} cum`,
        },
        { name: 'arc__flat', kind: 'number', values: share, color: 'orange', label: 'flat' },
        { name: 'arc__rest', kind: 'number', values: share.map((value) => 1 - value), color: 'gray', label: 'callees' },
        { name: 'detail__function', kind: 'string', values: rows.map((node) => g.names[node]), label: 'function' },
      ],
      notices: trimNotices(trimmed, options),
    },
    {
      name: 'edges',
      length: edges.length,
      columns: [
        { name: 'id', kind: 'string', values: edges.map((e) => `${g.edge.from[e]}-${g.edge.to[e]}`) },
        { name: 'source', kind: 'string', values: edges.map((e) => String(g.edge.from[e])) },
        { name: 'target', kind: 'string', values: edges.map((e) => String(g.edge.to[e])) },
        { name: 'mainstat', kind: 'number', values: edges.map((e) => g.edge.weight[e]), unit, label: type },
        {
          name: 'thickness',
          kind: 'number',
          values: edges.map((e) => 1 + ((maxThickness - 1) * Math.abs(g.edge.weight[e])) / heaviest),
        },
        { name: 'strokeDasharray', kind: 'string', values: edges.map((e) => (g.edge.isResidual[e] ? '4 4' : '')) },
      ],
      notices: [],
    },
  ];
}

/** A node has room for `cache.(*LRU).Put`; the import path stands below it. */
export function pathOf(name: string): string {
  // Type parameters hold slashes of their own.
  const end = name.search(/[[( ]/);
  return name.slice(0, Math.max(0, name.lastIndexOf('/', end < 0 ? undefined : end)));
}

export const graphView = reportView({
  name: 'graph',
  title: 'Graph',
  description: 'call graph for the node graph panel',
  group: 'Profile',
  opens: 'profile',
  base: 'subtracted',
  panel: 'nodeGraph',
  fields: trimFields,
  reports: ['dot', 'svg', 'png', 'pdf', 'web'],
  tables: graph,
});
