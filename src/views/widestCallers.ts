import { grown } from '../profile/grown';
import type { Profile } from '../profile/profile';
import { pathsWithValue, pathValues, type CallTree, type Sides } from './calltree';
import { callerOrder, type CallerOrder } from './callerOrder';
import type { Bounds } from './drawnRows';
import type { Frames } from './frameNames';
import { pathWalk, type PathWalk } from './paths';
import { endSums, StretchNodes, type Ends } from './stretches';

/**
 * The tree of callers as far as a drawing of it may need it: from the widest node on, each gets the nodes below it until no other
 * can be drawn. A whole tree has about a node for each frame of each stack, and nearly all are too small to be drawn. A sample
 * without a stack has no callers, and is in neither.
 * @returns undefined where the whole tree has to be made: where the profile has no more paths than are drawn, since that takes less
 * time then, where there are values below zero, since only the whole says what they leave, and where some are no whole numbers
 * (percent, changes per second), since their sums would differ in their last digits
 */
export function widestCallers(profile: Profile, sides: Sides, frames: Frames, bounds: Bounds): CallTree | undefined {
  const walk = pathWalk(profile, frames);
  if (walk.length <= bounds.maxNodes) {
    return undefined;
  }
  const values = pathValues(profile, sides, walk);
  const order = callerOrder(walk, pathsWithValue(values), bounds.maxDepth + 1);
  const sums = endSums(values, order.path);
  if (!sums) {
    return undefined;
  }
  const nodes = new CallerNodes(walk, order, { ...sums, first: order.path });
  return {
    ...nodes.drawable(nodes.openWidest(bounds)),
    names: [...frames.names, 'total'],
    named: frames.named,
    isPart: true,
    ...(sums.opposite !== undefined && { opposite: sums.opposite }),
  };
}

/** Nodes of a tree of callers, which are made when the one above them is opened. */
class CallerNodes extends StretchNodes {
  protected readonly fixed = 1;
  /** By node: its call on the first of its paths, a row of the walk. */
  private call = new Uint32Array(1024);

  constructor(
    private readonly walk: PathWalk,
    private readonly order: CallerOrder,
    ends: Ends
  ) {
    super(ends);
    this.addStretch(-1, 0, 0, order.path.length);
    this.open(0);
  }

  open(node: number): void {
    const { shared, apart } = this.order;
    const { parent, name } = this.walk;
    const from = this.from[node];
    const to = this.to[node];
    const calls = this.level[node];
    let at = from + (this.hasOwn(node) ? 1 : 0);
    while (at < to) {
      let next = at + 1;
      while (next < to && shared[next] > calls) {
        next++;
      }
      const caller = at === from && node > 0 ? parent[this.call[node]] : apart[at];
      const below = this.addStretch(node, name[caller], at, next);
      this.call[below] = caller;
      at = next;
    }
  }

  /** Where one of its paths has no caller more that one comes first. */
  protected hasOwn(node: number): boolean {
    return node > 0 && this.walk.parent[this.call[node]] === 0;
  }

  protected override grow(nodes: number): void {
    super.grow(nodes);
    this.call = grown(this.call, nodes);
  }
}
