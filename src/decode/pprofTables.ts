import { MappingFlag, type Profile } from '../profile/profile';
import { wordsOf } from '../profile/words64';
import { IdMap } from './pprofIds';
import type { WireReader } from './wire';

/** Tag of a line in a location's message. */
export const lineTag = 0x22;

/** Rows of each table, of which columns are made once at their size. */
export interface TableSizes {
  readonly mapping: number;
  readonly location: number;
  readonly line: number;
  readonly function: number;
  readonly string: number;
}

/** Reads the messages of mappings, locations, functions and strings into columns, in the order in which they come. */
export class TableReader {
  readonly mapping: Profile['mapping'];
  readonly location: Profile['location'];
  readonly line: Profile['line'];
  readonly function: Profile['function'];
  readonly locationIds: IdMap;
  /** Where each string lies in the file. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;

  private readonly mappingIds: IdMap;
  private readonly functionIds: IdMap;
  // References between the tables may point forward, so the ids are kept until all tables are read.
  private readonly locationMappingIds: Array<number | bigint>;
  private readonly lineFunctionIds: Array<number | bigint>;
  private readonly addressWords: Uint32Array;

  private mappingRow = 0;
  private locationRow = 0;
  private lineRow = 0;
  private functionRow = 0;
  private stringRow = 0;

  constructor(
    private readonly reader: WireReader,
    sizes: TableSizes
  ) {
    this.mapping = mappingTable(sizes.mapping);
    this.location = locationTable(sizes.location);
    this.line = lineTable(sizes.line);
    this.function = functionTable(sizes.function);
    this.mappingIds = new IdMap('mapping', sizes.mapping);
    this.locationIds = new IdMap('location', sizes.location);
    this.functionIds = new IdMap('function', sizes.function);
    this.starts = new Uint32Array(sizes.string);
    this.ends = new Uint32Array(sizes.string);
    this.locationMappingIds = new Array(sizes.location).fill(0);
    this.lineFunctionIds = new Array(sizes.line).fill(0);
    this.addressWords = wordsOf(this.location.address);
  }

  // Each reads the message from the reader's position to `end`, which is the reader's end as well.

  readString(end: number): void {
    this.starts[this.stringRow] = this.reader.pos;
    this.ends[this.stringRow++] = end;
  }

  readMapping(end: number): void {
    const { reader, mapping, mappingRow: row } = this;
    let id: number | bigint = 0;
    while (reader.pos < end) {
      const tag = reader.uvarint();
      const field = tag >>> 3;
      if ((tag & 7) !== 0 || field > 10) {
        reader.skip(tag);
      } else if (field === 1) {
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
      } else if (field >= 7) {
        mapping.flags[row] |= reader.int64() ? mappingFlags[field - 7] : 0;
      } else {
        reader.skip(tag);
      }
    }
    this.mappingIds.set(id, this.mappingRow++);
  }

  readLocation(end: number): void {
    const { reader, location, locationRow: row } = this;
    let id: number | bigint = 0;
    location.lineOffset[row] = this.lineRow;
    while (reader.pos < end) {
      const tag = reader.uvarint();
      if (tag === 0x08) {
        id = reader.id();
      } else if (tag === 0x10) {
        this.locationMappingIds[row] = reader.id();
      } else if (tag === 0x18) {
        reader.uint64Into(this.addressWords, row);
      } else if (tag === lineTag) {
        reader.end = reader.fieldEnd();
        this.readLine(reader.end);
        reader.end = end;
      } else if (tag === 0x28) {
        location.isFolded[row] = reader.int64() ? 1 : 0;
      } else {
        reader.skip(tag);
      }
    }
    this.locationIds.set(id, this.locationRow++);
  }

  readFunction(end: number): void {
    const { reader, function: func, functionRow: row } = this;
    let id: number | bigint = 0;
    while (reader.pos < end) {
      const tag = reader.uvarint();
      if (tag === 0x08) {
        id = reader.id();
      } else if (tag === 0x10) {
        func.name[row] = reader.uvarint();
      } else if (tag === 0x18) {
        func.systemName[row] = reader.uvarint();
      } else if (tag === 0x20) {
        func.filename[row] = reader.uvarint();
      } else if (tag === 0x28) {
        func.startLine[row] = reader.int64();
      } else {
        reader.skip(tag);
      }
    }
    this.functionIds.set(id, this.functionRow++);
  }

  /**
   * Turns ids into rows, once all tables are read. A mapping that is not there is none, as in pprof (profile/encode.go, postDecode).
   * @returns how many locations name such a mapping
   * @throws InputError for a function's id that is not there
   */
  resolve(): number {
    const { location, line, mappingIds, functionIds, locationMappingIds, lineFunctionIds } = this;
    location.lineOffset[this.locationRow] = this.lineRow;
    let missing = 0;
    for (let i = 0; i < location.length; i++) {
      const id = locationMappingIds[i];
      location.mapping[i] = id === 0 ? -1 : mappingIds.find(id);
      missing += id !== 0 && location.mapping[i] < 0 ? 1 : 0;
    }
    for (let i = 0; i < line.length; i++) {
      const id = lineFunctionIds[i];
      line.function[i] = id === 0 ? -1 : functionIds.get(id, 'line', i);
    }
    return missing;
  }

  private readLine(end: number): void {
    const { reader, line, lineRow: row } = this;
    while (reader.pos < end) {
      const tag = reader.uvarint();
      if (tag === 0x08) {
        this.lineFunctionIds[row] = reader.id();
      } else if (tag === 0x10) {
        line.line[row] = reader.int64();
      } else if (tag === 0x18) {
        line.column[row] = reader.int64();
      } else {
        reader.skip(tag);
      }
    }
    this.lineRow++;
  }
}

/** Of the fields of a mapping from 7 on. */
const mappingFlags = [
  MappingFlag.functions,
  MappingFlag.filenames,
  MappingFlag.lineNumbers,
  MappingFlag.inlineFrames,
] as const;

const mappingTable = (length: number): Profile['mapping'] => ({
  length,
  start: new BigUint64Array(length),
  limit: new BigUint64Array(length),
  offset: new BigUint64Array(length),
  filename: new Uint32Array(length),
  buildId: new Uint32Array(length),
  flags: new Uint8Array(length),
});

const locationTable = (length: number): Profile['location'] => ({
  length,
  address: new BigUint64Array(length),
  mapping: new Int32Array(length).fill(-1),
  lineOffset: new Uint32Array(length + 1),
  isFolded: new Uint8Array(length),
});

const lineTable = (length: number): Profile['line'] => ({
  length,
  function: new Int32Array(length).fill(-1),
  line: new Float64Array(length),
  column: new Float64Array(length),
});

const functionTable = (length: number): Profile['function'] => ({
  length,
  name: new Uint32Array(length),
  systemName: new Uint32Array(length),
  filename: new Uint32Array(length),
  startLine: new Float64Array(length),
});
