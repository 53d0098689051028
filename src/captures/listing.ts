import { mayStartAfter, type Store } from '../store/store';
import type { Notice } from '../text/notice';
import { clockTolerance } from '../text/time';
import { withMembers } from './archive';
import { lead, type Capture } from './capture';
import { isMeta } from './events';
import { askedLabels, compileKeyMatchers, keyMatchers, labelOf, memberLabels } from './keyMatchers';
import type { Layout } from './layout';
import type { Said } from './listingNotices';
import { findCaptures } from './plan';

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

/**
 * The captures of a range whose keys match the selector, by rising time, without meta.json.
 * @param maxAge of the listing, in ms, where it need not be as young as `maxAges` has it
 * @throws StoreError, InputError
 */
export async function listCaptures(
  { store, layout, prefix, maxLists }: { store: Store; layout: Layout; prefix: string; maxLists?: number },
  selector: string,
  range: Range,
  signal: AbortSignal,
  maxAge?: number
): Promise<Listing> {
  const key = keyMatchers({ layout }, selector);
  const labels = askedLabels({ layout }, key);
  // Up to now, a little further is listed too: what is said to come from there has a wrong clock.
  const ahead = Math.abs(Date.now() - range.to) < clockTolerance ? hour : 0;
  const found = await findCaptures(
    store,
    layout,
    { prefix, ...range, to: range.to + ahead, labels, maxLists, maxAge },
    signal
  );
  const early = found.captures.filter(({ time }) => time > range.to + clockTolerance);
  let captures: readonly Capture[] = await withMembers(
    found.captures.filter((capture) => capture.time <= range.to && !isMeta(capture)),
    key
  );
  let unmatched: Said['unmatched'];
  for (const { matcher, test } of await compileKeyMatchers(key)) {
    const isKnown = ({ member, labels }: Capture) =>
      member === undefined || !memberLabels.includes(matcher.name) || Object.hasOwn(labels, matcher.name);
    const left = captures.filter((capture) => !isKnown(capture) || test(labelOf(capture.labels, matcher.name)));
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
  const isPlain = !found.truncated && found.unparsed.count === 0 && !unmatched && early.length === 0;
  const storedEarly = captures.filter((capture) => lead(capture) > clockTolerance);
  const isSaid = !isPlain || !isStandard(store) || storedEarly.length > 0;
  const said = { found, unmatched, captures, early, storedEarly, server: store.server, layout, prefix };
  return {
    captures,
    notices: isSaid ? (await loadNotices()).noticesOf(said) : [],
    listed: found.captures,
  };
}

const isStandard = ({ server }: Store): boolean => !server || (mayStartAfter(server) && server.delimits);

/** Few listings need a word, and module.js is small. */
const loadNotices = () => import(/* webpackChunkName: "explain" */ './listingNotices');
