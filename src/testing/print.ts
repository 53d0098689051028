import type { Profile } from '../profile/profile';
import { column, type Table } from '../views/table';

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
  const text = (name: string) => column(table, name).values;
  const label = column(table, 'label');
  return Array.from(
    { length: table.length },
    (_, i) =>
      `${'  '.repeat(Number(text('level')[i]))}${label.text?.[Number(label.values[i])]} ${text('value')[i]}` +
      (Number(text('self')[i]) > 0 ? ` (self ${text('self')[i]})` : '')
  );
}

/** These columns of a table, a line a row. */
export function printTable(table: Table, names: readonly string[]): string[] {
  const columns = names.map((name) => column(table, name));
  return Array.from({ length: table.length }, (_, i) =>
    columns.map(({ values, text }) => (text ? text[Number(values[i])] : String(values[i]))).join(' ')
  );
}
