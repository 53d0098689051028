import { PairInterner } from '../profile/interner';
import type { Profile } from '../profile/profile';
import { frameNames, type Frames } from './graph';

/**
 * Call paths by function name with their values. Row 0 is the root, which stands for the whole profile; parents come
 * before children. Inlined calls are nodes of their own, as in pprof.
 */
export interface CallTree {
  readonly length: number;
  /** Row of the caller, -1 for the root. */
  readonly parent: Int32Array;
  /** Row of `names`. */
  readonly name: Uint32Array;
  readonly names: readonly string[];
  /** Value of the samples that end here, and of all that pass. */
  readonly flat: Float64Array;
  readonly cum: Float64Array;
}

/**
 * The call tree of one sample type: a forward pass over the stack table names the nodes, a pass over the samples adds
 * the values, a backward pass totals them. Costs what the distinct stacks cost, however many samples there are.
 */
export function callTree(profile: Profile, sampleIndex: number, frames: Frames = frameNames(profile)): CallTree {
  // The root's name comes after the others.
  const names = [...frames.names, 'total'];
  const { stack, location, sample } = profile;
  const nodes = new PairInterner(stack.length + 1);
  nodes.intern(-1, names.length - 1);

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

  const { length, first: parent, second: name } = nodes.finish();
  const flat = new Float64Array(length);
  const values = sample.values[sampleIndex];
  for (let i = 0; i < sample.length; i++) {
    flat[node[sample.stack[i]]] += values[i];
  }
  const cum = flat.slice();
  for (let i = length - 1; i > 0; i--) {
    cum[parent[i]] += cum[i];
  }
  return { length, parent, name, names, flat, cum };
}
