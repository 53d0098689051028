import type { DataLink } from '@grafana/data';
import { address, captureLink, dashboardLink, exploreAddress, metricsQuery, type LinkContext } from './links';

/** An event that links lead to. */
export interface LinkedEvent {
  readonly id: string;
  /** Object key of the capture that stands for the event. */
  readonly key: string;
  /** Unix ms. */
  readonly time: number;
  /** Key labels. */
  readonly labels: Readonly<Record<string, string>>;
}

export interface EventLink {
  readonly title: string;
  /** Address within this Grafana, percent-encoded. */
  readonly url: (event: LinkedEvent) => string;
}

const minute = 60_000;

/** From half an hour before a capture, which shows what led to it, to a little after. */
const around = (time: number) => ({ from: String(time - 30 * minute), to: String(time + 10 * minute) });

/**
 * Where an event opens: on a dashboard, which Viewers may open too, in Explore, and its process's metrics there. Addresses
 * are of this Grafana, also where it lives below a path.
 */
export function eventLinks({ uid, type, dashboardUid, metrics, canExplore }: LinkContext): EventLink[] {
  const explore = (datasource: string, query: object, time: number) => exploreAddress(datasource, query, around(time));
  const dashboard: EventLink = {
    title: 'Open capture',
    url: ({ id, time, labels }) =>
      address(`/d/${encodeURIComponent(dashboardUid)}`, {
        'var-datasource': uid,
        ...(labels.service && { 'var-service': labels.service }),
        ...(labels.instance && { 'var-instance': labels.instance }),
        'var-event': id,
        ...around(time),
      }),
  };
  const dashboards = dashboardUid === '' ? [] : [dashboard];
  if (!canExplore) {
    return dashboards;
  }
  return [
    ...dashboards,
    {
      title: 'Explore',
      url: ({ key, time }) =>
        explore(uid, { datasource: { type, uid }, view: 'flame', capture: 'event', event: key }, time),
    },
    ...(metrics?.queries ?? []).map(({ name, query }): EventLink => ({
      title: name,
      url: ({ time, labels }) => {
        const text = metricsQuery(query, labels);
        return explore(metrics?.uid ?? '', { expr: text, query: text }, time);
      },
    })),
  ];
}

/** Links of an exemplar: Grafana fills in the fields of the one that is clicked. */
export const exemplarLinks = (context: LinkContext): DataLink[] => [
  ...dashboardLink(context, 'event'),
  ...(context.canExplore ? [captureLink(context)] : []),
];
