type TypedArray = Float64Array | Int32Array | Uint32Array | Uint8Array;

/** A column that grows row by row. */
export class Column<T extends TypedArray> {
  length = 0;

  constructor(public rows: T) {}

  push(value: number): void {
    if (this.length === this.rows.length) {
      const { rows } = this;
      const grown = new (rows.constructor as new (length: number) => T)(Math.ceil(1.5 * rows.length));
      grown.set(rows);
      this.rows = grown;
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
