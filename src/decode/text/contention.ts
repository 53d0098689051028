import type { Profile } from '../../profile/profile';
import type { Notice } from '../../text/notice';
import { textOf } from '../goroutine/scan';
import { findFirstLine, type FirstLine } from './firstLine';
import { decodeSamples, type SampleText } from './sampleText';

const header = /^--- (contentionz |mutex:|contention:)/;
const loggedHeader = /(?:^|[\s"])--- (contentionz |mutex:|contention:)\s*$/;

/** @param isLogged whether a logger's prefix may stand before it */
export const contentionHeader = (bytes: Uint8Array, isLogged: boolean): FirstLine | undefined =>
  findFirstLine(bytes, isLogged ? loggedHeader : header);

/** Go writes 0 where the profile was switched off before it was written; pprof divides nothing then. */
const unscaled: Notice = {
  severity: 'warning',
  text: 'The file says "sampling period=0": delays are in cycles of the processor, not in nanoseconds, as pprof reads them.',
};

/** Most lines of attributes. */
const maxAttributes = 20;

/**
 * Reads a block or mutex profile as text: Go's with debug=1, and gperftools' contentionz. Types and values are those of
 * google/pprof (profile/legacy_profile.go, parseContention): delays in cycles become nanoseconds, and both values are multiplied
 * by the sampling period.
 */
export function decodeContention(bytes: Uint8Array, { match, end, skipped }: FirstLine): Profile {
  const first = contentionText(bytes, end);
  return decodeSamples(bytes, {
    first,
    skipped,
    next: (line, start) => (header.exec(line)?.[1] === match[1] ? contentionText(bytes, start) : undefined),
    notices: () => (first.period > 0 ? [] : [unscaled]),
  });
}

/** @param end where the line after the first begins */
function contentionText(bytes: Uint8Array, end: number): SampleText {
  const attributes = new Map<string, number>();
  let start = end;
  for (let i = 0; i < maxAttributes; i++) {
    const next = bytes.indexOf(10, start);
    const stop = next < 0 ? bytes.length : next;
    const line = textOf(bytes, start, Math.min(stop, start + 200));
    const match = /^\s*([a-z/ ]+?)\s*=\s*(\d+)\s*$/.exec(line);
    if (!match && line.trim() !== '') {
      break;
    }
    if (match) {
      attributes.set(match[1], Number(match[2]));
    }
    start = stop + 1;
  }
  const cyclesPerSecond = attributes.get('cycles/second') ?? 0;
  const period = attributes.get('sampling period') ?? 1;
  return {
    sampleTypes: [
      { type: 'contentions', unit: 'count' },
      { type: 'delay', unit: 'nanoseconds' },
    ],
    periodType: { type: 'contentions', unit: 'count' },
    period,
    durationNanos: (attributes.get('ms since reset') ?? 0) * 1e6,
    start,
    read(numbers) {
      const match = /^(\d+) +(\d+)$/.exec(numbers);
      if (!match) {
        return undefined;
      }
      const [cycles, count] = [Number(match[1]), Number(match[2])];
      const delay =
        period > 0 && cyclesPerSecond > 0 ? Math.trunc((cycles * period) / (cyclesPerSecond / 1e9)) : cycles;
      return { values: [period > 0 ? count * period : count, delay] };
    },
  };
}
