import { once } from '../profile/once';
import { callTree } from './calltree';
import { frameNames, type FrameOptions } from './frameNames';
import { callGraphs, compareText, markNames, nameOrder, shownNodes, sortNodes, type Graph } from './graph';
import type { Prepared } from './preparedProfile';

/** pprof's options of the size and order of a report of nodes. */
export interface TrimOptions extends FrameOptions {
  readonly sort: 'flat' | 'cum';
  readonly mean: boolean;
  readonly dropNegative: boolean;
  readonly trim: boolean;
  /** -1 for the default of the report. */
  readonly nodeCount: number;
  readonly nodeFraction: number;
  readonly edgeFraction: number;
  readonly callTree: boolean;
}

export interface TrimmedGraph {
  readonly graph: Graph;
  /** Nodes of the report in its order. */
  readonly nodes: Uint32Array;
  /** Edges that reach the cut-off; found when they are first read. */
  readonly edges: readonly number[];
  /** Nodes before nodeCount cut them. */
  readonly originalCount: number;
  /** Nodes below nodeFraction. */
  readonly dropped: number;
}

/** No cut-off at all: what `trim=false` means, and what some reports are always printed with. */
export const untrimmed = <T extends TrimOptions>(options: T): T => ({
  ...options,
  nodeCount: 0,
  nodeFraction: 0,
  edgeFraction: 0,
});

/** What a report takes of the graph. */
export interface GraphShape {
  /** Nodes where nodeCount says the default; 0 for all. */
  readonly most: number;
  /** What -dot does: nodes that tell more come first, edges that say nothing new go, and call_tree counts. */
  readonly visual?: boolean;
  /** Names of the nodes that the report shows, with the edges into and out of them; others are only callers and callees. */
  readonly isWanted?: (name: string) => boolean;
}

/**
 * The graph after pprof's cut-offs (internal/report, newTrimmedGraph): nodes below a share of the total, then the first
 * n, then edges below a share.
 */
export function trimmedGraph(
  { profile, index }: Prepared,
  options: TrimOptions,
  { most, visual = false, isWanted }: GraphShape
): TrimmedGraph {
  const { nodeFraction, edgeFraction, sort, mean, dropNegative } = options;
  const nodeCount = options.nodeCount === -1 ? most : options.nodeCount;
  const frames = frameNames(profile, options);
  const tree = visual && options.callTree ? callTree(profile, { index }, frames) : undefined;
  const wanted = isWanted && markNames(frames.names, isWanted);
  const build = tree
    ? (kept?: Uint8Array) => pathGraph(tree, kept)
    : callGraphs(profile, index, frames, { mean, edgesOf: wanted });
  const keep = (rows: Uint32Array): Graph => {
    const kept = new Uint8Array(graph.nodeCount);
    rows.forEach((node) => (kept[node] = 1));
    return build(kept);
  };
  const ordered = (g: Graph): Uint32Array => {
    const shown = shownNodes(g, dropNegative);
    const nodes = wanted ? shown.filter((node) => wanted[node] === 1) : shown;
    return visual ? entropyOrder(nodes, g) : sortNodes(nodes, g, sort);
  };

  let graph = build();
  const all = shownNodes(graph, dropNegative);
  const sum = all.reduce((total, node) => total + graph.flat[node], 0);
  // Both cut-offs are shares of the whole graph, not of what is left of it.
  const cutoff = Math.abs(Math.trunc(sum * nodeFraction));
  const edgeCutoff = Math.abs(Math.trunc(sum * edgeFraction));
  const heavy = all.filter((node) => Math.abs(graph.cum[node]) >= cutoff);
  const dropped = all.length - heavy.length;
  if (dropped > 0) {
    graph = keep(heavy);
  }
  let nodes = ordered(graph);
  const originalCount = nodes.length;
  if (nodeCount > 0 && nodes.length > nodeCount) {
    graph = keep(nodes.slice(0, nodeCount));
    nodes = ordered(graph);
  }
  const edges = once(() => {
    const heavy = heavyEdges(graph, nodes, edgeCutoff);
    return visual ? withoutRedundant(graph, nodes, heavy) : heavy;
  });
  return {
    graph,
    nodes,
    get edges() {
      return edges();
    },
    originalCount,
    dropped,
  };
}

/** Edges that reach the cut-off; those into nodes that the report leaves out are not cut (TrimLowFrequencyEdges). */
function heavyEdges({ nodeCount, edge }: Graph, nodes: Uint32Array, cutoff: number): number[] {
  const isNode = new Uint8Array(nodeCount);
  nodes.forEach((node) => (isNode[node] = 1));
  return Array.from({ length: edge.length }, (_, e) => e).filter(
    (e) => isNode[edge.to[e]] === 0 || Math.abs(edge.weight[e]) >= cutoff
  );
}

/** Edges into and out of each node, the heaviest first, then by name (EdgeMap.Sort). */
export function sortedEdges({ graph: { names, edge }, edges }: Pick<TrimmedGraph, 'graph' | 'edges'>): {
  callers: Map<number, number[]>;
  callees: Map<number, number[]>;
} {
  const sorted = [...edges].sort(
    (a, b) =>
      Math.abs(edge.weight[b]) - Math.abs(edge.weight[a]) ||
      compareText(names[edge.from[a]], names[edge.from[b]]) ||
      compareText(names[edge.to[a]], names[edge.to[b]])
  );
  const callers = new Map<number, number[]>();
  const callees = new Map<number, number[]>();
  const add = (map: Map<number, number[]>, node: number, e: number) => {
    const list = map.get(node);
    if (list) {
      list.push(e);
    } else {
      map.set(node, [e]);
    }
  };
  for (const e of sorted) {
    add(callers, edge.to[e], e);
    add(callees, edge.from[e], e);
  }
  return { callers, callees };
}

/** One node for each call path; a path that is left out hands its callees to its nearest caller (newTree, TrimTree). */
function pathGraph(
  { length, parent, name, names, named = [], flat, cum }: ReturnType<typeof callTree>,
  kept?: Uint8Array
): Graph {
  // The root is no node: it stands for the whole profile.
  const isNode = (row: number) => row > 0 && (!kept || kept[row] === 1);
  const from: number[] = [];
  const to: number[] = [];
  const residual: number[] = [];
  const above = new Int32Array(length);
  const isCut = new Uint8Array(length);
  for (let i = 1; i < length; i++) {
    const p = parent[i];
    above[i] = p > 0 && isNode(p) ? p : p > 0 ? above[p] : 0;
    isCut[i] = p > 0 && !isNode(p) ? 1 : 0;
    if (isNode(i) && above[i] > 0) {
      from.push(above[i]);
      to.push(i);
      residual.push(isCut[i]);
    }
  }
  return {
    names: Array.from(name, (row) => names[row]),
    named: Array.from(name, (row) => named[row] ?? [names[row]]),
    addresses: [],
    nodeCount: length,
    flat: flat.map((value, i) => (isNode(i) ? value : 0)),
    cum: cum.map((value, i) => (isNode(i) ? value : 0)),
    edge: {
      length: to.length,
      from: Int32Array.from(from),
      to: Uint32Array.from(to),
      weight: Float64Array.from(to, (row) => cum[row]),
      isInline: new Uint8Array(to.length),
      isResidual: Uint8Array.from(residual),
    },
  };
}

/**
 * Nodes by how much a drawing loses without them: their value times the entropy of their edges (internal/graph,
 * EntropyOrder). Labels, which pprof draws as boxes of their own, do not count here.
 */
function entropyOrder(nodes: Uint32Array, graph: Graph): Uint32Array {
  const { nodeCount, flat, cum, edge } = graph;
  const entropy = (weights: number[], self: number): number => {
    if (weights.length === 0) {
      return 1;
    }
    const total = self + weights.reduce((sum, weight) => sum + Math.max(0, weight), 0);
    const part = (value: number) => {
      const share = Math.abs(value) / total;
      return share > 0 ? -share * Math.log2(share) : 0;
    };
    return total === 0 ? 0 : weights.reduce((sum, weight) => sum + part(weight), self > 0 ? part(self) : 0);
  };
  const into = new Map<number, number[]>();
  const out = new Map<number, number[]>();
  for (const node of nodes) {
    into.set(node, []);
    out.set(node, []);
  }
  for (let e = 0; e < edge.length; e++) {
    into.get(edge.to[e])?.push(edge.weight[e]);
    out.get(edge.from[e])?.push(edge.weight[e]);
  }
  const score = new Float64Array(nodeCount);
  for (const node of nodes) {
    const bits = entropy(into.get(node) ?? [], 0) + entropy(out.get(node) ?? [], flat[node]);
    score[node] = Math.abs(Math.trunc(bits * cum[node]) + flat[node]);
  }
  const byName = nameOrder(graph);
  return sortNodes(nodes, graph, 'cum').sort((a, b) => score[b] - score[a] || byName(a, b));
}

/** Without edges through nodes that are left out where another path says the same (RemoveRedundantEdges). */
function withoutRedundant(graph: Graph, nodes: Uint32Array, edges: readonly number[]): number[] {
  const { edge } = graph;
  const { callers } = sortedEdges({ graph, edges });
  const gone = new Set<number>();
  const isRedundant = (e: number): boolean => {
    const seen = new Set([edge.to[e]]);
    const queue = [edge.to[e]];
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      for (const into of callers.get(node) ?? []) {
        const caller = edge.from[into];
        if (into === e || gone.has(into) || seen.has(caller)) {
          continue;
        }
        if (caller === edge.from[e]) {
          return true;
        }
        seen.add(caller);
        queue.push(caller);
      }
    }
    return false;
  };
  for (let i = nodes.length - 1; i >= 0; i--) {
    const into = callers.get(nodes[i]) ?? [];
    // From the lightest; an edge heavier than a direct one stays, or the drawing would look wrong.
    for (let k = into.length - 1; k >= 0 && edge.isResidual[into[k]]; k--) {
      if (isRedundant(into[k])) {
        gone.add(into[k]);
      }
    }
  }
  return edges.filter((e) => !gone.has(e));
}
