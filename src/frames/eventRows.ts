import type { DataFrame, DataLink } from '@grafana/data';
import { mainCapture, type CaptureEvent, type Ramp } from '../captures/events';
import { columnsOf, type Table } from '../views/table';
import type { Notice } from '../text/notice';
import { nameOf, titleOf } from './events';
import { toFrame } from './frames';
import { selectorField } from './links';

/**
 * The marks of an annotation query as rows, the newest first. Explore has no panel to draw marks on, and shows no frame
 * that says it is an annotation.
 */
export function eventRows(
  events: readonly CaptureEvent[],
  ramps: readonly Ramp[],
  { refId, notices, links }: { refId: string; notices: readonly Notice[]; links: readonly DataLink[] }
): DataFrame {
  const rows = [
    ...events.map((event) => ({ event, from: event.time, to: NaN, title: titleOf(event) })),
    ...ramps.map(({ first, last }) => ({
      event: last,
      from: first.time,
      to: last.time,
      title: `Memory ramp of ${nameOf(last)}`,
    })),
  ].sort((a, b) => b.from - a.from);
  const { number, text } = columnsOf(rows);
  const label = (name: string) => text(name, ({ event }) => event.labels[name] ?? '');
  const table: Table = {
    name: 'events',
    length: rows.length,
    columns: [
      { name: 'time', kind: 'time', values: rows.map(({ from }) => from) },
      ...(ramps.length > 0 ? [{ name: 'until', kind: 'time' as const, values: rows.map(({ to }) => to) }] : []),
      text('mark', ({ title }) => title),
      label('service'),
      label('instance'),
      label('trigger'),
      number('value', 'bytes', ({ event }) => event.value ?? NaN),
      label('version'),
      text('event', ({ event }) => event.id),
      text('captured', ({ event }) => event.profiles.join(', ')),
      text('key', ({ event }) => mainCapture(event.captures)?.object.key ?? ''),
    ],
    notices: [],
  };
  const frame = toFrame(table, { refId, visualisation: 'table', notices });
  for (const { name, config } of frame.fields) {
    if (name === 'event' || name === 'time') {
      config.links = [...links];
    } else if (name === 'mark') {
      config.custom = { minWidth: 240 };
    }
  }
  frame.fields.push(selectorField(rows.map(({ event }) => event.labels)));
  return frame;
}
