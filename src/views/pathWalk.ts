import type { Paths } from './calltree';

/** A tree as a walk depth first meets it, by row of the tree; children in the order of their rows. */
export interface PathWalk {
  /** How many nodes the walk meets before. What is below a node has the ranks that follow its own. */
  readonly rank: Uint32Array;
  /** The first rank behind all that is below. */
  readonly end: Uint32Array;
  /** By rank: nodes above. */
  readonly depth: Uint32Array;
  /** The largest depth. */
  readonly deepest: number;
  /** One more than rows: where the children of each begin in `child`. */
  readonly childOffset: Uint32Array;
  readonly child: Uint32Array;
  /** Ranks of `child`. */
  readonly childRank: Uint32Array;
}

const known = new WeakMap<Paths, PathWalk>();

/** Made once for a tree: filters of samples share it. */
export function pathWalk(paths: Paths): PathWalk {
  let walk = known.get(paths);
  if (!walk) {
    known.set(paths, (walk = makeWalk(paths)));
  }
  return walk;
}

function makeWalk({ length, parent }: Paths): PathWalk {
  const size = new Uint32Array(length).fill(1);
  const childOffset = new Uint32Array(length + 1);
  for (let row = length - 1; row > 0; row--) {
    size[parent[row]] += size[row];
    childOffset[parent[row] + 1]++;
  }
  for (let row = 0; row < length; row++) {
    childOffset[row + 1] += childOffset[row];
  }
  const rank = new Uint32Array(length);
  const end = new Uint32Array(length);
  const depth = new Uint32Array(length);
  const child = new Uint32Array(Math.max(0, length - 1));
  const childRank = new Uint32Array(child.length);
  /** Of the next child of each row: its rank, and its place in `child`. */
  const nextRank = new Uint32Array(length);
  const nextPlace = childOffset.slice();
  let deepest = 0;
  end[0] = length;
  nextRank[0] = 1;
  for (let row = 1; row < length; row++) {
    const above = parent[row];
    const own = nextRank[above];
    rank[row] = own;
    end[row] = own + size[row];
    nextRank[above] = end[row];
    nextRank[row] = own + 1;
    depth[own] = depth[rank[above]] + 1;
    deepest = Math.max(deepest, depth[own]);
    const place = nextPlace[above]++;
    child[place] = row;
    childRank[place] = own;
  }
  return { rank, end, depth, deepest, childOffset, child, childRank };
}
