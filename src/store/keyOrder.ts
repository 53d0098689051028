// Keys as a line from the first to the last, and stretches of it: [from, to), where no `to` is the end of the line.

/** By UTF-8 bytes, as buckets list them, which is by code points; JavaScript's < compares UTF-16 units. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      return rank(x) - rank(y);
    }
  }
  return a.length - b.length;
}

/** Surrogates are of code points above all others. */
const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

export const isBefore = (key: string, end: string | undefined): boolean =>
  end === undefined || compareKeys(key, end) < 0;

/** The nearer of two ends. */
export const firstEnd = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && compareKeys(b, a) < 0) ? b : a;

/** The first place after a key. */
export const after = (key: string): string => `${key}\0`;

/** The first place after every key with the prefix; undefined where that is the end of the line. */
export function endOfPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix, (text) => text.codePointAt(0) as number);
  while (points.length > 0) {
    const last = points.pop() as number;
    if (last < 0x10ffff) {
      // Between 0xd7ff and 0xe000 there are no code points.
      return String.fromCodePoint(...points, last === 0xd7ff ? 0xe000 : last + 1);
    }
  }
  return undefined;
}

/**
 * A key after which a listing meets the place: the place itself is the first that need not be there. Earlier where no key
 * says it exactly, and undefined for the beginning of what has the prefix.
 */
export function startAfterOf(place: string, prefix: string): string | undefined {
  if (compareKeys(place, prefix) <= 0) {
    return undefined;
  }
  if (place.endsWith('\0')) {
    return place.slice(0, -1);
  }
  // The end of a prefix: the prefix.
  const points = Array.from(place);
  const last = (points.pop() as string).codePointAt(0) as number;
  const key = points.join('') + String.fromCodePoint(last === 0xe000 ? 0xd7ff : last - 1);
  return compareKeys(key, prefix) <= 0 ? undefined : key;
}
