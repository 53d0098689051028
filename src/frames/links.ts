import type { DataLink } from '@grafana/data';

/**
 * Opens the capture of a table row in Explore. The query names the event, so it shows the same capture whatever the
 * range of the panel; the range is one that holds it.
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
        selector: '{service="${__data.fields.service}", profile="${__data.fields.profile}"}',
      },
    },
  };
}
