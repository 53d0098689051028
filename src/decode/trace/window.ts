import { counted, grouped, type Notice } from '../../text/notice';
import type { ClockSnapshot, Generation } from './batches';

/** A stretch of wall clock of which a trace is read that is too large as a whole. Unix ms. */
export interface TraceWindow {
  readonly from: number;
  readonly to: number;
  /** When the trace ends, for those of Go 1.24 and older, which do not say when they were. */
  readonly endsAt?: number;
}

/** ms that a thread may write to one batch: the events of its last one may be as much later than its beginning. */
const longestBatch = 1000;

/** Chooses the generations of a window, and counts what it leaves out. */
export class WindowedGenerations {
  /** What says when the trace was: the first snapshot of the clocks. */
  private clock: (ClockSnapshot & { readonly nsPerTick: number }) | undefined;
  private skipped = 0;
  private bytes = 0;
  private ns = 0;

  /** @param lastTicks the ticks of the trace's last batch */
  constructor(
    private readonly window: TraceWindow,
    private readonly lastTicks: number
  ) {}

  /** Whether a generation has to do with the window; one that says no time has. */
  takes(generation: Generation): boolean {
    const { minTs, maxTs, nsPerTick, start, end } = generation;
    this.clock ??= generation.clock && { ...generation.clock, nsPerTick };
    const [from, to] = [minTs, maxTs].map((ticks) => this.wallOf(nsPerTick, ticks));
    if (!(from > this.window.to || to + longestBatch < this.window.from)) {
      return true;
    }
    this.skipped++;
    this.bytes += end - start;
    this.ns += (maxTs - minTs) * nsPerTick;
    return false;
  }

  /** Unix ms of ticks, NaN where nothing says it. */
  wallOf(nsPerTick: number, ticks: number): number {
    const { clock } = this;
    return clock
      ? clock.seconds * 1e3 + clock.nanos / 1e6 + ((ticks - clock.ts) * nsPerTick) / 1e6
      : (this.window.endsAt ?? NaN) + ((ticks - this.lastTicks) * nsPerTick) / 1e6;
  }

  /** What of the trace is not read. @param fileBytes of all of it */
  notices(fileBytes: number): Notice[] {
    const { skipped, bytes, ns } = this;
    return skipped === 0
      ? []
      : [
          {
            severity: 'warning',
            text: `The trace is too large to be read as a whole. Left out is what lies before and after the time range: ${counted(skipped, 'generation')}, some ${(ns / 1e9).toFixed(1)} s and ${grouped(bytes)} of ${grouped(fileBytes)} bytes. Another time range shows another part.`,
          },
        ];
  }
}
