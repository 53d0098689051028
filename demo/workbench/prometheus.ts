// Prometheus as Grafana's data source asks it, as far as the dashboards do: range queries, and exemplars.
import { createDataFrame, DataTopic, FieldType, type DataFrame, type TimeRange } from '@grafana/data';
import { replaceVariables } from './host';

const api = '/api/datasources/proxy/uid/prometheus/api/v1/';
const escapeRegex = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\\\$&');
const alternatives = (value: string | string[]) => `(${[value].flat().map(escapeRegex).join('|')})`;

async function ask(path: string, parameters: Record<string, string>): Promise<any> {
  const response = await fetch(`${api}${path}?${new URLSearchParams(parameters)}`);
  const body = await response.json();
  if (!response.ok) {
    throw new Error(body.error ?? body.message);
  }
  return body.data;
}

/** @throws Error with Prometheus's words, or why there is none */
export async function queryPrometheus(targets: any[], range: TimeRange, scopedVars: object): Promise<DataFrame[]> {
  const [from, to] = [range.from.valueOf() / 1000, range.to.valueOf() / 1000];
  const found = targets.map(async ({ refId, expr, legendFormat, exemplar }) => {
    const query = replaceVariables(expr, scopedVars as any, (value) =>
      Array.isArray(value) ? alternatives(value) : value
    );
    const window = { query, start: String(from), end: String(to) };
    const step = Math.max(1, Math.ceil((to - from) / 600));
    const { result } = await ask('query_range', { ...window, step: String(step) });
    const exemplars = exemplar ? await ask('query_exemplars', window) : [];
    return [
      ...result.map((series: any) => seriesFrame(refId, series, legendFormat)),
      ...exemplarFrames(refId, exemplars),
    ];
  });
  return (await Promise.all(found)).flat();
}

function seriesFrame(refId: string, { metric, values }: any, legend: string): DataFrame {
  const name = legend.replace(/\{\{(\w+)\}\}/g, (_, label) => metric[label] ?? '');
  return createDataFrame({
    refId,
    meta: { preferredVisualisationType: 'graph' },
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map(([time]: [number]) => time * 1000) },
      {
        name: 'Value',
        type: FieldType.number,
        labels: metric,
        config: { displayNameFromDS: name },
        values: values.map(([, value]: [number, string]) => Number(value)),
      },
    ],
  });
}

/** With the link that provisioning/datasources gives Grafana's data source. */
function exemplarFrames(refId: string, series: any[]): DataFrame[] {
  const all = series.flatMap(({ seriesLabels, exemplars }) =>
    exemplars.map(({ labels, timestamp, value }: any) => ({
      ...seriesLabels,
      ...labels,
      Time: timestamp * 1000,
      Value: Number(value),
    }))
  );
  const query = { refId: 'A', query: '${__value.raw}', queryType: 'traceql' };
  const link = { title: 'Open capture', url: '', internal: { datasourceUid: 'pproflens', datasourceName: '', query } };
  const names = [...new Set(['Time', 'Value', ...all.flatMap(Object.keys)])];
  const fields = names.map((name) => ({
    name,
    type: name === 'Time' ? FieldType.time : name === 'Value' ? FieldType.number : FieldType.string,
    config: name === 'Value' ? { unit: 'bytes' } : name === 'event_id' ? { links: [link] } : {},
    values: all.map((exemplar) => exemplar[name] ?? ''),
  }));
  return all.length === 0
    ? []
    : [createDataFrame({ refId, name: 'exemplar', meta: { dataTopic: DataTopic.Annotations }, fields })];
}
