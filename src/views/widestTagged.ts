import { firstFrom } from '../profile/firstFrom';
import { grown } from '../profile/grown';
import { picked } from '../profile/picked';
import type { Profile } from '../profile/profile';
import { untaggedOf } from '../profile/untagged';
import { callPaths, notDrawn, type CallTree, type Paths, type Sides, type TreeValues } from './calltree';
import type { Bounds } from './drawnRows';
import { frameNames, type FrameOptions } from './frameNames';
import { pathWalk, type PathWalk } from './pathWalk';
import { tagEnds, type TagEnds } from './tagEnds';
import { tagTree, type TagTree } from './tagTree';
import { OpenedNodes } from './widestFirst';

/**
 * The call tree below frames of tags as far as a drawing of it may need it. Below each value of a tag is a part of the one
 * tree of all paths, so none is made: the samples of a value, sorted as a walk through that tree comes to where they end, are
 * a stretch for each node, and nodes get those below them from the widest on.
 * @returns undefined where the plain tree has to be made: where the profile has no such frames or was filtered since, where
 * two values read the same, and where values are below zero or no whole numbers, as in `widestCallers`
 */
export function widestTagged(
  profile: Profile,
  sides: Sides,
  options: FrameOptions,
  bounds: Bounds
): CallTree | undefined {
  const untagged = untaggedOf(profile);
  if (!untagged) {
    return undefined;
  }
  const { profile: bare } = untagged;
  const frames = frameNames(bare, options);
  const tags = tagTree(profile, untagged, frames.names, options);
  if (!tags) {
    return undefined;
  }
  const paths = callPaths(bare, frames);
  const walk = pathWalk(paths);
  const ends = tagEnds(bare, sides, tags, paths, walk);
  if (!ends) {
    return undefined;
  }
  const nodes = new TaggedNodes(paths, walk, tags, ends);
  return {
    ...nodes.drawable(nodes.openWidest(bounds)),
    names: [...tags.names, 'total'],
    // Those of tags come behind.
    named: frames.named,
    isPart: true,
    wholeLength: tags.length + ends.nodes,
    ...(ends.opposite !== undefined && { opposite: ends.opposite }),
  };
}

/** The nodes of the tags, and below them nodes of all paths, which are made when the one above them is opened. */
class TaggedNodes extends OpenedNodes {
  /** By node: its row among all paths, 0 for those of tags. What ends below it is a stretch of `TagEnds`. */
  private path = new Uint32Array(1024);

  constructor(
    private readonly paths: Paths,
    private readonly walk: PathWalk,
    private readonly tags: TagTree,
    private readonly ends: TagEnds
  ) {
    super();
    for (let node = 0; node < tags.length; node++) {
      this.addStretch(tags.parent[node], tags.name[node], 0, ends.offset[node], ends.offset[node + 1]);
    }
    this.addUpTags(this.width);
  }

  open(node: number): void {
    const { ends, paths, walk } = this;
    const path = this.path[node];
    const to = this.to[node];
    let at = this.from[node];
    at += at < to && ends.rank[at] === walk.rank[path] ? 1 : 0;
    let place = walk.childOffset[path];
    while (at < to) {
      // The next path goes on to the last child that the walk meets no later than the path's end.
      place = firstFrom(walk.childRank, place, walk.childOffset[path + 1], ends.rank[at] + 1);
      const below = walk.child[place - 1];
      const next = firstFrom(ends.rank, at + 1, to, walk.end[below]);
      this.addStretch(node, paths.name[below], below, at, next);
      at = next;
    }
  }

  /**
   * The nodes that may be drawn. What is narrower is one row below the node above it.
   * @param least a width that all have which are drawn
   */
  drawable(least: number): Omit<CallTree, 'names'> {
    const { parent, width, tags } = this;
    /** By row the node that it is, or whose narrow ones it has. */
    const nodes = new Uint32Array(2 * this.length);
    const isRest = new Uint8Array(nodes.length);
    let length = 0;
    for (; length < tags.length; length++) {
      nodes[length] = length;
    }
    for (let node = tags.length; node < this.length;) {
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

  /** Of those that are as wide the one comes first that a sample comes to first, as in the plain tree. */
  private orderAlike(nodes: Uint32Array): void {
    const { width } = this;
    if (nodes.length > 2 || width[nodes[0]] === width[nodes[1]]) {
      nodes.sort((a, b) => width[b] - width[a] || this.firstSample(a) - this.firstSample(b));
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
    const { from, to, path, ends, parent, walk } = this;
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
      flat[i] = first < to[node] && ends.rank[first] === walk.rank[path[node]] ? sums[first + 1] - sums[first] : 0;
      rest[node] = cum[i] - flat[i];
      if (node > 0) {
        rest[parent[node]] -= cum[i];
      }
    }
    this.addUpTags(cum);
    return { flat, cum };
  }

  protected override grow(nodes: number): void {
    super.grow(nodes);
    this.path = grown(this.path, nodes);
  }

  private addStretch(parent: number, name: number, path: number, from: number, to: number): void {
    const node = this.add(parent, name);
    this.path[node] = path;
    this.from[node] = from;
    this.to[node] = to;
    this.width[node] = this.ends.widths[to] - this.ends.widths[from];
  }

  private firstSample(node: number): number {
    const { first } = this.ends;
    let least = first[this.from[node]];
    for (let i = this.from[node] + 1; i < this.to[node]; i++) {
      least = Math.min(least, first[i]);
    }
    return least;
  }

  /** Nodes of tags that are not the last on their paths have no samples but those below them. */
  private addUpTags(values: Float64Array): void {
    for (let node = this.tags.length - 1; node > 0; node--) {
      values[this.tags.parent[node]] += values[node];
    }
  }
}
