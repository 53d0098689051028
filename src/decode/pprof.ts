import type { LabelTable, Profile, ValueType } from '../profile/profile';
import { InputError } from '../text/notice';
import { memoryLeft } from './memory';
import { SampleReader, sampleTag } from './pprofSamples';
import { lineTag, TableReader } from './pprofTables';
import { pprofNotices } from './pprofNotices';
import { readStrings } from './strings';
import { WireReader } from './wire';

/** Field numbers of a profile's message in profile.proto (github.com/google/pprof/blob/main/proto/profile.proto). */
export const Field = {
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
  return new PprofDecoder(reader, counts, leftForSamples(bytes.length, counts)).decode();
}

/**
 * What the tables leave for stacks and labels, in bytes.
 * @throws InputError where the file has more than fits, or more samples than its bytes
 */
function leftForSamples(held: number, { fields, sizes, lines, samples }: Counts): number {
  const types = fields[Field.sampleType];
  const length = fields[Field.sample];
  const space = samples.end - samples.start;
  // A value takes a byte at least: a small file that says otherwise would take gigabytes of memory.
  if (types * length > space) {
    throw new InputError(
      `The profile is invalid: ${length} samples of ${types} values each cannot be in ${Math.max(0, space)} bytes.`
    );
  }
  // Ids that are not numbered from 1 are in a Map, hence more than the columns.
  return memoryLeft(held, [
    [fields[Field.string], 'strings', 160],
    [sizes[Field.string], 'bytes of strings', 3],
    [fields[Field.location], 'locations', 110],
    [lines, 'lines', 40],
    [fields[Field.function], 'functions', 110],
    [fields[Field.mapping], 'mappings', 150],
    [length, 'samples', 8 * types + 24],
    [types, 'sample types', 500],
    [sizes[Field.comment], 'bytes of comments', 30],
  ]);
}

interface Counts {
  /** How often each top-level message or string occurs, by field number. */
  readonly fields: Uint32Array;
  /** The bytes that each top-level field takes in all, by field number. */
  readonly sizes: Float64Array;
  readonly lines: number;
  /** The bytes from the first sample to the last; writers put nothing else there. */
  readonly samples: { readonly start: number; readonly end: number; readonly areAlone: boolean };
}

function countFields(reader: WireReader): Counts {
  const fields = new Uint32Array(16);
  const sizes = new Float64Array(16);
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
        lines += inner === lineTag ? 1 : 0;
        reader.skip(inner);
      }
      reader.pos = end;
    } else {
      reader.skip(tag);
    }
    if (field < 16) {
      sizes[field] += reader.pos - at;
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
  return { fields, sizes, lines, samples };
}

class PprofDecoder {
  private strings: string[] = [];
  private readonly sampleTypes: Array<{ type: number; unit: number }> = [];
  private readonly comments: number[] = [];
  private periodType: { type: number; unit: number } | undefined;
  private header = { period: 0, durationNanos: 0, timeNanos: 0n, drop: 0, keep: 0, defaultType: 0, doc: 0 };
  private readonly tables: TableReader;

  constructor(
    private readonly reader: WireReader,
    private readonly counts: Counts,
    private readonly memory: number
  ) {
    const { fields, lines } = counts;
    this.tables = new TableReader(reader, {
      mapping: fields[Field.mapping],
      location: fields[Field.location],
      line: lines,
      function: fields[Field.function],
      string: fields[Field.string],
    });
  }

  decode(): Profile {
    const { counts, reader, tables } = this;
    this.readTables();
    const { strings, firstRow } = readStrings(reader.bytes, tables.starts, tables.ends);
    if (strings.length === 0 || strings[0] !== '') {
      throw new InputError('The profile is invalid: its string table does not start with the empty string.');
    }
    this.strings = strings;
    const unmapped = tables.resolve();
    const span = {
      ...counts.samples,
      length: counts.fields[Field.sample],
      types: this.sampleTypes.length,
      memory: this.memory,
    };
    const sampleReader = new SampleReader(reader, span, tables.locationIds);
    const { wideNumbers, ...samples } = sampleReader.read();
    const { location, line, function: func, mapping } = tables;
    const textColumns: Uint32Array[] = [func.name, func.systemName, func.filename, mapping.filename, mapping.buildId];
    const { label } = samples;
    // A number's text is no row of the file's.
    const texts = wideNumbers.length === 0 ? label.str : label.str.map((row, i) => (label.isNumeric[i] ? 0 : row));
    textColumns.push(label.key, texts, label.unit);
    this.checkText(textColumns, firstRow);
    const header = this.texts(sampleReader.isInexact);
    return Object.freeze({
      strings,
      ...header,
      notices: pprofNotices(header, unmapped),
      ...samples,
      label: wideNumbers.length === 0 ? label : { ...label, str: this.withWideNumbers(label, texts, wideNumbers) },
      location,
      line,
      function: func,
      mapping,
    });
  }

  /** Everything but the samples. */
  private readTables(): void {
    const { reader, counts } = this;
    const messageEnd = reader.end;
    reader.pos = 0;
    while (reader.pos < messageEnd) {
      const tag = reader.uvarint();
      const field = tag >>> 3;
      if ((tag & 7) === 2 && field <= Field.string && field !== Field.sample) {
        const end = reader.fieldEnd();
        reader.end = end;
        this.readTable(field, end);
        reader.pos = end;
        reader.end = messageEnd;
      } else if (tag === sampleTag) {
        reader.skip(tag);
        reader.pos = counts.samples.areAlone ? counts.samples.end : reader.pos;
      } else {
        this.readHeader(tag);
      }
    }
  }

  private readTable(field: number, end: number): void {
    const { tables } = this;
    if (field === Field.string) {
      tables.readString(end);
    } else if (field === Field.location) {
      tables.readLocation(end);
    } else if (field === Field.function) {
      tables.readFunction(end);
    } else if (field === Field.mapping) {
      tables.readMapping(end);
    } else {
      this.sampleTypes.push(this.readValueType(end));
    }
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
        header.durationNanos = reader.int64();
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
        header.period = reader.int64();
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

  /** Puts the texts of numbers beyond ±2^53 behind the file's strings. @returns rows of `strings` */
  private withWideNumbers(
    { length, isNumeric, str }: LabelTable,
    texts: Uint32Array,
    wideNumbers: readonly string[]
  ): Uint32Array {
    const known = new Map(this.strings.map((text, row) => [text, row]));
    const rows = wideNumbers.map((digits) => known.get(digits) ?? this.strings.push(digits) - 1);
    for (let i = 0; i < length; i++) {
      texts[i] = isNumeric[i] && str[i] > 0 ? rows[str[i] - 1] : texts[i];
    }
    return texts;
  }

  /** The header, its rows of strings resolved. @param isInexact for each sample type */
  private texts(isInexact: readonly boolean[]) {
    const { header } = this;
    return {
      sampleTypes: this.sampleTypes.map((type, t): ValueType => ({
        ...this.valueType(type),
        ...(isInexact[t] && { isInexact: true }),
      })),
      defaultSampleType: this.text(header.defaultType),
      periodType: this.periodType && this.valueType(this.periodType),
      period: header.period,
      timeNanos: header.timeNanos,
      durationNanos: header.durationNanos,
      comments: this.comments.map((row) => this.text(row)),
      docUrl: this.text(header.doc),
      dropFrames: this.text(header.drop),
      keepFrames: this.text(header.keep),
    };
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
