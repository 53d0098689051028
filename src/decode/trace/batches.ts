import { grouped } from '../../text/notice';
import { memoryLeft } from '../memory';
import { Ev } from './eventTypes';
import { TraceFault, traceTooLarge } from './fault';
import { IdTable } from './idTable';
import { Varints } from './varints';

const maxBatchBytes = 65536;
const maxFrames = 128;
const maxTextBytes = 1024;
/** Ten times as many as Go lets a process have. */
const maxThreads = 100_000;

/** A stretch of events of one thread: bytes `start` to `end` of the file, from `ts` ticks on. */
export interface Batch {
  readonly ts: number;
  readonly start: number;
  readonly end: number;
}

/** `ts` in ticks; `stack` an id; -1 for no thread, processor or goroutine. */
export interface CpuSample {
  readonly ts: number;
  readonly m: number;
  readonly p: number;
  readonly g: number;
  readonly stack: number;
  /** Where it stands in the file. */
  readonly at: number;
}

/** The clocks at one moment: `ts` in ticks, `mono` in ns, the others in Unix seconds and ns. From Go 1.25 on. */
export interface ClockSnapshot {
  readonly ts: number;
  readonly mono: number;
  readonly seconds: number;
  readonly nanos: number;
}

/** The batches of one generation, and the tables that its ids are of, as offsets in the file. */
export interface Generation {
  gen: number;
  /** Where it begins and ends in the file. */
  readonly start: number;
  end: number;
  /** The least ticks of all of its batches. */
  minTs: number;
  maxTs: number;
  nsPerTick: number;
  clock?: ClockSnapshot;
  batchCount: number;
  /** Batches of events by thread, threads in the order of their first batch. -1 is none. */
  readonly threads: Map<number, Batch[]>;
  readonly cpuSamples: CpuSample[];
  /** Id of a text → where its length stands. */
  readonly texts: IdTable;
  /** Id of a stack → where its number of frames stands. */
  readonly stacks: IdTable;
  /** Address of a call → where its function stands, then file and line: the first definition counts. */
  readonly frames: Map<number, number>;
}

/**
 * Reads a trace's batches, one generation (about a second) at a time; events are left where they are. What is refused and
 * why is what Go's internal/trace (generation.go, batch.go) refuses.
 */
export class BatchReader {
  private pos = 16;
  private readonly varints: Varints;
  /** Entries of tables that one generation may have: at most a third of the memory, at 100 bytes each. */
  private readonly maxEntries: number;
  /** Where the last generation that was tried begins, and its number, 0 where no batch of it could be read. */
  lastStart = 16;
  private lastGen = 0;
  /** Why what follows the last generation could not be read: Go up to 1.25 tries what there is of a generation all the same. */
  after: TraceFault | undefined;

  /** @param version the minor version of Go in the file's header, 22 to 26 */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly version: number
  ) {
    this.varints = new Varints(bytes);
    this.maxEntries = Math.floor(memoryLeft(bytes.length) / 300);
  }

  /**
   * The next generation, undefined at the end.
   * @throws TraceFault where it is not whole
   */
  next(): Generation | undefined {
    this.lastStart = this.pos;
    if (this.after) {
      throw this.after;
    }
    const g = emptyGeneration(this.pos);
    let hasEnd = false;
    while (this.pos < this.bytes.length && !hasEnd) {
      const start = this.pos;
      const batch = this.batch(g);
      if (batch === 'end') {
        hasEnd = true;
      } else if (batch) {
        if (!this.isOf(g, batch, start)) {
          break;
        }
        g.minTs = g.minTs === 0 || batch.ts < g.minTs ? batch.ts : g.minTs;
        g.maxTs = Math.max(g.maxTs, batch.ts);
        this.add(g, batch);
      } else {
        break;
      }
    }
    if (this.version >= 26 && !hasEnd) {
      if (g.threads.size === 0) {
        return undefined;
      }
      throw new TraceFault('the generation has no end: the file is cut off', this.pos);
    }
    g.end = this.pos;
    if (g.gen === 0 && !hasEnd) {
      return undefined;
    }
    this.check(g);
    return g;
  }

  /**
   * After a fault: goes to the next generation that there may be, and says where it begins; undefined for none. What was read
   * is not read again, so that no file takes more than its length.
   */
  toNext(): number | undefined {
    const { bytes, lastGen } = this;
    this.after = undefined;
    while (this.pos < bytes.length) {
      const start = this.pos;
      try {
        const batch = this.readBatch();
        if (batch !== 'end' && batch.gen > lastGen) {
          return (this.pos = start);
        }
      } catch (error) {
        if (!(error instanceof TraceFault)) {
          throw error;
        }
        this.pos = start + 1;
        while (this.pos < bytes.length && !this.isHead(this.pos)) {
          this.pos++;
        }
      }
    }
    return undefined;
  }

  /** Whether a generation may begin here: its first batch says its clock, and another one of it follows. */
  private isHead(pos: number): boolean {
    const { bytes } = this;
    if (bytes[pos] !== Ev.eventBatch) {
      return false;
    }
    const before = this.pos;
    this.pos = pos;
    try {
      const head = this.readBatch();
      const isClock = head !== 'end' && bytes[head.start] === (this.version < 25 ? Ev.frequency : Ev.sync);
      if (!isClock || head.gen <= this.lastGen) {
        return false;
      }
      const next = this.readBatch();
      return next !== 'end' && next.gen === head.gen;
    } catch {
      return false;
    } finally {
      this.pos = before;
    }
  }

  /** The ticks of the last batch that can be found from `start` on, 0 for none: how long what was lost is. */
  lastTicks(start: number): number {
    let last = 0;
    const before = this.pos;
    this.pos = start;
    try {
      while (this.pos < this.bytes.length) {
        const batch = this.readBatch();
        last = batch === 'end' ? last : Math.max(last, batch.ts);
      }
    } catch {
      // What follows cannot be told.
    }
    this.pos = before;
    return last;
  }

  /** The next batch; undefined where it cannot be read but what there is of the generation is tried. */
  private batch(g: Generation): RawBatch | 'end' | undefined {
    try {
      return this.readBatch();
    } catch (error) {
      if (error instanceof TraceFault && this.version < 26 && g.gen !== 0) {
        this.after = error;
        return undefined;
      }
      throw error;
    }
  }

  private readBatch(): RawBatch | 'end' {
    const { bytes, varints } = this;
    const type = bytes[this.pos];
    if (type === Ev.endOfGeneration) {
      this.pos++;
      return 'end';
    }
    if (type !== Ev.eventBatch && type !== Ev.experimentalBatch) {
      throw new TraceFault(`a batch should begin, but its first byte is ${type}`, this.pos);
    }
    const isExperimental = type === Ev.experimentalBatch;
    varints.pos = this.pos + (isExperimental ? 2 : 1);
    varints.end = bytes.length;
    const gen = varints.next();
    const m = varints.next();
    const ts = varints.next();
    const size = varints.next();
    if (size < 0 || size > maxBatchBytes) {
      throw new TraceFault(`a batch has ${size} bytes, and at most ${maxBatchBytes} are allowed`, this.pos);
    }
    const start = varints.pos;
    if (bytes.length - start < size) {
      throw new TraceFault(`a batch of ${size} bytes is cut off after ${bytes.length - start}`, this.pos);
    }
    this.pos = start + size;
    return { gen, m, ts, start, end: this.pos, isExperimental };
  }

  /** False where a batch belongs to the next generation, which up to Go 1.25 is all that ends one. */
  private isOf(g: Generation, { gen }: RawBatch, start: number): boolean {
    if (gen <= 0) {
      throw new TraceFault(`a batch is of generation ${gen}`, start);
    }
    g.gen ||= gen;
    this.lastGen = g.gen;
    if (gen === g.gen) {
      return true;
    }
    this.pos = start;
    if (this.version >= 26 || gen !== g.gen + 1) {
      throw new TraceFault(`a batch of generation ${gen} follows one of generation ${g.gen}`, start);
    }
    return false;
  }

  private add(g: Generation, batch: RawBatch): void {
    const { varints, bytes } = this;
    const { start, end, isExperimental } = batch;
    if (isExperimental) {
      return;
    }
    varints.pos = start + 1;
    varints.end = end;
    const first = end > start ? bytes[start] : 0;
    if (first === Ev.strings) {
      this.addTexts(g);
    } else if (first === Ev.stacks) {
      this.addStacks(g);
    } else if (first === Ev.cpuSamples) {
      this.addCpuSamples(g);
    } else if (this.version < 25 ? first === Ev.frequency : first === Ev.sync) {
      varints.pos = this.version < 25 ? start : start + 1;
      this.addSync(g, batch.ts);
    } else {
      const batches = g.threads.get(batch.m);
      if (batches) {
        batches.push(batch);
      } else {
        g.threads.set(batch.m, [batch]);
        if (g.threads.size > maxThreads) {
          throw traceTooLarge(`one generation of the trace has more than ${grouped(maxThreads)} threads`);
        }
      }
      this.count(++g.batchCount, 'batches');
    }
  }

  private addTexts(g: Generation): void {
    const { varints } = this;
    while (varints.pos < varints.end) {
      this.expect(Ev.string, 'a text');
      const id = varints.next();
      const at = varints.pos;
      const length = varints.next();
      if (length < 0 || length > maxTextBytes || length > varints.end - varints.pos) {
        throw new TraceFault(`a text of ${length} bytes does not fit`, at);
      }
      varints.pos += length;
      addOnce(g.texts, id, at, 'text');
    }
    this.count(g.texts.size, 'texts');
  }

  private addStacks(g: Generation): void {
    const { varints } = this;
    while (varints.pos < varints.end) {
      this.expect(Ev.stack, 'a stack');
      const id = varints.next();
      const at = varints.pos;
      const count = varints.next();
      if (count < 0 || count > maxFrames) {
        throw new TraceFault(`a stack has ${count} calls, and at most ${maxFrames} are allowed`, at);
      }
      for (let i = 0; i < count; i++) {
        const address = varints.next();
        const frame = varints.pos;
        varints.next();
        varints.next();
        varints.next();
        if (!g.frames.has(address)) {
          g.frames.set(address, frame);
        }
      }
      addOnce(g.stacks, id, at, 'stack');
    }
    this.count(g.stacks.size + g.frames.size, 'stacks and calls');
  }

  private addCpuSamples(g: Generation): void {
    const { varints } = this;
    while (varints.pos < varints.end) {
      const at = varints.pos;
      this.expect(Ev.cpuSample, 'a CPU sample');
      const ts = varints.next();
      const m = varints.next();
      const p = varints.next();
      const g0 = varints.next();
      g.cpuSamples.push({ ts, m, p, g: g0 === 0 ? -1 : g0, stack: varints.next(), at });
    }
    this.count(g.cpuSamples.length, 'CPU samples');
  }

  private addSync(g: Generation, batchTs: number): void {
    const { varints } = this;
    while (varints.pos < varints.end) {
      const at = varints.pos;
      const type = varints.byte();
      if (type === Ev.frequency && g.nsPerTick === 0) {
        g.nsPerTick = 1 / (varints.next() / 1e9);
      } else if (type === Ev.clockSnapshot && this.version >= 25 && !g.clock) {
        const ts = batchTs + varints.next();
        g.clock = { ts, mono: varints.next(), seconds: varints.next(), nanos: varints.next() };
      } else {
        throw new TraceFault(`expected a frequency or a clock snapshot, not type ${type}, and each once`, at);
      }
    }
  }

  private expect(type: number, what: string): void {
    const at = this.varints.pos;
    const found = this.varints.byte();
    if (found !== type) {
      throw new TraceFault(`expected ${what} (type ${type}), not type ${found}`, at);
    }
  }

  private count(entries: number, what: string): void {
    if (entries > this.maxEntries) {
      throw traceTooLarge(`one generation of the trace has more than ${grouped(this.maxEntries)} ${what}`);
    }
  }

  private check(g: Generation): void {
    if (!(g.nsPerTick > 0 && g.nsPerTick < Infinity)) {
      throw new TraceFault('the generation does not say how fast its clock ticks', g.start);
    }
    if (this.version >= 25 && !g.clock) {
      throw new TraceFault('the generation has no snapshot of the clocks', g.start);
    }
    const { varints } = this;
    varints.end = this.bytes.length;
    for (const [, frame] of g.frames) {
      varints.pos = frame;
      const func = varints.next();
      const file = varints.next();
      if (!g.texts.has(func) || !g.texts.has(file)) {
        throw new TraceFault(`a call names text ${g.texts.has(func) ? file : func}, which is not there`, frame);
      }
    }
  }
}

interface RawBatch extends Batch {
  readonly gen: number;
  readonly m: number;
  readonly isExperimental: boolean;
}

const emptyGeneration = (start: number): Generation => ({
  gen: 0,
  start,
  end: start,
  minTs: 0,
  maxTs: 0,
  batchCount: 0,
  nsPerTick: 0,
  threads: new Map(),
  cpuSamples: [],
  texts: new IdTable(),
  stacks: new IdTable(),
  frames: new Map(),
});

function addOnce(table: IdTable, id: number, at: number, what: string): void {
  // Columns of events hold ids as uint32; Go counts them.
  if (id > 0xffffffff) {
    throw new TraceFault(`the id ${id} of a ${what} has more than 32 bits`, at);
  }
  if (table.has(id)) {
    throw new TraceFault(`${what} ${id} is there twice`, at);
  }
  table.add(id, at);
}
