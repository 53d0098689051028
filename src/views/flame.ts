import { callTree, callerTree, type CallTree } from './calltree';
import { frameNames, type FrameOptions } from './graph';
import type { Prepared } from './prepared';
import type { Notice, Table } from './table';

export interface DrawOptions {
  /** Most rows of the table; what is left out becomes nodes named `other`. */
  readonly maxNodes: number;
  /** Deepest level drawn. A browser's canvas ends below 2,800 rows of a flame graph, at half of it on dense screens. */
  readonly maxDepth?: number;
}

export interface FlameOptions extends DrawOptions, FrameOptions {
  readonly mean?: boolean;
}

/** The call tree, callers above callees; see drawFlame for the columns. */
export const flame = (prepared: Prepared, options: FlameOptions): Table =>
  drawFlame(callTree(prepared.profile, prepared.index, frameNames(prepared.profile, options)), prepared, options);

/** The inverted call tree: below each function that has a value of its own the paths of its callers. */
export const callers = (prepared: Prepared, options: FlameOptions): Table =>
  drawFlame(callerTree(prepared.profile, prepared.index, frameNames(prepared.profile, options)), prepared, options);

/**
 * The nested set that Grafana's flame graph draws: rows in depth-first order, `level` rising by at most one, one root
 * named `total` whose value is the whole profile's. Children are ordered by value, the largest first.
 *
 * Columns: level, value (with everything below), self, label. All totals are of the full tree: only the drawing is
 * bounded, and a notice says what share of the value the `other` nodes hold.
 */
export function drawFlame(
  whole: CallTree,
  { type, unit }: Pick<Prepared, 'type' | 'unit'>,
  { maxNodes, maxDepth = 1000, mean }: DrawOptions & { readonly mean?: boolean }
): Table {
  const notices: Notice[] = [];
  const tree = withoutNegatives(whole, unit, notices);
  if (mean) {
    notices.push({
      severity: 'info',
      text: 'Means do not add up: the flame graph shows sums. The top table shows means.',
    });
  }
  if (tree.cum[0] === 0) {
    notices.push({ severity: 'warning', text: `No sample has a value of type ${type}: nothing to draw.` });
  }
  const children = childrenOf(tree, maxDepth);
  const cutoff = drawingCutoff(tree, children, maxNodes);
  const rows = draw(tree, children, cutoff);
  if (rows.otherValue > 0) {
    const share = (100 * rows.otherValue) / tree.cum[0];
    notices.push({
      severity: 'info',
      text:
        `Drawn: ${rows.length.toLocaleString('en-US')} of ${tree.length.toLocaleString('en-US')} nodes. The rest is in nodes named "other", ` +
        `${share < 0.01 ? 'under 0.01' : share.toFixed(2)} % of the value. Tables are exact; filter to see the rest drawn.`,
    });
  }
  const names = [...tree.names, 'other'];
  return {
    name: type,
    length: rows.length,
    columns: [
      { name: 'level', kind: 'number', values: rows.level },
      { name: 'value', kind: 'number', values: rows.value, unit },
      { name: 'self', kind: 'number', values: rows.self, unit },
      { name: 'label', kind: 'enum', values: rows.name, text: names },
    ],
    notices,
  };
}

/** A saved difference has values below zero, which have no width: they are left out, and the notice says how much. */
function withoutNegatives(tree: CallTree, unit: string, notices: Notice[]): CallTree {
  let negative = 0;
  for (let i = 0; i < tree.length; i++) {
    negative -= tree.flat[i] < 0 ? tree.flat[i] : 0;
  }
  if (negative === 0) {
    return tree;
  }
  notices.push({
    severity: 'warning',
    text: `The profile has negative values (a saved difference). A flame graph cannot draw them: ${negative} ${unit} below zero are left out.`,
  });
  const flat = tree.flat.map((value) => Math.max(0, value));
  const cum = flat.slice();
  for (let i = tree.length - 1; i > 0; i--) {
    cum[tree.parent[i]] += cum[i];
  }
  return { ...tree, flat, cum };
}

/** Rows of the children of node i: order[offset[i]] to order[offset[i + 1]], in the tree's order. */
interface Children {
  readonly offset: Uint32Array;
  readonly order: Uint32Array;
  readonly level: Uint32Array;
  readonly maxDepth: number;
}

function childrenOf({ length, parent }: CallTree, maxDepth: number): Children {
  const level = new Uint32Array(length);
  const offset = new Uint32Array(length + 1);
  for (let i = 1; i < length; i++) {
    level[i] = level[parent[i]] + 1;
    offset[parent[i] + 1]++;
  }
  for (let i = 0; i < length; i++) {
    offset[i + 1] += offset[i];
  }
  const order = new Uint32Array(length > 0 ? length - 1 : 0);
  const next = offset.slice();
  for (let i = 1; i < length; i++) {
    order[next[parent[i]]++] = i;
  }
  return { offset, order, level, maxDepth };
}

const isDrawn = ({ cum }: CallTree, { level, maxDepth }: Children, node: number, cutoff: number): boolean =>
  cum[node] > 0 && cum[node] >= cutoff && level[node] <= maxDepth;

/**
 * The smallest value a node must have to be drawn so that the drawing, its `other` nodes included, has at most
 * `maxNodes` rows. 0 where everything fits. A node is never below its children's value, so what passes is connected.
 *
 * With a cut-off c there is a row for the root, for each node of at least c, and an `other` row below each drawn node
 * that has a child which is not drawn: one whose least child is below c.
 */
function drawingCutoff(tree: CallTree, children: Children, maxNodes: number): number {
  const { length, parent, cum } = tree;
  const { level, maxDepth } = children;
  if (length <= maxNodes) {
    return 0;
  }
  const leastChild = new Float64Array(length).fill(Infinity);
  const values = new Float64Array(length - 1);
  let count = 0;
  for (let i = 1; i < length; i++) {
    if (cum[i] <= 0) {
      continue;
    }
    const isTooDeep = level[i] > maxDepth;
    leastChild[parent[i]] = Math.min(leastChild[parent[i]], isTooDeep ? 0 : cum[i]);
    if (!isTooDeep) {
      values[count++] = cum[i];
    }
  }
  const sorted = values.subarray(0, count).sort();
  // What can be drawn at all: nodes among the maxNodes largest.
  const floor = count >= maxNodes ? sorted[count - maxNodes] : 0;
  const candidates: number[] = [];
  for (let i = 1; i < length; i++) {
    if (isDrawn(tree, children, i, floor)) {
      candidates.push(i);
    }
  }
  const rowsAt = (cutoff: number): number => {
    let rows = 1 + (leastChild[0] < cutoff ? 1 : 0);
    for (const node of candidates) {
      rows += cum[node] < cutoff ? 0 : leastChild[node] < cutoff ? 2 : 1;
    }
    return rows;
  };
  let low = Math.max(0, count - maxNodes);
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rowsAt(sorted[middle]) <= maxNodes) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low < count ? sorted[low] : Infinity;
}

interface Rows {
  readonly length: number;
  readonly level: Int32Array;
  readonly value: Float64Array;
  readonly self: Float64Array;
  readonly name: Uint32Array;
  /** Value of all `other` nodes. */
  readonly otherValue: number;
}

function draw(tree: CallTree, children: Children, cutoff: number): Rows {
  const { cum, flat, length: nodes } = tree;
  const { offset, order } = children;
  // Each node is a row or below an `other` row.
  const level = new Int32Array(nodes);
  const value = new Float64Array(nodes);
  const self = new Float64Array(nodes);
  const name = new Uint32Array(nodes);
  const otherName = tree.names.length;
  let otherValue = 0;
  let row = 0;
  // A stack of our own: paths are deeper than the call stack of a browser allows. Nodes wait in reverse order;
  // numbers from `nodes` upwards stand for the `other` node below node - nodes.
  const waiting = [0];
  const other = new Map<number, number>();
  while (waiting.length > 0) {
    const node = waiting.pop() as number;
    if (node >= nodes) {
      const below = node - nodes;
      const rest = other.get(below) as number;
      level[row] = children.level[below] + 1;
      value[row] = rest;
      self[row] = rest;
      name[row++] = otherName;
      otherValue += rest;
      continue;
    }
    level[row] = children.level[node];
    value[row] = cum[node];
    self[row] = flat[node];
    name[row++] = tree.name[node];
    let rest = 0;
    const drawn: number[] = [];
    for (let i = offset[node]; i < offset[node + 1]; i++) {
      if (isDrawn(tree, children, order[i], cutoff)) {
        drawn.push(order[i]);
      } else if (cum[order[i]] > 0) {
        rest += cum[order[i]];
      }
    }
    if (rest > 0) {
      other.set(node, rest);
      waiting.push(node + nodes);
    }
    if (drawn.length > 1) {
      drawn.sort((a, b) => cum[b] - cum[a] || a - b);
    }
    for (let i = drawn.length - 1; i >= 0; i--) {
      waiting.push(drawn[i]);
    }
  }
  return {
    length: row,
    level: level.slice(0, row),
    value: value.slice(0, row),
    self: self.slice(0, row),
    name: name.slice(0, row),
    otherValue,
  };
}
