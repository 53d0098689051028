import { pathInterner, type PairInterner } from '../profile/interner';
import { once } from '../profile/once';
import { picked } from '../profile/picked';
import type { Profile, StackTable } from '../profile/profile';
import type { Frames } from './frameNames';

/**
 * The tree of all call paths by names of frames, whatever the values of the samples: row 0 is the root, parents come before
 * children. Rows of a profile's stack table that differ in addresses or lines alone end at the same one.
 */
export interface Paths {
  readonly length: number;
  /** -1 for the root. */
  readonly parent: Int32Array;
  /** Row of `Frames.names`. */
  readonly name: Uint32Array;
  /** By row of the profile's stack table: where it ends. */
  readonly node: Uint32Array;
}

/**
 * The same tree in the order in which a walk depth first meets its rows: what is below a row comes right behind it. Its rows, and so
 * `node`, are not those of the `Paths` that it is made of.
 */
export interface PathWalk extends Paths {
  /** The first row behind all that is below. */
  readonly end: Uint32Array;
  /** Made when it is first read. */
  readonly levels: PathLevels;
}

export interface PathLevels {
  /** Rows above each one. */
  readonly depth: Uint32Array;
  /** The largest depth. */
  readonly deepest: number;
  /** One more than rows: where the children of each begin in `child`, in the order of the walk. */
  readonly childOffset: Uint32Array;
  readonly child: Uint32Array;
}

const knownPaths = new WeakMap<StackTable, { readonly frames: Frames; readonly paths: Paths }>();

/** A filter of samples shares the stack table, so a changed tenant, sample type or report finds the paths here. */
export function callPaths({ stack, location }: Profile, frames: Frames): Paths {
  const known = knownPaths.get(stack);
  if (known?.frames === frames) {
    return known.paths;
  }
  const nodes = pathInterner(stack.length, frames.names.length);
  const node = new Uint32Array(stack.length);
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
  const paths = { ...treeOfPairs(nodes), node };
  knownPaths.set(stack, { frames, paths });
  return paths;
}

/** @param nodes of `pathInterner`: pairs of a parent and a name */
export function treeOfPairs(nodes: PairInterner): Omit<Paths, 'node'> {
  const { length, first: parent, second: name } = nodes.finish();
  return { length, parent, name };
}

const knownWalks = new WeakMap<Paths, PathWalk>();

/** A first flame graph does without: it is made for what asks for more, and once for each tree. */
export function pathWalk(profile: Profile, frames: Frames): PathWalk {
  const paths = callPaths(profile, frames);
  let walk = knownWalks.get(paths);
  if (!walk) {
    knownWalks.set(paths, (walk = makeWalk(paths)));
  }
  return walk;
}

function makeWalk({ length, parent, name, node }: Paths): PathWalk {
  const size = new Uint32Array(length).fill(1);
  for (let row = length - 1; row > 0; row--) {
    size[parent[row]] += size[row];
  }
  /** By row of the tree: its place in the walk, and that of the next of its children. */
  const place = new Uint32Array(length);
  const next = new Uint32Array(length);
  const walk = { parent: new Int32Array(length), name: new Uint32Array(length), end: new Uint32Array(length) };
  walk.parent[0] = -1;
  walk.name[0] = name[0];
  walk.end[0] = length;
  next[0] = 1;
  for (let row = 1; row < length; row++) {
    const above = parent[row];
    const own = next[above];
    next[above] = own + size[row];
    next[row] = own + 1;
    place[row] = own;
    walk.parent[own] = place[above];
    walk.name[own] = name[row];
    walk.end[own] = own + size[row];
  }
  const levels = once(() => makeLevels(walk.parent));
  return {
    length,
    ...walk,
    node: picked(place, node),
    get levels() {
      return levels();
    },
  };
}

function makeLevels(parent: Int32Array): PathLevels {
  const { length } = parent;
  const depth = new Uint32Array(length);
  const childOffset = new Uint32Array(length + 1);
  let deepest = 0;
  for (let row = 1; row < length; row++) {
    depth[row] = depth[parent[row]] + 1;
    deepest = Math.max(deepest, depth[row]);
    childOffset[parent[row] + 1]++;
  }
  for (let row = 0; row < length; row++) {
    childOffset[row + 1] += childOffset[row];
  }
  const free = childOffset.slice();
  const child = new Uint32Array(Math.max(0, length - 1));
  for (let row = 1; row < length; row++) {
    child[free[parent[row]]++] = row;
  }
  return { depth, deepest, childOffset, child };
}
