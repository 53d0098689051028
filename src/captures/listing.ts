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
import { withMembers } from './archive';
import type { Capture } from './capture';
import { isMeta } from './events';
import { compileKeyMatchers, isKeyLabel, labelOf, memberLabels } from './keyMatchers';
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
  let captures = await withMembers(
    found.captures.filter((capture) => capture.time <= range.to && !isMeta(capture)),
    key
  );
  let unmatched: Unmatched | undefined;
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
  return {
    captures,
    notices: [...listingNotices(found, unmatched), ...storedEarly(captures), ...fromFuture(early)],
    listed: found.captures,
  };
}

/** The condition that leaves none of the captures that those before it left, and what their label is instead. */
interface Unmatched {
  readonly matcher: Matcher;
  readonly before: readonly Matcher[];
  readonly count: number;
  readonly values: readonly string[];
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
