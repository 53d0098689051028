/**
 * Rows for distinct pairs of row numbers: (parent, location) of the stack table, (parent, name) of a call tree.
 * Open addressing over one Int32Array; nothing is allocated for a pair that is known. Rows are numbered in the order
 * of their first appearance, so a parent's row is always below its children's.
 */
export class PairInterner {
  first: Int32Array;
  second: Uint32Array;
  length = 0;
  /** Row + 1, 0 for a free slot. */
  private slots: Int32Array;
  private mask: number;

  constructor(expected = 1024) {
    let capacity = 1024;
    while (capacity < expected * 2) {
      capacity *= 2;
    }
    this.slots = new Int32Array(capacity);
    this.mask = capacity - 1;
    this.first = new Int32Array(capacity >> 1);
    this.second = new Uint32Array(capacity >> 1);
  }

  /** The row of the pair, new if it was not there. */
  intern(first: number, second: number): number {
    const { slots, mask } = this;
    let slot = hashPair(first, second) & mask;
    for (let taken = slots[slot]; taken > 0; taken = slots[slot]) {
      if (this.first[taken - 1] === first && this.second[taken - 1] === second) {
        return taken - 1;
      }
      slot = (slot + 1) & mask;
    }
    const row = this.length++;
    this.first[row] = first;
    this.second[row] = second;
    slots[slot] = row + 1;
    if (this.length === this.first.length) {
      this.grow();
    }
    return row;
  }

  /** The two columns cut to length. The interner is done after this. */
  finish(): { length: number; first: Int32Array; second: Uint32Array } {
    const { length } = this;
    return { length, first: this.first.slice(0, length), second: this.second.slice(0, length) };
  }

  private grow(): void {
    const capacity = this.slots.length * 2;
    const first = new Int32Array(capacity >> 1);
    const second = new Uint32Array(capacity >> 1);
    first.set(this.first);
    second.set(this.second);
    const slots = new Int32Array(capacity);
    const mask = capacity - 1;
    for (let row = 0; row < this.length; row++) {
      let slot = hashPair(first[row], second[row]) & mask;
      while (slots[slot] > 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = row + 1;
    }
    Object.assign(this, { first, second, slots, mask });
  }
}

// Two odd multipliers and a final mix: pairs are small, dense integers, which a plain sum would cluster.
function hashPair(first: number, second: number): number {
  let h = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}
