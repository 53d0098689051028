import { pathInterner } from '../profile/interner';
import { MappingFlag, type Profile, type ValueType } from '../profile/profile';
import { InputError } from '../text/notice';
import { wordsOf } from '../profile/words64';
import { LabelReader } from './labels';
import { readStrings } from './strings';
import { WireReader } from './wire';

// Field numbers of profile.proto (github.com/google/pprof/blob/main/proto/profile.proto).
const Field = {
  sampleType: 1,
  sample: 2,
  mapping: 3,
  location: 4,
  function: 5,
  string: 6,
  dropFrames: 7,
  keepFrames: 8,
  timeNanos: 9,
  durationNanos: 10,
  periodType: 11,
  period: 12,
  comment: 13,
  defaultSampleType: 14,
  docUrl: 15,
} as const;

const sampleTag = (Field.sample << 3) | 2;

/**
 * Decodes an uncompressed profile.proto message into columns. Three passes over the top-level fields: count, so that
 * every column is allocated once at its size; the tables; then the samples, which need the tables' ids.
 *
 * Follows google/pprof profile/encode.go (defaults, references) and Profile.CheckValid: an id that is not in its table
 * is an error here, never a sample with a hole.
 * @throws InputError for anything that is not a whole, valid profile
 */
export function decodePprof(bytes: Uint8Array): Profile {
  const reader = new WireReader(bytes);
  const counts = countFields(reader);
  if (counts.fields[Field.sampleType] === 0) {
    throw new InputError('Not a pprof profile: it is a protobuf message without sample types.');
  }
  return new PprofDecoder(reader, counts).decode();
}

interface Counts {
  /** How often each top-level message or string occurs, by field number. */
  readonly fields: Uint32Array;
  readonly lines: number;
  /** The bytes from the first sample to the last; writers put nothing else there. */
  readonly samples: { readonly start: number; readonly end: number; readonly areAlone: boolean };
}

function countFields(reader: WireReader): Counts {
  const fields = new Uint32Array(16);
  let lines = 0;
  const samples = { start: 0, end: 0, areAlone: true };
  reader.pos = 0;
  while (reader.pos < reader.end) {
    const at = reader.pos;
    const tag = reader.uvarint();
    const field = tag >>> 3;
    if (field === 0) {
      throw new InputError(`Not a pprof profile: field number 0 at byte ${reader.pos - 1}.`);
    }
    if (field < 16 && (tag & 7) === 2) {
      fields[field]++;
    }
    if (field === Field.location && (tag & 7) === 2) {
      const end = reader.fieldEnd();
      while (reader.pos < end) {
        const inner = reader.uvarint();
        lines += inner >>> 3 === 4 ? 1 : 0;
        reader.skip(inner);
      }
      reader.pos = end;
    } else {
      reader.skip(tag);
    }
    if (tag === sampleTag) {
      if (samples.end === 0) {
        samples.start = at;
      } else if (samples.end !== at) {
        samples.areAlone = false;
      }
      samples.end = reader.pos;
    }
  }
  return { fields, lines, samples };
}

/** Ids of the file → rows. Writers number from 1 without gaps, so an array answers nearly always. */
class IdMap {
  readonly dense: Int32Array;
  private sparse = new Map<number | bigint, number>();

  constructor(
    private table: string,
    rows: number
  ) {
    this.dense = new Int32Array(rows * 2 + 2).fill(-1);
  }

  set(id: number | bigint, row: number): void {
    if (id === 0) {
      throw new InputError(`The profile is invalid: ${this.table} ${row + 1} has id 0, which is reserved.`);
    }
    if (this.find(id) >= 0) {
      throw new InputError(`The profile is invalid: ${this.table} id ${id} occurs more than once.`);
    }
    if (typeof id === 'number' && id < this.dense.length) {
      this.dense[id] = row;
    } else {
      this.sparse.set(id, row);
    }
  }

  /** The row, -1 for an id that is not there. */
  find(id: number | bigint): number {
    return typeof id === 'number' && id < this.dense.length ? this.dense[id] : (this.sparse.get(id) ?? -1);
  }

  /** @throws InputError naming the table and row that refer to the missing id */
  get(id: number | bigint, from: string, fromRow: number): number {
    const row = this.find(id);
    if (row < 0) {
      throw new InputError(
        `The profile is invalid: ${from} ${fromRow + 1} refers to ${this.table} ${id}, which does not exist.`
      );
    }
    return row;
  }
}

class PprofDecoder {
  private strings: string[] = [];
  private readonly sampleTypes: Array<{ type: number; unit: number }> = [];
  private readonly comments: number[] = [];
  private periodType: { type: number; unit: number } | undefined;
  /** Rows of the locations of one sample, the leaf first. */
  private locations = new Uint32Array(128);
  private header = { period: 0, durationNanos: 0, timeNanos: 0n, drop: 0, keep: 0, defaultType: 0, doc: 0 };

  constructor(
    private readonly reader: WireReader,
    private readonly counts: Counts
  ) {}

  decode(): Profile {
    const { reader, counts } = this;
    const rows = counts.fields;
    const mapping = {
      length: rows[Field.mapping],
      start: new BigUint64Array(rows[Field.mapping]),
      limit: new BigUint64Array(rows[Field.mapping]),
      offset: new BigUint64Array(rows[Field.mapping]),
      filename: new Uint32Array(rows[Field.mapping]),
      buildId: new Uint32Array(rows[Field.mapping]),
      flags: new Uint8Array(rows[Field.mapping]),
    };
    const location = {
      length: rows[Field.location],
      address: new BigUint64Array(rows[Field.location]),
      mapping: new Int32Array(rows[Field.location]).fill(-1),
      lineOffset: new Uint32Array(rows[Field.location] + 1),
      isFolded: new Uint8Array(rows[Field.location]),
    };
    const line = {
      length: counts.lines,
      function: new Int32Array(counts.lines).fill(-1),
      line: new Float64Array(counts.lines),
      column: new Float64Array(counts.lines),
    };
    const func = {
      length: rows[Field.function],
      name: new Uint32Array(rows[Field.function]),
      systemName: new Uint32Array(rows[Field.function]),
      filename: new Uint32Array(rows[Field.function]),
      startLine: new Float64Array(rows[Field.function]),
    };
    const addressWords = wordsOf(location.address);
    const mappingIds = new IdMap('mapping', mapping.length);
    const locationIds = new IdMap('location', location.length);
    const functionIds = new IdMap('function', func.length);
    const starts = new Uint32Array(rows[Field.string]);
    const ends = new Uint32Array(rows[Field.string]);

    // References between the tables may point forward, so the ids are kept until all tables are read.
    const locationMappingIds: Array<number | bigint> = new Array(location.length).fill(0);
    const lineFunctionIds: Array<number | bigint> = new Array(line.length).fill(0);

    let mappingRow = 0;
    let locationRow = 0;
    let lineRow = 0;
    let functionRow = 0;
    let stringRow = 0;

    const messageEnd = reader.end;
    reader.pos = 0;
    while (reader.pos < messageEnd) {
      const tag = reader.uvarint();
      const field = tag >>> 3;
      if ((tag & 7) === 2 && field <= Field.string && field !== Field.sample) {
        const end = reader.fieldEnd();
        reader.end = end;
        if (field === Field.string) {
          starts[stringRow] = reader.pos;
          ends[stringRow++] = end;
        } else if (field === Field.location) {
          let id: number | bigint = 0;
          location.lineOffset[locationRow] = lineRow;
          while (reader.pos < end) {
            const inner = reader.uvarint();
            if (inner === 0x08) {
              id = reader.id();
            } else if (inner === 0x10) {
              locationMappingIds[locationRow] = reader.id();
            } else if (inner === 0x18) {
              reader.uint64Into(addressWords, locationRow);
            } else if (inner === 0x22) {
              const lineEnd = reader.fieldEnd();
              reader.end = lineEnd;
              while (reader.pos < lineEnd) {
                const lineTag = reader.uvarint();
                if (lineTag === 0x08) {
                  lineFunctionIds[lineRow] = reader.id();
                } else if (lineTag === 0x10) {
                  line.line[lineRow] = reader.varint();
                } else if (lineTag === 0x18) {
                  line.column[lineRow] = reader.varint();
                } else {
                  reader.skip(lineTag);
                }
              }
              reader.end = end;
              lineRow++;
            } else if (inner === 0x28) {
              location.isFolded[locationRow] = reader.varint() ? 1 : 0;
            } else {
              reader.skip(inner);
            }
          }
          locationIds.set(id, locationRow++);
        } else if (field === Field.function) {
          let id: number | bigint = 0;
          while (reader.pos < end) {
            const inner = reader.uvarint();
            if (inner === 0x08) {
              id = reader.id();
            } else if (inner === 0x10) {
              func.name[functionRow] = reader.uvarint();
            } else if (inner === 0x18) {
              func.systemName[functionRow] = reader.uvarint();
            } else if (inner === 0x20) {
              func.filename[functionRow] = reader.uvarint();
            } else if (inner === 0x28) {
              func.startLine[functionRow] = reader.varint();
            } else {
              reader.skip(inner);
            }
          }
          functionIds.set(id, functionRow++);
        } else if (field === Field.mapping) {
          mappingIds.set(this.readMapping(mapping, mappingRow, end), mappingRow);
          mappingRow++;
        } else {
          this.sampleTypes.push(this.readValueType(end));
        }
        reader.pos = end;
        reader.end = messageEnd;
      } else if (tag === sampleTag) {
        reader.skip(tag);
        reader.pos = counts.samples.areAlone ? counts.samples.end : reader.pos;
      } else {
        this.readHeader(tag);
      }
    }
    location.lineOffset[locationRow] = lineRow;

    const { strings, firstRow } = readStrings(reader.bytes, starts, ends);
    this.strings = strings;
    if (this.strings.length === 0 || this.strings[0] !== '') {
      throw new InputError('The profile is invalid: its string table does not start with the empty string.');
    }
    for (let i = 0; i < location.length; i++) {
      const id = locationMappingIds[i];
      location.mapping[i] = id === 0 ? -1 : mappingIds.get(id, 'location', i);
    }
    for (let i = 0; i < line.length; i++) {
      const id = lineFunctionIds[i];
      line.function[i] = id === 0 ? -1 : functionIds.get(id, 'line', i);
    }

    const samples = this.readSamples(locationIds);
    const textColumns: Uint32Array[] = [func.name, func.systemName, func.filename, mapping.filename, mapping.buildId];
    textColumns.push(samples.label.key, samples.label.str, samples.label.unit);
    this.checkText(textColumns, firstRow);

    return Object.freeze({
      strings: this.strings,
      sampleTypes: this.sampleTypes.map((t) => this.valueType(t)),
      defaultSampleType: this.text(this.header.defaultType),
      periodType: this.periodType && this.valueType(this.periodType),
      period: this.header.period,
      timeNanos: this.header.timeNanos,
      durationNanos: this.header.durationNanos,
      comments: this.comments.map((row) => this.text(row)),
      docUrl: this.text(this.header.doc),
      dropFrames: this.text(this.header.drop),
      keepFrames: this.text(this.header.keep),
      notices: [],
      ...samples,
      location,
      line,
      function: func,
      mapping,
    });
  }

  private readSamples(locationIds: IdMap): Pick<Profile, 'sample' | 'stack' | 'label' | 'labelSet'> {
    const { reader } = this;
    const { bytes } = reader;
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = this.counts.fields[Field.sample];
    const types = this.sampleTypes.length;
    // A value takes a byte at least: a small file that says otherwise would take gigabytes of memory.
    const sampleBytes = this.counts.samples.end - this.counts.samples.start;
    if (types * length > sampleBytes) {
      throw new InputError(
        `The profile is invalid: ${length} samples of ${types} values each cannot be in ${Math.max(0, sampleBytes)} bytes.`
      );
    }
    const values = Array.from({ length: types }, () => new Float64Array(length));
    const stack = new Uint32Array(length);
    const labelSet = new Uint32Array(length);
    const labels = new LabelReader(bytes);
    const stacks = pathInterner(length * 4);
    const { dense } = locationIds;

    // The ids of the sample before, and the stack row of each of its frames from the root on. Samples that follow each
    // other mostly share their callers, whose ids are the last bytes: what is equal there is not decoded again.
    let lastStart = 0;
    let lastStop = 0;
    let lastRows = new Uint32Array(128);

    // Nearly all of a profile is its samples, so this walks with a position of its own and reads tags, lengths and numbers
    // of a byte or two itself; the reader takes the others.
    const { start: firstSample, end: samplesEnd } = this.counts.samples;
    let pos = firstSample;
    for (let row = 0; pos < samplesEnd;) {
      let tag = bytes[pos++];
      if (tag !== sampleTag) {
        reader.pos = pos - 1;
        reader.end = samplesEnd;
        tag = reader.uvarint();
        pos = reader.pos;
      }
      if (tag !== sampleTag) {
        reader.skip(tag);
        pos = reader.pos;
        continue;
      }
      const end = this.fieldEnd(pos, samplesEnd);
      pos = this.fieldStart(pos);
      let start = 0;
      let stop = 0;
      let depth = 0;
      let valueCount = 0;
      let labelsStart = 0;
      let labelsStop = 0;
      while (pos < end) {
        const at = pos;
        let inner = bytes[pos++];
        if (inner >= 0x80) {
          reader.pos = at;
          reader.end = end;
          inner = reader.uvarint();
          pos = reader.pos;
        }
        if (inner === 0x0a) {
          if (start !== 0) {
            // Ids in more than one field, which no writer is known to do, are read one by one.
            depth = this.readIds(start, stop, depth, locationIds, row);
          }
          stop = this.fieldEnd(pos, end);
          start = this.fieldStart(pos);
          pos = stop;
        } else if (inner === 0x12) {
          const valuesEnd = this.fieldEnd(pos, end);
          pos = this.fieldStart(pos);
          while (pos < valuesEnd) {
            let value = bytes[pos];
            if (value < 0x80) {
              pos++;
            } else {
              reader.pos = pos;
              reader.end = valuesEnd;
              value = reader.varint();
              pos = reader.pos;
            }
            if (valueCount < types) {
              values[valueCount][row] = value;
            }
            valueCount++;
          }
        } else if (inner === 0x1a) {
          if (at !== labelsStop) {
            // Apart from the labels before, which no writer is known to do.
            labels.addApart(labelsStart, labelsStop);
            labelsStart = at;
          }
          labelsStop = this.fieldEnd(pos, end);
          pos = labelsStop;
        } else {
          reader.pos = pos;
          reader.end = end;
          if (inner === 0x08) {
            if (start !== 0) {
              depth = this.readIds(start, stop, depth, locationIds, row);
              start = 0;
            }
            const idStart = reader.pos;
            reader.id();
            depth = this.readIds(idStart, reader.pos, depth, locationIds, row);
          } else if (inner === 0x10) {
            const value = reader.varint();
            if (valueCount < types) {
              values[valueCount][row] = value;
            }
            valueCount++;
          } else {
            reader.skip(inner);
          }
          pos = reader.pos;
        }
      }
      if (valueCount !== types) {
        throw new InputError(
          `The profile is invalid: sample ${row + 1} has ${valueCount} values, the profile has ${types} sample types.`
        );
      }

      let leaf = 0;
      let shared = 0;
      if (depth > 0) {
        depth = start === 0 ? depth : this.readIds(start, stop, depth, locationIds, row);
        lastStart = lastStop = 0;
        for (const { locations } = this; depth > 0;) {
          leaf = stacks.intern(leaf, locations[--depth]);
        }
      } else if (start < stop) {
        if (bytes[stop - 1] >= 0x80) {
          this.readIds(start, stop, 0, locationIds, row); // It says that the field ends inside an id.
        }
        let at = stop;
        let last = lastStop;
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
        leaf = shared === 0 ? 0 : lastRows[shared - 1];
        if (shared + at - start > lastRows.length) {
          lastRows = doubled(lastRows, shared + at - start);
        }
        // From the root on, so the bytes are read backwards. Nearly all ids are of one to three.
        while (at > start) {
          const idEnd = at;
          let id = bytes[--at];
          while (at > start && bytes[at - 1] >= 0x80 && idEnd - at < 4) {
            id = (id << 7) | (bytes[--at] & 0x7f);
          }
          let location = dense[id];
          if (!(location >= 0) || (at > start && bytes[at - 1] >= 0x80)) {
            while (at > start && bytes[at - 1] >= 0x80) {
              at--;
            }
            reader.pos = at;
            reader.end = idEnd;
            location = locationIds.get(reader.id(), 'sample', row);
          }
          leaf = stacks.intern(leaf, location);
          lastRows[shared++] = leaf;
        }
        lastStart = start;
        lastStop = stop;
      }
      stack[row] = leaf;
      labelSet[row] = labels.setOf(labelsStart, labelsStop);
      row++;
      pos = end;
    }
    const { length: rows, first: parent, second: location } = stacks.finish();
    return {
      sample: { length, values, stack, labelSet },
      stack: { length: rows, parent, location },
      ...labels.finish(),
    };
  }

  /** The start of the field whose end fieldEnd gave last: behind its length, of one byte or as far as the reader went. */
  private fieldStart(at: number): number {
    return this.reader.bytes[at] < 0x80 ? at + 1 : this.reader.pos;
  }

  /** The end of a field whose length is at `at`; where that is of more than one byte, `reader.pos` is behind it. */
  private fieldEnd(at: number, end: number): number {
    const { reader } = this;
    const length = reader.bytes[at];
    if (length < 0x80 && at + 1 + length <= end) {
      return at + 1 + length;
    }
    reader.pos = at;
    reader.end = end;
    return reader.fieldEnd();
  }

  /** Location ids from `start` to `stop` → rows in `locations`, from `depth` on. @returns the depth with them */
  private readIds(start: number, stop: number, depth: number, locationIds: IdMap, row: number): number {
    const { reader } = this;
    if (depth + stop - start > this.locations.length) {
      this.locations = doubled(this.locations, depth + stop - start);
    }
    const resume = reader.pos;
    reader.pos = start;
    reader.end = stop;
    while (reader.pos < stop) {
      this.locations[depth++] = locationIds.get(reader.id(), 'sample', row);
    }
    reader.pos = resume;
    return depth;
  }

  private readMapping(mapping: Profile['mapping'], row: number, end: number): number | bigint {
    const { reader } = this;
    let id: number | bigint = 0;
    while (reader.pos < end) {
      const tag = reader.uvarint();
      if ((tag & 7) !== 0) {
        reader.skip(tag);
        continue;
      }
      const field = tag >>> 3;
      if (field === 1) {
        id = reader.id();
      } else if (field === 2) {
        mapping.start[row] = reader.uint64();
      } else if (field === 3) {
        mapping.limit[row] = reader.uint64();
      } else if (field === 4) {
        mapping.offset[row] = reader.uint64();
      } else if (field === 5) {
        mapping.filename[row] = reader.uvarint();
      } else if (field === 6) {
        mapping.buildId[row] = reader.uvarint();
      } else if (field >= 7 && field <= 10) {
        const flag = [MappingFlag.functions, MappingFlag.filenames, MappingFlag.lineNumbers, MappingFlag.inlineFrames];
        mapping.flags[row] |= reader.varint() ? flag[field - 7] : 0;
      } else {
        reader.skip(tag);
      }
    }
    return id;
  }

  private readValueType(end: number): { type: number; unit: number } {
    const { reader } = this;
    const value = { type: 0, unit: 0 };
    while (reader.pos < end) {
      const tag = reader.uvarint();
      if (tag === 0x08) {
        value.type = reader.uvarint();
      } else if (tag === 0x10) {
        value.unit = reader.uvarint();
      } else {
        reader.skip(tag);
      }
    }
    return value;
  }

  /** Top-level fields that are not tables. */
  private readHeader(tag: number): void {
    const { reader, header } = this;
    switch (tag) {
      case (Field.dropFrames << 3) | 0:
        header.drop = reader.uvarint();
        break;
      case (Field.keepFrames << 3) | 0:
        header.keep = reader.uvarint();
        break;
      case (Field.timeNanos << 3) | 0:
        header.timeNanos = BigInt.asIntN(64, reader.uint64());
        break;
      case (Field.durationNanos << 3) | 0:
        header.durationNanos = reader.varint();
        break;
      case (Field.periodType << 3) | 2: {
        const messageEnd = reader.end;
        const end = reader.fieldEnd();
        reader.end = end;
        this.periodType = this.readValueType(end);
        reader.end = messageEnd;
        break;
      }
      case (Field.period << 3) | 0:
        header.period = reader.varint();
        break;
      case (Field.comment << 3) | 0:
        this.comments.push(reader.uvarint());
        break;
      case (Field.comment << 3) | 2: {
        const end = reader.fieldEnd();
        while (reader.pos < end) {
          this.comments.push(reader.uvarint());
        }
        break;
      }
      case (Field.defaultSampleType << 3) | 0:
        header.defaultType = reader.uvarint();
        break;
      case (Field.docUrl << 3) | 0:
        header.doc = reader.uvarint();
        break;
      default:
        reader.skip(tag);
    }
  }

  private text(row: number): string {
    if (row >= this.strings.length || row < 0) {
      throw new InputError(
        `The profile is invalid: it refers to string ${row}, its string table has ${this.strings.length}.`
      );
    }
    return this.strings[row];
  }

  private valueType({ type, unit }: { type: number; unit: number }): ValueType {
    return { type: this.text(type), unit: this.text(unit) };
  }

  /** Every text reference exists and, where the writer repeated a string, names its first row. */
  private checkText(columns: readonly Uint32Array[], firstRow: Uint32Array | undefined): void {
    const count = this.strings.length;
    for (const column of columns) {
      for (let i = 0; i < column.length; i++) {
        if (column[i] >= count) {
          this.text(column[i]);
        }
        if (firstRow) {
          column[i] = firstRow[column[i]];
        }
      }
    }
  }
}

function doubled(column: Uint32Array, atLeast = 0): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(Math.max(column.length * 2, atLeast));
  grown.set(column);
  return grown;
}
