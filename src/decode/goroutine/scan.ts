/** Byte-level reading of single lines of goroutine text. Offsets are of the file; `stop` is the end of the line. */

export const byte = {
  tab: 9,
  space: 32,
  quote: 34,
  open: 40,
  close: 41,
  dot: 46,
  zero: 48,
  colon: 58,
  x: 120,
} as const;

export const isDigit = (value: number): boolean => value >= 48 && value <= 57;
const isLetter = (value: number): boolean => (value | 32) >= 97 && (value | 32) <= 122;
const isWordByte = (value: number): boolean => isDigit(value) || isLetter(value);

const hexDigit = new Int8Array(256).fill(-1);
for (let i = 0; i < 16; i++) {
  hexDigit['0123456789abcdef'.charCodeAt(i)] = i;
  hexDigit['0123456789ABCDEF'.charCodeAt(i)] = i;
}
/** Bytes between the parentheses of a call: `0xc000010080, {0x1?, ...}, _`. */
const isArgument = new Uint8Array(256);
for (const char of '0123456789abcdefx?{}_., ') {
  isArgument[char.charCodeAt(0)] = 1;
}

const ascii = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

export interface Word {
  readonly bytes: Uint8Array;
}
export const word = (text: string): Word => ({ bytes: ascii(text) });

export function startsWith(bytes: Uint8Array, at: number, stop: number, { bytes: expected }: Word): boolean {
  if (stop - at < expected.length) {
    return false;
  }
  for (let i = 0; i < expected.length; i++) {
    if (bytes[at + i] !== expected[i]) {
      return false;
    }
  }
  return true;
}

const decoder = new TextDecoder();
export const textOf = (bytes: Uint8Array, start: number, end: number): string =>
  decoder.decode(bytes.subarray(start, end));

export function skipSpace(bytes: Uint8Array, at: number, stop: number): number {
  while (at < stop && (bytes[at] === byte.tab || bytes[at] === byte.space)) {
    at++;
  }
  return at;
}

/** The end of a run of digits. */
export function skipDigits(bytes: Uint8Array, at: number, stop: number): number {
  while (at < stop && isDigit(bytes[at])) {
    at++;
  }
  return at;
}

export const goroutineWord = word('goroutine ');
const stateWord = word(' [');
const pointerWord = word(' gp=');

/** `goroutine 12 [` or `goroutine 12 gp=`. */
export function isHeader(bytes: Uint8Array, at: number, stop: number): boolean {
  if (bytes[at] !== goroutineWord.bytes[0] || !startsWith(bytes, at, stop, goroutineWord)) {
    return false;
  }
  const digits = at + goroutineWord.bytes.length;
  const end = skipDigits(bytes, digits, stop);
  return end > digits && (startsWith(bytes, end, stop, stateWord) || startsWith(bytes, end, stop, pointerWord));
}

/** The first header from `start` on that is no part of a longer word, -1 where there is none. */
export function findHeader(bytes: Uint8Array, start: number, stop: number): number {
  const [first] = goroutineWord.bytes;
  for (let at = start; at < stop; at++) {
    if (bytes[at] === first && (at === start || !isWordByte(bytes[at - 1])) && isHeader(bytes, at, stop)) {
      return at;
    }
  }
  return -1;
}

/** The start of the run of digits that ends at `stop`. */
export function digitsStart(bytes: Uint8Array, at: number, stop: number): number {
  let start = stop;
  while (start > at && isDigit(bytes[start - 1])) {
    start--;
  }
  return start;
}

/** The end of a line without the white space behind it. */
export function trimmedEnd(bytes: Uint8Array, at: number, stop: number): number {
  let end = stop;
  while (end > at && (bytes[end - 1] === 13 || bytes[end - 1] === byte.space || bytes[end - 1] === byte.tab)) {
    end--;
  }
  return end;
}

/** The number of a run of digits; exact to 15 of them. */
export function toNumber(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    value = value * 10 + bytes[i] - byte.zero;
  }
  return value;
}

/**
 * Where the arguments of a call begin, -1 for a line that is no call: after the last parenthesis, with nothing but
 * arguments behind it and no space before it except inside braces or brackets (`go.(*struct { sync.Mutex }).Lock`).
 */
export function argumentsStart(bytes: Uint8Array, at: number, stop: number): number {
  if (bytes[stop - 1] !== byte.close) {
    return -1;
  }
  let open = stop - 2;
  while (open > at && isArgument[bytes[open]] === 1) {
    open--;
  }
  if (open <= at || bytes[open] !== byte.open) {
    return -1;
  }
  let nesting = 0;
  for (let i = at; i < open; i++) {
    // [ and ] differ from { and } by this bit.
    const value = bytes[i] | 32;
    nesting += value === 123 ? 1 : value === 125 ? -1 : 0;
    if (bytes[i] === byte.space && nesting === 0 && bytes[i + 1] !== 123) {
      return -1;
    }
  }
  return open + 1;
}

/** True for `...`: the call was inlined into the next one. */
export const isInlinedCall = (bytes: Uint8Array, start: number, stop: number): boolean =>
  stop - start === 4 && bytes[start] === byte.dot && bytes[start + 1] === byte.dot && bytes[start + 2] === byte.dot;

/** A hexadecimal number up to 2^52 that starts after its `0x`; `hex.end` is where it ends. -1 where there is none. */
export const hex = { end: 0 };
export function readHex(bytes: Uint8Array, at: number, stop: number): number {
  let value = 0;
  let i = at;
  for (; i < stop; i++) {
    const digit = hexDigit[bytes[i]];
    if (digit < 0) {
      break;
    }
    value = value * 16 + digit;
  }
  hex.end = i;
  return i === at || i - at > 13 ? -1 : value;
}

/** Reads a number of 64 bits with its `0x` into `words64`. @returns false where there is none */
export const words64 = { high: 0, low: 0, end: 0 };
export function readWords(bytes: Uint8Array, at: number, stop: number): boolean {
  let high = 0;
  let low = 0;
  let i = at + 2;
  for (; i < stop && hexDigit[bytes[i]] >= 0; i++) {
    high = (high << 4) | (low >>> 28);
    low = (low << 4) | hexDigit[bytes[i]];
  }
  words64.high = high;
  words64.low = low >>> 0;
  words64.end = i;
  return bytes[at] === byte.zero && bytes[at + 1] === byte.x && i > at + 2 && i <= at + 18;
}

/** The first argument of a call where it is an address that the compiler kept alive (no `?`), else 0. */
export function firstAddress(bytes: Uint8Array, start: number, stop: number): number {
  if (bytes[start] !== byte.zero || bytes[start + 1] !== byte.x) {
    return 0;
  }
  const value = readHex(bytes, start + 2, stop);
  return value >= smallestAddress && bytes[hex.end] !== 63 ? value : 0;
}

/** Below it nothing is mapped: such an argument is a number. */
export const smallestAddress = 4096;

/**
 * Reads `path:line`, with `+0x1d fp=… sp=… pc=0x47e2ae` after it, or only `pc=0x47e2ae`, into fields of its own, so that
 * nothing is allocated for a line.
 */
export class PlaceReader {
  fileStart = 0;
  fileEnd = 0;
  /** 0 where the compiler or a C library did not say. */
  line = 0;
  /** Words of the program counter, 0 for none. */
  pcHigh = 0;
  pcLow = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** A place that is not known. */
  clear(): void {
    this.fileStart = this.fileEnd = this.line = this.pcHigh = this.pcLow = 0;
  }

  /** @returns false for a line that is no place */
  read(start: number, stop: number): boolean {
    const { bytes } = this;
    const at = skipSpace(bytes, start, stop);
    const isIndented = at > start;
    this.readPc(at, stop);
    if ((this.pcHigh !== 0 || this.pcLow !== 0) && startsWith(bytes, at, stop, pcWord)) {
      this.fileStart = this.fileEnd = at;
      this.line = 0;
      return true;
    }
    let colon = stop - 1;
    while (colon > at && bytes[colon] !== byte.colon) {
      colon--;
    }
    const digitsEnd = skipDigits(bytes, colon + 1, stop);
    if (colon <= at || digitsEnd === colon + 1 || digitsEnd - colon > 10) {
      return false;
    }
    if (digitsEnd < stop && !isOffset(bytes, digitsEnd, stop)) {
      return false;
    }
    if (!isIndented && !isAbsolute(bytes, at)) {
      return false;
    }
    this.fileStart = at;
    this.fileEnd = colon;
    this.line = toNumber(bytes, colon + 1, digitsEnd);
    return true;
  }

  private readPc(at: number, stop: number): void {
    const { bytes } = this;
    this.pcHigh = this.pcLow = 0;
    let i = stop;
    while (i > at && hexDigit[bytes[i - 1]] >= 0) {
      i--;
    }
    if (i < stop && stop - i <= 16 && i - at >= 5 && startsWith(bytes, i - 5, stop, pcWord)) {
      for (let k = i; k < stop; k++) {
        this.pcHigh = (this.pcHigh << 4) | (this.pcLow >>> 28);
        this.pcLow = (this.pcLow << 4) | hexDigit[bytes[k]];
      }
    }
  }
}

const pcWord = word('pc=0x');
const offsetWords = [word(' +0x'), word(' fp=0x'), word(' pc=0x')];
const isOffset = (bytes: Uint8Array, at: number, stop: number) =>
  offsetWords.some((text) => startsWith(bytes, at, stop, text));

/** `/go/x.go`, `C:/x.go`, `C:\\x.go`: what a log that dropped the indentation left of a place. */
function isAbsolute(bytes: Uint8Array, at: number): boolean {
  const slash = isLetter(bytes[at]) && bytes[at + 1] === byte.colon ? bytes[at + 2] : bytes[at];
  return slash === 47 || slash === 92;
}

/**
 * Where a line goes on after a prefix like the one from `from` to `to`, which a logger put before another line; -1 where
 * it has no such prefix. Times differ in digits and names of months in letters: a run of digits stands for any run of
 * digits, a run of letters for any of letters, all else for itself.
 */
export function skipPrefix(bytes: Uint8Array, from: number, to: number, start: number, stop: number): number {
  let at = start;
  for (let i = from; i < to;) {
    if (at >= stop) {
      return -1;
    }
    const kind = isDigit(bytes[i]) ? isDigit : isLetter(bytes[i]) ? isLetter : undefined;
    if (!kind) {
      if (bytes[i++] !== bytes[at++]) {
        return -1;
      }
      continue;
    }
    const before = at;
    while (i < to && kind(bytes[i])) {
      i++;
    }
    while (at < stop && kind(bytes[at])) {
      at++;
    }
    if (at === before) {
      return -1;
    }
  }
  return at;
}
