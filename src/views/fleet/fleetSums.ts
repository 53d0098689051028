import { namesIn } from '../../text/names';
import { frameNames, type FrameOptions } from '../frameNames';
import { callGraph } from '../graph';
import type { Prepared } from '../preparedProfile';
import { grown } from '../../profile/grown';
import { namedColumn, type NamedText, type Table } from '../table';
import { cumulativeNotice, type CaptureOrigin } from './origin';

export interface SumOptions extends FrameOptions {
  readonly sort: 'flat' | 'cum';
  /** Names of key labels, separated by commas: captures that agree in them are one group. */
  readonly groupBy: string;
}

/** Captures that agree in the labels they are grouped by. Values are of one capture, on average. */
export interface Group {
  /** Values of those labels: `ingester-7f9c`. */
  readonly name: string;
  readonly captures: number;
  /** Unix ms of the newest. */
  readonly latest: number;
  readonly total: number;
  /** By row of Fleet.named; rows beyond its end are 0. */
  readonly values: Float64Array;
}

/** The values of each function in each group. */
export interface Fleet {
  /** Of the sample type. */
  readonly type: string;
  readonly unit: string;
  /** In the order in which they came. */
  readonly groups: readonly Group[];
  /** Full names of the nodes, each once. */
  readonly names: readonly string[];
  readonly named: readonly NamedText[];
  /** The file that each node's function is in, '' where nothing says it. */
  readonly files: readonly string[];
  readonly notices: Table['notices'];
}

interface Sums {
  readonly name: string;
  captures: number;
  latest: number;
  total: number;
  values: Float64Array;
}

/** Adds up captures by group, one at a time: only sums are kept, so that any number of captures fits in memory. */
export class FleetSums {
  private readonly rows = new Map<string, number>();
  private readonly named: NamedText[] = [];
  private readonly files: string[] = [];
  private readonly groups = new Map<string, Sums>();
  private readonly notices: Array<Table['notices'][number]> = [];
  private first: Prepared | undefined;
  private readonly by: readonly string[];

  constructor(
    private readonly options: SumOptions,
    standardGroup: string
  ) {
    this.by = labelNames(options.groupBy, standardGroup);
  }

  add(prepared: Prepared, { time, labels }: CaptureOrigin): void {
    const { profile, index } = prepared;
    this.first ??= prepared;
    const name = this.by.map((label) => labels[label] ?? '').join(' ');
    const group = this.groups.get(name) ?? { name, captures: 0, latest: 0, total: 0, values: new Float64Array(1024) };
    this.groups.set(name, group);
    const frames = frameNames(profile, this.options);
    const { names, named, flat, cum } = callGraph(profile, index, frames);
    const own = this.options.sort === 'flat' ? flat : cum;
    for (let node = 0; node < names.length; node++) {
      if (own[node] === 0) {
        continue;
      }
      const row = this.rowOf(names[node], () => ({ named: named[node], file: fileOf(prepared, frames.first[node]) }));
      if (row >= group.values.length) {
        group.values = grown(group.values, 2 * row);
      }
      // Two nodes may print the same.
      group.values[row] += own[node];
    }
    group.captures++;
    group.latest = Math.max(group.latest, time);
    group.total += profile.sample.values[index].reduce((sum, value) => sum + value, 0);
  }

  /** Undefined where nothing was added. */
  finish(): Fleet | undefined {
    if (!this.first) {
      return undefined;
    }
    const { type, unit } = this.first;
    const groups = [...this.groups.values()].map(({ values, captures, total, ...group }) => ({
      ...group,
      captures,
      total: total / captures,
      values: values.map((value) => value / captures),
    }));
    const notices = [...this.notices, ...cumulativeNotice(type)];
    return { type, unit, groups, names: [...this.rows.keys()], named: this.named, files: this.files, notices };
  }

  private rowOf(name: string, describe: () => { readonly named: NamedText; readonly file: string }): number {
    const known = this.rows.get(name);
    if (known !== undefined) {
      return known;
    }
    const row = this.rows.size;
    const { named, file } = describe();
    this.rows.set(name, row);
    this.named.push(named);
    this.files.push(file);
    return row;
  }
}

/** The labels in a field of the query, `standard` where it names none. */
export function labelNames(groupBy: string, standard: string): readonly string[] {
  const names = namesIn(groupBy);
  return names.length > 0 ? names : [standard];
}

/** The function of each row, with its full name. @param rows rows of Fleet.named */
export const functionColumn = ({ named, names }: Fleet, rows: ReadonlyArray<{ readonly row: number }>) =>
  namedColumn(
    'function',
    rows.map(({ row }) => named[row]),
    { fullNames: rows.map(({ row }) => names[row]) }
  );

function fileOf({ profile: { function: func, line, strings } }: Prepared, first: number): string {
  const f = first < 0 ? -1 : line.function[first];
  return f < 0 ? '' : strings[func.filename[f]];
}
