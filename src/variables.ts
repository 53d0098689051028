import type { AdHocVariableFilter } from '@grafana/data';
import { hasArchives } from './captures/archive';
import type { Bucket } from './captures/bucket';
import { isKeyLabel, memberLabels } from './captures/keyMatchers';
import { listCaptures, type Range } from './captures/listing';
import { loadFrom, sourceIn } from './worker/sources';
import { quoteMeta } from './text/literals';
import { escapeQuoted, parseSelector, printSelector, type Matcher, type MatchOp } from './text/selector';
import { maxAges } from './store/remembered';
import { findServices } from './captures/services';
import type { Capture } from './captures/capture';
import type { WorkerClient } from './worker/client';

/** What variables and editors offer. */
export interface Suggestions {
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly sampleTypes: readonly string[];
}

/** Profiles opened to learn what labels samples have: the newest of each kind and service. */
const maxOpened = 6;

/**
 * Label values and sample types of the captures that match a selector. Key labels come from the listing alone; profiles
 * are opened only for what keys do not say. `label`: the one that is asked for.
 * @throws StoreError, the signal's reason
 */
export async function findValues(
  bucket: Bucket,
  worker: WorkerClient,
  selector: string,
  range: Range,
  label?: string,
  signal = new AbortController().signal
): Promise<Suggestions> {
  if (label === 'service' && parseSelector(selector).length === 0) {
    // Which services there are is no question of time: a dashboard keeps its own where the range has no captures of it.
    const services = await findServices(bucket.store, bucket.layout, bucket.prefix, signal, maxAges.names);
    if (services) {
      return { labels: { service: services }, sampleTypes: [] };
    }
  }
  const { captures } = await listCaptures(bucket, selector, range, signal, maxAges.names);
  const labels = new Map<string, Set<string>>();
  for (const capture of captures) {
    for (const [name, value] of Object.entries(capture.labels)) {
      labels.set(name, (labels.get(name) ?? new Set()).add(value));
    }
  }
  if (hasArchives(captures) && (!label || memberLabels.includes(label))) {
    const { addMembers } = await import(/* webpackChunkName: "archives" */ './worker/archiveProfiles');
    await addMembers(labels, { bucket, worker }, captures, signal);
  }
  const sampleTypes = new Set<string>();
  if (label === undefined || !isKeyLabel(bucket.layout)(label)) {
    const load = loadFrom(bucket);
    const opened = newestOfEach(captures)
      .map(sourceIn(bucket))
      .map((source) => worker.labelValues(source, { load, signal }));
    for (const result of await Promise.allSettled(opened)) {
      signal.throwIfAborted();
      if (result.status === 'rejected') {
        continue; // A broken capture has no values to offer; the panel that opens it says what is wrong with it.
      }
      result.value.sampleTypes.forEach((type) => sampleTypes.add(type));
      for (const [name, values] of Object.entries(result.value.labels)) {
        const known = labels.get(name) ?? new Set();
        values.forEach((value) => known.add(value));
        labels.set(name, known);
      }
    }
  }
  return {
    labels: Object.fromEntries([...labels].map(([name, values]) => [name, [...values].sort()])),
    sampleTypes: [...sampleTypes],
  };
}

function newestOfEach(captures: readonly Capture[]): Capture[] {
  const newest = new Map<string, Capture>();
  for (const capture of captures) {
    newest.set(`${capture.labels.service} ${capture.labels.profile}`, capture);
  }
  // CPU and goroutine profiles are those with labels.
  const rank = ({ labels }: Capture) => (/cpu|profile|goroutine/.test(labels.profile ?? '') ? 0 : 1);
  return [...newest.values()].sort((a, b) => rank(a) - rank(b)).slice(0, maxOpened);
}

/**
 * What a variable's query asks for: `services`, `label_values(tenant_id)`,
 * `label_values({service="ingester"}, tenant_id)`, or a label's name alone.
 * @throws Error naming the forms there are
 */
export function parseVariableQuery(query: string): { selector: string; label: string } {
  const match = /^\s*(?:label_values\(\s*(?:(\{.*\})\s*,)?\s*([\w.$-]+)\s*\)|([\w.-]+))\s*$/s.exec(query);
  if (!match) {
    throw new Error(
      `Variable query "${query}": expected services, label_values(tenant_id) or ` +
        'label_values({service="ingester"}, tenant_id).'
    );
  }
  const [, selector = '', label, alone] = match;
  return { selector, label: label ?? (alone === 'services' ? 'service' : alone) };
}

/** Grafana's `replace`: puts the formatted values of variables into a text. */
export type Replace = (text: string, format: (value: string | string[]) => string) => string;

const alternatives = (value: string | string[]) => [value].flat().map(quoteMeta).join('|');

/**
 * Puts variables into a selector. Each value is taken literally whatever characters it has, as tenants choose their
 * names. Several values are alternatives, for which = becomes =~.
 */
export function interpolateSelector(selector: string, replace: Replace): string {
  if (!/\$|\[\[/.test(selector)) {
    return selector;
  }
  let matchers: Matcher[];
  try {
    matchers = parseSelector(selector);
  } catch {
    // A variable outside of quotes: {$filters}, or $label="x".
    return replace(selector, (value) => escapeQuoted(Array.isArray(value) ? alternatives(value) : value));
  }
  return printSelector(matchers.map((matcher) => interpolateMatcher(matcher, replace)));
}

function interpolateMatcher({ name, op, value }: Matcher, replace: Replace): Matcher {
  const isVariableAlone = /^(?:\$\w+|\$\{[^{}]+\}|\[\[[^[\]]+\]\])$/.test(value);
  if (op === '=~' || op === '!~') {
    const format = isVariableAlone ? alternatives : (values: string | string[]) => `(?:${alternatives(values)})`;
    return { name, op, value: replace(value, format) };
  }
  let hasSeveral = false;
  const literal = replace(value, (values) => {
    hasSeveral ||= Array.isArray(values) && values.length > 1;
    return String(values);
  });
  return hasSeveral && isVariableAlone
    ? { name, op: op === '=' ? '=~' : '!~', value: replace(value, alternatives) }
    : { name, op, value: literal };
}

/** Grafana's ad hoc operators → ours; those with `|` take several values. */
const adHocOperators: ReadonlyMap<string, MatchOp> = new Map([
  ['=', '='],
  ['!=', '!='],
  ['=~', '=~'],
  ['!~', '!~'],
  ['=|', '=~'],
  ['!=|', '!~'],
]);

/** The selector and the dashboard's ad hoc filters. @throws Error for an operator that labels do not have */
export function addFilters(selector: string, filters: readonly AdHocVariableFilter[]): string {
  if (filters.length === 0) {
    return selector;
  }
  const added = filters.map(({ key, operator, value, values }): Matcher => {
    const op = adHocOperators.get(operator);
    if (!op) {
      throw new Error(
        `The filter ${key} ${operator} ${value}: labels are compared by ${[...adHocOperators.keys()].join(' ')} only.`
      );
    }
    return { name: key, op, value: operator.endsWith('|') ? alternatives(values ?? [value]) : value };
  });
  return printSelector([...parseSelector(selector), ...added]);
}
