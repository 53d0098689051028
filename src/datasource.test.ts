import {
  CoreApp,
  dateTime,
  LoadingState,
  type DataQueryRequest,
  type DataQueryResponse,
  type TimeRange,
} from '@grafana/data';
import {
  config,
  setBackendSrv,
  setTemplateSrv,
  type BackendSrv,
  type BackendSrvRequest,
  type TemplateSrv,
} from '@grafana/runtime';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Observable, of } from 'rxjs';
import { PprofDataSource } from './datasource';
import { tarOf, zipOf } from './testing/archives';
import { encodeFolded } from './testing/encode';
import { routes } from './plugin.json';
import type { ViewName } from './query/query';
import { viewInfos } from './query/viewInfos';
import type { PprofOptions, PprofQuery } from './types';

// Every browser that Grafana supports has it; this jsdom does not.
AbortSignal.prototype.throwIfAborted ??= function (this: AbortSignal) {
  if (this.aborted) {
    throw new Error('aborted');
  }
};

/** An S3 bucket in memory, as Grafana's proxy shows it: ListObjectsV2 and GET over real keys and bytes. */
class MemoryBucket {
  /** Paths below the bucket, in the order they were asked for. */
  readonly requests: string[] = [];
  readonly writes: string[] = [];
  /** Requests that were ended by unsubscribing. */
  cancelled = 0;
  inFlight = 0;
  mostInFlight = 0;
  /** Answers that replace the bucket's own, by key or '' for listings. */
  readonly failures = new Map<string, { status: number; body: string }>();
  /** While true nothing is answered. */
  isStuck = false;
  /** Until an answer, in ms. */
  latency = 1;

  constructor(readonly objects: Record<string, ArrayBuffer>) {}

  /** The part of Grafana's backendSrv that the data source uses. */
  readonly backendSrv = {
    fetch: (request: BackendSrvRequest) =>
      new Observable((subscriber) => {
        const path = request.url.replace(/^.*?\/s3/, '');
        this.requests.push(path);
        if ((request.method ?? 'GET') !== 'GET') {
          this.writes.push(`${request.method} ${path}`);
        }
        this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
        let isOver = false;
        const timer = setTimeout(() => {
          if (this.isStuck) {
            return;
          }
          isOver = true;
          const { status, body } = this.answer(new URL(path, 'http://bucket'));
          if (status === 200) {
            subscriber.next({ status, data: body, headers: new Headers(), ok: true });
            subscriber.complete();
          } else {
            subscriber.error({ status, statusText: '', data: body, config: request });
          }
        }, this.latency);
        return () => {
          clearTimeout(timer);
          this.inFlight--;
          this.cancelled += isOver ? 0 : 1;
        };
      }),
  } as unknown as BackendSrv;

  private answer(url: URL): { status: number; body: ArrayBuffer } {
    const key = decodeURIComponent(url.pathname.slice(1));
    const failure = this.failures.get(key);
    if (failure) {
      return { status: failure.status, body: bytesOf(failure.body) };
    }
    if (key === '') {
      return { status: 200, body: bytesOf(this.list(url.searchParams)) };
    }
    const body = this.objects[key];
    return body
      ? { status: 200, body: body.slice(0) }
      : { status: 404, body: bytesOf('<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>') };
  }

  private list(query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? '';
    const delimiter = query.get('delimiter');
    const after = query.get('start-after') ?? '';
    const keys = Object.keys(this.objects)
      .sort()
      .filter((key) => key.startsWith(prefix) && key > after);
    const folderOf = (key: string) => {
      const end = delimiter ? key.indexOf(delimiter, prefix.length) : -1;
      return end < 0 ? undefined : key.slice(0, end + 1);
    };
    const folders = new Set(keys.flatMap((key) => folderOf(key) ?? []));
    const contents = keys.filter((key) => folderOf(key) === undefined);
    return (
      '<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>' +
      contents
        .map(
          (key) =>
            `<Contents><Key>${encodeURIComponent(key)}</Key><Size>${this.objects[key].byteLength}</Size>` +
            '<LastModified>2026-11-03T14:00:00.000Z</LastModified><ETag>"e"</ETag></Contents>'
        )
        .join('') +
      [...folders]
        .map((folder) => `<CommonPrefixes><Prefix>${encodeURIComponent(folder)}</Prefix></CommonPrefixes>`)
        .join('') +
      '</ListBucketResult>'
    );
  }
}

const bytesOf = (text: string): ArrayBuffer => {
  const bytes = new TextEncoder().encode(text);
  // A new buffer of this realm: in jsdom the encoder's is of another.
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
};

const GiB = 1024 ** 3;
const start = Date.parse('2026-11-03T14:00:00Z');
const minute = 60_000;

/** Profiles that differ between tests, so that the page's one worker never knows a key already. */
let run = 0;
beforeEach(() => {
  run++;
  config.exploreEnabled = true;
  config.bootData.user.permissions = { 'datasources:explore': true };
});

function keyOf({
  service = 'ingester',
  at = 0,
  event = 'e0',
  value = GiB,
  profile = 'cpu',
  instance = 'pod-1',
}): string {
  const iso = new Date(start + at * minute).toISOString();
  const time = iso.replace(/[-:]/g, '');
  return `${service}/2026/11/03/${iso.slice(11, 13)}/${time}_${event}_heap-ratio_${value}-${8 * GiB}_${instance}_v${run}/${profile}.pb.gz`;
}

const profileOf = (tenants: Record<string, number>): ArrayBuffer => {
  const samples = Object.entries(tenants).map(([tenant, value]) => ({
    stack: `main;serve;handle`,
    values: [value],
    labels: { tenant_id: tenant },
  }));
  const bytes = encodeFolded({ types: ['cpu/nanoseconds'], samples });
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy.buffer;
};

type Variables = Record<string, string | string[]>;

function setUp(
  objects: Record<string, ArrayBuffer>,
  { options = {}, variables = {} as Variables, access = 'proxy' } = {}
) {
  const bucket = new MemoryBucket(objects);
  setBackendSrv(bucket.backendSrv);
  const replace: TemplateSrv['replace'] = (text = '', scopedVars = {}, format) =>
    text.replace(/\$(\w+)/g, (whole, name: string) => {
      const value = scopedVars?.[name]?.value ?? variables[name];
      return value === undefined ? whole : typeof format === 'function' ? format(value) : [value].flat().join(',');
    });
  setTemplateSrv({ replace } as TemplateSrv);
  const jsonData: PprofOptions = { bucketUrl: 'https://s3.example.com/profiles', ...options };
  const settings = { uid: 'uid', name: 'Profiles', url: '/api/datasources/proxy/uid/uid', access, jsonData };
  return { bucket, ds: new PprofDataSource(settings as ConstructorParameters<typeof PprofDataSource>[0]) };
}

function requestOf(targets: Array<Partial<PprofQuery>>, more: Partial<DataQueryRequest<PprofQuery>> = {}) {
  const [from, to] = [dateTime(start - minute), dateTime(start + 59 * minute)];
  return {
    requestId: 'Q1',
    targets: targets.map((target, i) => ({ refId: 'ABC'[i], ...target })),
    range: { from, to, raw: { from, to } },
    scopedVars: {},
    ...more,
  } as DataQueryRequest<PprofQuery>;
}

async function packetsOf(ds: PprofDataSource, request: DataQueryRequest<PprofQuery>): Promise<DataQueryResponse[]> {
  const packets: DataQueryResponse[] = [];
  await new Promise<void>((resolve, reject) =>
    ds.query(request).subscribe({ next: (packet) => packets.push(packet), error: reject, complete: resolve })
  );
  return packets;
}

async function framesOf(
  ds: PprofDataSource,
  target: Partial<PprofQuery>,
  more?: Partial<DataQueryRequest<PprofQuery>>
) {
  const last = (await packetsOf(ds, requestOf([target], more))).at(-1) as DataQueryResponse;
  return { frames: last.data, errors: last.errors ?? [], state: last.state };
}
const noticesOf = (frame: { meta?: { notices?: Array<{ text: string }> } }) =>
  (frame.meta?.notices ?? []).map(({ text }) => text).join('\n');
const valuesOf = (frame: DataQueryResponse['data'][number], name: string) =>
  frame.fields.find((field: { name: string }) => field.name === name)?.values;

const threeCaptures = () => ({
  [keyOf({ at: 1, event: 'e1', value: 2 * GiB })]: profileOf({ acme: 10 }),
  [keyOf({ at: 2, event: 'e2', value: 6 * GiB })]: profileOf({ acme: 20, globex: 5 }),
  [keyOf({ at: 3, event: 'e3', value: 3 * GiB })]: profileOf({ globex: 40 }),
  [keyOf({ at: 3, event: 'e3', value: 3 * GiB, profile: 'heap' })]: profileOf({ acme: 1 }),
  [keyOf({ service: 'querier', at: 4, event: 'e4' })]: profileOf({ acme: 100 }),
});
const cpu = '{service="ingester", profile="cpu"}';

describe('which captures', () => {
  const total = async (target: Partial<PprofQuery>) => {
    const { frames } = await framesOf(setUp(threeCaptures()).ds, { view: 'flame', selector: cpu, ...target });
    return valuesOf(frames[0], 'value')[0];
  };
  test.each([
    ['latest', { capture: 'latest' }, 40],
    ['merge', { capture: 'merge' }, 75],
    ['peak', { capture: 'peak' }, 25],
    ['nearest', { capture: 'nearest', at: '2026-11-03T14:01:30Z' }, 10],
    ['an event', { capture: 'event', event: 'e2' }, 25],
    ['an exemplar link', { query: 'e1', queryType: 'traceql' }, 10],
  ] as const)('%s', async (_, target, expected) => {
    expect(await total(target)).toBe(expected);
  });

  test('goroutines in two formats are counted once, as the dump that has their states', async () => {
    const proto = keyOf({ profile: 'goroutine', event: 'g1' });
    const dump = bytesOf('goroutine 7 [select]:\nmain.f()\n\t/f.go:1 +0x1\n');
    const { ds } = setUp({ [proto]: profileOf({ acme: 5 }), [proto.replace('.pb.gz', '.txt.gz')]: dump });
    const query = { view: 'tags', capture: 'merge', selector: '{profile="goroutine", state="select"}' } as const;
    const { frames } = await framesOf(ds, query);
    expect(valuesOf(frames[0], 'value')).toContain('select');
    expect(noticesOf(frames[0])).toMatch(/one is opened: goroutine\.txt\.gz, not goroutine\.pb\.gz/);
  });

  describe('goroutines of one process', () => {
    const dumpOf = (n: number) =>
      bytesOf(
        Array.from({ length: n }, (_, i) => `goroutine ${i + 1} [select]:\nmain.f()\n\t/f.go:1 +0x1\n`).join('\n')
      );
    const leakOf = (n: number): ArrayBuffer => {
      const bytes = encodeFolded({ types: ['goroutineleak/count'], samples: [{ stack: 'main.f', values: [n] }] });
      return bytes.slice().buffer as ArrayBuffer;
    };
    const key = (at: number, profile = 'goroutine', ext = '.txt.gz', instance = 'pod-1') =>
      keyOf({ profile, at, event: `g${at}`, instance }).replace('.pb.gz', ext);
    const bucketOf = () => ({
      [key(1)]: dumpOf(2),
      [key(1, 'goroutine', '.pb.gz')]: profileOf({ acme: 2 }),
      [key(2)]: dumpOf(4),
      [key(3)]: dumpOf(6),
      [key(3, 'goroutineleak', '.pb.gz')]: leakOf(5),
      [key(3, 'goroutineleak', '.pb.gz', 'pod-2')]: leakOf(1),
      [key(2, 'goroutine', '.txt.gz', 'pod-2')]: dumpOf(50),
    });
    const selector = '{profile="goroutine"}';

    test('over time, each capture in one format, checked against the leak profile of the process', async () => {
      const { ds, bucket } = setUp(bucketOf());
      const query = { view: 'leaks', selector, signature: 'functions' } as const;
      const { frames, errors } = await framesOf(ds, query);
      expect(errors).toEqual([]);
      expect(valuesOf(frames[0], 'signature')).toEqual(['main.f']);
      expect([valuesOf(frames[0], 'first'), valuesOf(frames[0], 'last')]).toEqual([[2], [6]]);
      expect(valuesOf(frames[0], 'found by the runtime')).toEqual(['yes']);
      expect(noticesOf(frames[0])).toMatch(/process of .*pod-1.* 1 capture in this time range is of other processes/);
      expect(noticesOf(frames[0])).toMatch(/Of 1 that are there in two formats, one is read/);
      expect(noticesOf(frames[0])).toMatch(/3 captures over 2.0 min: from 2 to 6 goroutines/);
      expect(bucket.requests.filter((path) => /pb\.gz/.test(path))).toHaveLength(1);
    });

    test('as series for a graph', async () => {
      const { frames } = await framesOf(setUp(bucketOf()).ds, { view: 'states', selector });
      expect(frames[0].meta?.preferredVisualisationType).toBe('graph');
      expect(valuesOf(frames[0], 'select')).toEqual([2, 4, 6]);
    });

    test('are compared by id within the process, and not with another one', async () => {
      const { ds } = setUp(bucketOf());
      const query = { view: 'goroutines', selector: '{profile="goroutine", instance="pod-1"}' } as const;
      const { frames } = await framesOf(ds, { ...query, base: 'first' });
      expect([valuesOf(frames[0], 'change'), valuesOf(frames[0], 'still there')]).toEqual([['grown'], [2]]);
      expect(noticesOf(frames[0])).toMatch(/2 of the base's 2 goroutines are still there/);
      const other = await framesOf(ds, { ...query, base: 'instance' });
      expect(valuesOf(other.frames[0], 'change')).toEqual(['shrunk']);
      expect(valuesOf(other.frames[0], 'still there')).toBeUndefined();
    });

    test('a variable in a search is its text', async () => {
      const { ds } = setUp(bucketOf(), { variables: { search: 'id > 4 && state == "select"' } });
      const { frames } = await framesOf(ds, { view: 'goroutines', selector, search: '$search' });
      expect(valuesOf(frames[0], 'count')).toEqual([2]);
      const { errors } = await framesOf(ds, { view: 'goroutines', selector, search: 'id >' });
      expect(errors[0].message).toMatch(/Search: expected a name.* at position 5/);
    });
  });

  test('an object key opens that object whatever the range is', async () => {
    const { ds, bucket } = setUp(threeCaptures());
    const event = keyOf({ at: 1, event: 'e1', value: 2 * GiB });
    const range = requestOf([]).range;
    const later = { ...range, from: dateTime(start + 40 * minute) };
    const { frames } = await framesOf(ds, { view: 'flame', capture: 'event', event }, { range: later });
    expect(valuesOf(frames[0], 'value')[0]).toBe(10);
    // Its etag is listed, so that it is read once however else it is found.
    expect(bucket.requests).toEqual([
      `/?list-type=2&encoding-type=url&max-keys=1000&prefix=${encodeURIComponent(event)}`,
      `/${event.split('/').map(encodeURIComponent).join('/')}`,
    ]);
    await framesOf(ds, { view: 'top', capture: 'event', event }, { range: later });
    expect(bucket.requests).toHaveLength(2);
  });

  test('a service in the selector keeps the listing out of others', async () => {
    const { ds, bucket } = setUp(threeCaptures());
    await framesOf(ds, { view: 'captures', selector: cpu });
    expect(bucket.requests.every((path) => path.includes('prefix=ingester'))).toBe(true);
  });

  test('over the limit a sample is merged, and a notice says of how many and how far off it may be', async () => {
    const { ds } = setUp(threeCaptures(), { options: { maxCaptures: 2 } });
    const { frames } = await framesOf(ds, { view: 'flame', capture: 'merge', selector: cpu });
    expect(valuesOf(frames[0], 'value')[0]).toBe(65);
    expect(noticesOf(frames[0])).toMatch(
      /A sample of 2 of 3 captures is merged, .* of 1 of 1 instance, .*Error of the sample, .*handle ± 13 %/s
    );
  });

  test('the condition that leaves none is named, and what its label is instead', async () => {
    const selector = '{service="querier", profile="cpu", instance="pod-9"}';
    const { frames } = await framesOf(setUp(threeCaptures()).ds, { view: 'flame', selector });
    expect(noticesOf(frames[0])).toBe(
      'None of the 1 captures in this time range that match {service="querier", profile="cpu"} has instance="pod-9"; instance there: pod-1.'
    );
  });

  test('none is a picture that is the reason', async () => {
    const { frames, state } = await framesOf(setUp(threeCaptures()).ds, {
      view: 'flame',
      selector: '{profile="mutex"}',
    });
    const reason = 'None of the 5 captures in this time range has profile="mutex"; profile there: cpu, heap.';
    expect(valuesOf(frames[0], 'label').join(' ')).toContain(reason);
    expect(noticesOf(frames[0])).toContain(reason);
    expect(state).toBe(LoadingState.Done);
  });

  test('a time that cannot be read is an error that names it', async () => {
    const { errors } = await framesOf(setUp(threeCaptures()).ds, { capture: 'nearest', at: 'noon', selector: cpu });
    expect(errors[0].message).toMatch(/"noon" is no time/);
  });
});

describe('progress', () => {
  const many = () =>
    Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [keyOf({ at: i, event: `m${i}` }), profileOf({ acme: 1 })])
    );
  const merge = { view: 'flame', capture: 'merge', selector: cpu } as const;

  test('packets of one key say how far it is; the last is Done and has the refId', async () => {
    const { ds, bucket } = setUp(many());
    bucket.latency = 150; // Of four at a time.
    const packets = await packetsOf(ds, requestOf([merge]));
    expect(new Set(packets.map(({ key }) => key)).size).toBe(1);
    expect(packets.some(({ data }) => /\d of 12 captures/.test(noticesOf(data[0])))).toBe(true);
    expect(packets.slice(0, -1).every(({ state }) => state === LoadingState.Loading)).toBe(true);
    expect(packets.at(-1)).toMatchObject({ state: LoadingState.Done, data: [{ refId: 'A' }] });
    expect(valuesOf(packets.at(-1)?.data[0], 'value')[0]).toBe(12);
  });

  test('what is there at once is one packet, which Grafana draws once', async () => {
    const { ds } = setUp(many());
    await packetsOf(ds, requestOf([merge]));
    const packets = await packetsOf(ds, requestOf([merge, { ...merge, view: 'captures' }]));
    expect(packets.map(({ state }) => state)).toEqual([LoadingState.Done]);
  });

  test('at most six requests are under way for all targets together over HTTP/1', async () => {
    const { ds, bucket } = setUp(many());
    await packetsOf(ds, requestOf([merge, { ...merge, view: 'top' }]));
    expect(bucket.mostInFlight).toBeLessThanOrEqual(6);
  });

  test('captures that cannot be read are left out and named', async () => {
    const { ds, bucket } = setUp(many());
    const broken = keyOf({ at: 3, event: 'm3' });
    bucket.failures.set(broken, { status: 403, body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>' });
    const { frames, state } = await framesOf(ds, merge);
    expect(valuesOf(frames[0], 'value')[0]).toBe(11);
    expect(noticesOf(frames[0])).toMatch(/1 of 12 captures could not be read/);
    expect(noticesOf(frames[0])).toContain(broken);
    expect(state).toBe(LoadingState.Done);
  });

  test('an error of one target leaves the others', async () => {
    const targets = [{ ...merge }, { ...merge, selector: '{service=' }];
    const last = (await packetsOf(setUp(many()).ds, requestOf(targets))).at(-1);
    expect(last?.errors).toEqual([{ refId: 'B', message: expect.stringMatching(/expected a quoted value/) }]);
    expect(last?.data.map(({ refId }) => refId)).toEqual(['A', 'B']);
    // A picture that is the reason, for a flame graph panel without frames complains of missing fields.
    expect(valuesOf(last!.data[1], 'label').join(' ')).toMatch(/expected a quoted value/);
    expect(noticesOf(last?.data[1])).toMatch(/expected a quoted value/);
  });

  test('unsubscribing ends every request at once and nothing more is emitted', async () => {
    const { ds, bucket } = setUp(many());
    bucket.isStuck = true;
    const next = jest.fn();
    const subscription = ds.query(requestOf([merge, merge])).subscribe({ next });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(bucket.inFlight).toBeGreaterThan(0);
    subscription.unsubscribe();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(bucket.inFlight).toBe(0);
    expect(bucket.cancelled).toBe(bucket.requests.length);
    expect(next).not.toHaveBeenCalled();
  });

  test('what hangs is given up after the time-out, of queries, variables and annotations', async () => {
    const { ds, bucket } = setUp(many(), { options: { timeout: 0.05 } });
    bucket.isStuck = true;
    const given = /given up after .*Raise "Time-out" in the data source settings/;
    const last = (await packetsOf(ds, requestOf([merge, { view: 'events', selector: '{profile="heap"}' }]))).at(-1);
    expect(last?.errors?.map(({ message }) => message)).toEqual([1, 2].map(() => expect.stringMatching(given)));
    await expect(ds.metricFindQuery('services')).rejects.toThrow(given);
    await expect(ds.metricFindQuery('label_values(instance)')).rejects.toThrow(given);
    await expect(ds.getTagKeys()).rejects.toThrow(given);
    expect(bucket.inFlight).toBe(0);
    expect(bucket.cancelled).toBe(bucket.requests.length);
  });

  test('hidden and empty targets are not run, also where Grafana does not filter them', async () => {
    const { ds, bucket } = setUp(many());
    expect(await packetsOf(ds, requestOf([{ ...merge, hide: true }, {}]))).toEqual([
      { key: 'pprof-Q1', data: [], state: LoadingState.Done },
    ]);
    expect(bucket.requests).toEqual([]);
  });
});

describe('views from keys alone', () => {
  test('captures: newest first, with % of limit and a link to each object', async () => {
    const { ds, bucket } = setUp(threeCaptures());
    const [frame] = (await framesOf(ds, { view: 'captures', selector: cpu })).frames;
    expect(valuesOf(frame, 'event')).toEqual(['e3', 'e2', 'e1']);
    expect(valuesOf(frame, '% of limit')).toEqual([37.5, 75, 25]);
    const [link] = frame.fields.find(({ name }: { name: string }) => name === 'time').config.links;
    expect(link.internal).toMatchObject({
      datasourceUid: 'uid',
      query: { capture: 'event', event: '${__data.fields.key}' },
    });
    expect(link.internal.range.from.valueOf()).toBeLessThan(start + minute);
    expect(link.internal.range.to.valueOf()).toBeGreaterThan(start + 3 * minute);
    expect(bucket.requests.some((path) => path.includes('.pb.gz'))).toBe(false);
  });

  test('series: one point per event though an event has several files', async () => {
    const { frames } = await framesOf(setUp(threeCaptures()).ds, { view: 'series', groupBy: 'service' });
    const ingester = frames.find(({ name }: { name: string }) => name === 'ingester');
    expect(valuesOf(ingester, 'value')).toEqual([2 * GiB, 6 * GiB, 3 * GiB]);
    expect(ingester.fields[1]).toMatchObject({ labels: { service: 'ingester' }, config: { unit: 'bytes' } });
  });
});

describe('what a panel shows is told in it', () => {
  const heap = '{service="ingester", profile="cpu"}';
  const twoInstances = () => ({
    [keyOf({ at: 1, event: 'e1', value: 7 * GiB })]: profileOf({ acme: 1 }),
    [keyOf({ at: 2, event: 'e2', value: 2 * GiB, instance: 'pod-2' })]: profileOf({ acme: 2 }),
    [keyOf({ at: 3, event: 'e3', value: 3 * GiB, instance: 'pod-2' })]: profileOf({ acme: 3 }),
  });
  const line = async (objects: Record<string, ArrayBuffer>, query: Partial<PprofQuery>) => {
    const { ds, bucket } = setUp(objects);
    const { frames, errors } = await framesOf(ds, { view: 'event', selector: heap, ...query });
    expect(errors).toEqual([]);
    return { frame: frames[0], requests: bucket.requests };
  };

  test('the latest of several instances says so; without an event it is the one with the most memory', async () => {
    const latest = await line(twoInstances(), { capture: 'latest' });
    expect(valuesOf(latest.frame, 'shown')).toEqual(['Latest of 3 captures of 2 instances']);
    expect(valuesOf(latest.frame, 'instance')).toEqual(['pod-2']);
    const none = await line(twoInstances(), { capture: 'event', event: '' });
    expect(valuesOf(none.frame, 'shown')).toEqual(['Peak of 3 captures of 2 instances']);
    expect(valuesOf(none.frame, 'instance')).toEqual(['pod-1']);
    const one = '{service="ingester", instance="pod-2"}';
    const ofOne = await line(twoInstances(), { capture: 'event', event: '', selector: one });
    expect(valuesOf(ofOne.frame, 'event')).toEqual(['e3']);
    const merged = await line(twoInstances(), { capture: 'merge' });
    expect(valuesOf(merged.frame, 'shown')).toEqual(['Merged from 3 captures of 2 instances']);
    expect([valuesOf(merged.frame, 'instance'), valuesOf(merged.frame, 'service')]).toEqual([undefined, ['ingester']]);
  });

  test('an event in one line, with the age of its heap, from one listing and its meta.json', async () => {
    const key = keyOf({ at: 5, event: 'e5', value: 6 * GiB, profile: 'heap' });
    const meta = { time: '2026-11-03T14:05:00Z', memstats: { last_gc: '2026-11-03T14:04:58.5Z' } };
    const objects = {
      [key]: profileOf({ acme: 1 }),
      [key.replace('heap.pb.gz', 'meta.json')]: bytesOf(JSON.stringify(meta)),
    };
    const selector = '{service="ingester", profile="heap"}';
    const { frame, requests } = await line(objects, { capture: 'event', event: 'e5', selector });
    const row = Object.fromEntries(
      frame.fields.map(({ name, values }: { name: string; values: unknown[] }) => [name, values[0]])
    );
    expect(row).toMatchObject({
      shown: 'Event e5',
      instance: 'pod-1',
      memory: '6,144 of 8,192 MiB, 75 %',
      'heap age': 1500,
      event: 'e5',
    });
    expect(requests).toHaveLength(2);
    const without = await line({ [key]: objects[key] }, { capture: 'event', event: 'e5', selector });
    expect(valuesOf(without.frame, 'heap age')).toBeUndefined();
    expect(without.requests).toHaveLength(1);
  });

  test.each([
    [{ capture: 'event', event: 'e1' }, ['', '', '●']],
    [{ capture: 'event', event: '' }, ['', '', '●']],
    [{ capture: 'latest' }, ['●', '', '']],
    [{ capture: 'event', event: 'gone' }, undefined],
    [{ capture: 'merge' }, undefined],
  ] as const)('the captures that %o opens are marked', async (choice, expected) => {
    const { frames } = await framesOf(setUp(twoInstances()).ds, { view: 'captures', selector: heap, ...choice });
    expect(valuesOf(frames[0], 'shown')).toEqual(expected);
  });
});

describe('nothing found', () => {
  const asked = { view: 'top', selector: '{service="ingester", profile="cpu"}' } as const;
  const rangeAt = (day: number) => {
    const [from, to] = [
      dateTime(start + day * 24 * 60 * minute),
      dateTime(start + day * 24 * 60 * minute + 60 * minute),
    ];
    return { range: { from, to, raw: { from, to } } };
  };
  const rowsOf = (frame: DataQueryResponse['data'][number]) => valuesOf(frame, 'Nothing to show');

  test('a service that does not exist: those that do, in a row', async () => {
    const { frames } = await framesOf(setUp(threeCaptures()).ds, { view: 'top', selector: '{service="ingestor"}' });
    expect(rowsOf(frames[0])).toEqual(['There is no service "ingestor" in the bucket; there are ingester, querier.']);
    expect(noticesOf(frames[0])).toBe(rowsOf(frames[0])[0]);
    expect(frames[0].meta.preferredVisualisationPluginId).toBe('table');
  });

  test('another time: when the last capture was, and a link there', async () => {
    const { ds, bucket } = setUp(threeCaptures());
    const { frames } = await framesOf(ds, asked, rangeAt(40));
    expect(rowsOf(frames[0])[0]).toMatch(
      /^There are no captures of ingester in this time range: the last one is 40 days before it, 2026-11-03 14:03:00 UTC, pod-1/
    );
    const [link] = frames[0].fields[0].config.links;
    const url = new URL(link.url.replace('${__url.path}${__url.params:exclude:from,to}', 'http://grafana/d/x?var-a=b'));
    const [from, to] = ['from', 'to'].map((name) => Number(url.searchParams.get(name)));
    expect([from < start + 3 * minute, to > start + 3 * minute, to - from]).toEqual([true, true, 60 * minute]);
    expect(bucket.requests.filter((path) => path.includes('list-type')).length).toBeLessThanOrEqual(14);
    const inExplore = await framesOf(ds, asked, { ...rangeAt(40), app: CoreApp.Explore });
    const { pl1 } = JSON.parse(
      new URL(inExplore.frames[0].fields[0].config.links[0].url, 'http://grafana').searchParams.get('panes') ?? ''
    );
    expect(pl1).toMatchObject({ datasource: 'uid', queries: [asked], range: { from: String(from), to: String(to) } });
  });

  test('a time before all captures: the first one after it', async () => {
    const { frames } = await framesOf(setUp(threeCaptures()).ds, asked, rangeAt(-3));
    expect(rowsOf(frames[0])[0]).toMatch(/the first one after it is 3 days later, 2026-11-03 14:01:00 UTC/);
  });

  test('an empty bucket', async () => {
    const { frames } = await framesOf(setUp({}).ds, asked);
    expect(rowsOf(frames[0])).toEqual(['There is nothing in the bucket.']);
  });

  test('in a panel of time series the sentence is the name of an empty series', async () => {
    const { frames } = await framesOf(setUp(threeCaptures()).ds, { view: 'series', selector: '{service="x"}' });
    const [time, value] = frames[0].fields;
    expect([time.values.length, value.values]).toEqual([2, [null, null]]);
    expect(value.config.displayNameFromDS).toMatch(/^There is no service "x"/);
    expect(frames[0].meta.preferredVisualisationType).toBe('graph');
  });

  test('a flame graph draws the reason, and marks over a panel nothing', async () => {
    const { frames } = await framesOf(setUp(threeCaptures()).ds, { view: 'flame', selector: '{service="x"}' });
    expect(valuesOf(frames[0], 'label').join(' ')).toMatch(/^There is no service "x"/);
    expect(noticesOf(frames[0])).toMatch(/^There is no service "x"/);
    const { ds, bucket } = setUp(threeCaptures());
    const marks = await framesOf(ds, { view: 'events', selector: '{service="x"}' });
    expect([marks.frames[0].length, bucket.requests.length]).toEqual([0, 1]);
  });

  test('where no time was asked for, the event that is gone is said, and when the last capture was', async () => {
    const query = { ...asked, capture: 'event', event: 'gone' } as const;
    const { frames } = await framesOf(setUp(threeCaptures()).ds, query, rangeAt(1));
    expect(rowsOf(frames[0])[0]).toMatch(/^No capture of event "gone" is in this time range/);
    expect(rowsOf(frames[0])[1]).toMatch(/the last one is .* before it/);
  });
});

describe('Explore', () => {
  test.each(['events', 'exemplars'] as const)('shows the rows of %s, which over a panel are marks', async (view) => {
    const { ds } = setUp(threeCaptures());
    const query = { view, selector: '{service="ingester"}' };
    const explore = (await framesOf(ds, query, { app: CoreApp.Explore })).frames[0];
    expect(explore.meta).toMatchObject({
      preferredVisualisationType: 'table',
      preferredVisualisationPluginId: 'table',
    });
    expect(explore.meta.dataTopic).toBeUndefined();
    expect([...valuesOf(explore, 'event')].sort()).toEqual(['e1', 'e2', 'e3']);
    const panel = (await framesOf(ds, query, { app: CoreApp.Dashboard })).frames[0];
    expect(panel.meta.dataTopic).toBe('annotations');
    const none = (await framesOf(ds, { view, selector: '{service="x"}' }, { app: CoreApp.Explore })).frames[0];
    expect(valuesOf(none, 'Nothing to show')[0]).toMatch(/^There is no service "x"/);
  });

  test('is where links lead who may go there; others are led to the dashboard', async () => {
    const linksOf = async (view: 'captures' | 'exemplars' | 'event') => {
      const options = { metricsUid: 'prom', metricsQueries: [{ name: 'Memory', query: 'm' }] };
      const { frames } = await framesOf(setUp(threeCaptures(), { options }).ds, { view, selector: cpu });
      const field = frames[0].fields.find(({ name }: { name: string }) => name === 'event');
      return field.config.links.map(({ title }: { title: string }) => title);
    };
    expect(await linksOf('captures')).toEqual(['Open in Explore', 'Memory']);
    expect(await linksOf('exemplars')).toEqual(['Open capture', 'Open in Explore']);
    config.bootData.user.permissions = {};
    expect(await linksOf('captures')).toEqual(['Open capture']);
    expect(await linksOf('exemplars')).toEqual(['Open capture']);
    expect(await linksOf('event')).toEqual(['Open capture']);
    const { frames } = await framesOf(setUp(threeCaptures()).ds, { view: 'events', selector: cpu });
    expect(valuesOf(frames[0], 'text')[0]).toMatch(/Open capture/);
    expect(valuesOf(frames[0], 'text')[0]).not.toMatch(/explore/);
  });
});

describe('the memory of a process', () => {
  const heap = keyOf({ at: 5, event: 'e5', profile: 'heap' });
  const meta = heap.replace('heap.pb.gz', 'meta.json');
  const heapOf = (): ArrayBuffer => {
    const bytes = encodeFolded({ types: ['inuse_space/bytes'], samples: [{ stack: 'main;f', values: [50] }] });
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return copy.buffer;
  };
  const written = {
    limit: 400,
    files: ['heap.pb.gz', 'cpu.pb.gz'],
    memory: { rss: 200, heap: 150 },
    memstats: { heap_inuse: 100 },
  };
  const ask = (objects: Record<string, ArrayBuffer>) =>
    framesOf(setUp(objects).ds, { view: 'memory', selector: '{service="ingester", profile="heap"}' });

  test('is read from the meta.json beside the capture, which is no capture itself', async () => {
    const objects = { [heap]: heapOf(), [meta]: bytesOf(JSON.stringify(written)) };
    const [frame] = (await ask(objects)).frames;
    expect(valuesOf(frame, 'memory')[0]).toBe('Limit');
    expect(noticesOf(frame)).toMatch(/1 of 2 files of this event are not there: cpu\.pb\.gz/);
    expect(noticesOf(frame)).toMatch(/explains 25 %/);
    const [captures] = (await framesOf(setUp(objects).ds, { view: 'captures' })).frames;
    expect(valuesOf(captures, 'profile')).toEqual(['heap']);
  });

  test('is read from the last lines of a heap as text where there is no meta.json', async () => {
    const text = [
      'heap profile: 1: 60 [2: 80] @ heap/2',
      '1: 60 [2: 80] @ 0x401001',
      '#\t0x401000\tmain.f+0x1\t/src/main.go:7',
      '',
      '# runtime.MemStats',
      ...['# Sys = 200', '# HeapIdle = 40', '# HeapInuse = 90', '# HeapReleased = 30', '# Stack = 5 / 8'],
    ];
    const [frame] = (await ask({ [heap]: bytesOf(text.join('\n')) })).frames;
    expect(
      valuesOf(frame, 'memory').map((name: string, i: number) => [name.trim(), valuesOf(frame, 'bytes')[i]])
    ).toEqual([
      ['Go runtime', 170],
      ['stacks', 8],
      ['idle heap', 10],
      ['the runtime itself', 62],
      ['Heap in use', 90],
      ['not in the profile', 30],
      ['Heap profile', 60],
    ]);
    expect(noticesOf(frame)).toMatch(/There is no .*meta\.json.*From the last lines of the heap profile/s);
  });

  test('is not known without it, or with a broken one, and that is said', async () => {
    const unknown = (await ask({ [heap]: heapOf() })).frames[0];
    expect(noticesOf(unknown)).toMatch(/There is no .*meta\.json.*memory of the process is not known/s);
    const broken = await ask({ [heap]: heapOf(), [meta]: bytesOf('{"limit":') });
    expect(broken.errors).toEqual([]);
    expect(noticesOf(broken.frames[0])).toMatch(/not uploaded whole/);
  });
});

describe('bad input', () => {
  const heap = (patch: Parameters<typeof keyOf>[0]) => keyOf({ profile: 'heap', ...patch });
  const ofEvent = (event: string, profile = 'heap') =>
    ({ view: 'flame', capture: 'event', event, selector: `{service="ingester", profile="${profile}"}` }) as const;

  test('an event that is gone, or that lacks a profile, is said by name', async () => {
    const e1 = heap({ at: 1, event: 'e1' });
    const objects = {
      [e1]: profileOf({ acme: 1 }),
      [heap({ at: 2, event: 'e2' }).replace('heap.pb.gz', 'meta.json')]: bytesOf('{}'),
    };
    const said = async (query: Partial<PprofQuery>) => {
      const { frames, errors } = await framesOf(setUp(objects).ds, query);
      expect(errors).toEqual([]);
      return noticesOf(frames[0]);
    };
    expect(await said(ofEvent('gone'))).toMatch(/No capture of event "gone" is in this time range/);
    expect(await said(ofEvent('e1', 'cpu'))).toMatch(
      /Event "e1" has no cpu profile, but heap\. It was not captured, is/
    );
    expect(await said(ofEvent('e2'))).toMatch(/Event "e2" has only its meta\.json so far/);
    const elsewhere = { ...ofEvent('e1'), selector: '{service="ingester", instance="pod-9", profile="heap"}' };
    expect(await said(elsewhere)).toMatch(/Event "e1" is there, but the selector leaves it out: .* pod-1/);
    // One that was listed and is removed before it is read.
    const removed = await framesOf(setUp(objects).ds, { ...ofEvent(e1.replace('e1_', 'e9_')) });
    expect(removed.errors[0].message).toMatch(/no longer the object .*_e9_.*lifecycle rule/);
  });

  test('without an event the latest is shown, and how long before the end it was', async () => {
    const { frames } = await framesOf(setUp({ [heap({ at: 52 })]: profileOf({ acme: 1 }) }).ds, ofEvent(''));
    expect(noticesOf(frames[0])).toMatch(/Latest of 1 captures, 7 min before the end of the time range: /);
  });

  test('keys that do not parse are counted, and the others shown', async () => {
    const objects = { [heap({ at: 1 })]: profileOf({ acme: 1 }), 'ingester/2026/11/03/14/readme.txt': bytesOf('x') };
    const { frames } = await framesOf(setUp(objects).ds, { view: 'events', selector: '{service="ingester"}' });
    expect(frames[0].length).toBe(1);
    expect(noticesOf(frames[0])).toMatch(/1 of 2 keys is not of the key layout, e\.g\. .*readme\.txt/);
  });

  test('clocks that disagree are said: of the key and the listing, of the key and the profile', async () => {
    const timed = (at: number) => {
      const bytes = encodeFolded({
        types: ['cpu/nanoseconds'],
        samples: [],
        timeNanos: BigInt(start + at * minute) * 1_000_000n,
      });
      return new Uint8Array(bytes).slice().buffer as ArrayBuffer;
    };
    // The bucket's listing says 14:00 for all.
    const objects = { [heap({ at: 3, event: 'e1' })]: timed(2), [heap({ at: 50, event: 'e2' })]: timed(-60) };
    const listed = await framesOf(setUp(objects).ds, { view: 'captures' });
    expect(noticesOf(listed.frames[0])).toMatch(
      /1 of 2 captures were stored before the time in their keys, .*_e2_.* by 50 min/
    );
    expect(noticesOf((await framesOf(setUp(objects).ds, ofEvent('e1'))).frames[0])).not.toMatch(/apart/);
    expect(noticesOf((await framesOf(setUp(objects).ds, ofEvent('e2'))).frames[0])).toMatch(
      /The profile says that it was captured at 2026-11-03 13:00:00 UTC, its key says 2026-11-03 14:50:00: 110 min apart/
    );
  });

  test('a limit of 0 is no limit: no share of it, no healthy base, no division', async () => {
    const key = (at: number) => heap({ at, event: `e${at}` }).replace(`-${8 * GiB}_`, '-0_');
    const objects = { [key(1)]: profileOf({ acme: 1 }), [key(2)]: profileOf({ acme: 2 }) };
    const [captures] = (await framesOf(setUp(objects).ds, { view: 'captures' })).frames;
    expect(valuesOf(captures, '% of limit')).toBeUndefined();
    const [events] = (await framesOf(setUp(objects).ds, { view: 'events' })).frames;
    expect(valuesOf(events, 'title')[0]).toBe('heap-ratio at 1,024 MiB');
    const { frames } = await framesOf(setUp(objects).ds, { ...ofEvent('e2'), view: 'diff', base: 'healthy' });
    expect(noticesOf(frames[0])).toMatch(/no capture that is known to be healthy: the key of pod-1 has no limit, or 0/);
  });

  test('one that cannot be read leaves the other queries of a panel alone', async () => {
    const objects = {
      [heap({ at: 1, event: 'e1' })]: bytesOf('cut'),
      [keyOf({ at: 1, event: 'e1' })]: profileOf({ acme: 7 }),
    };
    const { ds } = setUp(objects);
    const last = (await packetsOf(ds, requestOf([ofEvent('e1'), ofEvent('e1', 'cpu')]))).at(-1);
    expect(last?.errors).toHaveLength(1);
    expect(valuesOf(last?.data[0], 'value')[0]).toBe(7);
  });
});

test('an estimate without a CPU profile of its own takes the nearest one, and says so', async () => {
  const heap = keyOf({ at: 3, event: 'e2', profile: 'heap' });
  const objects = {
    [keyOf({ at: 1, event: 'e0', profile: 'cpu' })]: profileOf({ globex: 1 }),
    [keyOf({ at: 2, event: 'e1', profile: 'cpu' })]: profileOf({ acme: 1 }),
    [keyOf({ at: 3, event: 'e2', profile: 'goroutine' })]: profileOf({ globex: 1 }),
    [heap]: profileOf({ x: 40 }),
  };
  const query = { view: 'tags', estimate: 'paths', selector: '{service="ingester", profile="heap"}' } as const;
  const { frames } = await framesOf(setUp(objects).ds, query);
  expect(valuesOf(frames[0], 'value')).toEqual(['acme']);
  expect(noticesOf(frames[0])).toMatch(
    /This event has no CPU profile; the estimate takes that of another one: .* 14:02:00/
  );
});

describe('variables and filters', () => {
  const selectorOf = (selector: string, variables: Variables, filters: DataQueryRequest['filters'] = []) =>
    setUp({}, { variables }).ds.interpolateVariablesInQueries([{ refId: 'A', selector }], {}, filters)[0].selector;

  test.each([
    ['one value', '{tenant_id="$t"}', { t: 'acme' }, '{tenant_id="acme"}'],
    ['several values become alternatives', '{tenant_id="$t"}', { t: ['a', 'b'] }, '{tenant_id=~"a|b"}'],
    ['and their negation', '{tenant_id!="$t"}', { t: ['a', 'b'] }, '{tenant_id!~"a|b"}'],
    ['a value is no pattern', '{tenant_id=~"$t"}', { t: 'a.*|b' }, '{tenant_id=~"a\\\\.\\\\*\\\\|b"}'],
    ['nor ends the quote', '{tenant_id="$t"}', { t: 'x", profile="heap' }, '{tenant_id="x\\", profile=\\"heap"}'],
    ['inside a pattern it is a group', '{tenant_id=~"eu-$t"}', { t: ['a', 'b'] }, '{tenant_id=~"eu-(?:a|b)"}'],
    ['a variable as the name', '{$l="x"}', { l: 'tenant_id' }, '{tenant_id="x"}'],
    ['without variables the text stays', "{ tenant_id='x' }", {}, "{ tenant_id='x' }"],
  ])('%s', (_, selector, variables, expected) => {
    expect(selectorOf(selector, variables as Variables)).toBe(expected);
  });

  test('ad hoc filters join the selector; several values are literal alternatives', () => {
    const filters = [
      { key: 'tenant_id', operator: '=|', value: 'a', values: ['a.b', 'c'] },
      { key: 'route', operator: '!=', value: '/"x"' },
    ];
    expect(selectorOf(cpu, {}, filters)).toBe(
      '{service="ingester", profile="cpu", tenant_id=~"a\\\\.b|c", route!="/\\"x\\""}'
    );
  });

  test('an operator that labels do not have is an error', () => {
    expect(() => selectorOf(cpu, {}, [{ key: 'x', operator: '<', value: '1' }])).toThrow(
      /x < 1: labels are compared by/
    );
  });

  test("a dashboard's values and filters reach the samples", async () => {
    const { ds } = setUp(threeCaptures(), { variables: { t: ['globex', 'other'] } });
    const target = { view: 'flame', capture: 'merge', selector: '{service="ingester", profile="cpu", tenant_id="$t"}' };
    const { frames } = await framesOf(ds, target as PprofQuery);
    expect(valuesOf(frames[0], 'value')[0]).toBe(45);
  });

  test('values of a variable come from keys, and from profiles where keys do not say', async () => {
    const { ds } = setUp(threeCaptures(), { variables: { s: 'ingester' } });
    const { range } = requestOf([]);
    const ask = async (query: string | { query: string }) =>
      (await ds.metricFindQuery(query, { range })).map(({ text }) => text);
    expect(await ask('services')).toEqual(['ingester', 'querier']);
    expect(await ask('label_values({service="$s"}, profile)')).toEqual(['cpu', 'heap']);
    expect(await ask({ query: 'label_values({service="$s", profile="cpu"}, tenant_id)' })).toEqual(['globex']);
    expect(await ask('label_values(nothing)')).toEqual([]);
    await expect(ask('tenants of x')).rejects.toThrow(/expected services, label_values/);
  });

  test('ad hoc keys and values', async () => {
    const { ds } = setUp(threeCaptures());
    const timeRange = requestOf([]).range;
    expect((await ds.getTagKeys({ timeRange })).map(({ text }) => text)).toEqual(
      expect.arrayContaining(['service', 'profile', 'tenant_id'])
    );
    expect(await ds.getTagValues({ key: 'service', timeRange })).toEqual([{ text: 'ingester' }, { text: 'querier' }]);
  });
});

describe('a clock that is ahead', () => {
  /** The key of a capture so many minutes from now. */
  const keyIn = (minutes: number) => {
    const at = (Date.now() - start) / minute + minutes;
    const folders = new Date(start + at * minute).toISOString().slice(0, 10).replace(/-/g, '/');
    return keyOf({ at, event: `e${minutes}` }).replace('2026/11/03', folders);
  };
  const objects = () => ({ [keyIn(-10)]: profileOf({ acme: 1 }), [keyIn(30)]: profileOf({ acme: 2 }) });

  test('is said of captures that are left out', async () => {
    const [from, to] = [dateTime(Date.now() - 60 * minute), dateTime(Date.now())];
    const range = { from, to, raw: { from, to } };
    const { frames } = await framesOf(setUp(objects()).ds, { view: 'captures', selector: cpu }, { range });
    expect(frames[0].length).toBe(1);
    expect(noticesOf(frames[0])).toMatch(
      /^Captures of a time to come are left out: 1, the last, .*_e30_.*, by (29|30) min: a clock/m
    );
  });

  test('is said by Save & test', async () => {
    expect(await setUp(objects()).ds.testDatasource()).toMatchObject({
      status: 'success',
      message: expect.stringMatching(/newest (29|30) min in the future: a clock is wrong/),
    });
  });
});

describe('settings', () => {
  test.each([
    [{ selector: 5 }, /^The query's selector is 5: expected a string\.$/],
    [{ view: 'none' }, /^The query's view is "none": expected one of flame, top, /],
    [{ view: ['top'] }, /^The query's view is \["top"\]: expected one of /],
    [{ view: 'tags', nodeCount: '$n' }, /^The query's nodeCount is "\$n": expected a number\.$/],
  ])('a stored query with %j gets a plain message', async (stored, message) => {
    const { ds } = setUp({});
    const [last] = (await packetsOf(ds, requestOf([stored as object]))).slice(-1);
    expect(last.errors).toEqual([{ refId: 'A', message: expect.stringMatching(message) }]);
    expect(() => ds.interpolateVariablesInQueries([{ refId: 'A', ...(stored as object) }], {})).not.toThrow();
    expect(() => ds.getQueryDisplayText({ refId: 'A', ...(stored as object) })).not.toThrow();
  });

  test('access by the browser is refused', async () => {
    const { ds, bucket } = setUp(threeCaptures(), { access: 'direct' });
    const { errors } = await framesOf(ds, { view: 'captures' });
    expect(errors[0].message).toMatch(/Access "Browser" is not served/);
    expect(bucket.requests).toEqual([]);
  });

  test.each(['s3://profiles', 'gs://profiles/prod', 'profiles', 'https://', 'https:///profiles'])(
    'a bucket URL %s is answered with what to enter, and nothing is asked',
    async (bucketUrl) => {
      const { ds, bucket } = setUp(threeCaptures(), { options: { bucketUrl } });
      const message = expect.stringContaining(`"${bucketUrl}" is none that Grafana can read: expected https://`);
      expect(await ds.testDatasource()).toMatchObject({ status: 'error', message });
      expect((await framesOf(ds, { view: 'captures' })).errors[0]).toMatchObject({ message });
      await expect(ds.previewKeys()).rejects.toMatchObject({ message });
      expect(bucket.requests).toEqual([]);
    }
  );

  test.each([
    [403, '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>', /s3:ListBucket/],
    [404, '<Error><Code>NoSuchBucket</Code><Message>gone</Message></Error>', /no such bucket/],
    [200, '<html><body>hello</body></html>', /not the <ListBucketResult>/],
  ])('health: %i is said precisely', async (status, body, expected) => {
    const { ds, bucket } = setUp({});
    bucket.failures.set('', { status, body });
    expect(await ds.testDatasource()).toMatchObject({ status: 'error', message: expect.stringMatching(expected) });
  });

  test('health: an empty bucket, and a layout that matches nothing', async () => {
    expect(await setUp({}).ds.testDatasource()).toMatchObject({ message: expect.stringMatching(/has no object/) });
    const { ds } = setUp({ 'logs/a.txt': new ArrayBuffer(1), 'logs/b.txt': new ArrayBuffer(1) });
    expect(await ds.testDatasource()).toMatchObject({
      message: expect.stringMatching(/matches 0 of 2 keys.*logs\/a\.txt/s),
    });
  });

  test('a query of Pyroscope asks it alone, and its rows lead to the captures of the bucket', async () => {
    const recorded = join(__dirname, '../testdata/pyroscope');
    const answers: Record<string, unknown> = {
      types: JSON.parse(readFileSync(join(recorded, 'types.json'), 'utf8')),
      merge: Uint8Array.from(readFileSync(join(recorded, 'merge.pb'))).buffer,
    };
    const query = { view: 'top', readFrom: 'pyroscope', selector: '{service="shipping", profile="heap"}' } as const;
    const { ds, bucket } = setUp(threeCaptures(), { options: { pyroscopeUrl: 'http://pyroscope:4040' } });
    const fetch = ({ url }: { url: string }) => of({ data: answers[url.replace(/.*\//, '')] });
    setBackendSrv({ fetch } as never);
    const { frames } = await framesOf(ds, query);
    const [frame] = frames;
    expect(frame.fields[0].values[0]).toBe('reflect.growslice');
    expect(frame.fields[1].values[0]).toBe(218840664);
    expect(frame.meta?.notices?.[0].text).toMatch(/^Merged by Pyroscope: memory:inuse_space.*service_name="shipping"/);
    const { panes } = Object.fromEntries(new URL(frame.fields[0].config.links![0].url, 'http://grafana').searchParams);
    expect(JSON.parse(panes).pl1.queries[0]).toMatchObject({ view: 'captures', selector: query.selector });
    expect(bucket.requests).toEqual([]);
    const { ds: without } = setUp(threeCaptures());
    const { errors } = await framesOf(without, query);
    expect(errors[0].message).toMatch(/settings of the data source have no address/);
  });

  test('a gateway is there for Editors where the settings have one, whose one route that posts is theirs; others that post read', async () => {
    const gatewayUrl = 'http://gateway:9900';
    const gatewayOf = (role: string, options = {}) => {
      config.bootData.user.orgRole = role as typeof config.bootData.user.orgRole;
      return setUp(threeCaptures(), { options }).ds.gateway;
    };
    expect(gatewayOf('Editor', { gatewayUrl })).toBeDefined();
    expect(gatewayOf('Viewer', { gatewayUrl })).toBeUndefined();
    expect(gatewayOf('Admin')).toBeUndefined();
    const posted = routes.filter(({ method }) => method !== 'GET');
    expect(posted.map(({ path, reqRole, url }) => [path, reqRole, url.replace(/^\{\{.*\}\}/, '')])).toEqual([
      ['pyroscope/types', undefined, '/querier.v1.QuerierService/ProfileTypes'],
      ['pyroscope/merge', undefined, '/querier.v1.QuerierService/SelectMergeProfile'],
      ['gateway/captures', 'Editor', '/pproflens/captures'],
    ]);
  });

  test('no query, variable, annotation, download or health check of any view captures', async () => {
    config.bootData.user.orgRole = 'Admin' as typeof config.bootData.user.orgRole;
    const { ds, bucket } = setUp(threeCaptures(), { options: { gatewayUrl: 'http://gateway:9900' } });
    expect(ds.gateway).toBeDefined();
    const gateway = () => bucket.requests.filter((path) => path.includes('/gateway/'));
    const selector = '{service="ingester", profile="heap"}';
    for (const view of viewInfos.map(({ name }) => name as ViewName)) {
      await framesOf(ds, { view, selector });
      await framesOf(ds, ds.annotations.prepareQuery!({ name: '', target: { refId: 'A', view, selector } } as never)!);
    }
    // What a link may say: Prometheus's exemplars, and fields that no query has.
    await framesOf(ds, { query: 'e1', queryType: 'traceql' });
    await framesOf(ds, {
      view: 'flame',
      capture: 'now',
      captureNow: true,
      profiles: ['heap'],
      service: 'ingester',
    } as object);
    const all = requestOf([{ view: 'flame', selector }]);
    await ds.download(all.targets[0], all, new AbortController().signal).catch(() => undefined); // This jsdom cannot pack it.
    await ds.metricFindQuery('label_values(service)', { range: all.range });
    await ds.getTagKeys({ timeRange: all.range });
    await ds.getTagValues({ key: 'instance', timeRange: all.range });
    await ds.suggestions(selector, all.range);
    await ds.previewKeys();
    expect(bucket.requests.length).toBeGreaterThan(5);
    expect(gateway()).toEqual([]);
    await ds.testDatasource();
    expect(gateway()).toEqual([expect.stringMatching(/\/gateway\/info$/)]);
    expect(bucket.writes).toEqual([]);
  });

  test('a default query and its text', () => {
    const { ds } = setUp({});
    expect(ds.getQueryDisplayText({ refId: 'A', ...ds.getDefaultQuery(CoreApp.Explore) })).toBe(
      'captures latest {profile="heap"}'
    );
  });
});

describe('archives', () => {
  const own = (bytes: Uint8Array): ArrayBuffer => {
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return copy.buffer;
  };
  const file = (name: string, tenants: Record<string, number>) => ({ name, bytes: new Uint8Array(profileOf(tenants)) });
  const dump = {
    name: 'debug/goroutine.txt',
    bytes: new Uint8Array(bytesOf('goroutine 7 [select]:\nmain.f()\n\t/f.go:1 +0x1\n')),
  };
  const keyAt = (at: number, name: string) =>
    keyOf({ at, event: `a${at}`, profile: name, value: at * GiB }).replace('.pb.gz', '');
  const zip = (at: number) => keyAt(at, 'debug.zip');
  /** Names of archives differ between tests, as those of profiles do: what is inside is remembered by the page. */
  const bucketOf = () => ({
    [keyAt(1, 'heap.pb.gz')]: profileOf({ alone: 1 }),
    [zip(2)]: own(zipOf([file('n1/heap.pprof', { n1: 2 }), file('n2/heap.pprof', { n2: 30 }), dump], { method: 0 })),
    [keyAt(3, 'debug.tar')]: own(tarOf([file('heap.prof', { tar: 4 }), file('profile.prof', { cpu: 5 })])),
  });
  const totalOf = async (target: Partial<PprofQuery>, ds = setUp(bucketOf()).ds) => {
    const { frames, errors } = await framesOf(ds, { view: 'flame', ...target });
    return errors[0]?.message ?? valuesOf(frames[0], 'value')[0];
  };

  test.each([
    ['as the latest of its profile', { selector: '{profile="heap"}' }, 4],
    ['by the name of a profile that it alone has', { selector: '{profile="cpu"}' }, 5],
    ['by its member', { selector: '{profile="heap", member="n2/heap.pprof"}', capture: 'first' }, 'none'],
    ['merged with captures that are no archives', { selector: '{profile="heap"}', capture: 'merge' }, 7],
    [
      'as the first of it',
      { selector: '{profile=~"goroutine|block"}', capture: 'nearest', at: '2026-11-03T14:02:30Z' },
      1,
    ],
    ['as the peak', { selector: '{profile="heap"}', capture: 'peak' }, 4],
  ] as const)('are opened %s', async (_, target, expected) => {
    // `first` of heap is no archive, and has no member.
    expect(await totalOf(target)).toBe(expected === 'none' ? 30 : expected);
  });

  test('are compared with captures of the same profile', async () => {
    const { frames, errors } = await framesOf(setUp(bucketOf()).ds, {
      view: 'diff',
      selector: '{profile="heap"}',
      base: 'previous',
    });
    expect(errors).toEqual([]);
    expect(noticesOf(frames[0])).toMatch(/Compared with the capture of pod-1 before it: 2026-11-03 14:02/);
    expect(noticesOf(frames[0])).toMatch(/Of 2 profiles in the archive that match, n1\/heap.pprof is opened/);
  });

  test('are goroutines where these are asked for', async () => {
    const { ds } = setUp({ [zip(2)]: bucketOf()[zip(2)] });
    const { frames } = await framesOf(ds, { view: 'goroutines', selector: '{profile="goroutine"}' });
    expect(noticesOf(frames[0])).not.toMatch(/could not/);
    expect(valuesOf(frames[0], 'state')).toEqual(['select']);
  });

  test('that are small are read once, whichever member is opened', async () => {
    const { ds, bucket } = setUp(bucketOf());
    const heap = {
      view: 'flame',
      selector: '{profile="heap", member="n1/heap.pprof"}',
      capture: 'nearest',
      at: '2026-11-03T14:02:30Z',
    } as const;
    expect(await totalOf(heap, ds)).toBe(2);
    expect(await totalOf({ ...heap, selector: '{profile="heap", member="n2/heap.pprof"}' }, ds)).toBe(30);
    expect(await totalOf(heap, ds)).toBe(2);
    expect(bucket.requests.filter((path) => path.endsWith('.zip'))).toHaveLength(1);
  });

  test('without a profile that is asked for say what they have, in place of an answer', async () => {
    const { frames, errors, state } = await framesOf(setUp({ [zip(2)]: bucketOf()[zip(2)] }).ds, {
      view: 'top',
      selector: '{profile="mutex"}',
    });
    expect([errors, state]).toEqual([[], LoadingState.Done]);
    expect(noticesOf(frames[0])).toMatch(
      /debug.zip: The archive holds no profile that matches {profile="mutex"}: it has heap \(n1\/heap.pprof, n2\/heap.pprof\), goroutine \(debug\/goroutine.txt\)\.$/
    );
    // Of several captures they are left out, and named.
    const merged = await framesOf(setUp(bucketOf()).ds, { view: 'top', capture: 'merge', selector: '{profile="cpu"}' });
    expect(noticesOf(merged.frames[0])).toMatch(/1 of 2 captures could not be read .*debug.zip: The archive holds no/);
  });

  test('are opened by their key, with the member of the selector', async () => {
    const target = { capture: 'event', event: zip(2) } as const;
    expect(await totalOf(target)).toBe(2);
    expect(await totalOf({ ...target, selector: '{profile="goroutine"}' })).toBe(1);
    expect(await totalOf({ ...target, selector: '{member="n2/heap.pprof"}' })).toBe(30);
  });

  test('whose key names a profile are captures of that alone', async () => {
    const { ds } = setUp({ [keyAt(1, 'heap.zip')]: own(zipOf([file('x.pprof', { x: 6 })], { method: 0 })) });
    expect(await totalOf({ selector: '{profile="heap"}' }, ds)).toBe(6);
    const { frames } = await framesOf(ds, { view: 'flame', selector: '{profile="cpu"}' });
    expect(noticesOf(frames[0])).toMatch(/has profile="cpu"; profile there: heap/);
  });

  test('are a row each in the table of captures, with the profiles inside', async () => {
    const { ds, bucket } = setUp(bucketOf());
    const [frame] = (await framesOf(ds, { view: 'captures', selector: '' })).frames;
    expect(valuesOf(frame, 'profile')).toEqual(['heap, cpu', 'heap, goroutine', 'heap']);
    expect(valuesOf(frame, 'key')).toEqual([keyAt(3, 'debug.tar'), zip(2), keyAt(1, 'heap.pb.gz')]);
    expect(noticesOf(frame)).toBe('');
    // A refresh reads nothing again.
    await framesOf(ds, { view: 'captures', selector: '{profile="heap"}' });
    expect(bucket.requests.filter((path) => /debug/.test(path))).toHaveLength(2);
  });

  test('that are too many to be read for the table are named so', async () => {
    const damaged = bytesOf('PK\x03\x04');
    const some = Object.fromEntries(
      Array.from({ length: 25 }, (_, i) => [zip(i), i < 5 ? damaged : bucketOf()[zip(2)]])
    );
    const { ds, bucket } = setUp({ ...some, [zip(24)]: damaged });
    const [frame] = (await framesOf(ds, { view: 'captures', selector: '' })).frames;
    expect(valuesOf(frame, 'profile').filter((text: string) => text === 'archive')).toHaveLength(6);
    expect(noticesOf(frame)).toMatch(/Of 6 archives it is not known what is inside/);
    expect(bucket.requests.filter((path) => /zip/.test(path))).toHaveLength(20);
  });

  test('offer the profiles and members inside to variables', async () => {
    const { ds } = setUp(bucketOf());
    const range = requestOf([]).range;
    const valuesFor = async (query: string) => (await ds.metricFindQuery(query, { range })).map(({ text }) => text);
    expect(await valuesFor('label_values(profile)')).toEqual(['cpu', 'goroutine', 'heap']);
    expect(await valuesFor('label_values({profile="heap"}, member)')).toContain('n2/heap.pprof');
  });
});

describe('an execution trace', () => {
  // What testdata/trace/record.go wrote: 12.1 ms from 11:42:07.306462 on, with a task of the tenant acme.
  const bytes = readFileSync(join(__dirname, '../testdata/trace/small.trace.gz'));
  const traceKey = (time: string, event: string) =>
    `ingester/2026/11/29/11/20261129T${time}Z_${event}_heap-ratio_${GiB}-${8 * GiB}_pod-1_v${run}/trace.out.gz`;
  const traces = () => {
    const copy = new Uint8Array(bytes.length);
    copy.set(bytes);
    return {
      [traceKey('113500.000', 'e1')]: copy.buffer,
      [traceKey('114207.400', 'e2')]: copy.buffer.slice(0),
      [traceKey('115500.000', 'e3')]: copy.buffer.slice(0),
    };
  };
  const began = Date.parse('2026-11-29T11:42:07.306Z');
  const within = (from: number, to: number) => ({
    range: { from: dateTime(from), to: dateTime(to), raw: { from: dateTime(from), to: dateTime(to) } },
  });
  /** Dragged on a panel: within the trace, and over before its key's time. */
  const dragged = within(began + 2, began + 8);
  const selector = '{service="ingester", profile="trace"}';

  test.each([
    ['', 'trace'],
    ['', 'flame'],
    ['e2', 'trace'],
    ['e2', 'flame'],
    ['e2', 'tags'],
  ] as const)('a range dragged within it finds it: event "%s", view %s', async (event, view) => {
    const { ds, bucket } = setUp(traces());
    const { frames, errors } = await framesOf(ds, { view, selector, capture: 'event', event }, dragged);
    expect(errors).toEqual([]);
    expect(noticesOf(frames[0])).toContain("The time range has 6 ms of the trace's 12.1 ms.");
    expect(bucket.requests.filter((path) => path.includes('trace.out')).length).toBe(1);
    expect(bucket.requests.find((path) => path.includes('trace.out'))).toContain('_e2_');
  });

  test('its profile is of the range, and all of it where the range is wider', async () => {
    const { ds } = setUp(traces());
    const total = async (more: Partial<DataQueryRequest<PprofQuery>>) => {
      const { frames } = await framesOf(ds, { view: 'flame', selector, capture: 'event', event: 'e2' }, more);
      return valuesOf(frames[0], 'value')[0] as number;
    };
    const [part, whole] = [await total(dragged), await total(within(began - 3e5, began + 3e5))];
    expect(part).toBeGreaterThan(0);
    expect(part).toBeLessThan(whole);
    const [first, second] = [await total(within(began - 3e4, began + 6)), await total(within(began + 6, began + 3e4))];
    expect(first + second).toBeCloseTo(whole, 0);
  });

  test('a range dragged within it leaves a dashboard its variables', async () => {
    const { ds } = setUp(traces());
    const query = 'label_values({profile="trace"}, service)';
    const { range } = dragged as unknown as { range: TimeRange };
    expect((await ds.metricFindQuery(query, { range })).map(({ text }) => text)).toEqual(['ingester']);
    expect(await ds.metricFindQuery('label_values({profile="cpu"}, service)', { range })).toEqual([]);
  });

  test('the tenant is what the settings say, of the same object', async () => {
    const objects = traces();
    const tenantsOf = async (traceTenantKeys?: string) => {
      const { ds } = setUp(objects, { options: { traceTenantKeys } });
      const query = { view: 'tags', selector, capture: 'event', event: 'e2' } as const;
      const { frames } = await framesOf(ds, query, within(began - 3e5, began + 3e5));
      return JSON.stringify(frames[0].fields).includes('"acme"');
    };
    expect(await tenantsOf()).toBe(true);
    expect(await tenantsOf('customer')).toBe(false);
    expect(await tenantsOf('customer, tenant')).toBe(true);
  });
});
