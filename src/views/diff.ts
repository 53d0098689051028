import { codeOf } from './code';
import { frameNames, type FrameOptions } from './frameNames';
import { callGraph } from './graph';
import type { Prepared } from './preparedProfile';
import type { NumberColumn, Table } from './table';
import type { TrimOptions } from './trimmedGraph';
import { nodeFields } from '../fields/fields';
import { reportView } from './view';
import { grouped } from '../text/notice';

/** Rows of the table; the largest changes stay. */
const maxRows = 1000;

/**
 * What changed, function by function (or whatever the granularity makes a node): the largest change of the flat value (or
 * of cum, by `sort`) first. A node is new or gone where one side has nothing of it.
 *
 * Columns: function, delta, delta% (of the base), flat, base, change (new, gone, grown, shrunk), delta cum, cum, base cum.
 * Deltas are per second where that was asked.
 */
export function diff(prepared: Prepared, options: FrameOptions & Pick<TrimOptions, 'sort'>): Table {
  const { profile, index, base, type, unit, seconds } = prepared;
  const frames = frameNames(profile, options);
  const now = callGraph(profile, index, frames);
  const before = callGraph(profile, base?.index ?? index, frames);
  const deltaOf = (read: 'flat' | 'cum') => now[read].map((value, node) => value - before[read][node]);
  const delta = { flat: deltaOf('flat'), cum: deltaOf('cum') };
  const by = delta[options.sort];
  const changed = Uint32Array.from(by.keys()).filter((node) => by[node] !== 0);
  changed.sort((a, b) => Math.abs(by[b]) - Math.abs(by[a]) || a - b);
  const nodes = changed.slice(0, maxRows);

  const column = (name: string, ofNode: Float64Array): NumberColumn => ({
    name,
    kind: 'number',
    unit,
    values: Float64Array.from(nodes, (node) => ofNode[node]),
  });
  const deltaColumn = (name: string, ofNode: Float64Array): NumberColumn =>
    seconds === undefined
      ? column(name, ofNode)
      : {
          ...column(
            name,
            ofNode.map((value) => value / seconds)
          ),
          unit: `${unit}/s`,
        };
  return {
    name: type,
    length: nodes.length,
    columns: [
      {
        name: 'function',
        kind: 'enum',
        values: nodes,
        text: frames.names,
        named: frames.named,
        fullNames: frames.names,
        code: codeOf(prepared, options, nodes),
      },
      deltaColumn('delta', delta.flat),
      {
        name: 'delta%',
        kind: 'number',
        unit: 'percent',
        values: Float64Array.from(nodes, (node) =>
          before.flat[node] === 0 ? NaN : (100 * delta.flat[node]) / before.flat[node]
        ),
      },
      column('flat', now.flat),
      column('base', before.flat),
      {
        name: 'change',
        kind: 'string',
        values: Array.from(nodes, (node) => change(before.cum[node], now.cum[node], by[node])),
      },
      deltaColumn('delta cum', delta.cum),
      column('cum', now.cum),
      column('base cum', before.cum),
    ],
    notices:
      changed.length > nodes.length
        ? [
            {
              severity: 'info',
              text: `Shown: the ${maxRows} largest of ${grouped(changed.length)} changes. Filter to see the others.`,
            },
          ]
        : [],
  };
}

function change(before: number, now: number, delta: number): string {
  if (before === 0) {
    return 'new';
  }
  return now === 0 ? 'gone' : delta > 0 ? 'grown' : 'shrunk';
}

export const diffView = reportView({
  name: 'diff',
  title: 'Diff',
  description: 'what changed since the base',
  group: 'Compare',
  opens: 'profile',
  base: 'required',
  panel: 'table',
  fields: [...nodeFields, 'sort'],
  reports: [],
  tables: (prepared, query) => [diff(prepared, query)],
});
