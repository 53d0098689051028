import { refuseDots } from './dots';
import { compareKeys } from './keyOrder';
import type { KeyEncoding } from './s3Keys';
import { childText, maxPageBytes, parseXml, type XmlElement } from './s3Xml';
import { defaultTimeout, send } from './retry';
import {
  enoughInOrder,
  mayStartAfter,
  standardServer,
  StoreError,
  type ObjectInfo,
  type ServerTraits,
  type Store,
  type StoreFetch,
  type StoreOptions,
  type StoreResponse,
} from './store';

/** Folders that are of use: a listing of more is not split by them. */
const maxFolders = 1000;
/** Pages without anything new that a listing may have in a row: a server that never ends it would be asked for ever. */
const maxEmptyPages = 100;
/** What S3 gives at most; servers that have less as their default give it where it is asked for. */
const maxKeys = 1000;

const defaultMaxObjectBytes = 128 * 1024 * 1024;
export const defaultMaxLists = 200;

/** How much time a listing may take, in time-outs of one request. */
const listingTimeouts = 4;

/** What a listing has cost so far, over all of its requests. */
interface Spent {
  requests: number;
  /** In ms, without the time in which its reader was not waiting. */
  time: number;
}

/** Few queries fail, and module.js is small. */
const loadErrors = () => import(/* webpackChunkName: "errors" */ './s3Errors');

/**
 * An S3 bucket by ListObjectsV2 and GET (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html), which also
 * others answer, if not always in the same way (docs/servers.md). `fetch` sends paths below the bucket's base URL, so path
 * style and virtual host are the same here.
 */
export function createS3Store(fetch: StoreFetch, options: StoreOptions = {}): Store {
  const sender = send(fetch, options);
  const maxBytes = options.maxObjectBytes ?? defaultMaxObjectBytes;
  const lister = new Lister(sender, options);
  return {
    server: lister.server,
    list: ({ prefix, startAfter }, signal) => lister.list(prefix, startAfter, signal),
    folders: (prefix, signal) => lister.folders(prefix, signal),
    async get(key, signal, _etag, size = 0) {
      refuseDots(key, 'key');
      const response = size > maxBytes ? undefined : await sender(objectRequest(key, signal, maxBytes));
      if (response && response.status !== 200) {
        throw await errorOf(response, `the object "${key}"`);
      }
      const bytes = response ? (response.tooLarge ?? response.body.byteLength) : size;
      if (!response || bytes > maxBytes) {
        throw (await loadErrors()).tooLarge(key, bytes, maxBytes);
      }
      return response.body;
    },
  };
}

const objectRequest = (key: string, signal: AbortSignal, maxBytes: number) => ({
  path: '/' + key.split('/').map(encodeURIComponent).join('/'),
  what: `the object "${key}"`,
  signal,
  maxBytes,
});

/** Says of an HTTP status what is wrong and what to do about it. @param what was asked for, as `the listing` */
async function errorOf(response: StoreResponse, what: string): Promise<StoreError> {
  const errors = await loadErrors().catch(() => undefined);
  return (
    errors?.errorOf(response, what) ??
    new StoreError(`The bucket answered ${response.status}.`, response.status, 'busy')
  );
}

type Parameters = Readonly<Record<string, string>>;

/** Listings of one bucket, and what they have shown of its server. */
class Lister {
  readonly server: ServerTraits = standardServer();
  private readonly encoding: KeyEncoding = {};
  private isOrderChecked = false;
  private readonly maxLists: number;
  private readonly maxTime: number;

  constructor(
    private readonly sender: StoreFetch,
    { maxLists = defaultMaxLists, timeout = defaultTimeout }: StoreOptions
  ) {
    this.maxLists = maxLists;
    this.maxTime = listingTimeouts * timeout;
  }

  async *list(prefix: string, startAfter: string | undefined, signal: AbortSignal): AsyncGenerator<ObjectInfo[]> {
    refuseDots(prefix, 'prefix');
    for await (const { objects } of this.pages({ prefix }, startAfter, signal)) {
      yield objects;
    }
  }

  /**
   * A server that has repeated a folder, or does not know folders, is asked again from behind the last one: what is below
   * it need not be listed.
   */
  async folders(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    refuseDots(prefix, 'prefix');
    const spent: Spent = { requests: 0, time: 0 };
    const folders = new Set<string>();
    let behind: string | undefined;
    for (;;) {
      const from = behind;
      behind = undefined;
      for await (const page of this.pages({ prefix, delimiter: '/' }, from, signal, spent)) {
        const last = this.addFolders(folders, page, prefix);
        if (folders.size > maxFolders) {
          break;
        }
        if (last !== undefined && page.next !== undefined && (await this.maySkip(prefix, signal, spent))) {
          behind = `${last}\u{10ffff}`;
          break;
        }
      }
      const isIgnored = from !== undefined && !mayStartAfter(this.server);
      if (behind === undefined && !isIgnored) {
        return [...folders];
      }
    }
  }

  /** @returns the folder that the page ends in, if more of the same may follow */
  private addFolders(folders: Set<string>, page: ListPage, prefix: string): string | undefined {
    let last: string | undefined;
    for (const folder of page.folders) {
      last = folders.has(folder) ? folder : last;
      folders.add(folder);
    }
    for (const { key } of page.objects) {
      const end = key.indexOf('/', prefix.length);
      if (end >= 0) {
        this.server.delimits = false;
        last = key.slice(0, end + 1);
        folders.add(last);
      }
    }
    return last;
  }

  /** Whether nothing lies behind a folder but what comes after it. Where nothing has told yet, a page of keys does. */
  private async maySkip(prefix: string, signal: AbortSignal, spent: Spent): Promise<boolean> {
    if (mayStartAfter(this.server) && this.server.inOrder < enoughInOrder && !this.isOrderChecked) {
      this.isOrderChecked = true;
      await this.pages({ prefix }, undefined, signal, spent).next();
    }
    return mayStartAfter(this.server) && this.server.inOrder >= enoughInOrder;
  }

  /** The pages of a listing, each key once. @throws StoreError for one that never ends, too */
  private async *pages(
    parameters: Parameters,
    startAfter: string | undefined,
    signal: AbortSignal,
    spent: Spent = { requests: 0, time: 0 }
  ): AsyncGenerator<ListPage> {
    let from: Parameters = startAfter && mayStartAfter(this.server) ? { 'start-after': startAfter } : {};
    const tokens = new Set<string>();
    const seen = new Seen(this.server);
    let token: string | undefined;
    let empty = 0;
    do {
      await this.mustStop(spent, parameters.prefix);
      const page = await this.page(parameters, from, signal, spent);
      if (startAfter !== undefined && token === undefined && page.objects.some(({ key }) => isBelow(key, startAfter))) {
        this.server.startsAfter = false;
      }
      const fresh = seen.add(page.objects);
      empty = fresh.length + page.folders.length === 0 ? empty + 1 : 0;
      const isAgain = page.objects.length > 0 && fresh.length + page.folders.length === 0;
      const isSameToken = page.next !== undefined && tokens.has(page.next);
      if (page.next !== undefined && (isSameToken || isAgain || empty > maxEmptyPages)) {
        throw (await loadErrors()).endless(isSameToken ? 'token' : isAgain ? 'keys' : 'nothing', spent.requests);
      }
      const { prefix } = parameters;
      const isMeant = (key: string) => key.startsWith(prefix) && (startAfter === undefined || isBelow(startAfter, key));
      yield { ...page, objects: fresh.filter(({ key }) => isMeant(key)) };
      token = page.next;
      tokens.add(token ?? '');
      from = { 'continuation-token': token ?? '' };
    } while (token !== undefined);
  }

  private async mustStop(spent: Spent, prefix: string): Promise<void> {
    if (spent.requests >= this.maxLists) {
      throw (await loadErrors()).tooManyLists(prefix, spent.requests);
    }
    if (spent.time >= this.maxTime) {
      throw (await loadErrors()).tooLong(prefix, spent.requests, this.maxTime);
    }
  }

  /** One page. Servers that refuse a `start-after` are asked without it. */
  private async page(parameters: Parameters, from: Parameters, signal: AbortSignal, spent: Spent): Promise<ListPage> {
    const begun = Date.now();
    spent.requests++;
    let response = await this.ask({ ...parameters, ...from }, signal);
    if ('start-after' in from && (response.status === 400 || response.status === 501)) {
      const without = await this.ask(parameters, signal);
      if (without.status === 200) {
        this.server.startsAfter = false;
        response = without;
      }
    }
    if (response.status !== 200) {
      throw await errorOf(response, 'the listing');
    }
    const page = await this.read(response, parameters.prefix, signal);
    spent.time += Date.now() - begun;
    return page;
  }

  private ask(parameters: Parameters, signal: AbortSignal): Promise<StoreResponse> {
    const query = new URLSearchParams({
      'list-type': '2',
      'encoding-type': 'url',
      'max-keys': String(maxKeys),
      ...parameters,
    });
    // "+" for a space is a form's rule, not S3's.
    const path = `/?${query.toString().replace(/\+/g, '%20')}`;
    return this.sender({ path, what: `the listing below "${parameters.prefix}"`, signal, maxBytes: maxPageBytes });
  }

  /** Keys that a page has as these texts. Most read in one way alone. */
  private async decode(
    texts: readonly string[],
    declared: boolean,
    prefix: string,
    signal: AbortSignal
  ): Promise<readonly string[]> {
    if (!texts.some((text) => text.includes('+') || (!declared && text.includes('%')))) {
      return declared ? texts.map(decoded) : texts;
    }
    const { decodeKeys } = await import(/* webpackChunkName: "servers" */ './s3Keys');
    const listed = async (below: string) => {
      const page = rawPage(await this.ask({ prefix: below }, signal));
      return page?.contents.map((element) => childText(element, 'Key') ?? '') ?? [];
    };
    return decodeKeys(texts, { declared, prefix, known: this.encoding, listed });
  }

  private async read(response: StoreResponse, prefix: string, signal: AbortSignal): Promise<ListPage> {
    const page = rawPage(response) ?? (await loadErrors()).notListing(response);
    const { root, contents, folders } = page;
    const texts = contents.map((element) => childText(element, 'Key') ?? '');
    const keys = await this.decode([...texts, ...folders], childText(root, 'EncodingType') === 'url', prefix, signal);
    const next = childText(root, 'NextContinuationToken');
    const isTruncated = childText(root, 'IsTruncated') === 'true';
    if (isTruncated && !next) {
      throw (await loadErrors()).noToken(response);
    }
    return {
      objects: contents.map((element, i) => ({
        key: keys[i],
        size: Number(childText(element, 'Size') ?? 0),
        lastModified: Date.parse(childText(element, 'LastModified') ?? '') || 0,
        etag: childText(element, 'ETag') ?? '',
      })),
      folders: keys.slice(texts.length),
      next: isTruncated ? next : undefined,
    };
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const isBelow = (a: string, b: string) => compareKeys(a, b) < 0;

/** The keys of a listing so far. */
class Seen {
  private readonly keys = new Set<string>();
  private last: string | undefined;

  constructor(private readonly server: ServerTraits) {}

  /** @returns those that are new */
  add(objects: readonly ObjectInfo[]): ObjectInfo[] {
    return objects.filter(({ key }) => {
      if (this.keys.has(key)) {
        return false;
      }
      this.keys.add(key);
      if (this.last !== undefined) {
        if (isBelow(this.last, key)) {
          this.server.inOrder++;
        } else {
          this.server.isOrdered = false;
        }
      }
      this.last = key;
      return true;
    });
  }
}

interface ListPage {
  readonly objects: ObjectInfo[];
  readonly folders: string[];
  /** Continuation token, undefined on the last page. Opaque: it is whatever the server sent. */
  readonly next: string | undefined;
}

interface RawPage {
  readonly root: XmlElement;
  /** Elements of objects. */
  readonly contents: readonly XmlElement[];
  /** Texts of folders. */
  readonly folders: readonly string[];
}

/** Undefined for what is no page of a listing. */
function rawPage({ body, tooLarge }: StoreResponse): RawPage | undefined {
  if (tooLarge !== undefined || body.byteLength > maxPageBytes) {
    return undefined;
  }
  let root: XmlElement;
  try {
    root = parseXml(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
  const named = (name: string) => root.children.filter((child) => child.name === name);
  return root.name === 'ListBucketResult'
    ? {
        root,
        contents: named('Contents'),
        folders: named('CommonPrefixes').flatMap(({ children }) =>
          children.filter(({ name }) => name === 'Prefix').map(({ text }) => text)
        ),
      }
    : undefined;
}
