import { firstFrom } from '../../profile/firstFrom';
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
  const { length, start, end } = goroutines;
  const near = new NearArguments(goroutines);
  if (near.targets.length === 0) {
    return { mentions: new Map(), isCut: false };
  }
  for (let row = 0; row < length && !near.isFull; row++) {
    const stop = end[row];
    for (let i = start[row] + 1; i < stop; i++) {
      if (bytes[i] === byte.x && bytes[i - 1] === byte.zero && isBeforeArgument(bytes[i - 2])) {
        const address = readHex(bytes, i + 1, stop);
        i = hex.end;
        if (address >= smallestAddress && near.mayBeNear(address)) {
          near.add(row, address);
        }
      }
    }
  }
  return { mentions: near.mentions(), isCut: near.isFull };
}

/** Arguments that are a target or lie near below one; which of them mean it is known when all are. */
class NearArguments {
  /** Addresses that goroutines are blocked on, in order. */
  readonly targets: Float64Array;
  private readonly locks = new Set<number>();
  private readonly blockedOn: Float64Array;
  /** The pages that matter, so that nearly all arguments cost one look-up. */
  private readonly pages = new Uint8Array(65536);
  /** Of each target the nearest address below it that is no lock. */
  private readonly nearest: Float64Array;
  private readonly found = { row: [] as number[], address: [] as number[], target: [] as number[] };

  constructor({ length, blockedOn, isOwner }: Goroutines) {
    const owners = new Set<number>();
    for (let row = 0; row < length; row++) {
      if (blockedOn[row] !== 0) {
        (isOwner[row] ? owners : this.locks).add(blockedOn[row]);
      }
    }
    this.blockedOn = blockedOn;
    this.targets = Float64Array.from(new Set([...this.locks, ...owners])).sort();
    this.nearest = new Float64Array(this.targets.length);
    for (const target of this.targets) {
      const page = Math.floor(target / maxOffset);
      this.pages[page & 0xffff] = this.pages[(page - 1) & 0xffff] = 1;
    }
  }

  get isFull(): boolean {
    return this.found.row.length >= maxFound;
  }

  mayBeNear(address: number): boolean {
    return this.pages[Math.floor(address / maxOffset) & 0xffff] !== 0;
  }

  add(row: number, address: number): void {
    const { targets, locks, nearest, found } = this;
    const first = firstFrom(targets, 0, targets.length, address);
    const end = Math.min(first + maxLocks, targets.length);
    for (let t = first; t < end && targets[t] - address < maxOffset; t++) {
      if (targets[t] !== address && locks.has(address)) {
        continue;
      }
      if (address < targets[t] && address > nearest[t]) {
        nearest[t] = address;
      }
      if (this.blockedOn[row] !== targets[t] && !this.isFull) {
        found.row.push(row);
        found.address.push(address);
        found.target.push(t);
      }
    }
  }

  mentions(): Map<number, Set<number>> {
    const { targets, locks, nearest, found } = this;
    const mentions = new Map<number, Set<number>>();
    found.row.forEach((row, k) => {
      const t = found.target[k];
      if (found.address[k] === targets[t] || (locks.has(targets[t]) && found.address[k] === nearest[t])) {
        const set = mentions.get(row) ?? new Set();
        mentions.set(row, set.add(targets[t]));
      }
    });
    return mentions;
  }
}

const isBeforeArgument = (value: number) => value === byte.open || value === byte.space || value === 123;
