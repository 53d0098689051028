import { grown } from '../profile/grown';
import { PairInterner } from '../profile/interner';
import { once } from '../profile/once';
import type { Profile, StackTable } from '../profile/profile';
import { stackOrder } from '../profile/stackOrder';
import type { Frames } from './frameNames';
import { Marks, stepsOf, type Steps } from './steps';
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
 * its cut-off. A pass over the stack table, whose rows have the totals of the samples that go through them, serves all of
 * them: what a node has does not depend on which others are kept.
 */
export function callGraphs(
  profile: Profile,
  sampleIndex: number,
  frames: Frames,
  { mean = false, edgesOf: asked }: GraphOptions = {}
): (kept?: Uint8Array) => Graph {
  const steps = stepsOf(profile, frames);
  const totals = rowTotals(profile, sampleIndex, mean);
  const { names, addresses } = frames;
  const nodeCount = names.length;
  const values = nodeTotals(steps, nodeCount, totals.value, totals.ownValue);
  const counts = mean ? nodeTotals(steps, nodeCount, totals.count, totals.ownCount) : undefined;
  return (kept) => {
    const keep = (column: Float64Array) =>
      kept ? column.map((value, node) => (kept[node] === 1 ? value : 0)) : column;
    const edge = once(() => findEdges(profile.stack, steps, totals, kept, asked));
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

/** What ends at each row is of the node of its last frame, what goes through it of each node that is new there. */
function nodeTotals(
  { offset, node, isFirst }: Steps,
  nodeCount: number,
  through: Float64Array,
  own: Float64Array
): { readonly flat: Float64Array; readonly cum: Float64Array } {
  const flat = new Float64Array(nodeCount);
  const cum = new Float64Array(nodeCount);
  for (let row = 1; row < own.length; row++) {
    const value = through[row];
    const end = offset[row + 1];
    for (let step = offset[row]; step < end; step++) {
      if (isFirst[step] === 1) {
        cum[node[step]] += value;
      }
    }
    if (own[row] !== 0) {
      flat[node[end - 1]] += own[row];
    }
  }
  return { flat, cum };
}

/** One walk over the paths, since an edge counts once for each, however often it is passed. */
function findEdges(
  stack: StackTable,
  { offset, node }: Steps,
  { hasSample, value }: ReturnType<typeof rowTotals>,
  kept: Uint8Array | undefined,
  ofNode: Uint8Array | undefined
): Graph['edge'] {
  const { rows, depth, deepest } = stackOrder(stack);
  // No more edges than rows, inlined calls apart.
  const edges = new EdgeBuilder(ofNode ? 1024 : stack.length);
  // The walk's state below the row that it is at, by depth: the nearest node above, and whether frames between are passed
  // over.
  const nodeAbove = new Int32Array(deepest + 1).fill(-1);
  const isCutAbove = new Uint8Array(deepest + 1);
  const passed = new Marks(ofNode ? 1024 : stack.length, deepest);
  for (const row of rows) {
    if (hasSample[row] === 0) {
      continue;
    }
    const d = depth[row];
    passed.leaveTo(d);
    let above = nodeAbove[d - 1];
    let isCut = isCutAbove[d - 1];
    const first = offset[row];
    const end = offset[row + 1];
    for (let step = first; step < end; step++) {
      const at = node[step];
      if (kept && kept[at] === 0) {
        isCut = 1;
        continue;
      }
      if (above >= 0 && above !== at && (!ofNode || ofNode[above] === 1 || ofNode[at] === 1)) {
        const edge = edges.find(above, at);
        if (passed.pass(edge)) {
          edges.add(edge, value[row], step > first, isCut === 1);
        }
      }
      above = at;
      isCut = 0;
    }
    nodeAbove[d] = above;
    isCutAbove[d] = isCut;
  }
  return edges.finish();
}

/** By row of `stack`: values and counts of the samples that end there and of those that go through. */
function rowTotals({ sample, stack }: Profile, sampleIndex: number, mean: boolean) {
  const values = sample.values[sampleIndex];
  const counts = sample.values[0];
  const ownValue = new Float64Array(stack.length);
  const ownCount = new Float64Array(mean ? stack.length : 0);
  // A row may total 0 with samples that cancel: it is on a path of the graph then, and others are not.
  const hasSample = new Uint8Array(stack.length);
  for (let i = 0; i < sample.length; i++) {
    const row = sample.stack[i];
    ownValue[row] += values[i];
    if (mean) {
      ownCount[row] += counts[i];
    }
    if (values[i] !== 0 || (mean && counts[i] !== 0)) {
      hasSample[row] = 1;
    }
  }
  const value = ownValue.slice();
  const count = ownCount.slice();
  for (let row = stack.length - 1; row > 0; row--) {
    const parent = stack.parent[row];
    value[parent] += value[row];
    hasSample[parent] |= hasSample[row];
    if (mean) {
      count[parent] += count[row];
    }
  }
  return { value, count, ownValue, ownCount, hasSample };
}

class EdgeBuilder {
  private readonly pairs: PairInterner;
  private weight = new Float64Array(1024);
  private isInline = new Uint8Array(1024);
  private isResidual = new Uint8Array(1024);
  private known = 0;

  constructor(expected: number) {
    this.pairs = new PairInterner(expected);
  }

  find(from: number, to: number): number {
    return this.pairs.intern(from, to);
  }

  add(edge: number, weight: number, isInline: boolean, isResidual: boolean): void {
    if (edge === this.weight.length) {
      this.weight = grown(this.weight, edge * 2);
      this.isInline = grown(this.isInline, edge * 2);
      this.isResidual = grown(this.isResidual, edge * 2);
    }
    if (edge === this.known) {
      this.known++;
      this.isInline[edge] = 1;
    }
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
