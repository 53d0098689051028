import { codeOf } from './code';
import { frameNames, type FrameOptions } from './graph';
import { largestOf } from './largest';
import type { Prepared } from './prepared';
import type { Table } from './table';

/** Rows of the table; a profile may have hundreds of thousands of samples. */
const maxRows = 1000;
/** Calls of one stack that are written out, as many as a flame graph has levels. */
const maxCalls = 1000;

/**
 * The samples themselves, the largest first: value, labels and stack, the leaf first (`go tool pprof -traces`).
 *
 * Columns: value, one for each label key, stack (a line a frame).
 */
export function traces(
  prepared: Prepared,
  { mean = false, ...options }: FrameOptions & { readonly mean?: boolean }
): Table {
  const { profile, index, type, unit } = prepared;
  const { sample, stack, location, labelSet, label, strings } = profile;
  const frames = frameNames(profile, options);
  const counts = sample.values[0];
  const values = sample.values[index].map((value, i) =>
    mean && counts[i] !== 0 ? Math.trunc(value / counts[i]) : value
  );
  const sizes = new Float64Array(sample.length);
  let count = 0;
  for (let i = 0; i < sample.length; i++) {
    if (sample.stack[i] !== 0 && values[i] !== 0) {
      sizes[count++] = Math.abs(values[i]);
    }
  }
  const rows = largestRows(values, sample.stack, largestOf(sizes.subarray(0, count), maxRows));

  const stackText = (i: number): string => {
    const calls: string[] = [];
    let left = 0;
    const add = (call: string) => (calls.length < maxCalls ? calls.push(call) : left++);
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      const end = location.lineOffset[l + 1];
      if (location.lineOffset[l] === end) {
        add(frames.names[frames.location[l]]);
      }
      for (let k = location.lineOffset[l]; k < end; k++) {
        add(frames.names[frames.line[k]] + (k < end - 1 ? ' (inline)' : ''));
      }
    }
    return [...calls, ...(left > 0 ? [`… and ${left.toLocaleString('en-US')} calls above`] : [])].join('\n');
  };
  const leaves = rows.map((i) => {
    const l = stack.location[sample.stack[i]];
    const first = location.lineOffset[l];
    return first === location.lineOffset[l + 1] ? frames.location[l] : frames.line[first];
  });
  const labels = new Map<string, string[]>();
  rows.forEach((i, row) => {
    const set = sample.labelSet[i];
    for (let k = labelSet.labelOffset[set]; k < labelSet.labelOffset[set + 1]; k++) {
      const key = strings[label.key[k]];
      const text = label.isNumeric[k] ? `${label.num[k]}${strings[label.unit[k]]}` : strings[label.str[k]];
      const texts = labels.get(key) ?? new Array<string>(rows.length).fill('');
      labels.set(key, texts);
      texts[row] = texts[row] === '' ? text : `${texts[row]} ${text}`;
    }
  });
  return {
    name: type,
    length: rows.length,
    columns: [
      { name: 'value', kind: 'number', values: rows.map((i) => values[i]), unit },
      ...[...labels]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, texts]) => ({
          name: name === 'value' || name === 'stack' ? `${name} (label)` : name,
          kind: 'string' as const,
          values: texts,
        })),
      { name: 'stack', kind: 'string', values: rows.map(stackText), code: codeOf(prepared, options, leaves) },
    ],
    notices:
      count > rows.length
        ? [
            {
              severity: 'info',
              text: `Shown: the ${rows.length} largest of ${count.toLocaleString('en-US')} samples. Filter to see the others.`,
            },
          ]
        : [],
  };
}

/** Samples with a stack by falling value, equal ones in the order of the file. @param largest their values by rising size */
function largestRows(values: Float64Array, stack: Uint32Array, largest: Float64Array): number[] {
  const [least = Infinity] = largest;
  const above: number[] = [];
  const tied: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (stack[i] !== 0 && size >= least) {
      // As small as the least there may be very many.
      if (size > least) {
        above.push(i);
      } else if (tied.length < largest.length) {
        tied.push(i);
      }
    }
  }
  above.sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
  return [...above, ...tied.slice(0, largest.length - above.length)];
}
