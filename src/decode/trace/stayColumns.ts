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
 * are not copied when there are more, and go to their places one column at a time.
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
    reasons: number
  ): { stays: Stays; stayOffset: Uint32Array; ofProcessors: Pick<Processors, 'stayOffset' | 'stay'> } {
    const { length } = this;
    const stayOffset = this.offsets(goroutines);
    const stays = {
      length,
      state: this.sorted('state', new Uint8Array(length), stayOffset),
      reason: this.sorted('reason', reasons > 256 ? new Uint16Array(length) : new Uint8Array(length), stayOffset),
      from: this.sorted('from', new Float64Array(length), stayOffset),
      stack: this.sorted('stack', new Uint32Array(length), stayOffset),
      by: this.sorted('by', new Int32Array(length), stayOffset),
    };
    return { stays, stayOffset, ofProcessors: this.byProcessor(stays, stayOffset) };
  }

  private offsets(goroutines: number): Uint32Array {
    const offsets = new Uint32Array(goroutines + 1);
    for (const { goroutine, length } of this.blocks) {
      for (let i = 0; i < length; i++) {
        offsets[goroutine[i] + 1]++;
      }
    }
    for (let g = 0; g < goroutines; g++) {
      offsets[g + 1] += offsets[g];
    }
    return offsets;
  }

  private sorted<T extends Float64Array | Int32Array | Uint32Array | Uint16Array | Uint8Array>(
    name: Exclude<keyof Block, 'length'>,
    column: T,
    offsets: Uint32Array
  ): T {
    const next = offsets.slice();
    for (const block of this.blocks) {
      const { goroutine, length } = block;
      const values = block[name];
      for (let i = 0; i < length; i++) {
        column[next[goroutine[i]]++] = values[i];
      }
      Object.assign(block, { [name]: undefined });
    }
    return column;
  }

  private byProcessor({ state, by }: Stays, offsets: Uint32Array): Pick<Processors, 'stayOffset' | 'stay'> {
    const next = offsets.slice();
    const counts: number[] = [];
    const isOn = (row: number) =>
      (state[row] === StayState.running || state[row] === StayState.syscall) && by[row] >= 0;
    for (let row = 0; row < state.length; row++) {
      if (isOn(row)) {
        counts[by[row]] = (counts[by[row]] ?? 0) + 1;
      }
    }
    const stayOffset = new Uint32Array(counts.length + 1);
    for (let p = 0; p < counts.length; p++) {
      stayOffset[p + 1] = stayOffset[p] + (counts[p] ?? 0);
    }
    const stay = new Uint32Array(stayOffset[counts.length]);
    const at = stayOffset.slice();
    for (const { goroutine, length } of this.blocks) {
      for (let i = 0; i < length; i++) {
        const row = next[goroutine[i]]++;
        if (isOn(row)) {
          stay[at[by[row]]++] = row;
        }
      }
    }
    return { stayOffset, stay };
  }
}
