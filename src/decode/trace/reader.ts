import { InputError } from '../../text/notice';
import { BatchReader, type ClockSnapshot, type Generation } from './batches';
import { Cursor } from './cursor';
import { EventColumns } from './events';
import { Ev } from './eventTypes';
import { TraceFault } from './fault';
import { Frontier } from './frontier';
import { Ordering } from './ordering';
import { Varints } from './varints';
import { WaitingThreads } from './waiting';
import { WindowedGenerations, type TraceWindow } from './window';

const headerPattern = /^go 1\.(\d+) trace\0\0\0$/;

/** What the header of a trace says: the minor version of Go, undefined where the bytes are no trace. */
function traceVersion(bytes: Uint8Array): number | undefined {
  const match = headerPattern.exec(String.fromCharCode(...bytes.subarray(0, 16)));
  return match ? Number(match[1]) : undefined;
}

/** Headers of the formats we read; Go 1.24 writes that of 1.23, 1.27 that of 1.26. */
const versions = [22, 23, 25, 26];

/** What could not be read: bytes of the file, ns since the trace's origin. */
export interface Loss {
  readonly error: TraceFault;
  readonly start: number;
  readonly end: number;
  readonly since: number;
  /** Where nothing after it was read the least that can be told. */
  readonly until: number;
}

/** Most threads of which each is tried, in Go's order of equal times, where the clocks of processors differ. */
const maxSorted = 16;

/** Faults after which reading goes on. */
const maxFaults = 1000;

/** A generation whose events are in order, all of them. */
export interface OrderedGeneration {
  /** Nothing is known of what was before: it is the first, or what is before it could not be read. */
  readonly isFresh: boolean;
  readonly batches: Generation;
  /** ns since the trace's origin of the Sync event that Go puts before it. */
  readonly syncTime: number;
  /** Overwritten by the next generation. */
  readonly events: EventColumns;
}

/** Takes a trace as it is ordered, chunk by chunk: no generation, which may be tens of MB, is held. */
export interface EventSink {
  /** Only of a generation of which there are events. Its `events` are those of the first chunk. */
  startGeneration(generation: OrderedGeneration): void;
  /** The next events of the generation; they are overwritten. */
  take(events: EventColumns): void;
}

/**
 * Reads an execution trace of Go 1.22 or later, one generation after the other, and orders its events as Go's internal/trace
 * does. Where something is wrong the generation it is in is not given, and `fault` says what it is.
 */
export class TraceReader {
  /** ns of the trace clock, of which all times here are differences: absolute ones pass 2^53 after 104 days. */
  origin = 0;
  /** ns since the origin of what ended the last generation. */
  end = 0;
  /** Why the trace ends before its file does, and where what is lost begins. */
  fault: { readonly error: TraceFault; readonly start: number } | undefined;
  firstClock: (ClockSnapshot & { readonly nsPerTick: number }) | undefined;
  /** Unix ms of the origin where a part of the trace is read. */
  startsAt: number | undefined;
  readonly ordering: Ordering;
  /** The minor version of Go in the file's header. */
  readonly version: number;
  /** Where a part of the trace is read: which. */
  readonly windowed: WindowedGenerations | undefined;
  private readonly batches: BatchReader;
  private readonly varints: Varints;
  private readonly events: EventColumns;
  /** What was lost before the last generation that was given. */
  private readonly losses: Loss[] = [];
  /** Whether a fault came after events of its generation had gone to the sink, which has more than whole generations then. */
  isTorn = false;
  private handedOn: OrderedGeneration | undefined;
  private faults = 0;
  private isFresh = true;
  private isEmpty = true;
  private nsPerTick = 0;
  private readonly decoder = new TextDecoder();
  /** Texts of the generation `textsOf` that were asked for. */
  private readonly known = new Map<number, string>();
  private textsOf = 0;

  /**
   * @param sink that takes the events; the generations that are given have none then
   * @param window of which generations are read; of all where it is not said
   * @throws InputError where the trace is of a version we do not read
   */
  constructor(
    readonly bytes: Uint8Array,
    private readonly sink?: EventSink,
    window?: TraceWindow
  ) {
    const version = traceVersion(bytes) ?? 0;
    if (!versions.includes(version)) {
      throw new InputError(
        version <= 21
          ? `This is an execution trace in the format of Go 1.${version}; traces of Go 1.22 and later are read. Open it with go tool trace.`
          : `This is an execution trace in a format that is not known here (its header says Go 1.${version}). Formats of Go 1.22 to 1.27 are read.`
      );
    }
    this.version = version;
    this.batches = new BatchReader(bytes, version);
    this.varints = new Varints(bytes);
    this.events = new EventColumns(bytes.length, sink !== undefined);
    this.ordering = new Ordering(bytes.length, this.events);
    this.windowed = window && new WindowedGenerations(window, this.batches.lastTicks(16));
  }

  /**
   * The next generation that can be read. One after a fault is read as a trace of its own, which is more than Go does: it says
   * the state of all goroutines anew.
   */
  nextWhole(): OrderedGeneration | undefined {
    for (let generation = this.next(); ; generation = this.next()) {
      const { fault } = this;
      if (generation || !fault || this.isTorn) {
        return generation;
      }
      const start = this.faults++ < maxFaults ? this.batches.toNext() : undefined;
      if (start === undefined) {
        return undefined;
      }
      this.lose(fault, start);
      this.ordering.restart();
      this.events.last = this.end;
      this.isFresh = true;
      this.fault = undefined;
    }
  }

  /** All that could not be read so far, in the order of the file. */
  lost(): readonly Loss[] {
    const { fault, bytes, losses, end } = this;
    if (!fault) {
      return losses;
    }
    const length = this.lostSeconds(fault.start) * 1e9;
    return [...losses, { ...fault, end: bytes.length, since: end, until: end + length }];
  }

  private lose({ error, start }: { error: TraceFault; start: number }, end: number): void {
    const { losses } = this;
    const last = losses.at(-1);
    if (last && last.end === start) {
      // Nothing was read between: it is one loss, of the reason that came first.
      losses[losses.length - 1] = { ...last, end };
    } else {
      losses.push({ error, start, end, since: this.end, until: this.end });
    }
  }

  /** The next generation, undefined after the last whole one before a fault. */
  next(): OrderedGeneration | undefined {
    try {
      let batches = this.batches.next();
      while (batches && this.windowed?.takes(batches) === false) {
        batches = this.batches.next();
      }
      return batches && this.order(batches);
    } catch (error) {
      if (!(error instanceof TraceFault)) {
        throw error;
      }
      this.fault = { error, start: this.batches.lastStart };
      this.isTorn = this.handedOn !== undefined;
      return undefined;
    }
  }

  /** Least seconds of the trace that are in the bytes from `start` on: when the last batch begins that can be found in them. */
  lostSeconds(start: number): number {
    const last = Math.trunc(this.batches.lastTicks(start) * this.nsPerTick) - this.origin;
    return Math.max(0, last - this.end) / 1e9;
  }

  private order(batches: Generation): OrderedGeneration {
    const { events, ordering } = this;
    const { nsPerTick, minTs } = batches;
    if (this.isEmpty) {
      this.origin = Math.trunc(minTs * nsPerTick);
      this.startsAt = this.windowed?.wallOf(nsPerTick, minTs);
      // Go's first time is at least 1 on its own clock.
      events.last = -this.origin;
    }
    if (this.isFresh && !this.isEmpty && Math.trunc(minTs * nsPerTick) - this.origin < this.end) {
      throw new TraceFault('time goes back', batches.start);
    }
    events.clear(batches.end - batches.start);
    const syncTime = events.after(Math.trunc(minTs * nsPerTick) - this.origin);
    ordering.startGeneration(batches, (id) => this.text(batches, id));
    const generation = { isFresh: this.isFresh, batches, syncTime, events };
    this.merge(generation);
    this.handOn(generation);
    this.handedOn = undefined;
    this.nsPerTick = nsPerTick;
    this.end = events.last;
    this.firstClock ??= batches.clock && { ...batches.clock, nsPerTick };
    const { losses } = this;
    if (this.isFresh && losses.length > 0) {
      losses[losses.length - 1] = { ...losses[losses.length - 1], until: syncTime };
    }
    this.isFresh = false;
    this.isEmpty = false;
    return generation;
  }

  private handOn(generation: OrderedGeneration): void {
    const { sink, events } = this;
    if (sink) {
      if (this.handedOn !== generation) {
        this.handedOn = generation;
        sink.startGeneration(generation);
      }
      sink.take(events);
      events.length = 0;
    }
  }

  private merge(generation: OrderedGeneration): void {
    const { ordering, events } = this;
    const { batches } = generation;
    const frontier = new Frontier();
    for (const [m, list] of batches.threads) {
      const cursor = new Cursor(m, list, batches.nsPerTick, this.origin, this.varints);
      if (cursor.next()) {
        frontier.insert(cursor);
      }
    }
    const samples = this.samples(batches);
    const { heap } = frontier;
    const waiting = heap.length > maxSorted ? new WaitingThreads(ordering) : undefined;
    for (let i = 0; heap.length > 0 || i < samples.length;) {
      if (events.isFull) {
        this.handOn(generation);
      }
      if (i < samples.length && (heap.length === 0 || samples[i].time < heap[0].time)) {
        const { time, sample } = samples[i++];
        const { m, p, g } = sample;
        events.push(Ev.cpuSample, 0, time, ordering.threadRow(m), p, ordering.goroutineRow(g), -1, sample.at, 0, 0);
      } else if (waiting) {
        this.advanceOrWait(frontier, waiting);
      } else if (!this.advance(frontier, 0)) {
        this.advanceAny(frontier);
      }
    }
    const stuck = waiting?.first();
    if (stuck) {
      throw this.stuck(waiting?.count ?? 0, stuck);
    }
  }

  private samples({ cpuSamples, nsPerTick }: Generation) {
    return cpuSamples
      .map((sample) => ({ sample, time: Math.trunc(sample.ts * nsPerTick) - this.origin }))
      .sort((a, b) => a.time - b.time);
  }

  private advance(frontier: Frontier, i: number): boolean {
    const cursor = frontier.heap[i];
    if (!this.ordering.advance(cursor)) {
      return false;
    }
    if (cursor.next()) {
      frontier.update(i);
    } else {
      frontier.remove(i);
    }
    return true;
  }

  /** Clocks of processors differ: where the earliest event has to wait, the first of the others that has not goes. */
  private advanceAny(frontier: Frontier): void {
    const { heap } = frontier;
    frontier.sort();
    for (let i = 1; i < heap.length; i++) {
      this.ordering.work(1);
      if (this.advance(frontier, i)) {
        return;
      }
    }
    throw this.stuck(heap.length, heap[0]);
  }

  /** The same of many threads: one that has to wait is not tried again until what it waits for changes. */
  private advanceOrWait(frontier: Frontier, waiting: WaitingThreads): void {
    const { events, ordering } = this;
    const [head] = frontier.heap;
    const from = events.length;
    if (this.advance(frontier, 0)) {
      if (waiting.count > 0) {
        waiting.wake(events, from, (cursor) => frontier.insert(cursor));
      }
    } else {
      ordering.work(1);
      frontier.remove(0);
      waiting.add(head);
    }
  }

  private stuck(threads: number, { offset }: Cursor): TraceFault {
    return new TraceFault(`no event of ${threads} threads may come next`, offset);
  }

  /** A text of a generation; '' where it is not there. */
  text({ gen, texts }: Generation, id: number): string {
    if (this.textsOf !== gen) {
      this.textsOf = gen;
      this.known.clear();
    }
    let text = this.known.get(id);
    if (text === undefined) {
      const { varints } = this;
      varints.pos = texts.get(id);
      varints.end = this.bytes.length;
      const length = varints.pos === 0 ? 0 : varints.next();
      text = this.decoder.decode(this.bytes.subarray(varints.pos, varints.pos + length));
      this.known.set(id, text);
    }
    return text;
  }
}
