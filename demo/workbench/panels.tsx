// Queries are run and their frames drawn with Grafana's components, chosen by what the frames prefer.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  DataTopic,
  FieldColorModeId,
  getFieldDisplayName,
  stringToJsRegex,
  type DataFrame,
  type DataQueryResponse,
  type FieldConfigSource,
  type TimeRange,
} from '@grafana/data';
import { FlameGraph } from '@grafana/flamegraph';
import { Alert, LegendDisplayMode, Spinner, TimeSeries, useTheme2 } from '@grafana/ui';
// The table of Grafana's panel; `Table` of @grafana/ui is the one before it.
import { TableNG as Table } from '@grafana/ui/unstable';
import { set } from 'lodash';
import 'uplot/dist/uPlot.min.css';
import React, { useEffect, useRef, useState } from 'react';
import { catchError, combineLatest, from, map, of, type Observable } from 'rxjs';
import { fillIn, hrefOf } from './links';
import { Marks } from './marks';
import { queryPrometheus } from './prometheus';
import { Curve, Histogram, Spans, Timeline } from './tracePanels';

export const isAnnotation = (frame: DataFrame) => frame.meta?.dataTopic === DataTopic.Annotations;

let requests = 0;
/** Queries of the plugin, and of Prometheus, which are those with an `expr`. */
export function runQueries(
  dataSource: any,
  targets: any[],
  range: TimeRange,
  scopedVars = {},
  app: 'explore' | 'dashboard' = 'dashboard'
): Observable<DataQueryResponse> {
  const run = (own: any[]): Observable<DataQueryResponse> =>
    own.length > 0
      ? dataSource.query({ requestId: `W${requests++}`, targets: own, range, scopedVars, filters: [], app })
      : of({ data: [] });
  const ours = targets.filter(({ expr }) => !expr);
  const metrics = targets.filter(({ expr }) => expr);
  if (metrics.length === 0) {
    return run(ours);
  }
  const prometheus = from(queryPrometheus(metrics, range, scopedVars)).pipe(
    map((data): DataQueryResponse => ({ data })),
    // Without Prometheus the keys still say what the memory was at each capture.
    catchError(({ message }: Error) =>
      of({ data: [{ fields: [], length: 0, meta: { notices: [{ severity: 'warning' as const, text: message }] } }] })
    )
  );
  return combineLatest([prometheus, run(ours)]).pipe(
    map(([first, second]) => ({ ...second, ...first, data: [...first.data, ...second.data] }))
  );
}

interface View {
  range: TimeRange;
  height: number;
  scopedVars?: object;
  fieldConfig?: FieldConfigSource;
  /** Of the panel, as far as one is read here. */
  options?: { showFlameGraphOnly?: boolean };
  /** Annotations of the dashboard, which time series show. */
  annotations?: DataFrame[];
}

/** Runs queries and shows their frames as they come. */
export function Results({ dataSource, targets, onFrames, app, ...view }: any) {
  const { range, scopedVars } = view as View;
  const [response, setResponse] = useState<DataQueryResponse>();
  const key = JSON.stringify([targets, range.from.valueOf(), range.to.valueOf(), scopedVars]);
  useEffect(() => {
    setResponse(undefined);
    const subscription = runQueries(dataSource, targets, range, scopedVars, app).subscribe({
      next(packet) {
        // When a panel gets what it draws, for the bench.
        performance.mark('response', { detail: packet.state });
        setResponse(packet);
        onFrames?.(packet.data);
      },
      error: ({ message }) => setResponse({ data: [], errors: [{ message }] }),
    });
    return () => subscription.unsubscribe();
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, dataSource]);
  if (!response) {
    return <Spinner />;
  }
  const frames = response.data as DataFrame[];
  const notices = frames.flatMap((frame) => frame.meta?.notices ?? []);
  return (
    <div data-state={response.state}>
      {response.errors?.map(({ message }) => (
        <Alert key={message} severity="error" title="The query failed">
          {message}
        </Alert>
      ))}
      {notices.map(({ severity, text }) => (
        <p key={text} className={`notice ${severity}`} role="note">
          {text}
        </p>
      ))}
      <FrameView frames={frames} {...(view as View)} />
    </div>
  );
}

function FrameView({
  frames,
  range,
  height,
  scopedVars,
  fieldConfig,
  options,
  annotations = [],
}: View & { frames: DataFrame[] }) {
  const theme = useTheme2();
  const [width, box] = useWidth();
  const shown = frames.filter((frame) => !isAnnotation(frame) && frame.fields.length > 0);
  const { preferredVisualisationType: type, preferredVisualisationPluginId: plugin } = shown[0]?.meta ?? {};
  // A table says both.
  const kind = type ?? plugin;
  const data = applyFieldOverrides({
    data: shown.map((frame) => withConfig(frame, fieldConfig)),
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: (text) => text,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(data); // As Grafana's panel does; its table knows no other names.
  const marks = [...annotations, ...frames.filter(isAnnotation)];
  return (
    <div ref={box}>
      {kind === 'flamegraph' && (
        <div style={{ maxHeight: height, overflow: 'auto' }}>
          <FlameGraph
            data={shown[0]}
            getTheme={() => theme}
            disableCollapsing={false}
            showFlameGraphOnly={options?.showFlameGraphOnly ?? false}
          />
        </div>
      )}
      {kind === 'nodeGraph' && <p className="notice">Grafana draws these two frames, nodes and edges, as a graph.</p>}
      {width > 0 &&
        (kind === 'table' || kind === 'nodeGraph') &&
        data.map((frame, i) => (
          <div key={i} style={{ width, height: height / data.length }}>
            <Table data={withLinks(frame, range, scopedVars)} width={width} height={height / data.length} />
          </div>
        ))}
      {kind === 'histogram' && <Histogram frame={data[0]} height={height} />}
      {kind === 'xychart' && <Curve frame={data[0]} height={height} />}
      {kind === 'state-timeline' && <Timeline frame={data[0]} range={range} height={height} />}
      {kind === 'trace' && <Spans frame={data[0]} height={height} />}
      {kind === 'graph' && width > 0 && data[0].length > 0 && (
        <TimeSeries
          frames={data}
          timeRange={range}
          timeZone="utc"
          width={width}
          height={height}
          legend={{ displayMode: LegendDisplayMode.List, placement: 'bottom', calcs: [], showLegend: true }}
        >
          {(config) => <Marks config={config} frames={marks} range={range} />}
        </TimeSeries>
      )}
    </div>
  );
}

/** What of a panel's field configuration its components read. */
const withConfig = (
  frame: DataFrame,
  { defaults, overrides }: FieldConfigSource = { defaults: {}, overrides: [] }
) => ({
  ...frame,
  fields: frame.fields.map((field) => {
    const color = { mode: FieldColorModeId.PaletteClassic };
    const config: any = { color, ...defaults, ...field.config, custom: { ...defaults.custom, ...field.config.custom } };
    const name = getFieldDisplayName(field, frame);
    const isMeant = ({ id, options }: any) =>
      id === 'byFrameRefID'
        ? frame.refId === options
        : id === 'byName'
          ? name === options
          : stringToJsRegex(options).test(name);
    overrides
      .filter(({ matcher }) => isMeant(matcher))
      .forEach(({ properties }) => properties.forEach(({ id, value }) => set(config, id, value)));
    return { ...field, config };
  }),
});

const withLinks = (frame: DataFrame, range: TimeRange, scopedVars = {}): DataFrame => ({
  ...frame,
  fields: frame.fields.map((field) => ({
    ...field,
    config: { ...field.config, color: field.config.color ?? { mode: FieldColorModeId.PaletteClassic } },
    getLinks: ({ valueRowIndex: row = 0 }) =>
      (field.config.links ?? []).map((link) => ({
        title: link.title,
        href: hrefOf(link, (text) => fillIn(text, frame, row, field.values[row], scopedVars), range),
        target: link.targetBlank ? '_blank' : undefined,
        origin: field,
      })),
  })),
});

function useWidth() {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  return [width, box] as const;
}
