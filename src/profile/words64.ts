/** Index of the low word of a 64-bit number in this machine's byte order. */
export const lowWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;

/**
 * The two 32-bit words of each row of a column of 64-bit numbers: row i has its low word at 2i + lowWord and its high word
 * at 2i + 1 - lowWord. A bigint is an object, so loops over addresses work on these.
 */
export const wordsOf = ({ buffer, byteOffset, length }: BigUint64Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length * 2);
