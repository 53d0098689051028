import { areEqual } from '../profile/areEqual';
import type { PathWalk } from './paths';

/**
 * Paths in an order in which those that end with the same calls are side by side, and before the others the one that has no
 * caller more. So each node of a tree of callers is a stretch of them.
 */
export interface CallerOrder {
  /** Rows of the walk. */
  readonly path: Uint32Array;
  /** How many of its last calls are those of the path before it; what is more than was asked for is not told apart. */
  readonly shared: Uint32Array;
  /** Row of the walk of its first call, from its end, that the path before it has not. */
  readonly apart: Uint32Array;
}

const known = new WeakMap<
  PathWalk,
  { readonly isEnd: Uint8Array; readonly calls: number; readonly order: CallerOrder }
>();

/**
 * The last one of a walk is kept: sample types that are 0 together, a panel that is refreshed and one with fewer nodes have
 * the same ends.
 * @param isEnd 1 for each row of the walk that is wanted; the root never is
 * @param calls how many are compared, from the end: a bound on what deep recursion costs
 */
export function callerOrder(walk: PathWalk, isEnd: Uint8Array, calls: number): CallerOrder {
  const last = known.get(walk);
  if (last && last.calls >= calls && areEqual(last.isEnd, isEnd)) {
    return last.order;
  }
  const order = sorted(walk, rowsOf(isEnd), calls);
  known.set(walk, { isEnd, calls, order });
  return order;
}

function rowsOf(isEnd: Uint8Array): Uint32Array {
  const rows = new Uint32Array(isEnd.length);
  let count = 0;
  for (let row = 1; row < isEnd.length; row++) {
    if (isEnd[row] === 1) {
      rows[count++] = row;
    }
  }
  return rows.slice(0, count);
}

/** A radix sort: by the last call, then each part that is alike in it by the call before, and so on. */
function sorted({ parent, name }: PathWalk, path: Uint32Array, calls: number): CallerOrder {
  const shared = new Uint32Array(path.length);
  /** Of each path the call that is compared next; the root where there is none. */
  const call = path.slice();
  const advance = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      call[i] = parent[call[i]];
    }
  };
  const movedPath = new Uint32Array(path.length);
  const movedCall = new Uint32Array(path.length);
  /** By name: how many paths of a part have it, then where the next of them goes. */
  const place = new Uint32Array(name[0] + 1);
  const names: number[] = [];
  /** Parts that are alike in some calls: from, to, and in how many. */
  const waiting = [0, path.length, 0];
  while (waiting.length > 0) {
    let depth = waiting.pop() as number;
    const to = waiting.pop() as number;
    const from = waiting.pop() as number;
    for (; depth < calls && areAlike(name, call, from, to); depth++) {
      advance(from, to);
    }
    if (depth === calls) {
      shared.fill(calls, from + 1, to);
      continue;
    }
    names.length = 0;
    for (let i = from; i < to; i++) {
      const own = name[call[i]];
      if (place[own]++ === 0 && call[i] !== 0) {
        names.push(own);
      }
    }
    // At most one has no call more, since no two paths are the same.
    let at = from + place[name[0]];
    place[name[0]] = from;
    for (const own of names) {
      const count = place[own];
      if (at > from) {
        shared[at] = depth;
      }
      place[own] = at;
      at += count;
    }
    for (let i = from; i < to; i++) {
      const moved = place[name[call[i]]]++;
      movedPath[moved] = path[i];
      movedCall[moved] = call[i];
    }
    path.set(movedPath.subarray(from, to), from);
    call.set(movedCall.subarray(from, to), from);
    let first = place[name[0]];
    place[name[0]] = 0;
    for (const own of names) {
      const next = place[own];
      place[own] = 0;
      if (next - first > 1) {
        advance(first, next);
        waiting.push(first, next, depth + 1);
      }
      first = next;
    }
  }
  const apart = path.slice();
  for (let i = 0; i < apart.length; i++) {
    for (let k = shared[i]; k > 0; k--) {
      apart[i] = parent[apart[i]];
    }
  }
  return { path, shared, apart };
}

function areAlike(name: Uint32Array, call: Uint32Array, from: number, to: number): boolean {
  const first = name[call[from]];
  let i = from + 1;
  while (i < to && name[call[i]] === first) {
    i++;
  }
  return i >= to && to - from > 1;
}
