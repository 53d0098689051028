import { grown } from '../profile/grown';
import { PairInterner } from '../profile/interner';
import { once } from '../profile/once';
import type { Profile } from '../profile/profile';
import type { Frames } from './frameNames';
import { pathWalk, type PathWalk } from './paths';
import type { NamedText } from './table';

/**
 * pprof's call graph (google/pprof internal/graph): a node for each frame of a granularity, flat and cum of each, and the
 * edges between them. A node or an edge counts a sample once however often the sample passes it.
 */
export interface Graph {
  readonly names: readonly string[];
  readonly named: readonly NamedText[];
  readonly addresses: readonly bigint[];
  readonly nodeCount: number;
  readonly flat: Float64Array;
  readonly cum: Float64Array;
  /** Counts that flat and cum are divided by where means are asked; sums stay what nodes are sorted by. */
  readonly divisor?: { readonly flat: Float64Array; readonly cum: Float64Array };
  /** Edges from a caller to a callee; found when they are first read, since a report of nodes does without. */
  readonly edge: {
    readonly length: number;
    readonly from: Int32Array;
    readonly to: Uint32Array;
    readonly weight: Float64Array;
    /** Every call on it was inlined. */
    readonly isInline: Uint8Array;
    /** A call on it went through nodes that are left out. */
    readonly isResidual: Uint8Array;
  };
}

export interface GraphOptions {
  /** Divides by the first sample type's values. */
  readonly mean?: boolean;
  /** 1 for each frame whose edges are asked for, into and out of it; without it all are. */
  readonly edgesOf?: Uint8Array;
}

/** The whole graph of one sample type. */
export const callGraph = (profile: Profile, sampleIndex: number, frames: Frames): Graph =>
  callGraphs(profile, sampleIndex, frames)();

/**
 * Graphs of one sample type: of all frames, or of those that `kept` marks; others are passed over then, as pprof does after
 * its cut-off. All of them are read off one walk through all paths, which has what samples total that go through each: what a
 * node has does not depend on which others are kept.
 */
export function callGraphs(
  profile: Profile,
  sampleIndex: number,
  frames: Frames,
  { mean = false, edgesOf: asked }: GraphOptions = {}
): (kept?: Uint8Array) => Graph {
  const walk = pathWalk(profile, frames);
  const totals = pathTotals(profile, sampleIndex, mean, walk);
  const { names, addresses } = frames;
  const nodeCount = names.length;
  const values = nodeTotals(walk, nodeCount, totals.value, totals.ownValue);
  const counts = mean ? nodeTotals(walk, nodeCount, totals.count, totals.ownCount) : undefined;
  const isPhysical = once(() => physicalCalls(profile, walk, totals.hasValue));
  return (kept) => {
    const keep = (column: Float64Array) =>
      kept ? column.map((value, node) => (kept[node] === 1 ? value : 0)) : column;
    const edge = once(() => findEdges(walk, totals, isPhysical(), kept, asked));
    return {
      names,
      get named() {
        return frames.named;
      },
      addresses,
      nodeCount,
      flat: keep(values.flat),
      cum: keep(values.cum),
      divisor: counts && { flat: keep(counts.flat), cum: keep(counts.cum) },
      get edge() {
        return edge();
      },
    };
  };
}

/** What ends at a path is of the node of its last frame, what goes through it too, but where the node is above as well. */
function nodeTotals(
  { length, name, end }: PathWalk,
  nodeCount: number,
  through: Float64Array,
  own: Float64Array
): { readonly flat: Float64Array; readonly cum: Float64Array } {
  const flat = new Float64Array(nodeCount);
  const cum = new Float64Array(nodeCount);
  /** By node: where what is below it ends, of the last path that counts. */
  const counted = new Uint32Array(nodeCount);
  for (let row = 1; row < length; row++) {
    const node = name[row];
    flat[node] += own[row];
    if (counted[node] <= row) {
      counted[node] = end[row];
      cum[node] += through[row];
    }
  }
  return { flat, cum };
}

function findEdges(
  { length, parent, name, end }: PathWalk,
  { isPassed, value }: PathTotals,
  isPhysical: Uint8Array,
  kept: Uint8Array | undefined,
  ofNode: Uint8Array | undefined
): Graph['edge'] {
  const edges = new EdgeBuilder();
  /** By row of the walk: the last node on the path that is kept, -1 for none. */
  const last = new Int32Array(length).fill(-1);
  for (let row = 1; row < length; row++) {
    if (isPassed[row] === 0) {
      row = end[row] - 1;
      continue;
    }
    const at = name[row];
    const above = last[parent[row]];
    if (kept && kept[at] === 0) {
      last[row] = above;
      continue;
    }
    last[row] = at;
    if (above >= 0 && above !== at && (!ofNode || ofNode[above] === 1 || ofNode[at] === 1)) {
      const edge = edges.find(above, at);
      if (edges.isNew(edge, row)) {
        edges.add(
          edge,
          end[row],
          value[row],
          isPhysical[row] === 0,
          kept !== undefined && kept[name[parent[row]]] === 0
        );
      }
    }
  }
  return edges.finish();
}

type PathTotals = ReturnType<typeof pathTotals>;

/** By row of the walk: values and counts of the samples that end there and of those that go through. */
function pathTotals({ sample }: Profile, sampleIndex: number, mean: boolean, { length, parent, node }: PathWalk) {
  const values = sample.values[sampleIndex];
  const counts = sample.values[0];
  const ownValue = new Float64Array(length);
  const ownCount = new Float64Array(mean ? length : 0);
  // A path may total 0 with samples that cancel: it is in the graph then, and others are not.
  const hasValue = (i: number) => values[i] !== 0 || (mean && counts[i] !== 0);
  const isPassed = new Uint8Array(length);
  for (let i = 0; i < sample.length; i++) {
    const row = node[sample.stack[i]];
    ownValue[row] += values[i];
    if (mean) {
      ownCount[row] += counts[i];
    }
    isPassed[row] |= hasValue(i) ? 1 : 0;
  }
  const value = ownValue.slice();
  const count = ownCount.slice();
  for (let row = length - 1; row > 0; row--) {
    const above = parent[row];
    value[above] += value[row];
    isPassed[above] |= isPassed[row];
    if (mean) {
      count[above] += count[row];
    }
  }
  return { value, count, ownValue, ownCount, isPassed, hasValue };
}

/** By row of the walk: 1 where its call was not inlined on the stack of any of the samples that count. */
function physicalCalls(
  { sample, stack, location: { lineOffset } }: Profile,
  { length, parent, node }: PathWalk,
  counts: (sample: number) => boolean
): Uint8Array {
  const isPassed = new Uint8Array(stack.length);
  for (let i = 0; i < sample.length; i++) {
    isPassed[sample.stack[i]] |= counts(i) ? 1 : 0;
  }
  const isPhysical = new Uint8Array(length);
  for (let row = stack.length - 1; row > 0; row--) {
    if (isPassed[row] === 1) {
      isPassed[stack.parent[row]] = 1;
      const l = stack.location[row];
      let at = node[row];
      for (let inlined = lineOffset[l + 1] - lineOffset[l] - 1; inlined > 0; inlined--) {
        at = parent[at];
      }
      isPhysical[at] = 1;
    }
  }
  return isPhysical;
}

class EdgeBuilder {
  private readonly pairs = new PairInterner(1024);
  private weight = new Float64Array(1024);
  private isInline = new Uint8Array(1024).fill(1);
  private isResidual = new Uint8Array(1024);
  /** Where what is below the last path ends on which the edge was counted. */
  private counted = new Uint32Array(1024);

  find(from: number, to: number): number {
    const edge = this.pairs.intern(from, to);
    if (edge === this.weight.length) {
      this.weight = grown(this.weight, edge * 2);
      this.isInline = grown(this.isInline, edge * 2).fill(1, edge);
      this.isResidual = grown(this.isResidual, edge * 2);
      this.counted = grown(this.counted, edge * 2);
    }
    return edge;
  }

  /** It was not counted above this row of a walk. */
  isNew(edge: number, row: number): boolean {
    return this.counted[edge] <= row;
  }

  /** @param end the first row behind all that is below the one at which the edge is counted */
  add(edge: number, end: number, weight: number, isInline: boolean, isResidual: boolean): void {
    this.counted[edge] = end;
    this.weight[edge] += weight;
    this.isInline[edge] &= isInline ? 1 : 0;
    this.isResidual[edge] |= isResidual ? 1 : 0;
  }

  finish(): Graph['edge'] {
    const { length, first: from, second: to } = this.pairs.finish();
    return { length, from, to, weight: this.weight, isInline: this.isInline, isResidual: this.isResidual };
  }
}

/** A node's own value as a report shows it: a mean is cut to a whole number, as Go divides. */
export const flatValue = ({ flat, divisor }: Graph, node: number): number =>
  divisor && divisor.flat[node] !== 0 ? Math.trunc(flat[node] / divisor.flat[node]) : flat[node];

/** A node's value with its callees as a report shows it. */
export const cumValue = ({ cum, divisor }: Graph, node: number): number =>
  divisor && divisor.cum[node] !== 0 ? Math.trunc(cum[node] / divisor.cum[node]) : cum[node];

/** The nodes with a value. */
export function shownNodes({ nodeCount, flat, cum }: Graph, dropNegative: boolean): Uint32Array {
  const nodes = new Uint32Array(nodeCount);
  let length = 0;
  for (let node = 0; node < nodeCount; node++) {
    const isNegative = flat[node] < 0 || (flat[node] === 0 && cum[node] < 0);
    if ((flat[node] !== 0 || cum[node] !== 0) && !(dropNegative && isNegative)) {
      nodes[length++] = node;
    }
  }
  return nodes.slice(0, length);
}

/** Sorts nodes as pprof does: by flat or cum, then by name. */
export function sortNodes(nodes: Uint32Array, graph: Graph, by: 'flat' | 'cum'): Uint32Array {
  const { flat, cum } = graph;
  const [first, second] = by === 'flat' ? [flat, cum] : [cum, flat];
  const byName = nameOrder(graph);
  return nodes.sort(
    (a, b) =>
      Math.abs(first[b]) - Math.abs(first[a]) || byName(a, b) || Math.abs(second[b]) - Math.abs(second[a]) || a - b
  );
}

/** Compares nodes by address, where they have one, else by name (comparePrintableName). */
export const nameOrder =
  ({ names, addresses }: Graph) =>
  (a: number, b: number): number =>
    addresses.length > 0 && addresses[a] !== 0n && addresses[b] !== 0n && addresses[a] !== addresses[b]
      ? addresses[a] < addresses[b]
        ? -1
        : 1
      : compareText(names[a], names[b]);

/** 1 for each name that passes. */
export function markNames(names: readonly string[], passes: (name: string) => boolean): Uint8Array {
  const marked = new Uint8Array(names.length);
  for (let row = 0; row < marked.length; row++) {
    marked[row] = passes(names[row]) ? 1 : 0;
  }
  return marked;
}

/** Go's order of strings: by bytes of UTF-8, which is the order of code points. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      // Surrogates sort above every other unit but 0xe000 to 0xffff, which are below them in UTF-8.
      const surrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
      return surrogate(x) !== surrogate(y) ? (surrogate(x) ? 1 : -1) : x - y;
    }
  }
  return a.length - b.length;
}
