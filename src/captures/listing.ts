import type { Store } from '../store/store';
import type { Notice } from '../text/notice';
import {
  parseSelector,
  possibleValues,
  printMatcher,
  printSelector,
  splitMatchers,
  type Matcher,
} from '../text/selector';
import { clockTolerance, spanText } from '../text/time';
import type { Capture } from './capture';
import { isMeta } from './events';
import { compileKeyMatchers, isKeyLabel, labelOf } from './keyMatchers';
import type { Layout } from './layout';
import { findCaptures, type Found } from './plan';

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
  const { key } = splitMatchers(parseSelector(selector), isKeyLabel(layout));
  const labels = Object.fromEntries(layout.labelNames.map((name) => [name, possibleValues(key, name)]));
  // Up to now, a little further is listed too: what is said to come from there has a wrong clock.
  const ahead = Math.abs(Date.now() - range.to) < clockTolerance ? hour : 0;
  const found = await findCaptures(
    store,
    layout,
    { prefix, ...range, to: range.to + ahead, labels, maxLists, maxAge },
    signal
  );
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
  const own = isStandard(store) ? [] : (await loadServerNotices()).serverNotices(store.server, found);
  return {
    captures,
    notices: [
      ...listingNotices(found, unmatched, layout, prefix),
      ...own,
      ...storedEarly(captures),
      ...fromFuture(early),
    ],
    listed: found.captures,
  };
}

const isStandard = ({ server }: Store): boolean =>
  !server || (server.isOrdered && server.startsAfter && server.delimits);

/** Most servers list as S3 does, and module.js is small. */
const loadServerNotices = () => import(/* webpackChunkName: "explain" */ './serverNotices');

/** The condition that leaves none of the captures that those before it left, and what their label is instead. */
interface Unmatched {
  readonly matcher: Matcher;
  readonly before: readonly Matcher[];
  readonly count: number;
  readonly values: readonly string[];
}

function listingNotices(found: Found, unmatched: Unmatched | undefined, layout: Layout, prefix: string): Notice[] {
  const notices: Notice[] = [];
  if (found.truncated) {
    const what =
      found.limit ??
      `The listing stopped after ${found.objectsSeen.toLocaleString('en-US')} objects. ` +
        'Name a service in the selector, shorten the time range, or use a key layout with time folders.';
    notices.push({ severity: 'warning', text: `Captures may be missing. ${what}` });
  }
  const { count, examples } = found.unparsed;
  if (count > 0) {
    const [example] = examples;
    const refusal = layout.refusal?.(example.slice(prefix.length));
    const why = example.startsWith(`${prefix}/`)
      ? `. They begin with a slash: enter the prefix "${prefix}/" in the data source settings`
      : refusal
        ? `: ${refusal}`
        : '';
    notices.push({
      severity: found.captures.length === 0 ? 'warning' : 'info',
      text: `${count} of ${Math.max(count, found.objectsSeen)} keys are not of the key layout, e.g. ${example}${why}`,
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
