import type { ServerTraits } from '../store/store';
import { counted, grouped, type Notice } from '../text/notice';
import { printMatcher, printSelector, type Matcher } from '../text/selector';
import { spanText } from '../text/time';
import { lead, type Capture } from './capture';
import type { Layout } from './layout';
import type { Found } from './plan';
import { serverNotices } from './serverNotices';

/** What a listing has to say something about. */
export interface Said {
  readonly found: Found;
  readonly unmatched: Unmatched | undefined;
  readonly captures: readonly Capture[];
  /** Captures of a time to come. */
  readonly early: readonly Capture[];
  /** Those of the captures that were stored before the time in their keys. */
  readonly storedEarly: readonly Capture[];
  readonly server: ServerTraits | undefined;
  readonly layout: Layout;
  readonly prefix: string;
}

export const noticesOf = ({
  found,
  unmatched,
  captures,
  early,
  storedEarly,
  server,
  layout,
  prefix,
}: Said): Notice[] => [
  ...listingNotices(found, unmatched, layout, prefix),
  ...serverNotices(server, found),
  ...clockNotices(storedEarly, captures.length),
  ...fromFuture(early),
];

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
      `The listing stopped after ${grouped(found.objectsSeen)} objects. ` +
        'Name a service in the selector, shorten the time range, or use a key layout with time folders.';
    notices.push({ severity: 'warning', text: `Captures may be missing. ${what}` });
  }
  const { count, examples } = found.unparsed;
  if (count > 0) {
    const refusalOf = (key: string) => layout.refusal?.(key.slice(prefix.length));
    // One that is refused by name says more than one of no layout.
    const example = examples.find(refusalOf) ?? examples[0];
    const refusal = refusalOf(example);
    const why = example.startsWith(`${prefix}/`)
      ? `. They begin with a slash: enter the prefix "${prefix}/" in the data source settings`
      : refusal
        ? `: ${refusal}`
        : '';
    notices.push({
      severity: found.captures.length === 0 ? 'warning' : 'info',
      text: `${count} of ${counted(Math.max(count, found.objectsSeen), 'key')} ${count === 1 ? 'is' : 'are'} not of the key layout, e.g. ${example}${why}`,
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
function clockNotices(early: readonly Capture[], count: number): Notice[] {
  if (early.length === 0) {
    return [];
  }
  const worst = early.reduce((a, b) => (lead(b) > lead(a) ? b : a));
  return [
    {
      severity: 'warning',
      text:
        `${early.length} of ${count} captures were stored before the time in their keys, ${worst.object.key} by ${spanText(lead(worst))}: ` +
        "a clock is wrong, or the keys' times are not UTC. They are shown at the time in the key.",
    },
  ];
}
