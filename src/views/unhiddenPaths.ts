import { areEqual } from '../profile/areEqual';
import { pathInterner } from '../profile/interner';
import { picked } from '../profile/picked';
import type { Profile } from '../profile/profile';
import { unhiddenOf, type Unhidden } from '../profile/unhidden';
import { treeOfPaths, type CallTree, type Sides } from './calltree';
import { frameNames, type FrameOptions, type Frames } from './frameNames';
import { callPaths, treeOfPairs, type Paths } from './paths';

/**
 * The call tree of a profile some of whose calls are hidden, made of that of all its calls: stacks need not be edited, and
 * paths and names are found where they are known already.
 * @returns undefined where the stacks have to be: where nothing is hidden, and where a name is hidden at some of its calls alone
 */
export function unhiddenTree(profile: Profile, sides: Sides, options: FrameOptions): CallTree | undefined {
  const unhidden = unhiddenOf(profile);
  if (!unhidden) {
    return undefined;
  }
  const frames = frameNames(unhidden.profile, options);
  const isHidden = hiddenNames(unhidden, frames);
  if (!isHidden) {
    return undefined;
  }
  const shown = shownNames(frames, isHidden);
  return treeOfPaths(unhidden.profile, sides, shown, shownPaths(unhidden.profile, frames, isHidden, shown));
}

/** The names that are left; a hidden one would make those that are like it longer. */
interface ShownNames extends Pick<Frames, 'names' | 'named'> {
  /** By row of the frames' names that is left: its row of these. */
  readonly row: Uint32Array;
}

const knownShown = new WeakMap<Frames, { readonly isHidden: Uint8Array; readonly shown: ShownNames }>();

/** The last ones are kept: short names are remembered by dictionary. */
function shownNames(frames: Frames, isHidden: Uint8Array): ShownNames {
  const last = knownShown.get(frames);
  if (last && areEqual(last.isHidden, isHidden)) {
    return last.shown;
  }
  const isShown = (_: unknown, row: number) => isHidden[row] === 0;
  const row = new Uint32Array(isHidden.length);
  for (let k = 0, next = 0; k < row.length; k++) {
    row[k] = isHidden[k] === 0 ? next++ : 0;
  }
  const shown = { names: frames.names.filter(isShown), named: frames.named.filter(isShown), row };
  knownShown.set(frames, { isHidden, shown });
  return shown;
}

/** By row of the frames' names: 1 for those that are hidden. Undefined where some calls of one are, and others are not. */
function hiddenNames({ profile: { location }, keep, isHidden }: Unhidden, frames: Frames): Uint8Array | undefined {
  const [shown, hidden] = [1, 2];
  const found = new Uint8Array(frames.names.length);
  for (let l = 0; l < location.length; l++) {
    const first = location.lineOffset[l];
    const end = location.lineOffset[l + 1];
    for (let k = first; k < end; k++) {
      found[frames.line[k]] |= keep[k] === 1 ? shown : hidden;
    }
    if (first === end) {
      found[frames.location[l]] |= isHidden[l] === 1 ? hidden : shown;
    }
  }
  return found.includes(shown | hidden) ? undefined : found.map((state) => (state === hidden ? 1 : 0));
}

/** Paths in the order in which those of edited stacks would be met. */
function shownPaths(profile: Profile, frames: Frames, isHidden: Uint8Array, shown: ShownNames): Paths {
  const paths = callPaths(profile, frames);
  const nodes = pathInterner(paths.length, shown.names.length);
  const node = new Uint32Array(paths.length);
  for (let row = 1; row < paths.length; row++) {
    const above = node[paths.parent[row]];
    const name = paths.name[row];
    node[row] = isHidden[name] === 1 ? above : nodes.intern(above, shown.row[name]);
  }
  return { ...treeOfPairs(nodes), node: picked(node, paths.node) };
}
