import { picked } from '../profile/picked';
import { lowWord } from '../profile/words64';
import type { CallTree, TreeValues } from './calltree';

/** What of a tree is drawn: rows depth first, the largest child first, `other` rows for what is not. */
export interface DrawnRows {
  readonly length: number;
  readonly level: Int32Array;
  /** Row of the tree's `names`; `otherName` of an `other` row, and of the root what comes after it. */
  readonly name: Uint32Array;
  /** The nodes' values of a side; an `other` row has in both columns what the nodes that it stands for total. */
  values(side: TreeValues): { readonly cum: Float64Array; readonly flat: Float64Array };
  /** What all `other` rows total. */
  readonly other: number;
}

/** A tree, or what of it may be drawn. */
interface Part {
  readonly tree: CallTree;
  /** Of each node the value that says whether it is drawn. */
  readonly width: Float64Array;
  readonly level: Uint32Array;
}

/** Where the drawing ends. */
export interface Bounds {
  readonly maxNodes: number;
  readonly maxDepth: number;
}

/**
 * The part of a tree that a drawing of `maxNodes` rows is made of: nodes that are drawn at the most, and their children. Of
 * a large tree nearly all nodes are small, and each pass over all of them costs as much as the drawing.
 */
export function largestPart(tree: CallTree, width: Float64Array, bounds: Bounds): Part {
  const { length, parent } = tree;
  const level = tree.level ?? levelsOf(tree);
  if (length <= bounds.maxNodes) {
    return { tree, width, level };
  }
  const least = leastDrawn(width, level, bounds);
  const kept = new Uint32Array(length);
  const row = new Int32Array(length);
  let count = 1;
  for (let i = 1; i < length; i++) {
    // No node is wider than those above it, so the parent of one that is kept is kept.
    if (width[i] > 0 && width[parent[i]] >= least) {
      row[i] = count;
      kept[count++] = i;
    }
  }
  const nodes = kept.subarray(0, count);
  const side = ({ flat, cum }: TreeValues): TreeValues => ({ flat: picked(flat, nodes), cum: picked(cum, nodes) });
  const parents = new Int32Array(count);
  const names = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    parents[i] = i === 0 ? -1 : row[parent[nodes[i]]];
    names[i] = tree.name[nodes[i]];
  }
  return {
    tree: { ...tree, ...side(tree), length: count, parent: parents, name: names, base: tree.base && side(tree.base) },
    width: picked(width, nodes),
    level: picked(level, nodes),
  };
}

/**
 * A width below which no node can be drawn, since `maxNodes` are not below it. Widths above 0 are ordered as the bits of
 * their high words, so they are counted by these: a quarter of an octave is exact enough.
 */
function leastDrawn(width: Float64Array, level: Uint32Array, { maxNodes, maxDepth }: Bounds): number {
  const words = new Uint32Array(width.buffer, width.byteOffset, width.length * 2);
  const shift = 18;
  const counts = new Uint32Array(1 << (31 - shift));
  for (let i = 1; i < width.length; i++) {
    counts[level[i] > maxDepth ? 0 : words[2 * i + 1 - lowWord] >>> shift]++;
  }
  let left = maxNodes;
  let bucket = counts.length - 1;
  for (; bucket > 0; bucket--) {
    left -= counts[bucket];
    if (left <= 0) {
      break;
    }
  }
  const bits = new Uint32Array(2);
  bits[1 - lowWord] = bucket << shift;
  return new Float64Array(bits.buffer)[0];
}

function levelsOf({ length, parent }: CallTree): Uint32Array {
  const level = new Uint32Array(length);
  for (let i = 1; i < length; i++) {
    level[i] = level[parent[i]] + 1;
  }
  return level;
}

/**
 * The smallest width a node must have to be drawn so that the drawing, its `other` rows included, has at most `maxNodes`
 * rows. 0 where everything fits.
 *
 * With a cut-off c there is a row for the root, for each node of at least c, and an `other` row below each drawn node that
 * has a child which is not drawn: one whose least child is below c. So two sets of widths are counted, those of nodes and
 * those of their least children (of a node without children its own), and halved again and again like in a quickselect.
 */
function drawingCutoff({ tree: { length, parent }, width, level }: Part, { maxNodes, maxDepth }: Bounds): number {
  const leastChild = new Float64Array(length).fill(Infinity);
  const own = new Float64Array(length);
  let count = 0;
  for (let i = 1; i < length; i++) {
    const drawable = level[i] > maxDepth ? 0 : width[i];
    if (width[i] > 0 && drawable < leastChild[parent[i]]) {
      leastChild[parent[i]] = drawable;
    }
    if (drawable > 0) {
      own[count++] = drawable;
    }
  }
  const ofRoot = leastChild[0];
  let least = 0;
  for (let i = 1; i < length; i++) {
    if (width[i] > 0 && level[i] <= maxDepth) {
      leastChild[least++] = Math.min(leastChild[i], width[i]);
    }
  }
  let cutoff = Infinity;
  let ownFrom = 0;
  let ownTo = count;
  let leastFrom = 0;
  let leastTo = least;
  for (let rounds = 0; ownFrom < ownTo; rounds++) {
    if (rounds === 64) {
      own.subarray(ownFrom, ownTo).sort(); // Widths made for it are halved badly each time.
    }
    const pivot = own[(ownFrom + ownTo) >> 1];
    const at = partition(own, ownFrom, ownTo, pivot);
    const leastAt = partition(leastChild, leastFrom, leastTo, pivot);
    const rows = 1 + (ofRoot < pivot ? 1 : 0) + 2 * (count - at) - (least - leastAt);
    if (rows <= maxNodes) {
      cutoff = pivot;
      [ownTo, leastTo] = [at, leastAt];
    } else {
      let above = at;
      for (let i = at; i < ownTo; i++) {
        if (own[i] === pivot) {
          own[i] = own[above];
          own[above++] = pivot;
        }
      }
      [ownFrom, leastFrom] = [above, leastAt];
    }
  }
  return cutoff;
}

/** Reorders a stretch of values, those below the pivot first. @returns where the others start */
function partition(values: Float64Array, from: number, to: number, pivot: number): number {
  let left = from;
  let right = to - 1;
  for (;;) {
    while (left <= right && values[left] < pivot) {
      left++;
    }
    while (left <= right && values[right] >= pivot) {
      right--;
    }
    if (left > right) {
      return left;
    }
    const swapped = values[left];
    values[left] = values[right];
    values[right] = swapped;
  }
}

/** @param part that `largestPart` gave */
export function drawnRows(part: Part, bounds: Bounds, otherName: number): DrawnRows {
  const { tree, width, level } = part;
  const { length: nodes, parent } = tree;
  const cutoff = nodes > bounds.maxNodes ? drawingCutoff(part, bounds) : 0;
  // Each node is a row or below an `other` row; the root may have both although it alone fills the limit.
  const capacity = Math.max(2, Math.min(nodes, bounds.maxNodes));
  const drawn = new Uint32Array(capacity);
  const indexOf = new Uint32Array(nodes);
  const childOffset = new Uint32Array(capacity + 1);
  let count = 1;
  for (let i = 1; i < nodes; i++) {
    // A node is never below its children's width or level, so what is drawn is connected.
    if (width[i] > 0 && width[i] >= cutoff && level[i] <= bounds.maxDepth) {
      childOffset[indexOf[parent[i]] + 1]++;
      indexOf[i] = count;
      drawn[count++] = i;
    }
  }
  const rest = restBelow(tree, width, indexOf, count, width);
  const [row, atRow] = depthFirst(part, { drawn, indexOf, childOffset, rest, count });
  const { length } = row;
  const name = new Uint32Array(length);
  let other = 0;
  for (let i = 0; i < length; i++) {
    const at = row[i];
    name[i] = at < 0 ? otherName : at === 0 ? otherName + 1 : tree.name[drawn[at]];
    other += at < 0 ? rest[-1 - at] : 0;
  }
  return {
    length,
    level: atRow,
    name,
    other,
    values(side) {
      const below = side.cum === width ? rest : restBelow(tree, width, indexOf, count, side.cum);
      const cum = new Float64Array(length);
      const flat = new Float64Array(length);
      for (let i = 0; i < length; i++) {
        const at = row[i];
        cum[i] = at < 0 ? below[-1 - at] : side.cum[drawn[at]];
        flat[i] = at < 0 ? below[-1 - at] : side.flat[drawn[at]];
      }
      return { cum, flat };
    },
  };
}

interface DrawnNodes {
  /** The nodes that are drawn, parents first. */
  readonly drawn: Uint32Array;
  readonly count: number;
  /** By node: where it is in `drawn`, where it is drawn at all. */
  readonly indexOf: Uint32Array;
  /** By where a node is in `drawn`, one further: how many of its children are drawn. */
  readonly childOffset: Uint32Array;
  /** Width of the `other` row below each of `drawn`, 0 for none. */
  readonly rest: Float64Array;
}

/** Rows depth first: where each node is in `drawn`, -1 - i for the `other` row below the i-th; and their levels. */
function depthFirst(
  { tree: { parent }, width, level }: Part,
  { drawn, count, indexOf, childOffset, rest }: DrawnNodes
): [row: Int32Array, level: Int32Array] {
  for (let i = 0; i < count; i++) {
    childOffset[i + 1] += childOffset[i];
  }
  const children = new Uint32Array(count - 1);
  const free = childOffset.slice();
  for (let i = 1; i < count; i++) {
    children[free[indexOf[parent[drawn[i]]]]++] = i;
  }
  const widths = picked(width, drawn.subarray(0, count));
  const rows = new Int32Array(2 * count);
  const levels = new Int32Array(2 * count);
  let length = 0;
  // A stack of our own: paths are deeper than the call stack of a browser allows. Nodes wait in reverse order; below zero
  // stands for the `other` row below a node.
  const waiting = new Int32Array(2 * count);
  let waits = 1;
  while (waits > 0) {
    const at = waiting[--waits];
    rows[length] = at;
    levels[length++] = at < 0 ? level[drawn[-1 - at]] + 1 : level[drawn[at]];
    if (at < 0) {
      continue;
    }
    if (rest[at] > 0) {
      waiting[waits++] = -1 - at;
    }
    const [first, end] = [childOffset[at], childOffset[at + 1]];
    if (end - first > 1) {
      sortByWidth(children, first, end, widths);
    }
    for (let k = end - 1; k >= first; k--) {
      waiting[waits++] = children[k];
    }
  }
  return [rows.slice(0, length), levels.slice(0, length)];
}

/** The widest first, of equal ones the one that comes first. Most nodes have few children: these need no call for each pair. */
function sortByWidth(children: Uint32Array, first: number, end: number, width: Float64Array): void {
  if (end - first > 24) {
    children.subarray(first, end).sort((a, b) => width[b] - width[a] || a - b);
    return;
  }
  for (let i = first + 1; i < end; i++) {
    const child = children[i];
    const own = width[child];
    let k = i;
    for (; k > first && width[children[k - 1]] < own; k--) {
      children[k] = children[k - 1];
    }
    children[k] = child;
  }
}

/** What the children that are not drawn total, below each node that is. */
function restBelow(
  { length, parent }: CallTree,
  width: Float64Array,
  indexOf: Uint32Array,
  count: number,
  cum: Float64Array
): Float64Array {
  const rest = new Float64Array(count);
  for (let i = 1; i < length; i++) {
    const above = indexOf[parent[i]];
    if (indexOf[i] === 0 && (above > 0 || parent[i] === 0) && width[i] > 0) {
      rest[above] += cum[i];
    }
  }
  return rest;
}
