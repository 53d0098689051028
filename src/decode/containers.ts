import { gzipHead, isGzip } from './gzip';

// How files are told from profiles that hold profiles. What unpacks them is a chunk of its own: few objects are any of these.

/** Whether the bytes are packed with zstd, or an archive: a zip, a tar, or a tar packed with gzip. */
export const isContainer = (bytes: Uint8Array): boolean =>
  isZstd(bytes) || isZip(bytes) || isTar(isGzip(bytes) ? gzipHead(bytes) : bytes);

/** A frame of zstd (RFC 8878, 3.1.1), which is not one to be skipped. */
export const isZstd = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd;

/** A zip starts with a member, or with its end where it is empty (APPNOTE 4.3). */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 ? bytes[3] === 4 : bytes[2] === 5 && bytes[3] === 6);

/** A tar starts with a header whose checksum is right, also one of the time before there was a magic number. */
export function isTar(bytes: Uint8Array): boolean {
  let sum = 8 * 32;
  for (let i = 0; i < 512; i++) {
    sum += i < 148 || i >= 156 ? bytes[i] : 0;
  }
  return bytes.length >= 512 && bytes[0] !== 0 && parseInt(String.fromCharCode(...bytes.subarray(148, 156)), 8) === sum;
}
