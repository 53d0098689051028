import {
  Function,
  Label,
  Line,
  Location,
  Mapping,
  Profile as Message,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format';
import { MappingFlag, type Profile } from '../profile/profile';

/**
 * Columns → an uncompressed profile.proto message: the decoder's other direction, so that decoding it gives the same
 * profile. Ids are rows from 1. Only texts that a table refers to are written, as google/pprof does (profile/encode.go):
 * what a filter left out is not in the file.
 */
export function encodePprof(profile: Profile): Uint8Array {
  const { location, line, function: func, mapping, sample, stack, labelSet, label, periodType } = profile;
  const strings = new StringTable();
  const known = new Int32Array(profile.strings.length).fill(-1);
  const text = (row: number): number => {
    if (known[row] < 0) {
      known[row] = strings.dedup(profile.strings[row]);
    }
    return known[row];
  };
  const has = (m: number, flag: number) => (mapping.flags[m] & flag) !== 0;

  const lists: Label[][] = [];
  const labelsOf = (set: number): Label[] => {
    if (!lists[set]) {
      lists[set] = [];
      for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
        const key = text(label.key[i]);
        lists[set].push(
          label.isNumeric[i]
            ? new Label({ key, num: label.num[i], numUnit: text(label.unit[i]) })
            : new Label({ key, str: text(label.str[i]) })
        );
      }
    }
    return lists[set];
  };
  const locationIds = (leaf: number): number[] => {
    const ids: number[] = [];
    for (let row = leaf; row > 0; row = stack.parent[row]) {
      ids.push(stack.location[row] + 1);
    }
    return ids;
  };
  return new Message({
    sampleType: profile.sampleTypes.map(({ type, unit }) => valueType(strings.dedup(type), strings.dedup(unit))),
    sample: Array.from(
      { length: sample.length },
      (_, i) =>
        new Sample({
          locationId: locationIds(sample.stack[i]),
          value: sample.values.map((values) => values[i]),
          label: labelsOf(sample.labelSet[i]),
        })
    ),
    mapping: Array.from(
      { length: mapping.length },
      (_, m) =>
        new Mapping({
          id: m + 1,
          memoryStart: mapping.start[m],
          memoryLimit: mapping.limit[m],
          fileOffset: mapping.offset[m],
          filename: text(mapping.filename[m]),
          buildId: text(mapping.buildId[m]),
          hasFunctions: has(m, MappingFlag.functions),
          hasFilenames: has(m, MappingFlag.filenames),
          hasLineNumbers: has(m, MappingFlag.lineNumbers),
          hasInlineFrames: has(m, MappingFlag.inlineFrames),
        })
    ),
    location: Array.from({ length: location.length }, (_, l) => {
      const first = location.lineOffset[l];
      return new Location({
        id: l + 1,
        mappingId: location.mapping[l] + 1,
        address: location.address[l],
        line: Array.from({ length: location.lineOffset[l + 1] - first }, (_line, i) => {
          const k = first + i;
          return lineOf(line.function[k] + 1, line.line[k], line.column[k]);
        }),
        isFolded: location.isFolded[l] === 1,
      });
    }),
    function: Array.from(
      { length: func.length },
      (_, f) =>
        new Function({
          id: f + 1,
          name: text(func.name[f]),
          systemName: text(func.systemName[f]),
          filename: text(func.filename[f]),
          startLine: func.startLine[f],
        })
    ),
    dropFrames: strings.dedup(profile.dropFrames),
    keepFrames: strings.dedup(profile.keepFrames),
    timeNanos: profile.timeNanos,
    durationNanos: profile.durationNanos,
    periodType: periodType && valueType(strings.dedup(periodType.type), strings.dedup(periodType.unit)),
    period: profile.period,
    comment: profile.comments.map((comment) => strings.dedup(comment)),
    defaultSampleType: strings.dedup(profile.defaultSampleType),
    docUrl: strings.dedup(profile.docUrl),
    stringTable: strings,
  }).encode();
}

/**
 * pprof-format (2.3.2) measures a message without fields as nothing and still writes its tag and length, so that all
 * after it is cut short. A field that says the default, which readers take for none, gives it a length.
 */
const zeroField = Uint8Array.of(0x08, 0);

class EmptyLine extends Line {
  override get length(): number {
    return zeroField.length;
  }

  override _encodeToBuffer(buffer: Uint8Array, offset = 0): number {
    buffer.set(zeroField, offset);
    return offset + zeroField.length;
  }
}

class EmptyValueType extends ValueType {
  override get length(): number {
    return zeroField.length;
  }

  override _encodeToBuffer(buffer: Uint8Array, offset = 0): number {
    buffer.set(zeroField, offset);
    return offset + zeroField.length;
  }
}

function lineOf(functionId: number, line: number, column: number): Line {
  return functionId === 0 && line === 0 && column === 0 ? new EmptyLine({}) : new Line({ functionId, line, column });
}

function valueType(type: number, unit: number): ValueType {
  return type === 0 && unit === 0 ? new EmptyValueType({}) : new ValueType({ type, unit });
}
