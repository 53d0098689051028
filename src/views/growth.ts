import { codeOf } from './code';
import { frameNames, type FrameOptions } from './frameNames';
import { callGraph } from './graph';
import type { Prepared } from './preparedProfile';
import { columnsOf, namedColumn, type Code, type NamedText, type Table } from './table';
import type { TrimOptions } from './trimmedGraph';
import { nodeFields } from '../fields/fields';
import { processView } from './view';
import { grouped } from '../text/notice';

/** Rows of the table; the fastest stay. */
const maxRows = 200;
const minute = 60_000;

/**
 * What grows over the captures of one process: for each node the line through its values by least squares. One capture
 * is added at a time and only its totals are kept, so any number of captures fits in memory.
 */
export class GrowthBuilder {
  /** Unix ms of each capture that was added. */
  private readonly times: number[] = [];
  private readonly totals: number[] = [];
  /** Values of each node by its name, up to the last capture that had it; 0 where one lacks it. */
  private readonly values = new Map<string, { readonly named: NamedText; readonly own: number[] }>();
  /** Where the code of a node is, as the last capture that had it says. */
  private readonly code = new Map<string, Code | undefined>();
  private first: Prepared | undefined;

  constructor(private readonly options: FrameOptions & Pick<TrimOptions, 'sort'>) {}

  /** @param time Unix ms; captures come in the order of time */
  add(prepared: Prepared, time: number): void {
    const { profile, index } = prepared;
    this.first ??= prepared;
    const at = this.times.length;
    const frames = frameNames(profile, this.options);
    const { names, named, flat, cum } = callGraph(profile, index, frames);
    if (this.options.withCode) {
      codeOf(prepared, this.options, [...frames.first.keys()])?.forEach((code, node) =>
        this.code.set(names[node], code)
      );
    }
    const own = this.options.sort === 'flat' ? flat : cum;
    for (let node = 0; node < names.length; node++) {
      if (own[node] === 0) {
        continue;
      }
      const row = this.values.get(names[node]) ?? { named: named[node], own: [] };
      this.values.set(names[node], row);
      while (row.own.length <= at) {
        row.own.push(0);
      }
      // Two nodes may print the same.
      row.own[at] += own[node];
    }
    this.times.push(time);
    this.totals.push(profile.sample.values[index].reduce((sum, value) => sum + value, 0));
  }

  /**
   * Columns: function, growth (last less first), growth per minute (the line's slope), values over time, share of the
   * total's growth in percent, R², first, last. By falling slope, what shrinks last; the row `total` is of the whole
   * profile.
   */
  finish(): Table {
    const { times, first } = this;
    if (!first || times.length < 2) {
      return {
        name: 'growth',
        length: 0,
        columns: [{ name: 'function', kind: 'string', values: [] }],
        notices: [
          {
            severity: 'warning',
            text: `Growth takes at least two captures of one process; there ${times.length === 1 ? 'is one' : 'are none'} in this time range. Widen it.`,
          },
        ],
      };
    }
    const { type, unit } = first;
    const minutes = times.map((time) => (time - times[0]) / minute);
    const rowOf = (name: string, named: NamedText, values: readonly number[]) => ({
      name,
      named,
      values,
      ...line(minutes, values),
    });
    const filled = (values: readonly number[]) => times.map((_, i) => values[i] ?? 0);
    const all = [...this.values].map(([name, { named, own }]) => rowOf(name, named, filled(own)));
    all.sort((a, b) => Math.abs(b.slope) - Math.abs(a.slope) || (a.name < b.name ? -1 : 1));
    const fastest = all.slice(0, maxRows).sort((a, b) => b.slope - a.slope || (a.name < b.name ? -1 : 1));
    const rows = [rowOf('total', ['total'], this.totals), ...fastest];
    const { number } = columnsOf(rows);
    const code = this.options.withCode
      ? rows.map(({ name }, i) => (i === 0 ? undefined : this.code.get(name)))
      : undefined;
    const grown = ({ values }: (typeof rows)[number]) => values[values.length - 1] - values[0];
    const total = grown(rows[0]);
    return {
      name: type,
      length: rows.length,
      columns: [
        namedColumn(
          'function',
          rows.map(({ named }) => named),
          { fullNames: rows.map(({ name }) => name), code }
        ),
        number('growth', unit, grown),
        number('growth per minute', unit, ({ slope }) => slope),
        { name: 'over time', kind: 'series', values: rows.map(({ values }) => values), times },
        number('share of growth', 'percent', (row) => (total === 0 ? NaN : (100 * grown(row)) / total)),
        { ...number('R²', '', ({ r2 }) => r2), decimals: 2 },
        number('first', unit, ({ values }) => values[0]),
        number('last', unit, ({ values }) => values[values.length - 1]),
      ],
      notices: [
        {
          severity: 'info',
          text:
            `${times.length} captures over ${minutes[minutes.length - 1].toFixed(1)} min.` +
            (all.length > maxRows ? ` Shown: the ${maxRows} fastest of ${grouped(all.length)} nodes.` : ''),
        },
      ],
    };
  }
}

/** Least squares: value per minute, and the share of the variance that the line explains (0 for a constant). */
function line(minutes: readonly number[], values: readonly number[]): { slope: number; r2: number } {
  const n = values.length;
  const meanX = minutes.reduce((sum, x) => sum + x, 0) / n;
  const meanY = values.reduce((sum, y) => sum + y, 0) / n;
  let xx = 0;
  let xy = 0;
  let yy = 0;
  for (let i = 0; i < n; i++) {
    const dx = minutes[i] - meanX;
    const dy = values[i] - meanY;
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  return { slope: xx === 0 ? 0 : xy / xx, r2: xx === 0 || yy === 0 ? 0 : (xy * xy) / (xx * yy) };
}

export const growthView = processView({
  name: 'growth',
  title: 'Growth',
  description: 'what grows over the captures of a process',
  group: 'Over time',
  opens: 'process',
  base: 'none',
  panel: 'table',
  fields: ['sampleIndex', 'mean', ...nodeFields, 'sort'],
  reports: [],
  isOfGoroutines: false,
  collect(query) {
    const growth = new GrowthBuilder(query);
    return { add: ({ prepared }, time) => growth.add(prepared, time), finish: () => [growth.finish()] };
  },
});
