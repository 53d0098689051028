import { codeOf } from './code';
import { cumValue, flatValue } from './graph';
import type { Prepared } from './prepared';
import type { Notice, Table } from './table';
import { trimmedGraph, untrimmed, type TrimmedGraph, type TrimOptions } from './trimmed';

/**
 * Flat and cumulative value of each node, as `go tool pprof -top` has them: ordered by flat (or cum), then by name, cut
 * where pprof cuts. sum% runs over the flat values above, and comes last: of pprof's columns it is the one to do without.
 *
 * Columns: function, flat, flat%, cum, cum%, sum%.
 */
export function top(prepared: Prepared, options: TrimOptions): Table {
  const { type, unit, total } = prepared;
  const trimmed = trimmedGraph(prepared, options.trim ? options : untrimmed(options), { most: 0 });
  const { graph, nodes } = trimmed;
  const percent = (value: number) => (total === 0 ? 0 : (100 * value) / total);
  let sum = 0;
  const flats = Float64Array.from(nodes, (node) => flatValue(graph, node));
  const cums = Float64Array.from(nodes, (node) => cumValue(graph, node));
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
      { name: 'flat', kind: 'number', values: flats, unit },
      { name: 'flat%', kind: 'number', values: flats.map(percent), unit: 'percent' },
      { name: 'cum', kind: 'number', values: cums, unit },
      { name: 'cum%', kind: 'number', values: cums.map(percent), unit: 'percent' },
      { name: 'sum%', kind: 'number', values: flats.map((value) => percent((sum += value))), unit: 'percent' },
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
