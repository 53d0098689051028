import { areEqual } from '../profile/areEqual';
import { firstFrom } from '../profile/firstFrom';
import { picked } from '../profile/picked';
import type { Profile, SampleTable } from '../profile/profile';
import { sidesOf, type Sides } from './calltree';
import type { PathWalk } from './paths';
import { endSums, type Ends } from './stretches';
import type { TagTree } from './tagTree';

/** Where samples end: a row for all that end at one path below one tag; sorted by tag, then as the walk meets them. */
interface Places {
  /** Row of the walk. */
  readonly path: Uint32Array;
  /** The first of the samples. */
  readonly first: Uint32Array;
  /** By node of the tags, one more: where its rows begin. */
  readonly offset: Uint32Array;
  /** How many nodes the paths of a tag's samples go through, over all tags. The root is none. */
  readonly nodes: number;
  /** The samples in the order of these rows, and by row, one more, where its own begin. */
  readonly samples: Uint32Array;
  readonly starts: Uint32Array;
}

/** What ends there. */
export interface TagEnds extends Omit<Places, 'samples' | 'starts'>, Ends {}

/** @returns undefined where values are below zero, or totals depend on the order in which they are added up */
export function tagEnds({ sample }: Profile, sides: Sides, tags: TagTree, walk: PathWalk): TagEnds | undefined {
  const { samples, starts, ...places } = placesOf(sample, tags, walk);
  const sums = endSums(sidesOf((type) => totalsOf(sample.values[type], samples, starts), sides));
  return sums && { ...places, ...sums };
}

const known = new WeakMap<
  PathWalk,
  { readonly sample: SampleTable; readonly tags: Uint32Array; readonly places: Places }
>();

/** Those of the last tags are kept as long as the walk: a panel that is refreshed or shows another sample type asks for them again. */
function placesOf(sample: SampleTable, tags: TagTree, walk: PathWalk): Places {
  const last = known.get(walk);
  if (last?.sample === sample && areEqual(last.tags, tags.node)) {
    return last.places;
  }
  const places = makePlaces(sample, tags, walk);
  known.set(walk, { sample, tags: tags.node, places });
  return places;
}

function makePlaces({ length, stack, labelSet }: SampleTable, tags: TagTree, walk: PathWalk): Places {
  const ends = picked(walk.node, stack);
  const { rows: byPath } = sortedBy(ends, walk.length);
  const path = picked(ends, byPath);
  const tag = new Uint32Array(length);
  for (let k = 0; k < length; k++) {
    tag[k] = tags.node[labelSet[byPath[k]]];
  }
  const { rows: byTag, offset: tagOffset } = sortedBy(tag, tags.length);
  const sorted = picked(path, byTag);
  const starts = new Uint32Array(length + 1);
  const offset = new Uint32Array(tags.length + 1);
  let count = 0;
  for (let node = 0; node < tags.length; node++) {
    for (let k = tagOffset[node]; k < tagOffset[node + 1]; k++) {
      if (k === tagOffset[node] || sorted[k] !== sorted[k - 1]) {
        starts[count++] = k;
      }
    }
    offset[node + 1] = count;
  }
  starts[count] = length;
  const firsts = starts.subarray(0, count);
  const samples = picked(byPath, byTag);
  return {
    path: picked(sorted, firsts),
    first: picked(samples, firsts),
    offset,
    nodes: countNodes(path, tag, tags, walk),
    samples,
    starts: starts.slice(0, count + 1),
  };
}

/** Rows in the order of their keys, which are below `limit`, and where those of each begin; those of one key stay as they were. */
function sortedBy(key: Uint32Array, limit: number): { readonly rows: Uint32Array; readonly offset: Uint32Array } {
  const offset = new Uint32Array(limit + 1);
  for (let row = 0; row < key.length; row++) {
    offset[key[row] + 1]++;
  }
  for (let k = 0; k < limit; k++) {
    offset[k + 1] += offset[k];
  }
  const free = offset.slice();
  const rows = new Uint32Array(key.length);
  for (let row = 0; row < key.length; row++) {
    rows[free[key[row]]++] = row;
  }
  return { rows, offset };
}

/** What the samples between each start and the next total. */
function totalsOf(values: Float64Array, samples: Uint32Array, starts: Uint32Array): Float64Array {
  const totals = new Float64Array(starts.length - 1);
  for (let i = 0; i < totals.length; i++) {
    for (let k = starts[i]; k < starts[i + 1]; k++) {
      totals[i] += values[samples[k]];
    }
  }
  return totals;
}

/** @param path of each sample its row of the walk, rising; and the tag that it is below */
function countNodes(
  path: Uint32Array,
  tag: Uint32Array,
  tags: TagTree,
  { levels: { depth, deepest } }: PathWalk
): number {
  let count = 0;
  /** By depth the rows on the path that the walk is on, and how many rows it has met. */
  const above = new Uint32Array(deepest + 1);
  let met = 0;
  /** By tag the row at which its last sample ended. */
  const last = new Uint32Array(tags.length);
  for (let k = 0; k < path.length; k++) {
    const end = path[k];
    for (; met <= end; met++) {
      above[depth[met]] = met;
    }
    // What the path of the tag's last sample went through comes first: it was met before that.
    count += depth[end] + 1 - firstFrom(above, 0, depth[end] + 1, last[tag[k]] + 1);
    last[tag[k]] = end;
  }
  return count;
}
