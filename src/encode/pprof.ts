import { MappingFlag, type Profile, type ValueType } from '../profile/profile';
import { WireWriter } from './wire';

/**
 * Columns → an uncompressed profile.proto message: the decoder's other direction, so that decoding it gives the same
 * profile. Ids are rows from 1. Only texts that a table refers to are written, as google/pprof does (profile/encode.go):
 * what a filter left out is not in the file.
 */
export function encodePprof(profile: Profile): Uint8Array {
  return new PprofEncoder(profile).encode();
}

const maxInt64 = 2n ** 63n - 1n;

class PprofEncoder {
  private readonly out = new WireWriter();
  /** Rows of the texts that were referred to; the first is empty, by the format. */
  private readonly strings = new Map([['', 0]]);
  /** The same by row of the profile's strings, -1 for one that was not referred to. */
  private readonly known: Int32Array;

  constructor(private readonly profile: Profile) {
    this.known = new Int32Array(profile.strings.length).fill(-1);
  }

  encode(): Uint8Array {
    const { out, profile, strings } = this;
    profile.sampleTypes.forEach((type) => this.writeValueType(1, type));
    for (let i = 0; i < profile.sample.length; i++) {
      out.message(2, () => this.writeSample(i));
    }
    for (let m = 0; m < profile.mapping.length; m++) {
      out.message(3, () => this.writeMapping(m));
    }
    for (let l = 0; l < profile.location.length; l++) {
      out.message(4, () => this.writeLocation(l));
    }
    for (let f = 0; f < profile.function.length; f++) {
      out.message(5, () => this.writeFunction(f));
    }
    this.writeHeader();
    // Last, when all are known.
    for (const each of strings.keys()) {
      out.text(6, each);
    }
    return out.finish();
  }

  private writeSample(i: number): void {
    const { out } = this;
    const { sample, labelSet } = this.profile;
    out.integers(1, this.locationIds(sample.stack[i]));
    out.integers(
      2,
      // A wait that damaged clocks make longer than an int64 is the longest, not a negative one.
      sample.values.map((values) => (values[i] >= 2 ** 63 && Number.isFinite(values[i]) ? maxInt64 : values[i]))
    );
    const set = sample.labelSet[i];
    for (let l = labelSet.labelOffset[set]; l < labelSet.labelOffset[set + 1]; l++) {
      out.message(3, () => this.writeLabel(l));
    }
  }

  /** Of a stack, from its leaf on. */
  private *locationIds(leaf: number): Generator<number> {
    const { stack } = this.profile;
    for (let row = leaf; row > 0; row = stack.parent[row]) {
      yield stack.location[row] + 1;
    }
  }

  private writeLabel(i: number): void {
    const { out } = this;
    const { label } = this.profile;
    out.integer(1, this.text(label.key[i]));
    if (label.isNumeric[i]) {
      out.integer(3, label.str[i] === 0 ? label.num[i] : BigInt(this.profile.strings[label.str[i]]));
      out.integer(4, this.text(label.unit[i]));
    } else {
      out.integer(2, this.text(label.str[i]));
    }
  }

  private writeMapping(m: number): void {
    const { out } = this;
    const { mapping } = this.profile;
    const has = (flag: number) => (mapping.flags[m] & flag) !== 0;
    out.integer(1, m + 1);
    out.integer(2, mapping.start[m]);
    out.integer(3, mapping.limit[m]);
    out.integer(4, mapping.offset[m]);
    out.integer(5, this.text(mapping.filename[m]));
    out.integer(6, this.text(mapping.buildId[m]));
    out.integer(7, has(MappingFlag.functions));
    out.integer(8, has(MappingFlag.filenames));
    out.integer(9, has(MappingFlag.lineNumbers));
    out.integer(10, has(MappingFlag.inlineFrames));
  }

  private writeLocation(l: number): void {
    const { out } = this;
    const { location, line } = this.profile;
    out.integer(1, l + 1);
    out.integer(2, location.mapping[l] + 1);
    out.integer(3, location.address[l]);
    for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
      out.message(4, () => {
        out.integer(1, line.function[k] + 1);
        out.integer(2, line.line[k]);
        out.integer(3, line.column[k]);
      });
    }
    out.integer(5, location.isFolded[l]);
  }

  private writeFunction(f: number): void {
    const { out } = this;
    const { function: func } = this.profile;
    out.integer(1, f + 1);
    out.integer(2, this.text(func.name[f]));
    out.integer(3, this.text(func.systemName[f]));
    out.integer(4, this.text(func.filename[f]));
    out.integer(5, func.startLine[f]);
  }

  /** The fields that are no table. */
  private writeHeader(): void {
    const { out, profile } = this;
    out.integer(7, this.stringRow(profile.dropFrames));
    out.integer(8, this.stringRow(profile.keepFrames));
    out.integer(9, profile.timeNanos);
    out.integer(10, profile.durationNanos);
    if (profile.periodType) {
      this.writeValueType(11, profile.periodType);
    }
    out.integer(12, profile.period);
    out.integers(
      13,
      profile.comments.map((comment) => this.stringRow(comment))
    );
    out.integer(14, this.stringRow(profile.defaultSampleType));
    out.integer(15, this.stringRow(profile.docUrl));
  }

  private writeValueType(field: number, { type, unit }: ValueType): void {
    this.out.message(field, () => {
      this.out.integer(1, this.stringRow(type));
      this.out.integer(2, this.stringRow(unit));
    });
  }

  /** Row of the file's strings, for one of the profile's. */
  private text(row: number): number {
    if (this.known[row] < 0) {
      this.known[row] = this.stringRow(this.profile.strings[row]);
    }
    return this.known[row];
  }

  private stringRow(text: string): number {
    const row = this.strings.get(text) ?? this.strings.size;
    this.strings.set(text, row);
    return row;
  }
}
