import { pathInterner } from '../profile/interner';
import { usedSets } from '../profile/labels';
import type { Profile } from '../profile/profile';
import type { Untagged } from '../profile/untagged';
import { framesFrom, type FrameOptions } from './frameNames';

/** The frames of tags as a tree, in the order in which samples come to them. Row 0 is the root. */
export interface TagTree {
  readonly length: number;
  readonly parent: Int32Array;
  readonly name: Uint32Array;
  /** Names of all frames, those of tags behind the others where none of them reads the same. */
  readonly names: readonly string[];
  /** The node below which each label list's samples are, by row of `labelSet`. */
  readonly node: Uint32Array;
}

/** @returns undefined where values of a tag read the same, as a missing one and `<unknown>` do: they are one by order of samples alone */
export function tagTree(
  profile: Profile,
  { profile: bare, rootOfSet }: Untagged,
  others: readonly string[],
  options: FrameOptions
): TagTree | undefined {
  const frames = framesFrom(profile, bare.location.length, options);
  const rows = new Map(frames.names.map((name) => [name, -1]));
  for (let row = 0; row < others.length; row++) {
    if (rows.has(others[row])) {
      rows.set(others[row], row);
    }
  }
  const added = frames.names.filter((name) => rows.get(name) === -1);
  added.forEach((name, i) => rows.set(name, others.length + i));
  const nameOf = (l: number) => rows.get(frames.names[frames.line[profile.location.lineOffset[l]]]) ?? 0;

  const names = [...others, ...added];
  const nodes = pathInterner(1024, names.length);
  const node = new Uint32Array(rootOfSet.length);
  /** By node the location that it is of. */
  const locations: number[] = [];
  for (const set of usedSets(bare)) {
    for (const l of rootOfSet[set]) {
      const own = nodes.intern(node[set], nameOf(l));
      locations[own] ??= l;
      if (locations[own] !== l) {
        return undefined;
      }
      node[set] = own;
    }
  }
  const { length, first: parent, second: name } = nodes.finish();
  return { length, parent, name, names, node };
}
