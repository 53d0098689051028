import type { Series } from '../../profile/execution';
import type { Span } from '../../profile/goroutineSums';

/** The window in parts of one length: what a graph has points of. */
export class Bins {
  /** ns of one. */
  readonly width: number;

  constructor(
    readonly window: Span,
    readonly length: number
  ) {
    this.width = (window.to - window.from) / length;
  }

  /** When each begins: ns since the trace's origin. */
  begins(): Float64Array {
    return Float64Array.from({ length: this.length }, (_, i) => this.window.from + i * this.width);
  }

  /** Where a moment of the window is. */
  private at(ns: number): number {
    return Math.min(this.length - 1, Math.max(0, Math.floor((ns - this.window.from) / this.width)));
  }

  /** Adds a stretch of time to those that it is in, weighted, as parts of their length. */
  add(sums: Float64Array, from: number, to: number, weight = 1): void {
    const begin = Math.max(from, this.window.from);
    const end = Math.min(to, this.window.to);
    if (!(begin < end)) {
      return;
    }
    const first = this.at(begin);
    const last = this.at(end);
    for (let i = first; i <= last; i++) {
      const low = this.window.from + i * this.width;
      sums[i] += (weight * Math.max(0, Math.min(end, low + this.width) - Math.max(begin, low))) / this.width;
    }
  }

  /** Of steps the most in each, NaN before the first. */
  most({ time, value }: Series): Float64Array {
    const most = new Float64Array(this.length).fill(NaN);
    for (let i = 0; i < time.length; i++) {
      const until = i + 1 < time.length ? time[i + 1] : Infinity;
      if (time[i] > this.window.to || until <= this.window.from) {
        continue;
      }
      const last = this.at(Math.min(until, this.window.to));
      for (let bin = this.at(time[i]); bin <= last; bin++) {
        // A step that ends where a bin begins is not in it.
        if (until > this.window.from + bin * this.width) {
          most[bin] = Number.isNaN(most[bin]) ? value[i] : Math.max(most[bin], value[i]);
        }
      }
    }
    return most;
  }
}
