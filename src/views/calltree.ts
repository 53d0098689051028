import { pathInterner, type PairInterner } from '../profile/interner';
import type { Profile, StackTable } from '../profile/profile';
import { frameNames, type Frames } from './frameNames';
import { stepsOf } from './steps';
import type { NamedText } from './table';

/**
 * Call paths by function name. Row 0 is the root, which stands for the whole profile; parents come before children.
 * Inlined calls are nodes of their own, as in pprof.
 */
export interface CallTree extends TreeValues {
  readonly length: number;
  /** Row of the caller, -1 for the root. */
  readonly parent: Int32Array;
  /** Row of `names`. */
  readonly name: Uint32Array;
  readonly names: readonly string[];
  /** What the first of `names` name; the others are no functions. */
  readonly named?: readonly NamedText[];
  /** Values of the base on the same paths, for a difference. */
  readonly base?: TreeValues;
  /** Only what a drawing may need of the whole tree is there. */
  readonly isPart?: boolean;
  /** Nodes of the whole tree, where this is a part of one and they were counted. */
  readonly wholeLength?: number;
  /** How far each is below the root, where that is known; `notDrawn` of a row that stands for several nodes, which has no name. */
  readonly level?: Uint32Array;
  /** In a tree of changes in one direction: what those in the other, which it leaves out, total. */
  readonly opposite?: number;
}

/** What widths are of in a difference. */
export const bothSides = (own: Float64Array, base: Float64Array): Float64Array =>
  own.map((value, i) => value + base[i]);

/** Below all levels. */
export const notDrawn = 0xffffffff;

/** Value of the samples that end at each node, and of all that pass. */
export interface TreeValues {
  readonly flat: Float64Array;
  readonly cum: Float64Array;
}

/** A direction of changes. */
export type Change = 'grown' | 'shrunk';

/** Rows of sampleTypes: of the values, and of those of the base in a paired profile. */
export interface Sides {
  readonly index: number;
  readonly base?: { readonly index: number };
  /** Of a paired profile the changes in one direction alone, in place of both sides: see changesOf. */
  readonly change?: Change;
  /** What the changes are divided by, to be in a second. */
  readonly seconds?: number;
}

/** A tree without values, and the node of each row of `stack` where samples end, -1 where none of it is in the tree. */
export interface Paths {
  readonly length: number;
  readonly parent: Int32Array;
  readonly name: Uint32Array;
  readonly node: Int32Array;
}

/**
 * The call tree: a forward pass over the stack table names the nodes, a pass over the samples adds the values, a backward
 * pass totals them. Costs what the distinct stacks cost, however many samples there are.
 */
export function callTree(profile: Profile, sides: Sides, frames: Frames = frameNames(profile)): CallTree {
  return withValues(profile, sides, frames, callPaths(profile, frames));
}

/**
 * The paths from each sample's leaf to its root: who calls a function, and from where. With `start` only from the
 * rootmost frame that it marks (by row of `frames.names`), and only of the samples that pass one.
 */
export function callerTree(profile: Profile, sides: Sides, frames: Frames, start?: Uint8Array): CallTree {
  const { stack, sample } = profile;
  const { offset, node } = stepsOf(profile, frames);
  const nodes = pathInterner(stack.length, frames.names.length);
  /** The path from a step of a row to the root. */
  const pathFrom = (step: number, row: number): number => {
    let at = 0;
    while (row > 0) {
      for (; step >= offset[row]; step--) {
        at = nodes.intern(at, node[step]);
      }
      row = stack.parent[row];
      step = offset[row + 1] - 1;
    }
    return at;
  };
  const nodeOfRow = new Int32Array(stack.length).fill(-1);
  const isEnd = new Uint8Array(stack.length);
  for (let i = 0; i < sample.length; i++) {
    isEnd[sample.stack[i]] = 1;
  }
  if (start) {
    const isPassed = isEnd;
    for (let i = stack.length - 1; i > 0; i--) {
      isPassed[stack.parent[i]] |= isPassed[i];
    }
    for (let i = 1; i < stack.length; i++) {
      nodeOfRow[i] = nodeOfRow[stack.parent[i]];
      for (let step = offset[i]; step < offset[i + 1] && nodeOfRow[i] < 0 && isPassed[i] === 1; step++) {
        nodeOfRow[i] = start[node[step]] === 1 ? pathFrom(step, i) : -1;
      }
    }
  } else {
    for (let i = 1; i < stack.length; i++) {
      nodeOfRow[i] = isEnd[i] === 1 ? pathFrom(offset[i + 1] - 1, i) : -1;
    }
  }
  return withValues(profile, sides, frames, finished(nodes, nodeOfRow));
}

/** The paths below the rootmost frame that `start` marks, of the samples that pass one. */
export function calleeTree(profile: Profile, sides: Sides, frames: Frames, start: Uint8Array): CallTree {
  const { stack } = profile;
  const { offset, node } = stepsOf(profile, frames);
  const nodes = pathInterner(stack.length, frames.names.length);
  const nodeOfRow = new Int32Array(stack.length).fill(-1);
  for (let i = 1; i < stack.length; i++) {
    let at = nodeOfRow[stack.parent[i]];
    for (let step = offset[i]; step < offset[i + 1]; step++) {
      if (at > 0 || start[node[step]] === 1) {
        at = nodes.intern(Math.max(0, at), node[step]);
      }
    }
    nodeOfRow[i] = at;
  }
  return withValues(profile, sides, frames, finished(nodes, nodeOfRow));
}

const knownPaths = new WeakMap<StackTable, { readonly frames: Frames; readonly paths: Paths }>();

/**
 * A filter of samples shares the stack table, so a changed tenant or sample type finds the paths here. It reads lines itself:
 * the first query has no use for steps.
 */
export function callPaths(profile: Profile, frames: Frames): Paths {
  const { stack, location } = profile;
  const known = knownPaths.get(stack);
  if (known?.frames === frames) {
    return known.paths;
  }
  const nodes = pathInterner(stack.length, frames.names.length);
  const node = new Int32Array(stack.length);
  for (let i = 1; i < stack.length; i++) {
    let at = node[stack.parent[i]];
    const l = stack.location[i];
    const first = location.lineOffset[l];
    let line = location.lineOffset[l + 1];
    if (line === first) {
      at = nodes.intern(at, frames.location[l]);
    }
    // The physical caller is last in pprof's order, the innermost inlined call first.
    while (line-- > first) {
      at = nodes.intern(at, frames.line[line]);
    }
    node[i] = at;
  }
  const paths = finished(nodes, node);
  knownPaths.set(stack, { frames, paths });
  return paths;
}

function finished(nodes: PairInterner, node: Int32Array): Paths {
  const { length, first: parent, second: name } = nodes.finish();
  return { length, parent, name, node };
}

function withValues(profile: Profile, sides: Sides, frames: Frames, paths: Paths): CallTree {
  const { length, parent, name } = paths;
  const { index, base, change, seconds = 1 } = sides;
  const tree = {
    length,
    parent,
    name,
    // The root's name comes after the others.
    names: [...frames.names, 'total'],
    named: frames.named,
  };
  if (base && change) {
    const [changed, opposite] = changedRows(profile, { index, base, change, seconds }, frames).map((rows) =>
      valuesOfRows(rows, paths)
    );
    return { ...tree, ...changed, opposite: opposite.cum[0] };
  }
  return {
    ...tree,
    ...treeValues(profile, index, paths),
    ...(base && { base: treeValues(profile, base.index, paths) }),
  };
}

function treeValues({ sample }: Profile, index: number, { length, parent, node }: Paths): TreeValues {
  const flat = new Float64Array(length);
  const values = sample.values[index];
  for (let i = 0; i < sample.length; i++) {
    const at = node[sample.stack[i]];
    if (at >= 0) {
      flat[at] += values[i];
    }
  }
  return { flat, cum: totalled(flat, parent) };
}

/** Values of rows of `stack` in place of those of samples. */
function valuesOfRows(ofRow: Float64Array, { length, parent, node }: Paths): TreeValues {
  const flat = new Float64Array(length);
  for (let row = 0; row < ofRow.length; row++) {
    if (node[row] >= 0) {
      flat[node[row]] += ofRow[row];
    }
  }
  return { flat, cum: totalled(flat, parent) };
}

/**
 * What grew or shrank, path by path: of each path, its own (flat) value less the base's where that is in the direction, else
 * nothing, always as a number above zero. So a width in a drawing of it is the sum of what each path there has grown; what
 * shrank elsewhere takes nothing from it, and what grew less what shrank is the difference of the totals.
 */
export const changesOf = (flat: Float64Array, base: Float64Array, change: Change): Float64Array =>
  flat.map((value, node) => Math.max(0, change === 'grown' ? value - base[node] : base[node] - value));

/**
 * Changes of the call paths from the root to each sample's leaf by row of `stack`, in the direction and in the other one.
 * Whatever tree they are put into (of callers, below a function), it shows the same changes.
 */
function changedRows(
  profile: Profile,
  { index, base, change, seconds }: Required<Sides>,
  frames: Frames
): Float64Array[] {
  const { sample, stack } = profile;
  const paths = callPaths(profile, frames);
  const [now, before] = [index, base.index].map((type) => treeValues(profile, type, paths).flat);
  return [changesOf(now, before, change), changesOf(before, now, change)].map((flat) => {
    // Rows of one path differ in lines and addresses alone, so one of them stands for all.
    const ofRow = new Float64Array(stack.length);
    for (let i = 0; i < sample.length; i++) {
      const row = sample.stack[i];
      ofRow[row] += flat[paths.node[row]] / seconds;
      flat[paths.node[row]] = 0;
    }
    return ofRow;
  });
}

/** What the samples have that end at each row of `stack`, of each side, or their changes in the direction and in the other one. */
export function rowValues(
  profile: Profile,
  { index, base, change, seconds = 1 }: Sides,
  frames: Frames
): { readonly flat: readonly Float64Array[]; readonly opposite?: Float64Array } {
  if (base && change) {
    const [flat, opposite] = changedRows(profile, { index, base, change, seconds }, frames);
    return { flat: [flat], opposite };
  }
  const { sample, stack } = profile;
  const flat = [index, ...(base ? [base.index] : [])].map((type) => {
    const ofRow = new Float64Array(stack.length);
    const values = sample.values[type];
    for (let i = 0; i < sample.length; i++) {
      ofRow[sample.stack[i]] += values[i];
    }
    return ofRow;
  });
  return { flat };
}

/** Each node's value with those of the nodes below it. */
export function totalled(flat: Float64Array, parent: Int32Array): Float64Array {
  const cum = flat.slice();
  for (let i = cum.length - 1; i > 0; i--) {
    cum[parent[i]] += cum[i];
  }
  return cum;
}
