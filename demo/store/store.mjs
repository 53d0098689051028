// A small S3 endpoint over recorded captures: ListObjectsV2 and GET, read only, on loopback. Times are moved so that each
// service's recording, which took some minutes, fills the last hour: those in the keys, and in the files the time of the
// capture. After a pause it comes again, as of the next version of the service. Nothing else of the files is touched.
//   bucket "profiles"   the captures
//   /_stats             how many writes were tried, and how often each listing and object was asked for
//   bucket "forbidden"  403, for the error's sake
// With UPLOADS_PORT, objects can be PUT there; the port that the plugin reads from stays read only. They come from checkout,
// which then runs, so that its recording is left out.
import { createServer } from 'node:http';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const defaultDir = fileURLToPath(new URL('../captures', import.meta.url));
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

/** Reads a varint. @returns its value and the offset behind it */
function varint(bytes, at) {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++];
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return [value, at];
    }
  }
}

/** The profile with its time_nanos moved, which is a varint of nine bytes from 1972 to 2262. */
function moveProfile(packed, move) {
  const bytes = gunzipSync(packed);
  for (let at = 0; at < bytes.length;) {
    const [tag, start] = varint(bytes, at);
    const [value, end] = varint(bytes, start);
    if (tag === 0x48n && end - start === 9) {
      let moved = BigInt(Math.round(move(Number(value / 1_000_000n)))) * 1_000_000n;
      for (let i = start; i < end; i++, moved >>= 7n) {
        bytes[i] = Number(moved & 0x7fn) | (i < end - 1 ? 0x80 : 0);
      }
      return gzipSync(bytes);
    }
    at = (tag & 7n) === 2n ? end + Number(value) : end;
  }
  return packed;
}

/**
 * An execution trace of Go 1.26 whose clock is moved by whole seconds: those of each generation's snapshot, a varint of five
 * bytes until 3058. @param packed gzipped
 */
export function moveTrace(packed, seconds) {
  const bytes = gunzipSync(packed);
  const values = (at, count) => {
    const found = [];
    for (let end = at; found.length < count;) {
      const [value, next] = varint(bytes, end);
      found.push([value, end, (end = next)]);
    }
    return found;
  };
  for (let at = 16; at < bytes.length;) {
    if (bytes[at] === 52) {
      at++; // The end of a generation.
      continue;
    }
    const [, , , [size, , start]] = values(at + (bytes[at] === 49 ? 2 : 1), 4);
    at = start + Number(size);
    // A batch of what synchronises: the frequency of its ticks (8), and the snapshot (51): ticks, monotonic ns, seconds, ns.
    for (let event = bytes[start] === 50 ? start + 1 : at; event < at;) {
      const found = values(event + 1, bytes[event] === 51 ? 4 : 1);
      if (bytes[event] === 51) {
        const [value, from, to] = found[2];
        let moved = value + BigInt(seconds);
        for (let i = from; i < to; i++, moved >>= 7n) {
          bytes[i] = Number(moved & 0x7fn) | (i < to - 1 ? 0x80 : 0);
        }
      }
      event = found.at(-1)[2];
    }
  }
  return gzipSync(bytes, { level: 9 });
}

/** `_v1.42.0/` of a key, `"version": "v1.42.0"` of a meta.json. */
const versionPattern = /([_"]v\d+\.\d+\.)(\d+)(?=["/])/;
const nextVersion = (text, rounds) =>
  text.replace(versionPattern, (_, start, patch) => start + (Number(patch) + rounds));

const moveMeta = (json, move, rounds) =>
  Buffer.from(
    nextVersion(json.toString(), rounds).replace(
      /"\d{4}-\d\d-\d\dT[\d:.]+Z"/g,
      (time) => `"${new Date(move(Date.parse(time.slice(1, -1)))).toISOString()}"`
    )
  );

/** What becomes of the times of each service: its first capture is 55 minutes before `now`, its last one two. */
export function timeMovers(dir = defaultDir, now = Date.now()) {
  const [from, to] = [now - 55 * 60_000, now - 2 * 60_000];
  return Object.fromEntries(
    readdirSync(dir).map((service) => {
      const times = readdirSync(join(dir, service), { recursive: true })
        .filter((name) => timePattern.test(name))
        .map(readTime);
      const first = times.reduce((a, b) => Math.min(a, b));
      const last = times.reduce((a, b) => Math.max(a, b));
      return [service, (time) => from + ((time - first) / Math.max(1, last - first)) * (to - from)];
    })
  );
}

/** Objects of a folder, moved in time, by key. @param rounds versions after the recorded one */
export function loadCaptures(dir = defaultDir, now = Date.now(), rounds = 0) {
  const movers = timeMovers(dir, now);
  const files = readdirSync(dir, { recursive: true })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());
  const objects = files.map((path) => {
    const key = relative(dir, path).split(sep).join('/');
    const move = movers[key.split('/')[0]];
    const time = move(readTime(key));
    const recorded = readFileSync(path);
    const body = path.endsWith('.pb.gz')
      ? moveProfile(recorded, move)
      : path.endsWith('.json')
        ? moveMeta(recorded, move, rounds)
        : path.endsWith('/trace.out.gz')
          ? moveTrace(recorded, Math.round((time - readTime(key)) / 1000))
          : recorded;
    return { key: nextVersion(moveKey(key, time), rounds), body, time };
  });
  return objects.sort(byKey);
}

/** So often the recording comes again: whoever has just started it can look at it for half an hour. */
export const period = 90 * 60_000;

/**
 * The captures of a folder again and again, as if the services ran again. One is listed from its time on until it comes
 * again, so that there is one of each event; by its key it can be read ever after.
 * @param isKept says of a key whether it is wanted
 */
export function repeatCaptures({ dir, isKept = () => true, start = Date.now() } = {}) {
  const objects = [];
  let rounds = 0;
  const add = () => {
    const moved = loadCaptures(dir, start + rounds * period, rounds).filter(({ key }) => isKept(key));
    objects.push(...moved.map((object) => ({ ...object, until: object.time + period })));
    objects.sort(byKey);
    rounds++;
  };
  add();
  add(); // What is to come within the period.
  setInterval(add, period).unref();
  return objects;
}

/** Those in the bucket at a time. */
export const listed = (objects, now) => objects.filter(({ time, until = Infinity }) => time <= now && now < until);

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
  for (const { key, body, time } of objects) {
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
          `<ETag>&quot;${body.length.toString(16)}&quot;</ETag><Size>${body.length}</Size></Contents>`
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

const byKey = (a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));

/** Takes objects by PUT, as an auto-profiler sends them, into a list that a store serves. */
function createUploads(objects) {
  return createServer(async (request, response) => {
    if (request.method !== 'PUT') {
      return response.writeHead(405).end();
    }
    const key = decodeURIComponent(new URL(request.url, 'http://store').pathname.slice(1));
    const body = Buffer.concat(await request.toArray());
    const others = objects.filter((object) => object.key !== key);
    objects.splice(0, Infinity, ...[...others, { key, body, time: Date.now() }].sort(byKey));
    return response.writeHead(200).end();
  });
}

/**
 * @returns {import('node:http').Server & { stats: { writes: number, lists: Record<string, number>, gets: Record<string, number> } }}
 *   not listening yet; the counts are of listings by their parameters, of objects by key
 */
export function createStore(objects = repeatCaptures(), clock = Date.now) {
  const stats = { writes: 0, lists: Object.create(null), gets: Object.create(null) };
  const count = (counts, what) => (counts[what] = (counts[what] ?? 0) + 1);
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
      url.searchParams.sort();
      count(stats.lists, url.searchParams.toString());
      return send(200, list(listed(objects, clock()), url.searchParams));
    }
    count(stats.gets, key);
    const object = objects.find((candidate) => candidate.key === key);
    if (!object) {
      return send(404, errorXml('NoSuchKey', 'The specified key does not exist.'));
    }
    return send(200, object.body, 'application/octet-stream');
  });
  return Object.assign(server, { stats });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const port = Number(process.env.PORT ?? 9000);
  const host = process.env.HOST ?? '127.0.0.1';
  const uploads = Number(process.env.UPLOADS_PORT ?? 0);
  const objects = repeatCaptures({ isKept: (key) => uploads === 0 || !key.startsWith('checkout/') });
  if (uploads > 0) {
    createUploads(objects).listen(uploads, host);
  }
  createStore(objects).listen(port, host, () => {
    process.stdout.write(`S3 endpoint: http://127.0.0.1:${port}/profiles\n`);
  });
}
