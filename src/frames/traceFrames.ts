import {
  createDataFrame,
  FieldType,
  MappingType,
  type DataFrame,
  type DataLink,
  type Field,
  type FieldConfig,
} from '@grafana/data';
import type { Notice } from '../text/notice';
import { column, isText, textsOf, type Column, type EnumColumn, type Table } from '../views/table';
import { fieldOf, toFrame } from './frames';

// What panels draw of execution traces that draw nothing else of ours.

export interface TraceFrameOptions {
  readonly refId: string;
  readonly notices: readonly Notice[];
  /** The selector as it was run, for the query inspector. */
  readonly executed: string;
}

const metaOf = ({ notices: said, executed }: TraceFrameOptions, { notices }: Table) => ({
  executedQueryString: executed,
  notices: [...said, ...notices].map(({ severity, text }) => ({ severity, text })),
});

/**
 * Grafana's histogram takes buckets that are counted already by the names of their bounds. Where the first two are of different
 * width it draws a logarithmic axis, by the ratio of these.
 */
export function histogramFrame(table: Table, options: TraceFrameOptions): DataFrame {
  const names: Readonly<Record<string, string>> = { from: 'xMin', to: 'xMax' };
  return createDataFrame({
    refId: options.refId,
    name: table.name,
    meta: { ...metaOf(options, table), preferredVisualisationPluginId: 'histogram' },
    fields: table.columns.map((each) => ({ ...fieldOf(each), name: names[each.name] ?? each.name })),
  });
}

/**
 * A curve over a number, with a logarithmic axis of it. Grafana's XY chart takes the first number for its x; its panel of trends
 * has no such axis.
 */
export function curveFrame(table: Table, options: TraceFrameOptions): DataFrame {
  return createDataFrame({
    refId: options.refId,
    name: table.name,
    meta: { ...metaOf(options, table), preferredVisualisationPluginId: 'xychart' },
    fields: table.columns.map((each, i) => {
      const field = fieldOf(each);
      const custom = i === 0 ? { scaleDistribution: { type: 'log', log: 10 } } : { show: 'lines', lineWidth: 2 };
      return { ...field, config: { ...field.config, ...(i > 0 && { min: 0, max: 100 }), custom } };
    }),
  });
}

/** Names of Grafana's colours: green runs, orange could, red is contention, purple waits for other goroutines, blue for the system. */
const stateColors: Readonly<Record<string, string>> = {
  running: 'green',
  runnable: 'orange',
  syscall: 'blue',
  'blocked syscall': 'dark-blue',
  network: 'light-blue',
  sleep: 'super-light-blue',
  sync: 'red',
  'sync.(*Cond).Wait': 'light-red',
  'chan receive': 'purple',
  'chan send': 'dark-purple',
  select: 'light-purple',
  'no reason said': 'super-light-purple',
  'GC work': 'dark-red',
  'system goroutines': 'super-light-red',
};
/** Of other reasons to wait, and of the functions that processors run. */
const otherColors = [
  'yellow',
  'dark-yellow',
  'light-orange',
  'semi-dark-purple',
  'light-yellow',
  'dark-orange',
  'semi-dark-blue',
  'super-light-green',
];

/**
 * Lanes of a timeline, each a column of texts: what one enters. A row in which nothing of a lane changes has no value there, which
 * Grafana's panel reads as `the same`, and null as `nothing`.
 */
export function timelineFrame(table: Table, links: readonly DataLink[], options: TraceFrameOptions): DataFrame {
  const lanes = table.columns.filter((each): each is EnumColumn => each.kind === 'enum');
  const mappings = colorsOf(lanes[0]?.text ?? []);
  return createDataFrame({
    refId: options.refId,
    name: table.name,
    meta: { ...metaOf(options, table), preferredVisualisationPluginId: 'state-timeline' },
    fields: table.columns.map((each) =>
      each.kind === 'enum'
        ? {
            name: each.name,
            type: FieldType.string,
            labels: each.labels,
            values: Array.from(each.values, (row) => (row === sameState ? undefined : (each.text[row] ?? null))),
            config: {
              displayNameFromDS: each.name,
              // By the panel's own mode its legend has the steps of a scale, not the states.
              color: { mode: 'fixed', fixedColor: 'text' },
              mappings,
              custom: { fillOpacity: 80, lineWidth: 0 },
              ...(each.labels && links.length > 0 && { links: [...links] }),
            } as FieldConfig,
          }
        : fieldOf(each)
    ),
  });
}

/** Row of a lane's dictionary of a state that goes on. */
const sameState = -1;

function colorsOf(states: readonly string[]): FieldConfig['mappings'] {
  let others = 0;
  const colors = states.map((state, index) => {
    const color = stateColors[state] ?? otherColors[others++ % otherColors.length];
    return [state, { color, index }] as const;
  });
  return [{ type: MappingType.ValueToText, options: Object.fromEntries(colors) }];
}

interface SpanLog {
  readonly timestamp: number;
  readonly fields: ReadonlyArray<{ readonly key: string; readonly value: string }>;
}

/**
 * Spans as Grafana's panel of traces reads them: times in ms, which it shows in µs. It takes the first frame alone, and throws at
 * one that has a single field.
 * @param tables spans, and their logs
 */
export function spansFrame([spans, logs]: readonly Table[], service: string, options: TraceFrameOptions): DataFrame {
  const texts = (table: Table, name: string) => {
    const found = column(table, name);
    return isText(found) ? textsOf(found) : [];
  };
  const ids = texts(spans, 'span');
  const bySpan = new Map<string, SpanLog[]>(ids.map((id) => [id, []]));
  const [times, keys, messages] = [column(logs, 'time', 'time').values, texts(logs, 'key'), texts(logs, 'message')];
  texts(logs, 'span').forEach((id, i) =>
    bySpan.get(id)?.push({ timestamp: times[i], fields: [{ key: keys[i] || 'log', value: messages[i] }] })
  );
  const field = (name: string, type: FieldType, values: unknown[]): Field => ({ name, type, values, config: {} });
  const tags = spans.columns.filter(({ name }) => !spanColumns.has(name));
  return createDataFrame({
    refId: options.refId,
    name: spans.name,
    meta: { ...metaOf(options, spans), preferredVisualisationType: 'trace' },
    fields: [
      field('traceID', FieldType.string, texts(spans, 'trace')),
      field('spanID', FieldType.string, ids),
      field(
        'parentSpanID',
        FieldType.string,
        texts(spans, 'parent').map((id) => id || undefined)
      ),
      field('operationName', FieldType.string, texts(spans, 'name')),
      field('serviceName', FieldType.string, new Array(ids.length).fill(service)),
      field(
        'serviceTags',
        FieldType.other,
        ids.map(() => [])
      ),
      field('startTime', FieldType.number, [...column(spans, 'time', 'time').values]),
      field(
        'duration',
        FieldType.number,
        Array.from(column(spans, 'duration', 'number').values, (ns) => ns / 1e6)
      ),
      field(
        'logs',
        FieldType.other,
        ids.map((id) => bySpan.get(id))
      ),
      field(
        'tags',
        FieldType.other,
        ids.map((_, i) => tags.map((tag) => ({ key: tag.name, value: cellText(tag, i) })).filter(({ value }) => value))
      ),
    ],
  });
}

const spanColumns = new Set(['trace', 'span', 'parent', 'name', 'time', 'duration']);

const cellText = (each: Column, row: number): string =>
  each.kind === 'enum' ? (each.text[Number(each.values[row])] ?? '') : String(each.values[row] ?? '');

/** Pixels of a time of day: a trace is of seconds. */
const clockWidth = 116;

/** A table whose times are of one day, and whose cells lead on. @param links by column */
export function linkedFrame(
  table: Table,
  links: Readonly<Record<string, readonly DataLink[]>>,
  { refId, notices, executed }: TraceFrameOptions
): DataFrame {
  const frame = toFrame(table, { refId, visualisation: 'table', notices, executed });
  for (const { name, type, config } of frame.fields) {
    if (type === FieldType.time) {
      Object.assign(config, { unit: 'time:HH:mm:ss.SSS', custom: { ...config.custom, width: clockWidth } });
    }
    config.links = Object.hasOwn(links, name) ? [...links[name]] : config.links;
  }
  return frame;
}
