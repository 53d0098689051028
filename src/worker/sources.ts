import type { Bucket } from '../captures/bucket';
import { captureOfKey } from '../captures/byKey';
import { isSameProcess, type Capture } from '../captures/capture';
import type { Choice } from '../captures/chooseCaptures';
import { sampleMatchers } from '../captures/keyMatchers';
import type { EstimateQueryFields } from '../fields/fields';
import type { Notice } from '../text/notice';
import { printSelector } from '../text/selector';
import type { InputSources } from './client';
import type { Failure, Load, Source } from './holding';
import { readSourceKey, sourceKey } from './sourceKey';

/** What the worker opens for the chosen captures and their base, and all that has to be said of them. @throws StoreError, InputError */
export async function findSources(
  bucket: Bucket,
  query: { readonly selector: string } & Partial<Pick<EstimateQueryFields, 'estimate'>>,
  { captures, notices }: Choice,
  base: Choice,
  signal: AbortSignal
): Promise<{ sources: InputSources; count: number; notices: readonly Notice[] }> {
  const { labelled, said } =
    query.estimate === 'paths'
      ? await (await loadLabelled()).findLabelled(bucket, query.selector, captures, signal)
      : { labelled: [], said: [] };
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
    notices: [...notices, ...base.notices, ...said],
  };
}

/** Few queries estimate. */
const loadLabelled = () => import(/* webpackChunkName: "labelled" */ '../captures/labelledSamples');

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

/** Captures as the worker knows them. */
export const sourceIn =
  (bucket: Bucket) =>
  (capture: Capture): Source => ({
    key: sourceKey(bucket, capture),
    name: capture.object.key,
    time: capture.time,
    labels: capture.labels,
    size: capture.object.size,
    isUnknown: capture.object.etag === '',
  });

/** Reads the objects of sources. */
export const loadFrom =
  ({ store }: Bucket): Load =>
  (source, signal, size) => {
    const { object, etag } = readSourceKey(source);
    return store.get(object, signal, etag, size);
  };

/** Undefined where the layout has no time: the listing's is when the object was stored. */
const keyTime = (bucket: Bucket, { object }: Capture) => captureOfKey(bucket, object.key)?.time || undefined;

/** The query as the worker takes it: of the selector what filters samples. @throws InputError */
export const ofSamples = <Q extends { readonly selector: string }>(bucket: Bucket, query: Q): Q => ({
  ...query,
  selector: printSelector(sampleMatchers(bucket, query.selector)),
});
