import { compileLayout, presetLayout } from '../captures/layout';
import { listCaptures } from '../captures/listing';
import { listOrExplain } from '../captures/opened';
import { findServices } from '../captures/services';
import { answer, type KeyList } from '../testing/listing';
import { S3Server, type Quirks } from '../testing/s3Server';
import { remembered } from './remembered';
import { createS3Store } from './s3';
import { errorOf } from './s3Errors';
import type { StoreFetch, StoreOptions } from './store';

const signal = new AbortController().signal;
const hour = 3600_000;
const million = 1_000_000;
const end = Date.UTC(2026, 10, 3, 18);
const range = { from: end - hour, to: end };
const digits = (i: number, count = 7) => String(i).padStart(count, '0');
const captureAt = (time: number, service: string, i = 0) => {
  const iso = new Date(time).toISOString();
  return `${service}/${iso.slice(0, 13).replace(/[-T]/g, '/')}/${iso.replace(/[-:]/g, '')}_e${digits(i)}_heap_1-2_pod-0_v1/heap.pb.gz`;
};
const made = (length: number, at: (i: number) => string): KeyList => ({ length, at });
/** One list after another, which is before it in the order of keys. */
const chain = (...lists: KeyList[]): KeyList =>
  made(
    lists.reduce((sum, { length }) => sum + length, 0),
    (index) => {
      let i = index;
      const list = lists.find(({ length }) => i < length || ((i -= length), false));
      return list?.at(i) ?? '';
    }
  );
/** 18 captures of the range. */
const eighteen = (service: string) => made(18, (i) => captureAt(range.from + i * 60_000 + 1000, service, i));

function bucketOf(keys: KeyList, template = '', quirks?: Quirks, options?: StoreOptions) {
  const server = new S3Server(keys, quirks);
  const layout = template === '' ? presetLayout('') : compileLayout(template);
  const store = remembered(createS3Store(server.fetch, options), { now: () => 0 });
  return { id: '', store, layout, prefix: '', maxCaptures: 200, requests: server.requests };
}

interface Shape {
  readonly keys: KeyList;
  readonly selector?: string;
  readonly template?: string;
  readonly quirks?: Quirks;
  /** Captures that are found, or what the error says. */
  readonly found: number | RegExp;
  /** What a notice says, where not all is found or it costs more. */
  readonly said?: RegExp;
  /** Most LISTs. */
  readonly lists: number;
}

const objects = (prefix: string) => made(million, (i) => `${prefix}${digits(i)}.pb.gz`);
const year = 365 * 24 * hour;
/** A service with a capture each half minute, and so on for a year. */
const long = (service: string) =>
  made(million, (i) => captureAt(end + hour - year + Math.floor((i * year) / million), service, i));

const shapes: Readonly<Record<string, Shape>> = {
  'a million objects beside the services': {
    keys: chain(objects('dump-'), eighteen('ingester')),
    found: /below|of the whole bucket.*stopped after 200 requests.*prefix/,
    lists: 200,
  },
  'the same, with the service named': {
    keys: chain(objects('dump-'), eighteen('ingester')),
    selector: '{service="ingester"}',
    found: 18,
    lists: 1,
  },
  'a year of one service': { keys: long('ingester'), found: 114, lists: 2 },
  'a million services': {
    keys: made(million, (i) => captureAt(end - 1000, `s${digits(i)}`)),
    found: 50_000,
    said: /listing stopped after 50,000 objects/,
    lists: 53,
  },
  'one of a million services': {
    keys: made(million, (i) => captureAt(end - 1000, `s${digits(i)}`)),
    selector: '{service="s0500000"}',
    found: 1,
    lists: 1,
  },
  'a million instances of a service, before the time': {
    keys: made(million, (i) => `ingester/pod-${digits(i)}/2026/11/03/17/20261103T175900Z/heap.pb.gz`),
    template: '{service}/{instance}/{yyyy}/{mm}/{dd}/{HH}/{time}/{profile}.{ext}',
    found: 50_000,
    said: /listing stopped after 50,000 objects/,
    lists: 54,
  },
  'a million objects in the hour': {
    keys: made(million, (i) => captureAt(range.from + Math.floor((i * hour) / million), 'ingester', i)),
    found: 50_000,
    said: /listing stopped after 50,000 objects.*shorten the time range/,
    lists: 51,
  },
  'a million objects in an hour before': {
    keys: chain(
      made(million, (i) => captureAt(range.from - hour + Math.floor((i * hour) / million) - 1, 'ingester', i)),
      eighteen('ingester')
    ),
    selector: '{service="ingester"}',
    found: 18,
    lists: 1,
  },
  'no time in keys': {
    keys: objects('heap-'),
    template: '{profile}.{ext}',
    found: 0,
    said: /listing stopped after 50,000 objects/,
    lists: 50,
  },
  'a time that does not order keys': {
    keys: made(million, (i) => `mem.${digits(i)}.20261103173000.000.log`),
    template: '{profile}.{event}.{time}.log',
    found: 50_000,
    said: /listing stopped after 50,000 objects/,
    lists: 50,
  },
  'a server that ignores start-after': {
    keys: long('ingester'),
    selector: '{service="ingester"}',
    quirks: { startAfter: 'ignored' },
    found: 114,
    said: /does not begin a listing where it is told to/,
    lists: 3,
  },
  'a server that ignores delimiter': {
    keys: chain(long('a'), long('b')),
    quirks: { delimiter: 'ignored' },
    found: 228,
    said: /instead of the folders/,
    lists: 8,
  },
  'a server that repeats folders on each page': {
    keys: chain(long('a'), long('b')),
    quirks: { folders: 'pages' },
    found: 228,
    lists: 10,
  },
  'a server of two keys a page': {
    keys: long('ingester'),
    selector: '{service="ingester"}',
    quirks: { pageSize: 2 },
    found: 114,
    lists: 120,
  },
};

describe('a list costs what the range costs, in a bucket of 1,000,000 objects', () => {
  test.each(Object.entries(shapes))(
    '%s',
    async (name, { keys, selector = '', template, quirks, found, said, lists }) => {
      const bucket = bucketOf(keys, template, quirks);
      const listing = listCaptures(bucket, selector, range, signal);
      if (found instanceof RegExp) {
        await expect(listing).rejects.toThrow(found);
      } else {
        const { captures, notices } = await listing;
        expect(captures.length).toBe(found);
        expect(notices.map(({ text }) => text).join('\n')).toMatch(said ?? /^$/);
      }
      const first = bucket.requests.length;
      expect(first).toBeLessThanOrEqual(lists);
      // Asked again at once it costs nothing, whatever came of it.
      await listCaptures(bucket, selector, range, signal).catch(() => undefined);
      if (process.env.PPROFLENS_FIGURES) {
        process.stdout.write(`${name}: ${first} LISTs\n`);
      }
      expect(bucket.requests.length - first).toBeLessThanOrEqual(0);
    }
  );

  test('an empty range is explained with few requests', async () => {
    const bucket = bucketOf(long('ingester'));
    const empty = { from: end - 3 * year, to: end - 2 * year };
    const { notices } = await listOrExplain(bucket, '', empty, signal);
    expect(notices[0].text).toMatch(/no captures in this time range: the first one after it/);
    expect(bucket.requests.length).toBeLessThanOrEqual(16);
  });

  test('services are asked for no further than they are of use', async () => {
    const bucket = bucketOf(made(million, (i) => captureAt(end, `s${digits(i)}`)));
    expect((await findServices(bucket.store, bucket.layout, '', signal))?.length).toBeGreaterThan(1000);
    expect(bucket.requests).toHaveLength(2);
  });
});

const quick = { baseDelay: 1, random: () => 0 };

describe('the limits of a listing', () => {
  test('its requests are a setting, whose name the message has', async () => {
    const bucket = bucketOf(objects('a-'), '{profile}.{ext}', { pageSize: 10 }, { maxLists: 7 });
    const { captures, notices } = await listCaptures({ ...bucket, maxLists: 7 }, '', { from: 0, to: 2 * end }, signal);
    expect(captures).toHaveLength(70);
    expect(notices[0].text).toMatch(
      /Captures may be missing.*7 requests.*Most requests of a listing|stopped after 70 objects/
    );
    await expect(
      createS3Store(new S3Server(objects('a-')).fetch, { maxLists: 7 }).folders('', signal)
    ).rejects.toMatchObject({
      kind: 'limit',
      message: expect.stringMatching(/stopped after 7 requests.*"Most requests of a listing"/),
    });
  });

  test('its time is four time-outs', async () => {
    const server = new S3Server(objects('a-'));
    const fetch: StoreFetch = async (request) => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      return server.fetch(request);
    };
    const store = createS3Store(fetch, { ...quick, timeout: 100 });
    await expect(store.folders('', signal)).rejects.toThrow(/took more than 0 s.*raise "Time-out"/);
    expect(server.requests.length).toBeLessThan(20);
  });

  test.each(['tokens', 'prefixes'])('pages of %s alone end', async (kind) => {
    let i = 0;
    const page = () =>
      `<ListBucketResult>${kind === 'prefixes' ? `<CommonPrefixes><Prefix>a${++i % 900}/</Prefix></CommonPrefixes>` : ''}` +
      `<IsTruncated>true</IsTruncated><NextContinuationToken>${++i}</NextContinuationToken></ListBucketResult>`;
    let calls = 0;
    const store = createS3Store(async () => (calls++, answer(200, page())), quick);
    await expect(store.folders('', signal)).rejects.toThrow(/does not end|stopped after 200 requests/);
    expect(calls).toBeLessThanOrEqual(201);
  });
});

describe('time-outs', () => {
  const never = () => new Promise<never>(() => undefined);

  test.each([
    [
      'a listing',
      (fetch: StoreFetch) => createS3Store(fetch, { timeout: 50 }).folders('p/', signal),
      /listing below "p\/"/,
    ],
    ['an object', (fetch: StoreFetch) => createS3Store(fetch, { timeout: 50 }).get('a/b', signal), /the object "a\/b"/],
  ])('%s that hangs is given up, once', async (_, ask, what) => {
    const signals: AbortSignal[] = [];
    const asked = ask(({ signal: own }) => (signals.push(own), never()));
    await expect(asked).rejects.toMatchObject({ kind: 'time-out', message: expect.stringMatching(what) });
    await expect(asked).rejects.toThrow(/given up after 0(\.\d)? s\. Raise "Time-out" in the data source settings/);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('what still comes is waited for, at most ten times as long', async () => {
    const dripping =
      (times: number): StoreFetch =>
      async ({ onBytes, signal: own }) => {
        for (let i = 0; i < times && !own.aborted; i++) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          onBytes?.();
        }
        return answer(200, 'x');
      };
    expect((await createS3Store(dripping(10), { timeout: 60 }).get('k', signal)).byteLength).toBe(1);
    await expect(createS3Store(dripping(200), { timeout: 60 }).get('k', signal)).rejects.toMatchObject({
      kind: 'time-out',
    });
  });

  test("Grafana's 504 after the time-out is not waited for again", async () => {
    let calls = 0;
    const fetch: StoreFetch = async () => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 40));
      return answer(504, '');
    };
    await expect(createS3Store(fetch, { ...quick, timeout: 30 + 20 }).get('k', signal)).rejects.toThrow(
      /did not answer in time \(504\).*"Time-out"|given up/
    );
    expect(calls).toBeLessThanOrEqual(2);
  });
});

describe('objects over the limit', () => {
  test('are refused by their listed size before they are asked for', async () => {
    let calls = 0;
    const store = remembered(createS3Store(async () => (calls++, answer(200, 'x')), { maxObjectBytes: 1048576 }));
    await expect(store.get('big', signal, 'e', 3 * 1048576)).rejects.toThrow(
      /"big" has 3\.0 MiB, the limit is 1\.0 MiB.*Raise "Largest object"/
    );
    expect(calls).toBe(0);
    expect((await store.get('big', signal, 'e', 1048576)).byteLength).toBe(1);
  });

  test('are left where their download passes it', async () => {
    const store = createS3Store(async ({ maxBytes = 0 }) => ({ ...answer(200, ''), tooLarge: maxBytes + 1 }), {
      maxObjectBytes: 10 * 1048576,
    });
    await expect(store.get('big', signal)).rejects.toMatchObject({ kind: 'limit' });
  });
});

describe('messages', () => {
  const object = 'the object "a/heap.pb.gz"';

  test('an archived object has to be restored, and is not one without access', () => {
    const body =
      "<Error><Code>InvalidObjectState</Code><Message>The operation is not valid for the object's storage class</Message><StorageClass>GLACIER</StorageClass></Error>";
    const { message, kind } = errorOf(answer(403, body), object);
    expect(message).toMatch(/^The object "a\/heap\.pb\.gz" is archived \(GLACIER\).*Restore it in the bucket first/);
    expect(message).not.toMatch(/No access/);
    expect(kind).toBe('archived');
  });

  test.each(['', '<html>not found</html>', '{"message":"Not found"}'])(
    'a 404 of an object is not one of a bucket: %j',
    (body) => {
      const { message, kind } = errorOf(answer(404, body), object);
      expect(message).toMatch(/^There is no object "a\/heap\.pb\.gz" \(404\)/);
      expect(message).not.toMatch(/no such bucket/);
      expect(kind).toBe('no-object');
    }
  );

  test.each([
    ['the listing', '', 'no-bucket'],
    [object, '<Error><Code>NoSuchBucket</Code></Error>', 'no-bucket'],
    [object, '<Error><Code>NoSuchKey</Code></Error>', 'no-object'],
  ])('a 404 of %s with %j is %s', (what, body, kind) => {
    expect(errorOf(answer(404, body), what).kind).toBe(kind);
  });

  test('a network that fails is no redirect', async () => {
    const store = createS3Store(async () => Promise.reject(new TypeError('Failed to fetch')), quick);
    await expect(store.get('k', signal)).rejects.toMatchObject({
      kind: 'network',
      message: expect.not.stringMatching(/redirect/),
    });
  });
});
