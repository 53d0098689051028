import { RangeKind } from '../../profile/execution';
import { grouped, type Notice } from '../../text/notice';
import { columnsOf, type Table } from '../table';
import { traceView } from '../view';
import { lengthText, openText, overlap, wallClock, type OpenedTrace } from './openedTrace';

/** Marks that are drawn: Grafana makes an element of each. Of those of one kind the longest stay. */
const maxMarks = 300;

/** In the order in which they are kept where there are too many; mark workers are seen as what they take of the program. */
const kinds: ReadonlyArray<{ readonly kind: number; readonly tag: string }> = [
  { kind: RangeKind.mark, tag: 'GC' },
  { kind: RangeKind.stopTheWorld, tag: 'stop-the-world' },
  { kind: RangeKind.assist, tag: 'mark assist' },
  { kind: RangeKind.sweep, tag: 'sweep' },
];

/**
 * What the collector did, with its length: mark phases, stop-the-world pauses, mark assist, sweeping, by rising time.
 *
 * Columns: time, until, mark (its name), length (ns), goroutine (id, '' for the process), what is not known (`began before the
 * trace`), swept and reclaimed (bytes, NaN but of sweeps); of marks over a panel lines of text and tags, one a line.
 */
export function gcTable(trace: OpenedTrace): Table {
  const { execution, window } = trace;
  const { ranges, goroutines, tables } = execution;
  const length = (i: number) => ranges.to[i] - ranges.from[i];
  const isSeen = (i: number) => ranges.to[i] >= window.from && ranges.from[i] <= window.to;
  const byKind = kinds.map(({ kind }) =>
    [...Array(ranges.length).keys()]
      .filter((i) => ranges.kind[i] === kind && isSeen(i))
      .sort((a, b) => length(b) - length(a))
  );
  let room = maxMarks;
  const kept = byKind.map((rows) => {
    const some = rows.slice(0, room);
    room -= some.length;
    return some;
  });
  const rows = kept.flat().sort((a, b) => ranges.from[a] - ranges.from[b]);
  const { number, text } = columnsOf(rows);
  const name = (i: number) => tables.strings[ranges.name[i]];
  const id = (i: number) => (ranges.goroutine[i] < 0 ? '' : String(goroutines.id[ranges.goroutine[i]]));
  const bytes = (of: Float64Array) => (i: number) => (ranges.sweep[i] < 0 ? NaN : of[ranges.sweep[i]]);
  const ofMark = { hasLines: true, isOfMark: true };
  return {
    name: 'GC events',
    length: rows.length,
    columns: [
      { name: 'time', kind: 'time', values: rows.map((i) => wallClock(trace, ranges.from[i])) },
      { name: 'until', kind: 'time', values: rows.map((i) => wallClock(trace, ranges.to[i])) },
      text('mark', name),
      number('length', 'nanoseconds', length),
      text('goroutine', id),
      text('not known', (i) => openText(ranges.open[i])),
      number('swept', 'bytes', bytes(ranges.swept)),
      number('reclaimed', 'bytes', bytes(ranges.reclaimed)),
      text(
        'lines',
        (i) =>
          [lengthText(length(i)), id(i) && `goroutine ${id(i)}`, openText(ranges.open[i])].filter(Boolean).join('\n'),
        ofMark
      ),
      text('tags', (i) => kinds.find(({ kind }) => kind === ranges.kind[i])?.tag ?? '', ofMark),
    ],
    notices: cutNotice(
      trace,
      byKind.flatMap((all, k) => all.slice(kept[k].length))
    ),
  };
}

function cutNotice({ execution: { ranges }, window }: OpenedTrace, left: readonly number[]): Notice[] {
  if (left.length === 0) {
    return [];
  }
  const sum = left.reduce((all, i) => all + overlap(ranges.from[i], ranges.to[i], window), 0);
  return [
    {
      severity: 'warning',
      text: `${grouped(maxMarks)} marks are drawn, the longest of each kind. Left out are ${grouped(left.length)} shorter ones of assist and sweep, ${lengthText(sum)} in all. A shorter time range shows them.`,
    },
  ];
}

export const traceGcView = traceView({
  name: 'traceGc',
  title: 'GC events',
  description: 'GC, stop-the-world, mark assist and sweep with their length, as annotations over a panel',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'annotations',
  fields: [],
  reports: [],
  tables: (trace) => [gcTable(trace)],
});
