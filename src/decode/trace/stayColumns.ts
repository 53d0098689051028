import { StayState, type Processors, type Stays } from '../../profile/execution';
import { grown } from '../../profile/grown';

const blockRows = 65_536;
/** Bytes that a stay takes until all are sorted. */
export const stayBytes = 20;
/** Where the numbers of a stay stand: its goroutine, ns since `since` of its block, state and reason, stack, by whom. */
const words = stayBytes / 4;
/** A state takes so many bits, the reason the others. */
const stateBits = 3;
const states = 2 ** stateBits - 1;

interface Block {
  /** The time of its first stay: those of others are within 32 bits of it. */
  readonly since: number;
  length: number;
  readonly rows: number;
  readonly words: Int32Array;
}

/**
 * Stays in the order of time, then sorted by goroutine. They are most of what is held of a trace, so they lie in blocks, which
 * are not copied when there are more, and are let go one by one when they are sorted. The numbers of a stay stand together, so
 * that one is written to one place.
 */
export class StayColumns {
  length = 0;
  private readonly blocks: Block[] = [];
  private last: Block = { since: 0, length: 0, rows: 0, words: new Int32Array(0) };
  /** How many there are of each goroutine, and on each processor. */
  private ofGoroutine: Uint32Array = new Uint32Array(0);
  private ofProcessor: Uint32Array = new Uint32Array(0);

  push(goroutine: number, from: number, state: number, reason: number, stack: number, by: number): void {
    let block = this.last;
    if (block.length === block.rows || from - block.since > 0xffffffff) {
      block = this.newBlock(from);
    }
    const { words: row } = block;
    const at = words * block.length++;
    row[at] = goroutine;
    row[at + 1] = from - block.since;
    row[at + 2] = state | (reason << stateBits);
    row[at + 3] = stack;
    row[at + 4] = by;
    this.length++;
    if (goroutine >= this.ofGoroutine.length) {
      this.ofGoroutine = grown(this.ofGoroutine, rowsFor(goroutine, this.ofGoroutine));
    }
    this.ofGoroutine[goroutine]++;
    if (isOnProcessor(state, by)) {
      if (by >= this.ofProcessor.length) {
        this.ofProcessor = grown(this.ofProcessor, rowsFor(by, this.ofProcessor));
      }
      this.ofProcessor[by]++;
    }
  }

  /** After a long time in which nothing happened it is the rest of the one before, or many a block would be of one stay. */
  private newBlock(since: number): Block {
    const { length, rows, words: before } = this.last;
    const isFull = length === rows;
    this.last = {
      since,
      length: 0,
      rows: isFull ? blockRows : rows - length,
      words: isFull ? new Int32Array(words * blockRows) : before.subarray(words * length),
    };
    this.blocks.push(this.last);
    return this.last;
  }

  /** @param reasons how many different ones there are, as `stacks` */
  finish(
    goroutines: number,
    processors: number,
    reasons: number,
    stacks: number
  ): { stays: Stays; stayOffset: Uint32Array; ofProcessors: Pick<Processors, 'stayOffset' | 'stay'> } {
    const { length, blocks } = this;
    const stayOffset = offsets(this.ofGoroutine, goroutines);
    const processorOffset = offsets(this.ofProcessor, processors);
    const stays = {
      length,
      state: new Uint8Array(length),
      reason: reasons > 256 ? new Uint16Array(length) : new Uint8Array(length),
      from: new Float64Array(length),
      stack: stacks > 65_536 ? new Uint32Array(length) : new Uint16Array(length),
      by: Math.max(goroutines, processors) > 32_768 ? new Int32Array(length) : new Int16Array(length),
    };
    const ofProcessors = { stayOffset: processorOffset, stay: new Uint32Array(processorOffset[processors]) };
    const [next, nextOf] = [stayOffset.slice(), processorOffset.slice()];
    for (let block = blocks.shift(); block; block = blocks.shift()) {
      place(block, stays, next, ofProcessors.stay, nextOf);
    }
    return { stays, stayOffset, ofProcessors };
  }
}

const isOnProcessor = (state: number, by: number) =>
  (state === StayState.running || state === StayState.syscall) && by >= 0;

/** Rows of counts of which `row` is one. */
const rowsFor = (row: number, { length }: Uint32Array): number => Math.max(2 * length, row + 64);

/** Where the rows of each of `length` begin, and where the last ones end. */
function offsets(counts: Uint32Array, length: number): Uint32Array {
  const sums = new Uint32Array(length + 1);
  for (let row = 0; row < length; row++) {
    sums[row + 1] = sums[row] + (row < counts.length ? counts[row] : 0);
  }
  return sums;
}

/** @param next where the next stay of each goroutine goes, `nextOf` of each processor */
function place(
  { since, length, words: row }: Block,
  { from, state, reason, stack, by }: Stays,
  next: Uint32Array,
  ofProcessors: Uint32Array,
  nextOf: Uint32Array
): void {
  for (let at = 0; at < words * length; at += words) {
    const stay = next[row[at]]++;
    const what = row[at + 2];
    from[stay] = since + (row[at + 1] >>> 0);
    state[stay] = what & states;
    reason[stay] = what >>> stateBits;
    stack[stay] = row[at + 3];
    by[stay] = row[at + 4];
    if (isOnProcessor(what & states, row[at + 4])) {
      ofProcessors[nextOf[row[at + 4]]++] = stay;
    }
  }
}
