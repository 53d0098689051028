/** The encoding of text of two bytes a character: by its byte order mark, or where one byte of each of the first 32 pairs is 0. */
export function utf16(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) {
    return 'utf-16le';
  }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) {
    return 'utf-16be';
  }
  const head = bytes.subarray(0, 64);
  const isZero = (odd: number) => head.length > 8 && head.every((value, i) => (value === 0) === (i % 2 === odd));
  return isZero(1) ? 'utf-16le' : isZero(0) ? 'utf-16be' : undefined;
}
