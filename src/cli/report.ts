import { percentage, scale, scaledLabel } from '../profile/measurement';
import type { Profile } from '../profile/profile';
import { compilePattern } from '../text/pattern';
import { InputError } from '../text/notice';
import { reportOptions, type ReportOptions } from '../fields/reportOptions';
import { filepathBase } from '../views/frameNames';
import { compareText, cumValue, flatValue, type Graph } from '../views/graph';
import { roundedLabelText, type SampleLabels } from '../profile/labels';
import { neighbourRows, type NeighbourRow } from '../views/peek';
import type { Prepared } from '../views/preparedProfile';
import { tagRows } from '../views/tags';
import { topRows } from '../views/top';
import { traceRows } from '../views/traces';
import { trimmedGraph, untrimmed, type TrimmedGraph } from '../views/trimmedGraph';
import { localTime } from './goTimes';
import { alignRight } from './tabwriter';

/** A text report as `go tool pprof` prints it, in parts where it may be longer than one string can be (512 MiB in V8). */
export type Report = (prepared: Prepared, options: ReportOptions) => string | Iterable<string>;

/** divide_by divides the whole number that is printed, as Go does (report.New). */
const divide = (value: number, { divideBy }: ReportOptions) =>
  divideBy > 0 && divideBy !== 1 ? Math.trunc(value * (1 / divideBy)) : value;

export const formatter =
  ({ unit }: Prepared, options: ReportOptions, outputUnit = options.unit) =>
  (value: number) =>
    scaledLabel(divide(value, options), unit, outputUnit);

/** `-top`: internal/report printText. */
export const topText: Report = (prepared, options) => {
  const { total } = prepared;
  const { trimmed, flat, cum, sum } = topRows(prepared, options);
  const { graph, nodes } = trimmed;
  const format = formatter(prepared, options, outputUnit(prepared, graph, nodes, options));
  const lines = reportLabels(prepared, trimmed, options, format);
  lines.push('      flat  flat%   sum%        cum   cum%');
  const inline = inlineMarks(trimmed);
  nodes.forEach((node, i) =>
    lines.push(
      `${format(flat[i]).padStart(10)} ${percentage(flat[i], total)} ${percentage(sum[i], total)} ` +
        `${format(cum[i]).padStart(10)} ${percentage(cum[i], total)}  ${graph.names[node]}${inline[node]}`
    )
  );
  return lines.join('\n') + '\n';
};

/** `-tree`: internal/report printTree. */
export const treeText: Report = (prepared, options) => {
  const { trimmed, rows } = neighbourRows(prepared, options);
  return neighbourText(prepared, options, trimmed, rows);
};

/**
 * `-peek`: the tree's entries of the nodes whose name matches, under what is said of all nodes.
 * @throws InputError where none does
 */
export function peekText(prepared: Prepared, options: ReportOptions, pattern: string): string {
  const { rows } = neighbourRows(prepared, options, compilePattern('peek', pattern));
  const whole = trimmedGraph(prepared, untrimmed(options), { most: 80 });
  const text = neighbourText(prepared, options, whole, rows);
  if (rows.length === 0) {
    throw new InputError(`no matches found for regexp: ${pattern}`);
  }
  return text;
}

/** @param all nodes of the report, which the rows may be some of */
function neighbourText(
  prepared: Prepared,
  options: ReportOptions,
  all: TrimmedGraph,
  rows: readonly NeighbourRow[]
): string {
  const { total } = prepared;
  const { graph, nodes } = all;
  const format = formatter(prepared, options, outputUnit(prepared, graph, nodes, options));
  const lines = reportLabels(prepared, all, options, format);
  lines.push(treeSeparator, '      flat  flat%   sum%        cum   cum%   calls calls% + context \t \t ');
  let sum = 0;
  let above = -1;
  for (const { relation, node, other, calls, isInline } of rows) {
    const cum = cumValue(graph, node);
    if (node !== above) {
      lines.push(treeSeparator);
      above = node;
    }
    if (relation === 'node') {
      const flat = flatValue(graph, node);
      sum += flat;
      lines.push(
        `${format(flat).padStart(10)} ${percentage(flat, total)} ${percentage(sum, total)} ` +
          `${format(cum).padStart(10)} ${percentage(cum, total)}                | ${graph.names[node]}`
      );
    } else {
      lines.push(
        `${format(calls).padStart(50)} ${percentage(calls, cum)} |   ${graph.names[other]}${isInline ? ' (inline)' : ''}`
      );
    }
  }
  if (nodes.length > 0) {
    lines.push(treeSeparator);
  }
  return lines.join('\n') + '\n';
}

const treeSeparator = '----------------------------------------------------------+-------------';

/** The lines above a report of nodes (internal/report, reportLabels). */
function reportLabels(
  prepared: Prepared,
  { graph, nodes, originalCount, dropped }: TrimmedGraph,
  options: ReportOptions,
  format: (value: number) => string
): string[] {
  const { total } = prepared;
  const lines = options.compactLabels ? [] : profileLabels(prepared, format);
  const filters = activeFilters(options);
  if (filters.length > 0) {
    lines.push('Active filters:', ...filters.map((text) => `   ${shortened(text)}`));
  }
  const shown = nodes.reduce((sum, node) => sum + flatValue(graph, node), 0);
  lines.push(
    `Showing nodes accounting for ${format(shown)}, ${percentage(shown, total).trim()} of ${format(total)} total`
  );
  if (total !== 0 && dropped > 0) {
    const cutoff = format(Math.abs(Math.trunc(total * options.nodeFraction)));
    lines.push(`Dropped ${dropped} node${dropped > 1 ? 's' : ''} (cum <= ${cutoff})`);
  }
  if (total !== 0 && nodes.length > 0 && nodes.length < originalCount) {
    lines.push(`Showing top ${nodes.length} nodes out of ${originalCount}`);
  }
  return lines;
}

/** Cut after 80 bytes, as pprof counts. */
function shortened(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length > 80 ? `${new TextDecoder().decode(bytes.subarray(0, 80))}…` : text;
}

/** pprof names these and no others, not even prune_from. */
const namedFilters = [
  'focus',
  'ignore',
  'hideNodes',
  'showNodes',
  'showFrom',
  'tagFocus',
  'tagIgnore',
  'tagShow',
  'tagHide',
];

const activeFilters = (options: ReportOptions): string[] =>
  namedFilters.flatMap((field) => {
    const option = reportOptions.find((candidate) => candidate.field === field);
    return option && options[option.field] !== '' ? [`${option.flag}=${options[option.field]}`] : [];
  });

/** `minimum` resolved: the unit of the smallest node, or of a hundred times it (selectOutputUnit). */
function outputUnit({ total, unit: from }: Prepared, graph: Graph, nodes: Uint32Array, options: ReportOptions): string {
  if (options.unit !== 'minimum' || nodes.length === 0) {
    return options.unit;
  }
  let least = 0;
  for (const node of nodes) {
    const value = Math.abs(flatValue(graph, node)) || Math.abs(cumValue(graph, node));
    if (value > 0 && (least === 0 || value < least)) {
      least = value;
    }
  }
  least = divide(least || total, options);
  const most = divide(total, options);
  const unitOf = (value: number) => scale(value, from, 'minimum').unit;
  let chosen = unitOf(least);
  if (chosen !== unitOf(most) && least * 100 < most) {
    chosen = unitOf(100 * least);
  }
  return chosen || from;
}

/** ` (inline)` for a function that was inlined in all of its callers, ` (partial-inline)` in some. */
function inlineMarks(trimmed: TrimmedGraph): string[] {
  const { nodeCount, edge } = trimmed.graph;
  const inlined = new Uint8Array(nodeCount);
  const called = new Uint8Array(nodeCount);
  for (const e of trimmed.edges) {
    (edge.isInline[e] ? inlined : called)[edge.to[e]] = 1;
  }
  return Array.from(inlined, (isInlined, node) =>
    isInlined ? (called[node] ? ' (partial-inline)' : ' (inline)') : ''
  );
}

/** The lines above a report (ProfileLabels). */
function profileLabels({ profile, type, unit, total }: Prepared, format: (value: number) => string): string[] {
  const lines = [...programLabels(profile), ...profile.comments.filter((comment) => !comment.startsWith('#'))];
  lines.push(...(type ? [`Type: ${type}`] : []));
  lines.push(...(profile.docUrl ? [`Doc: ${profile.docUrl}`] : []));
  if (profile.timeNanos !== 0n) {
    const time = localTime(profile.timeNanos);
    lines.push(`Time: ${time.replace(/\.\d+/, '').replace(/ [+-]\d{4}/, '')}`);
  }
  if (profile.durationNanos !== 0) {
    const inNanos = scale(total, unit, 'nanoseconds');
    const share =
      inNanos.unit === 'ns' && inNanos.value !== 0
        ? `(${percentage(Math.trunc(inNanos.value), profile.durationNanos)})`
        : '';
    lines.push(
      `Duration: ${scaledLabel(profile.durationNanos, 'nanoseconds', 'auto')}, Total samples = ${format(total)} ${share}`
    );
  }
  return lines;
}

/** File and build id of the first mapping. */
function programLabels({ strings, mapping }: Profile): string[] {
  if (mapping.length === 0) {
    return [];
  }
  const file = strings[mapping.filename[0]];
  const buildId = strings[mapping.buildId[0]];
  return [...(file ? [`File: ${filepathBase(file)}`] : []), ...(buildId ? [`Build ID: ${buildId}`] : [])];
}

/** `-tags`: internal/report printTags. */
export const tagsText: Report = (prepared, options) => {
  const { total: whole } = prepared;
  const format = formatter(prepared, options);
  const share = (value: number) => (whole > 0 ? ` (${percentage(value, whole)})` : '');
  const lines = tagRows(prepared, options.unit, roundedLabelText).flatMap(({ key, total, values }) => [
    `${key}:\t Total ${format(total)} of ${format(whole)}${share(total)}`,
    ...values.map(({ value, total: amount }) => ` \t${format(amount)}${share(amount)}:\t ${value}`),
    '',
  ]);
  return alignRight(lines.map((line) => `${line}\n`).join(''));
};

const separator = '-----------+-------------------------------------------------------';

/**
 * `-traces`: internal/report printTraces. A part is a sample: each prints its whole stack, so that a few megabytes of samples
 * that share their deep stacks are gigabytes of text.
 */
export function* tracesText(prepared: Prepared, options: ReportOptions): Generator<string> {
  const { profile } = prepared;
  const rows = traceRows(prepared, options);
  const format = formatter(prepared, options);
  yield `${profileLabels(prepared, format).join('\n')}\n`;
  for (let i = 0; i < profile.sample.length; i++) {
    const calls: string[] = [];
    rows.eachCall(i, (name, isInline) => {
      const value = calls.length === 0 ? format(rows.values[i]) : '';
      calls.push(`${value.padStart(10)}   ${rows.frames.names[name]}${isInline ? ' (inline)' : ''}\n`);
    });
    if (calls.length > 0) {
      const labels = traceLabels(rows.labels(i), prepared.labelUnits);
      yield [separator, ...labels].map((line) => `${line}\n`).join('') + calls.join('');
    }
  }
  yield `${separator}\n`;
}

function traceLabels({ texts, numbers }: SampleLabels, units: ReadonlyMap<string, string>): string[] {
  const head = (key: string) => `${key.padStart(10)}:  `;
  const scaled = (key: string, values: ReadonlyArray<{ readonly value: number }>) =>
    values.map(({ value }) => scaledLabel(value, units.get(key) ?? '', 'auto')).join(' ');
  return [
    ...[...texts].map(([key, values]) => head(key) + values.join(' ')).sort(compareText),
    ...[...numbers].map(([key, values]) => head(key) + scaled(key, values)).sort(compareText),
  ];
}
