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
  const level = levels(tree);
  const cutoff = drawingCutoff(tree, level, maxDepth, maxNodes);
  const rows = draw({ tree, level, maxDepth, cutoff }, maxNodes);
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

interface Drawing {
  readonly tree: CallTree;
  /** Of each node; the root is on level 0. */
  readonly level: Uint32Array;
  readonly maxDepth: number;
  /** Smallest value of a node that is drawn. */
  readonly cutoff: number;
}

function levels({ length, parent }: CallTree): Uint32Array {
  const level = new Uint32Array(length);
  for (let i = 1; i < length; i++) {
    level[i] = level[parent[i]] + 1;
  }
  return level;
}

/** A node is never below its children's value or level, so what is drawn is connected. */
const isDrawn = ({ tree, level, maxDepth, cutoff }: Drawing, node: number): boolean =>
  tree.cum[node] > 0 && tree.cum[node] >= cutoff && level[node] <= maxDepth;

/**
 * The smallest value a node must have to be drawn so that the drawing, its `other` nodes included, has at most
 * `maxNodes` rows. 0 where everything fits.
 *
 * With a cut-off c there is a row for the root, for each node of at least c, and an `other` row below each drawn node
 * that has a child which is not drawn: one whose least child is below c.
 */
function drawingCutoff(
  { length, parent, cum }: CallTree,
  level: Uint32Array,
  maxDepth: number,
  maxNodes: number
): number {
  if (length <= maxNodes) {
    return 0;
  }
  const leastChild = new Float64Array(length).fill(Infinity);
  const values = new Float64Array(length);
  let count = 0;
  for (let i = 1; i < length; i++) {
    const value = level[i] > maxDepth ? 0 : cum[i];
    if (cum[i] > 0 && value < leastChild[parent[i]]) {
      leastChild[parent[i]] = value;
    }
    if (value > 0) {
      values[count++] = value;
    }
  }
  // Only the largest can be drawn at all.
  const largest = largestOf(values.subarray(0, count), maxNodes);
  const floor = count >= maxNodes ? largest[0] : 0;
  const candidates: number[] = [];
  for (let i = 1; i < length; i++) {
    if (cum[i] > 0 && cum[i] >= floor && level[i] <= maxDepth) {
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
  let low = 0;
  let high = largest.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rowsAt(largest[middle]) <= maxNodes) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low < largest.length ? largest[low] : Infinity;
}

/** The `count` largest values by rising value, all where there are fewer. Reorders `values`. */
function largestOf(values: Float64Array, count: number): Float64Array {
  // Quickselect: a sort of all would cost more than the rest of the drawing.
  let low = 0;
  let high = values.length - 1;
  const first = Math.max(0, values.length - count);
  while (low < high) {
    const pivot = values[(low + high) >> 1];
    let left = low;
    let right = high;
    while (left <= right) {
      while (values[left] < pivot) {
        left++;
      }
      while (values[right] > pivot) {
        right--;
      }
      if (left <= right) {
        const swapped = values[left];
        values[left++] = values[right];
        values[right--] = swapped;
      }
    }
    if (first <= right) {
      high = right;
    } else if (first >= left) {
      low = left;
    } else {
      break;
    }
  }
  return values.subarray(first).sort();
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

function draw(drawing: Drawing, maxNodes: number): Rows {
  const { tree, level } = drawing;
  const { cum, flat, parent, length: nodes } = tree;
  // Each node is a row or below an `other` row; the root may have both although it alone fills the limit.
  const capacity = Math.max(2, Math.min(nodes, maxNodes));
  // The drawn nodes, parents first: where each is among them, how many children it has there, and the value of the others.
  const drawn = new Uint32Array(capacity);
  const indexOf = new Uint32Array(nodes);
  const childOffset = new Uint32Array(capacity + 1);
  const rest = new Float64Array(capacity);
  let count = 1;
  for (let i = 1; i < nodes; i++) {
    const above = indexOf[parent[i]];
    if (isDrawn(drawing, i)) {
      childOffset[above + 1]++;
      indexOf[i] = count;
      drawn[count++] = i;
    } else if (cum[i] > 0 && (above > 0 || parent[i] === 0)) {
      rest[above] += cum[i];
    }
  }
  for (let i = 0; i < count; i++) {
    childOffset[i + 1] += childOffset[i];
  }
  const children = new Uint32Array(count - 1);
  const free = childOffset.slice();
  for (let i = 1; i < count; i++) {
    children[free[indexOf[parent[drawn[i]]]]++] = i;
  }
  const byValue = (a: number, b: number) => cum[drawn[b]] - cum[drawn[a]] || a - b;

  const rows = {
    level: new Int32Array(capacity),
    value: new Float64Array(capacity),
    self: new Float64Array(capacity),
    name: new Uint32Array(capacity),
  };
  let otherValue = 0;
  let row = 0;
  // A stack of our own: paths are deeper than the call stack of a browser allows. Nodes wait in reverse order; below zero
  // stands for the `other` row below a node.
  const waiting = [0];
  while (waiting.length > 0) {
    const at = waiting.pop() as number;
    if (at < 0) {
      const above = -1 - at;
      rows.level[row] = level[drawn[above]] + 1;
      rows.value[row] = rest[above];
      rows.self[row] = rest[above];
      rows.name[row++] = tree.names.length;
      otherValue += rest[above];
      continue;
    }
    const node = drawn[at];
    rows.level[row] = level[node];
    rows.value[row] = cum[node];
    rows.self[row] = flat[node];
    rows.name[row++] = tree.name[node];
    if (rest[at] > 0) {
      waiting.push(-1 - at);
    }
    const [first, end] = [childOffset[at], childOffset[at + 1]];
    if (end - first > 1) {
      children.subarray(first, end).sort(byValue);
    }
    for (let k = end - 1; k >= first; k--) {
      waiting.push(children[k]);
    }
  }
  return {
    length: row,
    level: rows.level.slice(0, row),
    value: rows.value.slice(0, row),
    self: rows.self.slice(0, row),
    name: rows.name.slice(0, row),
    otherValue,
  };
}
