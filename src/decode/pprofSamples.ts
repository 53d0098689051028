import { pathInterner } from '../profile/interner';
import type { Profile } from '../profile/profile';
import { InputError, tooLarge } from '../text/notice';
import { LabelReader } from './labels';
import type { IdMap } from './pprofIds';
import type { WireReader } from './wire';

/** Tag of a sample in the profile's message. */
export const sampleTag = 0x12;

/** Memory of a row of `stack` and of a label, while its column grows and is copied. */
const frameBytes = 28;
const labelBytes = 64;

/** Where the samples are and what they have. */
export interface SampleSpan {
  /** The bytes from the first sample to the last; writers put nothing else there. */
  readonly start: number;
  readonly end: number;
  readonly length: number;
  /** Values of each. */
  readonly types: number;
  /** Bytes that stacks and labels may take. */
  readonly memory: number;
}

/**
 * Reads the samples into columns. Nearly all of a profile is its samples, so this walks with a position of its own and
 * reads tags, lengths and numbers of a byte or two itself; the reader takes the others.
 */
export class SampleReader {
  private readonly bytes: Uint8Array;
  private readonly words: DataView;
  private readonly values: Float64Array[];
  /** Of each sample type whether it has a value beyond ±2^53. */
  readonly isInexact: boolean[];
  private readonly labels: LabelReader;
  private readonly stacks: ReturnType<typeof pathInterner>;

  // Of the sample at hand: the field of its location ids that was met last, how many rows `locations` has of fields before
  // it, how many values were met, and the label fields that follow each other up to the last.
  private idsStart = 0;
  private idsStop = 0;
  private depth = 0;
  private valueCount = 0;
  private labelsStart = 0;
  private labelsStop = 0;
  /** Rows of the locations of one sample, the leaf first. */
  private locations = new Uint32Array(128);

  // The ids of the sample before, and the stack row of each of its frames from the root on. Samples that follow each
  // other mostly share their callers, whose ids are the last bytes: what is equal there is not decoded again.
  private lastStart = 0;
  private lastStop = 0;
  private lastRows = new Uint32Array(128);
  /** Frames that are shared with the sample before. */
  private shared = 0;

  constructor(
    private readonly reader: WireReader,
    private readonly span: SampleSpan,
    private readonly locationIds: IdMap
  ) {
    const { bytes } = reader;
    const { length, types } = span;
    this.bytes = bytes;
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.values = Array.from({ length: types }, () => new Float64Array(length));
    this.isInexact = new Array<boolean>(types).fill(false);
    this.labels = new LabelReader(bytes);
    this.stacks = pathInterner(length * 4);
  }

  /** @throws InputError for an invalid sample */
  read(): Pick<Profile, 'sample' | 'stack' | 'label' | 'labelSet'> & { wideNumbers: readonly string[] } {
    const { reader, bytes, span, labels } = this;
    const stack = new Uint32Array(span.length);
    const labelSet = new Uint32Array(span.length);
    let pos = span.start;
    for (let row = 0; pos < span.end;) {
      let tag = bytes[pos++];
      if (tag !== sampleTag) {
        tag = this.longTag(pos - 1, span.end);
        pos = reader.pos;
      }
      if (tag !== sampleTag) {
        reader.skip(tag);
        pos = reader.pos;
        continue;
      }
      const end = this.fieldEnd(pos, span.end);
      const start = this.fieldStart(pos);
      this.checkMemory(end - start, row);
      this.readSample(start, end, row);
      stack[row] = this.stackOfSample(row);
      labelSet[row] = labels.setOf(this.labelsStart, this.labelsStop);
      row++;
      pos = end;
    }
    const { length, first: parent, second: location } = this.stacks.finish();
    return {
      sample: { length: span.length, values: this.values, stack, labelSet },
      stack: { length, parent, location },
      ...labels.finish(),
    };
  }

  /**
   * A byte may be a frame, four may be a label: nothing of a sample is kept before it is known to fit.
   * @throws InputError
   */
  private checkMemory(size: number, row: number): void {
    const { stacks, labels, span } = this;
    if ((stacks.length + size) * frameBytes + labels.length * labelBytes > span.memory) {
      throw tooLarge(`sample ${row + 1} of ${size} bytes, after ${stacks.length} frames and ${labels.length} labels`);
    }
  }

  private readSample(start: number, end: number, row: number): void {
    const { bytes } = this;
    this.idsStart = this.idsStop = this.depth = this.valueCount = this.labelsStart = this.labelsStop = 0;
    for (let pos = start; pos < end;) {
      const at = pos;
      let tag = bytes[pos++];
      if (tag >= 0x80) {
        tag = this.longTag(at, end);
        pos = this.reader.pos;
      }
      if (tag === 0x0a) {
        this.keepIds(row);
        this.idsStop = this.fieldEnd(pos, end);
        this.idsStart = this.fieldStart(pos);
        pos = this.idsStop;
      } else if (tag === 0x12) {
        const stop = this.fieldEnd(pos, end);
        this.readValues(this.fieldStart(pos), stop, row);
        pos = stop;
      } else if (tag === 0x1a) {
        pos = this.readLabel(at, this.fieldEnd(pos, end));
      } else {
        pos = this.readOther(tag, pos, end, row);
      }
    }
    if (this.valueCount !== this.span.types) {
      throw new InputError(
        `The profile is invalid: sample ${row + 1} has ${this.valueCount} values, the profile has ${this.span.types} sample types.`
      );
    }
  }

  private readValues(start: number, stop: number, row: number): void {
    const { reader, bytes, values } = this;
    let count = this.valueCount;
    for (let pos = start; pos < stop;) {
      let value = bytes[pos];
      if (value < 0x80) {
        pos++;
      } else {
        reader.pos = pos;
        reader.end = stop;
        value = reader.int64();
        pos = reader.pos;
        if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) {
          this.isInexact[count] = true;
        }
      }
      if (count < values.length) {
        values[count][row] = value;
      }
      count++;
    }
    this.valueCount = count;
  }

  /** A label field with its tag. @returns its end */
  private readLabel(at: number, stop: number): number {
    if (at !== this.labelsStop) {
      // Apart from the labels before, which no writer is known to do.
      this.labels.addApart(this.labelsStart, this.labelsStop);
      this.labelsStart = at;
    }
    this.labelsStop = stop;
    return stop;
  }

  /** Ids and values that are not packed, as Go writes one or two (runtime/pprof, protobuf.go), and what is not known. @returns its end */
  private readOther(tag: number, pos: number, end: number, row: number): number {
    const { reader } = this;
    reader.pos = pos;
    reader.end = end;
    if (tag === 0x08) {
      reader.id();
      const stop = reader.pos;
      this.keepIds(row);
      this.depth = this.readIds(pos, stop, this.depth, row);
      reader.pos = stop;
    } else if (tag === 0x10) {
      reader.skip(tag);
      const stop = reader.pos;
      this.readValues(pos, stop, row);
      reader.pos = stop;
    } else {
      reader.skip(tag);
    }
    return reader.pos;
  }

  /** Packed ids in more than one field, which no writer is known to do, are read one by one. */
  private keepIds(row: number): void {
    if (this.idsStart !== 0) {
      this.depth = this.readIds(this.idsStart, this.idsStop, this.depth, row);
      this.idsStart = 0;
    }
  }

  private stackOfSample(row: number): number {
    const { idsStart, idsStop } = this;
    if (this.depth === 0) {
      return idsStart < idsStop ? this.stackOfIds(idsStart, idsStop, row) : 0;
    }
    this.keepIds(row);
    this.lastStart = this.lastStop = 0;
    let leaf = 0;
    for (let depth = this.depth; depth > 0;) {
      leaf = this.stacks.intern(leaf, this.locations[--depth]);
    }
    return leaf;
  }

  /** The stack of the ids from `start` to `stop`. */
  private stackOfIds(start: number, stop: number, row: number): number {
    const { bytes, stacks, locationIds } = this;
    const { dense } = locationIds;
    if (bytes[stop - 1] >= 0x80) {
      this.readIds(start, stop, 0, row); // It says that the field ends inside an id.
    }
    let at = this.sharedFrom(start, stop);
    let { shared, lastRows } = this;
    if (shared + at - start > lastRows.length) {
      this.lastRows = lastRows = doubled(lastRows, shared + at - start);
    }
    let leaf = shared === 0 ? 0 : lastRows[shared - 1];
    // From the root on, so the bytes are read backwards. Nearly all ids are of one to three.
    while (at > start) {
      const idEnd = at;
      let id = bytes[--at];
      while (at > start && bytes[at - 1] >= 0x80 && idEnd - at < 4) {
        id = (id << 7) | (bytes[--at] & 0x7f);
      }
      let location = dense[id];
      if (!(location >= 0) || (at > start && bytes[at - 1] >= 0x80)) {
        at = this.idStart(start, at);
        location = this.locationOf(at, idEnd, row);
      }
      leaf = stacks.intern(leaf, location);
      lastRows[shared++] = leaf;
    }
    this.lastStart = start;
    this.lastStop = stop;
    return leaf;
  }

  /** Where the ids begin that the sample before has too; `shared` says how many frames they are. */
  private sharedFrom(start: number, stop: number): number {
    const { bytes, words, lastStart } = this;
    let shared = 0;
    let at = stop;
    let last = this.lastStop;
    // Four bytes at a time; a byte below 0x80 ends an id.
    for (const low = start + 4, lastLow = lastStart + 4; at >= low && last >= lastLow; at -= 4, last -= 4) {
      const word = words.getInt32(at - 4);
      if (word !== words.getInt32(last - 4)) {
        break;
      }
      shared += Math.imul((~word >>> 7) & 0x01010101, 0x01010101) >>> 24;
    }
    while (at > start && last > lastStart && bytes[at - 1] === bytes[last - 1]) {
      at--;
      last--;
      shared += bytes[at] < 0x80 ? 1 : 0;
    }
    // Back to where an id starts in both.
    while (at < stop && ((at > start && bytes[at - 1] >= 0x80) || (last > lastStart && bytes[last - 1] >= 0x80))) {
      shared -= bytes[at] < 0x80 ? 1 : 0;
      at++;
      last++;
    }
    this.shared = shared;
    return at;
  }

  /** Where the id begins whose bytes reach down to `at`, at the lowest at `start`. */
  private idStart(start: number, at: number): number {
    let first = at;
    while (first > start && this.bytes[first - 1] >= 0x80) {
      first--;
    }
    return first;
  }

  private locationOf(at: number, idEnd: number, row: number): number {
    const { reader } = this;
    reader.pos = at;
    reader.end = idEnd;
    return this.locationIds.get(reader.id(), 'sample', row);
  }

  /** Location ids from `start` to `stop` → rows in `locations`, from `depth` on. @returns the depth with them */
  private readIds(start: number, stop: number, depth: number, row: number): number {
    const { reader } = this;
    if (depth + stop - start > this.locations.length) {
      this.locations = doubled(this.locations, depth + stop - start);
    }
    const resume = reader.pos;
    reader.pos = start;
    reader.end = stop;
    let end = depth;
    while (reader.pos < stop) {
      this.locations[end++] = this.locationIds.get(reader.id(), 'sample', row);
    }
    reader.pos = resume;
    return end;
  }

  private longTag(at: number, end: number): number {
    this.reader.pos = at;
    this.reader.end = end;
    return this.reader.uvarint();
  }

  /** The start of the field whose end fieldEnd gave last: behind its length, of one byte or as far as the reader went. */
  private fieldStart(at: number): number {
    return this.bytes[at] < 0x80 ? at + 1 : this.reader.pos;
  }

  /** The end of a field whose length is at `at`; where that is of more than one byte, `reader.pos` is behind it. */
  private fieldEnd(at: number, end: number): number {
    const { reader } = this;
    const length = this.bytes[at];
    if (length < 0x80 && at + 1 + length <= end) {
      return at + 1 + length;
    }
    reader.pos = at;
    reader.end = end;
    return reader.fieldEnd();
  }
}

function doubled(column: Uint32Array, atLeast: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(Math.max(column.length * 2, atLeast));
  grown.set(column);
  return grown;
}
