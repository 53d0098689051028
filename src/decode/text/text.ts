import type { Profile } from '../../profile/profile';
import { decodeText as decodeGoroutines } from '../goroutine/goroutine';
import type { OnProgress } from '../progress';
import { fromLog } from '../goroutine/logText';
import type { Notice } from '../../text/notice';
import { withoutLinePrefixes } from './linePrefixes';
import { utf16 } from '../utf16';
import { contentionHeader, decodeContention } from './contention';
import { decodeFolded, isFolded } from './folded';
import { documentError, textError } from './foreignText';
import { decodeHeap, heapHeader } from './heap';

export { isJournalExport } from '../goroutine/journalExport';
export { binaryError } from './foreignBinary';
export { emptyError } from './foreignText';

/**
 * The profile that a text holds: Go's debug=1 of heap, allocs, block and mutex, what counts stacks, a goroutine dump, or folded
 * stacks.
 * @throws InputError saying what the text is, where it is none of these
 */
export async function decodeText(file: Uint8Array, onProgress?: OnProgress): Promise<Profile> {
  // Text of PowerShell's `>` has two bytes a character.
  const encoding = utf16(file);
  const bytes = withLineFeeds(encoding ? new TextEncoder().encode(new TextDecoder(encoding).decode(file)) : file);
  const document = documentError(bytes);
  if (document) {
    throw document;
  }
  const plain = decodeSampleText(bytes, false);
  if (plain) {
    return plain;
  }
  const log = fromLog(bytes);
  const unprefixed = withoutLinePrefixes(log.bytes);
  const text = unprefixed ?? log.bytes;
  const logged = (await decodeGoroutines(text, onProgress)) ?? decodeSampleText(text, true);
  if (logged) {
    const said: Notice[] = unprefixed
      ? [{ severity: 'info', text: 'Read out of a log: without what it puts before each line.' }]
      : [];
    return { ...logged, notices: [...logged.notices, ...said, ...log.notices] };
  }
  if (isFolded(bytes)) {
    return decodeFolded(bytes);
  }
  throw textError(bytes);
}

/** @param isLogged whether a logger's prefix may stand before the first line */
function decodeSampleText(bytes: Uint8Array, isLogged: boolean): Profile | undefined {
  const heap = heapHeader(bytes, isLogged);
  if (heap) {
    return decodeHeap(bytes, heap);
  }
  const contention = contentionHeader(bytes, isLogged);
  return contention && decodeContention(bytes, contention);
}

const [lineFeed, carriageReturn] = [10, 13];
/** Bytes that say how lines end. */
const headBytes = 64 * 1024;

/** Lines end in a carriage return alone in what terminals record, and after some conversions. CRLF stays, which all readers know. */
function withLineFeeds(bytes: Uint8Array): Uint8Array {
  const head = bytes.subarray(0, headBytes);
  let [alone, others] = [0, 0];
  for (let at = head.indexOf(carriageReturn); at >= 0; at = head.indexOf(carriageReturn, at + 1)) {
    alone += head[at + 1] === lineFeed ? 0 : 1;
  }
  for (let at = head.indexOf(lineFeed); at >= 0 && others < alone; at = head.indexOf(lineFeed, at + 1)) {
    others++;
  }
  return alone <= others
    ? bytes
    : bytes.map((byte, i) => (byte === carriageReturn && bytes[i + 1] !== lineFeed ? lineFeed : byte));
}
