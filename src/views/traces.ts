import { codeOf } from './code';
import { frameNames, type FrameOptions } from './graph';
import { largestOf } from './largest';
import type { Prepared } from './prepared';
import { fullNameColumn } from './shortNames';
import { namedColumn, type Column, type NamedText, type Piece, type Table } from './table';

/** Rows of the table; a profile may have hundreds of thousands of samples. */
const maxRows = 1000;
/** Calls of one stack that are written out, as many as a flame graph has levels. */
const maxCalls = 1000;
const ownColumns: readonly string[] = ['value', 'stack', fullNameColumn];

/**
 * The samples themselves, the largest first: value, labels and stack, the leaf first (`go tool pprof -traces`).
 *
 * Columns: value, one for each label key (a number with its unit where no sample has a text, or several), stack (a line a
 * frame), and where its names are short the same with full ones.
 */
export function traces(
  prepared: Prepared,
  { mean = false, ...options }: FrameOptions & { readonly mean?: boolean }
): Table {
  const { profile, index, type, unit, labelUnits } = prepared;
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

  const stackText = (i: number): NamedText => {
    const text: Piece[] = [];
    let calls = 0;
    const add = (row: number, mark = '') => {
      if (calls++ < maxCalls) {
        const call = frames.named[row];
        text.push(calls > 1 ? '\n' : '', ...(typeof call === 'string' ? [{ function: call }] : call), mark);
      }
    };
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      const end = location.lineOffset[l + 1];
      if (location.lineOffset[l] === end) {
        add(frames.location[l]);
      }
      for (let k = location.lineOffset[l]; k < end; k++) {
        add(frames.line[k], k < end - 1 ? ' (inline)' : '');
      }
    }
    const left = calls - maxCalls;
    return left > 0 ? [...text, `\n… and ${left.toLocaleString('en-US')} calls above`] : text;
  };
  const leaves = rows.map((i) => {
    const l = stack.location[sample.stack[i]];
    const first = location.lineOffset[l];
    return first === location.lineOffset[l + 1] ? frames.location[l] : frames.line[first];
  });
  const labels = new Map<string, string[]>();
  /** Of keys that are numbers alone. */
  const numbers = new Map<string, Float64Array | undefined>();
  rows.forEach((i, row) => {
    const set = sample.labelSet[i];
    for (let k = labelSet.labelOffset[set]; k < labelSet.labelOffset[set + 1]; k++) {
      const key = strings[label.key[k]];
      const text = label.isNumeric[k] ? `${label.num[k]}${strings[label.unit[k]]}` : strings[label.str[k]];
      const texts = labels.get(key) ?? new Array<string>(rows.length).fill('');
      labels.set(key, texts);
      const own = numbers.has(key) ? numbers.get(key) : new Float64Array(rows.length).fill(NaN);
      if (own && label.isNumeric[k] && Number.isNaN(own[row])) {
        own[row] = label.num[k];
        numbers.set(key, own);
      } else {
        numbers.set(key, undefined);
      }
      texts[row] = texts[row] === '' ? text : `${texts[row]} ${text}`;
    }
  });
  const stacks = namedColumn('stack', rows.map(stackText));
  return {
    name: type,
    length: rows.length,
    columns: [
      { name: 'value', kind: 'number', values: rows.map((i) => values[i]), unit },
      ...[...labels]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, texts]): Column => {
          const name = ownColumns.includes(key) ? `${key} (label)` : key;
          const values = numbers.get(key);
          return values
            ? { name, kind: 'number', values, unit: labelUnits.get(key), isOfLabel: true }
            : { name, kind: 'string', values: texts };
        }),
      { ...stacks, hasLines: true, fullNames: stacks.text, code: codeOf(prepared, options, leaves) },
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
