import type { Bucket } from './bucket';
import {
  captureByKey,
  captureOfKey,
  chooseCaptures,
  describe,
  isKeyLabel,
  isSameProcess,
  limitNotice,
  listCaptures,
  ofSameProcess,
  type Choice,
  type Listing,
  type Range,
} from './captures';
import { findLabelled, labelledNotices } from './labelled';
import { isProcessView, type Query } from './query/query';
import { parseSelector, printSelector, splitMatchers, type Matcher } from './query/selector';
import { isMeta } from './store/events';
import type { Capture } from './store/store';
import type { Notice } from './views/table';
import type { Failure, InputSources, Load, Source } from './worker/client';

/** A listing for who looks at it: where the range has no captures at all, it says what there is, and when. @throws as listCaptures */
export async function listOrExplain(
  bucket: Bucket,
  selector: string,
  range: Range,
  signal: AbortSignal
): Promise<Listing & Pick<Choice, 'elsewhere'>> {
  const listing = await listCaptures(bucket, selector, range, signal);
  if (listing.listed.some((capture) => !isMeta(capture))) {
    return listing;
  }
  const { explainEmpty } = await loadExplanations();
  const { notices, elsewhere } = await explainEmpty(bucket, selector, range, signal);
  return { ...listing, notices: [...listing.notices, ...notices], elsewhere };
}

/** Few queries find nothing, and module.js is small. */
const loadExplanations = () => import(/* webpackChunkName: "explain" */ './explain');

/** The captures that are opened, and what has to be said about them. @throws StoreError, InputError */
export async function choose(bucket: Bucket, query: Query, range: Range, signal: AbortSignal): Promise<Choice> {
  const linked =
    query.capture === 'event' && !isProcessView(query.view)
      ? await captureByKey(bucket, query.event, signal)
      : undefined;
  if (linked) {
    return { captures: [linked], notices: [], why: 'Chosen by its key' };
  }
  const { captures, notices, listed, elsewhere } = await listOrExplain(bucket, query.selector, range, signal);
  const choice = chooseCaptures(captures, query, range, bucket.maxCaptures);
  if (choice.captures.length === 0 && query.capture === 'event' && query.event !== '') {
    const { explainMissing } = await loadExplanations();
    const missing = await explainMissing(bucket, query, range, signal);
    return { captures: [], notices: elsewhere ? [...missing, ...notices] : missing, elsewhere };
  }
  const newest = choice.captures.at(-1);
  if (!isProcessView(query.view) || !newest) {
    return { ...choice, notices: [...notices, ...choice.notices], listed, elsewhere };
  }
  const process = ofSameProcess(captures, newest);
  const kept = process.slice(-bucket.maxCaptures);
  const ofProcess = captures.filter((capture) => isSameProcess(capture, newest));
  const others = captures.length - ofProcess.length;
  const formats = ofProcess.filter(({ labels }) => labels.profile === newest.labels.profile).length - process.length;
  return {
    captures: kept,
    notices: [
      ...notices,
      {
        severity: 'info',
        text:
          `Captures of the process of ${describe(newest)}.` +
          (others > 0 ? ` ${others} captures in this time range are of other processes.` : '') +
          (formats > 0 ? ` Of ${formats} that are there in two formats, one is read.` : ''),
      },
      ...limitNotice(process.length, bucket.maxCaptures, 'read'),
    ],
  };
}

/** The selector's conditions on samples; the others are on keys. @throws InputError */
export const sampleMatchers = ({ layout }: Bucket, selector: string): readonly Matcher[] =>
  splitMatchers(parseSelector(selector), isKeyLabel(layout)).sample;

/** The query as the worker takes it: of the selector what filters samples. @throws InputError */
export const ofSamples = (bucket: Bucket, query: Query): Query => ({
  ...query,
  selector: printSelector(sampleMatchers(bucket, query.selector)),
});

/** What the worker opens for the chosen captures and their base, and all that has to be said of them. @throws StoreError, InputError */
export async function findSources(
  bucket: Bucket,
  query: Query,
  { captures, notices }: Choice,
  base: Choice,
  signal: AbortSignal
): Promise<{ sources: InputSources; count: number; notices: readonly Notice[] }> {
  const labelled = query.estimate === 'paths' ? await findLabelled(bucket, query.selector, captures, signal) : [];
  const compared = [...captures, ...base.captures];
  const toSource = sourceIn(bucket);
  return {
    sources: {
      profile: captures.map(toSource),
      base: base.captures.length > 0 ? base.captures.map(toSource) : undefined,
      labelled: labelled.length > 0 ? labelled.map(toSource) : undefined,
      isSameProcess: compared.every((capture) => isSameProcess(capture, captures[0])),
      capturedAt: captures.length === 1 ? keyTime(bucket, captures[0]) : undefined,
    },
    count: compared.length + labelled.length,
    notices: [...notices, ...base.notices, ...labelledNotices(captures, labelled)],
  };
}

/** What is missing from an answer. */
export function failedNotice(failed: readonly Failure[], count: number): Notice[] {
  if (failed.length === 0) {
    return [];
  }
  const [first] = failed;
  return [
    {
      severity: 'warning',
      text: `${failed.length} of ${count} captures could not be read and are left out. ${first.name}: ${first.message}`,
    },
  ];
}

/**
 * Captures as the worker knows them. A rewritten object has another etag and must not be answered from the cache, nor one of
 * another bucket. Keys never hold a NUL.
 */
export const sourceIn =
  ({ id }: Bucket) =>
  ({ object, time }: Capture): Source => ({
    key: [id, object.key, object.etag].join('\0'),
    name: object.key,
    time,
    size: object.size,
    isUnknown: object.etag === '',
  });
export const objectKey = (key: string) => key.split('\0')[1];

/** Reads the objects of sources. */
export const loadFrom =
  ({ store }: Bucket): Load =>
  (source, signal) => {
    const [, key, etag] = source.split('\0');
    return store.get(key, signal, etag);
  };

/** Undefined where the layout has no time: the listing's is when the object was stored. */
const keyTime = (bucket: Bucket, { object }: Capture) => captureOfKey(bucket, object.key)?.time || undefined;
