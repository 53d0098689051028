import { dateTime, FieldType, locationUtil, urlUtil, type DataLink, type Field, type TimeRange } from '@grafana/data';
import { printSelector } from '../text/selector';
import type { Capture } from '../captures/capture';
import { hiddenCell } from './cells';

const minute = 60_000;

/** The data source that links start from, and where they lead. */
export interface LinkContext {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  /** Dashboard that shows an event, '' for none. */
  readonly dashboardUid: string;
  /** Grafana sends a user who may not open Explore to its home page, without a word. */
  readonly canExplore: boolean;
  readonly metrics?: { readonly uid: string; readonly queries: readonly MetricsQuery[] };
}

/** A query for the metrics of a captured process; `$service`, `$instance` and other key labels stand for its values. */
export interface MetricsQuery {
  readonly name: string;
  readonly query: string;
}

/** An address of Explore with one query. `range` is in Unix ms. */
export function exploreAddress(datasource: string, query: object, range: { from: string; to: string }): string {
  const pane = { datasource, queries: [{ refId: 'A', ...query }], range };
  return address('/explore', { schemaVersion: 1, panes: JSON.stringify({ pl1: pane }) });
}

/** An address of this Grafana, also where it lives below a path. */
export const address = (path: string, query: Record<string, string | number>) =>
  locationUtil.assureBaseUrl(urlUtil.renderUrl(path, query));

/** Where the row of a capture or an event opens: in Explore, and for who may not go there on a dashboard. */
export function rowLinks(context: LinkContext, captures: readonly Capture[]): DataLink[] {
  if (context.canExplore) {
    return [withRange(captureLink(context), captures)];
  }
  // Either names the capture for a dashboard's variable.
  return dashboardLink(context, captures.some(({ labels }) => labels.event) ? 'event' : 'key');
}

/**
 * Opens the dashboard of events at the event of a row. Names come from keys: as Grafana encodes an address where nothing is
 * said, a `&` or `#` in one would end it. @param event the field that names it
 */
export function dashboardLink({ uid, dashboardUid }: LinkContext, event: 'event' | 'key'): DataLink[] {
  const field = (name: string) => `\${__data.fields.${name}:percentencode}`;
  const dashboard: DataLink = {
    title: 'Open capture',
    url:
      `/d/${encodeURIComponent(dashboardUid)}?var-datasource=${encodeURIComponent(uid)}` +
      `&var-service=${field('service')}&var-instance=${field('instance')}&var-event=${field(event)}` +
      '&from=${__from}&to=${__to}',
  };
  return dashboardUid === '' ? [] : [dashboard];
}

/** Shows the same at another time: a dashboard with its variables, or in Explore the query that is given. */
export function rangeLink({ uid, type }: LinkContext, range: { from: number; to: number }, query?: object): DataLink {
  const [from, to] = [String(Math.floor(range.from)), String(Math.ceil(range.to))];
  return {
    title: 'Show that time',
    url: query
      ? exploreAddress(uid, { datasource: { type, uid }, ...query }, { from, to })
      : `\${__url.path}\${__url.params:exclude:from,to}&from=${from}&to=${to}`,
  };
}

/** Opens in Explore what the bucket has of a selector, where the user may go there. `range` is in Unix ms. */
export const capturesLink = (
  { uid, type, canExplore }: LinkContext,
  selector: string,
  range: { from: number; to: number }
): DataLink[] => {
  const [from, to] = [String(Math.floor(range.from)), String(Math.ceil(range.to))];
  const query = { datasource: { type, uid }, view: 'captures', selector };
  return canExplore ? [{ title: 'Captures in the bucket', url: exploreAddress(uid, query, { from, to }) }] : [];
};

/**
 * A query about a captured process. Values come from keys, which anyone who may write to the bucket chooses: escaped as in
 * a quoted text of PromQL, none of them ends it, whichever quotes the query has.
 */
export const metricsQuery = (query: string, labels: Capture['labels']): string =>
  query.replace(/\$(\w+)/g, (whole, label) => (Object.hasOwn(labels, label) ? quotedText(labels[label]) : whole));

const quotedText = (text: string) =>
  JSON.stringify(text)
    .slice(1, -1)
    .replace(/['`]/g, (quote) => `\\u00${quote.charCodeAt(0).toString(16)}`);

/** A link of table rows, and the hidden column that it reads. */
export interface MetricsLink {
  readonly link: DataLink;
  readonly column: string;
  readonly read: (labels: Capture['labels']) => string;
}

/** Links of a table row to the metrics of its process: Grafana fills in fields as they are, so the query is one. */
export function metricsLinks({ metrics, canExplore }: LinkContext, captures: readonly Capture[]): MetricsLink[] {
  return ((canExplore && metrics?.queries) || []).map(({ name, query }, i) => {
    const column = `metrics${i + 1}`;
    const text = `\${__data.fields.${column}}`;
    const internal = {
      datasourceUid: metrics?.uid ?? '',
      datasourceName: '',
      query: { refId: 'A', expr: text, query: text },
    };
    return {
      column,
      read: (labels) => metricsQuery(query, labels),
      link: withRange({ title: name, url: '', internal }, captures),
    };
  });
}

/**
 * Opens the capture of a table row in Explore. The query names the object, so it shows the same capture whatever the
 * range is. Frames with this link have `selectorField`: Grafana fills in fields as they are, and a name may have any quote.
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
        selector: `\${__data.fields.${selectorColumn}}`,
      },
    },
  };
}

const selectorColumn = 'selector';

/** A hidden column that `captureLink` reads: of each row the selector of its service. */
export const selectorField = (rows: ReadonlyArray<Capture['labels']>): Field => ({
  name: selectorColumn,
  type: FieldType.string,
  config: { custom: hiddenCell },
  values: rows.map(({ service }) => printSelector(service ? [{ name: 'service', op: '=', value: service }] : [])),
});

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
