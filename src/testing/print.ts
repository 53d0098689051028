import type { Profile } from '../profile/profile';
import { column, isText, textColumn, textsOf, type Table } from '../views/table';

/** A profile as folded stacks, one line a sample: `main;f;g 1 1024 {bytes=64bytes}`. */
export function printProfile(profile: Profile): string[] {
  const { sample, stack, location, line, label, labelSet, strings } = profile;
  return Array.from({ length: sample.length }, (_, i) => {
    const frames: string[] = [];
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      const names: string[] = [];
      for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
        names.push(line.function[k] < 0 ? '?' : strings[profile.function.name[line.function[k]]]);
      }
      frames.push(names.length > 0 ? names.reverse().join('+') : `0x${location.address[l].toString(16)}`);
    }
    const labels: string[] = [];
    const set = sample.labelSet[i];
    for (let k = labelSet.labelOffset[set]; k < labelSet.labelOffset[set + 1]; k++) {
      const value = label.isNumeric[k] ? `${label.num[k]}${strings[label.unit[k]]}` : strings[label.str[k]];
      labels.push(`${strings[label.key[k]]}=${value}`);
    }
    const values = sample.values.map((values) => values[i]).join(' ');
    return [frames.reverse().join(';'), values, labels.length > 0 ? `{${labels.join(', ')}}` : ''].join(' ').trim();
  });
}

/** A flame table as indented text: `main 30 (self 10)`. */
export function printFlame(table: Table): string[] {
  const [level, value, self] = ['level', 'value', 'self'].map((name) => column(table, name, 'number').values);
  const labels = textsOf(textColumn(table, 'label'));
  return labels.map(
    (label, i) => `${'  '.repeat(level[i])}${label} ${value[i]}` + (self[i] > 0 ? ` (self ${self[i]})` : '')
  );
}

/** These columns of a table, a line a row. */
export function printTable(table: Table, names: readonly string[]): string[] {
  const columns = names.map((name) => {
    const found = column(table, name);
    return isText(found) ? textsOf(found) : Array.from<unknown>(found.values);
  });
  return Array.from({ length: table.length }, (_, i) => columns.map((values) => String(values[i])).join(' '));
}

/**
 * All that a profile says, without the numbers of its texts, stacks and label lists: two profiles are the same where
 * this is.
 */
export function plainProfile(profile: Profile) {
  const { strings, mapping, function: func, location, line, sample, stack, label, labelSet } = profile;
  const rows = (length: number) => Array.from({ length }, (_, i) => i);
  const between = (offsets: Uint32Array, i: number) => rows(offsets[i + 1] - offsets[i]).map((k) => offsets[i] + k);
  return {
    header: [profile.sampleTypes, profile.defaultSampleType, profile.periodType, profile.period],
    times: [profile.timeNanos, profile.durationNanos],
    texts: [profile.comments, profile.docUrl, profile.dropFrames, profile.keepFrames],
    mappings: rows(mapping.length).map((m) => [
      [mapping.start[m], mapping.limit[m], mapping.offset[m], mapping.flags[m]],
      [strings[mapping.filename[m]], strings[mapping.buildId[m]]],
    ]),
    functions: rows(func.length).map((f) => [
      [strings[func.name[f]], strings[func.systemName[f]], strings[func.filename[f]]],
      func.startLine[f],
    ]),
    locations: rows(location.length).map((l) => [
      [location.address[l], location.mapping[l], location.isFolded[l]],
      between(location.lineOffset, l).map((k) => [line.function[k], line.line[k], line.column[k]]),
    ]),
    samples: rows(sample.length).map((i) => {
      const stackOf: number[] = [];
      for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
        stackOf.push(stack.location[row]);
      }
      const labels = between(labelSet.labelOffset, sample.labelSet[i]).map((k) =>
        label.isNumeric[k]
          ? [strings[label.key[k]], label.num[k], strings[label.unit[k]]]
          : [strings[label.key[k]], strings[label.str[k]]]
      );
      return [sample.values.map((values) => values[i]), stackOf, labels];
    }),
  };
}
