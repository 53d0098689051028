import { InputError } from '../../text/notice';
import { quotedLine } from './quoted';

interface Format {
  matches(bytes: Uint8Array): boolean;
  readonly message: string;
}

const startsWith =
  (start: string, at = 0) =>
  (bytes: Uint8Array): boolean =>
    Array.from(start).every((char, i) => bytes[at + i] === char.charCodeAt(0));

const packed = (by: string) =>
  `The file is packed with ${by}, which is not read here. Upload it as it was, or packed with gzip, zstd or zip.`;

/** What else lands in such buckets and is no text. None of it is a whole profile.proto by chance. */
const formats: readonly Format[] = [
  {
    matches: startsWith('ustar', 257),
    message: 'The object is a tar archive whose first header is damaged: its checksum is another. Upload it again.',
  },
  {
    matches: startsWith('\x1f\xef\xbf\xbd'),
    message:
      'The object is a gzip file that was saved as text: what is no UTF-8 in it was replaced and is lost. Download it again as binary, e.g. with `curl -o FILE`.',
  },
  {
    matches: startsWith('\x1f\x8b'),
    message: 'The file is packed with gzip more than twice. Upload it packed once.',
  },
  { matches: startsWith('BZh'), message: packed('bzip2') },
  { matches: startsWith('\xfd7zXZ\0'), message: packed('xz') },
  { matches: startsWith('\x04\x22\x4d\x18'), message: packed('LZ4') },
  { matches: startsWith('\xff\x06\0\0sNaPpY'), message: packed('snappy') },
  { matches: startsWith('7z\xbc\xaf\x27\x1c'), message: packed('7-Zip') },
  { matches: startsWith('Rar!\x1a\x07'), message: packed('RAR') },
  {
    matches: (bytes) => bytes.subarray(0, 4096).every((value) => value === 0),
    message: 'The file begins with zeros, as files do whose disk was full or whose process died while it wrote them.',
  },
  { matches: startsWith('\x7fELF'), message: 'The object is an ELF binary, not a profile.' },
  {
    matches: startsWith('FLR\0'),
    message:
      'This is a recording of Java Flight Recorder (JFR), not pprof. Convert it first, e.g. with `jfrconv --pprof FILE FILE.pb.gz` of async-profiler, or open it with JDK Mission Control.',
  },
  {
    matches: startsWith('PERFILE2'),
    message:
      'This is a recording of Linux perf (perf.data), not pprof. Convert it with perf_to_profile, or upload folded stacks: `perf script | stackcollapse-perf.pl`.',
  },
  {
    matches: isLegacyCpu,
    message:
      'This is a legacy CPU profile (gperftools or Java, binary). Convert it once with `go tool pprof -proto FILE > FILE.pb.gz`, which reads it, and upload the result.',
  },
  {
    matches: isOtlp,
    message:
      'These are profiles of OpenTelemetry (OTLP), not pprof: samples of many processes, in tables that they share. Let the collector export pprof, one file a process.',
  },
];

/** What a file that is no profile.proto is, as the error to say; undefined where it is not known. */
export function binaryError(bytes: Uint8Array): InputError | undefined {
  const known = formats.find((format) => format.matches(bytes));
  const text = known ? undefined : textWithControls(bytes.subarray(0, 2048));
  return known
    ? new InputError(known.message)
    : text === undefined
      ? undefined
      : new InputError(`The file is text, not a profile; it begins ${quotedLine(text)}.`);
}

/** Text that has control characters among its letters. */
function textWithControls(head: Uint8Array): string | undefined {
  const isLetter = (byte: number) => (byte >= 32 && byte < 127) || (byte >= 9 && byte <= 13);
  const begins = head.length > 8 && head.subarray(0, 8).every(isLetter);
  const letters = head.filter(isLetter).length;
  return begins && letters > 0.95 * head.length ? new TextDecoder().decode(head) : undefined;
}

/**
 * The binary CPU format of gperftools and old Java agents starts with the words 0, 3 (the header's length), 0 or 1,
 * in 4 or 8 bytes of either order (google/pprof profile/legacy_profile.go).
 */
function isLegacyCpu(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [4, 8].some((size) =>
    [true, false].some((little) => {
      if (bytes.length < size * 3) {
        return false;
      }
      const word = (i: number) =>
        size === 4 ? view.getUint32(i * 4, little) : Number(view.getBigUint64(i * 8, little));
      return word(0) === 0 && word(1) === 3 && word(2) <= 1;
    })
  );
}

/**
 * opentelemetry/proto/profiles: a message of nothing but `resource_profiles` (1) and `dictionary` (2), whose tables begin with
 * mappings; pprof has its strings in field 6.
 */
function isOtlp(bytes: Uint8Array): boolean {
  let resources = 0;
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at++];
    let length = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      length += (bytes[at] & 0x7f) * 2 ** shift;
      if (bytes[at++] < 0x80) {
        break;
      }
    }
    // A resource, its scopes, or the dictionary's tables: messages, where pprof's types and samples begin with numbers.
    if ((tag !== 0x0a && tag !== 0x12) || (length > 0 && (bytes[at] & 7) !== 2)) {
      return false;
    }
    resources += tag === 0x0a ? 1 : 0;
    at += length;
  }
  return resources > 0;
}
