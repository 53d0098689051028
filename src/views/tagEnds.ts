import { firstFrom } from '../profile/firstFrom';
import { picked } from '../profile/picked';
import type { Profile, SampleTable } from '../profile/profile';
import { bothSides, changesOf, type Paths, type Sides } from './calltree';
import type { PathWalk } from './pathWalk';
import type { TagTree } from './tagTree';

/** Where samples end: a row for all that end at one node below one tag; sorted by tag, then by rank. */
interface Places {
  /** Of the node in the tree of all paths. */
  readonly rank: Uint32Array;
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
export interface TagEnds extends Omit<Places, 'samples' | 'starts'> {
  /** Of each side what the rows before each one total, and at the end what all do. */
  readonly sums: readonly Float64Array[];
  /** The same of all sides together: what widths are of. */
  readonly widths: Float64Array;
  /** Of changes in one direction what those in the other total. */
  readonly opposite?: number;
}

/**
 * @param paths the tree of all paths, and the walk through it
 * @returns undefined where values are below zero, or totals depend on the order in which they are added up
 */
export function tagEnds(
  { sample }: Profile,
  { index, base, change, seconds = 1 }: Sides,
  tags: TagTree,
  paths: Paths,
  walk: PathWalk
): TagEnds | undefined {
  const { samples, starts, ...places } = placesOf(sample, tags, paths, walk);
  const sides = [index, ...(base ? [base.index] : [])].map((type) => totalsOf(sample.values[type], samples, starts));
  if ((change && seconds !== 1) || !sides.every(isExact)) {
    return undefined;
  }
  const [now, before] = sides;
  if (!change) {
    const sums = sides.map(sumsBefore);
    return { ...places, sums, widths: base ? bothSides(sums[0], sums[1]) : sums[0] };
  }
  const [own, opposite] = [changesOf(now, before, change), changesOf(before, now, change)].map(sumsBefore);
  return { ...places, sums: [own], widths: own, opposite: opposite[opposite.length - 1] };
}

const known = new WeakMap<
  SampleTable,
  { readonly walk: PathWalk; readonly tags: Uint32Array; readonly places: Places }
>();

/** Those of the last tags are kept: a panel that is refreshed or shows another sample type asks for them again. */
function placesOf(sample: SampleTable, tags: TagTree, paths: Paths, walk: PathWalk): Places {
  const last = known.get(sample);
  if (last?.walk === walk && last.tags.every((node, set) => node === tags.node[set])) {
    return last.places;
  }
  const places = makePlaces(sample, tags, paths, walk);
  known.set(sample, { walk, tags: tags.node, places });
  return places;
}

function makePlaces({ length, stack, labelSet }: SampleTable, tags: TagTree, paths: Paths, walk: PathWalk): Places {
  const ranks = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    ranks[i] = walk.rank[paths.node[stack[i]]];
  }
  const { rows: byRank } = sortedBy(ranks, paths.length);
  const rank = picked(ranks, byRank);
  const tag = new Uint32Array(length);
  for (let k = 0; k < length; k++) {
    tag[k] = tags.node[labelSet[byRank[k]]];
  }
  const { rows: byTag, offset: tagOffset } = sortedBy(tag, tags.length);
  const sorted = picked(rank, byTag);
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
  const samples = picked(byRank, byTag);
  return {
    rank: picked(sorted, firsts),
    first: picked(samples, firsts),
    offset,
    nodes: countNodes(rank, tag, tags, walk),
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

/** Whether no value is below zero and totals, also of two sides, do not depend on the order of values. */
function isExact(values: Float64Array): boolean {
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    total += values[i] >= 0 && Number.isInteger(values[i]) ? values[i] : Infinity;
  }
  return total <= Number.MAX_SAFE_INTEGER / 2;
}

function sumsBefore(values: Float64Array): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) {
    sums[i + 1] = sums[i] + values[i];
  }
  return sums;
}

/** @param rank of each sample, by rising ranks; and the tag that it is below */
function countNodes(rank: Uint32Array, tag: Uint32Array, tags: TagTree, { depth, deepest }: PathWalk): number {
  let count = 0;
  /** By depth the ranks on the path that the walk is on, and how many ranks it has met. */
  const path = new Uint32Array(deepest + 1);
  let met = 0;
  /** By tag the rank at which its last sample ended. */
  const last = new Uint32Array(tags.length);
  for (let k = 0; k < rank.length; k++) {
    const end = rank[k];
    for (; met <= end; met++) {
      path[depth[met]] = met;
    }
    // The nodes that the path of the tag's last sample went through come first: they were met before it.
    count += depth[end] + 1 - firstFrom(path, 0, depth[end] + 1, last[tag[k]] + 1);
    last[tag[k]] = end;
  }
  return count;
}
