import type { DataFrame } from '@grafana/data';
import type { Listing } from '../captures/listing';
import { eventLinks, exemplarLinks } from './eventLinks';
import { eventRows } from './eventRows';
import { annotationFrame, exemplarFrame } from './events';
import { rowLinks, type LinkContext } from './links';
import type { ViewName } from '../query/query';
import { eventsOf, rampsOf } from '../captures/events';

/** Events as marks or as diamonds over a panel; in Explore, which draws neither, as rows. */
export function marks(
  view: ViewName,
  { captures, notices }: Listing,
  { refId, links, isExplore }: { refId: string; links: LinkContext; isExplore: boolean }
): DataFrame {
  const events = eventsOf(captures);
  if (view === 'exemplars') {
    const frame = exemplarFrame(events, { refId, notices, links: exemplarLinks(links) });
    if (!isExplore) {
      return frame;
    }
    const preferred = { preferredVisualisationType: 'table', preferredVisualisationPluginId: 'table' } as const;
    // Grafana names a single column of numbers by its frame.
    return { ...frame, name: 'value', meta: { ...preferred, notices: frame.meta?.notices } };
  }
  return isExplore
    ? eventRows(events, rampsOf(events), { refId, notices, links: rowLinks(links, captures) })
    : annotationFrame(events, rampsOf(events), { refId, notices, links: eventLinks(links) });
}
