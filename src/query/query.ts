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
  /** Nodes drawn in a flame graph; the rest becomes a node named `other`. */
  readonly maxNodes: number;
  /** Label key a series is split by, '' for one series per instance. */
  readonly groupBy: string;
}

export const views = ['flame', 'top', 'tags', 'captures', 'series'] as const;
export type View = (typeof views)[number];

export const captureChoices = ['latest', 'merge', 'peak', 'nearest', 'event'] as const;
export type CaptureChoice = (typeof captureChoices)[number];

export const defaultQuery: Query = {
  ...defaultReportOptions,
  view: 'flame',
  selector: '',
  capture: 'latest',
  event: '',
  at: '',
  maxNodes: 16384,
  groupBy: '',
};
