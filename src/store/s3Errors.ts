import { childText, maxPageBytes, parseXml, type XmlElement } from './s3Xml';
import { StoreError, type StoreResponse } from './store';

// What is said where a bucket does not answer as it should: a chunk of its own, loaded when something fails.

const mib = (bytes: number) => (bytes / 1048576).toFixed(bytes < 10485760 ? 1 : 0);
const count = (number: number) => number.toLocaleString('en-US');

/** @param bytes that the object has, at least */
export const tooLarge = (key: string, bytes: number, maxBytes: number) =>
  new StoreError(
    `The object "${key}" has ${mib(bytes)} MiB, the limit is ${mib(maxBytes)} MiB. ` +
      'Raise "Largest object" in the data source settings to open it.',
    200,
    'limit'
  );

const below = (prefix: string) => (prefix === '' ? 'of the whole bucket' : `below "${prefix}"`);
const narrower =
  'Name a service in the selector, set a prefix in the data source settings, or choose a key layout that has folders of time';

export const tooManyLists = (prefix: string, requests: number) =>
  new StoreError(
    `The listing ${below(prefix)} stopped after ${count(requests)} requests, which is its limit. ${narrower}; ` +
      'or raise "Most requests of a listing" there.',
    200,
    'limit'
  );

/** @param ms that it may take */
export const tooLong = (prefix: string, requests: number, ms: number) =>
  new StoreError(
    `The listing ${below(prefix)} stopped after ${count(requests)} requests, because they took more than ${Math.round(ms / 1000)} s. ` +
      `${narrower}; or raise "Time-out" there.`,
    200,
    'limit'
  );

/** @param again what the server sent instead of the next page */
export function endless(again: 'token' | 'keys' | 'nothing', requests: number): StoreError {
  const what = {
    token: 'it sent a continuation token that it had sent before',
    keys: 'it sent only keys that it had sent before',
    nothing: 'it sent page after page without anything new',
  }[again];
  return new StoreError(
    `The listing does not end: after ${count(requests)} requests the server says that it goes on, but ${what}. ` +
      'Check the bucket URL and what is in front of the bucket.',
    200,
    'not-s3'
  );
}

export const noToken = ({ status }: StoreResponse) =>
  new StoreError(
    'The server says the listing goes on but not where (no NextContinuationToken): it speaks only the old ListObjects.',
    status,
    'not-s3'
  );

/** @throws StoreError for an answer that is no page of a listing, saying what it is */
export function notListing(response: StoreResponse): never {
  const { status, body, tooLarge: more } = response;
  if (more !== undefined || body.byteLength > maxPageBytes) {
    throw new StoreError(
      `The bucket URL answered a listing with ${mib(more ?? body.byteLength)} MiB, a page of S3 has less than 8 MiB. Check the bucket URL.`,
      status,
      'not-s3'
    );
  }
  const root = readXml(response);
  throw new StoreError(
    `The bucket URL answered a <${root.name}>, not the <ListBucketResult> of an S3 listing. ` +
      'Check that the URL names a bucket: https://host/bucket or https://bucket.host.',
    status,
    'not-s3'
  );
}

const bodyText = (response: StoreResponse) => new TextDecoder().decode(response.body.slice(0, maxPageBytes));

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
          .slice(0, 4096)
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
      return words.code === 'InvalidObjectState' ? archived(what, words) : [refusal(words, what), 'forbidden'];
    case 404:
      return notFound(words, what);
    case 429:
    case 503:
      return [`The bucket is busy (${status}) and stayed so over several tries.`, 'busy'];
    case 502:
      return ['The bucket cannot be reached (502): check the host in the bucket URL and its certificate.', 'network'];
    case 504:
      return [
        `The bucket did not answer in time (504) for ${what}. Raise "Time-out" in the data source settings if it is only slow.`,
        'time-out',
      ];
  }
  // Grafana's proxy says 400 for the bucket's 401.
  if (status === 400 && /authentication to data source failed/i.test(words.message)) {
    return [`The bucket wants other credentials (401) for ${what}. Check the authentication settings.`, 'forbidden'];
  }
  return [`The bucket answered ${status} for ${what}.`, status >= 500 ? 'busy' : 'not-s3'];
}

/** S3 says no more of a bucket in <Code> than that it is not there; without words it depends on what was asked for. */
function notFound({ code, message }: ServerWords, what: string): Meaning {
  if (code === 'NoSuchBucket' || (code !== 'NoSuchKey' && !what.startsWith('the object'))) {
    return [`There is no such bucket (404). Check the bucket's name and the host in the bucket URL.`, 'no-bucket'];
  }
  const why = 'a lifecycle rule may have removed it';
  return code === 'NoSuchKey'
    ? [`There is no longer ${what} in the bucket (404): ${why}.`, 'no-object']
    : [
        `There is no ${what.replace(/^the /, '')} (404): ${why}${code + message === '' ? ', or what is in front of the bucket does not pass its key on' : ''}.`,
        'no-object',
      ];
}

/** docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html */
function archived(what: string, { xml }: ServerWords): Meaning {
  const storage = xml && (childText(xml, 'StorageClass') ?? childText(xml, 'AccessTier'));
  return [
    `${what[0].toUpperCase()}${what.slice(1)} is archived${storage ? ` (${storage})` : ''} and cannot be read as it is (403). ` +
      'Restore it in the bucket first, and let the lifecycle rule leave captures that are still looked at.',
    'archived',
  ];
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
      'a private AWS bucket is read through the gateway (see the README).';
