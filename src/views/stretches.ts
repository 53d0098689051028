import { picked } from '../profile/picked';
import { bothSides, notDrawn, sumOf, type CallTree, type PathValues, type TreeValues } from './calltree';
import { OpenedNodes } from './widestFirst';

/** Ends of paths in an order in which those below each node of a tree are a stretch, and what ends at them. */
export interface Ends {
  /** What says which comes first of nodes that are as wide: the one with the least below it. */
  readonly first: Uint32Array;
  /** Of each side what the ends before each one total, and at the end what all do. */
  readonly sums: readonly Float64Array[];
  /** The same of all sides together: what widths are of. */
  readonly widths: Float64Array;
  /** Of changes in one direction what those in the other total. */
  readonly opposite?: number;
}

/**
 * @param values by end, or by row of what `ends` are rows of
 * @returns undefined where values are below zero, or totals depend on the order in which they are added up
 */
export function endSums({ flat, opposite }: PathValues, ends?: Uint32Array): Omit<Ends, 'first'> | undefined {
  const atEnds = (values: Float64Array) => (ends ? picked(values, ends) : values);
  const sides = flat.map(atEnds);
  if (!sides.every(isExact)) {
    return undefined;
  }
  const sums = sides.map(sumsBefore);
  const [own, base] = sums;
  return { sums, widths: base ? bothSides(own, base) : own, ...(opposite && { opposite: sumOf(atEnds(opposite)) }) };
}

/** Whether no value is below zero and totals, also of two sides, do not depend on the order of values. */
function isExact(values: Float64Array): boolean {
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    total += values[i] >= 0 && Number.isInteger(values[i]) ? values[i] : Infinity;
  }
  return total <= Number.MAX_SAFE_INTEGER / 2;
}

function sumsBefore(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) {
    sums[i + 1] = sums[i] + values[i];
  }
  return sums;
}

/** Nodes of which each is a stretch of ends, and those below it are parts of that. */
export abstract class StretchNodes extends OpenedNodes {
  /** @param ends the nodes' `from` and `to` are rows of these */
  constructor(private readonly ends: Ends) {
    super();
  }

  /** Nodes from the root on that are drawn whatever they have. */
  protected abstract readonly fixed: number;

  /** Whether the first of its ends is the node's own. */
  protected abstract hasOwn(node: number): boolean;

  /** Adds what nodes that are no stretch have below them. */
  protected addUp(_values: Float64Array): void {}

  /**
   * The nodes that may be drawn. What is narrower is one row below the node above it.
   * @param least a width that all have which are drawn
   */
  drawable(least: number): Omit<CallTree, 'names'> {
    const { parent, width, fixed } = this;
    /** By row the node that it is, or whose narrow ones it has. */
    const nodes = new Uint32Array(2 * this.length);
    const isRest = new Uint8Array(nodes.length);
    let length = 0;
    for (; length < fixed; length++) {
      nodes[length] = length;
    }
    for (let node = fixed; node < this.length;) {
      const above = parent[node];
      const first = length;
      let hasRest = false;
      for (; node < this.length && parent[node] === above; node++) {
        if (width[node] >= least) {
          nodes[length++] = node;
        } else {
          hasRest ||= width[node] > 0;
        }
      }
      if (length - first > 1) {
        this.orderAlike(nodes.subarray(first, length));
      }
      if (hasRest) {
        isRest[length] = 1;
        nodes[length++] = above;
      }
    }
    return this.treeOf(nodes.subarray(0, length), isRest);
  }

  /** A node below the last one that was opened. */
  protected addStretch(parent: number, name: number, from: number, to: number): number {
    const node = this.add(parent, name);
    this.from[node] = from;
    this.to[node] = to;
    this.width[node] = this.ends.widths[to] - this.ends.widths[from];
    return node;
  }

  /**
   * Of those that are as wide the one comes first that has the first end, as in a tree that is made of one end after the other. Others
   * are in no order: the drawing puts the widest first.
   */
  private orderAlike(nodes: Uint32Array): void {
    const { width } = this;
    if (nodes.length > 2 || width[nodes[0]] === width[nodes[1]]) {
      nodes.sort((a, b) => width[b] - width[a] || this.firstEnd(a) - this.firstEnd(b));
    }
  }

  private treeOf(nodes: Uint32Array, isRest: Uint8Array): Omit<CallTree, 'names'> {
    const { length } = nodes;
    const row = new Uint32Array(this.length);
    const parent = new Int32Array(length);
    const level = new Uint32Array(length);
    for (let i = 0; i < length; i++) {
      const node = nodes[i];
      if (isRest[i] === 0) {
        row[node] = i;
      }
      parent[i] = row[isRest[i] === 1 ? node : this.parent[node]];
      level[i] = isRest[i] === 1 ? notDrawn : this.level[node];
    }
    parent[0] = -1;
    const [own, base] = this.ends.sums.map((sums) => this.valuesOf(nodes, isRest, sums));
    return { length, parent, name: picked(this.name, nodes), level, ...own, ...(base && { base }) };
  }

  /** What each row has of a side, whose running totals are `sums`. */
  private valuesOf(rows: Uint32Array, isRest: Uint8Array, sums: Float64Array): TreeValues {
    const { from, to, parent } = this;
    const flat = new Float64Array(rows.length);
    const cum = new Float64Array(rows.length);
    /** By node: what it has below that has no row yet. */
    const rest = new Float64Array(this.length);
    for (let i = 0; i < rows.length; i++) {
      const node = rows[i];
      if (isRest[i] === 1) {
        flat[i] = cum[i] = rest[node];
        continue;
      }
      const first = from[node];
      cum[i] = sums[to[node]] - sums[first];
      flat[i] = first < to[node] && this.hasOwn(node) ? sums[first + 1] - sums[first] : 0;
      rest[node] = cum[i] - flat[i];
      if (node > 0) {
        rest[parent[node]] -= cum[i];
      }
    }
    this.addUp(cum);
    return { flat, cum };
  }

  private firstEnd(node: number): number {
    const { first } = this.ends;
    let least = first[this.from[node]];
    for (let i = this.from[node] + 1; i < this.to[node]; i++) {
      least = Math.min(least, first[i]);
    }
    return least;
  }
}
