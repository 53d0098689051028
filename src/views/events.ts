import { eventsOf, rampsOf, mainCapture, type CaptureEvent, type Ramp } from '../captures/events';
import { columnsOf, type Table } from './table';
import { keyView } from './view';
import { grouped } from '../text/notice';

/** A mark: an event, or a ramp by the last of its events. */
interface Mark {
  readonly event: CaptureEvent;
  /** Unix ms. */
  readonly from: number;
  /** NaN for a moment. */
  readonly to: number;
  readonly title: string;
  readonly lines: readonly string[];
  readonly tags: readonly string[];
}

/**
 * Events and ramps of memory, the newest first: the marks of an annotation query, as rows.
 *
 * Columns: time, until (of ramps, where there is one), mark (its title), service, instance, trigger, value, version, event
 * (its id), captured (profiles), key (of the capture that stands for the event); of marks over a panel lines of text and
 * tags, one a line.
 */
export function eventsTable(events: readonly CaptureEvent[], ramps: readonly Ramp[]): Table {
  const rows = [...events.map(markOfEvent), ...ramps.map(markOfRamp)].sort((a, b) => b.from - a.from);
  const { number, text } = columnsOf(rows);
  const label = (name: string) => text(name, ({ event }) => event.labels[name] ?? '');
  const ofMark = { hasLines: true, isOfMark: true };
  return {
    name: 'events',
    length: rows.length,
    columns: [
      { name: 'time', kind: 'time', values: rows.map(({ from }) => from), opensCapture: true },
      ...(ramps.length > 0 ? [{ name: 'until', kind: 'time' as const, values: rows.map(({ to }) => to) }] : []),
      text('mark', ({ title }) => title),
      label('service'),
      label('instance'),
      label('trigger'),
      number('value', 'bytes', ({ event }) => event.value ?? NaN),
      label('version'),
      text('event', ({ event }) => event.id, { opensCapture: true }),
      text('captured', ({ event }) => event.profiles.join(', ')),
      text('key', ({ event }) => mainCapture(event.captures)?.object.key ?? ''),
      text('lines', ({ lines }) => lines.join('\n'), ofMark),
      text('tags', ({ tags }) => tags.join('\n'), ofMark),
    ],
    notices: [],
    keyLabels: rows.map(({ event }) => event.labels),
  };
}

function markOfEvent(event: CaptureEvent): Mark {
  const { labels, value, limit, profiles, time } = event;
  const about = [labels.service, labels.instance, labels.version].filter(Boolean).join(' ');
  const memory = value === undefined ? '' : limit ? `${mib(value)} of ${mib(limit)}` : mib(value);
  const lines = [about, memory, profiles.length > 0 ? `Captured: ${profiles.join(', ')}` : ''];
  return {
    event,
    from: time,
    to: NaN,
    title: `${labels.trigger || 'capture'} at ${amountOf(event)}`,
    lines: lines.filter((line) => line !== ''),
    tags: [labels.trigger, ...processOf(event)].filter(Boolean),
  };
}

function markOfRamp({ first, last }: Ramp): Mark {
  return {
    event: last,
    from: first.time,
    to: last.time,
    title: `Memory ramp of ${last.labels.instance || last.labels.service || 'a process'}`,
    lines: [`${amountOf(first)} to ${amountOf(last)}. Last capture:`],
    tags: ['ramp', ...processOf(last).filter(Boolean)],
  };
}

const processOf = ({ labels }: CaptureEvent) => [labels.service, labels.instance, labels.version];

const mib = (bytes: number) => `${grouped(bytes / 1048576)} MiB`;

function amountOf({ value, limit }: CaptureEvent): string {
  if (value === undefined) {
    return 'unknown memory';
  }
  return limit ? `${Math.round((100 * value) / limit)} % of ${mib(limit)}` : mib(value);
}

export const eventsView = keyView({
  name: 'events',
  title: 'Events',
  description: 'captures as annotations over a panel',
  group: 'Captures',
  opens: 'keys',
  base: 'none',
  panel: 'annotations',
  fields: [],
  reports: [],
  tables({ captures }) {
    const events = eventsOf(captures);
    return [eventsTable(events, rampsOf(events))];
  },
});
