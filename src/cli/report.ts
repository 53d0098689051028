import { percentage, scale, scaledLabel } from '../profile/measurement';
import { MappingFlag, sampleIndexByName, type Profile } from '../profile/profile';
import { callGraph, compareText, frameNames, sortedNodes, totalValue, type Graph } from '../views/graph';

/** Options of a text report, named and preset as in pprof (internal/driver/config.go). */
export interface ReportOptions {
  readonly sampleIndex: string;
  /** -1: all. */
  readonly nodeCount: number;
  readonly nodeFraction: number;
  readonly edgeFraction: number;
  readonly sort: 'flat' | 'cum';
  readonly unit: string;
}

export const defaultReportOptions: ReportOptions = {
  sampleIndex: '',
  nodeCount: -1,
  nodeFraction: 0.005,
  edgeFraction: 0.001,
  sort: 'flat',
  unit: 'minimum',
};

export type Report = (profile: Profile, options: ReportOptions) => string;

/** What the reports share: the sample type and the total its percentages are of. */
function context(profile: Profile, options: ReportOptions) {
  const index = sampleIndexByName(profile, options.sampleIndex);
  const { type, unit } = profile.sampleTypes[index];
  return { index, type, unit, total: totalValue(profile, index) };
}
type Context = ReturnType<typeof context>;

/** `-top`: internal/report printText. */
export const top: Report = (profile, options) => {
  const c = context(profile, options);
  const { graph, nodes, originalCount, dropped, edgeCutoff } = trimmedGraph(profile, c.index, options);
  const unit = outputUnit(c, graph, nodes, options);
  const format = (value: number) => scaledLabel(value, c.unit, unit);
  const shown = nodes.reduce((sum, node) => sum + graph.flat[node], 0);
  const lines = profileLabels(profile, c, format);
  lines.push(
    `Showing nodes accounting for ${format(shown)}, ${percentage(shown, c.total).trim()} of ${format(c.total)} total`
  );
  if (c.total !== 0 && dropped > 0) {
    const cutoff = format(Math.abs(Math.trunc(c.total * options.nodeFraction)));
    lines.push(`Dropped ${dropped} node${dropped > 1 ? 's' : ''} (cum <= ${cutoff})`);
  }
  if (c.total !== 0 && nodes.length > 0 && nodes.length < originalCount) {
    lines.push(`Showing top ${nodes.length} nodes out of ${originalCount}`);
  }
  lines.push('      flat  flat%   sum%        cum   cum%');
  const inline = inlineMarks(graph, edgeCutoff);
  let sum = 0;
  for (const node of nodes) {
    const flat = graph.flat[node];
    const cum = graph.cum[node];
    sum += flat;
    lines.push(
      `${format(flat).padStart(10)} ${percentage(flat, c.total)} ${percentage(sum, c.total)} ` +
        `${format(cum).padStart(10)} ${percentage(cum, c.total)}  ${graph.names[node]}${inline[node]}`
    );
  }
  return lines.join('\n') + '\n';
};

/** The graph after pprof's two cut-offs (newTrimmedGraph): nodes below a share of the total, then the first n. */
function trimmedGraph(profile: Profile, index: number, { nodeCount, nodeFraction, edgeFraction, sort }: ReportOptions) {
  const frames = frameNames(profile);
  let graph = callGraph(profile, index, frames);
  let nodes = sortedNodes(graph, sort);
  const sum = nodes.reduce((total, node) => total + graph.flat[node], 0);
  const cutoff = Math.abs(Math.trunc(sum * nodeFraction));
  let dropped = 0;
  const keep = (kept: Uint32Array) => {
    const isKept = new Uint8Array(graph.nodeCount);
    kept.forEach((node) => (isKept[node] = 1));
    graph = callGraph(profile, index, frames, isKept);
    nodes = sortedNodes(graph, sort);
  };
  if (cutoff > 0) {
    const kept = nodes.filter((node) => Math.abs(graph.cum[node]) >= cutoff);
    dropped = nodes.length - kept.length;
    if (dropped > 0) {
      keep(kept);
    }
  }
  const originalCount = nodes.length;
  if (nodeCount > 0 && nodes.length > nodeCount) {
    keep(nodes.slice(0, nodeCount));
  }
  // Both cut-offs are shares of the whole graph, not of what is left of it.
  const edgeCutoff = Math.abs(Math.trunc(sum * edgeFraction));
  return { graph, nodes, originalCount, dropped, edgeCutoff };
}

/** `minimum` resolved: the unit of the smallest node, or of a hundred times it (selectOutputUnit). */
function outputUnit(c: Context, graph: Graph, nodes: Uint32Array, { unit }: ReportOptions): string {
  if (unit !== 'minimum' || nodes.length === 0) {
    return unit;
  }
  let least = 0;
  for (const node of nodes) {
    const value = Math.abs(graph.flat[node]) || Math.abs(graph.cum[node]);
    if (value > 0 && (least === 0 || value < least)) {
      least = value;
    }
  }
  least ||= c.total;
  const unitOf = (value: number) => scale(value, c.unit, 'minimum').unit;
  let chosen = unitOf(least);
  if (chosen !== unitOf(c.total) && least * 100 < c.total) {
    chosen = unitOf(100 * least);
  }
  return chosen || c.unit;
}

/** ` (inline)` for a function that was inlined in all of its callers, ` (partial-inline)` in some. */
function inlineMarks({ nodeCount, edge }: Graph, cutoff: number): string[] {
  const inlined = new Uint8Array(nodeCount);
  const called = new Uint8Array(nodeCount);
  for (let i = 0; i < edge.length; i++) {
    if (Math.abs(edge.weight[i]) >= cutoff) {
      (edge.isInline[i] ? inlined : called)[edge.to[i]] = 1;
    }
  }
  return Array.from(inlined, (isInlined, node) =>
    isInlined ? (called[node] ? ' (partial-inline)' : ' (inline)') : ''
  );
}

/** The lines above a report (ProfileLabels). */
function profileLabels(profile: Profile, c: Context, format: (value: number) => string): string[] {
  const { strings, mapping } = profile;
  const lines: string[] = [];
  if (mapping.length > 0) {
    const file = strings[mapping.filename[0]];
    const buildId = strings[mapping.buildId[0]];
    lines.push(...(file ? [`File: ${file.slice(file.lastIndexOf('/') + 1)}`] : []));
    lines.push(...(buildId ? [`Build ID: ${buildId}`] : []));
  }
  lines.push(...profile.comments.filter((comment) => !comment.startsWith('#')));
  lines.push(`Type: ${c.type}`);
  lines.push(...(profile.docUrl ? [`Doc: ${profile.docUrl}`] : []));
  if (profile.timeNanos !== 0n) {
    lines.push(
      `Time: ${localTime(profile.timeNanos)
        .replace(/\.\d+/, '')
        .replace(/ [+-]\d{4}/, '')}`
    );
  }
  if (profile.durationNanos !== 0) {
    const total = scale(c.total, c.unit, 'nanoseconds');
    const share =
      total.unit === 'ns' && total.value !== 0 ? `(${percentage(Math.trunc(total.value), profile.durationNanos)})` : '';
    lines.push(
      `Duration: ${scaledLabel(profile.durationNanos, 'nanoseconds', 'auto')}, Total samples = ${format(c.total)} ${share}`
    );
  }
  return lines;
}

/** Go's default text of a time: `2026-11-24 09:31:54.123456789 +0000 UTC`, in the zone of this process. */
function localTime(nanos: bigint): string {
  const date = new Date(Number(nanos / 1_000_000n));
  const two = (value: number) => String(value).padStart(2, '0');
  const fraction = String(nanos % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const name = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(date)
    .find(({ type }) => type === 'timeZoneName')?.value;
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}${fraction ? `.${fraction}` : ''} ${zone} ${name}`
  );
}

/** Texts and numbers of a label list by key, in the list's order. */
function labelsOf({ label, labelSet, strings }: Profile, set: number) {
  const texts = new Map<string, string[]>();
  const numbers = new Map<string, Array<{ value: number; unit: string }>>();
  for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
    const key = strings[label.key[i]];
    if (label.isNumeric[i]) {
      numbers.set(key, [...(numbers.get(key) ?? []), { value: label.num[i], unit: strings[label.unit[i]] }]);
    } else {
      texts.set(key, [...(texts.get(key) ?? []), strings[label.str[i]]]);
    }
  }
  return { texts, numbers };
}

/** The unit of each numeric label: the first that is written, else the key's own (profile.NumLabelUnits). */
function labelUnits({ label, strings }: Profile): Map<string, string> {
  const units = new Map<string, string>();
  for (let i = 0; i < label.length; i++) {
    const key = strings[label.key[i]];
    if (label.isNumeric[i] && !units.get(key)) {
      units.set(key, strings[label.unit[i]]);
    }
  }
  for (const [key, unit] of units) {
    units.set(key, unit || (key === 'request' || key === 'alignment' ? 'bytes' : key));
  }
  return units;
}

/** `-tags`: internal/report printTags. */
export const tags: Report = (profile, options) => {
  const c = context(profile, options);
  const units = labelUnits(profile);
  const format = (value: number) => scaledLabel(value, c.unit, options.unit);
  const setTotal = new Float64Array(profile.labelSet.length);
  for (let i = 0; i < profile.sample.length; i++) {
    setTotal[profile.sample.labelSet[i]] += profile.sample.values[c.index][i];
  }
  const keys = new Map<string, { total: number; values: Map<string, number> }>();
  const hasSample = new Uint8Array(profile.labelSet.length);
  profile.sample.labelSet.forEach((set) => (hasSample[set] = 1));
  for (let set = 0; set < profile.labelSet.length; set++) {
    if (!hasSample[set]) {
      continue;
    }
    const add = (key: string, value: string) => {
      const entry = keys.get(key) ?? { total: 0, values: new Map<string, number>() };
      keys.set(key, entry);
      entry.total += setTotal[set];
      entry.values.set(value, (entry.values.get(value) ?? 0) + setTotal[set]);
    };
    const { texts, numbers } = labelsOf(profile, set);
    texts.forEach((values, key) => values.forEach((value) => add(key, value)));
    numbers.forEach((values, key) =>
      values.forEach(({ value }) => add(key, scaledLabel(value, units.get(key) ?? '', options.unit)))
    );
  }
  const share = (value: number) => (c.total > 0 ? ` (${percentage(value, c.total)})` : '');
  let text = '';
  for (const [key, { total, values }] of [...keys].sort(([a], [b]) => compareText(a, b))) {
    const rows = [...values]
      .sort(([a, x], [b, y]) => Math.abs(y) - Math.abs(x) || compareText(a, b))
      .map(([value, amount]) => ({ value, cell: `${format(amount)}${share(amount)}:` }));
    // What Go's text/tabwriter does with right-aligned cells and a padding of one.
    const first = [...key].length + 2;
    const second = Math.max(...rows.map(({ cell }) => cell.length)) + 1;
    text += ` ${key}: Total ${format(total)} of ${format(c.total)}${share(total)}\n`;
    for (const { value, cell } of rows) {
      text += `${' '.repeat(first)}${cell.padStart(second)} ${value}\n`;
    }
    text += '\n';
  }
  return text;
};

const separator = '-----------+-------------------------------------------------------';

/** `-traces`: internal/report printTraces. */
export const traces: Report = (profile, options) => {
  const c = context(profile, options);
  const units = labelUnits(profile);
  const frames = frameNames(profile);
  const { sample, stack, location } = profile;
  const format = (value: number) => scaledLabel(value, c.unit, options.unit);
  const lines = [profileLabels(profile, c, format).join('\n')];
  for (let i = 0; i < sample.length; i++) {
    const calls: string[] = [];
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      const end = location.lineOffset[l + 1];
      for (let k = location.lineOffset[l]; k < end; k++) {
        calls.push(frames.names[frames.line[k]] + (k < end - 1 ? ' (inline)' : ''));
      }
      if (location.lineOffset[l] === end) {
        calls.push(frames.names[frames.location[l]]);
      }
    }
    if (calls.length === 0) {
      continue;
    }
    const { texts, numbers } = labelsOf(profile, sample.labelSet[i]);
    const head = (key: string) => `${key.padStart(10)}:  `;
    lines.push(
      separator,
      ...[...texts].map(([key, values]) => head(key) + values.join(' ')).sort(compareText),
      ...[...numbers]
        .map(
          ([key, values]) =>
            head(key) + values.map(({ value }) => scaledLabel(value, units.get(key) ?? '', 'auto')).join(' ')
        )
        .sort(compareText),
      ...calls.map((call, k) => `${(k === 0 ? format(sample.values[c.index][i]) : '').padStart(10)}   ${call}`)
    );
  }
  lines.push(separator);
  return lines.join('\n') + '\n';
};

/** `-raw`: profile.String. Ids are rows from 1, as Go writes them and as `compact` makes them of a merge. */
export const raw: Report = (profile) => {
  const { strings, sample, stack, location, line, mapping, function: func } = profile;
  const lines = profile.comments.map((comment) => `Comment: ${comment}`);
  lines.push(...(profile.docUrl ? [`Doc: ${profile.docUrl}`] : []));
  lines.push(`PeriodType: ${profile.periodType?.type ?? ''} ${profile.periodType?.unit ?? ''}`);
  lines.push(`Period: ${profile.period}`);
  lines.push(...(profile.timeNanos === 0n ? [] : [`Time: ${localTime(profile.timeNanos)}`]));
  lines.push(...(profile.durationNanos === 0 ? [] : [`Duration: ${goDuration(profile.durationNanos).slice(0, 4)}`]));
  lines.push('Samples:');
  const types = profile.sampleTypes.map(
    ({ type, unit }) => `${type}/${unit}${type === profile.defaultSampleType ? '[dflt]' : ''}`
  );
  lines.push(types.join(' ').trim());

  for (let i = 0; i < sample.length; i++) {
    let text = sample.values.map((values) => ` ${String(values[i]).padStart(10)}`).join('') + ': ';
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      text += `${l + 1} `;
    }
    lines.push(text);
    const { texts, numbers } = labelsOf(profile, sample.labelSet[i]);
    const indent = ' '.repeat(16);
    if (texts.size > 0) {
      lines.push(
        indent +
          [...texts]
            .map(([key, values]) => `${key}:[${values.join(' ')}]`)
            .sort(compareText)
            .join(' ')
      );
    }
    if (numbers.size > 0) {
      const withUnits = [...numbers].map(([key, values]) => {
        const hasUnit = values.some(({ unit }) => unit !== '');
        return `${key}:[${values.map(({ value, unit }) => (hasUnit ? `${value} ${unit}` : value)).join(' ')}]`;
      });
      lines.push(indent + withUnits.sort(compareText).join(' '));
    }
  }

  lines.push('Locations');
  for (let l = 0; l < location.length; l++) {
    let head = `${String(l + 1).padStart(6)}: 0x${location.address[l].toString(16)} `;
    head += location.mapping[l] < 0 ? '' : `M=${location.mapping[l] + 1} `;
    head += location.isFolded[l] ? '[F] ' : '';
    const first = location.lineOffset[l];
    if (first === location.lineOffset[l + 1]) {
      lines.push(head);
    }
    for (let k = first; k < location.lineOffset[l + 1]; k++) {
      const f = line.function[k];
      let text = '??';
      if (f >= 0) {
        const name = strings[func.name[f]];
        const systemName = strings[func.systemName[f]];
        text = `${name} ${strings[func.filename[f]]}:${line.line[k]}:${line.column[k]} s=${func.startLine[f]}`;
        text += name === systemName ? '' : `(${systemName})`;
      }
      lines.push(head + text);
      head = ' '.repeat(13);
    }
  }

  lines.push('Mappings');
  for (let m = 0; m < mapping.length; m++) {
    const bits = [
      [MappingFlag.functions, '[FN]'],
      [MappingFlag.filenames, '[FL]'],
      [MappingFlag.lineNumbers, '[LN]'],
      [MappingFlag.inlineFrames, '[IN]'],
    ] as const;
    const flags = bits.map(([bit, text]) => (mapping.flags[m] & bit ? text : '')).join('');
    const hex = (value: bigint) => `0x${value.toString(16)}`;
    lines.push(
      `${m + 1}: ${hex(mapping.start[m])}/${hex(mapping.limit[m])}/${hex(mapping.offset[m])} ` +
        `${strings[mapping.filename[m]]} ${strings[mapping.buildId[m]]} ${flags}`
    );
  }
  return lines.join('\n') + '\n';
};

/** Go's text of a duration: 1m30.5s, 4.006521234s, 12ms. */
function goDuration(nanos: number): string {
  const trim = (value: string) => value.replace(/\.?0+$/, '');
  if (nanos < 1e3) {
    return `${nanos}ns`;
  }
  if (nanos < 1e6) {
    return `${trim((nanos / 1e3).toFixed(3))}µs`;
  }
  if (nanos < 1e9) {
    return `${trim((nanos / 1e6).toFixed(6))}ms`;
  }
  const seconds = BigInt(nanos) / 1_000_000_000n;
  const rest = String(BigInt(nanos) % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const s = `${seconds % 60n}${rest ? `.${rest}` : ''}s`;
  const minutes = seconds / 60n;
  return minutes === 0n ? s : minutes < 60n ? `${minutes}m${s}` : `${minutes / 60n}h${minutes % 60n}m${s}`;
}
