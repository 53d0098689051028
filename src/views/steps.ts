import { grown } from '../profile/grown';
import type { Profile, StackTable } from '../profile/profile';
import { stackOrder } from '../profile/stackOrder';
import type { Frames } from './frameNames';

/** The frames of each row of a stack table as nodes, whatever the values of the samples. */
export interface Steps {
  /** length + 1 offsets into the other columns, by row of the table. */
  readonly offset: Uint32Array;
  /** The rootmost frame of a row first: the physical caller, then what is inlined into it. */
  readonly node: Uint32Array;
  /** 1 where no frame above is the same node: a recursive call counts once. */
  readonly isFirst: Uint8Array;
}

const knownSteps = new WeakMap<StackTable, { readonly frames: Frames; readonly steps: Steps }>();

/** A filter of samples shares the stack table, so a changed tenant, sample type or report finds the steps here. */
export function stepsOf({ stack, location }: Profile, frames: Frames): Steps {
  const known = knownSteps.get(stack);
  if (known?.frames === frames) {
    return known.steps;
  }
  const offset = new Uint32Array(stack.length + 1);
  for (let row = 1; row < stack.length; row++) {
    const l = stack.location[row];
    offset[row + 1] = offset[row] + Math.max(1, location.lineOffset[l + 1] - location.lineOffset[l]);
  }
  const node = new Uint32Array(offset[stack.length]);
  const isFirst = new Uint8Array(node.length);
  const { rows, depth, deepest } = stackOrder(stack);
  const passed = new Marks(frames.names.length, deepest);
  for (const row of rows) {
    passed.leaveTo(depth[row]);
    const l = stack.location[row];
    let k = location.lineOffset[l + 1] - 1;
    const isUnsymbolized = k < location.lineOffset[l];
    for (let step = offset[row]; step < offset[row + 1]; step++, k--) {
      node[step] = isUnsymbolized ? frames.location[l] : frames.line[k];
      isFirst[step] = passed.pass(node[step]) ? 1 : 0;
    }
  }
  const steps = { offset, node, isFirst };
  knownSteps.set(stack, { frames, steps });
  return steps;
}

/** What a walk has passed on the path that it is on. */
export class Marks {
  private isOn: Uint8Array;
  private readonly passed: number[] = [];
  /** Length of `passed` when the row of a depth was entered. */
  private readonly start: Uint32Array;
  private depth = 0;

  constructor(expected: number, deepest: number) {
    this.isOn = new Uint8Array(expected);
    this.start = new Uint32Array(deepest + 2);
  }

  /** The walk enters a row of this depth: what rows of this depth and deeper passed is not on the path any more. */
  leaveTo(depth: number): void {
    if (depth <= this.depth) {
      for (let k = this.passed.length; k > this.start[depth]; k--) {
        this.isOn[this.passed.pop() as number] = 0;
      }
    }
    this.depth = depth;
    this.start[depth] = this.passed.length;
  }

  /** True at the first time on this path. */
  pass(mark: number): boolean {
    if (mark >= this.isOn.length) {
      this.isOn = grown(this.isOn, mark * 2 + 1024);
    }
    if (this.isOn[mark] === 1) {
      return false;
    }
    this.isOn[mark] = 1;
    this.passed.push(mark);
    return true;
  }
}
