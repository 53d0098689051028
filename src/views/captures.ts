import type { Capture } from '../captures/capture';
import { columnsOf, type StringColumn, type Table } from './table';
import { captureFields } from '../fields/fields';
import { keyView } from './view';

/** Labels that have a place of their own among the columns; others follow them. */
const placed = ['service', 'profile', 'instance', 'trigger', 'event', 'version'];
/** Names that links, and whoever reads the table, find columns by: of a layout's label so named another is made. */
const taken: readonly string[] = ['shown', 'time', 'value', 'limit', '% of limit', 'size', 'key', 'selector'];

const mark = '●';

/**
 * One row per capture, the newest first, from keys alone.
 *
 * Columns: shown (where some are and others not), time, value and % of limit (where keys say them), instance, trigger,
 * profile, event, limit, service, version, further labels of the key, size, key.
 * @param captures by rising time
 * @param shown those that a query with the same choice opens: what the panels beside the table show
 * @param inside of archives the profiles that are in them, where that is known
 */
export function capturesTable(
  captures: readonly Capture[],
  shown: ReadonlySet<Capture> = new Set(),
  inside: ReadonlyMap<Capture, string> = new Map()
): Table {
  const rows = [...captures].reverse();
  const { number, text } = columnsOf(rows);
  const label = (name: string, more: Partial<StringColumn> = {}) =>
    text(taken.includes(name) ? `${name} (label)` : name, ({ labels }) => labels[name] ?? '', more);
  const bytes = (name: string, read: (capture: Capture) => number | undefined) =>
    number(name, 'bytes', (capture) => read(capture) ?? NaN);
  const further = [...new Set(rows.flatMap(({ labels }) => Object.keys(labels)))].filter(
    (name) => !placed.includes(name)
  );
  const hasLimit = rows.some(({ limit }) => limit);
  // All of them are not marked: that is a merge.
  const hasMarks = shown.size > 0 && (shown.size < rows.length || rows.length === 1);
  return {
    name: 'captures',
    length: rows.length,
    // The columns that tell captures apart come first: panels are narrow, and a dashboard has chosen the service and profile.
    columns: [
      ...(hasMarks
        ? [text('shown', (capture) => (shown.has(capture) ? mark : ''), { ...markColumn, isMark: true })]
        : []),
      { name: 'time', kind: 'time', values: rows.map(({ time }) => time), opensCapture: true },
      ...(hasLimit ? [bytes('value', ({ value }) => value), number('% of limit', 'percent', percentOfLimit)] : []),
      label('instance'),
      label('trigger'),
      text('profile', (capture) => inside.get(capture) ?? profileOf(capture)),
      label('event', { opensCapture: true }),
      ...(hasLimit ? [bytes('limit', ({ limit }) => limit)] : []),
      label('service'),
      label('version'),
      ...further.map((name) => label(name)),
      bytes('size', ({ object }) => object.size),
      text('key', ({ object }) => object.key),
    ],
    notices: [],
    keyLabels: rows.map(({ labels }) => labels),
  };
}

/** An archive is a capture of whatever is asked for, so what is asked for says nothing of it. */
const profileOf = ({ labels, member }: Capture): string => (member === undefined ? (labels.profile ?? '') : 'archive');

const markColumn = { label: mark, description: 'The capture that is shown.' };

const percentOfLimit = ({ value, limit }: Capture): number => (value && limit ? (100 * value) / limit : NaN);

export const capturesView = keyView({
  name: 'captures',
  title: 'Captures',
  description: 'profiles in the bucket',
  group: 'Captures',
  opens: 'keys',
  base: 'none',
  panel: 'table',
  fields: captureFields,
  reports: [],
  tables: ({ captures, shown, inside }) => [capturesTable(captures, shown, inside)],
});
