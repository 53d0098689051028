import type { DataFrame } from '@grafana/data';
import type { Bucket } from './captures/bucket';
import type { Capture } from './captures/capture';
import { chooseCaptures, type Choice } from './captures/chooseCaptures';
import type { CaptureFields } from './captures/choices';
import { eventId, eventsOf, rampsOf } from './captures/events';
import { readHeapAge } from './captures/heapAge';
import type { Listing, Range } from './captures/listing';
import { annotationFrame } from './frames/annotations';
import { capturesFrame, eventLineFrame, eventsFrame } from './frames/captureRows';
import { eventLinks, exemplarLinks } from './frames/eventLinks';
import { exemplarFrame, exemplarRows } from './frames/exemplars';
import { metricsLinks, rowLinks, type LinkContext } from './frames/links';
import { seriesFrames } from './frames/timeSeries';
import type { KeyQuery, MetaQuery } from './query/query';
import { capturesTable } from './views/captures';
import { eventLine } from './views/event';
import { eventsTable } from './views/events';
import { exemplarsTable } from './views/exemplars';
import { seriesTables } from './views/series';

// Views that read no profile, each its table and that as frames: a chunk of its own, which loads while keys are listed.

export interface KeyContext {
  readonly bucket: Bucket;
  readonly links: LinkContext;
  readonly refId: string;
  readonly range: Range;
  /** Explore has no panel to draw marks on: it shows their rows. */
  readonly isExplore: boolean;
}

/** A view that comes from keys alone. */
export function keyFrames({ captures, notices }: Listing, query: KeyQuery, context: KeyContext): DataFrame[] {
  const { refId, links, isExplore } = context;
  const said = { refId, notices };
  switch (query.view) {
    case 'captures': {
      const table = capturesTable(captures, shownOf(captures, query, context));
      const toCaptures = { links: rowLinks(links, captures), metrics: metricsLinks(links, captures) };
      return [capturesFrame(table, { ...said, ...toCaptures })];
    }
    case 'series':
      return seriesFrames(seriesTables(captures, query.groupBy), said);
    case 'events': {
      const events = eventsOf(captures);
      const table = eventsTable(events, rampsOf(events));
      return isExplore
        ? [eventsFrame(table, { ...said, links: rowLinks(links, captures) })]
        : [annotationFrame(table, { ...said, links: eventLinks(links) })];
    }
    case 'exemplars': {
      const draw = isExplore ? exemplarRows : exemplarFrame;
      return [draw(exemplarsTable(eventsOf(captures)), { ...said, links: exemplarLinks(links) })];
    }
  }
}

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
  { selector }: MetaQuery,
  { bucket, refId, links }: KeyContext,
  signal: AbortSignal
): Promise<DataFrame[]> {
  const read = captures.length === 1 ? await readHeapAge(bucket, captures[0], listed, signal) : undefined;
  const table = eventLine(captures, why, read?.age);
  const said = { refId, notices: [...notices, ...(read?.notices ?? [])], executed: selector };
  return [eventLineFrame(table, { ...said, links: rowLinks(links, captures) })];
}
