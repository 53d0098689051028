import { grown } from '../../profile/grown';

type TypedArray = Float64Array | Int32Array | Uint32Array | Uint8Array;

/** A column that grows row by row. */
export class Column<T extends TypedArray> {
  length = 0;

  constructor(public rows: T) {}

  push(value: number): void {
    if (this.length === this.rows.length) {
      this.rows = grown(this.rows, Math.ceil(1.5 * this.length));
    }
    this.rows[this.length++] = value;
  }

  /** A copy that is as long as it has rows. */
  finish(): T {
    return this.rows.slice(0, this.length) as T;
  }
}

const rows = 256;
export const floats = () => new Column(new Float64Array(rows));
export const ints = () => new Column(new Int32Array(rows));
export const uints = () => new Column(new Uint32Array(rows));
export const bytes = () => new Column(new Uint8Array(rows));

/** The rows of a column of rows of another table, sorted by them, and the offsets of each: a stable sort. */
export function byRow(column: Column<Uint32Array>, length: number): { order: Uint32Array; offsets: Uint32Array } {
  const offsets = new Uint32Array(length + 1);
  for (let i = 0; i < column.length; i++) {
    offsets[column.rows[i] + 1]++;
  }
  for (let row = 0; row < length; row++) {
    offsets[row + 1] += offsets[row];
  }
  const next = offsets.slice();
  const order = new Uint32Array(column.length);
  for (let i = 0; i < column.length; i++) {
    order[next[column.rows[i]]++] = i;
  }
  return { order, offsets };
}
