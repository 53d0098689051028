import { skipPrefix } from '../goroutine/scan';
import { findFirstLine } from './firstLine';

/** The first line of a text profile, as it is or behind what a log puts before each line: `2026-11-29T10:00:00Z `, `app-1  | `, `[pod/a/b] `. */
const firstLine = /^(|.*[\s|\]])(?:[^\s"]+ profile: total \d+|heap profile: *\d+: .*|--- (?:mutex|contention):)$/;

/**
 * A text profile out of a log that puts a time or a name before each line. Times differ in digits and letters, as
 * `skipPrefix` knows; lines without the prefix stay as they are.
 * @returns undefined where the first line has no prefix, or the line after it has another
 */
export function withoutLinePrefixes(bytes: Uint8Array): Uint8Array | undefined {
  const first = findFirstLine(bytes, firstLine);
  if (!first?.match[1]) {
    return undefined;
  }
  const prefix = new TextEncoder().encode(first.match[1]);
  const from = bytes.subarray(0, first.end).lastIndexOf(10, first.end - 2) + 1;
  const to = from + prefix.length;
  const second = bytes.indexOf(10, first.end);
  if (skipPrefix(bytes, from, to, first.end, second < 0 ? bytes.length : second) < 0) {
    return undefined;
  }
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let line = 0; line < bytes.length;) {
    const next = bytes.indexOf(10, line);
    const end = next < 0 ? bytes.length : next + 1;
    const start = skipPrefix(bytes, from, to, line, end);
    const text = bytes.subarray(start < 0 ? line : start, end);
    out.set(text, length);
    length += text.length;
    line = end;
  }
  return out.subarray(0, length);
}
