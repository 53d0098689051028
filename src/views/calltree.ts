import { pathInterner, type PairInterner } from '../profile/interner';
import type { Profile, StackTable } from '../profile/profile';
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
  const { node, length, parent, name } = callPaths(profile, frames);
  const { sample } = profile;
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

/** The paths of a tree without values, and the path of each row of `stack`. */
interface CallPaths extends Pick<CallTree, 'length' | 'parent' | 'name'> {
  readonly frames: Frames;
  readonly node: Int32Array;
}

/** A filter of samples shares the stack table, so a changed tenant or sample type finds the paths here. */
const knownPaths = new WeakMap<StackTable, CallPaths>();

function callPaths({ stack, location }: Profile, frames: Frames): CallPaths {
  const known = knownPaths.get(stack);
  if (known?.frames === frames) {
    return known;
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
  const { length, first: parent, second: name } = nodes.finish();
  const paths = { frames, node, length, parent, name };
  knownPaths.set(stack, paths);
  return paths;
}

/**
 * The paths from each sample's leaf to its root: who calls a function, and from where. With `start` only from the
 * rootmost frame that it marks (by row of `frames.names`), and only of the samples that pass one.
 */
export function callerTree(profile: Profile, sampleIndex: number, frames: Frames, start?: Uint8Array): CallTree {
  const { stack } = profile;
  const names = [...frames.names, 'total'];
  const nodes = pathInterner(stack.length, names.length - 1);
  const values = valueOfStacks(profile, sampleIndex);
  const ends: number[] = [];
  const endValues: number[] = [];
  const path: number[] = [];
  for (let i = 1; i < stack.length; i++) {
    if (values[i] === 0) {
      continue;
    }
    path.length = 0;
    for (let row = i; row > 0; row = stack.parent[row]) {
      pushFrames(path, profile, frames, stack.location[row]);
    }
    let first = 0;
    if (start) {
      first = path.length - 1;
      while (first >= 0 && start[path[first]] === 0) {
        first--;
      }
      if (first < 0) {
        continue;
      }
    }
    let at = 0;
    for (let k = first; k < path.length; k++) {
      at = nodes.intern(at, path[k]);
    }
    ends.push(at);
    endValues.push(values[i]);
  }
  return totalled(nodes, names, ends, endValues);
}

/** The paths below the rootmost frame that `start` marks, of the samples that pass one. */
export function calleeTree(profile: Profile, sampleIndex: number, frames: Frames, start: Uint8Array): CallTree {
  const { stack, location, sample } = profile;
  const names = [...frames.names, 'total'];
  const nodes = pathInterner(stack.length, names.length - 1);
  // 0 above a frame that is marked.
  const node = new Int32Array(stack.length);
  for (let i = 1; i < stack.length; i++) {
    let at = node[stack.parent[i]];
    const l = stack.location[i];
    const first = location.lineOffset[l];
    let line = location.lineOffset[l + 1];
    const step = (frame: number) => {
      at = at > 0 || start[frame] ? nodes.intern(at, frame) : 0;
    };
    if (line === first) {
      step(frames.location[l]);
    }
    while (line-- > first) {
      step(frames.line[line]);
    }
    node[i] = at;
  }
  const ends: number[] = [];
  const endValues: number[] = [];
  for (let i = 0; i < sample.length; i++) {
    if (node[sample.stack[i]] > 0) {
      ends.push(node[sample.stack[i]]);
      endValues.push(sample.values[sampleIndex][i]);
    }
  }
  return totalled(nodes, names, ends, endValues);
}

/** Frames of one location, the innermost inlined call first. */
function pushFrames(path: number[], { location }: Profile, frames: Frames, l: number): void {
  const first = location.lineOffset[l];
  const end = location.lineOffset[l + 1];
  if (first === end) {
    path.push(frames.location[l]);
  }
  for (let k = first; k < end; k++) {
    path.push(frames.line[k]);
  }
}

function valueOfStacks({ sample, stack }: Profile, sampleIndex: number): Float64Array {
  const values = new Float64Array(stack.length);
  for (let i = 0; i < sample.length; i++) {
    values[sample.stack[i]] += sample.values[sampleIndex][i];
  }
  return values;
}

/** The tree whose samples end at these rows. */
function totalled(nodes: PairInterner, names: string[], ends: number[], values: number[]): CallTree {
  const { length, first: parent, second: name } = nodes.finish();
  const flat = new Float64Array(length);
  ends.forEach((row, i) => (flat[row] += values[i]));
  const cum = flat.slice();
  for (let i = length - 1; i > 0; i--) {
    cum[parent[i]] += cum[i];
  }
  return { length, parent, name, names, flat, cum };
}
