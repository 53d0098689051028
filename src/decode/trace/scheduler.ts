// What is known of goroutines, processors and threads at a moment of a trace, as ordering.ts emulates Go's scheduler.

const cached = 1024;

/** Rows of ids, from 0 on in the order in which they come: ids are large, rows are dense. */
export class IdRows {
  readonly ids: number[] = [];
  private readonly rows = new Map<number, number>();
  /** Those of late, by the last bits of their ids: most events are about one of few. */
  private readonly recentId = new Float64Array(cached).fill(NaN);
  private readonly recentRow = new Int32Array(cached);

  /** The row of an id, -1 where it has none. */
  find(id: number): number {
    const at = id & (cached - 1);
    if (this.recentId[at] === id) {
      return this.recentRow[at];
    }
    const row = this.rows.get(id);
    if (row === undefined) {
      return -1;
    }
    this.recentId[at] = id;
    return (this.recentRow[at] = row);
  }

  /** The row of an id that has none. */
  add(id: number): number {
    const row = this.ids.push(id) - 1;
    this.rows.set(id, row);
    this.recentId[id & (cached - 1)] = id;
    return (this.recentRow[id & (cached - 1)] = row);
  }
}

/** Goroutines as columns by the rows of their ids, which cgo gives again. */
export class Goroutines extends IdRows {
  /** A value of GoStatus, 0 where it is not there. */
  status = new Uint8Array(cached);
  seq = new Uint32Array(cached);
  /** Of which generation `seq` is. */
  gen = new Float64Array(cached);
  readonly regions: Array<Region[] | undefined> = [];
  readonly ranges: Array<number[] | undefined> = [];

  override add(id: number): number {
    const row = super.add(id);
    this.regions.push(undefined);
    this.ranges.push(undefined);
    if (row === this.status.length) {
      this.grow(2 * row);
    }
    return row;
  }

  /** None is there any more. Rows stay. */
  clear(): void {
    this.status.fill(0);
    this.regions.fill(undefined);
    this.ranges.fill(undefined);
  }

  private grow(rows: number): void {
    const { status, seq, gen } = this;
    this.status = new Uint8Array(rows);
    this.seq = new Uint32Array(rows);
    this.gen = new Float64Array(rows);
    this.status.set(status);
    this.seq.set(seq);
    this.gen.set(gen);
  }
}

export interface Proc {
  readonly id: number;
  status: number;
  seq: number;
  gen: number;
  ranges: number[] | undefined;
}

export interface Thread {
  readonly id: number;
  readonly row: number;
  /** Number of its processor, row of its goroutine; -1 for none. */
  p: number;
  g: number;
  /** Record of its last processor, so that few events look one up. */
  proc: Proc | undefined;
}

/** An open region. Its name is kept as text: ids are other ones in the next generation. */
export interface Region {
  readonly task: number;
  readonly name: string;
}

export const newThread = (id: number, row: number): Thread => ({ id, row, p: -1, g: -1, proc: undefined });
