import {
  createDataFrame,
  DataTopic,
  FieldType,
  textUtil,
  type DataFrame,
  type DataLink,
  type Field,
} from '@grafana/data';
import { mainCapture, type CaptureEvent, type Ramp } from '../captures/events';
import type { Notice } from '../text/notice';
import { selectorField } from './links';

export interface EventFrameOptions {
  readonly refId: string;
  readonly notices: readonly Notice[];
  /** Where an event opens, for users of every role, and in Explore. */
  readonly links: readonly EventLink[];
}

export interface EventLink {
  readonly title: string;
  /** Address within this Grafana, percent-encoded. */
  readonly url: (event: CaptureEvent) => string;
}

/**
 * Events as Grafana draws annotations, in annotation queries and over a panel: a mark for each, and a region for each
 * ramp. Panels read these fields by name. `title` and `text` are HTML, and whatever of it comes from keys is escaped: they
 * are named by anyone who may write to the bucket. `id` is 0, since Grafana offers to delete annotations that have another.
 */
export function annotationFrame(
  events: readonly CaptureEvent[],
  ramps: readonly Ramp[],
  { refId, notices, links }: EventFrameOptions
): DataFrame {
  const rows = [
    ...events.map((event) => ({
      time: event.time,
      // Every row has the same fields, or Grafana 12 loses those that the first one lacks: a mark is a region without length.
      timeEnd: event.time,
      title: escape(titleOf(event)),
      text: textOf(event, links),
      tags: tagsOf(event),
    })),
    ...ramps.map(({ first, last }) => ({
      time: first.time,
      timeEnd: last.time,
      title: escape(`Memory ramp of ${nameOf(last)}`),
      text: `${escape(amountOf(first))} to ${escape(amountOf(last))}. Last capture: ${anchors(last, links)}`,
      tags: ['ramp', ...tagsOf(last).slice(1)],
    })),
  ].sort((a, b) => a.time - b.time);
  const field = (name: keyof (typeof rows)[number], type: FieldType) => ({
    name,
    type,
    config: {},
    values: rows.map((row) => row[name]),
  });
  return createDataFrame({
    refId,
    name: 'events',
    meta: { dataTopic: DataTopic.Annotations, notices: [...notices] },
    fields: [
      field('time', FieldType.time),
      field('timeEnd', FieldType.time),
      { name: 'isRegion', type: FieldType.boolean, config: {}, values: rows.map((row) => row.timeEnd !== row.time) },
      field('title', FieldType.string),
      field('text', FieldType.string),
      field('tags', FieldType.other),
      { name: 'id', type: FieldType.number, config: {}, values: rows.map(() => 0) },
    ],
  });
}

/** Labels of an exemplar, in this order; further key labels follow. */
const exemplarLabels = ['service', 'instance', 'trigger', 'event', 'version'];

/**
 * Events as exemplars: a time series panel draws a diamond at the memory value of each, over the lines of a metric, and
 * shows its labels and links.
 */
export function exemplarFrame(
  events: readonly CaptureEvent[],
  { refId, notices, links }: { refId: string; notices: readonly Notice[]; links: readonly DataLink[] }
): DataFrame {
  const valued = events.filter(({ value }) => value !== undefined);
  const further = [...new Set(valued.flatMap(({ labels }) => Object.keys(labels)))].filter(
    (name) => !exemplarLabels.includes(name) && name !== 'profile'
  );
  const label = (name: string): Field => ({
    // A layout may name a label as one of our fields; links find a field by its name.
    name: ['Time', 'Value', 'key', 'selector'].includes(name) ? `${name} (label)` : name,
    type: FieldType.string,
    config: name === 'event' ? { links: [...links] } : {},
    values: valued.map(({ labels }) => labels[name] ?? ''),
  });
  const none: Notice[] =
    events.length > 0 && valued.length === 0
      ? [{ severity: 'warning', text: 'The key layout has no {value}, so there is no value to mark.' }]
      : [];
  return createDataFrame({
    refId,
    name: 'exemplar',
    meta: { dataTopic: DataTopic.Annotations, notices: [...notices, ...none] },
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: valued.map(({ time }) => time) },
      { name: 'Value', type: FieldType.number, config: { unit: 'bytes' }, values: valued.map(({ value }) => value) },
      ...[...exemplarLabels, ...further].map(label),
      // What the links name the capture by.
      {
        name: 'key',
        type: FieldType.string,
        config: {},
        values: valued.map(({ captures }) => mainCapture(captures)?.object.key),
      },
      {
        name: 'profile',
        type: FieldType.string,
        config: {},
        values: valued.map(({ profiles }) => profiles.join(', ')),
      },
      selectorField(valued.map(({ labels }) => labels)),
    ],
  });
}

const escape = (text: string) => textUtil.escapeHtml(text);
const mib = (bytes: number) => `${Math.round(bytes / 1048576).toLocaleString('en-US')} MiB`;

export const nameOf = ({ labels }: CaptureEvent) => labels.instance || labels.service || 'a process';

function amountOf({ value, limit }: CaptureEvent): string {
  if (value === undefined) {
    return 'unknown memory';
  }
  return limit ? `${Math.round((100 * value) / limit)} % of ${mib(limit)}` : mib(value);
}

export const titleOf = (event: CaptureEvent) => `${event.labels.trigger || 'capture'} at ${amountOf(event)}`;

const tagsOf = ({ labels }: CaptureEvent) =>
  ['trigger', 'service', 'instance', 'version']
    .map((name) => labels[name])
    .filter((text) => text !== undefined && text !== '');

function textOf(event: CaptureEvent, links: readonly EventLink[]): string {
  const { labels, value, limit, profiles } = event;
  const about = [labels.service, labels.instance, labels.version].filter(Boolean).join(' ');
  const memory = value === undefined ? '' : limit ? `${mib(value)} of ${mib(limit)}` : mib(value);
  const lines = [about, memory, profiles.length > 0 ? `Captured: ${profiles.join(', ')}` : ''];
  return [...lines.filter((line) => line !== '').map(escape), anchors(event, links)].join('<br/>');
}

const anchors = (event: CaptureEvent, links: readonly EventLink[]) =>
  links.map(({ title, url }) => `<a href="${escape(url(event))}">${escape(title)}</a>`).join(' · ');
