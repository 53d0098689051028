import { InputError } from '../text/notice';

/** Ids of the file → rows. Writers number from 1 without gaps, so an array answers nearly always. */
export class IdMap {
  readonly dense: Int32Array;
  private sparse = new Map<number | bigint, number>();

  constructor(
    private table: string,
    rows: number
  ) {
    this.dense = new Int32Array(rows * 2 + 2).fill(-1);
  }

  set(id: number | bigint, row: number): void {
    if (id === 0) {
      throw new InputError(`The profile is invalid: ${this.table} ${row + 1} has id 0, which is reserved.`);
    }
    if (this.find(id) >= 0) {
      throw new InputError(`The profile is invalid: ${this.table} id ${id} occurs more than once.`);
    }
    if (typeof id === 'number' && id < this.dense.length) {
      this.dense[id] = row;
    } else {
      this.sparse.set(id, row);
    }
  }

  /** The row, -1 for an id that is not there. */
  find(id: number | bigint): number {
    return typeof id === 'number' && id < this.dense.length ? this.dense[id] : (this.sparse.get(id) ?? -1);
  }

  /** @throws InputError naming the table and row that refer to the missing id */
  get(id: number | bigint, from: string, fromRow: number): number {
    const row = this.find(id);
    if (row < 0) {
      throw new InputError(
        `The profile is invalid: ${from} ${fromRow + 1} refers to ${this.table} ${id}, which does not exist.`
      );
    }
    return row;
  }
}
