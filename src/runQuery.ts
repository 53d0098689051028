import type { DataFrame, PreferredVisualisationType } from '@grafana/data';
import type { Bucket } from './bucket';
import { chooseCaptures, isKeyLabel, listCaptures, type Range } from './captures';
import { capturesFrame, seriesFrames } from './frames/captures';
import { emptyFlame, toFrame } from './frames/frames';
import { captureLink } from './frames/links';
import { isProfileView, type Query, type View } from './query/query';
import { parseSelector, printSelector, splitMatchers } from './query/selector';
import type { Capture } from './store/store';
import type { Notice } from './views/table';
import type { WorkerClient } from './worker/client';

export interface QueryContext {
  readonly bucket: Bucket;
  readonly worker: WorkerClient;
  readonly uid: string;
  readonly name: string;
  readonly refId: string;
}

/**
 * One query: list → choose → fetch and decode → frames. `emit` gets frames as they become better: while many captures
 * load, what is there so far with how far it is; at the end the result.
 * @throws Error where nothing can be shown at all
 */
export async function runQuery(
  context: QueryContext,
  query: Query,
  range: Range,
  signal: AbortSignal,
  emit: (frames: DataFrame[]) => void
): Promise<void> {
  const { bucket, refId } = context;
  const linked = query.capture === 'event' ? captureOfKey(bucket, query.event) : undefined;
  if (linked && isProfileView(query.view)) {
    emit(await openCaptures(context, query, [linked], [], signal, emit));
    return;
  }
  const listing = await listCaptures(bucket, query.selector, range, signal);
  if (query.view === 'captures' || query.view === 'series') {
    const options = { refId, notices: listing.notices, link: captureLink(context) };
    emit(
      query.view === 'captures'
        ? [capturesFrame(listing.captures, options)]
        : seriesFrames(listing.captures, query.groupBy, options)
    );
    return;
  }
  const choice = chooseCaptures(listing.captures, query, range, bucket.maxCaptures);
  const notices = [...listing.notices, ...choice.notices];
  if (choice.captures.length === 0) {
    emit([emptyFrame(query, refId, notices)]);
    return;
  }
  emit(await openCaptures(context, query, choice.captures, notices, signal, emit));
}

/** Panels that draw a view; all others are tables. */
const visualisations: Partial<Record<View, PreferredVisualisationType>> = {
  flame: 'flamegraph',
  callers: 'flamegraph',
  sandwich: 'flamegraph',
  graph: 'nodeGraph',
};

/** A link by object key says which capture it means, so it does not depend on the panel's range. */
function captureOfKey({ layout, prefix }: Bucket, key: string): Capture | undefined {
  const parsed = key.startsWith(prefix) ? layout.parse(key.slice(prefix.length)) : undefined;
  return parsed && { ...parsed, time: parsed.time ?? 0, object: { key, size: 0, lastModified: 0, etag: '' } };
}

/** Progress is shown from this many captures on. */
const manyCaptures = 4;

async function openCaptures(
  { bucket, worker, refId }: QueryContext,
  query: Query,
  captures: readonly Capture[],
  notices: readonly Notice[],
  signal: AbortSignal,
  emit: (frames: DataFrame[]) => void
): Promise<DataFrame[]> {
  const load = (key: string) => bucket.store.get(objectKey(key), signal);
  const loaded: string[] = [];
  const failed: Array<{ key: string; message: string }> = [];
  let done = 0;
  await Promise.all(
    captures.map(async (capture) => {
      const key = cacheKey(capture);
      try {
        await worker.load(key, load, signal, (read, total) => {
          const percent = Math.round((100 * read) / total);
          const text = `Reading ${capture.object.key}: ${percent} % of ${Math.round(total / 1e6)} MB.`;
          emit([emptyFrame(query, refId, [{ severity: 'info', text }])]);
        });
        loaded.push(key);
      } catch (error) {
        signal.throwIfAborted();
        failed.push({ key: capture.object.key, message: error instanceof Error ? error.message : String(error) });
      }
      done++;
      if (captures.length >= manyCaptures && done < captures.length) {
        emit([
          emptyFrame(query, refId, [{ severity: 'info', text: `Loading: ${done} of ${captures.length} captures.` }]),
        ]);
      }
    })
  );
  if (loaded.length === 0) {
    throw new Error(`${failed[0].message} (${failed[0].key})`);
  }
  const { sample } = splitMatchers(parseSelector(query.selector), isKeyLabel(bucket.layout));
  // In the order of time, which the headers of a merge depend on, not of arrival.
  const keys = captures.map(cacheKey).filter((key) => loaded.includes(key));
  const tables = await worker.run(keys, { ...query, selector: printSelector(sample) }, load, signal);
  const allNotices = [...notices, ...failedNotice(failed, captures.length)];
  return tables.map((table, i) =>
    toFrame(table, {
      refId,
      visualisation: visualisations[query.view] ?? 'table',
      executed: query.selector,
      notices: i === 0 ? allNotices : [],
    })
  );
}

function failedNotice(failed: ReadonlyArray<{ key: string; message: string }>, count: number): Notice[] {
  if (failed.length === 0) {
    return [];
  }
  const [first] = failed;
  return [
    {
      severity: 'warning',
      text: `${failed.length} of ${count} captures could not be read and are left out. ${first.key}: ${first.message}`,
    },
  ];
}

function emptyFrame(query: Query, refId: string, notices: readonly Notice[]): DataFrame {
  return visualisations[query.view] === 'flamegraph'
    ? emptyFlame(refId, notices)
    : toFrame({ name: query.view, length: 0, columns: [], notices: [] }, { refId, visualisation: 'table', notices });
}

// A rewritten object has another etag and must not be answered from the cache. Keys never hold a NUL.
const cacheKey = ({ object }: Capture) => `${object.key}\0${object.etag}`;
const objectKey = (key: string) => key.slice(0, key.indexOf('\0'));
