import { grownRows } from '../../profile/interner';

/**
 * Rows for distinct byte ranges of one buffer, numbered in the order of first appearance. A text that occurs a million
 * times is hashed and compared where it lies; only its first place is kept, and nothing is decoded until all is read.
 * Open addressing, as in profile/interner.ts.
 */
export class ByteInterner {
  starts = new Uint32Array(512);
  ends = new Uint32Array(512);
  length = 0;
  private hashes = new Int32Array(512);
  /** Row + 1, 0 for a free slot. */
  private slots = new Int32Array(1024);
  /** Differs in each run, so that no file can be made whose texts all fall into one slot. */
  private readonly seed = (Math.random() * 2 ** 32) | 0;

  /** @param maxRows over which `intern` throws an InputError */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly maxRows: number
  ) {}

  /** The row of the bytes from `start` to `end`, new if they were not there. */
  intern(start: number, end: number): number {
    const { bytes, slots } = this;
    const mask = slots.length - 1;
    let hash = this.seed;
    for (let i = start; i < end; i++) {
      hash = Math.imul(hash ^ bytes[i], 0x01000193);
    }
    hash ^= hash >>> 15;
    let slot = hash & mask;
    for (let taken = slots[slot]; taken > 0; taken = slots[slot]) {
      if (this.hashes[taken - 1] === hash && this.equals(taken - 1, start, end)) {
        return taken - 1;
      }
      slot = (slot + 1) & mask;
    }
    const row = this.length++;
    this.starts[row] = start;
    this.ends[row] = end;
    this.hashes[row] = hash;
    slots[slot] = row + 1;
    if (this.length === this.starts.length) {
      this.grow();
    }
    return row;
  }

  private equals(row: number, start: number, end: number): boolean {
    const { bytes } = this;
    let at = this.starts[row];
    if (this.ends[row] - at !== end - start) {
      return false;
    }
    for (let i = start; i < end; i++, at++) {
      if (bytes[i] !== bytes[at]) {
        return false;
      }
    }
    return true;
  }

  private grow(): void {
    const capacity = grownRows(this.starts.length, 2, this.maxRows, 'different texts');
    const starts = new Uint32Array(capacity);
    const ends = new Uint32Array(capacity);
    const hashes = new Int32Array(capacity);
    starts.set(this.starts);
    ends.set(this.ends);
    hashes.set(this.hashes);
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (let row = 0; row < this.length; row++) {
      let slot = hashes[row] & mask;
      while (slots[slot] > 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = row + 1;
    }
    Object.assign(this, { starts, ends, hashes, slots });
  }
}
