import { pathInterner } from '../profile/interner';
import type { Profile } from '../profile/profile';
import { frameNames, type Frames } from './frameNames';
import { callPaths, pathWalk, treeOfPairs, type Paths } from './paths';
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

/** The tree of all calls with what samples have of them. Costs what the distinct stacks cost, however many samples there are. */
export function callTree(profile: Profile, sides: Sides, frames: Frames = frameNames(profile)): CallTree {
  return treeOfPaths(profile, sides, frames, callPaths(profile, frames));
}

/** @param paths of the profile's stacks, all or some of their calls */
export const treeOfPaths = (profile: Profile, sides: Sides, names: Names, paths: Paths): CallTree =>
  treeOf(pathValues(profile, sides, paths), paths, names);

/** What rows of `Paths.name` are. */
type Names = Pick<Frames, 'names' | 'named'>;

/** A tree without values whose nodes are made of those of the tree of all paths. */
interface Shape extends Omit<Paths, 'node'> {
  /** By row of the walk: the node that has what ends there, -1 where none of it is in the tree. */
  readonly node: Int32Array;
}

/**
 * The paths from each sample's leaf to its root: who calls a function, and from where. With `start` only from the
 * rootmost frame that it marks (by row of `frames.names`), and only of the samples that pass one. What has no value is not in it.
 */
export function callerTree(profile: Profile, sides: Sides, frames: Frames, start?: Uint8Array): CallTree {
  const walk = pathWalk(profile, frames);
  const { length, parent, name, end } = walk;
  const nodes = pathInterner(length, frames.names.length);
  const node = new Int32Array(length).fill(-1);
  const pathFrom = (row: number): number => {
    let at = 0;
    for (; row > 0; row = parent[row]) {
      at = nodes.intern(at, name[row]);
    }
    return at;
  };
  const values = pathValues(profile, sides, walk);
  const isEnd = pathsWithValue(values);
  for (let row = 1; row < length; row++) {
    if (!start) {
      node[row] = isEnd[row] === 1 ? pathFrom(row) : -1;
    } else if (start[name[row]] === 1) {
      if (isEnd.subarray(row, end[row]).includes(1)) {
        node.fill(pathFrom(row), row, end[row]);
      }
      row = end[row] - 1;
    }
  }
  return placed(values, frames, { ...treeOfPairs(nodes), node });
}

/** The paths below the rootmost frame that `start` marks, of the samples that pass one. */
export function calleeTree(profile: Profile, sides: Sides, frames: Frames, start: Uint8Array): CallTree {
  const walk = pathWalk(profile, frames);
  const { length, parent, name } = walk;
  const nodes = pathInterner(length, frames.names.length);
  const node = new Int32Array(length).fill(-1);
  for (let row = 1; row < length; row++) {
    const above = node[parent[row]];
    if (above > 0 || start[name[row]] === 1) {
      node[row] = nodes.intern(Math.max(0, above), name[row]);
    }
  }
  return placed(pathValues(profile, sides, walk), frames, { ...treeOfPairs(nodes), node });
}

/** The tree of a shape, with the values of what is in it. */
function placed({ flat, opposite }: PathValues, frames: Frames, shape: Shape): CallTree {
  const place = (values: Float64Array) => {
    const ofNode = new Float64Array(shape.length);
    for (let row = 0; row < values.length; row++) {
      if (shape.node[row] >= 0) {
        ofNode[shape.node[row]] += values[row];
      }
    }
    return ofNode;
  };
  return treeOf({ flat: flat.map(place), opposite: opposite && place(opposite) }, shape, frames);
}

/** @param values by row of the shape */
function treeOf(
  { flat, opposite }: PathValues,
  { length, parent, name }: Omit<Paths, 'node'>,
  frames: Names
): CallTree {
  const [own, base] = flat.map((values) => ({ flat: values, cum: totalled(values, parent) }));
  return {
    length,
    parent,
    name,
    // The root's name comes after the others.
    names: [...frames.names, 'total'],
    named: frames.named,
    ...own,
    ...(base && { base }),
    ...(opposite && { opposite: sumOf(opposite) }),
  };
}

export const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** What samples have that end at each path. */
export interface PathValues {
  /** Of each side; of changes in one direction these alone. */
  readonly flat: readonly Float64Array[];
  /** Changes in the other direction. */
  readonly opposite?: Float64Array;
}

/** By row of a tree of all paths, whichever way its rows are numbered. */
export function pathValues(
  { sample }: Profile,
  sides: Sides,
  { length, node }: Pick<Paths, 'length' | 'node'>
): PathValues {
  return sidesOf((type) => {
    const ofPath = new Float64Array(length);
    const values = sample.values[type];
    for (let i = 0; i < sample.length; i++) {
      ofPath[node[sample.stack[i]]] += values[i];
    }
    return ofPath;
  }, sides);
}

/** @param valuesOf by path what samples have of a sample type that end there */
export function sidesOf(
  valuesOf: (sampleType: number) => Float64Array,
  { index, base, change, seconds = 1 }: Sides
): PathValues {
  const now = valuesOf(index);
  if (!base) {
    return { flat: [now] };
  }
  const before = valuesOf(base.index);
  if (!change) {
    return { flat: [now, before] };
  }
  const perSecond = (values: Float64Array) => (seconds === 1 ? values : values.map((value) => value / seconds));
  return {
    flat: [perSecond(changesOf(now, before, change))],
    opposite: perSecond(changesOf(before, now, change)),
  };
}

/** 1 for each path at which something ends that is not 0, of changes in either direction. */
export function pathsWithValue({ flat, opposite }: PathValues): Uint8Array {
  const hasValue = new Uint8Array(flat[0].length);
  for (const values of opposite ? [...flat, opposite] : flat) {
    for (let row = 0; row < values.length; row++) {
      hasValue[row] |= values[row] !== 0 ? 1 : 0;
    }
  }
  return hasValue;
}

/**
 * What grew or shrank, path by path: of each path, its own (flat) value less the base's where that is in the direction, else
 * nothing, always as a number above zero. So a width in a drawing of it is the sum of what each path there has grown; what
 * shrank elsewhere takes nothing from it, and what grew less what shrank is the difference of the totals.
 */
export const changesOf = (flat: Float64Array, base: Float64Array, change: Change): Float64Array =>
  flat.map((value, node) => Math.max(0, change === 'grown' ? value - base[node] : base[node] - value));

/** Each node's value with those of the nodes below it. */
export function totalled(flat: Float64Array, parent: Int32Array): Float64Array {
  const cum = flat.slice();
  for (let i = cum.length - 1; i > 0; i--) {
    cum[parent[i]] += cum[i];
  }
  return cum;
}
