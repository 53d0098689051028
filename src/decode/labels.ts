import { LabelSetBuilder } from '../profile/labelSets';
import type { LabelSetTable, LabelTable } from '../profile/profile';
import { WireReader } from './wire';

/** Lists remembered by their bytes; a power of two. */
const remembered = 1024;

/**
 * The label lists of samples, from the bytes of their label fields. Few are distinct, and samples of one tenant have the
 * same bytes: those are read once.
 */
export class LabelReader {
  private readonly reader: WireReader;
  private readonly builder = new LabelSetBuilder();
  /** Start, stop and row of the list that was last met, by hash of its bytes. */
  private readonly known = new Uint32Array(3 * remembered);
  private isApart = false;
  /** Numbers beyond ±2^53 as texts, each with its row. */
  private readonly wideNumbers = new Map<string, number>();

  private readonly words: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.reader = new WireReader(bytes);
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Labels so far. */
  get length(): number {
    return this.builder.length;
  }

  /** Takes label fields of a sample whose other ones come later, after fields of another kind. */
  addApart(start: number, stop: number): void {
    if (start < stop) {
      this.read(start, stop);
      this.isApart = true;
    }
  }

  /** Row of `labelSet` of a sample whose last label fields are these bytes. */
  setOf(start: number, stop: number): number {
    if (this.isApart) {
      this.isApart = false;
      this.read(start, stop);
      return this.builder.finishSet();
    }
    if (start === stop) {
      return 0;
    }
    const { bytes, words, known } = this;
    let hash = 0;
    let at = start;
    for (; at + 4 <= stop; at += 4) {
      hash = Math.imul(hash ^ words.getInt32(at), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    for (; at < stop; at++) {
      hash = Math.imul(hash ^ bytes[at], 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    const slot = (hash & (remembered - 1)) * 3;
    if (!this.areEqual(known[slot], known[slot + 1], start, stop)) {
      this.read(start, stop);
      known[slot] = start;
      known[slot + 1] = stop;
      known[slot + 2] = this.builder.finishSet();
    }
    return known[slot + 2];
  }

  /** `str` of a number beyond ±2^53 is its row of `wideNumbers`, from 1. */
  finish(): { labelSet: LabelSetTable; label: LabelTable; wideNumbers: readonly string[] } {
    return { ...this.builder.finish(), wideNumbers: [...this.wideNumbers.keys()] };
  }

  private areEqual(knownStart: number, knownStop: number, start: number, stop: number): boolean {
    if (knownStop - knownStart !== stop - start) {
      return false;
    }
    const { bytes } = this;
    for (let a = knownStart, b = start; b < stop; a++, b++) {
      if (bytes[a] !== bytes[b]) {
        return false;
      }
    }
    return true;
  }

  /** Whole label fields, each with its tag. @throws InputError */
  private read(start: number, stop: number): void {
    const { reader } = this;
    reader.pos = start;
    while (reader.pos < stop) {
      reader.end = stop;
      reader.uvarint();
      reader.end = reader.fieldEnd();
      this.readLabel();
    }
  }

  private readLabel(): void {
    const { reader } = this;
    let key = 0;
    let str = 0;
    let num = 0;
    let wide = 0;
    let unit = 0;
    while (reader.pos < reader.end) {
      const tag = reader.uvarint();
      if (tag === 0x08) {
        key = reader.uvarint();
      } else if (tag === 0x10) {
        str = reader.uvarint();
      } else if (tag === 0x18) {
        const start = reader.pos;
        num = reader.int64();
        wide = Number.isSafeInteger(num) ? 0 : this.wideNumber(start);
      } else if (tag === 0x20) {
        unit = reader.uvarint();
      } else {
        reader.skip(tag);
      }
    }
    // pprof reads a label without a text as a number (profile/encode.go, postDecode), and drops one that is neither.
    const isNumeric = str === 0;
    if (!isNumeric || num !== 0 || unit !== 0) {
      this.builder.add(key, isNumeric ? wide : str, isNumeric ? num : 0, isNumeric ? unit : 0, isNumeric);
    }
  }

  /** Row from 1 of a number that a float64 does not hold: ids of spans have 64 bits, and one digit makes another span. */
  private wideNumber(start: number): number {
    const { reader, wideNumbers } = this;
    reader.pos = start;
    const digits = String(BigInt.asIntN(64, reader.uint64()));
    const row = wideNumbers.get(digits) ?? wideNumbers.size + 1;
    wideNumbers.set(digits, row);
    return row;
  }
}
