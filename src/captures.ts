import {
  namedValuesTest,
  parseSelector,
  possibleValues,
  printMatcher,
  printSelector,
  splitMatchers,
  type Matcher,
} from './query/selector';
import { clockTolerance, spanText } from './profile/time';
import type { Query } from './query/query';
import { isMeta, mainCapture } from './store/events';
import type { Layout } from './store/layout';
import { findCaptures, type Found } from './store/plan';
import { maxAges } from './store/remembered';
import type { Capture, Store } from './store/store';
import type { Notice } from './views/table';

export interface Range {
  /** Unix ms. */
  readonly from: number;
  readonly to: number;
}

export interface Listing {
  readonly captures: readonly Capture[];
  readonly notices: readonly Notice[];
  /** All that was listed of the range, with what the conditions leave out and meta.json. */
  readonly listed: readonly Capture[];
}

const hour = 3600_000;

/** Labels that are ours even where a layout does not name them. */
const keyLabels = new Set(['service', 'profile', 'instance', 'version', 'event', 'trigger']);

export const isKeyLabel = (layout: Layout) => (name: string) => keyLabels.has(name) || layout.labelNames.includes(name);

/**
 * The captures of a range whose keys match the selector, by rising time, without meta.json.
 * @param maxAge of the listing, in ms, where it need not be as young as `maxAges` has it
 * @throws StoreError, InputError
 */
export async function listCaptures(
  { store, layout, prefix }: { store: Store; layout: Layout; prefix: string },
  selector: string,
  range: Range,
  signal: AbortSignal,
  maxAge?: number
): Promise<Listing> {
  const { key } = splitMatchers(parseSelector(selector), isKeyLabel(layout));
  const labels = Object.fromEntries(layout.labelNames.map((name) => [name, possibleValues(key, name)]));
  // Up to now, a little further is listed too: what is said to come from there has a wrong clock.
  const ahead = Math.abs(Date.now() - range.to) < clockTolerance ? hour : 0;
  const found = await findCaptures(store, layout, { prefix, ...range, to: range.to + ahead, labels, maxAge }, signal);
  const early = found.captures.filter(({ time }) => time > range.to + clockTolerance);
  let captures: readonly Capture[] = found.captures.filter((capture) => capture.time <= range.to && !isMeta(capture));
  let unmatched: Unmatched | undefined;
  for (const { matcher, test } of await compileKeyMatchers(key)) {
    const left = captures.filter(({ labels }) => test(labelOf(labels, matcher.name)));
    if (left.length === 0 && captures.length > 0) {
      const values = new Set(captures.map(({ labels }) => labelOf(labels, matcher.name)));
      unmatched = {
        matcher,
        before: key.slice(0, key.indexOf(matcher)),
        count: captures.length,
        values: [...values].filter(Boolean).sort(),
      };
    }
    captures = left;
  }
  return {
    captures,
    notices: [...listingNotices(found, unmatched), ...storedEarly(captures), ...fromFuture(early)],
    listed: found.captures,
  };
}

export const labelOf = (labels: Capture['labels'], name: string) => (Object.hasOwn(labels, name) ? labels[name] : '');

/** The condition that leaves none of the captures that those before it left, and what their label is instead. */
interface Unmatched {
  readonly matcher: Matcher;
  readonly before: readonly Matcher[];
  readonly count: number;
  readonly values: readonly string[];
}

/** Tests of key labels. @throws InputError for a pattern that does not compile */
export async function compileKeyMatchers(matchers: readonly Matcher[]) {
  const compile = async (matcher: Matcher) =>
    namedValuesTest(matcher) ??
    // The regular expressions' engine is as large as the rest of module.js, and few selectors over keys need it.
    (await import(/* webpackChunkName: "matcher" */ './query/matcher')).compileMatcher(matcher);
  return Promise.all(matchers.map(async (matcher) => ({ matcher, test: await compile(matcher) })));
}

function listingNotices(found: Found, unmatched: Unmatched | undefined): Notice[] {
  const notices: Notice[] = [];
  if (found.truncated) {
    notices.push({
      severity: 'warning',
      text:
        `The listing stopped after ${found.objectsSeen.toLocaleString('en-US')} objects; captures may be missing. ` +
        'Name a service in the selector, shorten the time range, or use a key layout with time folders.',
    });
  }
  if (found.unparsed.count > 0) {
    notices.push({
      severity: found.captures.length === 0 ? 'warning' : 'info',
      text: `${found.unparsed.count} of ${found.objectsSeen} keys are not of the key layout, e.g. ${found.unparsed.examples[0]}`,
    });
  }
  if (unmatched) {
    notices.push({ severity: 'warning', text: unmatchedText(unmatched) });
  }
  return notices;
}

function unmatchedText({ matcher, before, count, values }: Unmatched): string {
  const { name } = matcher;
  const those = before.length === 0 ? '' : ` that match ${printSelector(before)}`;
  const there = values.length === 0 ? `they have no ${name}` : `${name} there: ${values.slice(0, 10).join(', ')}`;
  const more = values.length > 10 ? ` and ${values.length - 10} more` : '';
  return `None of the ${count} captures in this time range${those} has ${printMatcher(matcher)}; ${there}${more}.`;
}

function fromFuture(early: readonly Capture[]): Notice[] {
  const last = early.at(-1);
  return last
    ? [
        {
          severity: 'warning',
          text:
            `Captures of a time to come are left out: ${early.length}, the last, ${last.object.key}, by ${spanText(last.time - Date.now())}: ` +
            "a clock is wrong, or the keys' times are not UTC.",
        },
      ]
    : [];
}

/** Nothing can be stored before it was captured: where a listing says so, a clock is wrong. */
function storedEarly(captures: readonly Capture[]): Notice[] {
  const lead = ({ time, object }: Capture) => (object.lastModified > 0 ? time - object.lastModified : 0);
  const early = captures.filter((capture) => lead(capture) > clockTolerance);
  if (early.length === 0) {
    return [];
  }
  const worst = early.reduce((a, b) => (lead(b) > lead(a) ? b : a));
  return [
    {
      severity: 'warning',
      text:
        `${early.length} of ${captures.length} captures were stored before the time in their keys, ${worst.object.key} by ${spanText(lead(worst))}: ` +
        "a clock is wrong, or the keys' times are not UTC. They are shown at the time in the key.",
    },
  ];
}

/** A link by object key says which capture it means, so it does not depend on a range. Undefined for what is no such key. */
export function captureOfKey({ layout, prefix }: { layout: Layout; prefix: string }, key: string): Capture | undefined {
  const parsed = key.startsWith(prefix) ? layout.parse(key.slice(prefix.length)) : undefined;
  return parsed && { ...parsed, time: parsed.time ?? 0, object: { key, size: 0, lastModified: 0, etag: '' } };
}

/**
 * The same as the bucket lists it: with its etag it is read once, whether it was found by its key or in a range.
 * @throws the signal's reason
 */
export async function captureByKey(
  bucket: { store: Store; layout: Layout; prefix: string },
  key: string,
  signal: AbortSignal
): Promise<Capture | undefined> {
  const capture = captureOfKey(bucket, key);
  if (!capture) {
    return undefined;
  }
  try {
    for await (const page of bucket.store.list({ prefix: key, maxAge: maxAges.settled }, signal)) {
      const object = page.find((each) => each.key === key);
      return object ? { ...capture, object } : capture; // It would come first.
    }
  } catch {
    // Who may not list may still read; what is wrong else, reading says too.
    signal.throwIfAborted();
  }
  return capture;
}

/** The labels of a process. A restart keeps them. */
export const isSameProcess = (a: Capture, b: Capture): boolean =>
  ['service', 'instance', 'version'].every((name) => a.labels[name] === b.labels[name]);

/** The captures of the process that one is of: of the same instance, version and profile, each in one format, its own. */
export const ofSameProcess = (captures: readonly Capture[], of: Capture): readonly Capture[] =>
  oneFormatEach(
    captures.filter((other) => isSameProcess(other, of) && other.labels.profile === of.labels.profile),
    of
  );

export interface Choice {
  readonly captures: readonly Capture[];
  /** What was chosen and why, for the panel. */
  readonly notices: readonly Notice[];
  /** How it was chosen, in few words: `Latest of 24 captures of 3 instances`. */
  readonly why?: string;
  /** What the range holds besides; undefined where a key named the capture and nothing was listed. */
  readonly listed?: readonly Capture[];
  /** Where there is something, for a range that has nothing. */
  readonly elsewhere?: Range;
}

/**
 * The captures of a listing that a query opens. `maxCaptures` bounds `merge`, the newest ones stay.
 * @throws Error for a time that cannot be read
 */
export function chooseCaptures(
  listed: readonly Capture[],
  query: Pick<Query, 'capture' | 'event' | 'at'>,
  range: Range,
  maxCaptures: number
): Choice {
  const captures = oneFormatEach(
    listed,
    listed.find(({ object }) => object.key === query.event)
  );
  const choice = chooseDistinct(captures, query, range, maxCaptures);
  if (captures.length === listed.length) {
    return choice;
  }
  const isKept = new Set(captures);
  const dropped = listed.find((capture) => !isKept.has(capture)) as Capture;
  const name = ({ object }: Capture) => object.key.slice(object.key.lastIndexOf('/') + 1);
  const kept = captures.find((capture) => formatlessKey(capture) === formatlessKey(dropped)) as Capture;
  const text = `Where a capture is there in several formats, one is opened: ${name(kept)}, not ${name(dropped)}.`;
  return { ...choice, notices: [...choice.notices, { severity: 'info', text }] };
}

/** The key without its extension, and all that the key says. */
const formatlessKey = ({ object: { key }, time, labels }: Capture): string =>
  JSON.stringify([key.replace(/\.[^/]*$/, ''), time, labels]);

/** `.pb.gz`, `.txt.gz`, `.pprof`. */
const formatOf = ({ object: { key } }: Capture): string => /(\.[A-Za-z]\w*)?(\.gz)?$/.exec(key)?.[0] ?? '';

/**
 * goroutine.pb.gz and goroutine.txt.gz of one moment are the same goroutines twice. The one in the format of `like` stays,
 * so that what is compared with it is of one kind; else the last by name: the text, which has their states.
 */
export function oneFormatEach(captures: readonly Capture[], like?: Capture): readonly Capture[] {
  const isLike = (capture: Capture) => like !== undefined && formatOf(capture) === formatOf(like);
  const last = new Map<string, Capture>();
  for (const capture of captures) {
    const id = formatlessKey(capture);
    const other = last.get(id);
    const isBetter =
      !other || (isLike(capture) === isLike(other) ? capture.object.key > other.object.key : isLike(capture));
    if (isBetter) {
      last.set(id, capture);
    }
  }
  return last.size === captures.length
    ? captures
    : captures.filter((capture) => last.get(formatlessKey(capture)) === capture);
}

function chooseDistinct(
  captures: readonly Capture[],
  query: Pick<Query, 'capture' | 'event' | 'at'>,
  { to }: Range,
  maxCaptures: number
): Choice {
  if (captures.length === 0) {
    return { captures, notices: [] };
  }
  const chosen = (capture: Capture, why: string): Choice => ({
    captures: [capture],
    notices: [{ severity: 'info', text: `${why}: ${describe(capture)}.` }],
    why,
  });
  const all = `${captures.length} captures${ofInstances(captures)}`;
  switch (query.capture) {
    case 'merge':
      return {
        captures: captures.slice(-maxCaptures),
        notices: limitNotice(captures.length, maxCaptures, 'merged'),
        why: `Merged from ${all}`,
      };
    case 'first':
      return chosen(captures[0], `First of ${all}`);
    case 'peak': {
      const peak = peakOf(captures);
      if (!peak) {
        const [newest] = captures.slice(-1);
        const text = `The key layout has no {value}, so there is no peak; the latest is shown: ${describe(newest)}.`;
        return { captures: [newest], notices: [{ severity: 'warning', text }], why: `Latest of ${all}` };
      }
      return chosen(peak, `Peak of ${all}`);
    }
    case 'event': {
      if (query.event === '') {
        // A dashboard's variable that is not set. The latest of many instances is that of any of them: as likely one that is
        // well as the one in trouble.
        const peak = countInstances(captures) > 1 ? peakOf(captures) : undefined;
        if (peak) {
          return chosen(peak, `Peak of ${all}`);
        }
        break;
      }
      const event = captures.filter(({ labels, object }) => labels.event === query.event || object.key === query.event);
      if (event.length === 0) {
        return { captures: [], notices: [] }; // `explainMissing` says why.
      }
      return chosen(mainCapture(event) as Capture, `Event ${query.event}`);
    }
    case 'nearest': {
      const at = query.at === '' ? to : /^\d+$/.test(query.at) ? Number(query.at) : Date.parse(query.at);
      if (Number.isNaN(at)) {
        throw new Error(`"${query.at}" is no time: expected Unix milliseconds or e.g. 2026-11-03T14:22:33Z.`);
      }
      const before = captures.filter((capture) => capture.time <= at);
      const nearest = before.at(-1);
      if (!nearest) {
        return {
          captures: [],
          notices: [{ severity: 'warning', text: 'No capture lies at or before that time in this time range.' }],
        };
      }
      return chosen(nearest, `Captured ${Math.round((at - nearest.time) / 1000)} s before`);
    }
  }
  const latest = captures[captures.length - 1];
  // A dashboard without an event, as an alert's link opens it: how long before the alert the capture was.
  const before = query.capture === 'event' ? `, ${spanText(to - latest.time)} before the end of the time range` : '';
  return chosen(latest, `Latest of ${all}${before}`);
}

const countInstances = (captures: readonly Capture[]): number =>
  new Set(captures.map(({ labels: { service = '', instance = '' } }) => JSON.stringify([service, instance]))).size;

/** One of several instances is not the service: what is said of a choice says so. */
function ofInstances(captures: readonly Capture[]): string {
  const count = countInstances(captures);
  return count > 1 ? ` of ${count} instances` : '';
}

/** The first of those with the highest value; undefined where no key has one. */
function peakOf(captures: readonly Capture[]): Capture | undefined {
  const valued = captures.filter(({ value }) => value !== undefined);
  return valued.length === 0
    ? undefined
    : valued.reduce((best, capture) => ((capture.value ?? 0) > (best.value ?? 0) ? capture : best));
}

/** What is left out of so many captures, of which the newest `max` are read or merged. */
export function limitNotice(count: number, max: number, done: 'read' | 'merged'): Notice[] {
  const left = count - max;
  const text = `The newest ${max} of ${count} captures are ${done}, ${left} are left out: the limit of one query is ${max} captures ("Most captures" in the data source settings).`;
  return left > 0 ? [{ severity: 'warning', text }] : [];
}

/** One line about a capture: time, instance, memory against its limit, trigger. */
export function describe({ time, labels, value, limit }: Capture): string {
  const parts = [new Date(time).toISOString().replace('T', ' ').slice(0, 19) + ' UTC'];
  if (labels.instance) {
    parts.push(labels.instance);
  }
  if (value && limit) {
    parts.push(`at ${Math.round((100 * value) / limit)} % of ${(limit / 1048576).toFixed(0)} MiB`);
  }
  if (labels.trigger) {
    parts.push(`trigger ${labels.trigger}`);
  }
  return parts.join(', ');
}
