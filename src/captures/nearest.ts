import { isMeta } from './events';
import type { Layout } from './layout';
import { captureOfObject, findCaptures, planSpans, startsAtOrBefore } from './plan';
import { maxAges } from '../store/remembered';
import type { ListSpan, Store } from '../store/store';
import type { Capture } from './capture';

/** The capture that is nearest to an empty range, on one side of it. */
export interface Near {
  readonly capture: Capture;
  /** It is what was looked for; else it is the nearest of the same spans that is not. */
  readonly isWanted: boolean;
  /** No other lies between it and the range; false where the search ended before that was known. */
  readonly isExact: boolean;
}

export interface NearOptions {
  /** Listing never leaves this prefix. */
  readonly prefix: string;
  /** Values that labels can only have, as FindOptions has them. */
  readonly labels: Readonly<Record<string, readonly string[] | undefined>>;
  readonly isWanted: (capture: Capture) => boolean;
  /** Unix ms: where the range starts or ends. */
  readonly time: number;
}

const day = 24 * 3600_000;
/** Nothing was captured before. */
const goBegins = Date.UTC(2009, 0);
/** Most LIST requests of one search. */
const maxLists = 12;
/** Most objects that are listed where keys have no order of time, so that all have to be. */
const maxUnordered = 5000;

/**
 * The last capture before a time. Listings run forward only, so windows are looked at that end where the last one began
 * and are four times as long: a day, four days, … until one has captures. Of one that has more than two pages the later
 * half is looked at, and so on, as often as twelve LIST requests allow.
 * @throws StoreError
 */
export async function findLastBefore(
  store: Store,
  layout: Layout,
  { time, isWanted, ...around }: NearOptions,
  signal: AbortSignal
): Promise<Near | undefined> {
  const where = { ...around, maxAge: maxAges.settled };
  const { spans } = await planSpans(store, layout, { ...where, from: time - day, to: time }, signal);
  if (spans.some(({ startAfter }) => startAfter === undefined)) {
    const options = { ...where, from: 0, to: time - 1, maxObjects: maxUnordered };
    const { captures, truncated } = await findCaptures(store, layout, options, signal);
    return truncated ? undefined : lastOf(captures.filter(notMeta), isWanted, true);
  }
  const windows = new Windows(store, layout, where, signal);
  const last = await lastWindow(windows, time);
  if (!last) {
    return undefined;
  }
  const { captures, isExact } = await narrowed(windows, last);
  return lastOf(captures, isWanted, isExact);
}

interface Window {
  /** By time. */
  readonly captures: readonly Capture[];
  readonly isWhole: boolean;
}

/** Windows of time, as far as `maxLists` requests allow. */
class Windows {
  private lists = 0;

  constructor(
    private readonly store: Store,
    private readonly layout: Layout,
    private readonly where: Pick<NearOptions, 'prefix' | 'labels'> & { readonly maxAge: number },
    private readonly signal: AbortSignal
  ) {}

  /** @returns undefined where it would take too many requests */
  async look(from: number, to: number): Promise<Window | undefined> {
    const { store, layout, where, signal } = this;
    const { spans } = await planSpans(store, layout, { ...where, from, to }, signal);
    if (this.lists + spans.length > maxLists) {
      return undefined;
    }
    const read = await Promise.all(spans.map((span) => readWindow(store, layout, where.prefix, span, signal)));
    this.lists += read.reduce((sum, { pages }) => sum + pages, 0);
    return {
      captures: read
        .flatMap(({ captures }) => captures)
        .filter((capture) => capture.time >= from && capture.time < to)
        .sort((a, b) => a.time - b.time),
      isWhole: read.every(({ isWhole }) => isWhole),
    };
  }
}

/** The last window that has captures, going back from a time, and where it ends. */
async function lastWindow(windows: Windows, time: number): Promise<{ found: Window; end: number } | undefined> {
  let end = time;
  let length = day;
  let found = await windows.look(end - length, end);
  while (found?.isWhole && found.captures.length === 0 && end > goBegins) {
    end -= length;
    length *= 4;
    found = await windows.look(Math.max(0, end - length), end);
  }
  return found && found.captures.length > 0 ? { found, end } : undefined;
}

/** The last captures of a window that two pages do not hold; not exact where the requests end before they are reached. */
async function narrowed(
  windows: Windows,
  last: { readonly found: Window; readonly end: number }
): Promise<{ captures: readonly Capture[]; isExact: boolean }> {
  let { found, end } = last;
  // Where the later half is empty, the end may be near what was seen last: the next page tells.
  let isNextPage = false;
  while (!found.isWhole) {
    const start = found.captures[found.captures.length - 1].time;
    const middle = isNextPage ? start : (start + end) / 2;
    const later = await windows.look(middle, end);
    if (!later || (later.captures.length === 0 && !later.isWhole)) {
      return { captures: found.captures, isExact: false };
    }
    isNextPage = later.captures.length === 0;
    if (isNextPage) {
      end = middle;
    } else {
      found = later;
    }
  }
  return { captures: found.captures, isExact: true };
}

/** The first capture after a time: one page of each span, in the order of keys. Undefined where the layout has no order. @throws StoreError */
export async function findFirstAfter(
  store: Store,
  layout: Layout,
  { time, isWanted, ...around }: NearOptions,
  signal: AbortSignal
): Promise<Near | undefined> {
  const where = { ...around, maxAge: maxAges.settled };
  const { spans } = await planSpans(store, layout, { ...where, from: time, to: Date.UTC(9999, 0) }, signal);
  if (spans.length > maxLists || spans.some(({ startAfter }) => startAfter === undefined)) {
    return undefined;
  }
  const windows = await Promise.all(spans.map((span) => readWindow(store, layout, where.prefix, span, signal)));
  const later = windows
    .flatMap(({ captures }) => captures)
    .filter((capture) => capture.time > time)
    .sort((a, b) => b.time - a.time);
  return lastOf(later, isWanted, true);
}

function lastOf(captures: readonly Capture[], isWanted: NearOptions['isWanted'], isExact: boolean): Near | undefined {
  const wanted = captures.filter(isWanted).at(-1);
  const capture = wanted ?? captures.at(-1);
  return capture && { capture, isWanted: wanted !== undefined, isExact };
}

const notMeta = (capture: Capture) => !isMeta(capture);

/** The first two pages of a span. `isWhole`: it has no more, which only a second page tells where the first is cut off. */
async function readWindow(
  store: Store,
  layout: Layout,
  prefix: string,
  span: ListSpan,
  signal: AbortSignal
): Promise<{ captures: Capture[]; pages: number; isWhole: boolean }> {
  const captures: Capture[] = [];
  let pages = 0;
  let isWhole = true;
  read: for await (const page of store.list(span, signal)) {
    pages++;
    for (const object of page) {
      if (span.until !== undefined && !startsAtOrBefore(object.key, span.until)) {
        break read;
      }
      const capture = captureOfObject(object, layout, prefix);
      if (capture) {
        captures.push(capture);
      }
    }
    if (pages === 2) {
      isWhole = false;
      break;
    }
  }
  return { captures: captures.filter(notMeta), pages, isWhole };
}
