import type { Bucket } from './bucket';
import { askedLabels, compileKeyMatchers, keyMatchers, labelOf } from './keyMatchers';
import { type Capture, describe } from './capture';
import type { Choice } from './chooseCaptures';
import type { Range } from './listing';
import { clockTolerance, spanText } from '../text/time';
import { parseSelector, possibleValues, printSelector } from '../text/selector';
import { isMeta } from './events';
import { findFirstAfter, findLastBefore, type Near } from './nearest';
import { changesOf, findCaptures, planSpans } from './plan';
import { enoughInOrder } from '../store/store';
import { findServices } from './services';
import { maxAges } from '../store/remembered';
import type { Notice } from '../text/notice';

const warn = (text: string): Notice[] => [{ severity: 'warning', text }];

/**
 * Why a range has no captures: the service does not exist, and which do; or they are of another time, and of which.
 * Services are folders that are known by now; a time is looked for with at most 12 LIST requests (store/nearest.ts).
 */
export async function explainEmpty(
  bucket: Bucket,
  selector: string,
  range: Range,
  signal: AbortSignal
): Promise<{ notices: readonly Notice[] } & Pick<Choice, 'elsewhere'>> {
  const { store, layout, prefix } = bucket;
  const key = keyMatchers(bucket, selector);
  const asked = possibleValues(key, 'service');
  const none = `There are no captures${asked ? ` of ${asked.join(', ')}` : ''} in this time range`;
  try {
    const there = await findServices(store, layout, prefix, signal);
    if (there && there.length === 0) {
      return { notices: warn(`There is nothing in the bucket${prefix ? ` below ${prefix}` : ''}.`) };
    }
    if (there?.includes('')) {
      // No writer writes an empty name so.
      return {
        notices: warn(
          `Keys of the bucket begin with a slash${prefix ? ` behind ${prefix}` : ''}: enter the prefix "${prefix}/" in the data source settings.`
        ),
      };
    }
    if (there && asked && !asked.some((service) => there.includes(service))) {
      const names = asked.map((service) => JSON.stringify(service)).join(', ');
      return { notices: warn(`There is no service ${names} in the bucket; there are ${some(there)}.`) };
    }
    const tests = await compileKeyMatchers(key);
    const isWanted = ({ labels }: Capture) => tests.every(({ matcher, test }) => test(labelOf(labels, matcher.name)));
    const where = { prefix, labels: askedLabels(bucket, key), isWanted };
    const said = (near: Near, side: string) => ({
      notices: warn(
        `${none}: ${side} ${describe(near.capture)}.` +
          (near.isWanted ? '' : ` It does not match ${printSelector(key)}.`)
      ),
      elsewhere: around(near.capture, range),
    });
    const last = await findLastBefore(store, layout, { ...where, time: range.from }, signal);
    if (last) {
      const ago = spanText(range.from - last.capture.time);
      return said(last, `${last.isExact ? 'the last one is' : 'there are some up to at least'} ${ago} before it,`);
    }
    const isPast = range.to < Date.now() - clockTolerance;
    const first = isPast && (await findFirstAfter(store, layout, { ...where, time: range.to }, signal));
    if (first) {
      return said(first, `the first one after it is ${spanText(first.capture.time - range.to)} later,`);
    }
  } catch (error) {
    // That nothing is there stays true where the bucket does not answer a further question.
    signal.throwIfAborted();
    return { notices: warn(`${none}. What there is could not be listed: ${(error as Error).message}`) };
  }
  return { notices: warn(`${none}, and none was found around it. Widen it, or see the view Captures.`) };
}

/**
 * Whether the server turns out to list otherwise than it seemed to when a range had nothing: where few keys have told its order
 * so far, they may lie elsewhere. The first pages without a place to begin at tell.
 * @throws StoreError
 */
export async function listsOtherwise(
  bucket: Bucket,
  selector: string,
  range: Range,
  signal: AbortSignal
): Promise<boolean> {
  const { store, layout, prefix } = bucket;
  const { server } = store;
  if (!server || server.inOrder >= enoughInOrder) {
    return false;
  }
  const hasChanged = changesOf(server);
  const labels = askedLabels(bucket, keyMatchers(bucket, selector));
  const { spans } = await planSpans(store, layout, { prefix, ...range, labels }, signal);
  const span = spans.find(({ startAfter }) => startAfter !== undefined);
  if (span) {
    // What ends within a page is read to its end, so that the search for what is nearest knows all of it.
    let isTold = false;
    for await (const _ of store.list({ prefix: span.prefix, maxAge: maxAges.settled }, signal)) {
      if (isTold) {
        break;
      }
      isTold = hasChanged() || server.inOrder >= enoughInOrder;
    }
  }
  return hasChanged();
}

/** A range as long as the one that is empty, which ends shortly after a capture. */
function around({ time }: Capture, { from, to }: Range): Range {
  const end = time + clockTolerance;
  return { from: end - Math.max(to - from, 2 * clockTolerance), to: end };
}

/** The first ten names, and how many more there are. */
const some = (names: readonly string[]) =>
  names.slice(0, 10).join(', ') + (names.length > 10 ? ` and ${names.length - 10} more` : '');

/**
 * Why an event that was asked for has nothing that the selector matches: it is gone, it lacks the profile, or it is of
 * another process.
 * @throws StoreError, InputError
 */
export async function explainMissing(
  { store, layout, prefix }: Bucket,
  { event, selector }: { event: string; selector: string },
  range: Range,
  signal: AbortSignal
): Promise<Notice[]> {
  const matchers = parseSelector(selector);
  const labels = { service: possibleValues(matchers, 'service') };
  const { captures } = await findCaptures(store, layout, { prefix, ...range, labels }, signal);
  const ofEvent = captures.filter((capture) => capture.labels.event === event);
  const profiles = new Set(ofEvent.filter((capture) => !isMeta(capture)).map((capture) => capture.labels.profile));
  const wanted = matchers.find(({ name }) => name === 'profile')?.value;
  if (ofEvent.length === 0) {
    return warn(
      `No capture of event "${event}" is in this time range. It may be older, or removed by a lifecycle rule.`
    );
  }
  const why = 'It was not captured, is still being uploaded, or the process died before.';
  if (profiles.size === 0) {
    return warn(
      `Event "${event}" has only its meta.json so far: the profiles are still being uploaded, or the process died before.`
    );
  }
  return wanted === undefined || profiles.has(wanted)
    ? warn(`Event "${event}" is there, but the selector leaves it out: ${describe(ofEvent[0])}.`)
    : warn(`Event "${event}" has no ${wanted} profile, but ${[...profiles].join(', ')}. ${why}`);
}
