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
  const marks = byKind.flatMap(({ drawn }) => drawn).sort((a, b) => a.from - b.from);
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
    const { size } = idsOf(mark);
    const who = size > 1 ? `${grouped(size)} goroutines` : id(mark) && `goroutine ${id(mark)}`;
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
    notices: [...joinedNotice(byKind), ...cutNotice(trace, byKind)],
  };
}

/** Marks of one kind, by rising time. */
interface OfKind {
  readonly kind: (typeof kinds)[number];
  readonly drawn: readonly Mark[];
  /** Those that are not. */
  readonly cut: readonly Mark[];
  /** ns below which neighbours are one mark; undefined where each is its own. */
  readonly close?: number;
}

function marksOf({ execution: { ranges }, window }: OpenedTrace, kind: (typeof kinds)[number]): OfKind {
  const { tag, most, tooMany } = kind;
  const marks: Mark[] = [];
  for (let i = 0; i < ranges.length; i++) {
    if (ranges.kind[i] === kind.kind && ranges.to[i] >= window.from && ranges.from[i] <= window.to) {
      marks.push(markOf(ranges, i, tag));
    }
  }
  if (marks.length <= most) {
    return { kind, drawn: marks, cut: [] };
  }
  if (tooMany === 'cut') {
    const longest = [...marks].sort((a, b) => b.length - a.length);
    return { kind, drawn: longest.slice(0, most), cut: longest.slice(most) };
  }
  // As little is joined as leaves no more than can be drawn; one twice as long as the window takes all.
  let close = (window.to - window.from) / (8 * most) || 1;
  let drawn = joined(marks, close);
  while (drawn.length > most) {
    close *= 1.25;
    drawn = joined(marks, close);
  }
  return { kind, drawn, cut: [], close };
}

const markOf = ({ from, to }: Ranges, i: number, tag: string): Mark => ({
  tag,
  rows: [i],
  from: from[i],
  to: to[i],
  length: to[i] - from[i],
});

function joined(marks: readonly Mark[], close: number): Mark[] {
  const some: Mark[] = [];
  for (const mark of marks) {
    const last = some.at(-1);
    if (last && mark.from - last.to <= close && mark.to - last.from <= 2 * close) {
      last.rows.push(...mark.rows);
      last.to = Math.max(last.to, mark.to);
      last.length += mark.length;
    } else {
      some.push({ ...mark, rows: [...mark.rows] });
    }
  }
  return some;
}

function joinedNotice(byKind: readonly OfKind[]): Notice[] {
  const parts = byKind.flatMap(({ kind: { tag }, drawn, close }) => {
    const count = drawn.reduce((sum, { rows }) => sum + rows.length, 0);
    return close === undefined
      ? []
      : [`${grouped(count)} of ${tag} as ${grouped(drawn.length)} (less than ${lengthText(close)} apart)`];
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

function cutNotice({ execution: { ranges }, window }: OpenedTrace, byKind: readonly OfKind[]): Notice[] {
  return byKind.flatMap(({ kind: { tag }, drawn, cut }) => {
    const time = cut.reduce((sum, { rows: [i] }) => sum + overlap(ranges.from[i], ranges.to[i], window), 0);
    return cut.length === 0
      ? []
      : [
          {
            severity: 'warning' as const,
            text: `Of ${tag} the ${grouped(drawn.length)} longest are marked; left out are ${grouped(cut.length)} shorter, ${lengthText(time)} in all. A shorter time range shows them.`,
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
