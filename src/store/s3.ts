import { refuseDots } from './dots';
import { send } from './retry';
import {
  StoreError,
  type ObjectInfo,
  type Store,
  type StoreFetch,
  type StoreOptions,
  type StoreResponse,
} from './store';
import { childText, parseXml, type XmlElement } from './s3Xml';

/** Folders that are of use: a listing of more is not split by them. */
const maxFolders = 1000;
/** Pages without anything new that a listing may have in a row: a server that never ends it would be asked for ever. */
const maxEmptyPages = 100;

const defaultMaxObjectBytes = 128 * 1024 * 1024;

/**
 * An S3 bucket by ListObjectsV2 and GET (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html), which also
 * Ceph, MinIO, R2 and Google's XML API answer. `fetch` sends paths below the bucket's base URL, so path style and
 * virtual host are the same here.
 */
export function createS3Store(fetch: StoreFetch, options: StoreOptions = {}): Store {
  const sender = send(fetch, options);
  const maxBytes = options.maxObjectBytes ?? defaultMaxObjectBytes;
  return {
    async *list({ prefix, startAfter }, signal) {
      refuseDots(prefix, 'prefix');
      for await (const { objects } of pages(sender, { prefix }, startAfter, signal)) {
        yield objects;
      }
    },

    async folders(prefix, signal) {
      refuseDots(prefix, 'prefix');
      const folders: string[] = [];
      for await (const page of pages(sender, { prefix, delimiter: '/' }, undefined, signal)) {
        page.folders.forEach((folder) => folders.push(folder));
        if (folders.length > maxFolders) {
          break;
        }
      }
      return folders;
    },

    async get(key, signal) {
      refuseDots(key, 'key');
      const response = await sender({ path: '/' + key.split('/').map(encodeURIComponent).join('/'), signal });
      if (response.status !== 200) {
        throw errorOf(response, `the object "${key}"`);
      }
      if (response.body.byteLength > maxBytes) {
        throw tooLarge(key, response.body.byteLength, maxBytes);
      }
      return response.body;
    },
  };
}

const tooLarge = (key: string, bytes: number, maxBytes: number) =>
  new StoreError(
    `The object "${key}" has ${mib(bytes)} MiB, the limit is ${mib(maxBytes)} MiB. ` +
      'Raise "Largest object" in the data source settings to open it.',
    200,
    'limit'
  );

/** The pages of a listing. @throws StoreError for one that never ends, too */
async function* pages(
  sender: StoreFetch,
  parameters: Record<string, string>,
  startAfter: string | undefined,
  signal: AbortSignal
): AsyncGenerator<ListPage> {
  let from: Record<string, string> = startAfter ? { 'start-after': startAfter } : {};
  let token: string | undefined;
  let empty = 0;
  do {
    const page = await listPage(sender, { ...parameters, ...from }, signal);
    empty = page.objects.length + page.folders.length === 0 ? empty + 1 : 0;
    if (page.next !== undefined && (page.next === token || empty > maxEmptyPages)) {
      throw new StoreError(
        'The listing does not end: the server says that it goes on, but sends nothing new. Check the bucket URL and what is in front of the bucket.',
        200,
        'not-s3'
      );
    }
    yield page;
    token = page.next;
    from = { 'continuation-token': token ?? '' };
  } while (token !== undefined);
}

async function listPage(
  sender: StoreFetch,
  parameters: Record<string, string>,
  signal: AbortSignal
): Promise<ListPage> {
  const query = new URLSearchParams({ 'list-type': '2', 'encoding-type': 'url', ...parameters });
  // "+" for a space is a form's rule, not S3's.
  const response = await sender({ path: `/?${query.toString().replace(/\+/g, '%20')}`, signal });
  if (response.status !== 200) {
    throw errorOf(response, 'the listing');
  }
  return readPage(response);
}

const mib = (bytes: number) => (bytes / 1048576).toFixed(bytes < 10485760 ? 1 : 0);

interface ListPage {
  readonly objects: ObjectInfo[];
  readonly folders: string[];
  /** Continuation token, undefined on the last page. Opaque: it is whatever the server sent. */
  readonly next: string | undefined;
}

function readPage(response: StoreResponse): ListPage {
  const root = readXml(response);
  if (root.name !== 'ListBucketResult') {
    throw new StoreError(
      `The bucket URL answered a <${root.name}>, not the <ListBucketResult> of an S3 listing. ` +
        'Check that the URL names a bucket: https://host/bucket or https://bucket.host.',
      response.status,
      'not-s3'
    );
  }
  // Servers that ignore encoding-type send keys as they are and leave the element out.
  const decode = childText(root, 'EncodingType') === 'url' ? decodeKey : (text: string) => text;
  const objects: ObjectInfo[] = [];
  const folders: string[] = [];
  for (const element of root.children) {
    if (element.name === 'Contents') {
      objects.push({
        key: decode(childText(element, 'Key') ?? ''),
        size: Number(childText(element, 'Size') ?? 0),
        lastModified: Date.parse(childText(element, 'LastModified') ?? '') || 0,
        etag: childText(element, 'ETag') ?? '',
      });
    } else if (element.name === 'CommonPrefixes') {
      folders.push(decode(childText(element, 'Prefix') ?? ''));
    }
  }
  const truncated = childText(root, 'IsTruncated') === 'true';
  const next = childText(root, 'NextContinuationToken');
  if (truncated && !next) {
    throw new StoreError(
      'The server says the listing goes on but not where (no NextContinuationToken): it speaks only the old ListObjects.',
      response.status,
      'not-s3'
    );
  }
  return { objects, folders, next: truncated ? next : undefined };
}

function decodeKey(text: string): string {
  try {
    return decodeURIComponent(text.replace(/\+/g, '%20'));
  } catch {
    return text;
  }
}

const bodyText = (response: StoreResponse) => new TextDecoder().decode(response.body.slice(0, 4 * 1024 * 1024));

function readXml(response: StoreResponse): XmlElement {
  const text = bodyText(response);
  try {
    return parseXml(text);
  } catch (error) {
    const start = text.trim().slice(0, 80);
    throw new StoreError(
      `The bucket URL does not answer as S3 does: expected XML, got ${start === '' ? 'an empty answer' : JSON.stringify(start)} ` +
        `(${(error as Error).message}). Check the bucket URL.`,
      response.status,
      'not-s3'
    );
  }
}

interface ServerWords {
  readonly code: string;
  readonly message: string;
  readonly xml?: XmlElement;
}

/** The server's own words: S3's <Code> and <Message>, or Grafana's JSON. */
function serverWords(response: StoreResponse): ServerWords {
  const text = bodyText(response);
  try {
    const xml = parseXml(text);
    return { code: childText(xml, 'Code') ?? '', message: childText(xml, 'Message') ?? '', xml };
  } catch {
    try {
      const { message } = JSON.parse(text) as { message?: unknown };
      return { code: '', message: typeof message === 'string' ? message : '' };
    } catch {
      return {
        code: '',
        message: text
          .replace(/<[^>]*>/g, ' ')
          .replace(/\s+/g, ' ')
          .trim()
          .slice(0, 120),
      };
    }
  }
}

/** Says of an HTTP status what is wrong and what to do about it. @param what was asked for, as `the listing` */
export function errorOf(response: StoreResponse, what: string): StoreError {
  const words = serverWords(response);
  const said = [words.code, words.message].filter((text) => text !== '').join(': ');
  const tail = said === '' ? '' : ` The server says: ${said}.`.replace(/\.\.$/, '.');
  const [text, kind] = meaningOf(response, words, what);
  return new StoreError(text + tail, response.status, kind);
}

type Meaning = readonly [text: string, kind: StoreError['kind']];

function meaningOf(response: StoreResponse, words: ServerWords, what: string): Meaning {
  const { status } = response;
  switch (status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return movedTo(response, words);
    case 403:
      return [refusal(words, what), 'forbidden'];
    case 404:
      return words.code === 'NoSuchKey'
        ? [`There is no longer ${what} in the bucket (404): a lifecycle rule may have removed it.`, 'no-object']
        : [`There is no such bucket (404). Check the bucket's name and the host in the bucket URL.`, 'no-bucket'];
    case 429:
    case 503:
      return [`The bucket is busy (${status}) and stayed so over several tries.`, 'busy'];
    case 502:
      return ['The bucket cannot be reached (502): check the host in the bucket URL and its certificate.', 'network'];
    case 504:
      return ['The bucket did not answer in time (504).', 'network'];
  }
  // Grafana's proxy says 400 for the bucket's 401.
  if (status === 400 && /authentication to data source failed/i.test(words.message)) {
    return [`The bucket wants other credentials (401) for ${what}. Check the authentication settings.`, 'forbidden'];
  }
  return [`The bucket answered ${status} for ${what}.`, status >= 500 ? 'busy' : 'not-s3'];
}

function movedTo({ status, headers }: StoreResponse, { xml }: ServerWords): Meaning {
  const endpoint = (xml && childText(xml, 'Endpoint')) ?? headers.location;
  const region = headers['x-amz-bucket-region'] ?? (xml && childText(xml, 'Region'));
  const where = endpoint ? ` Use ${endpoint} in the bucket URL.` : region ? ` Its region is ${region}.` : '';
  return [
    `The bucket is at another address (${status}): the bucket URL names the wrong region or host.${where}`,
    'redirect',
  ];
}

const refusal = ({ code }: ServerWords, what: string): string =>
  /Signature|AccessKey|Token|RequestTime/.test(code)
    ? `The bucket refused the credentials for ${what} (403).`
    : `No access to ${what} (403). The credential needs s3:ListBucket on the bucket and s3:GetObject on its objects; ` +
      'a private AWS bucket also needs a signer in front (see the README).';
