import { counted, grouped, type Notice } from '../../text/notice';
import { quoted } from '../text/quoted';

// Of files that hold more than one profile as text.

/** The first line of a text profile, of whatever kind. */
export const anyProfile = /^(\S+ profile: total \d|heap profile: *\d|--- (mutex|contention):|--- contentionz )/;

/** What gperftools writes behind the samples, as google/pprof knows it (profile/legacy_profile.go, memoryMapSentinels). */
export const memoryMap = /^--- Memory map: ---|^MAPPED_LIBRARIES:/;

/** Said where a file holds several of what is read. @param what in the plural */
export const severalDumps = (count: number, what: string): string =>
  `The file holds ${grouped(count)} ${what}, and values are of all of them. The label dump tells them apart: ` +
  `dump="${count}" is the last.`;

/** Lines after a line where the samples of a text end, and that line, which begins another part. */
export interface Left {
  lines: number;
  first: string;
}

/** Said where parts of a file are left out. */
export const leftNotices = ({ lines, first }: Left): Notice[] =>
  lines === 0
    ? []
    : [
        {
          severity: 'warning',
          text:
            `Left out: ${counted(lines, 'line')} after ${quoted(first)}, where the profile ends. ` +
            'Upload another profile as a file of its own.',
        },
      ];
