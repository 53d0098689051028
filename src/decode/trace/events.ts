import { grown } from '../../profile/grown';
import { grownRows } from '../../profile/interner';
import { grouped } from '../../text/notice';
import { memoryLeft } from '../memory';
import { traceTooLarge } from './fault';

/** Bytes that a row of the columns takes. */
const rowBytes = 38;

/** Events that are handed on together: they stay in the processor's cache. */
const chunkRows = 8192;

/**
 * The events of a generation, or a chunk of them, in their order, as columns. What else an event says stands in the file at `offset`, with its type
 * and time first; 0 where another event implied it (a switch of goroutines is an unblock, a block and a start).
 */
export class EventColumns {
  length = 0;
  type = new Uint8Array(0);
  /** Of a change of state: the states of eventTypes.ts, old * 8 + new; else 0. */
  states = new Uint8Array(0);
  /** ns since the trace's origin; each is greater than the one before. */
  time = new Float64Array(0);
  /** Row of the thread, number of the processor and row of the goroutine that were bound before the event; -1 for none. */
  m = new Int32Array(0);
  p = new Int32Array(0);
  g = new Int32Array(0);
  /** Whose state changes: row of a goroutine, or number of a processor. */
  subject = new Int32Array(0);
  offset = new Uint32Array(0);
  /** Of a change of a goroutine's state the stack of who did it and why it stopped, ids of the generation; 0 for none. */
  stack = new Uint32Array(0);
  reason = new Uint32Array(0);
  /** Time of the last event. */
  last = 0;

  /** As many as fit into three fifths of the memory: the rest is for goroutines, tables and stacks. */
  private readonly maxRows: number;

  /** @param inChunks whether they are handed on before a generation is over */
  constructor(
    fileBytes: number,
    private readonly inChunks = false
  ) {
    this.maxRows = Math.floor((0.6 * memoryLeft(fileBytes)) / rowBytes);
  }

  /** Bytes that the columns take. */
  get bytes(): number {
    return this.type.length * rowBytes;
  }

  /** Begins the events of a generation that has so many bytes. */
  clear(bytes: number): void {
    this.length = 0;
    const rows = this.inChunks ? 2 * chunkRows : Math.max(1024, Math.ceil(bytes / 4));
    this.grow(Math.min(rows, this.maxRows));
  }

  /** Whether there is a chunk to hand on. */
  get isFull(): boolean {
    return this.inChunks && this.length >= chunkRows;
  }

  /** The next time in the order, as Go makes times increase. */
  after(time: number): number {
    this.last = time <= this.last ? this.last + 1 : time;
    return this.last;
  }

  push(
    type: number,
    states: number,
    time: number,
    m: number,
    p: number,
    g: number,
    subject: number,
    offset: number,
    stack: number,
    reason: number
  ): void {
    if (this.length === this.type.length) {
      if (this.length >= this.maxRows) {
        throw traceTooLarge(`one generation, about a second, has more than ${grouped(this.maxRows)} events`);
      }
      this.grow(grownRows(this.length, 1.5, this.maxRows, 'events'));
    }
    const row = this.length++;
    this.type[row] = type;
    this.states[row] = states;
    this.time[row] = this.after(time);
    this.m[row] = m;
    this.p[row] = p;
    this.g[row] = g;
    this.subject[row] = subject;
    this.offset[row] = offset;
    this.stack[row] = stack;
    this.reason[row] = reason;
  }

  private grow(rows: number): void {
    if (rows <= this.type.length) {
      return;
    }
    this.type = grown(this.type, rows);
    this.states = grown(this.states, rows);
    this.time = grown(this.time, rows);
    this.m = grown(this.m, rows);
    this.p = grown(this.p, rows);
    this.g = grown(this.g, rows);
    this.subject = grown(this.subject, rows);
    this.offset = grown(this.offset, rows);
    this.stack = grown(this.stack, rows);
    this.reason = grown(this.reason, rows);
  }
}
