import type { Table } from '../table';
import type { Notice } from '../../text/notice';

/** The least number that at least this share of all is not above, NaN of none. @param sorted by rising value */
export const quantile = (sorted: Float64Array, share: number): number =>
  sorted.length === 0 ? NaN : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];

/** A bound of a histogram, in ns; the others are twice as much each, or half. */
const bound1 = 1000;
/** The least bound is this power of 2 of it, 1 ns: times are whole ns, and 64 ns a step of Linux's clock. */
const leastPower = -10;

/**
 * How many of some lengths of time there are, in buckets each twice as wide as the one before, no more of them than hold
 * something.
 *
 * Columns: from, to (ns), count.
 */
export function histogram(name: string, lengths: Float64Array, notices: readonly Notice[]): Table {
  const bucket = Array.from(lengths, (ns) => Math.max(leastPower, Math.floor(Math.log2(ns / bound1))));
  const first = bucket.reduce((a, b) => Math.min(a, b), Infinity);
  // Two at least: one alone says nothing of how wide the others would be.
  const last = bucket.reduce((a, b) => Math.max(a, b), first + 1);
  const rows = lengths.length === 0 ? 0 : last - first + 1;
  const count = new Float64Array(rows);
  bucket.forEach((row) => count[row - first]++);
  const bound = (row: number) => bound1 * 2 ** (first + row);
  return {
    name,
    length: rows,
    columns: [
      { name: 'from', kind: 'number', unit: 'nanoseconds', values: Float64Array.from(count, (_, i) => bound(i)) },
      { name: 'to', kind: 'number', unit: 'nanoseconds', values: Float64Array.from(count, (_, i) => bound(i + 1)) },
      { name: 'count', kind: 'number', values: count },
    ],
    notices,
  };
}
