import { grown } from '../profile/grown';
import type { Profile } from '../profile/profile';
import { rowValues, totalled, type CallTree, type Sides, type TreeValues } from './calltree';
import type { Bounds } from './drawnRows';
import type { Frames } from './frameNames';
import { stepsOf, type Steps } from './steps';
import { OpenedNodes } from './widestFirst';

/**
 * The tree of callers as far as a drawing of it may need it: from the widest node on, each gets the nodes below it until as
 * many have theirs as are drawn at the most. The others are leaves, whose own value is all that they have. A whole tree has
 * about a node for each frame of each stack, and nearly all are too small to be drawn.
 * @returns undefined where the whole tree has to be made: where the profile is small, since that takes less time then, where there are
 * values below zero, since only the whole says what they leave, and where some are no whole numbers (percent, changes per second),
 * since their sums would differ in their last digits
 */
export function widestCallers(profile: Profile, sides: Sides, frames: Frames, bounds: Bounds): CallTree | undefined {
  if (stepsOf(profile, frames).node.length <= 2 * bounds.maxNodes) {
    return undefined;
  }
  const { flat, opposite } = rowValues(profile, sides, frames);
  if (flat.some((values) => values.some((value) => value < 0 || !Number.isInteger(value)))) {
    return undefined;
  }
  const tree = new CallerNodes(profile, frames, flat);
  tree.openWidest(bounds);
  const [own, base] = tree.values();
  return {
    ...tree.columns(),
    names: [...frames.names, 'total'],
    named: frames.named,
    ...own,
    isPart: true,
    ...(base && { base }),
    // A sample without a stack has no callers.
    ...(opposite && { opposite: opposite.subarray(1).reduce((sum, value) => sum + value, 0) }),
  };
}

/** Nodes of a tree of callers, which are made when the one above them is opened. */
class CallerNodes extends OpenedNodes {
  /** By node, of each side: what ends there. What a node that is not open has is its own. */
  private readonly own: Float64Array[];

  /** Stacks, those of a node side by side: the rows that they end at and the steps that their paths have come to. */
  private readonly row: Uint32Array;
  private readonly step: Uint32Array;
  private readonly caller: Int32Array;
  private readonly nameOfStep: Uint32Array;

  private readonly movedRow: Uint32Array;
  private readonly movedStep: Uint32Array;
  private readonly movedTo: Uint32Array;
  /** By name the node that is being filled, 0 for none. */
  private readonly nodeOfName: Uint32Array;

  /** The root and the nodes right below it. @param flat of each side what each row of `stack` has */
  constructor(
    profile: Profile,
    frames: Frames,
    private readonly flat: readonly Float64Array[]
  ) {
    super();
    const steps = stepsOf(profile, frames);
    this.caller = callerSteps(profile, steps);
    this.nameOfStep = steps.node;
    this.nodeOfName = new Uint32Array(frames.names.length);
    this.own = flat.map(() => new Float64Array(1024));
    this.row = endRows(profile);
    this.step = this.row.map((row) => steps.offset[row + 1] - 1);
    this.movedRow = this.row.slice();
    this.movedStep = this.step.slice();
    this.movedTo = new Uint32Array(this.row.length);
    this.add(-1, 0);
    this.to[0] = this.row.length;
    this.part(0, this.row.length);
  }

  /** Makes the nodes right below a node. */
  open(node: number): void {
    const { own, flat, caller, row, step, movedRow, movedStep } = this;
    own.forEach((values) => (values[node] = 0));
    let moved = 0;
    for (let i = this.from[node]; i < this.to[node]; i++) {
      const next = caller[step[i]];
      if (next >= 0) {
        movedRow[moved] = row[i];
        movedStep[moved++] = next;
        continue;
      }
      for (let k = 0; k < flat.length; k++) {
        own[k][node] += flat[k][row[i]];
      }
    }
    this.part(node, moved);
  }

  values(): TreeValues[] {
    return this.own.map((values) => {
      const flat = values.slice(0, this.length);
      return { flat, cum: totalled(flat, this.parent) };
    });
  }

  /** A node for each name that the first moved stacks have come to; the stacks take the places of the node above. */
  private part(above: number, moved: number): void {
    const { nodeOfName, nameOfStep, flat, row, step, movedRow, movedStep, movedTo } = this;
    const first = this.length;
    for (let i = 0; i < moved; i++) {
      const name = nameOfStep[movedStep[i]];
      let node = nodeOfName[name];
      if (node === 0) {
        node = this.add(above, name);
        nodeOfName[name] = node;
      }
      movedTo[i] = node;
      this.to[node]++;
      for (let k = 0; k < flat.length; k++) {
        const value = flat[k][movedRow[i]];
        this.own[k][node] += value;
        this.width[node] += value;
      }
    }
    let at = this.from[above];
    for (let node = first; node < this.length; node++) {
      nodeOfName[this.name[node]] = 0;
      const count = this.to[node];
      this.from[node] = at;
      this.to[node] = at;
      at += count;
    }
    for (let i = 0; i < moved; i++) {
      const place = this.to[movedTo[i]]++;
      row[place] = movedRow[i];
      step[place] = movedStep[i];
    }
  }

  protected override grow(nodes: number): void {
    super.grow(nodes);
    this.own.forEach((values, k) => (this.own[k] = grown(values, nodes)));
  }
}

/** Rows of `stack` that samples end at, rising; a sample without a stack has no callers. */
function endRows({ stack, sample }: Profile): Uint32Array {
  const isEnd = new Uint8Array(stack.length);
  for (let i = 0; i < sample.length; i++) {
    isEnd[sample.stack[i]] = 1;
  }
  const rows = new Uint32Array(Math.min(sample.length, stack.length));
  let count = 0;
  for (let row = 1; row < stack.length; row++) {
    if (isEnd[row] === 1) {
      rows[count++] = row;
    }
  }
  return rows.subarray(0, count);
}

const knownCallers = new WeakMap<Steps, Int32Array>();

/** Of each step the one that calls it, -1 for none. A filter of samples shares the steps. */
function callerSteps({ stack }: Profile, steps: Steps): Int32Array {
  let callers = knownCallers.get(steps);
  if (!callers) {
    const { offset } = steps;
    callers = new Int32Array(steps.node.length);
    for (let row = 1; row < stack.length; row++) {
      for (let step = offset[row]; step < offset[row + 1]; step++) {
        callers[step] = step > offset[row] ? step - 1 : offset[stack.parent[row] + 1] - 1;
      }
    }
    knownCallers.set(steps, callers);
  }
  return callers;
}
