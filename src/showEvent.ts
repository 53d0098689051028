import type { DataFrame, DataLink } from '@grafana/data';
import type { Bucket } from './captures/bucket';
import { readBundle } from './captures/bundle';
import type { Choice } from './captures/chooseCaptures';
import { hiddenCell } from './frames/cells';
import { toFrame } from './frames/frames';
import { selectorField } from './frames/links';
import type { Capture } from './captures/capture';
import { columnsOf, type Table } from './views/table';
import type { Notice } from './text/notice';

/** Profiles that Go writes as of its last garbage collection. */
const ofLastGC = /^(heap|allocs|inuse|alloc)/;

/**
 * The chosen capture in one line: how it was chosen, time, instance, trigger, memory against its limit, version, and how
 * old its heap is. It reads meta.json where the listing has one, and lists nothing. Of captures that are merged, the line
 * says from when to when they are, and what they have in common.
 * @throws StoreError where the bucket does not answer
 */
export async function showEvent(
  bucket: Bucket,
  { captures, notices, why = '', listed }: Choice,
  { refId, links, executed }: { refId: string; links: readonly DataLink[]; executed: string },
  signal: AbortSignal
): Promise<DataFrame> {
  const newest = captures[captures.length - 1];
  const isCommon = (name: string) => captures.every(({ labels }) => labels[name] === newest.labels[name]);
  if (captures.length > 1) {
    return toFrame(mergedLine(captures, why, isCommon), { refId, visualisation: 'table', executed, notices });
  }
  const { age, said } = await ageOfHeap(bucket, newest, listed, signal);
  const { number, text } = columnsOf([newest]);
  const label = (name: string) => (newest.labels[name] ? [text(name, ({ labels }) => labels[name])] : []);
  const columns = [
    text('shown', () => why),
    { name: 'time', kind: 'time' as const, values: [newest.time] },
    ...label('instance'),
    ...label('trigger'),
    ...(newest.value === undefined ? [] : [text('memory', () => memoryOf(newest))]),
    ...label('version'),
    ...(age === undefined ? [] : [number('heap age', 'milliseconds', () => age)]),
    ...label('event'),
    ...label('service'),
    text('key', ({ object }) => object.key),
  ];
  const frame = toFrame(
    { name: 'event', length: 1, columns, notices: said },
    { refId, visualisation: 'table', executed, notices }
  );
  for (const field of frame.fields) {
    const { name, config } = field;
    if (name === 'key') {
      config.custom = hiddenCell;
    } else if (name === 'shown') {
      config.custom = { minWidth: 180, wrapText: true };
    } else if (name === 'time' || name === 'memory') {
      config.custom = { width: 160 };
    } else if (name === 'heap age') {
      config.description = 'A heap profile is as of the last garbage collection: how long before the capture that was.';
    }
    if (name === 'event' || name === 'time') {
      config.links = [...links];
    }
  }
  frame.fields.push(selectorField([newest.labels]));
  return frame;
}

/** 184 of 192 MiB, 96 %. One cell, since the line has to fit. */
function memoryOf({ value = 0, limit }: Capture): string {
  const mib = (bytes: number) => Math.round(bytes / 1048576).toLocaleString('en-US');
  return limit ? `${mib(value)} of ${mib(limit)} MiB, ${Math.round((100 * value) / limit)} %` : `${mib(value)} MiB`;
}

function mergedLine(captures: readonly Capture[], why: string, isCommon: (name: string) => boolean): Table {
  const [first] = captures;
  const { text } = columnsOf([first]);
  const common = ['service', 'instance', 'trigger', 'version'].filter((name) => first.labels[name] && isCommon(name));
  return {
    name: 'event',
    length: 1,
    columns: [
      text('shown', () => why),
      { name: 'time', kind: 'time', values: [first.time] },
      { name: 'until', kind: 'time', values: [captures[captures.length - 1].time] },
      ...common.map((name) => text(name, ({ labels }) => labels[name])),
    ],
    notices: [],
  };
}

/** How long before its capture a heap was collected last, in ms; undefined where nothing says so. */
async function ageOfHeap(
  bucket: Bucket,
  capture: Capture,
  listed: readonly Capture[] | undefined,
  signal: AbortSignal
): Promise<{ age?: number; said: readonly Notice[] }> {
  const { key } = capture.object;
  const metaKey = `${key.slice(0, key.lastIndexOf('/') + 1)}meta.json`;
  const mayHaveMeta = !listed || listed.some(({ object }) => object.key === metaKey);
  if (!ofLastGC.test(capture.labels.profile ?? '') || !mayHaveMeta) {
    return { said: [] };
  }
  const { meta, notices } = await readBundle(bucket, capture, signal, listed);
  const age = meta && meta.lastGC > 0 && meta.time > 0 ? meta.time - meta.lastGC : undefined;
  // Clocks within a process do not run backwards by more than they are set.
  return { ...(age !== undefined && age >= 0 && { age }), said: meta ? notices : [] };
}
