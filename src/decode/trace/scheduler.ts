// What is known of goroutines, processors and threads at a moment of a trace, as ordering.ts emulates Go's scheduler.

import { grown } from '../../profile/grown';

/** Rows that columns have at first. */
const firstRows = 1024;

/** Rows of ids, from 0 on in the order in which they come: ids are large, rows are dense. */
export class IdRows {
  readonly ids: number[] = [];
  /** Open addressing: an id and its row + 1, 0 for a free slot. At most half of the slots are taken. */
  private slotIds = new Float64Array(2 * firstRows);
  private slotRows = new Int32Array(2 * firstRows);

  /** The row of an id, -1 where it has none. */
  find(id: number): number {
    return this.slotRows[this.slotOf(id)] - 1;
  }

  /** The row of an id that has none. */
  add(id: number): number {
    const row = this.ids.push(id) - 1;
    if (2 * row >= this.slotRows.length) {
      this.slotIds = new Float64Array(4 * row);
      this.slotRows = new Int32Array(4 * row);
      this.ids.forEach((one, at) => this.fill(one, at));
    } else {
      this.fill(id, row);
    }
    return row;
  }

  private fill(id: number, row: number): void {
    const slot = this.slotOf(id);
    this.slotIds[slot] = id;
    this.slotRows[slot] = row + 1;
  }

  /** Where an id is, or would be. */
  private slotOf(id: number): number {
    const { slotIds, slotRows } = this;
    const mask = slotRows.length - 1;
    let slot = hash(id) - 1;
    do {
      slot = (slot + 1) & mask;
    } while (slotRows[slot] !== 0 && slotIds[slot] !== id);
    return slot;
  }
}

/** Others in each run, so that nobody can write a trace whose ids all want one slot. */
const [factor, highFactor] = [0, 1].map(() => Math.floor(Math.random() * 2 ** 32) | 1);

/** Ids that follow each other, as those of goroutines that live at the same time do, are mostly near each other. */
function hash(id: number): number {
  const high = id > 0xffffffff ? Math.imul(Math.floor(id / 2 ** 32), highFactor) : 0;
  // Low bits of a product say nothing of the high bits of what was multiplied: they are mixed in between.
  const mixed = Math.imul((id >>> 6) ^ high ^ (high >>> 15), factor);
  return id ^ mixed ^ (mixed >>> 15);
}

/** Goroutines as columns by the rows of their ids, which cgo gives again. */
export class Goroutines extends IdRows {
  /** A value of GoStatus, 0 where it is not there. */
  status = new Uint8Array(firstRows);
  seq = new Uint32Array(firstRows);
  /** Of which generation `seq` is. */
  gen = new Float64Array(firstRows);
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

  private grow(length: number): void {
    this.status = grown(this.status, length);
    this.seq = grown(this.seq, length);
    this.gen = grown(this.gen, length);
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
