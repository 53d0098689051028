import { defaultReportOptions, type ReportOptions } from './options';

/** The query as plain data. Grafana's DataQuery fields (refId, hide, datasource) are added in `datasource.ts`. */
export interface Query extends ReportOptions {
  readonly view: View;
  /** PromQL's syntax over key labels and sample labels: {service="ingester", profile="heap", tenant_id=~"a|b"}. */
  readonly selector: string;
  /** Which captures of the time range. */
  readonly capture: CaptureChoice;
  /** Event id or object key, for capture 'event'. */
  readonly event: string;
  /** Unix ms or anything Date.parse reads, for capture 'nearest'. Empty: the end of the range. */
  readonly at: string;
  /** Regular expression on names of nodes: those that peek and sandwich show. */
  readonly peek: string;
  /** Nodes drawn in a flame graph; the rest becomes a node named `other`. */
  readonly maxNodes: number;
  /** Label key a series is split by, '' for one series per instance. */
  readonly groupBy: string;
}

/** The views that open profiles. */
export const profileViews = [
  'flame',
  'callers',
  'sandwich',
  'graph',
  'top',
  'tree',
  'peek',
  'tags',
  'traces',
  'sizes',
] as const;
export type ProfileView = (typeof profileViews)[number];

/** `captures` and `series` come from keys alone. */
export const views = [...profileViews, 'captures', 'series'] as const;
export type View = (typeof views)[number];

export const isProfileView = (view: View): view is ProfileView => (profileViews as readonly View[]).includes(view);

export const captureChoices = ['latest', 'merge', 'peak', 'nearest', 'event'] as const;
export type CaptureChoice = (typeof captureChoices)[number];

export const defaultQuery: Query = {
  ...defaultReportOptions,
  view: 'flame',
  selector: '',
  capture: 'latest',
  event: '',
  at: '',
  peek: '',
  maxNodes: 16384,
  groupBy: '',
};
