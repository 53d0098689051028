import {
  CoreApp,
  DataSourceApi,
  LoadingState,
  userHasPermission,
  type AdHocVariableFilter,
  type AnnotationSupport,
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  type DataSourceInstanceSettings,
  type MetricFindValue,
  type ScopedVars,
  type TimeRange,
} from '@grafana/data';
import { config, getTemplateSrv } from '@grafana/runtime';
import { Observable } from 'rxjs';
import { openBucket, timeoutOf, type Bucket } from './captures/bucket';
import type { Download } from './worker/download';
import type { Health } from './captures/health';
import { captureOfKey } from './captures/byKey';
import { sampleMatchers } from './captures/keyMatchers';
import { rangeAround } from './captures/traceCaptures';
import type { Matcher } from './text/selector';
import { Gateway } from './gateway';
import { Pyroscope } from './pyroscope';
import { proxyFetch } from './proxyFetch';
import { errorFrames, runQuery, type QueryContext } from './runQuery';
import type { LinkContext } from './frames/links';
import { reportOptions } from './fields/reportOptions';
import { defaultQuery, parseQuery, readableFields, type Query } from './query/query';
import { sourceSettings, type PprofOptions, type PprofQuery } from './types';
import { addFilters, findValues, interpolateSelector, parseVariableQuery, type Suggestions } from './variables';
import { timedOut } from './store/retry';
import { requestsAtOnce } from './requestsAtOnce';
import { WorkerClient } from './worker/client';
import { automaticWorkers, mostWorkers } from './worker/workers';

/** For all data sources of a page: what its workers hold is what makes a second query fast. */
const worker = new WorkerClient();
/** What data sources of the page say of workers. */
const counts = new Map<string, number | undefined>();

/** The most that a data source of the page asks for; without one that says so, what the machine has. */
function setWorkers({ uid, jsonData }: DataSourceInstanceSettings<PprofOptions>): void {
  counts.set(uid, jsonData.workers);
  const asked = [...counts.values()].filter((count) => count !== undefined && count >= 1) as number[];
  worker.setCount(asked.length > 0 ? Math.min(mostWorkers, Math.trunc(Math.max(...asked))) : automaticWorkers());
}

/** An answer that is not whole is shown after so many ms, if it is not whole by then: Grafana draws a panel anew for each packet. */
const partialDelay = 250;

/** How long the values of a variable may take, in time-outs of one request. */
const maxTimeouts = 2;

export class PprofDataSource extends DataSourceApi<PprofQuery, PprofOptions> {
  private readonly instance: DataSourceInstanceSettings<PprofOptions>;
  private opened: Bucket | undefined;
  private openedAnew: Bucket | undefined;

  /** Captures as annotations of a dashboard, from keys alone: whatever view the query has, it is asked for its events. */
  annotations: AnnotationSupport<PprofQuery> = {
    getDefaultQuery: () => ({ view: 'events', selector: '{profile="heap"}' }),
    prepareQuery: ({ target }) => ({ refId: 'Anno', ...target, view: 'events' }),
  };

  constructor(settings: DataSourceInstanceSettings<PprofOptions>) {
    super(settings);
    this.instance = settings;
    setWorkers(settings);
    worker.start();
  }

  /** One for all queries, so that its limit on requests under way holds for a whole dashboard. @throws Error where the settings cannot work */
  bucket(): Bucket {
    return (this.opened ??= this.open());
  }

  /** For the settings, which were saved a moment ago: Grafana's server goes by older ones for 5 s unless it is told not to. */
  private savedBucket(): Bucket {
    return (this.openedAnew ??= this.open({ 'X-Grafana-NoCache': 'true' }));
  }

  private open(headers?: Record<string, string>): Bucket {
    const { url, access, jsonData } = this.instance;
    if (access === 'direct') {
      throw new Error(
        'Access "Browser" is not served: it would send credentials of the bucket to every browser. Choose "Server".'
      );
    }
    if (!jsonData.bucketUrl) {
      throw new Error('The data source has no bucket URL yet: enter it in its settings.');
    }
    const { bucketUrl } = jsonData;
    if (!/^https?:\/\/[^\s/]/i.test(bucketUrl)) {
      throw new Error(
        `The bucket URL "${bucketUrl}" is none that Grafana can read: expected https:// or http://, as in https://s3.eu-west-1.amazonaws.com/profiles. ` +
          'Names with s3:// or gs:// are those of command line tools.'
      );
    }
    return openBucket(proxyFetch(url ?? '', headers), jsonData, requestsAtOnce());
  }

  /** What captures processes: undefined where there is none, and for Viewers, whom Grafana's proxy refuses too. */
  get gateway(): Gateway | undefined {
    const { url, jsonData } = this.instance;
    return jsonData.gatewayUrl && ['Editor', 'Admin'].includes(config.bootData.user.orgRole)
      ? new Gateway(url ?? '')
      : undefined;
  }

  /** Answers for a fleet; undefined where there is none. */
  get pyroscope(): Pyroscope | undefined {
    const { url, jsonData } = this.instance;
    return jsonData.pyroscopeUrl ? new Pyroscope(url ?? '') : undefined;
  }

  /** Something was just stored: what is known of listings is some seconds old. */
  forgetListings(): void {
    this.bucket().store.forget?.();
  }

  private links(): LinkContext {
    const { eventDashboardUid = 'pproflens-incident', metricsUid, metricsQueries = [] } = this.instance.jsonData;
    return {
      uid: this.uid,
      name: this.name,
      type: this.type,
      dashboardUid: eventDashboardUid,
      canExplore: config.exploreEnabled && userHasPermission('datasources:explore', config.bootData.user),
      ...(metricsUid && { metrics: { uid: metricsUid, queries: metricsQueries } }),
    };
  }

  query(request: DataQueryRequest<PprofQuery>): Observable<DataQueryResponse> {
    const targets = request.targets.filter((target) => this.filterQuery(target));
    return new Observable((subscriber) => {
      const abort = new AbortController();
      const response = new QueryResponse(`pprof-${request.requestId}`, targets.length, (packet) =>
        subscriber.next(packet)
      );
      const runs = targets.map(async (target, i) => {
        try {
          const query = this.complete(target, request.scopedVars, request.filters);
          await runQuery(this.contextOf(request, target.refId), query, abort.signal, (frames) =>
            response.show(i, frames)
          );
        } catch (error) {
          await response.fail(i, target, error instanceof Error ? error.message : String(error));
        }
      });
      void Promise.all(runs).then(() => {
        response.finish();
        subscriber.complete();
      });
      return () => {
        response.stop();
        abort.abort();
      };
    });
  }

  private contextOf({ range, app, timezone: timeZone }: DataQueryRequest<PprofQuery>, refId: string): QueryContext {
    return {
      bucket: this.bucket(),
      worker,
      pyroscope: this.pyroscope,
      links: this.links(),
      source: sourceSettings(this.instance.jsonData),
      refId,
      range: rangeOf(range),
      isExplore: app === CoreApp.Explore,
      timeZone,
    };
  }

  /**
   * The profile that a query of a request shows, as a file for `go tool pprof`.
   * @throws Error that says why there is no such file
   */
  async download(
    target: PprofQuery,
    { range, scopedVars, filters }: Pick<DataQueryRequest<PprofQuery>, 'range' | 'scopedVars' | 'filters'>,
    signal: AbortSignal
  ): Promise<Download> {
    const query = this.complete(target, scopedVars, filters);
    const { downloadQuery } = await import(/* webpackChunkName: "download" */ './worker/download');
    return downloadQuery({ bucket: this.bucket(), worker }, query, rangeOf(range), signal);
  }

  /** A stored query with variables and ad hoc filters filled in. @throws InputError for one that cannot be read */
  private complete(target: PprofQuery, scopedVars: ScopedVars, filters?: AdHocVariableFilter[]): Query {
    parseQuery(target); // Before variables are filled in, so that an error names the text that is stored.
    const { query, queryType, ...fields } = this.interpolate(target, scopedVars, filters);
    // A Prometheus exemplar's link sends these.
    const linked = query && queryType === 'traceql' ? ({ capture: 'event', event: query } as const) : {};
    return parseQuery({ ...fields, ...linked });
  }

  private interpolate<T extends PprofQuery>(target: T, scopedVars: ScopedVars, filters: AdHocVariableFilter[] = []): T {
    const templates = getTemplateSrv();
    const { selector: stored } = readableFields(target);
    const selector = interpolateSelector(stored, (text, format) => templates.replace(text, scopedVars, format));
    const replaced = { ...target, selector: addFilters(selector, filters) };
    for (const [field, format] of interpolated) {
      const text = target[field];
      if (typeof text === 'string' && text !== '') {
        Object.assign(replaced, { [field]: templates.replace(text, scopedVars, format) });
      }
    }
    return replaced;
  }

  interpolateVariablesInQueries(
    queries: PprofQuery[],
    scopedVars: ScopedVars,
    filters?: AdHocVariableFilter[]
  ): PprofQuery[] {
    return queries.map((query) => this.interpolate(query, scopedVars, filters));
  }

  /** A query that is only a refId, as a panel starts with, is not run: its defaults would open the newest capture. */
  filterQuery(query: PprofQuery): boolean {
    return !query.hide && Object.keys(query).some((field) => !grafanasFields.has(field));
  }

  getDefaultQuery(app: CoreApp): Partial<PprofQuery> {
    return { ...defaultQuery, selector: '{profile="heap"}', view: app === CoreApp.Explore ? 'captures' : 'flame' };
  }

  getQueryDisplayText(query: PprofQuery): string {
    const { view, capture, selector, sampleIndex } = readableFields(query);
    return [view, capture, selector, sampleIndex].filter((text) => text !== '').join(' ');
  }

  async testDatasource() {
    try {
      const { signal } = new AbortController();
      const { checkHealth } = await loadHealth();
      const bucket = await checkHealth(this.savedBucket(), Date.now(), signal);
      return this.instance.jsonData.gatewayUrl ? await this.withGateway(bucket, signal) : bucket;
    } catch (error) {
      return { status: 'error', message: error instanceof Error ? error.message : String(error) };
    }
  }

  private async withGateway({ status, message }: Health, signal: AbortSignal): Promise<Health> {
    try {
      const { version, bucket, targets } = await new Gateway(this.instance.url ?? '').info(signal);
      return { status, message: `${message} Gateway ${version}: bucket ${bucket}, targets: ${targets}.` };
    } catch (error) {
      return { status: 'error', message: `${message} ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  /** The first keys of the bucket and how the saved layout reads them, for the settings. */
  async previewKeys(): Promise<string[]> {
    const { firstObjects } = await loadHealth();
    const objects = await firstObjects(this.savedBucket(), new AbortController().signal, 200);
    return objects.map(({ key }) => key);
  }

  /** Values of a variable; see parseVariableQuery for the forms of a query. */
  async metricFindQuery(
    query: string | { query: string },
    options?: { range?: TimeRange; scopedVars?: ScopedVars }
  ): Promise<MetricFindValue[]> {
    const { selector, label } = parseVariableQuery(typeof query === 'string' ? query : query.query);
    const replaced = interpolateSelector(selector, (text, format) =>
      getTemplateSrv().replace(text, options?.scopedVars, format)
    );
    const values = await this.labelValues(
      getTemplateSrv().replace(label, options?.scopedVars),
      replaced,
      options?.range
    );
    return values.map((value) => ({ text: value, value }));
  }

  async getTagKeys(options?: { timeRange?: TimeRange }): Promise<MetricFindValue[]> {
    const { labels } = await this.values('', options?.timeRange);
    return Object.keys(labels).map((text) => ({ text }));
  }

  async getTagValues(options: { key: string; timeRange?: TimeRange }): Promise<MetricFindValue[]> {
    const values = await this.labelValues(options.key, '', options.timeRange);
    return values.map((text) => ({ text }));
  }

  /** Labels and sample types of the captures that match, for the editors. */
  suggestions(selector: string, range?: TimeRange) {
    const replaced = interpolateSelector(selector, (text, format) => getTemplateSrv().replace(text, {}, format));
    return this.values(replaced, range);
  }

  /** The conditions of a selector on samples; the rest of it is about keys. Nothing where it cannot be read. */
  sampleFilters(selector: string): readonly Matcher[] {
    try {
      return sampleMatchers(this.bucket(), selector);
    } catch {
      return [];
    }
  }

  /** Whether a path is the key of a capture, as the layout reads keys. */
  isKey(path: string): boolean {
    try {
      return captureOfKey(this.bucket(), path) !== undefined;
    } catch {
      return false;
    }
  }

  private async labelValues(label: string, selector: string, range?: TimeRange): Promise<string[]> {
    const { labels } = await this.values(selector, range, label);
    return Object.hasOwn(labels, label) ? [...labels[label]] : [];
  }

  /** Grafana asks for a promise, which nobody can leave: what it takes ends after a time. @throws StoreError then, too */
  private async values(selector: string, range?: TimeRange, label?: string): Promise<Suggestions> {
    const ms = maxTimeouts * timeoutOf(this.instance.jsonData.timeout);
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(timedOut(`the values${label ? ` of ${label}` : ''}`, ms)), ms);
    try {
      const searched = await rangeAround(selector, rangeOf(range));
      return await findValues(this.bucket(), worker, selector, searched, label, abort.signal);
    } catch (error) {
      throw abort.signal.aborted ? abort.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The frames of a request's queries so far, as packets of them all. */
class QueryResponse {
  private readonly frames: DataFrame[][];
  private readonly errors: Array<{ refId: string; message: string }> = [];
  /** Last, as a panel may draw the first frame only. */
  private readonly failed: DataFrame[] = [];
  private soon: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly key: string,
    queries: number,
    private readonly next: (packet: DataQueryResponse) => void
  ) {
    this.frames = Array.from({ length: queries }, () => []);
  }

  /** Frames of one query in place of those it had, sent soon. */
  show(query: number, frames: DataFrame[]): void {
    this.frames[query] = frames;
    this.soon ??= setTimeout(() => this.emit(LoadingState.Loading), partialDelay);
  }

  async fail(query: number, { view, refId }: PprofQuery, message: string): Promise<void> {
    this.frames[query] = [];
    this.failed.push(...(await errorFrames(view ?? defaultQuery.view, refId, message)));
    this.errors.push({ refId, message });
  }

  finish(): void {
    this.emit(this.errors.length > 0 ? LoadingState.Error : LoadingState.Done);
  }

  stop(): void {
    clearTimeout(this.soon);
  }

  private emit(state: LoadingState): void {
    clearTimeout(this.soon);
    this.soon = undefined;
    const { key, errors } = this;
    this.next({ key, data: [...this.frames.flat(), ...this.failed], state, ...(errors.length > 0 && { errors }) });
  }
}

/** Fields besides the selector that variables may stand in: in a pattern their values are literal alternatives. */
const interpolated: ReadonlyArray<readonly [keyof PprofQuery, 'csv' | 'regex']> = [
  ...fieldsAs('csv', [
    'query',
    'event',
    'at',
    'baseEvent',
    'baseInstance',
    'baseVersion',
    'groupBy',
    'search',
    'goroutine',
    'task',
  ]),
  ...fieldsAs('regex', ['peek', ...optionFields('regexp', 'tagFilter')]),
  ...fieldsAs('csv', optionFields('keys', 'text')),
];

function fieldsAs<F extends string>(format: F, fields: ReadonlyArray<keyof PprofQuery>) {
  return fields.map((field) => [field, format] as const);
}

function optionFields(...kinds: readonly string[]) {
  return reportOptions.filter(({ kind }) => kinds.includes(kind)).map(({ field }) => field);
}

/** Asked by the settings only: every dashboard loads module.js. */
const loadHealth = () => import(/* webpackChunkName: "health" */ './captures/health');

/** Grafana adds these to every query. */
const grafanasFields = new Set(['refId', 'hide', 'key', 'queryType', 'datasource']);

/** The last hour where Grafana gives no range. */
const rangeOf = (range?: TimeRange) =>
  range ? { from: range.from.valueOf(), to: range.to.valueOf() } : { from: Date.now() - 3600_000, to: Date.now() };
