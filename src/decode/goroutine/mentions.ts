import { byte, hex, readHex, smallestAddress } from './scan';

/**
 * How far below a lock the object that holds it may begin. The holder of a lock rarely has the lock's own address as an
 * argument, `(*Cache).Add(0xc000100000)` has the object's.
 */
const maxOffset = 4096;
/** Locks of one object that one address is taken to be the owner of. */
const maxLocks = 4;

/** Arguments near locks that are kept, 24 bytes each, until it is known which of them is the nearest. */
const maxFound = 1_000_000;

/** Part of the text of a file, and what its goroutine is blocked on: 0 for nothing. */
export interface Goroutines {
  readonly length: number;
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly blockedOn: Float64Array;
  /** 1 where blockedOn is the address of an object whose method waits, not of the lock. */
  readonly isOwner: Uint8Array;
}

/**
 * Which goroutines have, as an argument of any of their calls, a lock that others are blocked on or the object it is
 * part of: one of them probably holds the lock. The owner of a lock is taken to be the nearest address below it that
 * some call has and that is no lock itself. A hint: arguments may be stale, and neighbours in memory be strangers.
 *
 * One more pass over the text, and only where something is blocked.
 * @returns for a row of goroutine the addresses it mentions, as its peers' blockedOn; `isCut` where there are too many
 */
export function findMentions(
  bytes: Uint8Array,
  goroutines: Goroutines
): { mentions: Map<number, Set<number>>; isCut: boolean } {
  const { length, start, end, blockedOn, isOwner } = goroutines;
  const locks = new Set<number>();
  const owners = new Set<number>();
  for (let row = 0; row < length; row++) {
    if (blockedOn[row] !== 0) {
      (isOwner[row] ? owners : locks).add(blockedOn[row]);
    }
  }
  const mentions = new Map<number, Set<number>>();
  const targets = Float64Array.from(new Set([...locks, ...owners])).sort();
  if (targets.length === 0) {
    return { mentions, isCut: false };
  }
  // The pages that matter, so that nearly all arguments cost one look-up.
  const pages = new Uint8Array(65536);
  for (const target of targets) {
    const page = Math.floor(target / maxOffset);
    pages[page & 0xffff] = pages[(page - 1) & 0xffff] = 1;
  }

  const found = { row: [] as number[], address: [] as number[], target: [] as number[] };
  const nearest = new Float64Array(targets.length);
  for (let row = 0; row < length && found.row.length < maxFound; row++) {
    const stop = end[row];
    for (let i = start[row] + 1; i < stop; i++) {
      if (bytes[i] !== byte.x || bytes[i - 1] !== byte.zero || !isBeforeArgument(bytes[i - 2])) {
        continue;
      }
      const address = readHex(bytes, i + 1, stop);
      i = hex.end;
      if (address < smallestAddress || pages[Math.floor(address / maxOffset) & 0xffff] === 0) {
        continue;
      }
      for (
        let t = firstFrom(targets, address), count = 0;
        t < targets.length && targets[t] - address < maxOffset && count < maxLocks;
        t++, count++
      ) {
        if (targets[t] !== address && locks.has(address)) {
          continue;
        }
        if (address < targets[t] && address > nearest[t]) {
          nearest[t] = address;
        }
        if (blockedOn[row] !== targets[t]) {
          found.row.push(row);
          found.address.push(address);
          found.target.push(t);
        }
      }
    }
  }

  found.row.forEach((row, k) => {
    const target = targets[found.target[k]];
    const isMention =
      found.address[k] === target || (locks.has(target) && found.address[k] === nearest[found.target[k]]);
    if (isMention) {
      const set = mentions.get(row) ?? new Set();
      mentions.set(row, set.add(target));
    }
  });
  return { mentions, isCut: found.row.length >= maxFound };
}

const isBeforeArgument = (value: number) => value === byte.open || value === byte.space || value === 123;

/** The first row that is not below `value`. */
function firstFrom(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
