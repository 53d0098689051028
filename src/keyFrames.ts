import type { DataFrame } from '@grafana/data';
import { hasArchives } from './captures/archive';
import type { Bucket } from './captures/bucket';
import type { Capture } from './captures/capture';
import { chooseCaptures, type Choice } from './captures/chooseCaptures';
import type { CaptureFields } from './captures/choices';
import { eventId } from './captures/events';
import { readHeapAge } from './captures/heapAge';
import type { Listing, Range } from './captures/listing';
import { annotationFrame } from './frames/annotations';
import { capturesFrame, eventLineFrame, eventsFrame } from './frames/captureRows';
import { eventLinks, exemplarLinks } from './frames/eventLinks';
import { exemplarFrame, exemplarRows } from './frames/exemplars';
import { metricsLinks, rowLinks, type LinkContext } from './frames/links';
import { seriesFrames } from './frames/timeSeries';
import { keyViews } from './query/keyViews';
import type { KeyQuery, MetaQuery } from './query/query';
import { viewOf } from './query/viewOf';
import type { Notice } from './text/notice';
import type { Table } from './views/table';
import type { KeyView } from './views/view';
import { profilesText, readArchives } from './worker/archiveProfiles';
import type { WorkerClient } from './worker/client';

// Views that read no profile, each its table and that as frames: a chunk of its own, which loads while keys are listed.

export interface KeyContext {
  readonly bucket: Bucket;
  readonly worker: WorkerClient;
  readonly links: LinkContext;
  readonly refId: string;
  readonly range: Range;
  /** Explore has no panel to draw marks on: it shows their rows. */
  readonly isExplore: boolean;
}

/**
 * A view that comes from keys alone; of the archives in a table of captures what is inside, which is read.
 * @param emit gets the frames without that, as soon as they are there
 * @throws the signal's reason
 */
export async function keyFrames(
  listing: Listing,
  query: KeyQuery,
  context: KeyContext,
  signal: AbortSignal,
  emit: (frames: DataFrame[]) => void
): Promise<DataFrame[]> {
  const frames = framesOf(listing, query, context);
  if (query.view !== 'captures' || !hasArchives(listing.captures)) {
    return frames;
  }
  emit(frames);
  const { inside, unread } = await readArchives(context, listing.captures, signal);
  const texts = new Map([...inside].map(([capture, members]) => [capture, profilesText(members)]));
  const notices = [...listing.notices, ...unreadNotice(unread)];
  return framesOf({ ...listing, notices }, query, context, texts);
}

const unreadNotice = (count: number): Notice[] =>
  count === 0
    ? []
    : [
        {
          severity: 'info',
          text: `Of ${count} archives it is not known what is inside: they were not read for this list, or cannot be. A query opens a profile of them as of the others, by profile="heap" or another name.`,
        },
      ];

function framesOf(
  { captures, notices }: Listing,
  query: KeyQuery,
  context: KeyContext,
  inside?: ReadonlyMap<Capture, string>
): DataFrame[] {
  const view = viewOf(keyViews, 'keys', query);
  const shown = 'capture' in query ? shownOf(captures, query, context) : new Set<Capture>();
  const tables = view.tables({ captures, shown, inside }, query as never);
  const drawing = context.isExplore ? drawnInExplore : drawnOverPanels;
  return drawing[view.panel](tables, captures, { ...context, notices });
}

/** Frames of a view's tables. */
type Draw = (
  tables: readonly Table[],
  captures: readonly Capture[],
  context: Pick<KeyContext, 'refId' | 'links'> & { readonly notices: readonly Notice[] }
) => DataFrame[];

const drawnOverPanels: Readonly<Record<KeyView['panel'], Draw>> = {
  table: (tables, captures, { links, ...said }) =>
    tables.map((table) =>
      capturesFrame(table, { ...said, links: rowLinks(links, captures), metrics: metricsLinks(links, captures) })
    ),
  graph: (tables, _, said) => seriesFrames(tables, said),
  annotations: (tables, _, { links, ...said }) =>
    tables.map((table) => annotationFrame(table, { ...said, links: eventLinks(links) })),
  exemplars: (tables, _, { links, ...said }) =>
    tables.map((table) => exemplarFrame(table, { ...said, links: exemplarLinks(links) })),
};

/** Explore has no panel of metrics to draw over. */
const drawnInExplore: typeof drawnOverPanels = {
  ...drawnOverPanels,
  annotations: (tables, captures, { links, ...said }) =>
    tables.map((table) => eventsFrame(table, { ...said, links: rowLinks(links, captures) })),
  exemplars: (tables, _, { links, ...said }) =>
    tables.map((table) => exemplarRows(table, { ...said, links: exemplarLinks(links) })),
};

/** Captures of the events that panels with the same choice show, also those of other profiles. */
function shownOf(
  captures: readonly Capture[],
  query: CaptureFields,
  { bucket, range }: KeyContext
): ReadonlySet<Capture> {
  const chosen = chooseCaptures(captures, query, range, bucket.maxCaptures).captures;
  const ids = new Set(chosen.map(eventId));
  return new Set(captures.filter((capture) => ids.has(eventId(capture))));
}

/**
 * The chosen capture in one line, with the age of its heap where its meta.json is listed.
 * @throws StoreError where the bucket does not answer
 */
export async function eventFrames(
  { captures, notices, why = '', listed }: Choice,
  query: MetaQuery,
  { bucket, refId, links }: KeyContext,
  signal: AbortSignal
): Promise<DataFrame[]> {
  const read = captures.length === 1 ? await readHeapAge(bucket, captures[0], listed, signal) : undefined;
  const said = { refId, notices: [...notices, ...(read?.notices ?? [])], executed: query.selector };
  const tables = viewOf(keyViews, 'meta', query).tables(captures, why, read?.age);
  return tables.map((table) => eventLineFrame(table, { ...said, links: rowLinks(links, captures) }));
}
