import { StayState, type Processors, type Stays } from '../../profile/execution';

const blockRows = 65_536;
/** Bytes that a stay takes until all are sorted. */
export const stayBytes = 23;

const newBlock = () => ({
  length: 0,
  goroutine: new Uint32Array(blockRows),
  from: new Float64Array(blockRows),
  state: new Uint8Array(blockRows),
  reason: new Uint16Array(blockRows),
  stack: new Uint32Array(blockRows),
  by: new Int32Array(blockRows),
});
type Block = ReturnType<typeof newBlock>;

/**
 * Stays in the order of time, then sorted by goroutine. They are most of what is held of a trace, so they lie in blocks, which
 * are not copied when there are more, and are let go one by one when they are sorted.
 */
export class StayColumns {
  length = 0;
  private readonly blocks: Block[] = [];
  private last: Block | undefined;

  push(goroutine: number, from: number, state: number, reason: number, stack: number, by: number): void {
    let block = this.last;
    if (block === undefined || block.length === blockRows) {
      this.blocks.push((block = this.last = newBlock()));
    }
    const row = block.length++;
    block.goroutine[row] = goroutine;
    block.from[row] = from;
    block.state[row] = state;
    block.reason[row] = reason;
    block.stack[row] = stack;
    block.by[row] = by;
    this.length++;
  }

  /** @param reasons how many different ones there are */
  finish(
    goroutines: number,
    processors: number,
    reasons: number
  ): { stays: Stays; stayOffset: Uint32Array; ofProcessors: Pick<Processors, 'stayOffset' | 'stay'> } {
    const { length, blocks } = this;
    const stayOffset = new Uint32Array(goroutines + 1);
    const processorOffset = new Uint32Array(processors + 1);
    blocks.forEach((block) => count(block, stayOffset, processorOffset));
    addUp(stayOffset);
    addUp(processorOffset);
    const stays = {
      length,
      state: new Uint8Array(length),
      reason: reasons > 256 ? new Uint16Array(length) : new Uint8Array(length),
      from: new Float64Array(length),
      stack: new Uint32Array(length),
      by: new Int32Array(length),
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

/** Counts the stays of a row in the place after it. */
function count({ length, goroutine, state, by }: Block, ofGoroutine: Uint32Array, ofProcessor: Uint32Array): void {
  for (let i = 0; i < length; i++) {
    ofGoroutine[goroutine[i] + 1]++;
    if (isOnProcessor(state[i], by[i])) {
      ofProcessor[by[i] + 1]++;
    }
  }
}

function addUp(offsets: Uint32Array): void {
  for (let row = 1; row < offsets.length; row++) {
    offsets[row] += offsets[row - 1];
  }
}

/** @param next where the next stay of each goroutine goes, `nextOf` of each processor */
function place(
  { length, goroutine, from, state, reason, stack, by }: Block,
  stays: Stays,
  next: Uint32Array,
  ofProcessors: Uint32Array,
  nextOf: Uint32Array
): void {
  for (let i = 0; i < length; i++) {
    const row = next[goroutine[i]]++;
    stays.from[row] = from[i];
    stays.state[row] = state[i];
    stays.reason[row] = reason[i];
    stays.stack[row] = stack[i];
    stays.by[row] = by[i];
    if (isOnProcessor(state[i], by[i])) {
      ofProcessors[nextOf[by[i]]++] = row;
    }
  }
}
