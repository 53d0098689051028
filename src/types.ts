import type { DataQuery } from '@grafana/schema';
import type { DataSourceJsonData } from '@grafana/data';
import type { StoredQuery } from './query/query';
import type { SourceSettings } from './query/sourceLinks';

/** Settings of one data source; readable by everyone who may query it, so nothing secret is here. */
export interface PprofOptions extends DataSourceJsonData {
  /**
   * URL of the bucket, path style (https://s3.eu-west-1.amazonaws.com/profiles) or virtual host
   * (https://profiles.s3.eu-west-1.amazonaws.com). The proxy's only route is GET below it; the data source's own
   * `url` stays empty, so that no other method reaches anything.
   */
  bucketUrl?: string;
  /** Listing never leaves this prefix, e.g. "prod/". */
  prefix?: string;
  /** Name of a preset of captures/presets.ts, or 'custom'. Default: 'default'. */
  layout?: string;
  /** Template with {names}, or a regular expression with named groups between slashes; for layout 'custom'. */
  layoutTemplate?: string;
  /** Largest object that is opened, in MiB. Default 128. */
  maxObjectMiB?: number;
  /** Most captures one query opens, where it does not say how many itself. Default 200. */
  maxCaptures?: number;
  /** Most requests of one listing. Default 200. */
  maxLists?: number;

  /** Workers that decode and merge, 1 to 8; of a page with several data sources the most that one says. Default: one less than processors. */
  workers?: number;

  /** Address of a gateway that captures processes on demand; '' for none. Two routes of the proxy end in one path of it each. */
  gatewayUrl?: string;

  /** Keys of trace.Log, regions and tasks whose value is the tenant in execution traces, with commas between them. Default: tenant, tenant_id. */
  traceTenantKeys?: string;

  /** Address of a Grafana Pyroscope that queries may ask instead of the bucket; '' for none. */
  pyroscopeUrl?: string;
  /** Its X-Scope-OrgID. */
  pyroscopeTenant?: string;

  /** Dashboard that annotations open; '' for none. Default: the one of this plugin. */
  eventDashboardUid?: string;
  /** Where the metrics of a captured process are: a data source, and queries with $service, $instance and the like. */
  metricsUid?: string;
  metricsQueries?: Array<{ name: string; query: string }>;

  /** Where the code of services is, e.g. https://github.com/acme/{service}/blob/{version}/{path}#L{line}; '' for no links. */
  sourceUrl?: string;
  /** Rules that map names of files to it (query/sourceLinks.ts). Default: what builds commonly put before paths. */
  sourceRules?: string;
  /** Go's version where a capture has no meta.json that says it, e.g. go1.26.8. */
  sourceGoVersion?: string;

  /** How the editor shows the credentials. Not `authenticationType`: Grafana's proxy gives that name a meaning. */
  authMethod?: AuthMethod;

  // Keys that Grafana's proxy itself reads. It reads headers 1, 2, … up to the first gap.
  [header: `httpHeaderName${number}`]: string | undefined;
  /** Seconds until an answer must have begun, for Grafana's proxy and for the plugin. Default 30. */
  timeout?: number;
  tlsSkipVerify?: boolean;
  tlsAuth?: boolean;
  tlsAuthWithCACert?: boolean;
}

export type AuthMethod = 'none' | 'basic' | 'bearer' | 'headers';

/** Set through the editor, kept by Grafana's server, never read back: basicAuthPassword, httpHeaderValue1, tlsCACert, … */
export type PprofSecrets = Record<string, string>;

/**
 * A query as Grafana stores it: every field but refId may be missing. `query` with queryType 'traceql' is what a
 * Prometheus exemplar link sends: an object key or an event id.
 */
export interface PprofQuery extends DataQuery, Partial<StoredQuery> {
  query?: string;
}

/** How links to code are made; undefined where the settings have none, which costs nothing then. */
export const sourceSettings = ({
  sourceUrl,
  sourceRules,
  sourceGoVersion = '',
}: PprofOptions): SourceSettings | undefined =>
  sourceUrl ? { template: sourceUrl, rules: sourceRules, goVersion: sourceGoVersion } : undefined;
