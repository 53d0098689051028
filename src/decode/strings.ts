/**
 * Reads a profile's string table. One TextDecoder call serves all ASCII texts: their bytes are gathered, decoded at
 * once and cut into substrings, which share the decoded text instead of copying it. A heap of 5 MB has some 20,000
 * strings, and a call per string costs several times the rest of the decoding.
 * @param starts ends byte ranges of the strings in `bytes`
 */
export function decodeStrings(bytes: Uint8Array, starts: Uint32Array, ends: Uint32Array): string[] {
  const count = starts.length;
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += ends[i] - starts[i];
  }
  const ascii = new Uint8Array(total);
  const isAscii = new Uint8Array(count);
  let length = 0;
  for (let i = 0; i < count; i++) {
    const before = length;
    let bits = 0;
    for (let at = starts[i]; at < ends[i]; at++) {
      const byte = bytes[at];
      bits |= byte;
      ascii[length++] = byte;
    }
    if (bits < 0x80) {
      isAscii[i] = 1;
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
      strings[i] = decoder.decode(bytes.subarray(starts[i], ends[i]));
    }
  }
  return strings;
}

/**
 * Rows of equal text are one row: Go's writer never repeats a string, others do. Undefined where nothing repeats.
 */
export function duplicateStrings(strings: readonly string[]): Uint32Array | undefined {
  // Asked first, since a Set is made in half the time of a Map.
  if (new Set(strings).size === strings.length) {
    return undefined;
  }
  const first = new Map<string, number>();
  let remap: Uint32Array | undefined;
  for (let i = 0; i < strings.length; i++) {
    const row = first.get(strings[i]);
    if (row === undefined) {
      first.set(strings[i], i);
    } else {
      remap ??= Uint32Array.from(strings.keys());
      remap[i] = row;
    }
  }
  return remap;
}
