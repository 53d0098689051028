import type { Bucket } from './bucket';
import { captureByKey } from './byKey';
import { describe, isSameProcess, type Capture } from './capture';
import type { CaptureFields, LimitFields } from './choices';
import { chooseCaptures, type Choice } from './chooseCaptures';
import { isMeta } from './events';
import { counted } from '../text/notice';
import { ofSameProcess } from './formats';
import { listCaptures, type Listing, type Range } from './listing';
import { sampleOf } from './sample';

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
  const { explainEmpty, listsOtherwise } = await loadExplanations();
  if (await listsOtherwise(bucket, selector, range, signal)) {
    return listOrExplain(bucket, selector, range, signal);
  }
  const { notices, elsewhere } = await explainEmpty(bucket, selector, range, signal);
  return { ...listing, notices: [...listing.notices, ...notices], elsewhere };
}

/** Few queries find nothing, and module.js is small. */
const loadExplanations = () => import(/* webpackChunkName: "explain" */ './explain');

/** What a query says of the captures that it opens. */
type CapturesQuery = CaptureFields & Partial<LimitFields> & { readonly selector: string };

/** The captures that are opened, and what has to be said about them. @throws StoreError, InputError */
export async function openedCaptures(
  bucket: Bucket,
  query: CapturesQuery,
  range: Range,
  signal: AbortSignal
): Promise<Choice> {
  const linked =
    query.capture === 'event' ? await captureByKey(bucket, query.event, query.selector, signal) : undefined;
  return linked
    ? { captures: [linked], notices: [], why: 'Chosen by its key' }
    : (await chooseListed(bucket, query, range, signal)).choice;
}

/** All captures of the process that the chosen one is of, by rising time. @throws StoreError, InputError */
export async function processCaptures(
  bucket: Bucket,
  query: CapturesQuery,
  range: Range,
  signal: AbortSignal
): Promise<Choice> {
  const { choice, captures, notices } = await chooseListed(bucket, query, range, signal);
  const newest = choice.captures.at(-1);
  if (!newest) {
    return choice;
  }
  const process = ofSameProcess(captures, newest);
  const sample = sampleOf(process, query, bucket.maxCaptures, 'read');
  return {
    captures: sample.captures,
    notices: [...notices, { severity: 'info', text: processText(captures, newest, process.length) }, ...sample.notices],
  };
}

/** What a range has that matches, and what of it is chosen. */
async function chooseListed(
  bucket: Bucket,
  query: CapturesQuery,
  range: Range,
  signal: AbortSignal
): Promise<{ choice: Choice } & Pick<Listing, 'captures' | 'notices'>> {
  const { captures, notices, listed, elsewhere } = await listOrExplain(bucket, query.selector, range, signal);
  const choice = chooseCaptures(captures, query, range, bucket.maxCaptures);
  if (choice.captures.length === 0 && query.capture === 'event' && query.event !== '') {
    const { explainMissing } = await loadExplanations();
    const missing = await explainMissing(bucket, query, range, signal);
    const said = elsewhere ? [...missing, ...notices] : missing;
    return { choice: { captures: [], notices: said, elsewhere }, captures, notices };
  }
  return { choice: { ...choice, notices: [...notices, ...choice.notices], listed, elsewhere }, captures, notices };
}

/** @param read how many of the process are read */
function processText(captures: readonly Capture[], newest: Capture, read: number): string {
  const ofProcess = captures.filter((capture) => isSameProcess(capture, newest));
  const others = captures.length - ofProcess.length;
  const formats = ofProcess.filter(({ labels }) => labels.profile === newest.labels.profile).length - read;
  return (
    `Captures of the process of ${describe(newest)}.` +
    (others > 0
      ? ` ${counted(others, 'capture')} in this time range ${others === 1 ? 'is' : 'are'} of other processes.`
      : '') +
    (formats > 0 ? ` Of ${formats} that are there in two formats, one is read.` : '')
  );
}
