import { dateTime, locationUtil, urlUtil, type DataLink, type TimeRange } from '@grafana/data';
import { mainCapture } from '../store/events';
import type { Capture } from '../store/store';
import type { EventLink } from './events';

const minute = 60_000;

/** The data source that links start from, and where they lead. */
export interface LinkContext {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  /** Dashboard that shows an event, '' for none. */
  readonly dashboardUid: string;
  readonly metrics?: { readonly uid: string; readonly queries: readonly MetricsQuery[] };
}

/** A query for the metrics of a captured process; `$service`, `$instance` and other key labels stand for its values. */
export interface MetricsQuery {
  readonly name: string;
  readonly query: string;
}

/** From half an hour before a capture, which shows what led to it, to a little after. */
const around = (time: number) => ({ from: String(time - 30 * minute), to: String(time + 10 * minute) });

/**
 * Where an event opens: on a dashboard, which Viewers may open too, in Explore, and its process's metrics there. Addresses
 * are of this Grafana, also where it lives below a path.
 */
export function eventLinks({ uid, type, dashboardUid, metrics }: LinkContext): EventLink[] {
  const explore = (datasource: string, query: object, time: number) => {
    const pane = { datasource, queries: [{ refId: 'A', ...query }], range: around(time) };
    return address('/explore', { schemaVersion: 1, panes: JSON.stringify({ pl1: pane }) });
  };
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
  return [
    ...(dashboardUid === '' ? [] : [dashboard]),
    {
      title: 'Explore',
      url: ({ id, time, captures }) => {
        const event = mainCapture(captures)?.object.key ?? id;
        return explore(uid, { datasource: { type, uid }, view: 'flame', capture: 'event', event }, time);
      },
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

const address = (path: string, query: Record<string, string | number>) =>
  locationUtil.assureBaseUrl(urlUtil.renderUrl(path, query));

/** Links of an exemplar: Grafana fills in the fields of the one that is clicked. */
export function exemplarLinks(context: LinkContext): DataLink[] {
  const field = (name: string) => `\${__data.fields.${name}}`;
  const dashboard: DataLink = {
    title: 'Open capture',
    url:
      `/d/${encodeURIComponent(context.dashboardUid)}?var-datasource=${encodeURIComponent(context.uid)}` +
      `&var-service=${field('service')}&var-instance=${field('instance')}&var-event=${field('event')}` +
      '&from=${__from}&to=${__to}',
  };
  return [...(context.dashboardUid === '' ? [] : [dashboard]), captureLink(context)];
}

/**
 * A query about a captured process. Values come from keys, which anyone who may write to the bucket chooses: escaped as in
 * a quoted text of PromQL, none of them ends it.
 */
const metricsQuery = (query: string, labels: Capture['labels']): string =>
  query.replace(/\$(\w+)/g, (whole, label) =>
    Object.hasOwn(labels, label) ? JSON.stringify(labels[label]).slice(1, -1) : whole
  );

/** A link of table rows, and the hidden column that it reads. */
export interface MetricsLink {
  readonly link: DataLink;
  readonly column: string;
  readonly read: (capture: Capture) => string;
}

/** Links of a table row to the metrics of its process: Grafana fills in fields as they are, so the query is one. */
export function metricsLinks({ metrics }: LinkContext): MetricsLink[] {
  return (metrics?.queries ?? []).map(({ name, query }, i) => {
    const column = `metrics${i + 1}`;
    const text = `\${__data.fields.${column}}`;
    return {
      column,
      read: ({ labels }) => metricsQuery(query, labels),
      link: {
        title: name,
        url: '',
        internal: {
          datasourceUid: metrics?.uid ?? '',
          datasourceName: '',
          query: { refId: 'A', expr: text, query: text },
        },
      },
    };
  });
}

/**
 * Opens the capture of a table row in Explore. The query names the object, so it shows the same capture whatever the
 * range is. Values come from keys, which anyone who may write to the bucket chooses: between backticks nothing of them
 * is read as an escape or as another quote.
 */
export function captureLink({ uid, name }: Pick<LinkContext, 'uid' | 'name'>): DataLink {
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
        selector: '{service=`${__data.fields.service}`}',
      },
    },
  };
}

/** The link with a range that holds all of these captures; without one Explore would open on the last hour. */
export function withRange(link: DataLink, captures: readonly Capture[]): DataLink {
  if (!link.internal || captures.length === 0) {
    return link;
  }
  const times = captures.map(({ time }) => time);
  const from = dateTime(times.reduce((a, b) => Math.min(a, b)) - minute);
  const to = dateTime(times.reduce((a, b) => Math.max(a, b)) + minute);
  const range: TimeRange = { from, to, raw: { from, to } };
  return { ...link, internal: { ...link.internal, range } };
}
