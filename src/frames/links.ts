import { dateTime, type DataLink, type TimeRange } from '@grafana/data';
import type { Capture } from '../store/store';

/**
 * Opens the capture of a table row in Explore. The query names the object, so it shows the same capture whatever the
 * range is. Values come from keys, which anyone who may write to the bucket chooses: between backticks nothing of them
 * is read as an escape or as another quote.
 */
export function captureLink({ uid, name }: { uid: string; name: string }): DataLink {
  return {
    title: 'Open in Explore',
    url: '',
    internal: {
      datasourceUid: uid,
      datasourceName: name,
      query: {
        refId: 'A',
        view: 'flame',
        capture: 'event',
        event: '${__data.fields.key}',
        selector: '{service=`${__data.fields.service}`, profile=`${__data.fields.profile}`}',
      },
    },
  };
}

/** The link with a range that holds all of these captures; without one Explore would open on the last hour. */
export function withRange(link: DataLink, captures: readonly Capture[]): DataLink {
  if (!link.internal || captures.length === 0) {
    return link;
  }
  const minute = 60_000;
  const times = captures.map(({ time }) => time);
  const from = dateTime(times.reduce((a, b) => Math.min(a, b)) - minute);
  const to = dateTime(times.reduce((a, b) => Math.max(a, b)) + minute);
  const range: TimeRange = { from, to, raw: { from, to } };
  return { ...link, internal: { ...link.internal, range } };
}
