import type { LabelSetTable, LabelTable } from './profile';

/** One label as the tables hold it: rows of Profile.strings, and a number. */
export interface LabelRow {
  key: number;
  str: number;
  num: number;
  unit: number;
  isNumeric: boolean;
}

/**
 * Builds the tables `labelSet` and `label`: each distinct list of labels once. Row 0 is the empty set.
 * `add` collects the labels of one sample, `finishSet` names the set and starts the next.
 */
export class LabelSetBuilder {
  // Five numbers a label: key, str, num, unit, isNumeric.
  private rows = new Float64Array(5 * 256);
  private rowCount = 0;
  private offsets: number[] = [0, 0];
  private pending = 0;
  private known = new Map<number, number[]>();

  add(key: number, str: number, num: number, unit: number, isNumeric: boolean): void {
    let at = (this.rowCount + this.pending) * 5;
    if (at + 5 > this.rows.length) {
      const rows = new Float64Array(this.rows.length * 2);
      rows.set(this.rows);
      this.rows = rows;
    }
    const { rows } = this;
    rows[at++] = key;
    rows[at++] = str;
    rows[at++] = num;
    rows[at++] = unit;
    rows[at] = isNumeric ? 1 : 0;
    this.pending++;
  }

  /** Row of the set of labels added since the last call. */
  finishSet(): number {
    const count = this.pending;
    this.pending = 0;
    if (count === 0) {
      return 0;
    }
    const start = this.rowCount * 5;
    const end = start + count * 5;
    const hash = this.hash(start, end);
    let candidates = this.known.get(hash);
    if (!candidates) {
      this.known.set(hash, (candidates = []));
    }
    for (const set of candidates) {
      if (this.equals(set, start, count)) {
        return set;
      }
    }
    const set = this.offsets.length - 1;
    this.rowCount += count;
    this.offsets.push(this.rowCount);
    candidates.push(set);
    return set;
  }

  finish(): { labelSet: LabelSetTable; label: LabelTable } {
    const length = this.rowCount;
    const label = {
      length,
      key: new Uint32Array(length),
      str: new Uint32Array(length),
      num: new Float64Array(length),
      unit: new Uint32Array(length),
      isNumeric: new Uint8Array(length),
    };
    for (let i = 0, at = 0; i < length; i++) {
      label.key[i] = this.rows[at++];
      label.str[i] = this.rows[at++];
      label.num[i] = this.rows[at++];
      label.unit[i] = this.rows[at++];
      label.isNumeric[i] = this.rows[at++];
    }
    return { labelSet: { length: this.offsets.length - 1, labelOffset: Uint32Array.from(this.offsets) }, label };
  }

  private hash(start: number, end: number): number {
    let h = 0;
    for (let i = start; i < end; i++) {
      const value = this.rows[i];
      h = Math.imul(h ^ (value | 0) ^ Math.imul((value / 4294967296) | 0, 31), 0x9e3779b1);
      h ^= h >>> 15;
    }
    return h;
  }

  private equals(set: number, start: number, count: number): boolean {
    const from = this.offsets[set] * 5;
    if (this.offsets[set + 1] - this.offsets[set] !== count) {
      return false;
    }
    for (let i = 0; i < count * 5; i++) {
      if (this.rows[from + i] !== this.rows[start + i]) {
        return false;
      }
    }
    return true;
  }
}
