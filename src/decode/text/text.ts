import type { Profile } from '../../profile/profile';
import { decodeText as decodeGoroutines } from '../goroutine/goroutine';
import type { OnProgress } from '../progress';
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
export async function decodeText(text: Uint8Array, onProgress?: OnProgress): Promise<Profile> {
  // Text of PowerShell's `>` has two bytes a character.
  const encoding = utf16(text);
  const bytes = encoding ? new TextEncoder().encode(new TextDecoder(encoding).decode(text)) : text;
  const document = documentError(bytes);
  if (document) {
    throw document;
  }
  const heap = heapHeader(bytes);
  if (heap) {
    return decodeHeap(bytes, heap);
  }
  const contention = contentionHeader(bytes);
  if (contention) {
    return decodeContention(bytes, contention);
  }
  const goroutines = await decodeGoroutines(bytes, onProgress);
  if (goroutines) {
    return goroutines;
  }
  if (isFolded(bytes)) {
    return decodeFolded(bytes);
  }
  throw textError(bytes);
}
