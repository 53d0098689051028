// How files are told from profiles that hold profiles. What unpacks them is a chunk of its own: few objects are any of these.

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Whether the bytes are packed with zstd, or an archive that is not packed itself. */
export const isContainer = (bytes: Uint8Array): boolean => isZstd(bytes) || isZip(bytes) || isTar(bytes);

const magic = (bytes: Uint8Array): number => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24);

/** A frame of zstd, or one to be skipped, with which pzstd begins (RFC 8878, 3.1). No profile begins with field 10 and `*M`. */
export const isZstd = (bytes: Uint8Array): boolean =>
  magic(bytes) >>> 0 === 0xfd2fb528 || (magic(bytes) & ~15) === 0x184d2a50;

/**
 * Where a zip begins: with a member, or with its end where it is empty (APPNOTE 4.3). Before one that unpacks itself there is a
 * program, and offsets in it are from here on, or from the start of the file, which then is the start. Undefined for what is none.
 */
export function zipStart(bytes: Uint8Array): number | undefined {
  if ([0x04034b50, 0x06054b50].includes(magic(bytes))) {
    return 0;
  }
  const last = bytes.length - 22;
  const first = Math.max(0, last - 0xffff);
  for (let at = last; at >= first; at--) {
    at = bytes.lastIndexOf(0x50, at);
    if (at < first) {
      break;
    }
    const end = new DataView(bytes.buffer, bytes.byteOffset + at, 22);
    const [size, offset] = [end.getUint32(12, true), end.getUint32(16, true)];
    const isEnd = end.getUint32(0, true) === 0x06054b50 && at + 22 + end.getUint16(20, true) === bytes.length;
    if (isEnd && at >= size + offset && size >= 46 && magic(bytes.subarray(at - size)) === 0x02014b50) {
      return at - size - offset;
    }
  }
  return undefined;
}

export const isZip = (bytes: Uint8Array): boolean => zipStart(bytes) !== undefined;

/** A tar starts with a header whose checksum is right, also one of the time before there was a magic number. */
export function isTar(bytes: Uint8Array): boolean {
  let sum = 8 * 32;
  for (let i = 0; i < 512; i++) {
    sum += i < 148 || i >= 156 ? bytes[i] : 0;
  }
  return bytes.length >= 512 && bytes[0] !== 0 && parseInt(String.fromCharCode(...bytes.subarray(148, 156)), 8) === sum;
}
