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

  async function listPage(parameters: Record<string, string>, signal: AbortSignal): Promise<ListPage> {
    const query = new URLSearchParams({ 'list-type': '2', 'encoding-type': 'url', ...parameters });
    // "+" for a space is a form's rule, not S3's.
    const response = await sender({ path: `/?${query.toString().replace(/\+/g, '%20')}`, signal });
    if (response.status !== 200) {
      throw errorOf(response, 'the listing');
    }
    return readPage(response);
  }

  /** The pages of a listing. @throws StoreError for one that never ends, too */
  async function* pages(parameters: Record<string, string>, startAfter: string | undefined, signal: AbortSignal) {
    let token: string | undefined;
    let empty = 0;
    do {
      const from: Record<string, string> = token
        ? { 'continuation-token': token }
        : startAfter
          ? { 'start-after': startAfter }
          : {};
      const page = await listPage({ ...parameters, ...from }, signal);
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
    } while (token !== undefined);
  }

  return {
    async *list({ prefix, startAfter }, signal) {
      refuseDots(prefix, 'prefix');
      for await (const { objects } of pages({ prefix }, startAfter, signal)) {
        yield objects;
      }
    },

    async folders(prefix, signal) {
      refuseDots(prefix, 'prefix');
      const folders: string[] = [];
      for await (const page of pages({ prefix, delimiter: '/' }, undefined, signal)) {
        folders.push(...page.folders);
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
        throw new StoreError(
          `The object "${key}" has ${mib(response.body.byteLength)} MiB, the limit is ${mib(maxBytes)} MiB. ` +
            'Raise "Largest object" in the data source settings to open it.',
          200,
          'limit'
        );
      }
      return response.body;
    },
  };
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

/** The server's own words: S3's <Code> and <Message>, or Grafana's JSON. */
function serverWords(response: StoreResponse): { code: string; message: string; xml?: XmlElement } {
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

/** What an HTTP status means here and what to do about it. */
export function errorOf(response: StoreResponse, what: string): StoreError {
  const { status } = response;
  const { code, message, xml } = serverWords(response);
  const said = [code, message].filter((text) => text !== '').join(': ');
  const tail = said === '' ? '' : ` The server says: ${said}.`.replace(/\.\.$/, '.');
  const error = (text: string, kind: StoreError['kind']) => new StoreError(text + tail, status, kind);

  if (status === 301 || status === 302 || status === 307 || status === 308) {
    const endpoint = (xml && childText(xml, 'Endpoint')) ?? response.headers.location;
    const region = response.headers['x-amz-bucket-region'] ?? (xml && childText(xml, 'Region'));
    const where = endpoint ? ` Use ${endpoint} in the bucket URL.` : region ? ` Its region is ${region}.` : '';
    return error(
      `The bucket is at another address (${status}): the bucket URL names the wrong region or host.${where}`,
      'redirect'
    );
  }
  if (status === 403) {
    const signature = /Signature|AccessKey|Token|RequestTime/.test(code);
    return error(
      signature
        ? `The bucket refused the credentials for ${what} (403).`
        : `No access to ${what} (403). The credential needs s3:ListBucket on the bucket and s3:GetObject on its objects; ` +
            'a private AWS bucket also needs a signer in front (see the README).',
      'forbidden'
    );
  }
  if (status === 404) {
    return code === 'NoSuchKey'
      ? error(`There is no longer ${what} in the bucket (404): a lifecycle rule may have removed it.`, 'no-object')
      : error(`There is no such bucket (404). Check the bucket's name and the host in the bucket URL.`, 'no-bucket');
  }
  if (status === 400 && /authentication to data source failed/i.test(message)) {
    return error(
      `The bucket wants other credentials (401) for ${what}. Check the authentication settings.`,
      'forbidden'
    );
  }
  if (status === 502) {
    return error(
      'The bucket cannot be reached (502): check the host in the bucket URL and its certificate.',
      'network'
    );
  }
  if (status === 504) {
    return error('The bucket did not answer in time (504).', 'network');
  }
  if (status === 429 || status === 503) {
    return error(`The bucket is busy (${status}) and stayed so over several tries.`, 'busy');
  }
  return error(`The bucket answered ${status} for ${what}.`, status >= 500 ? 'busy' : 'not-s3');
}
