import { grownRows } from '../../profile/interner';

/**
 * What the dump says of each goroutine, in columns: 100,000 of them are few megabytes. Labels are made of it at the end,
 * when it is known which addresses matter.
 */
export class GoroutineRows {
  length = 0;
  /** Its id. */
  id = new Float64Array(1024);
  /** Row of the statuses. */
  status = new Uint32Array(1024);
  /** Row of `stack`. */
  stack = new Uint32Array(1024);
  /** Rows of strings, 0 for none. */
  creator = new Uint32Array(1024);
  createdAt = new Uint32Array(1024);
  /** Id, NaN for none. */
  creatorGoroutine = new Float64Array(1024);
  /** Frames that were left out; NaN for none. */
  elided = new Float64Array(1024);
  /** What it waits for by its calls: a row of `semaphoreStates`, 0 for nothing known. */
  semaphore = new Uint8Array(1024);
  /** Address of the lock, or of the object whose method waits; 0 for none. */
  blockedOn = new Float64Array(1024);
  isOwner = new Uint8Array(1024);
  /** From 1. */
  dump = new Uint32Array(1024);
  /** Where its text is in the file. */
  start = new Float64Array(1024);
  end = new Float64Array(1024);

  /** @param maxRows over which `add` throws an InputError */
  constructor(private readonly maxRows: number) {}

  /** A row with the defaults. */
  add(): number {
    const row = this.length++;
    if (row === this.id.length) {
      const size = grownRows(row, 2, this.maxRows, 'goroutines');
      for (const [name, column] of Object.entries(this)) {
        if (ArrayBuffer.isView(column)) {
          const old = column as Float64Array;
          const grown = new (old.constructor as Float64ArrayConstructor)(size);
          grown.set(old);
          Object.assign(this, { [name]: grown });
        }
      }
    }
    this.creatorGoroutine[row] = NaN;
    this.elided[row] = NaN;
    return row;
  }
}
