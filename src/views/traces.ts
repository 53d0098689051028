import { scaledLabel } from '../profile/measurement';
import { codeOf } from './code';
import { frameNames, type FrameOptions, type Frames } from './frameNames';
import { compareText } from './graph';
import { labelsOf, type SampleLabels } from '../profile/labels';
import { largestOf } from './largest';
import type { Prepared } from './preparedProfile';
import { fullNameColumn } from './shortNames';
import { namedColumn, type Column, type NamedText, type Piece, type Table } from './table';
import { nodeFields } from '../fields/fields';
import { reportView } from './view';
import { grouped } from '../text/notice';

/** Rows of the table; a profile may have hundreds of thousands of samples. */
const maxRows = 1000;
/** Calls of one stack that are written out, as many as a flame graph has levels. */
const maxCalls = 1000;

export type TraceOptions = FrameOptions & { readonly mean?: boolean };

const ownColumns: readonly string[] = ['value', 'stack', fullNameColumn];

/** The samples of a report one by one (internal/report, printTraces), by row of profile.sample. */
export interface TraceRows {
  readonly frames: Frames;
  /** Value of each sample; its mean where means are asked. */
  readonly values: Float64Array;
  /**
   * From the leaf to the root; nothing of a sample without a stack, which may have any number of them.
   * @param call is given the row of `Frames.names`, and whether the caller has the call inlined
   */
  eachCall(sample: number, call: (name: number, isInline: boolean) => void): void;
  labels(sample: number): SampleLabels;
}

export function traceRows({ profile, index }: Prepared, { mean = false, ...options }: TraceOptions): TraceRows {
  const { sample, stack, location } = profile;
  // Of all reports this one alone prints files as the profile names them.
  const frames = frameNames(profile, { ...options, wholePaths: true });
  const counts = sample.values[0];
  return {
    frames,
    values: sample.values[index].map((value, i) => (mean && counts[i] !== 0 ? Math.trunc(value / counts[i]) : value)),
    eachCall(i, call) {
      for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
        const l = stack.location[row];
        const end = location.lineOffset[l + 1];
        if (location.lineOffset[l] === end) {
          call(frames.location[l], false);
        }
        for (let k = location.lineOffset[l]; k < end; k++) {
          call(frames.line[k], k < end - 1);
        }
      }
    },
    labels: (i) => labelsOf(profile, sample.labelSet[i]),
  };
}

/**
 * The samples themselves, the largest first: value, labels and stack, the leaf first (`go tool pprof -traces`).
 *
 * Columns: value, one for each label key (a number with its unit where no sample has a text, or several), stack (a line a
 * frame), and where its names are short the same with full ones.
 */
export function traces(prepared: Prepared, options: TraceOptions): Table {
  const { profile, type, unit, labelUnits } = prepared;
  const { sample } = profile;
  const { frames, values, eachCall, labels } = traceRows(prepared, options);
  const sizes = new Float64Array(sample.length);
  let count = 0;
  for (let i = 0; i < sample.length; i++) {
    if (sample.stack[i] !== 0 && values[i] !== 0) {
      sizes[count++] = Math.abs(values[i]);
    }
  }
  const rows = largestRows(values, sample.stack, largestOf(sizes.subarray(0, count), maxRows));

  /** The pieces of each name, which stacks share. */
  const pieces = new Map<number, readonly Piece[]>();
  const piecesOf = (name: number): readonly Piece[] => {
    const call = frames.named[name];
    const known = pieces.get(name) ?? (typeof call === 'string' ? [{ function: call }] : call);
    pieces.set(name, known);
    return known;
  };
  const leaves: number[] = [];
  const stackText = (i: number): NamedText => {
    const text: Piece[] = [];
    let length = 0;
    eachCall(i, (name, isInline) => {
      if (length === 0) {
        leaves.push(name);
      } else if (length < maxCalls) {
        text.push('\n');
      }
      if (length++ < maxCalls) {
        text.push(...piecesOf(name));
        if (isInline) {
          text.push(' (inline)');
        }
      }
    });
    const left = length - maxCalls;
    return left > 0 ? [...text, `\n… and ${grouped(left)} calls above`] : text;
  };
  const stacks = namedColumn('stack', rows.map(stackText));
  return {
    name: type,
    length: rows.length,
    columns: [
      { name: 'value', kind: 'number', values: rows.map((i) => values[i]), unit },
      ...labelColumns(rows.map(labels), labelUnits),
      { ...stacks, hasLines: true, fullNames: stacks.text, code: codeOf(prepared, options, leaves) },
    ],
    notices:
      count > rows.length
        ? [
            {
              severity: 'info',
              text: `Shown: the ${rows.length} largest of ${grouped(count)} samples. Filter to see the others.`,
            },
          ]
        : [],
  };
}

/** A column for each key, by name: of numbers where each row has one at most and no text, else of texts as pprof prints them. */
function labelColumns(rows: readonly SampleLabels[], units: ReadonlyMap<string, string>): Column[] {
  const texts = new Map<string, string[]>();
  const numbers = new Map<string, Float64Array>();
  const mixed = new Set<string>();
  const columnOf = (key: string) => {
    const known = texts.get(key) ?? new Array<string>(rows.length).fill('');
    texts.set(key, known);
    return known;
  };
  rows.forEach((labels, row) => {
    for (const [key, values] of labels.texts) {
      columnOf(key)[row] = values.join(' ');
      mixed.add(key);
    }
    for (const [key, values] of labels.numbers) {
      const column = columnOf(key);
      const printed = values.map(({ value, digits }) => digits || scaledLabel(value, units.get(key) ?? '', 'auto'));
      column[row] = [column[row], ...printed].filter((text) => text !== '').join(' ');
      const own = numbers.get(key) ?? new Float64Array(rows.length).fill(NaN);
      numbers.set(key, own);
      own[row] = values[0].value;
      if (values.length > 1 || values[0].digits !== '') {
        mixed.add(key);
      }
    }
  });
  return [...texts]
    .sort(([a], [b]) => compareText(a, b))
    .map(([key, values]): Column => {
      const name = ownColumns.includes(key) ? `${key} (label)` : key;
      const own = mixed.has(key) ? undefined : numbers.get(key);
      return own
        ? { name, kind: 'number', values: own, unit: units.get(key), isOfLabel: true }
        : { name, kind: 'string', values };
    });
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

export const tracesView = reportView({
  name: 'traces',
  title: 'Traces',
  description: 'the largest samples with their stacks',
  group: 'Profile',
  opens: 'profile',
  base: 'subtracted',
  panel: 'table',
  fields: nodeFields,
  reports: ['traces'],
  tables: (prepared, query) => [traces(prepared, query)],
});
