import type { Profile, ValueType } from '../../profile/profile';
import { grouped, type Notice } from '../../text/notice';
import { findFirstLine, type FirstLine } from './firstLine';
import { decodeSamples, type SampleText } from './sampleText';

const count = (type: string): ValueType => ({ type, unit: 'count' });
const space = (type: string): ValueType => ({ type, unit: 'bytes' });

const firstLine =
  'heap profile: *(\\d+): *(\\d+) *\\[ *(\\d+): *(\\d+) *\\] *@ *(heap[_a-z0-9]*|growthz?|fragmentationz?)\\/?(\\d{0,18})(?![\\d\\\\])';
const header = new RegExp(`^${firstLine}`);
const loggedHeader = new RegExp(`(?:^|[\\s"])${firstLine}`);

/** @param isLogged whether a logger's prefix may stand before it */
export const heapHeader = (bytes: Uint8Array, isLogged: boolean): FirstLine | undefined =>
  findFirstLine(bytes, isLogged ? loggedHeader : header);

/**
 * Reads a heap profile as text: Go's with debug=1, of heap or allocs, and gperftools'. Types, values and labels are those
 * of google/pprof (profile/legacy_profile.go, parseHeap): what was allocated comes first where the totals say more of it than
 * is in use; `heap/RATE`, which is twice the rate, and `heap_v2/RATE` are unsampled, the others are not.
 */
export function decodeHeap(bytes: Uint8Array, { match, end, skipped }: FirstLine): Profile {
  const hasAlloc = saysAllocated(match);
  return decodeSamples(bytes, {
    first: heapText(match, end, hasAlloc),
    skipped,
    next(line, start) {
      const next = header.exec(line);
      // What a later one has in use only has both of what the first has.
      return next ? heapText(next, start, hasAlloc || saysAllocated(next)) : undefined;
    },
    notices: cutNotice,
  });
}

function saysAllocated([, inUse, inUseBytes, allocated, allocatedBytes, kind]: RegExpExecArray): boolean {
  const isMore = (all: string, now: string) => Number(all) !== Number(now) && Number(all) !== 0;
  return kind.startsWith('heap') && (isMore(allocated, inUse) || isMore(allocatedBytes, inUseBytes));
}

function heapText(match: RegExpExecArray, start: number, hasAlloc: boolean): SampleText {
  const [, , , , , kind, rateText] = match;
  const isSampled = ['heap', 'heap_v2', 'heapz_v2'].includes(kind);
  const rate = kind === 'heap' ? Math.trunc(Number(rateText) / 2) : isSampled ? Number(rateText) : 1;
  return {
    sampleTypes: hasAlloc
      ? [count('alloc_objects'), space('alloc_space'), count('inuse_objects'), space('inuse_space')]
      : [count('objects'), space('space')],
    periodType: space('space'),
    period: rate,
    durationNanos: 0,
    start,
    totals: match.slice(1, 5).map(Number),
    read: (numbers) => readNumbers(numbers, hasAlloc, isSampled ? rate : 0),
  };
}

/** `inuse: bytes [alloc: bytes]` @param rate 0 where values are not sampled */
function readNumbers(text: string, hasAlloc: boolean, rate: number): ReturnType<SampleText['read']> {
  const match = /^(-?\d+): *(-?\d+) *\[ *(\d+): *(\d+) *\]$/.exec(text);
  if (!match) {
    return undefined;
  }
  const raw = match.slice(1).map(Number);
  const sides = hasAlloc ? [raw.slice(2), raw.slice(0, 2)] : [raw.slice(0, 2)];
  if (sides.some(([objects, bytes]) => objects === 0 && bytes !== 0)) {
    return undefined;
  }
  const last = [...sides].reverse().find(([objects]) => objects !== 0);
  return {
    values: sides.flatMap(([objects, bytes]) => unsampled(objects, bytes, rate)),
    blockSize: last ? Math.trunc(last[1] / last[0]) : 0,
    raw,
  };
}

/** Objects of a size are sampled with the probability 1 - exp(-size/rate). */
function unsampled(objects: number, bytes: number, rate: number): [number, number] {
  if (rate <= 1) {
    return rate === 0 || (objects !== 0 && bytes !== 0) ? [objects, bytes] : [0, 0];
  }
  if (objects === 0 || bytes === 0) {
    return [0, 0];
  }
  const scale = 1 / (1 - Math.exp(-(bytes / objects) / rate));
  return [Math.trunc(objects * scale), Math.trunc(bytes * scale)];
}

/** Go's first line has the sums of all samples. Collectors such as holmes keep the first few. */
function cutNotice([objects, bytes, allObjects, allBytes]: readonly number[], sums: readonly number[]): Notice[] {
  if (sums[0] === objects && sums[1] === bytes && sums[2] === allObjects && sums[3] === allBytes) {
    return [];
  }
  const share = (of: number, sum: number) => `${grouped(sum)} of ${grouped(of)} bytes`;
  return [
    {
      severity: 'warning',
      text:
        `The file was cut: its samples have ${share(bytes, sums[1])} in use and ${share(allBytes, sums[3])} allocated ` +
        'that its first line says (before unsampling).',
    },
  ];
}
