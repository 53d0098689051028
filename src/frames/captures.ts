import {
  FieldType,
  MappingType,
  SpecialValueMatch,
  type DataFrame,
  type DataLink,
  type FieldConfig,
} from '@grafana/data';
import type { Capture } from '../captures/capture';
import type { Column, Table } from '../views/table';
import type { Notice } from '../text/notice';
import { hiddenCell } from './cells';
import { toFrame } from './frames';
import { selectorField, withRange, type MetricsLink } from './links';

export interface CaptureFrameOptions {
  readonly refId: string;
  readonly notices: readonly Notice[];
  /** Of a row; `${__data.fields.event}` and the like are filled in by Grafana. */
  readonly links?: readonly DataLink[];
  /** Further links, to metrics. */
  readonly metrics?: readonly MetricsLink[];
  /** Those that a query with the same choice opens: what the panels beside the table show. */
  readonly shown?: ReadonlySet<Capture>;
}

const mark = '●';
/** Links stay readable on it, in light and dark. */
const markColor = 'rgba(110, 159, 255, 0.25)';
/** The column of marks: narrow, and its colour is that of the whole row. */
const markConfig: FieldConfig = {
  displayName: mark,
  description: 'The capture that is shown.',
  mappings: [
    { type: MappingType.ValueToText, options: { [mark]: { color: markColor, index: 0 } } },
    { type: MappingType.SpecialValue, options: { match: SpecialValueMatch.Empty, result: { color: 'transparent' } } },
  ],
  custom: { width: 36, align: 'center', cellOptions: { type: 'color-background', mode: 'basic', applyToRow: true } },
};

const ownColumns: readonly string[] = ['time', 'value', 'limit', '% of limit', 'size', 'key', 'selector'];

/** One row per capture, the newest first, from keys alone. */
export function capturesFrame(
  captures: readonly Capture[],
  { refId, notices, links = [], metrics = [], shown }: CaptureFrameOptions
): DataFrame {
  const rows = [...captures].reverse();
  const label = (name: string): Column => ({
    // A layout may name a label as one of our columns; links find a column by its name.
    name: ownColumns.includes(name) ? `${name} (label)` : name,
    kind: 'string',
    values: rows.map(({ labels }) => labels[name] ?? ''),
  });
  const numbers = (name: string, unit: string, read: (capture: Capture) => number | undefined): Column => ({
    name,
    kind: 'number',
    unit,
    values: rows.map((capture) => read(capture) ?? NaN),
  });
  const fixed = ['service', 'profile', 'instance', 'trigger', 'event', 'version'];
  const further = [...new Set(rows.flatMap(({ labels }) => Object.keys(labels)))].filter(
    (name) => !fixed.includes(name)
  );
  const hasLimit = rows.some(({ limit }) => limit);
  // What tells captures apart comes first: panels are narrow, and a dashboard has chosen the service and profile.
  const columns: Column[] = [
    { name: 'time', kind: 'time', values: rows.map(({ time }) => time) },
    ...(hasLimit
      ? [
          numbers('value', 'bytes', ({ value }) => value),
          numbers('% of limit', 'percent', ({ value, limit }) => (value && limit ? (100 * value) / limit : undefined)),
        ]
      : []),
    label('instance'),
    label('trigger'),
    label('profile'),
    label('event'),
    ...(hasLimit ? [numbers('limit', 'bytes', ({ limit }) => limit)] : []),
    label('service'),
    label('version'),
    ...further.map(label),
    numbers('size', 'bytes', ({ object }) => object.size),
    { name: 'key', kind: 'string', values: rows.map(({ object }) => object.key) },
  ];
  const table: Table = { name: 'captures', length: rows.length, columns, notices: [] };
  const frame = toFrame(table, { refId, visualisation: 'table', notices });
  const ranged = [...links, ...metrics.map(({ link }) => link)].map((link) => withRange(link, captures));
  if (ranged.length > 0) {
    for (const field of frame.fields.filter(({ name }) => name === 'event' || name === 'time')) {
      field.config.links = ranged;
    }
  }
  // All of them are not marked: that is a merge.
  if (shown && shown.size > 0 && (shown.size < rows.length || rows.length === 1)) {
    const values = rows.map((capture) => (shown.has(capture) ? mark : ''));
    frame.fields.unshift({ name: 'shown', type: FieldType.string, config: markConfig, values });
  }
  if (links.length > 0) {
    frame.fields.push(selectorField(rows.map(({ labels }) => labels)));
  }
  for (const { column, read } of metrics) {
    frame.fields.push({ name: column, type: FieldType.string, config: { custom: hiddenCell }, values: rows.map(read) });
  }
  return frame;
}

/** Memory value at capture over time, one series per combination of `groupBy` labels, one point per event. */
export function seriesFrames(
  captures: readonly Capture[],
  groupBy: string,
  { refId, notices }: CaptureFrameOptions
): DataFrame[] {
  const names = groupBy
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const by = names.length > 0 ? names : ['service', 'instance'];
  const series = new Map<string, { labels: Record<string, string>; points: Map<string, Capture> }>();
  for (const capture of captures) {
    if (capture.value === undefined) {
      continue;
    }
    const labels = Object.fromEntries(by.map((name) => [name, capture.labels[name] ?? '']));
    const id = JSON.stringify(labels);
    const entry = series.get(id) ?? { labels, points: new Map<string, Capture>() };
    series.set(id, entry);
    // The files of one event share its value.
    entry.points.set(capture.labels.event ?? String(capture.time), capture);
  }
  const frames = [...series.values()].map(({ labels, points }, i) => {
    const sorted = [...points.values()].sort((a, b) => a.time - b.time);
    const table: Table = {
      name: Object.values(labels).join(' '),
      length: sorted.length,
      columns: [
        { name: 'time', kind: 'time', values: sorted.map(({ time }) => time) },
        { name: 'value', kind: 'number', unit: 'bytes', labels, values: sorted.map(({ value }) => value ?? NaN) },
      ],
      notices: [],
    };
    const frame = toFrame(table, { refId, visualisation: 'graph', notices: i === 0 ? notices : [] });
    frame.fields[1].config.displayNameFromDS = table.name;
    return frame;
  });
  if (frames.length > 0) {
    return frames;
  }
  const none: Notice[] =
    captures.length > 0
      ? [{ severity: 'warning', text: 'The key layout has no {value}, so there is no series of values at capture.' }]
      : [];
  return [
    toFrame(
      { name: 'series', length: 0, columns: [{ name: 'time', kind: 'time', values: [] }], notices: none },
      { refId, visualisation: 'graph', notices }
    ),
  ];
}
