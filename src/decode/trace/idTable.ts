/**
 * Numbers above 0 by ids of a generation, as where a stack stands in the file. Go counts ids from 1, so that nearly all are in
 * a dense column: every event names a stack.
 */
export class IdTable {
  size = 0;
  private dense = new Uint32Array(256);
  private readonly sparse = new Map<number, number>();

  /** The number of an id, 0 where it has none. */
  get(id: number): number {
    return id >= 0 && id < this.dense.length ? this.dense[id] : (this.sparse.get(id) ?? 0);
  }

  /** Whether events may name it: 0 is the empty text, or no stack. */
  has(id: number): boolean {
    return id === 0 || this.get(id) > 0;
  }

  /** Gives an id that has none its number. */
  add(id: number, value: number): void {
    this.size++;
    // Half of the column is in use, so that a few large ids take no memory.
    if (id >= this.dense.length && id < 2 * this.size + 256) {
      this.grow(4 * this.size + 256);
    }
    if (id >= 0 && id < this.dense.length) {
      this.dense[id] = value;
    } else {
      this.sparse.set(id, value);
    }
  }

  private grow(length: number): void {
    const dense = new Uint32Array(length);
    dense.set(this.dense);
    this.dense = dense;
    for (const [id, value] of this.sparse) {
      if (id >= 0 && id < length) {
        dense[id] = value;
        this.sparse.delete(id);
      }
    }
  }
}
