import { after, compareKeys, endOfPrefix, isBefore } from './keyOrder';
import type { ObjectInfo } from './store';

/** A stretch of keys, [from, to), as it was listed. */
export interface Stretch {
  readonly from: string;
  /** Undefined: to the end of all keys. */
  readonly to: string | undefined;
  /** Unix ms: when it was asked for. */
  readonly at: number;
  /** By key. */
  readonly objects: readonly ObjectInfo[];
}

interface Held extends Stretch {
  /** Of its objects, Unix ms by the server's clock; -Infinity where there are none. */
  readonly newest: number;
  readonly bytes: number;
}

/** Most bytes of listings that are held: 100,000 keys and more. */
const defaultLimit = 48 * 1024 * 1024;

/** What is known of a bucket's keys: stretches that do not overlap, in order. Bounded in bytes; the oldest go first. */
export class KnownKeys {
  private stretches: Held[] = [];

  /** @param limit in bytes */
  constructor(private readonly limit = defaultLimit) {}

  /** Bytes of what is held, roughly. */
  get bytes(): number {
    return this.stretches.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The stretch that a place lies in. */
  at(place: string): Stretch | undefined {
    return this.stretches.find(({ from, to }) => compareKeys(from, place) <= 0 && isBefore(place, to));
  }

  /** The stretch that ends at a place. */
  endingAt(place: string): Stretch | undefined {
    return this.stretches.find(({ to }) => to === place);
  }

  /** Takes a stretch in place of what was known of it. */
  put(stretch: Stretch): void {
    const { from, to } = stretch;
    if (to === from) {
      return;
    }
    const kept = this.stretches.flatMap((old) => {
      if (!isBefore(old.from, to) || !isBefore(from, old.to)) {
        return [old];
      }
      const left = compareKeys(old.from, from) < 0 ? [cut(old, old.from, from)] : [];
      const right = to !== undefined && isBefore(to, old.to) ? [cut(old, to, old.to)] : [];
      return [...left, ...right];
    });
    const added = hold(stretch);
    this.stretches = [...kept, added].sort((a, b) => compareKeys(a.from, b.from));
    let { bytes } = this;
    while (bytes > this.limit && this.stretches.length > 1) {
      const oldest = this.stretches.reduce((a, b) => (a === added || (b !== added && b.at < a.at) ? b : a));
      bytes -= oldest.bytes;
      this.stretches = this.stretches.filter((other) => other !== oldest);
    }
  }

  clear(): void {
    this.stretches = [];
  }

  /**
   * The place below a prefix from which on objects came lately: within `span` ms before the newest one below it. By the
   * server's clock alone, which need not be ours. It is the first place after the last key before those.
   */
  recentFrom(prefix: string, span: number): string {
    const end = endOfPrefix(prefix);
    const below = this.stretches
      .filter(({ from, to }) => isBefore(prefix, to) && isBefore(from, end))
      .map((stretch) => {
        const objects = objectsIn(stretch, prefix, end);
        return { objects, newest: objects === stretch.objects ? stretch.newest : newestOf(objects) };
      });
    const since = below.reduce((most, { newest }) => Math.max(most, newest), -Infinity) - span;
    let last: ObjectInfo | undefined;
    for (const { objects, newest } of below) {
      const first = newest < since ? -1 : objects.findIndex(({ lastModified }) => lastModified >= since);
      last = (first < 0 ? objects.at(-1) : objects[first - 1]) ?? last;
      if (first >= 0) {
        break;
      }
    }
    return last ? after(last.key) : prefix;
  }
}

/** The objects of a stretch from one place to another. */
export function objectsIn(
  { objects }: Pick<Stretch, 'objects'>,
  from: string,
  to: string | undefined
): readonly ObjectInfo[] {
  const start = firstIndex(objects, from);
  const end = to === undefined ? objects.length : firstIndex(objects, to);
  return start === 0 && end === objects.length ? objects : objects.slice(start, end);
}

/** Of the first object that does not come before a place. */
function firstIndex(objects: readonly ObjectInfo[], place: string): number {
  let low = 0;
  let high = objects.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(objects[middle].key, place) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

const newestOf = (objects: readonly ObjectInfo[]): number =>
  objects.reduce((most, { lastModified }) => Math.max(most, lastModified), -Infinity);

const cut = ({ at, objects }: Stretch, from: string, to: string | undefined): Held =>
  hold({ from, to, at, objects: objectsIn({ objects }, from, to) });

const hold = (stretch: Stretch): Held => ({
  ...stretch,
  newest: newestOf(stretch.objects),
  bytes: stretch.objects.reduce((sum, { key, etag }) => sum + 2 * (key.length + etag.length) + 80, 100),
});
