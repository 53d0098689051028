import { PairInterner, pathInterner } from '../profile/interner';
import { LabelSetBuilder } from '../profile/labelSets';
import type { Profile } from '../profile/profile';
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

/**
 * Merges profiles one at a time, so that no caller has to hold them all. What is the same in two profiles (google/pprof
 * profile/merge.go: functions by names and start, mappings by size, offset and build id, locations by offset in their
 * mapping and lines, samples by stack and labels) becomes one row; values add up; samples without any value are dropped,
 * and so are those whose values come to nothing.
 *
 * Identity is found by chains of number pairs, so merging allocates next to nothing per profile.
 */
export class MergeBuilder {
  private readonly strings: string[] = [''];
  private readonly stringRows = new Map<string, number>([['', 0]]);
  private readonly mappings = new Map<string, number>();
  private readonly mappingFields: Array<{
    start: bigint;
    limit: bigint;
    offset: bigint;
    file: number;
    build: number;
    flags: number;
  }> = [];

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

  private header: Header | undefined;

  /** @throws InputError where the profile is of another kind than those before */
  add(profile: Profile): void {
    const columns = this.addHeader(profile);
    const { sample } = profile;
    const strings = this.remapStrings(profile);
    const functions = this.remapFunctions(profile, strings);
    const mappings = this.remapMappings(profile, strings);
    const locations = this.remapLocations(profile, functions, mappings);
    const stacks = this.remapStacks(profile, locations);
    const labelSets = this.remapLabelSets(profile, strings);

    this.values = this.values.map((sums) => grown(sums, this.samples.length + sample.length));
    const { values } = this;
    for (let i = 0; i < sample.length; i++) {
      let t = 0;
      while (t < columns.length && columns[t][i] === 0) {
        t++;
      }
      if (t < columns.length) {
        const row = this.samples.intern(stacks[sample.stack[i]], labelSets[sample.labelSet[i]]);
        for (; t < columns.length; t++) {
          values[t][row] += columns[t][i];
        }
      }
    }
  }

  /** What was added so far; more may be added. @throws InputError where nothing was */
  finish(): Profile {
    const { header } = this;
    if (!header) {
      throw new InputError('There is no profile to merge.');
    }
    const samples = this.samples.finish();
    const stacks = this.stacks.finish();
    const { mappingFields, functionFields, locationFields, lineFields } = this;
    const merged: Profile = Object.freeze({
      ...header,
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
    });
    // What came to nothing, as a profile and its base do, is no sample.
    const { values } = merged.sample;
    return keepSamples(merged, (i) => values.some((column) => column[i] !== 0));
  }

  /** Takes the header and gives the columns of the sample types that all profiles have so far, in their units. */
  private addHeader(profile: Profile): readonly Float64Array[] {
    if (!this.header) {
      this.header = { ...profile, comments: [...new Set(profile.comments)] };
      this.values = profile.sampleTypes.map(() => new Float64Array(4096));
      return profile.sample.values;
    }
    const { header, sides } = mergeHeaders(this.header, profile);
    this.header = header;
    const [own, other] = [this.values, profile.sample.values].map((columns, side) =>
      scaleColumns(
        sides[side].rows.map((row) => columns[row]),
        sides[side].ratios
      )
    );
    this.values = [...own];
    return other;
  }

  private remapStrings({ strings }: Profile): Uint32Array {
    const rows = new Uint32Array(strings.length);
    for (let i = 0; i < strings.length; i++) {
      let row = this.stringRows.get(strings[i]);
      if (row === undefined) {
        this.stringRows.set(strings[i], (row = this.strings.length));
        this.strings.push(strings[i]);
      }
      rows[i] = row;
    }
    return rows;
  }

  private remapFunctions({ function: func }: Profile, strings: Uint32Array): Uint32Array {
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
  private remapMappings({ mapping, location }: Profile, strings: Uint32Array): Int32Array {
    const rows = new Int32Array(mapping.length).fill(-1);
    const used = new Set<number>(this.mappingFields.length === 0 && mapping.length > 0 ? [0] : []);
    for (let l = 0, last = -1; l < location.length; l++) {
      const m = location.mapping[l];
      if (m !== last && m >= 0) {
        used.add(m);
      }
      last = m;
    }
    for (const i of used) {
      const build = strings[mapping.buildId[i]];
      const file = strings[mapping.filename[i]];
      // Sizes are rounded up to a page: the same library may be mapped with a few bytes more or less. In 64 bits, so that one of
      // all addresses, as Pyroscope's agents for Ruby and Java write it, has no size and is one with the mapping of a file without any.
      const size = BigInt.asUintN(64, mapping.limit[i] - mapping.start[i] + 0xfffn) & ~0xfffn;
      const key = `${size} ${mapping.offset[i]} ${build !== 0 ? `b${build}` : `f${file}`}`;
      let row = this.mappings.get(key);
      if (row === undefined) {
        this.mappings.set(key, (row = this.mappingFields.length));
        this.mappingFields.push({
          start: mapping.start[i],
          limit: mapping.limit[i],
          offset: mapping.offset[i],
          file,
          build,
          flags: mapping.flags[i],
        });
      }
      rows[i] = row;
    }
    return rows;
  }

  private remapLocations(
    { location, line, mapping }: Profile,
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

  private remapStacks({ stack }: Profile, locations: Uint32Array): Uint32Array {
    const rows = new Uint32Array(stack.length);
    for (let i = 1; i < stack.length; i++) {
      rows[i] = this.stacks.intern(rows[stack.parent[i]], locations[stack.location[i]]);
    }
    return rows;
  }

  /** Lists that differ in the order of their keys are one: texts by key, then numbers by key, as pprof writes them. */
  private remapLabelSets({ labelSet, label }: Profile, strings: Uint32Array): Uint32Array {
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
function grown(column: Float64Array, length: number): Float64Array {
  if (length <= column.length) {
    return column;
  }
  const longer = new Float64Array(Math.max(length, column.length * 2));
  longer.set(column);
  return longer;
}
