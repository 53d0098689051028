import { codeOf } from './code';
import { cumValue, flatValue } from './graph';
import type { Prepared } from './preparedProfile';
import { percentOf, type Table } from './table';
import type { Notice } from '../text/notice';
import { trimmedGraph, untrimmed, type TrimmedGraph, type TrimOptions } from './trimmedGraph';
import { trimFields } from '../fields/fields';
import { reportView } from './view';

/** The nodes of a report in its order, with their values. */
export interface TopRows {
  readonly trimmed: TrimmedGraph;
  readonly flat: Float64Array;
  readonly cum: Float64Array;
  /** Of the flat values down to each row. */
  readonly sum: Float64Array;
}

/** Ordered by flat (or cum), then by name, cut where pprof cuts (internal/report, TextItems). */
export function topRows(prepared: Prepared, options: TrimOptions): TopRows {
  const trimmed = trimmedGraph(prepared, options.trim ? options : untrimmed(options), { most: 0 });
  const { graph, nodes } = trimmed;
  const flat = Float64Array.from(nodes, (node) => flatValue(graph, node));
  let sum = 0;
  return {
    trimmed,
    flat,
    cum: Float64Array.from(nodes, (node) => cumValue(graph, node)),
    sum: flat.map((value) => (sum += value)),
  };
}

/**
 * Flat and cumulative value of each node, as `go tool pprof -top` has them. sum% runs over the flat values above, and comes
 * last: of pprof's columns it is the one to do without.
 *
 * Columns: function, flat, flat%, cum, cum%, sum%.
 */
export function top(prepared: Prepared, options: TrimOptions): Table {
  const { type, unit, total } = prepared;
  const { trimmed, flat, cum, sum } = topRows(prepared, options);
  const { graph, nodes } = trimmed;
  const percent = (values: Float64Array) => values.map((value) => percentOf(value, total));
  return {
    name: type,
    length: nodes.length,
    columns: [
      {
        name: 'function',
        kind: 'enum',
        values: nodes,
        text: graph.names,
        named: graph.named,
        fullNames: graph.names,
        code: codeOf(prepared, options, nodes),
      },
      { name: 'flat', kind: 'number', values: flat, unit },
      { name: 'flat%', kind: 'number', values: percent(flat), unit: 'percent' },
      { name: 'cum', kind: 'number', values: cum, unit },
      { name: 'cum%', kind: 'number', values: percent(cum), unit: 'percent' },
      { name: 'sum%', kind: 'number', values: percent(sum), unit: 'percent' },
    ],
    notices: trimNotices(trimmed, options),
  };
}

/** What a report leaves out, in pprof's words (internal/report, reportLabels). */
export function trimNotices({ nodes, originalCount, dropped }: TrimmedGraph, { nodeFraction }: TrimOptions): Notice[] {
  const texts: string[] = [];
  if (dropped > 0) {
    texts.push(
      `Dropped ${dropped} node${dropped > 1 ? 's' : ''} with a cum below ${100 * nodeFraction} % of the total.`
    );
  }
  if (nodes.length < originalCount) {
    texts.push(`Showing top ${nodes.length} nodes out of ${originalCount}.`);
  }
  return texts.length === 0 ? [] : [{ severity: 'info', text: `${texts.join(' ')} Switch off "Trim" to see all.` }];
}

export const topView = reportView({
  name: 'top',
  title: 'Top',
  description: 'flat and cum of each function',
  group: 'Profile',
  opens: 'profile',
  base: 'subtracted',
  panel: 'table',
  fields: trimFields,
  reports: ['top', 'text'],
  tables: (prepared, query) => [top(prepared, query)],
});
