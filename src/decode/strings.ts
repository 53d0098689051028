import { memoryLeft } from './memory';

/** A profile's string table. */
export interface StringTable {
  readonly strings: string[];
  /** Of each row the first row with its text; undefined where no text repeats. Go's writer repeats none, others do. */
  readonly firstRow: Uint32Array | undefined;
}

/**
 * Reads a profile's string table. One TextDecoder call serves all ASCII texts: their bytes are gathered, decoded at
 * once and cut into substrings, which share the decoded text instead of copying it. A heap of 5 MB has some 20,000
 * strings, and a call per string costs several times the rest of the decoding. Texts that repeat are found by a hash of
 * their bytes on the way.
 * @param starts ends byte ranges of the strings in `bytes`
 * @throws InputError where they are more than fits into memory
 */
export function readStrings(bytes: Uint8Array, starts: Uint32Array, ends: Uint32Array): StringTable {
  const count = starts.length;
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += ends[i] - starts[i];
  }
  memoryLeft(bytes.length, [
    [count, 'texts', 160],
    [total, 'bytes of text', 3],
  ]);
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ascii = new Uint8Array(total);
  const target = new DataView(ascii.buffer);
  const isAscii = new Uint8Array(count);
  const hashes = new Int32Array(count);
  let length = 0;
  let asciiCount = 0;
  for (let i = 0; i < count; i++) {
    const before = length;
    const end = ends[i];
    let bits = 0;
    let hash = 0;
    let at = starts[i];
    for (; at + 4 <= end; at += 4, length += 4) {
      const word = source.getInt32(at);
      bits |= word;
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
      target.setInt32(length, word);
    }
    for (; at < end; at++) {
      const byte = bytes[at];
      bits |= byte;
      hash = Math.imul(hash ^ byte, 0x9e3779b1);
      hash ^= hash >>> 15;
      ascii[length++] = byte;
    }
    hashes[i] = hash;
    if ((bits & 0x80808080) === 0) {
      isAscii[i] = 1;
      asciiCount++;
    } else {
      length = before;
    }
  }
  // A text may start with a byte order mark, which is part of it.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const text = decoder.decode(ascii.subarray(0, length));
  const strings = new Array<string>(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (isAscii[i]) {
      const end = at + ends[i] - starts[i];
      strings[i] = text.substring(at, end);
      at = end;
    } else {
      const own = bytes.subarray(starts[i], ends[i]);
      const decoded = decoder.decode(own);
      strings[i] = decoded.includes('\ufffd') ? decodeEscaping(own) : decoded;
    }
  }
  return { strings, firstRow: asciiCount < count || haveEqual(hashes) ? firstRows(strings) : undefined };
}

/**
 * As TextDecoder, but that each byte that is no UTF-8 becomes a surrogate of its own, U+DC00 above it: names that differ in
 * such a byte stay two. Alone a surrogate is printed and encoded as U+FFFD everywhere.
 */
function decodeEscaping(bytes: Uint8Array): string {
  // Letter by letter a string is a tree, which takes 60 times the memory of its text.
  const units = new Uint16Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at];
    // Bytes that follow, and the least number that needs so many (RFC 3629).
    const [more, least] = first < 0x80 ? [0, 0] : first < 0xe0 ? [1, 0x80] : first < 0xf0 ? [2, 0x800] : [3, 0x10000];
    let code = first & (more === 0 ? 0x7f : 0x3f >> more);
    for (let k = 1; k <= more; k++) {
      code = bytes[at + k] >> 6 === 2 ? (code << 6) | (bytes[at + k] & 0x3f) : NaN;
    }
    const isValid =
      code >= least &&
      code <= 0x10ffff &&
      !(code >= 0xd800 && code <= 0xdfff) &&
      (first < 0x80 || first >= 0xc2) &&
      first < 0xf5;
    const shown = isValid ? code : 0xdc00 + first;
    if (shown > 0xffff) {
      units[length++] = 0xd7c0 + (shown >> 10);
    }
    units[length++] = shown > 0xffff ? 0xdc00 + (shown & 0x3ff) : shown;
    at += isValid ? more + 1 : 1;
  }
  let text = '';
  for (let from = 0; from < length; from += 8192) {
    text += String.fromCharCode(...units.subarray(from, Math.min(from + 8192, length)));
  }
  return text;
}

/** Whether two of the hashes are equal; also true where that takes long to tell, as of texts made for it. */
export function haveEqual(hashes: Int32Array): boolean {
  let size = 16;
  while (size < 2 * hashes.length) {
    size *= 2;
  }
  // Open addressing: row + 1, 0 for a free slot.
  const slots = new Int32Array(size);
  let probes = 0;
  for (let i = 0; i < hashes.length; i++) {
    let slot = hashes[i] & (size - 1);
    for (let taken = slots[slot]; taken > 0; taken = slots[slot]) {
      if (hashes[taken - 1] === hashes[i] || ++probes > 8 * hashes.length) {
        return true;
      }
      slot = (slot + 1) & (size - 1);
    }
    slots[slot] = i + 1;
  }
  return false;
}

/** Of each row the first row with its text; undefined where no text repeats. */
export function firstRows(strings: readonly string[]): Uint32Array | undefined {
  const first = new Map<string, number>();
  let rows: Uint32Array | undefined;
  for (let i = 0; i < strings.length; i++) {
    const row = first.get(strings[i]);
    if (row === undefined) {
      first.set(strings[i], i);
    } else {
      rows ??= Uint32Array.from(strings.keys());
      rows[i] = row;
    }
  }
  return rows;
}
