import type { DataFrame, PreferredVisualisationType } from '@grafana/data';
import { chooseBase } from './base';
import type { Bucket } from './bucket';
import { readBundle } from './bundle';
import {
  captureOfKey,
  chooseCaptures,
  describe,
  explainMissing,
  isKeyLabel,
  listCaptures,
  ofSameProcess,
  type Choice,
  type Listing,
  type Range,
} from './captures';
import { capturesFrame, seriesFrames } from './frames/captures';
import { emptyFlame, toFrame } from './frames/frames';
import { annotationFrame, exemplarFrame } from './frames/events';
import { captureLink, eventLinks, exemplarLinks, metricsLinks, type LinkContext } from './frames/links';
import { findLabelled, labelledNotices } from './labelled';
import { printCommand } from './query/commandLine';
import type { Query, View } from './query/query';
import { parseSelector, printSelector, splitMatchers } from './query/selector';
import { eventsOf, rampsOf } from './store/events';
import type { Capture } from './store/store';
import type { Notice, Table } from './views/table';
import type { Failure, Opening, Source, WorkerClient } from './worker/client';

export interface QueryContext {
  readonly bucket: Bucket;
  readonly worker: WorkerClient;
  readonly links: LinkContext;
  readonly refId: string;
}

/** Frames so far: while captures load, how far that is; at the end the result. */
type Emit = (frames: DataFrame[]) => void;

/**
 * One query: list → choose → fetch and decode → frames.
 * @throws Error where nothing can be shown at all
 */
export async function runQuery(
  context: QueryContext,
  query: Query,
  range: Range,
  signal: AbortSignal,
  emit: Emit
): Promise<void> {
  const { bucket, refId } = context;
  const ofKeys = keyViews[query.view];
  if (ofKeys) {
    emit(ofKeys(await listCaptures(bucket, query.selector, range, signal), query, context));
    return;
  }
  const chosen = await choose(bucket, query, range, signal);
  if (chosen.captures.length === 0) {
    emit([emptyFrame(query, refId, chosen.notices)]);
    return;
  }
  if (query.view === 'growth') {
    emit(await showGrowth(context, query, chosen, signal, emit));
    return;
  }
  if (query.view === 'memory') {
    emit(await showMemory(context, query, chosen, signal, emit));
    return;
  }
  const base = await chooseBase({ bucket, query, captures: chosen.captures, range, signal });
  if (query.view === 'diff' && base.captures.length === 0) {
    const notices = query.base === '' ? [{ severity: 'warning', text: 'Choose a base to compare with.' } as const] : [];
    emit([emptyFrame(query, refId, [...chosen.notices, ...base.notices, ...notices])]);
    return;
  }
  emit(await showProfile(context, query, chosen, base, signal, emit));
}

/** Views that come from keys alone. */
const keyViews: Partial<
  Record<View, (listing: Listing, query: Query, context: Pick<QueryContext, 'refId' | 'links'>) => DataFrame[]>
> = {
  captures: ({ captures, notices }, _, { refId, links }) => [
    capturesFrame(captures, { refId, notices, links: [captureLink(links), ...metricsLinks(links)] }),
  ],
  series: ({ captures, notices }, { groupBy }, { refId }) => seriesFrames(captures, groupBy, { refId, notices }),
  events({ captures, notices }, _, { refId, links }) {
    const events = eventsOf(captures);
    return [annotationFrame(events, rampsOf(events), { refId, notices, links: eventLinks(links) })];
  },
  exemplars: ({ captures, notices }, _, { refId, links }) => [
    exemplarFrame(eventsOf(captures), { refId, notices, links: exemplarLinks(links) }),
  ],
};

/** The captures that are opened, and what has to be said about them. */
async function choose(bucket: Bucket, query: Query, range: Range, signal: AbortSignal): Promise<Choice> {
  const linked = query.capture === 'event' ? captureOfKey(bucket, query.event) : undefined;
  if (linked && query.view !== 'growth') {
    return { captures: [linked], notices: [] };
  }
  const { captures, notices } = await listCaptures(bucket, query.selector, range, signal);
  const choice = chooseCaptures(captures, query, range, bucket.maxCaptures);
  if (choice.captures.length === 0 && query.capture === 'event' && query.event !== '') {
    return { captures: [], notices: await explainMissing(bucket, query, range, signal) };
  }
  const newest = choice.captures.at(-1);
  if (query.view !== 'growth' || !newest) {
    return { captures: choice.captures, notices: [...notices, ...choice.notices] };
  }
  const process = ofSameProcess(captures, newest);
  const kept = process.slice(-bucket.maxCaptures);
  const left = process.length - kept.length;
  const others = captures.length - process.length;
  return {
    captures: kept,
    notices: [
      ...notices,
      {
        severity: 'info',
        text:
          `Growth of the process of ${describe(newest)}.` +
          (others > 0 ? ` ${others} captures in this time range are of other processes.` : ''),
      },
      ...(left > 0
        ? [
            {
              severity: 'warning' as const,
              text: `The newest ${kept.length} of ${process.length} captures are read, ${left} are left out: the limit of one query is ${bucket.maxCaptures} captures ("Most captures" in the data source settings).`,
            },
          ]
        : []),
    ],
  };
}

async function showProfile(
  context: QueryContext,
  query: Query,
  chosen: Choice,
  base: Choice,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker, refId } = context;
  const labelled =
    query.estimate === 'paths' ? await findLabelled(bucket, query.selector, chosen.captures, signal) : [];
  const all = [...chosen.captures, ...base.captures, ...labelled];
  const { sample } = splitMatchers(parseSelector(query.selector), isKeyLabel(bucket.layout));
  const { tables, failed } = await worker.run(
    { ...query, selector: printSelector(sample) },
    {
      profile: chosen.captures.map(toSource),
      base: base.captures.length > 0 ? base.captures.map(toSource) : undefined,
      labelled: labelled.length > 0 ? labelled.map(toSource) : undefined,
      capturedAt: chosen.captures.length === 1 ? keyTime(bucket, chosen.captures[0]) : undefined,
    },
    openingOf(context, query, all.length, signal, emit)
  );
  const keysOf = ({ captures }: Choice) => captures.map(({ object }) => object.key);
  const command = printCommand(query, sample, keysOf(chosen), keysOf(base));
  const notices = [
    ...chosen.notices,
    ...base.notices,
    ...labelledNotices(chosen.captures, labelled),
    ...failedNotice(failed, all.length),
  ];
  return tables.map((table, i) => frameOf(table, query, refId, i === 0 ? notices : [], command));
}

async function showGrowth(
  context: QueryContext,
  query: Query,
  { captures, notices }: Choice,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker, refId } = context;
  const { sample } = splitMatchers(parseSelector(query.selector), isKeyLabel(bucket.layout));
  const { tables, failed } = await worker.growth(
    { ...query, selector: printSelector(sample) },
    captures.map(toSource),
    openingOf(context, query, captures.length, signal, emit)
  );
  const all = [...notices, ...failedNotice(failed, captures.length)];
  return tables.map((table) => frameOf(table, query, refId, all));
}

async function showMemory(
  context: QueryContext,
  query: Query,
  { captures, notices }: Choice,
  signal: AbortSignal,
  emit: Emit
): Promise<DataFrame[]> {
  const { bucket, worker, refId } = context;
  const heap = captures[captures.length - 1];
  const bundle = await readBundle(bucket, heap, signal);
  const said = [...notices, ...bundle.notices];
  if (!bundle.meta) {
    return [emptyFrame(query, refId, said)];
  }
  const opening = openingOf(context, query, 1, signal, emit);
  const tables = await worker.memory(bundle.meta, toSource(heap), opening);
  return tables.map((table) => frameOf(table, query, refId, said));
}

/** Progress is shown from this many captures on. */
const manyCaptures = 4;

function openingOf(
  { bucket, refId }: QueryContext,
  query: Query,
  count: number,
  signal: AbortSignal,
  emit: Emit
): Opening {
  let isDrawn = false;
  return {
    signal,
    load: (key) => bucket.store.get(objectKey(key), signal),
    onPartial(tables, done) {
      isDrawn = true;
      const notice: Notice = {
        severity: 'warning',
        text: `The first ${done} of ${count} captures; the others are loading.`,
      };
      emit(tables.map((table, i) => frameOf(table, query, refId, i === 0 ? [notice] : [])));
    },
    onProgress(done) {
      // What is drawn stays until there is more to draw.
      if (count >= manyCaptures && done < count && !isDrawn) {
        emit([emptyFrame(query, refId, [{ severity: 'info', text: `Loading: ${done} of ${count} captures.` }])]);
      }
    },
    onDecode(key, done, total) {
      const percent = Math.round((100 * done) / total);
      const text = `Reading ${objectKey(key)}: ${percent} % of ${Math.round(total / 1e6)} MB.`;
      emit([emptyFrame(query, refId, [{ severity: 'info', text }])]);
    },
  };
}

/** Panels that draw a view; all others are tables. */
const visualisations: Partial<Record<View, PreferredVisualisationType>> = {
  flame: 'flamegraph',
  callers: 'flamegraph',
  sandwich: 'flamegraph',
  graph: 'nodeGraph',
};

const frameOf = (table: Table, query: Query, refId: string, notices: readonly Notice[], command?: string): DataFrame =>
  toFrame(table, {
    refId,
    visualisation: visualisations[query.view] ?? 'table',
    executed: command ?? query.selector,
    notices,
  });

function failedNotice(failed: readonly Failure[], count: number): Notice[] {
  if (failed.length === 0) {
    return [];
  }
  const [first] = failed;
  return [
    {
      severity: 'warning',
      text: `${failed.length} of ${count} captures could not be read and are left out. ${objectKey(first.key)}: ${first.message}`,
    },
  ];
}

function emptyFrame(query: Query, refId: string, notices: readonly Notice[]): DataFrame {
  return visualisations[query.view] === 'flamegraph'
    ? emptyFlame(refId, notices)
    : toFrame({ name: query.view, length: 0, columns: [], notices: [] }, { refId, visualisation: 'table', notices });
}

// A rewritten object has another etag and must not be answered from the cache. Keys never hold a NUL.
const toSource = ({ object, time }: Capture): Source => ({ key: `${object.key}\0${object.etag}`, time });
/** Undefined where the layout has no time: the listing's is when the object was stored. */
const keyTime = (bucket: Bucket, { object }: Capture) => captureOfKey(bucket, object.key)?.time || undefined;
const objectKey = (key: string) => key.slice(0, key.indexOf('\0'));
