import { InputError } from '../text/notice';
import { isContainer, isGzip } from './containers';
import type { Decoded, DecodeOptions } from './decoded';
import { utf16 } from './goroutine/utf16';
import { gunzip, isPackedTar } from './gzip';
import { maxUnpackedBytes, unpacksToTooMuch } from './memory';
import { decodePprof } from './pprof';

/**
 * Bytes of an object → what they hold. The name of an object says little (text dumps arrive as .pprof, packed files without
 * .gz), so the bytes decide: profile.proto, a debug=1 text of a profile that counts stacks, a goroutine dump, or an archive
 * of these, of which one member is read.
 * @throws InputError saying what the file is and what to do, where it is not a profile we read
 */
export async function decode(bytes: Uint8Array, options: DecodeOptions = {}): Promise<Decoded> {
  const { onProgress, unpack = gunzip } = options;
  let unpacked = bytes;
  // Twice: some uploaders pack a file that was packed already.
  for (let i = 0; ; i++) {
    const isPacked = isGzip(unpacked);
    if (isPacked ? isPackedTar(unpacked) : isContainer(unpacked)) {
      const { decodeContained } = await import(/* webpackChunkName: "unpack" */ './unpack/unpack');
      return decodeContained(unpacked, { ...options, unpack }, decode);
    }
    if (i === 2 || !isPacked) {
      break;
    }
    unpacked = await unpack(unpacked);
  }
  if (unpacked.length > maxUnpackedBytes) {
    throw unpacksToTooMuch(maxUnpackedBytes);
  }
  if (unpacked.length === 0) {
    throw new InputError(
      bytes.length === 0
        ? 'The file is empty (0 bytes): the capture was started but nothing was written.'
        : 'The gzip file holds no data: the capture was started but nothing was written.'
    );
  }
  const head = String.fromCharCode(...unpacked.subarray(0, 200)).trimStart();
  refuse(documents, unpacked, head);
  if (isText(unpacked) || utf16(unpacked)) {
    // Few queries open text, and what reads it is a tenth of the worker's script: a chunk of its own.
    const { decodeText } = await import(/* webpackChunkName: "goroutine" */ './goroutine/goroutine');
    const profile = await decodeText(unpacked, onProgress);
    if (profile) {
      return profile;
    }
  }
  refuse(foreign, unpacked, head);
  return decodePprof(unpacked);
}

/** @throws InputError with the message of the first format that the bytes are of */
function refuse(formats: readonly ForeignFormat[], bytes: Uint8Array, head: string): void {
  const known = formats.find((format) => format.matches(bytes, head));
  if (known) {
    throw new InputError(known.message);
  }
}

/** No control characters but white space and the colours of a terminal. Every profile.proto has one in its first bytes. */
const isText = (bytes: Uint8Array) =>
  bytes.subarray(0, 512).every((value) => value >= 32 || (value >= 9 && value <= 13) || value === 27);

interface ForeignFormat {
  /** @param head the first bytes as text, white space before it cut off */
  matches(bytes: Uint8Array, head: string): boolean;
  readonly message: string;
}

const text = (pattern: RegExp, message: string): ForeignFormat => ({
  matches: (_, head) => pattern.test(head),
  message,
});
const magic = (start: readonly number[], message: string): ForeignFormat => ({
  matches: (bytes) => start.every((byte, i) => bytes[i] === byte),
  message,
});

const askForProto = 'Capture it with debug=0 (the default), which writes the protobuf format.';
const legacy = 'Convert it once with `go tool pprof -proto FILE > FILE.pb.gz` and upload the result.';

/** What may quote a goroutine dump and is none. */
const documents: readonly ForeignFormat[] = [
  text(
    /^(<!doctype html|<html|<head)/i,
    'The object is an HTML page, not a profile: a proxy or a login page answered in place of the bucket, or the page was uploaded by mistake.'
  ),
  text(
    /^<\?xml|^<Error>/,
    'The object is an XML document, not a profile: probably an error answer of an object store that was saved as a file.'
  ),
];

/** What else lands in such buckets and is not profile.proto, most specific first. */
const foreign: readonly ForeignFormat[] = [
  text(/^[{[]\s*"/, 'The object is JSON, not a profile.'),
  text(
    /^heap profile:/,
    `This is a heap profile as text (debug=1 of Go, or tcmalloc), not protobuf. ${askForProto} For a C++ program: ${legacy}`
  ),
  text(
    /^--- (contention|mutex)/,
    `This is a contention profile as text, not protobuf. ${askForProto} For a C++ program: ${legacy}`
  ),
  text(
    /^--- (heapz|growthz|fragmentationz|allocationz|threadz|contentionz)/i,
    `This is a legacy text profile. ${legacy}`
  ),
  text(/^heap_v2\/|^(#.*\n)*heap profile/, `This is a legacy heap profile (tcmalloc or jemalloc). ${legacy}`),
  text(/^go 1\.\d+ trace/, 'This is a Go execution trace, not a profile. Open it with go tool trace.'),
  text(/^(--- \w+|%warn|MAPPED_LIBRARIES:)/, `This is a legacy text profile. ${legacy}`),
  magic([0x7f, 0x45, 0x4c, 0x46], 'The object is an ELF binary, not a profile.'),
  { matches: isLegacyCpu, message: `This is a legacy CPU profile (gperftools or Java, binary). ${legacy}` },
];

/**
 * The binary CPU format of gperftools and old Java agents starts with the words 0, 3 (the header's length), 0 or 1,
 * in 4 or 8 bytes of either order (google/pprof profile/legacy_profile.go).
 */
function isLegacyCpu(bytes: Uint8Array): boolean {
  for (const [size, little] of [
    [4, true],
    [4, false],
    [8, true],
    [8, false],
  ] as const) {
    if (bytes.length < size * 3) {
      continue;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const word = (i: number) => (size === 4 ? view.getUint32(i * 4, little) : Number(view.getBigUint64(i * 8, little)));
    if (word(0) === 0 && word(1) === 3 && word(2) <= 1) {
      return true;
    }
  }
  return false;
}
