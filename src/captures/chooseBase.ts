import type { Bucket } from './bucket';
import { captureByKey } from './byKey';
import { describe, type Capture } from './capture';
import type { BaseChoice, BaseQueryFields, LimitFields } from './choices';
import type { Choice } from './chooseCaptures';
import { oneFormatEach } from './formats';
import { listCaptures, type Range } from './listing';
import { sampleOf } from './sample';
import { withoutLabels } from '../text/selector';

const day = 24 * 3600_000;

/** Who is compared, in the order in which the query names them: every choice finds its base from these. */
interface Subject {
  readonly bucket: Bucket;
  readonly query: BaseQueryFields & Partial<LimitFields> & { readonly selector: string };
  /** The captures that are compared, by rising time; one, unless a whole range is merged. */
  readonly captures: readonly Capture[];
  readonly range: Range;
  readonly signal: AbortSignal;
}

type Find = (subject: Subject, newest: Capture) => Promise<{ found: readonly Capture[]; why: string }>;

/** Of a view that compares nothing. */
export const noBase: Choice = { captures: [], notices: [] };

/**
 * What the chosen captures are compared with, and why it was chosen. No base is a choice without captures whose notice
 * says what was looked for.
 * @throws StoreError, InputError
 */
export async function chooseBase(subject: Subject): Promise<Choice> {
  const { query, captures } = subject;
  const newest = captures.at(-1);
  if (query.base === '' || !newest) {
    return noBase;
  }
  if (captures.length > 1 && ['previous', 'first', 'healthy'].includes(query.base)) {
    throw new Error(
      `The base "${query.base}" is found from one capture, but ${captures.length} are merged. ` +
        'Choose one capture, or the base yesterday, instance, version or event.'
    );
  }
  const { found, why } = await finders[query.base](subject, newest);
  if (found.length === 0) {
    const text = `Nothing to compare with: there is no ${why}.`;
    return { captures: [], notices: [{ severity: 'warning', text }] };
  }
  const what = found.length === 1 ? describe(found[0]) : `${found.length} captures from ${describe(found[0])}`;
  const sample = sampleOf(found, query, subject.bucket.maxCaptures, 'merged');
  const limited = sample.notices.map((notice) => ({ ...notice, text: `Base: ${notice.text}` }));
  return {
    captures: sample.captures,
    notices: [{ severity: 'info', text: `Compared with the ${why}: ${what}.` }, ...limited],
  };
}

const sameProfile = (a: Capture, b: Capture) =>
  a.labels.service === b.labels.service && a.labels.profile === b.labels.profile && a.object.key !== b.object.key;
const sameInstance = (a: Capture, b: Capture) => sameProfile(a, b) && a.labels.instance === b.labels.instance;

const finders: Record<Exclude<BaseChoice, ''>, Find> = {
  async previous(subject, newest) {
    const before = await lookBack(subject, (capture) => sameInstance(capture, newest) && capture.time < newest.time);
    return { found: before.slice(-1), why: `capture of ${nameOf(newest)} before it` };
  },
  async first(subject, newest) {
    const all = await list(subject, [], subject.range);
    const first = all.find((capture) => sameInstance(capture, newest) && capture.time < newest.time);
    return { found: first ? [first] : [], why: `first capture of ${nameOf(newest)} in the time range` };
  },
  async healthy(subject, newest) {
    const { baseBelow } = subject.query;
    const isHealthy = ({ value, limit, time }: Capture) =>
      time < newest.time && value !== undefined && Boolean(limit) && (100 * value) / (limit as number) < baseBelow;
    const before = await lookBack(subject, (capture) => sameProfile(capture, newest) && isHealthy(capture));
    // Another instance is better than none.
    const own = before.filter((capture) => sameInstance(capture, newest));
    const why =
      before.length === 0 && !newest.limit
        ? `capture that is known to be healthy: the key of ${nameOf(newest)} has no limit, or 0`
        : `last capture below ${baseBelow} % of its limit`;
    return { found: (own.length > 0 ? own : before).slice(-1), why };
  },
  async yesterday(subject, newest) {
    const { captures, range } = subject;
    const why = 'same time yesterday';
    if (captures.length > 1) {
      const shifted = { from: range.from - day, to: range.to - day };
      return { found: (await list(subject, [], shifted)).filter((capture) => sameProfile(capture, newest)), why };
    }
    const around = { from: newest.time - day - 3600_000, to: newest.time - day + 3600_000 };
    const candidates = (await list(subject, ['instance', 'version', 'event'], around)).filter((capture) =>
      sameProfile(capture, newest)
    );
    const own = candidates.filter((capture) => sameInstance(capture, newest));
    return { found: nearest(own.length > 0 ? own : candidates, newest.time - day), why };
  },
  instance: (subject, newest) =>
    ofOther(
      subject,
      newest,
      'instance',
      subject.query.baseInstance,
      `capture of ${subject.query.baseInstance || 'another instance'}`
    ),
  version: (subject, newest) =>
    ofOther(
      subject,
      newest,
      'version',
      subject.query.baseVersion,
      `capture of version ${subject.query.baseVersion || 'other than its own'}`
    ),
  async event(subject, newest) {
    const { bucket, query, range, signal } = subject;
    const why = `chosen capture ${query.baseEvent}`;
    const byKey = await captureByKey(bucket, query.baseEvent, query.selector, signal);
    if (byKey) {
      return { found: [byKey], why };
    }
    const all = await list(subject, ['instance', 'version', 'event', 'trigger'], { ...range, from: range.from - day });
    const event = all.filter((capture) => sameProfile(capture, newest) && capture.labels.event === query.baseEvent);
    return { found: event.slice(-1), why };
  },
};

/** One capture of another instance or version at about the same time, or all of the range where a range is compared. */
async function ofOther(
  subject: Subject,
  newest: Capture,
  label: 'instance' | 'version',
  wanted: string,
  why: string
): Promise<{ found: readonly Capture[]; why: string }> {
  const isOther = (capture: Capture) =>
    sameProfile(capture, newest) &&
    (wanted === '' ? capture.labels[label] !== newest.labels[label] : capture.labels[label] === wanted);
  // A version runs on instances of its own.
  const free = label === 'version' ? ['instance', 'version', 'event'] : ['instance', 'event'];
  const inRange = (await list(subject, free, subject.range)).filter(isOther);
  if (subject.captures.length > 1) {
    return { found: inRange, why };
  }
  const found = inRange.length > 0 ? inRange : await lookBack(subject, isOther, free);
  return { found: nearest(found, newest.time), why };
}

/** Captures of the range that are wanted, else of the day before it. */
async function lookBack(
  subject: Subject,
  isWanted: (capture: Capture) => boolean,
  free: readonly string[] = []
): Promise<readonly Capture[]> {
  const { range } = subject;
  const found = (await list(subject, free, range)).filter(isWanted);
  return found.length > 0
    ? found
    : (await list(subject, free, { from: range.from - day, to: range.from })).filter(isWanted);
}

/** Captures that the selector matches when it says nothing of these labels, in the format of what is compared. */
async function list({ bucket, query, captures, signal }: Subject, free: readonly string[], range: Range) {
  const listing = await listCaptures(bucket, withoutLabels(query.selector, free), range, signal);
  return oneFormatEach(listing.captures, captures.at(-1));
}

function nearest(captures: readonly Capture[], time: number): readonly Capture[] {
  const distance = (capture: Capture) => Math.abs(capture.time - time);
  return captures.length === 0 ? [] : [captures.reduce((a, b) => (distance(b) < distance(a) ? b : a))];
}

const nameOf = ({ labels }: Capture) => labels.instance || labels.service || 'the same process';
