import type { Decoded } from '../decode/decoded';
import { profileBytes } from '../profile/size';

/** What was decoded or merged, least recently used ones out first, bounded by the bytes of their columns and text. */
export class DecodedCache {
  private readonly entries = new Map<string, { decoded: Decoded; bytes: number }>();
  private total = 0;
  /** Bytes of what is in the making, which cannot be dropped. */
  private readonly making = new Map<number, number>();

  /** @param limit in bytes */
  constructor(public limit = 256 * 1024 * 1024) {}

  /** Bytes of what is held or in the making. */
  get bytes(): number {
    return this.total;
  }

  setLimit(limit: number): void {
    this.limit = limit;
    this.dropOldest();
  }

  /** What is in the making takes so many bytes now: held profiles make room for it. 0 where it is done. */
  setMaking(id: number, bytes: number): void {
    this.total += bytes - (this.making.get(id) ?? 0);
    this.making.set(id, bytes);
    if (bytes === 0) {
      this.making.delete(id);
    }
    this.dropOldest();
  }

  get(key: string): Decoded | undefined {
    const entry = this.entries.get(key);
    if (entry) {
      // A Map keeps insertion order: put back in, it is the newest.
      this.entries.delete(key);
      this.entries.set(key, entry);
    }
    return entry?.decoded;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  set(key: string, decoded: Decoded): void {
    this.delete(key);
    const bytes = profileBytes(decoded) + rememberedBytes(decoded);
    this.entries.set(key, { decoded, bytes });
    this.total += bytes;
    this.dropOldest();
  }

  private dropOldest(): void {
    let left = this.entries.size;
    for (const oldest of this.entries.keys()) {
      // The newest stays even where it alone passes the limit: it is about to be read.
      if (this.total <= this.limit || left-- === 1) {
        break;
      }
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.total -= this.entries.get(key)?.bytes ?? 0;
    this.entries.delete(key);
  }
}

/**
 * What views remember of a profile while it is held: by row of its stacks where each ends among all call paths and in the walk
 * through them; by frame of each: its path, the walk, its levels, whether samples end there; by sample: where it ends below the
 * last tags, and its place among callers; by function its names, long and short.
 */
function rememberedBytes({ sample, stack, location, function: functions }: Decoded): number {
  let frames = 0;
  for (let row = 1; row < stack.length; row++) {
    const l = stack.location[row];
    frames += Math.max(1, location.lineOffset[l + 1] - location.lineOffset[l]);
  }
  return 8 * stack.length + 33 * frames + 28 * sample.length + 160 * functions.length;
}
