import { RangeKind, type Ranges } from '../../profile/execution';
import { grouped, type Notice } from '../../text/notice';
import { columnsOf, type Table } from '../table';
import { traceView } from '../view';
import { lengthText, openText, overlap, wallClock, type OpenedTrace } from './openedTrace';

/**
 * In the order in which they are listed where they begin together; mark workers are seen as what they take of the program. Each mark
 * is two lines over the curves that they explain: of a kind no more than `most` are drawn. Where there are more, those close to one
 * another are drawn as one; but one pause in place of many short ones would be taken for a long one, so of pauses the longest stay.
 */
const kinds: ReadonlyArray<{
  readonly kind: number;
  readonly tag: string;
  /** A name of Grafana's palette. */
  readonly color: string;
  readonly most: number;
  readonly tooMany: 'joined' | 'cut';
}> = [
  { kind: RangeKind.mark, tag: 'GC', color: 'semi-dark-blue', most: 30, tooMany: 'joined' },
  { kind: RangeKind.stopTheWorld, tag: 'stop-the-world', color: 'red', most: 30, tooMany: 'cut' },
  { kind: RangeKind.assist, tag: 'mark assist', color: 'orange', most: 15, tooMany: 'joined' },
  { kind: RangeKind.sweep, tag: 'sweep', color: 'purple', most: 15, tooMany: 'joined' },
];
const colorOf = new Map(kinds.map(({ tag, color }) => [tag, color]));

/** A range of the runtime, or several of a kind that are drawn as one. */
interface Mark {
  readonly tag: string;
  /** Rows of ranges, by rising beginning. */
  readonly rows: number[];
  readonly from: number;
  to: number;
  /** ns of all of them. */
  length: number;
}

/**
 * What the collector did, with its length: mark phases, stop-the-world pauses, mark assist, sweeping, by rising time. Many goroutines
 * assist and sweep at the same time: where there are more of a kind than can be drawn, neighbours are one mark.
 *
 * Columns: time, until, mark (its name), count (of what is drawn as one), length (ns, of all of them), goroutine (id, '' for the process and for
 * several), what is not known (`began before the trace`), swept and reclaimed (bytes, NaN but of sweeps); of marks over a panel lines of text,
 * tags, one a line, and a colour for each kind.
 */
export function gcTable(trace: OpenedTrace): Table {
  const { ranges, goroutines, tables } = trace.execution;
  const byKind = kinds.map((kind) => marksOf(trace, kind));
  const kept = byKind.map((all, k) => new Set([...all].sort((a, b) => b.length - a.length).slice(0, kinds[k].most)));
  const marks = kept.flatMap((some) => [...some]).sort((a, b) => a.from - b.from);
  const { number, text } = columnsOf(marks);
  const idsOf = ({ rows }: Mark) => new Set(rows.map((i) => ranges.goroutine[i]).filter((g) => g >= 0));
  const id = (mark: Mark) => {
    const [g, ...others] = idsOf(mark);
    return g === undefined || others.length > 0 ? '' : String(goroutines.id[g]);
  };
  const bytes = (of: Float64Array) => (mark: Mark) =>
    mark.rows.reduce((sum, i) => sum + (ranges.sweep[i] < 0 ? NaN : of[ranges.sweep[i]]), 0);
  const open = ({ rows }: Mark) => openText(rows.reduce((bits, i) => bits | ranges.open[i], 0));
  const lines = (mark: Mark) => {
    const who = mark.rows.length > 1 ? `${grouped(idsOf(mark).size)} goroutines` : id(mark) && `goroutine ${id(mark)}`;
    return [lengthText(mark.length), who, open(mark)].filter(Boolean).join('\n');
  };
  const name = ({ rows }: Mark) =>
    `${tables.strings[ranges.name[rows[0]]]}${rows.length > 1 ? ` × ${grouped(rows.length)}` : ''}`;
  const ofMark = { hasLines: true, isOfMark: true };
  return {
    name: 'GC events',
    length: marks.length,
    columns: [
      { name: 'time', kind: 'time', values: marks.map(({ from }) => wallClock(trace, from)) },
      { name: 'until', kind: 'time', values: marks.map(({ to }) => wallClock(trace, to)) },
      text('mark', name),
      number('count', 'count', ({ rows }) => rows.length),
      number('length', 'nanoseconds', ({ length }) => length),
      text('goroutine', id),
      text('not known', open),
      number('swept', 'bytes', bytes(ranges.swept)),
      number('reclaimed', 'bytes', bytes(ranges.reclaimed)),
      text('lines', lines, ofMark),
      text('tags', ({ tag }) => tag, ofMark),
      text('color', ({ tag }) => colorOf.get(tag) ?? '', ofMark),
    ],
    notices: [...togetherNotice(trace, byKind), ...cutNotice(trace, byKind, kept)],
  };
}

/** Of one kind in the window, by rising time. */
function marksOf(
  { execution: { ranges }, window }: OpenedTrace,
  { kind, tag, most, tooMany }: (typeof kinds)[number]
): Mark[] {
  const rows: number[] = [];
  for (let i = 0; i < ranges.length; i++) {
    if (ranges.kind[i] === kind && ranges.to[i] >= window.from && ranges.from[i] <= window.to) {
      rows.push(i);
    }
  }
  const marks = rows.map((i) => markOf(ranges, i, tag));
  return tooMany === 'joined' && marks.length > most ? together(marks, closeIn(window, most)) : marks;
}

const markOf = ({ from, to }: Ranges, i: number, tag: string): Mark => ({
  tag,
  rows: [i],
  from: from[i],
  to: to[i],
  length: to[i] - from[i],
});

/** ns between marks that are drawn as one: no more than `most` are left. */
const closeIn = ({ from, to }: OpenedTrace['window'], most: number) => (to - from) / most;

function together(marks: readonly Mark[], close: number): Mark[] {
  const joined: Mark[] = [];
  for (const mark of marks) {
    const last = joined.at(-1);
    if (last && mark.from - last.to <= close && mark.to - last.from <= 2 * close) {
      last.rows.push(...mark.rows);
      last.to = Math.max(last.to, mark.to);
      last.length += mark.length;
    } else {
      joined.push({ ...mark, rows: [...mark.rows] });
    }
  }
  return joined;
}

function togetherNotice({ window }: OpenedTrace, byKind: ReadonlyArray<readonly Mark[]>): Notice[] {
  const parts = byKind.flatMap((marks, k) => {
    const { tag, most } = kinds[k];
    const count = marks.reduce((sum, { rows }) => sum + rows.length, 0);
    return count > marks.length
      ? [
          `${grouped(count)} of ${tag} as ${grouped(marks.length)} (less than ${lengthText(closeIn(window, most))} apart)`,
        ]
      : [];
  });
  return parts.length === 0
    ? []
    : [
        {
          severity: 'info',
          text: `What is close together is one mark, whose length is that of all of it: ${parts.join(', ')}. A shorter time range shows more of them.`,
        },
      ];
}

function cutNotice(
  { execution: { ranges }, window }: OpenedTrace,
  byKind: ReadonlyArray<readonly Mark[]>,
  kept: ReadonlyArray<ReadonlySet<Mark>>
): Notice[] {
  return byKind.flatMap((marks, k) => {
    const left = marks.filter((mark) => !kept[k].has(mark));
    const rows = left.flatMap((mark) => mark.rows);
    const time = rows.reduce((sum, i) => sum + overlap(ranges.from[i], ranges.to[i], window), 0);
    const { most, tag } = kinds[k];
    return left.length === 0
      ? []
      : [
          {
            severity: 'warning' as const,
            text: `Of ${tag} the ${grouped(most)} longest are marked. ${grouped(left.length)} shorter ones are not, ${lengthText(time)} in all: a shorter time range shows them.`,
          },
        ];
  });
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
