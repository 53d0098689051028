import { hasDots } from '../store/dots';
import { keyFieldsOf } from './field';
import type { Layout } from './layout';
import type { ListSpan, ObjectInfo, Store } from '../store/store';
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
  /** The listing stopped at maxObjects: newer or other captures may exist. */
  readonly truncated: boolean;
}

/** Folders one level of an unknown label may have before the listing is no longer split by them. */
const maxFolders = 200;

/**
 * Lists the captures of a time range. With the layout's time behind its labels, each combination of label values is one
 * span: it starts at the range's first folder and ends at the first key past the range, so it costs what the range
 * holds. Labels that the query leaves open are discovered with one delimiter listing a level.
 * @throws StoreError
 */
export async function findCaptures(
  store: Store,
  layout: Layout,
  { maxObjects = 50_000, ...where }: FindOptions,
  signal: AbortSignal
): Promise<Found> {
  const { prefix, from, to } = where;
  const { spans, refused } = await planSpans(store, layout, where, signal);
  const captures: Capture[] = [];
  const examples = refused.slice(0, 5);
  let unparsed = refused.length;
  let objectsSeen = 0;
  let truncated = false;

  const read = (object: ObjectInfo): void => {
    objectsSeen++;
    if (object.key.endsWith('/') && object.size === 0) {
      return; // A folder marker.
    }
    const capture = captureOfObject(object, layout, prefix);
    if (!capture) {
      unparsed++;
      if (examples.length < 5) {
        examples.push(object.key);
      }
      return;
    }
    if (capture.time >= from && capture.time <= to) {
      captures.push(capture);
    }
  };
  await Promise.all(
    spans.map(async (span) => {
      for await (const page of store.list(span, signal)) {
        for (const object of page) {
          if (span.until !== undefined && !startsAtOrBefore(object.key, span.until)) {
            return;
          }
          read(object);
        }
        if (objectsSeen >= maxObjects) {
          truncated = true;
          return;
        }
      }
    })
  );
  captures.sort((a, b) => a.time - b.time || (a.object.key < b.object.key ? -1 : 1));
  return { captures, objectsSeen, unparsed: { count: unparsed, examples }, truncated };
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
  { prefix, from, to, labels, maxAge }: Omit<FindOptions, 'maxObjects'>,
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
      const found = folders.flat().filter((folder) => !hasDots(folder));
      folders
        .flat()
        .filter(hasDots)
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
  const spans = prefixes.map((p) =>
    timed
      ? { prefix: p, startAfter: p + plan.timeText(from), until: p + plan.timeText(to), maxAge }
      : { prefix: p, maxAge }
  );
  return { spans, refused };
}
