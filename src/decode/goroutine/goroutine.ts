import type { Profile } from '../../profile/profile';
import { countHeader, decodeCount } from './count';
import { DumpReader } from './dump';
import { dumpProfile } from './dumpProfile';
import { findHeader } from './scan';

/** Called while a large file is decoded, with bytes read and bytes in all. */
export type OnProgress = (done: number, total: number) => void;

/** How often progress is told, in ms, and bytes read between two looks at the clock. */
const interval = 100;
const step = 1024 * 1024;

/** True where any line, whatever a logger put before it, starts a goroutine. */
const hasGoroutines = (bytes: Uint8Array): boolean => findHeader(bytes, 0, bytes.length) >= 0;

/** A debug=1 text of a profile that counts stacks, or a goroutine dump; undefined where a text is neither. */
export async function decodeText(bytes: Uint8Array, onProgress?: OnProgress): Promise<Profile | undefined> {
  if (countHeader(bytes)) {
    return decodeCount(bytes);
  }
  return hasGoroutines(bytes) ? decodeDump(bytes, onProgress) : undefined;
}

/**
 * Reads a goroutine dump, in pieces: where a page decodes on its own thread it stays alive between them.
 * See DumpReader for what is read, profile/goroutineStates.ts for the labels.
 */
async function decodeDump(bytes: Uint8Array, onProgress?: OnProgress): Promise<Profile> {
  const reader = new DumpReader(bytes);
  let last = performance.now();
  for (let until = step; !reader.read(until); until += step) {
    const now = performance.now();
    if (now - last >= interval) {
      last = now;
      onProgress?.(reader.pos, bytes.length);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  return dumpProfile(reader, bytes);
}
