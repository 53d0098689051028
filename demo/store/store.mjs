// A small S3 endpoint over recorded captures: ListObjectsV2 and GET, read only, on loopback. Times in the keys are
// moved so that each service's recording, which took some minutes, fills the last hour; the profiles' bytes are not
// touched.
//   bucket "profiles"   the captures
//   /_stats             how many writes were tried
//   bucket "forbidden"  403, for the error's sake
import { createServer } from 'node:http';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

const defaultDir = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..', 'captures');
const timePattern = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)\.(\d{3})Z/;

const readTime = (key) => {
  const [, year, month, day, hour, minute, second, ms] = timePattern.exec(key);
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`);
};

/** The key at another time: its time and its four folders of time. */
function moveKey(key, time) {
  const iso = new Date(time).toISOString();
  const folders = [iso.slice(0, 4), iso.slice(5, 7), iso.slice(8, 10), iso.slice(11, 13)].join('/');
  return key.replace(/\/\d{4}\/\d\d\/\d\d\/\d\d\//, `/${folders}/`).replace(timePattern, iso.replace(/[-:]/g, ''));
}

/** Objects of a folder, with keys moved into the hour that ends two minutes before `now`, by key. */
export function loadCaptures(dir = defaultDir, now = Date.now()) {
  const files = readdirSync(dir, { recursive: true })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());
  const keys = files.map((path) => relative(dir, path).split(sep).join('/'));
  const times = keys.map(readTime);
  const serviceOf = (key) => key.split('/')[0];
  const spans = {};
  keys.forEach((key, i) => {
    const { first, last } = spans[serviceOf(key)] ?? { first: times[i], last: times[i] };
    spans[serviceOf(key)] = { first: Math.min(first, times[i]), last: Math.max(last, times[i]) };
  });
  const [from, to] = [now - 55 * 60_000, now - 2 * 60_000];
  const objects = keys.map((key, i) => {
    const { first, last } = spans[serviceOf(key)];
    const time = from + ((times[i] - first) / Math.max(1, last - first)) * (to - from);
    return { key: moveKey(key, time), path: files[i], size: statSync(files[i]).size, time };
  });
  return objects.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

const escapeXml = (text) =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);
const errorXml = (code, message) =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;

/** ListObjectsV2 (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html). */
function list(objects, query) {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const token = query.get('continuation-token');
  const after = token === null ? (query.get('start-after') ?? '') : Buffer.from(token, 'base64url').toString();
  const maxKeys = Math.min(1000, Number(query.get('max-keys') ?? 1000));
  const encode = query.get('encoding-type') === 'url' ? encodeURIComponent : escapeXml;
  const entries = [];
  const folders = new Set();
  let last = '';
  let truncated = false;
  for (const { key, size, time } of objects) {
    const end = delimiter && key.startsWith(prefix) ? key.indexOf(delimiter, prefix.length) : -1;
    const name = end < 0 ? key : key.slice(0, end + delimiter.length);
    if (!key.startsWith(prefix) || key <= after || (end >= 0 && (folders.has(name) || name <= after))) {
      continue;
    }
    if (entries.length === maxKeys) {
      truncated = true;
      break;
    }
    last = name;
    if (end >= 0) {
      folders.add(name);
      entries.push(`<CommonPrefixes><Prefix>${encode(name)}</Prefix></CommonPrefixes>`);
    } else {
      entries.push(
        `<Contents><Key>${encode(key)}</Key><LastModified>${new Date(time).toISOString()}</LastModified>` +
          `<ETag>&quot;${size.toString(16)}&quot;</ETag><Size>${size}</Size></Contents>`
      );
    }
  }
  const next = truncated
    ? `<NextContinuationToken>${Buffer.from(last).toString('base64url')}</NextContinuationToken>`
    : '';
  return (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
    `<Name>profiles</Name><Prefix>${encode(prefix)}</Prefix><KeyCount>${entries.length}</KeyCount>` +
    (query.get('encoding-type') === 'url' ? '<EncodingType>url</EncodingType>' : '') +
    `<IsTruncated>${truncated}</IsTruncated>${next}${entries.join('')}</ListBucketResult>`
  );
}

/** @returns {import('node:http').Server & { stats: { writes: number } }} not listening yet */
export function createStore(dir) {
  const objects = loadCaptures(dir);
  const stats = { writes: 0 };
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://store');
    const send = (status, body, type = 'application/xml') =>
      response
        .writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
        .end(request.method === 'HEAD' ? undefined : body);
    if (!['GET', 'HEAD'].includes(request.method)) {
      stats.writes++;
      return send(405, errorXml('MethodNotAllowed', 'This bucket is read only.'));
    }
    if (url.pathname === '/_stats') {
      return send(200, JSON.stringify(stats), 'application/json');
    }
    const [, bucket, ...rest] = url.pathname.split('/');
    const key = rest.map(decodeURIComponent).join('/');
    if (bucket === 'forbidden') {
      return send(403, errorXml('AccessDenied', 'Access Denied'));
    }
    if (bucket !== 'profiles') {
      return send(404, errorXml('NoSuchBucket', 'The specified bucket does not exist'));
    }
    if (key === '') {
      return send(200, list(objects, url.searchParams));
    }
    const object = objects.find((candidate) => candidate.key === key);
    if (!object) {
      return send(404, errorXml('NoSuchKey', 'The specified key does not exist.'));
    }
    return send(200, readFileSync(object.path), 'application/octet-stream');
  });
  return Object.assign(server, { stats });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const port = Number(process.env.PORT ?? 9000);
  createStore().listen(port, process.env.HOST ?? '127.0.0.1', () => {
    process.stdout.write(`S3 endpoint: http://127.0.0.1:${port}/profiles\n`);
  });
}
