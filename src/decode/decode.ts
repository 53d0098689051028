import { isContainer, isGzip } from './containers';
import type { Decoded, DecodeOptions } from './decoded';
import { gunzip, isPackedTar, smallBytes } from './gzip';
import { maxUnpackedBytes, unpacksToTooMuch } from './memory';
import { decodePprof } from './pprof';
import { utf16 } from './utf16';

/**
 * Bytes of an object → what they hold. The name of an object says little (text dumps arrive as .pprof, packed files without
 * .gz), so the bytes decide: profile.proto, a text (text/text.ts), an execution trace (trace/trace.ts), or an archive of these,
 * of which one member is read.
 * @throws InputError saying what the file is and what to do, where it is not a profile we read
 */
export async function decode(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Decoded> {
  const { onProgress, tenantKeys, unpack = gunzip } = options;
  const contained = async (packed: Uint8Array) => {
    const { decodeContained } = await import(/* webpackChunkName: "unpack" */ './unpack/unpack');
    return decodeContained(packed, { ...options, unpack }, decode);
  };
  let unpacked = bytes;
  // Twice: some uploaders pack a file that was packed already.
  for (let i = 0; ; i++) {
    const isPacked = isGzip(unpacked);
    // A small file is unpacked at once, which costs less than to look whether it is a tar that is read piece by piece.
    if (isPacked ? unpacked.length >= smallBytes && isPackedTar(unpacked) : isContainer(unpacked)) {
      return contained(unpacked);
    }
    if (i === 2 || !isPacked) {
      break;
    }
    try {
      unpacked = await unpack(unpacked);
    } catch (error) {
      if (unpacked.length < smallBytes && isPackedTar(unpacked)) {
        return contained(unpacked);
      }
      throw error;
    }
  }
  if (unpacked.length > maxUnpackedBytes) {
    throw unpacksToTooMuch(maxUnpackedBytes);
  }
  if (unpacked.length === 0) {
    throw (await loadText()).emptyError(bytes.length);
  }
  if (isTrace(unpacked)) {
    const { decodeTrace } = await import(/* webpackChunkName: "trace" */ './trace/trace');
    return decodeTrace(unpacked, { onProgress, window: options.window, tenantKeys });
  }
  if (isText(unpacked) || (utf16(unpacked) && unpacked.subarray(0, 64).some((value) => value > 32))) {
    return (await loadText()).decodeText(unpacked, onProgress);
  }
  try {
    return decodePprof(unpacked);
  } catch (error) {
    const text = await loadText().catch(() => undefined);
    if (text?.isJournalExport(unpacked)) {
      return text.decodeText(unpacked, onProgress);
    }
    throw text?.binaryError(unpacked) ?? error;
  }
}

/** Few queries open text, and what reads it, or says what else a file is, would be a tenth of the worker's script. */
const loadText = () => import(/* webpackChunkName: "text" */ './text/text');

/** Of whatever version: what it is of is said by its decoder. */
const isTrace = (bytes: Uint8Array) => /^go 1\.\d+ trace\0/.test(String.fromCharCode(...bytes.subarray(0, 16)));

/** No control characters but white space and the colours of a terminal. Every profile.proto has one in its first bytes. */
const isText = (bytes: Uint8Array) =>
  bytes.subarray(0, 512).every((value) => value >= 32 || (value >= 9 && value <= 13) || value === 27);
