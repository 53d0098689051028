import { grown } from '../profile/grown';
import { PairInterner, pathInterner } from '../profile/interner';
import { LabelSetBuilder } from '../profile/labelSets';
import type { Profile, ValueType } from '../profile/profile';
import { InputError } from '../text/notice';
import { lowWord, wordsOf } from '../profile/words64';
import { mergeHeaders, type Header } from './header';
import { keepSamples } from './samples';
import { scaleColumns } from './scale';

/** One profile out of several, as pprof's Merge does. @throws InputError where they have no sample type in common */
export function merge(profiles: readonly Profile[]): Profile {
  const builder = new MergeBuilder();
  for (const profile of profiles) {
    builder.add(profile);
  }
  return builder.finish();
}

/** What a profile has beside its header. */
type Tables = Pick<
  Profile,
  'strings' | 'sample' | 'stack' | 'location' | 'line' | 'function' | 'mapping' | 'labelSet' | 'label'
>;

/** A row of the table of mappings; `file` and `build` are rows of strings. */
interface Mapping {
  readonly start: bigint;
  readonly limit: bigint;
  readonly offset: bigint;
  readonly file: number;
  readonly build: number;
  readonly flags: number;
}

/**
 * A run of profiles merged, to be joined with those before it: plain data, which moves between threads. All is in the order of its
 * first appearance, and nothing is left out that a profile before or after it may give a value.
 */
export interface MergePart {
  readonly tables: Tables;
  /** Of each profile: times and periods of several cannot be combined in any order. */
  readonly headers: readonly Header[];
  /** The first mapping of the first profile. */
  readonly program: Mapping | undefined;
  /** What the largest sum was, without its sign. */
  readonly largest: number;
  /** The profiles differ in sample types, so that those before them decide what a sample is. */
  readonly isMixed: boolean;
}

/** Of a text beside its characters, in the table and the map of rows. */
const bytesOfText = 64;
/** An address is a bigint. */
const bytesOfLocation = 64;

/** Up to here whole numbers add up to the same in any order. */
const mostExact = 2 ** 53 - 1;

/**
 * Merges profiles one at a time, so that no caller has to hold them all. What is the same in two profiles (google/pprof
 * profile/merge.go: functions by names and start, mappings by size, offset and build id, locations by offset in their
 * mapping and lines, samples by stack and labels) becomes one row; values add up; samples without any value are dropped,
 * and so are those whose values come to nothing.
 *
 * Identity is found by chains of number pairs, so merging allocates next to nothing per profile.
 *
 * Runs of profiles may be merged apart, each by a builder that `isPart`, and joined in their order: the outcome is that of
 * one builder to the bit.
 */
export class MergeBuilder {
  /** Profiles that were added, those of parts included. */
  count = 0;
  private readonly strings: string[] = [''];
  private characters = 0;
  private readonly stringRows = new Map<string, number>([['', 0]]);
  private readonly mappings = new Map<string, number>();
  private readonly mappingFields: Mapping[] = [];

  // One interner for each kind of pair, so that no two kinds can be taken for each other.
  private readonly functionNames = new PairInterner();
  private readonly functionPlaces = new PairInterner();
  private readonly functionKeys = new PairInterner();
  private readonly functionRowOfKey: number[] = [];
  private readonly functionFields = {
    name: [] as number[],
    systemName: [] as number[],
    filename: [] as number[],
    startLine: [] as number[],
  };

  private readonly addresses = new PairInterner(8192);
  private readonly places = new PairInterner(8192);
  private readonly functionLines = new PairInterner(8192);
  private readonly lineColumns = new PairInterner(8192);
  private readonly lineChains = new PairInterner(8192);
  private readonly locationRowOfKey: number[] = [];
  private readonly locationFields = {
    address: [] as bigint[],
    mapping: [] as number[],
    isFolded: [] as number[],
    lineOffset: [0],
  };
  private readonly lineFields = { function: [] as number[], line: [] as number[], column: [] as number[] };

  /** Rows of line numbers and the like that are no small numbers: they have 64 bits, an interner takes 32. */
  private readonly wideNumbers = new Map<number, number>();

  private readonly stacks = pathInterner(8192);
  private readonly labels = new LabelSetBuilder();
  private readonly samples = new PairInterner(8192);
  private values: Float64Array[] = [];

  private largest = 0;

  private header: Header | undefined;
  /** Of a part. */
  private readonly headers: Header[] = [];
  private program: Mapping | undefined;
  private isMixed = false;

  /** @param isPart others come before these, of which only `joinPart` knows */
  constructor(private readonly isPart = false) {}

  /** Bytes of its tables, about. */
  get bytes(): number {
    const interners = [
      this.functionNames,
      this.functionPlaces,
      this.functionKeys,
      this.addresses,
      this.places,
      this.functionLines,
      this.lineColumns,
      this.lineChains,
      this.stacks,
      this.samples,
      this.labels,
    ];
    const { functionFields, locationFields, lineFields, locationRowOfKey, functionRowOfKey } = this;
    return (
      interners.reduce((sum, { bytes }) => sum + bytes, 0) +
      this.values.reduce((sum, { byteLength }) => sum + byteLength, 0) +
      this.characters +
      bytesOfText * this.strings.length +
      8 * (4 * functionFields.name.length + functionRowOfKey.length + locationRowOfKey.length) +
      bytesOfLocation * locationFields.address.length +
      24 * lineFields.line.length
    );
  }

  /** @throws InputError where the profile is of another kind than those before */
  add(profile: Profile): void {
    const columns = this.addHeader(profile);
    const program = profile.mapping.length > 0 ? 0 : undefined;
    if (program !== undefined && this.isPart && this.count === 1) {
      this.program = mappingOf(profile, program, this.remapStrings(profile));
    }
    const { stacks, labelSets } = this.remap(profile, this.isPart ? undefined : program);
    const { sample } = profile;
    this.values = this.values.map((sums) => withRows(sums, this.samples.length + sample.length));
    const { values } = this;
    let { largest } = this;
    for (let i = 0; i < sample.length; i++) {
      let t = 0;
      while (t < columns.length && columns[t][i] === 0) {
        t++;
      }
      if (t < columns.length) {
        const row = this.samples.intern(stacks[sample.stack[i]], labelSets[sample.labelSet[i]]);
        for (; t < columns.length; t++) {
          const sum = (values[t][row] += columns[t][i]);
          if (sum > largest || -sum > largest) {
            largest = Math.abs(sum);
          }
        }
      }
    }
    this.largest = largest;
  }

  /**
   * Adds profiles that were merged apart and come after those added so far, as if they were added one by one.
   * @returns false where that would not be the same, and nothing was added: they have to be added one by one
   */
  joinPart(part: MergePart): boolean {
    const { tables, headers, largest } = part;
    if (headers.length === 0) {
      return true;
    }
    const types = (this.header ?? headers[0]).sampleTypes;
    if (part.isMixed || this.largest + largest > mostExact || !areSame(types, headers[0].sampleTypes)) {
      return false;
    }
    try {
      this.header = headers.reduce(combined, this.header);
    } catch {
      return false; // One by one, those of another kind are left out.
    }
    this.count += headers.length;
    if (this.values.length === 0) {
      this.values = types.map(() => new Float64Array(4096));
    }
    const strings = this.remapStrings(tables);
    if (this.mappingFields.length === 0 && part.program) {
      const { file, build, ...program } = part.program;
      this.internMapping({ ...program, file: strings[file], build: strings[build] });
    }
    const { stacks, labelSets } = this.remap(tables, undefined, strings);
    const { sample } = tables;
    this.values = this.values.map((sums) => withRows(sums, this.samples.length + sample.length));
    for (let i = 0; i < sample.length; i++) {
      // Also one whose values came to nothing: a later profile may give it one.
      const row = this.samples.intern(stacks[sample.stack[i]], labelSets[sample.labelSet[i]]);
      this.values.forEach((sums, t) => (sums[row] += sample.values[t][i]));
    }
    this.largest += largest;
    return true;
  }

  /** What was added so far, to be joined with what comes before it; more may be added. */
  part(): MergePart {
    const { headers, header, program, largest, isMixed } = this;
    return {
      tables: this.tables(),
      headers: this.isPart ? headers.slice() : header ? [header] : [],
      program: this.isPart ? program : this.mappingFields[0],
      largest,
      isMixed,
    };
  }

  /** What was added so far; more may be added. @throws InputError where nothing was */
  finish(): Profile {
    const { header } = this;
    if (!header) {
      throw new InputError('There is no profile to merge.');
    }
    const merged: Profile = Object.freeze({ ...header, ...this.tables() });
    // What came to nothing, as a profile and its base do, is no sample.
    const { values } = merged.sample;
    return keepSamples(merged, (i) => values.some((column) => column[i] !== 0));
  }

  private tables(): Tables {
    const samples = this.samples.finish();
    const stacks = this.stacks.finish();
    const { mappingFields, functionFields, locationFields, lineFields } = this;
    return {
      strings: this.strings.slice(),
      sample: {
        length: samples.length,
        values: this.values.map((column) => column.slice(0, samples.length)),
        stack: Uint32Array.from(samples.first),
        labelSet: samples.second,
      },
      stack: { length: stacks.length, parent: stacks.first, location: stacks.second },
      location: {
        length: locationFields.address.length,
        address: BigUint64Array.from(locationFields.address),
        mapping: Int32Array.from(locationFields.mapping),
        lineOffset: Uint32Array.from(locationFields.lineOffset),
        isFolded: Uint8Array.from(locationFields.isFolded),
      },
      line: {
        length: lineFields.function.length,
        function: Int32Array.from(lineFields.function),
        line: Float64Array.from(lineFields.line),
        column: Float64Array.from(lineFields.column),
      },
      function: {
        length: functionFields.name.length,
        name: Uint32Array.from(functionFields.name),
        systemName: Uint32Array.from(functionFields.systemName),
        filename: Uint32Array.from(functionFields.filename),
        startLine: Float64Array.from(functionFields.startLine),
      },
      mapping: {
        length: mappingFields.length,
        start: BigUint64Array.from(mappingFields, (m) => m.start),
        limit: BigUint64Array.from(mappingFields, (m) => m.limit),
        offset: BigUint64Array.from(mappingFields, (m) => m.offset),
        filename: Uint32Array.from(mappingFields, (m) => m.file),
        buildId: Uint32Array.from(mappingFields, (m) => m.build),
        flags: Uint8Array.from(mappingFields, (m) => m.flags),
      },
      ...this.labels.finish(),
    };
  }

  /** @param program row of the mapping that comes first where there is none yet */
  private remap(tables: Tables, program: number | undefined, strings = this.remapStrings(tables)) {
    const functions = this.remapFunctions(tables, strings);
    const mappings = this.remapMappings(tables, strings, program);
    const locations = this.remapLocations(tables, functions, mappings);
    return { stacks: this.remapStacks(tables, locations), labelSets: this.remapLabelSets(tables, strings) };
  }

  /** Takes the header and gives the columns of the sample types that all profiles have so far, in their units. */
  private addHeader(profile: Profile): readonly Float64Array[] {
    const { header } = this;
    const own = headerOf(profile);
    if (!header) {
      this.header = combined(undefined, own);
      this.values = profile.sampleTypes.map(() => new Float64Array(4096));
    } else if (!areSame(header.sampleTypes, own.sampleTypes)) {
      this.isMixed = true;
    }
    const sides = header && this.takeHeader(header, own);
    this.count++;
    if (this.isPart) {
      // Only of one profile alone is there more to say than headers do.
      this.headers.push(header ? plainHeader(own) : own);
      this.headers[0] = header ? plainHeader(this.headers[0]) : own;
    }
    if (!sides) {
      return profile.sample.values;
    }
    const [sums, other] = [this.values, profile.sample.values].map((columns, side) =>
      scaleColumns(
        sides[side].rows.map((row) => columns[row]),
        sides[side].ratios
      )
    );
    this.values = [...sums];
    return other;
  }

  private takeHeader(header: Header, own: Header) {
    try {
      const merged = mergeHeaders(header, own);
      this.header = merged.header;
      return merged.sides;
    } catch (error) {
      this.isMixed = true;
      throw error;
    }
  }

  private remapStrings({ strings }: Tables): Uint32Array {
    const rows = new Uint32Array(strings.length);
    for (let i = 0; i < strings.length; i++) {
      let row = this.stringRows.get(strings[i]);
      if (row === undefined) {
        this.stringRows.set(strings[i], (row = this.strings.length));
        this.strings.push(strings[i]);
        this.characters += strings[i].length;
      }
      rows[i] = row;
    }
    return rows;
  }

  private remapFunctions({ function: func }: Tables, strings: Uint32Array): Uint32Array {
    const { functionKeys, functionFields } = this;
    const rows = new Uint32Array(func.length);
    for (let i = 0; i < func.length; i++) {
      const name = strings[func.name[i]];
      const systemName = strings[func.systemName[i]];
      const filename = strings[func.filename[i]];
      const names = this.functionNames.intern(name, systemName);
      const place = this.functionPlaces.intern(filename, this.word(func.startLine[i]));
      const key = functionKeys.intern(names, place);
      let row = this.functionRowOfKey[key];
      if (row === undefined) {
        this.functionRowOfKey[key] = row = functionFields.name.length;
        functionFields.name.push(name);
        functionFields.systemName.push(systemName);
        functionFields.filename.push(filename);
        functionFields.startLine.push(func.startLine[i]);
      }
      rows[i] = row;
    }
    return rows;
  }

  /** Those that locations are in, as they come; but the very first of all is the program, which reports name. */
  private remapMappings(tables: Tables, strings: Uint32Array, program: number | undefined): Int32Array {
    const { mapping, location } = tables;
    const rows = new Int32Array(mapping.length).fill(-1);
    const used = new Set<number>(this.mappingFields.length === 0 && program !== undefined ? [program] : []);
    for (let l = 0, last = -1; l < location.length; l++) {
      const m = location.mapping[l];
      if (m !== last && m >= 0) {
        used.add(m);
      }
      last = m;
    }
    for (const i of used) {
      rows[i] = this.internMapping(mappingOf(tables, i, strings));
    }
    return rows;
  }

  private internMapping(mapping: Mapping): number {
    const { start, limit, offset, file, build } = mapping;
    // Sizes are rounded up to a page: the same library may be mapped with a few bytes more or less. In 64 bits, so that one of
    // all addresses, as Pyroscope's agents for Ruby and Java write it, has no size and is one with the mapping of a file without any.
    const size = BigInt.asUintN(64, limit - start + 0xfffn) & ~0xfffn;
    const key = `${size} ${offset} ${build !== 0 ? `b${build}` : `f${file}`}`;
    let row = this.mappings.get(key);
    if (row === undefined) {
      this.mappings.set(key, (row = this.mappingFields.length));
      this.mappingFields.push(mapping);
    }
    return row;
  }

  private remapLocations(
    { location, line, mapping }: Tables,
    functions: Uint32Array,
    mappings: Int32Array
  ): Uint32Array {
    const { locationFields, lineFields } = this;
    const rows = new Uint32Array(location.length);
    const addresses = wordsOf(location.address);
    const starts = wordsOf(mapping.start);
    for (let i = 0; i < location.length; i++) {
      const m = location.mapping[i];
      const from = location.lineOffset[i];
      const to = location.lineOffset[i + 1];
      // The offset in the mapping: a library may be mapped elsewhere in another process.
      const startLow = m < 0 ? 0 : starts[2 * m + lowWord];
      const low = addresses[2 * i + lowWord] - startLow;
      const high = addresses[2 * i + 1 - lowWord] - (m < 0 ? 0 : starts[2 * m + 1 - lowWord]) - (low < 0 ? 1 : 0);
      const address = this.addresses.intern(low | 0, high >>> 0);
      const place = this.places.intern(address, (m < 0 ? 0 : mappings[m] + 1) * 2 + location.isFolded[i]);
      // A chain starts below zero, with its place, and goes on with the row of the chain so far.
      let key = this.lineChains.intern(-1 - place, 0);
      for (let k = from; k < to; k++) {
        const f = line.function[k] < 0 ? -1 : functions[line.function[k]];
        // As in pprof, only the outermost line's column tells locations apart (Location.key).
        const column = k === to - 1 ? this.word(line.column[k]) : 0;
        const at = this.lineColumns.intern(this.functionLines.intern(f, this.word(line.line[k])), column);
        key = this.lineChains.intern(key, at);
      }
      let row = this.locationRowOfKey[key];
      if (row === undefined) {
        this.locationRowOfKey[key] = row = locationFields.address.length;
        const moved = m < 0 ? 0n : this.mappingFields[mappings[m]].start - mapping.start[m];
        locationFields.address.push(BigInt.asUintN(64, location.address[i] + moved));
        locationFields.mapping.push(m < 0 ? -1 : mappings[m]);
        locationFields.isFolded.push(location.isFolded[i]);
        for (let k = from; k < to; k++) {
          lineFields.function.push(line.function[k] < 0 ? -1 : functions[line.function[k]]);
          lineFields.line.push(line.line[k]);
          lineFields.column.push(line.column[k]);
        }
        locationFields.lineOffset.push(lineFields.function.length);
      }
      rows[i] = row;
    }
    return rows;
  }

  /** The number as 32 bits, each another. */
  private word(value: number): number {
    if (value >= 0 && value < 0x80000000) {
      return value;
    }
    let row = this.wideNumbers.get(value);
    if (row === undefined) {
      this.wideNumbers.set(value, (row = this.wideNumbers.size));
    }
    return 0x80000000 + row;
  }

  private remapStacks({ stack }: Tables, locations: Uint32Array): Uint32Array {
    const rows = new Uint32Array(stack.length);
    for (let i = 1; i < stack.length; i++) {
      rows[i] = this.stacks.intern(rows[stack.parent[i]], locations[stack.location[i]]);
    }
    return rows;
  }

  /** Lists that differ in the order of their keys are one: texts by key, then numbers by key, as pprof writes them. */
  private remapLabelSets({ labelSet, label }: Tables, strings: Uint32Array): Uint32Array {
    const rows = new Uint32Array(labelSet.length);
    const order = (a: number, b: number): number => {
      const [x, y] = [this.strings[strings[label.key[a]]], this.strings[strings[label.key[b]]]];
      return label.isNumeric[a] - label.isNumeric[b] || (x < y ? -1 : x > y ? 1 : a - b);
    };
    for (let set = 1; set < labelSet.length; set++) {
      const first = labelSet.labelOffset[set];
      const sorted = Array.from({ length: labelSet.labelOffset[set + 1] - first }, (_, k) => first + k).sort(order);
      for (const i of sorted) {
        const isNumeric = label.isNumeric[i] === 1;
        this.labels.add(strings[label.key[i]], strings[label.str[i]], label.num[i], strings[label.unit[i]], isNumeric);
      }
      rows[set] = this.labels.finishSet();
    }
    return rows;
  }
}

/** The column, or a longer copy where it has fewer than `length` rows. */
const withRows = (column: Float64Array, length: number): Float64Array =>
  length <= column.length ? column : grown(column, Math.max(length, column.length * 2));

/** @throws InputError as mergeHeaders */
const combined = (header: Header | undefined, own: Header): Header =>
  header ? mergeHeaders(header, own).header : { ...own, comments: [...new Set(own.comments)] };

const mappingOf = ({ mapping }: Tables, row: number, strings: Uint32Array): Mapping => ({
  start: mapping.start[row],
  limit: mapping.limit[row],
  offset: mapping.offset[row],
  file: strings[mapping.filename[row]],
  build: strings[mapping.buildId[row]],
  flags: mapping.flags[row],
});

/** With all that a profile says beside its tables. */
function headerOf(profile: Profile): Header {
  const { strings, sample, stack, location, line, function: functions, mapping, labelSet, label, ...header } = profile;
  return header;
}

function plainHeader(header: Header): Header {
  const { execution, runtimeMemory, ...plain } = header as Header & Partial<Profile>;
  return plain;
}

const areSame = (a: readonly ValueType[], b: readonly ValueType[]): boolean =>
  a.length === b.length && a.every(({ type, unit }, t) => type === b[t].type && unit === b[t].unit);
