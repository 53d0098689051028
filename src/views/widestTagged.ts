import { firstFrom } from '../profile/firstFrom';
import { grown } from '../profile/grown';
import type { Profile } from '../profile/profile';
import { untaggedOf } from '../profile/untagged';
import type { CallTree, Sides } from './calltree';
import type { Bounds } from './drawnRows';
import { frameNames, type FrameOptions } from './frameNames';
import { pathWalk, type PathWalk } from './paths';
import { tagEnds, type TagEnds } from './tagEnds';
import { tagTree, type TagTree } from './tagTree';
import { StretchNodes } from './stretches';

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
  const walk = pathWalk(bare, frames);
  const ends = tagEnds(bare, sides, tags, walk);
  if (!ends) {
    return undefined;
  }
  const nodes = new TaggedNodes(walk, tags, ends);
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
class TaggedNodes extends StretchNodes {
  protected readonly fixed: number;
  /** By node: its row of the walk, 0 for those of tags. */
  private path = new Uint32Array(1024);

  constructor(
    private readonly walk: PathWalk,
    private readonly tags: TagTree,
    private readonly tagEnds: TagEnds
  ) {
    super(tagEnds);
    this.fixed = tags.length;
    for (let node = 0; node < tags.length; node++) {
      this.addStretch(tags.parent[node], tags.name[node], tagEnds.offset[node], tagEnds.offset[node + 1]);
    }
    this.addUp(this.width);
  }

  open(node: number): void {
    const { walk, tagEnds } = this;
    const { childOffset, child } = walk.levels;
    const own = this.path[node];
    const to = this.to[node];
    let at = this.from[node];
    at += at < to && this.hasOwn(node) ? 1 : 0;
    let place = childOffset[own];
    while (at < to) {
      // The next path goes on to the last child that the walk meets no later than the path's end.
      place = firstFrom(child, place, childOffset[own + 1], tagEnds.path[at] + 1);
      const path = child[place - 1];
      const next = firstFrom(tagEnds.path, at + 1, to, walk.end[path]);
      const below = this.addStretch(node, walk.name[path], at, next);
      this.path[below] = path;
      at = next;
    }
  }

  protected hasOwn(node: number): boolean {
    return this.tagEnds.path[this.from[node]] === this.path[node];
  }

  /** Nodes of tags that are not the last on their paths have no samples but those below them. */
  protected override addUp(values: Float64Array): void {
    for (let node = this.tags.length - 1; node > 0; node--) {
      values[this.tags.parent[node]] += values[node];
    }
  }

  protected override grow(nodes: number): void {
    super.grow(nodes);
    this.path = grown(this.path, nodes);
  }
}
