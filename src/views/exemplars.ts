import { eventsOf, mainCapture, type CaptureEvent } from '../captures/events';
import { columnsOf, type StringColumn, type Table } from './table';
import { keyView } from './view';

/** Labels of an exemplar, in this order; further key labels follow. */
const placed = ['service', 'instance', 'trigger', 'event', 'version'];
/** Names that Grafana, and links, find columns by: of a layout's label so named another is made. */
const taken: readonly string[] = ['Time', 'Value', 'key', 'selector'];

/**
 * Events by their memory value, as Grafana names what it draws as exemplars.
 *
 * Columns: Time, Value, labels of the key, key (of the capture that stands for the event), profile (all that were captured).
 */
export function exemplarsTable(events: readonly CaptureEvent[]): Table {
  const rows = events.filter(({ value }) => value !== undefined);
  const { number, text } = columnsOf(rows);
  const label = (name: string, more: Partial<StringColumn> = {}) =>
    text(taken.includes(name) ? `${name} (label)` : name, ({ labels }) => labels[name] ?? '', more);
  const further = [...new Set(rows.flatMap(({ labels }) => Object.keys(labels)))].filter(
    (name) => !placed.includes(name) && name !== 'profile'
  );
  return {
    name: 'exemplar',
    length: rows.length,
    columns: [
      { name: 'Time', kind: 'time', values: rows.map(({ time }) => time) },
      number('Value', 'bytes', ({ value }) => value ?? NaN),
      ...[...placed, ...further].map((name) => label(name, name === 'event' ? { opensCapture: true } : {})),
      text('key', ({ captures }) => mainCapture(captures)?.object.key ?? ''),
      text('profile', ({ profiles }) => profiles.join(', ')),
    ],
    notices:
      events.length > 0 && rows.length === 0
        ? [{ severity: 'warning', text: 'The key layout has no {value}, so there is no value to mark.' }]
        : [],
    keyLabels: rows.map(({ labels }) => labels),
  };
}

export const exemplarsView = keyView({
  name: 'exemplars',
  title: 'Exemplars',
  description: 'captures as diamonds at their memory value',
  group: 'Captures',
  opens: 'keys',
  base: 'none',
  panel: 'exemplars',
  fields: [],
  reports: [],
  tables: ({ captures }) => [exemplarsTable(eventsOf(captures))],
});
