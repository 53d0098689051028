import { argumentsStart } from './scan';

/** Where a line was cut: from its end to where the text of the next line starts, behind a logger's prefix. */
export interface Cut {
  readonly from: number;
  readonly to: number;
}

/** A copy of the text without what stands between the pieces. */
export function withoutCuts(bytes: Uint8Array, cuts: readonly Cut[]): Uint8Array {
  const out = new Uint8Array(bytes.length - cuts.reduce((sum, { from, to }) => sum + to - from, 0));
  let length = 0;
  let at = 0;
  for (const { from, to } of cuts) {
    out.set(bytes.subarray(at, from), length);
    length += from - at;
    at = to;
  }
  out.set(bytes.subarray(at), length);
  return out;
}

/**
 * True where two lines of a stack can only be one that was cut:
 *
 *   main.f(0xc000010080, 0x        arguments that do not close, and what closes them or goes on
 *   main.(*serv                    a word where a call has to be, without a place behind it, and a call
 *   \t/src/app/ma                  a path without its line, and what has it
 *   \t/src/app/main.go:1           a place, and digits or an offset alone
 */
export function isCutLine(first: string, second: string): boolean {
  const whole = first + second;
  if (/\([0-9a-fx?{}_., ]*$/.test(first)) {
    return /^[0-9a-fx?{}_., ]*$/.test(second) || (/^[0-9a-fx?{}_., ]*\)$/.test(second) && isCall(whole));
  }
  if (/^\s+\S*:\d+( \+?(0x)?[0-9a-f]*)?$/.test(first)) {
    return /^\d* ?\+0x[0-9a-f]+$/.test(second) && /^\s+\S*:\d+ \+0x[0-9a-f]+$/.test(whole);
  }
  if (/^\s+\S+$/.test(first)) {
    return /^\S*:\d+( \+0x[0-9a-f]+)?$/.test(second) && !/^([A-Za-z]:)?[/\\]/.test(second);
  }
  return /^\S*[./]\S*$/.test(first) && isCall(whole);
}

/** A line of one word with a dot or slash, or arguments that do not close: no logger's line, and no whole one of a stack. */
export const isPiece = (line: string): boolean =>
  /^\s*[\w.*/[\]()-]*[./(][\w.*/[\]()-]*$|^\S+\([0-9a-fx?{}_., ]*$/.test(line);

function isCall(text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  return argumentsStart(bytes, 0, bytes.length) > 0;
}
