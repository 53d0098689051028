import { grown } from './grown';
import { grownRows } from './interner';
import type { LabelSetTable, LabelTable } from './profile';

/**
 * Builds the tables `labelSet` and `label`: each distinct list of labels once. Row 0 is the empty set.
 * `add` collects the labels of one sample, `finishSet` names the set and starts the next.
 *
 * Columns and open addressing only: a goroutine dump has a set for each goroutine, 100,000 of them with 8 labels each.
 */
export class LabelSetBuilder {
  private key: Uint32Array<ArrayBuffer>;
  private str: Uint32Array<ArrayBuffer>;
  private num: Float64Array<ArrayBuffer>;
  private unit: Uint32Array<ArrayBuffer>;
  private isNumeric: Uint8Array<ArrayBuffer>;
  private rowCount = 0;
  private pending = 0;
  private offsets = new Uint32Array(256);
  private setCount = 1;
  /** Set, 0 for a free slot: the empty set is not in here. */
  private slots = new Int32Array(512);

  /**
   * @param expected labels of all sets, where that is known: what grows in place of it leaves its old columns behind
   * @param maxRows labels, over which `add` throws an InputError
   */
  constructor(
    expected = 256,
    private readonly maxRows = Infinity
  ) {
    this.key = new Uint32Array(expected);
    this.str = new Uint32Array(expected);
    this.num = new Float64Array(expected);
    this.unit = new Uint32Array(expected);
    this.isNumeric = new Uint8Array(expected);
  }

  add(key: number, str: number, num: number, unit: number, isNumeric: boolean): void {
    const at = this.rowCount + this.pending;
    if (at === this.key.length) {
      this.growRows();
    }
    this.key[at] = key;
    this.str[at] = str;
    this.num[at] = num;
    this.unit[at] = unit;
    this.isNumeric[at] = isNumeric ? 1 : 0;
    this.pending++;
  }

  /** Row of the set of labels added since the last call. */
  finishSet(): number {
    const count = this.pending;
    this.pending = 0;
    if (count === 0) {
      return 0;
    }
    const start = this.rowCount;
    const mask = this.slots.length - 1;
    let slot = this.hash(start, start + count) & mask;
    for (let set = this.slots[slot]; set > 0; set = this.slots[slot]) {
      if (this.equals(set, start, count)) {
        return set;
      }
      slot = (slot + 1) & mask;
    }
    const set = this.setCount++;
    this.slots[slot] = set;
    this.rowCount += count;
    this.offsets[set + 1] = this.rowCount;
    if (this.setCount + 1 === this.offsets.length) {
      this.growSets();
    }
    return set;
  }

  /** Bytes of its columns and slots. */
  get bytes(): number {
    return 21 * this.key.length + this.offsets.byteLength + this.slots.byteLength;
  }

  /** Labels of all sets so far. */
  get length(): number {
    return this.rowCount;
  }

  finish(): { labelSet: LabelSetTable; label: LabelTable } {
    const length = this.rowCount;
    const label = {
      length,
      key: this.key.slice(0, length),
      str: this.str.slice(0, length),
      num: this.num.slice(0, length),
      unit: this.unit.slice(0, length),
      isNumeric: this.isNumeric.slice(0, length),
    };
    return { labelSet: { length: this.setCount, labelOffset: this.offsets.slice(0, this.setCount + 1) }, label };
  }

  private hash(start: number, end: number): number {
    let h = 0;
    for (let i = start; i < end; i++) {
      const num = this.num[i];
      h = mix(h, this.key[i] ^ (this.isNumeric[i] << 31));
      h = mix(h, this.str[i]);
      h = mix(h, (num | 0) ^ Math.imul((num / 4294967296) | 0, 31));
      h = mix(h, this.unit[i]);
    }
    return h;
  }

  private equals(set: number, start: number, count: number): boolean {
    const from = this.offsets[set];
    if (this.offsets[set + 1] - from !== count) {
      return false;
    }
    for (let i = from, k = start; k < start + count; i++, k++) {
      if (
        this.key[i] !== this.key[k] ||
        this.str[i] !== this.str[k] ||
        this.num[i] !== this.num[k] ||
        this.unit[i] !== this.unit[k] ||
        this.isNumeric[i] !== this.isNumeric[k]
      ) {
        return false;
      }
    }
    return true;
  }

  private growRows(): void {
    const capacity = grownRows(this.key.length, 1.5, this.maxRows, 'labels');
    this.key = grown(this.key, capacity);
    this.str = grown(this.str, capacity);
    this.num = grown(this.num, capacity);
    this.unit = grown(this.unit, capacity);
    this.isNumeric = grown(this.isNumeric, capacity);
  }

  private growSets(): void {
    const offsets = new Uint32Array(this.offsets.length * 2);
    offsets.set(this.offsets);
    this.offsets = offsets;
    const mask = offsets.length * 2 - 1;
    const slots = new Int32Array(mask + 1);
    for (let set = 1; set < this.setCount; set++) {
      let slot = this.hash(offsets[set], offsets[set + 1]) & mask;
      while (slots[slot] > 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = set;
    }
    this.slots = slots;
  }
}

function mix(h: number, value: number): number {
  h = Math.imul(h ^ value, 0x9e3779b1);
  return h ^ (h >>> 15);
}
