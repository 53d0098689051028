import { MappingFlag, type Profile, type ValueType } from '../profile/profile';
import { WireWriter } from './wire';

/**
 * Columns → an uncompressed profile.proto message: the decoder's other direction, so that decoding it gives the same
 * profile. Ids are rows from 1. Only texts that a table refers to are written, as google/pprof does (profile/encode.go):
 * what a filter left out is not in the file.
 */
export function encodePprof(profile: Profile): Uint8Array {
  const { location, line, function: func, mapping, sample, stack, labelSet, label, periodType } = profile;
  const out = new WireWriter();
  // The first is empty, by the format.
  const strings = new Map([['', 0]]);
  const indexOf = (text: string): number => {
    const index = strings.get(text) ?? strings.size;
    strings.set(text, index);
    return index;
  };
  const known = new Int32Array(profile.strings.length).fill(-1);
  const text = (row: number): number => {
    if (known[row] < 0) {
      known[row] = indexOf(profile.strings[row]);
    }
    return known[row];
  };
  const valueType = (field: number, { type, unit }: ValueType) =>
    out.message(field, () => {
      out.integer(1, indexOf(type));
      out.integer(2, indexOf(unit));
    });
  const locationIds = function* (leaf: number) {
    for (let row = leaf; row > 0; row = stack.parent[row]) {
      yield stack.location[row] + 1;
    }
  };
  const writeLabel = (i: number) =>
    out.message(3, () => {
      out.integer(1, text(label.key[i]));
      if (label.isNumeric[i]) {
        out.integer(3, label.num[i]);
        out.integer(4, text(label.unit[i]));
      } else {
        out.integer(2, text(label.str[i]));
      }
    });

  profile.sampleTypes.forEach((type) => valueType(1, type));
  for (let i = 0; i < sample.length; i++) {
    out.message(2, () => {
      out.integers(1, locationIds(sample.stack[i]));
      out.integers(
        2,
        sample.values.map((values) => values[i])
      );
      const set = sample.labelSet[i];
      for (let l = labelSet.labelOffset[set]; l < labelSet.labelOffset[set + 1]; l++) {
        writeLabel(l);
      }
    });
  }
  for (let m = 0; m < mapping.length; m++) {
    const has = (flag: number) => (mapping.flags[m] & flag) !== 0;
    out.message(3, () => {
      out.integer(1, m + 1);
      out.integer(2, mapping.start[m]);
      out.integer(3, mapping.limit[m]);
      out.integer(4, mapping.offset[m]);
      out.integer(5, text(mapping.filename[m]));
      out.integer(6, text(mapping.buildId[m]));
      out.integer(7, has(MappingFlag.functions));
      out.integer(8, has(MappingFlag.filenames));
      out.integer(9, has(MappingFlag.lineNumbers));
      out.integer(10, has(MappingFlag.inlineFrames));
    });
  }
  for (let l = 0; l < location.length; l++) {
    out.message(4, () => {
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
    });
  }
  for (let f = 0; f < func.length; f++) {
    out.message(5, () => {
      out.integer(1, f + 1);
      out.integer(2, text(func.name[f]));
      out.integer(3, text(func.systemName[f]));
      out.integer(4, text(func.filename[f]));
      out.integer(5, func.startLine[f]);
    });
  }
  out.integer(7, indexOf(profile.dropFrames));
  out.integer(8, indexOf(profile.keepFrames));
  out.integer(9, profile.timeNanos);
  out.integer(10, profile.durationNanos);
  if (periodType) {
    valueType(11, periodType);
  }
  out.integer(12, profile.period);
  out.integers(13, profile.comments.map(indexOf));
  out.integer(14, indexOf(profile.defaultSampleType));
  out.integer(15, indexOf(profile.docUrl));
  // Last, when all are known.
  for (const each of strings.keys()) {
    out.text(6, each);
  }
  return out.finish();
}
