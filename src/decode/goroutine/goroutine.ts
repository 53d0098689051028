import type { Profile } from '../../profile/profile';
import { grouped, type Notice } from '../../text/notice';
import { progressOf, type OnProgress } from '../progress';
import { countHeader, decodeCount } from './count';
import { DumpReader } from './dump';
import { dumpProfile } from './dumpProfile';
import { withoutCuts } from './joinLines';
import { findHeader } from './scan';

/** Bytes read between two looks at the clock. */
const step = 1024 * 1024;

/** True where any line, whatever a logger put before it, starts a goroutine. */
const hasGoroutines = (bytes: Uint8Array): boolean => findHeader(bytes, 0, bytes.length) >= 0;

/**
 * A debug=1 text of a profile that counts stacks, or a goroutine dump, also between other lines of a log, in UTF-8; undefined
 * where a text is neither.
 */
export async function decodeText(bytes: Uint8Array, onProgress?: OnProgress): Promise<Profile | undefined> {
  const header = countHeader(bytes);
  if (header) {
    return decodeCount(bytes, header);
  }
  return hasGoroutines(bytes) ? decodeDump(bytes, onProgress) : undefined;
}

const withNotices = (profile: Profile, notices: readonly Notice[]): Profile =>
  notices.length === 0 ? profile : Object.freeze({ ...profile, notices: [...profile.notices, ...notices] });

/** How often lines are joined that were cut more than once. */
const maxPieces = 8;

/** Reads a goroutine dump, and once more where lines of it were cut in pieces. */
async function decodeDump(text: Uint8Array, onProgress?: OnProgress): Promise<Profile> {
  let bytes = text;
  let reader = await readDump(bytes, onProgress);
  let count = 0;
  for (let i = 0; i < maxPieces && reader.cuts.length > 0; i++) {
    count += reader.cuts.length;
    bytes = withoutCuts(bytes, reader.cuts);
    reader = await readDump(bytes, onProgress);
  }
  const profile = dumpProfile(reader, bytes);
  return count === 0
    ? profile
    : withNotices(profile, [
        {
          severity: 'info',
          text: `Lines that a log collector had cut in pieces are joined: ${grouped(count)}.`,
        },
      ]);
}

/**
 * In pieces, between which progress is told.
 * See DumpReader for what is read, profile/goroutineStates.ts for the labels.
 */
async function readDump(bytes: Uint8Array, onProgress?: OnProgress): Promise<DumpReader> {
  const reader = new DumpReader(bytes);
  const progress = progressOf(bytes.length, onProgress);
  for (let until = step; !reader.read(until); until += step) {
    await progress(reader.pos);
  }
  return reader;
}
