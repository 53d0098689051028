import { createDataFrame, DataTopic, FieldType, textUtil, type DataFrame } from '@grafana/data';
import type { Notice } from '../text/notice';
import { column, type Table } from '../views/table';
import type { EventLink, LinkedEvent } from './eventLinks';

export interface AnnotationOptions {
  readonly refId: string;
  readonly notices: readonly Notice[];
  /** Where an event opens, for users of every role, and in Explore. */
  readonly links: readonly EventLink[];
}

/**
 * The table of events, or of what a trace has that takes time, as Grafana draws annotations, in annotation queries and over a panel: a mark for each event, and a
 * region for each ramp, by rising time. Panels read these fields by name. `title` and `text` are HTML, and whatever of it
 * comes from keys is escaped: they are named by anyone who may write to the bucket. `id` is 0, since Grafana offers to
 * delete annotations that have another.
 */
export function annotationFrame(table: Table, { refId, notices, links }: AnnotationOptions): DataFrame {
  const rows = marksOf(table).sort((a, b) => a.time - b.time);
  const field = (name: string, type: FieldType, read: (mark: Mark) => unknown) => ({
    name,
    type,
    config: {},
    values: rows.map(read),
  });
  return createDataFrame({
    refId,
    name: table.name,
    meta: { dataTopic: DataTopic.Annotations, notices: [...notices] },
    fields: [
      field('time', FieldType.time, ({ time }) => time),
      // Every row has the same fields, or Grafana 12 loses those that the first one lacks: a mark is a region without length.
      field('timeEnd', FieldType.time, ({ event }) => event.time),
      field('isRegion', FieldType.boolean, ({ isRamp }) => isRamp),
      field('title', FieldType.string, ({ title }) => escape(title)),
      field('text', FieldType.string, (mark) => textOf(mark, links)),
      field('tags', FieldType.other, ({ tags }) => tags),
      field('id', FieldType.number, () => 0),
      // Grafana reads names of its palette; without it all marks have the colour of their query.
      ...(rows.some(({ color }) => color !== '') ? [field('color', FieldType.string, ({ color }) => color)] : []),
    ],
  });
}

/** A row of the table. The event of a ramp is its last one. */
interface Mark {
  readonly time: number;
  readonly isRamp: boolean;
  readonly title: string;
  readonly lines: readonly string[];
  readonly tags: readonly string[];
  readonly color: string;
  readonly event: LinkedEvent;
}

function marksOf(table: Table): Mark[] {
  const times = column(table, 'time', 'time').values;
  const until = table.columns.some(({ name }) => name === 'until') ? column(table, 'until', 'time').values : [];
  const texts = (name: string) => column(table, name, 'string').values;
  const [titles, lines, tags] = ['mark', 'lines', 'tags'].map(texts);
  // What is of a trace names no capture, and captures have no colour of their own.
  const [ids, keys, colors] = ['event', 'key', 'color'].map((name) =>
    table.columns.some((each) => each.name === name) ? texts(name) : titles.map(() => '')
  );
  return times.map((time, i) => {
    const end = until[i] ?? NaN;
    return {
      time,
      isRamp: end > time,
      title: titles[i],
      lines: linesOf(lines[i]),
      tags: linesOf(tags[i]),
      color: colors[i],
      event: { id: ids[i], key: keys[i], time: Number.isNaN(end) ? time : end, labels: table.keyLabels?.[i] ?? {} },
    };
  });
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.split('\n'));

const escape = (text: string) => textUtil.escapeHtml(text);

/** The links of an event on a line of their own; those of a ramp end its sentence. */
function textOf({ lines, isRamp, event }: Mark, links: readonly EventLink[]): string {
  const anchors = links.map(({ title, url }) => `<a href="${escape(url(event))}">${escape(title)}</a>`).join(' · ');
  const shown = lines.map(escape);
  if (anchors === '') {
    return shown.join('<br/>');
  }
  return isRamp ? `${shown.join('<br/>')} ${anchors}` : [...shown, anchors].join('<br/>');
}
