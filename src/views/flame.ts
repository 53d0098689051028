import { scale } from '../profile/measurement';
import { callTree, callerTree, totalled, type CallTree, type Change, type TreeValues } from './calltree';
import { frameNames, type FrameOptions } from './frameNames';
import { largestOf } from './largest';
import type { Prepared } from './preparedProfile';
import type { Column, Table } from './table';
import type { Notice } from '../text/notice';
import { nodeFields } from '../fields/fields';
import { reportView } from './view';

export interface DrawOptions {
  /** Most rows of the table; what is left out becomes nodes named `other`. 16,384 where a query lacks it (fields/defaultFields.ts). */
  readonly maxNodes: number;
  /** Deepest level drawn. A browser's canvas ends below 2,800 rows of a flame graph, at half of it on dense screens. */
  readonly maxDepth?: number;
  /**
   * In a tree of callers, whose paths end at the root of the program: the level whose nodes have their whole value of their
   * own, so that a function has what the top table says. Nodes of other levels have none.
   */
  readonly selfLevel?: number;
  /** What the root is called; `total` where nothing is said. */
  readonly root?: string;
  /** Levels, from the root, that are shown one by one however few calls they have; 1 where nothing is said: the root. */
  readonly levelsApart?: number;
}

export interface FlameOptions extends DrawOptions, FrameOptions {
  readonly mean?: boolean;
}

/** Levels of callers, or of what a function calls, that are shown one by one: they are what is asked for. */
export const nearest = 10;

/** The call tree, callers above callees; see drawFlame for the columns. */
export const flame = (prepared: Prepared, options: FlameOptions): Table =>
  drawFlame(callTree(prepared.profile, prepared, frameNames(prepared.profile, options)), prepared, options);

/** The inverted call tree: below each function that has a value of its own the paths of its callers. */
export const callers = (prepared: Prepared, options: FlameOptions): Table =>
  drawFlame(callerTree(prepared.profile, prepared, frameNames(prepared.profile, options)), prepared, {
    ...options,
    selfLevel: 1,
    root: 'Callers',
    levelsApart: nearest,
  });

/**
 * The nested set that Grafana's flame graph draws: rows in depth-first order, `level` rising by at most one, one root
 * named `total` whose value is the whole profile's. Children are ordered by value, the largest first.
 *
 * Columns: level, value (with everything below), self, label; for a difference value and self are the base's, and
 * valueRight and selfRight the profile's; for changes in one direction value and self alone. All totals are of the full
 * tree: only the drawing is bounded, and a notice says what share of the value the `other` nodes hold.
 */
export function drawFlame(
  whole: CallTree,
  { type, unit, change }: Pick<Prepared, 'type' | 'unit' | 'change'>,
  {
    maxNodes,
    maxDepth = 1000,
    selfLevel,
    root = 'total',
    levelsApart = 1,
    mean,
  }: DrawOptions & { readonly mean?: boolean }
): Table {
  const notices: Notice[] = [];
  const changes = change && !whole.base ? { change, opposite: whole.opposite ?? 0 } : undefined;
  const own = withoutNegatives(whole, whole.parent, unit, notices);
  const base = whole.base && withoutNegatives(whole.base, whole.parent, unit, notices);
  if (mean) {
    notices.push({
      severity: 'info',
      text: 'Means do not add up: the flame graph shows sums. The top table shows means.',
    });
  }
  // What decides where a node is drawn: its width, which in a difference is that of both sides.
  const { length, parent } = whole;
  const cum = base ? own.cum.map((value, i) => value + base.cum[i]) : own.cum;
  if (changes) {
    notices.push(changeNotice(type, unit, changes, cum[0]));
  } else if (cum[0] === 0) {
    notices.push({ severity: 'warning', text: `No sample has a value of type ${type}: nothing to draw.` });
  }
  const level = levels(whole);
  const cutoff = drawingCutoff({ length, parent, cum }, level, maxDepth, maxNodes);
  const drawing = draw({ length, parent, cum, level, maxDepth, cutoff }, maxNodes);
  const otherValue = drawing.rest.reduce((sum, value) => sum + value, 0);
  if (otherValue > 0) {
    const share = (100 * otherValue) / cum[0];
    notices.push({
      severity: 'info',
      text:
        `Drawn: ${drawing.length.toLocaleString('en-US')} of ${length.toLocaleString('en-US')} nodes. The rest is in nodes named "other", ` +
        `${share < 0.01 ? 'under 0.01' : share.toFixed(2)} % of the value. Tables are exact; filter to see the rest drawn.`,
    });
  }
  const only = changes && `${changes.change} only`;
  const rootText = only ? (root === 'total' ? `${only[0].toUpperCase()}${only.slice(1)}` : `${root}, ${only}`) : root;
  const names = [...whole.names, 'other', rootText];
  const nameOf = (node: number): number =>
    node < 0 ? whole.names.length : node === 0 ? whole.names.length + 1 : whole.name[node];
  const values = (side: TreeValues, right = ''): Column[] => [
    { name: `value${right}`, kind: 'number', values: drawnValues(drawing, side.cum, side.cum), unit },
    {
      name: `self${right}`,
      kind: 'number',
      values:
        selfLevel === undefined
          ? drawnValues(drawing, side.flat, side.cum)
          : drawnValues(drawing, side.cum, side.cum).map((value, row) =>
              drawing.level[row] === selfLevel ? value : 0
            ),
      unit,
    },
  ];
  return {
    name: type,
    length: drawing.length,
    columns: [
      { name: 'level', kind: 'number', values: drawing.level, levelsApart },
      ...(base ? [...values(base), ...values(own, 'Right')] : values(own)),
      {
        name: 'label',
        kind: 'enum',
        values: Uint32Array.from(drawing.node, nameOf),
        text: names,
        named: whole.named,
      },
    ],
    notices,
  };
}

function changeNotice(
  type: string,
  unit: string,
  { change, opposite }: { readonly change: Change; readonly opposite: number },
  total: number
): Notice {
  const amount = (value: number): string => {
    const { value: scaled, unit: name } = scale(value, unit, 'auto');
    return `${Number(scaled.toFixed(2))} ${(name || unit).replace(/^([kMGTP])B$/, (_, prefix) => `${prefix.toUpperCase()}iB`)}`;
  };
  const other = change === 'grown' ? 'shrunk' : 'grown';
  if (total === 0) {
    const instead = opposite === 0 ? 'The two sides are the same' : `What has ${other} is ${amount(opposite)}`;
    return { severity: 'warning', text: `Nothing of ${type} has ${change} there: nothing to draw. ${instead}.` };
  }
  return {
    severity: 'info',
    text: `What has ${change}, call path by call path: ${amount(total)}. What has ${other} is left out: ${amount(opposite)}.`,
  };
}

/** A saved difference has values below zero, which have no width: they are left out, and the notice says how much. */
function withoutNegatives(values: TreeValues, parent: Int32Array, unit: string, notices: Notice[]): TreeValues {
  let negative = 0;
  for (let i = 0; i < values.flat.length; i++) {
    negative -= values.flat[i] < 0 ? values.flat[i] : 0;
  }
  if (negative === 0) {
    return values;
  }
  notices.push({
    severity: 'warning',
    text: `There are negative values (a difference). A flame graph cannot draw them: ${negative} ${unit} below zero are left out.`,
  });
  const flat = values.flat.map((value) => Math.max(0, value));
  return { flat, cum: totalled(flat, parent) };
}

/** A tree by its shape and the value that decides what is drawn. */
interface Shape {
  readonly length: number;
  readonly parent: Int32Array;
  readonly cum: Float64Array;
}

interface Drawing extends Shape {
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
const isDrawn = ({ cum, level, maxDepth, cutoff }: Drawing, node: number): boolean =>
  cum[node] > 0 && cum[node] >= cutoff && level[node] <= maxDepth;

/**
 * The smallest value a node must have to be drawn so that the drawing, its `other` nodes included, has at most
 * `maxNodes` rows. 0 where everything fits.
 *
 * With a cut-off c there is a row for the root, for each node of at least c, and an `other` row below each drawn node
 * that has a child which is not drawn: one whose least child is below c.
 */
function drawingCutoff({ length, parent, cum }: Shape, level: Uint32Array, maxDepth: number, maxNodes: number): number {
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
  // Only the largest can be drawn at all. As small as the least of them there may be very many: they are counted, since
  // they are drawn all or not at all.
  const largest = largestOf(values.subarray(0, count), maxNodes);
  const floor = count >= maxNodes ? largest[0] : 0;
  const above: number[] = [];
  let rowsOfFloor = 0;
  for (let i = 1; i < length; i++) {
    if (cum[i] > floor && level[i] <= maxDepth) {
      above.push(i);
    } else if (cum[i] === floor && floor > 0 && level[i] <= maxDepth) {
      rowsOfFloor += leastChild[i] < floor ? 2 : 1;
    }
  }
  const rowsAt = (cutoff: number): number => {
    let rows = 1 + (leastChild[0] < cutoff ? 1 : 0) + (cutoff > floor ? 0 : rowsOfFloor);
    for (const node of above) {
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

interface Rows {
  readonly length: number;
  readonly level: Int32Array;
  /** Node of each row; -1 - i for the `other` row below the i-th of `drawn`. */
  readonly node: Int32Array;
  /** The nodes that are drawn, parents first. */
  readonly drawn: Uint32Array;
  /** By node: where it is in `drawn`, where it is drawn at all. */
  readonly indexOf: Uint32Array;
  /** Width of the `other` row below each of `drawn`, 0 for none. */
  readonly rest: Float64Array;
  readonly drawing: Drawing;
}

function draw(drawing: Drawing, maxNodes: number): Rows {
  const { cum, parent, level, length: nodes } = drawing;
  // Each node is a row or below an `other` row; the root may have both although it alone fills the limit.
  const capacity = Math.max(2, Math.min(nodes, maxNodes));
  const drawn = new Uint32Array(capacity);
  const indexOf = new Uint32Array(nodes);
  const childOffset = new Uint32Array(capacity + 1);
  let count = 1;
  for (let i = 1; i < nodes; i++) {
    if (isDrawn(drawing, i)) {
      childOffset[indexOf[parent[i]] + 1]++;
      indexOf[i] = count;
      drawn[count++] = i;
    }
  }
  const rest = restBelow(drawing, indexOf, count, cum);
  for (let i = 0; i < count; i++) {
    childOffset[i + 1] += childOffset[i];
  }
  const children = new Uint32Array(count - 1);
  const free = childOffset.slice();
  for (let i = 1; i < count; i++) {
    children[free[indexOf[parent[drawn[i]]]]++] = i;
  }
  const byValue = (a: number, b: number) => cum[drawn[b]] - cum[drawn[a]] || a - b;

  const rowLevel = new Int32Array(capacity);
  const rowNode = new Int32Array(capacity);
  let row = 0;
  // A stack of our own: paths are deeper than the call stack of a browser allows. Nodes wait in reverse order; below zero
  // stands for the `other` row below a node.
  const waiting = [0];
  while (waiting.length > 0) {
    const at = waiting.pop() as number;
    if (at < 0) {
      rowLevel[row] = level[drawn[-1 - at]] + 1;
      rowNode[row++] = at;
      continue;
    }
    rowLevel[row] = level[drawn[at]];
    rowNode[row++] = drawn[at];
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
    level: rowLevel.slice(0, row),
    node: rowNode.slice(0, row),
    drawn: drawn.subarray(0, count),
    indexOf,
    rest,
    drawing,
  };
}

/** What the children that are not drawn total, below each node that is. */
function restBelow(drawing: Drawing, indexOf: Uint32Array, count: number, cum: Float64Array): Float64Array {
  const { parent, length } = drawing;
  const rest = new Float64Array(count);
  for (let i = 1; i < length; i++) {
    const above = indexOf[parent[i]];
    if (indexOf[i] === 0 && (above > 0 || parent[i] === 0) && drawing.cum[i] > 0) {
      rest[above] += cum[i];
    }
  }
  return rest;
}

/** A value of each row: of its node, or for an `other` row what the nodes that it stands for total. */
function drawnValues(
  { node, drawn, indexOf, rest, drawing }: Rows,
  ofNode: Float64Array,
  cum: Float64Array
): Float64Array {
  const below = cum === drawing.cum ? rest : restBelow(drawing, indexOf, drawn.length, cum);
  const values = new Float64Array(node.length);
  for (let row = 0; row < values.length; row++) {
    values[row] = node[row] < 0 ? below[-1 - node[row]] : ofNode[node[row]];
  }
  return values;
}

export const flameView = reportView({
  name: 'flame',
  title: 'Flame graph',
  description: 'callers above what they call',
  group: 'Profile',
  opens: 'profile',
  base: 'beside',
  panel: 'flamegraph',
  fields: [...nodeFields, 'drawing', 'maxNodes'],
  reports: [],
  tables: (prepared, query) => [flame(prepared, query)],
});

export const callersView = reportView({
  name: 'callers',
  title: 'Callers',
  description: 'inverted flame graph: leaves first',
  group: 'Profile',
  opens: 'profile',
  base: 'beside',
  panel: 'flamegraph',
  fields: [...nodeFields, 'drawing', 'maxNodes'],
  reports: [],
  tables: (prepared, query) => [callers(prepared, query)],
});
