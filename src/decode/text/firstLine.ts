import { textOf } from '../goroutine/scan';

/** How far the lines of a collector may come before the first line of a profile. */
const maxBytes = 64 * 1024;

export interface FirstLine {
  readonly match: RegExpExecArray;
  /** Where the line after it starts. */
  readonly end: number;
  readonly skipped: { readonly count: number; readonly first: string };
}

/** The first line of a text that a pattern matches; lines before it that say something are counted. */
export function findFirstLine(bytes: Uint8Array, pattern: RegExp): FirstLine | undefined {
  const skipped = { count: 0, first: '' };
  for (let start = 0; start < Math.min(bytes.length, maxBytes);) {
    const next = bytes.indexOf(10, start);
    const stop = next < 0 ? bytes.length : next;
    const line = textOf(bytes, start, Math.min(stop, start + 500)).trim();
    const match = pattern.exec(line);
    if (match) {
      return { match, end: stop + 1, skipped };
    }
    if (line !== '') {
      skipped.first ||= line;
      skipped.count++;
    }
    start = stop + 1;
  }
  return undefined;
}
