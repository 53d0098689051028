import type { Capture } from '../captures/capture';
import { columnsOf, type Table } from './table';
import { eventView } from './view';
import { grouped } from '../text/notice';

/**
 * The chosen capture in one line.
 *
 * Columns: shown (how it was chosen), time, and as far as they are known instance, trigger, memory (against its limit),
 * version, heap age, event, service; key. Of captures that are merged shown, time, until, and what they have in common of
 * service, instance, trigger and version; no capture is opened there.
 * @param captures by rising time, at least one
 * @param why how they were chosen
 * @param heapAge how long before the capture its heap is as of, in ms; undefined where that is not known
 */
export const eventLine = (captures: readonly Capture[], why: string, heapAge?: number): Table =>
  captures.length > 1 ? mergedLine(captures, why) : captureLine(captures[0], why, heapAge);

function captureLine(capture: Capture, why: string, heapAge: number | undefined): Table {
  const { labels, time, value, object } = capture;
  const { number, text } = columnsOf([capture]);
  const label = (name: string, more = {}) => (labels[name] ? [text(name, () => labels[name], more)] : []);
  const age = heapAge === undefined ? [] : [number('heap age', 'milliseconds', () => heapAge)];
  return {
    name: 'event',
    length: 1,
    columns: [
      text('shown', () => why),
      { name: 'time', kind: 'time', values: [time], opensCapture: true },
      ...label('instance'),
      ...label('trigger'),
      ...(value === undefined ? [] : [text('memory', memoryOf)]),
      ...label('version'),
      ...age.map((column) => ({ ...column, description: ofLastCollection })),
      ...label('event', { opensCapture: true }),
      ...label('service'),
      text('key', () => object.key),
    ],
    notices: [],
    keyLabels: [labels],
  };
}

const ofLastCollection = 'A heap profile is as of the last garbage collection: how long before the capture that was.';

/** 184 of 192 MiB, 96 %. One cell, since the line has to fit. */
function memoryOf({ value = 0, limit }: Capture): string {
  const mib = (bytes: number) => grouped(bytes / 1048576);
  return limit ? `${mib(value)} of ${mib(limit)} MiB, ${Math.round((100 * value) / limit)} %` : `${mib(value)} MiB`;
}

function mergedLine(captures: readonly Capture[], why: string): Table {
  const [first] = captures;
  const newest = captures[captures.length - 1];
  const { text } = columnsOf([first]);
  const isCommon = (name: string) => captures.every(({ labels }) => labels[name] === newest.labels[name]);
  const common = ['service', 'instance', 'trigger', 'version'].filter((name) => first.labels[name] && isCommon(name));
  return {
    name: 'event',
    length: 1,
    columns: [
      text('shown', () => why),
      { name: 'time', kind: 'time', values: [first.time] },
      { name: 'until', kind: 'time', values: [newest.time] },
      ...common.map((name) => text(name, ({ labels }) => labels[name])),
    ],
    notices: [],
  };
}

export const chosenEventView = eventView({
  name: 'event',
  title: 'Event',
  description: 'the chosen capture in one line',
  group: 'Captures',
  opens: 'meta',
  base: 'none',
  panel: 'table',
  fields: [],
  reports: [],
  tables: (captures, why, heapAge) => [eventLine(captures, why, heapAge)],
});
