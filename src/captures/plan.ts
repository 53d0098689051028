import { hasDots } from '../store/dots';
import { defaultMaxLists } from '../store/s3';
import {
  enoughInOrder,
  mayStartAfter,
  StoreError,
  type ListSpan,
  type ObjectInfo,
  type ServerTraits,
  type Store,
} from '../store/store';
import { keyFieldsOf } from './field';
import type { Layout } from './layout';
import type { Capture } from './capture';

export interface FindOptions {
  /** Listing never leaves this prefix; keys are read below it. */
  readonly prefix: string;
  /** Unix ms, both included. */
  readonly from: number;
  readonly to: number;
  /** Values a label can only have: they prune the listing where the layout puts the label before the time. */
  readonly labels: Readonly<Record<string, readonly string[] | undefined>>;
  /** Most objects looked at in one query. */
  readonly maxObjects?: number;
  /** Most pages looked at in one query, besides the first of each span. */
  readonly maxLists?: number;
  /** How old, in ms, what the store remembers may be. */
  readonly maxAge?: number;
}

export interface Found {
  /** By rising time. */
  readonly captures: readonly Capture[];
  /** Objects that were listed, in the range or not. */
  readonly objectsSeen: number;
  /** Keys the layout could not read; the first few as examples. */
  readonly unparsed: { readonly count: number; readonly examples: readonly string[] };
  /** The listing stopped at a limit: newer or other captures may exist. */
  readonly truncated: boolean;
  /** What the store says of its own limit, where it was that one. */
  readonly limit?: string;
}

/** Folders one level of an unknown label may have before the listing is no longer split by them. */
const maxFolders = 200;

/**
 * Lists the captures of a time range. With the layout's time behind its labels, each combination of label values is one
 * span: it starts at the range's first folder and ends at the first key past the range, so it costs what the range
 * holds. Labels that the query leaves open are discovered with one delimiter listing a level. Where an answer shows that the
 * server lists otherwise, the range is planned anew for it.
 * @throws StoreError
 */
export async function findCaptures(
  store: Store,
  layout: Layout,
  options: FindOptions,
  signal: AbortSignal
): Promise<Found> {
  for (;;) {
    const hasChanged = changesOf(store.server);
    const { spans, refused } = await planSpans(store, layout, options, signal);
    const reader = new SpanReader(layout, options, refused);
    if (!hasChanged()) {
      await Promise.all(spans.map((span) => reader.read(store, span, hasChanged, signal)));
    }
    // At most once for each trait.
    if (!hasChanged()) {
      return reader.found();
    }
  }
}

/** Whether the server has turned out to be another one than it seemed to be by now. */
export function changesOf(server: ServerTraits | undefined): () => boolean {
  const { isOrdered, startsAfter } = server ?? {};
  return () => server?.isOrdered !== isOrdered || server?.startsAfter !== startsAfter;
}

const isLimit = (error: unknown): error is StoreError => error instanceof StoreError && error.kind === 'limit';

/** Reads the captures of a range from spans. */
class SpanReader {
  private readonly captures: Capture[] = [];
  private readonly keys = new Set<string>();
  private readonly examples: string[];
  private unparsed: number;
  private pages = 0;
  private isFull = false;
  private limit: string | undefined;

  constructor(
    private readonly layout: Layout,
    private readonly options: FindOptions,
    refused: readonly string[]
  ) {
    this.examples = refused.slice(0, 5);
    this.unparsed = refused.length;
  }

  /** @param isStale whether the span is planned for another server than this one @throws StoreError */
  async read(store: Store, span: ListSpan, isStale: () => boolean, signal: AbortSignal): Promise<void> {
    const { maxObjects = 50_000, maxLists = defaultMaxLists } = this.options;
    const isOrdered = store.server?.isOrdered ?? true;
    const inOrder = () => store.server?.inOrder ?? enoughInOrder;
    let isFirst = true;
    let isPast = false;
    try {
      for await (const page of store.list(span, signal)) {
        this.pages += isFirst ? 0 : 1;
        isFirst = false;
        for (const object of page) {
          if (span.until === undefined || startsAtOrBefore(object.key, span.until)) {
            this.add(object);
          } else {
            isPast = true;
          }
        }
        this.isFull ||= this.keys.size >= maxObjects || this.pages >= maxLists;
        // A few keys of a small page may be in order by chance.
        const isOver = isPast && isOrdered && inOrder() >= enoughInOrder;
        if (isOver || isStale() || this.isFull) {
          return;
        }
      }
    } catch (error) {
      if (!isLimit(error)) {
        throw error;
      }
      this.isFull = true;
      this.limit = error.message;
    }
  }

  private add(object: ObjectInfo): void {
    if (this.keys.has(object.key)) {
      return; // Of a span within another one.
    }
    this.keys.add(object.key);
    if (object.key.endsWith('/') && object.size === 0) {
      return; // A folder marker.
    }
    const { prefix, from, to } = this.options;
    const capture = captureOfObject(object, this.layout, prefix);
    if (!capture) {
      this.unparsed++;
      if (this.examples.length < 5) {
        this.examples.push(object.key);
      }
    } else if (capture.time >= from && capture.time <= to) {
      this.captures.push(capture);
    }
  }

  found(): Found {
    this.captures.sort((a, b) => a.time - b.time || (a.object.key < b.object.key ? -1 : 1));
    return {
      captures: this.captures,
      objectsSeen: this.keys.size,
      unparsed: { count: this.unparsed, examples: this.examples },
      truncated: this.isFull,
      limit: this.limit,
    };
  }
}

/** What a listed object is a capture of, by its key; undefined for a key that is not of the layout. */
export function captureOfObject(object: ObjectInfo, layout: Layout, prefix: string): Capture | undefined {
  const parsed = layout.parse(object.key.slice(prefix.length));
  return parsed && { ...parsed, object, time: parsed.time ?? object.lastModified };
}

/** Keys of the last folder of the range start with `until`, so they are not past it. */
export const startsAtOrBefore = (key: string, until: string): boolean => key < until || key.startsWith(until);

/** The spans that hold every capture of the range, and folders that the store would refuse to list. */
export async function planSpans(
  store: Store,
  layout: Layout,
  { prefix, from, to, labels, maxAge }: FindOptions,
  signal: AbortSignal
): Promise<{ spans: ListSpan[]; refused: string[] }> {
  const { plan } = layout;
  const refused: string[] = [];
  if (!plan) {
    return { spans: [{ prefix, maxAge }], refused };
  }
  let prefixes = [prefix];
  let timed = true;
  for (let i = 0; i < plan.dims.length; i++) {
    const dim = plan.dims[i];
    if ('text' in dim) {
      prefixes = prefixes.map((p) => p + dim.text);
      continue;
    }
    const known = labels[dim.label];
    const next = plan.dims[i + 1];
    if (known) {
      // A field ends where the text behind it starts.
      const end = next && 'text' in next ? next.text[0] : '/';
      const fields = known.flatMap(keyFieldsOf).filter((field) => !field.includes(end));
      prefixes = prefixes.flatMap((p) => fields.map((field) => p + field));
    } else if (next && 'text' in next && next.text === '/') {
      const folders = await Promise.all(prefixes.map((p) => store.folders(p, signal, maxAge)));
      // One without a name is of keys with a slash too many, which no label stands for.
      const isRefused = (folder: string) => hasDots(folder) || prefixes.includes(folder.slice(0, -1));
      const found = folders.flat().filter((folder) => !isRefused(folder));
      folders
        .flat()
        .filter(isRefused)
        .forEach((folder) => refused.push(folder));
      if (found.length > maxFolders) {
        timed = false;
        break;
      }
      // A folder comes with its '/', which is the text that follows.
      prefixes = found.map((folder) => folder.slice(0, -1));
    } else {
      timed = false;
      break;
    }
  }
  if (timed && store.server && !mayStartAfter(store.server)) {
    const { timePrefixes } = await import(/* webpackChunkName: "servers" */ './timePrefixes');
    const times = timePrefixes(plan, from, to, Math.floor(maxFolders / Math.max(1, prefixes.length)));
    prefixes = prefixes.flatMap((p) => times.map((text) => p + text));
    timed = false;
  }
  const spans = prefixes.map((p) =>
    timed
      ? { prefix: p, startAfter: p + plan.timeText(from), until: p + plan.timeText(to), maxAge }
      : { prefix: p, maxAge }
  );
  return { spans, refused };
}
