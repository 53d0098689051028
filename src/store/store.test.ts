import { compileLayout, presetLayout } from '../captures/layout';
import { presets } from '../captures/presets';
import { findFirstAfter, findLastBefore } from '../captures/nearest';
import { findCaptures } from '../captures/plan';
import { remembered } from './remembered';
import { createS3Store } from './s3';
import { findServices } from '../captures/services';
import { answer, listingServer } from '../testing/listing';
import { parseXml } from './s3Xml';

const signal = new AbortController().signal;

describe('key layouts', () => {
  it.each(presets.map((preset) => [preset.id, preset] as const))('%s reads its example', (id, preset) => {
    const parsed = presetLayout(id).parse(preset.example);
    expect(parsed).toBeDefined();
    expect(parsed?.labels.profile).toBeTruthy();
    if (id !== 'flat' && id !== 'default') {
      expect(new Date(parsed?.time ?? 0).toISOString()).toMatch(/^2026-11-03T14:22:33/);
    }
  });

  it('the default one gives labels, time, value and limit', () => {
    expect(presetLayout('').parse(presets[0].example)).toEqual({
      labels: {
        service: 'ingester',
        event: 'k3v9q2xd',
        trigger: 'heap-ratio',
        instance: 'ingester-7f9c',
        version: 'v1.42.0',
        profile: 'heap',
      },
      time: Date.UTC(2026, 10, 3, 14, 22, 33, 456),
      value: 6979321856,
      limit: 8589934592,
    });
  });

  it('a regular expression with named groups', () => {
    const layout = compileLayout('/^(?<tenant>[^/]+)/(?<profile>\\w+)-(?<time>\\d{10})\\.pb$/');
    expect(layout.parse('acme/heap-1762180953.pb')).toMatchObject({
      labels: { tenant: 'acme', profile: 'heap' },
      time: 1762180953000,
    });
  });

  it.each([
    ['', /empty/],
    ['no names', /no \{name\}/],
    ['{a}{b}', /side by side/],
    ['{a}/{a}', /\{a\} twice/],
    ['{a-b}', /a name is letters/],
    ['{service}/{', /brace without its partner/],
    ['/(/', /not a regular expression/],
    ['/abc/', /no named group/],
    ['x'.repeat(501), /at most 500/],
  ])('refuses %j', (template, message) => {
    expect(() => compileLayout(template)).toThrow(message);
  });

  it('is not slowed down by hostile keys', () => {
    const layout = presetLayout('');
    const start = Date.now();
    for (let i = 0; i < 2000; i++) {
      layout.parse(`s/2026/11/03/14/${'_-'.repeat(500)}/heap.pb.gz`);
    }
    expect(Date.now() - start).toBeLessThan(2000);
  });
});

describe('the listing plan', () => {
  const day = 24 * 3600_000;
  const end = Date.UTC(2026, 10, 30);
  const keys = Array.from({ length: 1_000_000 }, (_, i) => {
    // Three services, 30 days.
    const service = ['ingester', 'querier', 'store'][i % 3];
    const iso = new Date(end - 30 * day + (i / 1_000_000) * 30 * day).toISOString();
    const time = iso.replace(/[-:]/g, '');
    const folders = [iso.slice(0, 4), iso.slice(5, 7), iso.slice(8, 10), iso.slice(11, 13)].join('/');
    return `${service}/${folders}/${time}_e${i}_heap_1-2_${service}-0_v1/heap.pb.gz`;
  }).sort();
  const layout = presetLayout('');

  it.each([
    ['one service', { service: ['querier'] }, 1],
    ['all services', {}, 5],
  ])('one hour of %s in a bucket of 1,000,000', async (_, labels, most) => {
    const server = listingServer(keys);
    const to = end - 10 * day - 1;
    const range = { from: to - 3600_000 + 1, to };
    const found = await findCaptures(createS3Store(server.fetch), layout, { prefix: '', ...range, labels }, signal);
    const perHour = 1_000_000 / 30 / 24;
    const expected = 'service' in labels ? perHour / 3 : perHour;
    expect(Math.abs(found.captures.length - expected)).toBeLessThan(3);
    expect(server.requests.length).toBeLessThanOrEqual(most);
    expect(found.truncated).toBe(false);
  });

  // What 3 services write in a year: some 150 events a day, each with 6 files.
  const bundles = Array.from({ length: 1_000_000 }, (_, i) => {
    const event = Math.floor(i / 6);
    const iso = new Date(end - 365 * day + ((event * 6) / 1_000_000) * 365 * day).toISOString();
    const folders = [iso.slice(0, 4), iso.slice(5, 7), iso.slice(8, 10), iso.slice(11, 13)].join('/');
    const file = ['block', 'cpu', 'goroutine', 'heap', 'meta', 'mutex'][i % 6];
    return `${['ingester', 'querier', 'store'][event % 3]}/${folders}/${iso.replace(/[-:]/g, '')}_e${event}_heap-ratio_1-2_pod-0_v1/${file}.pb.gz`;
  }).sort();

  it.each([
    ['one service', { service: ['querier'] }, 1, 1],
    ['all services', {}, 4, 3],
  ])(
    '24 hours of %s in a bucket of 1,000,000, for annotations: at most 3 LIST once the services are known, and no GET',
    async (_, labels, first, refresh) => {
      const server = listingServer(bundles);
      let now = 0;
      const store = remembered(createS3Store(server.fetch), { now: () => now });
      const to = end - 100 * day;
      const ask = () => findCaptures(store, layout, { prefix: '', from: to - day + 1, to, labels }, signal);
      const counts = async () => {
        server.requests.length = 0;
        const found = await ask();
        expect(server.requests.every((path) => path.includes('list-type=2'))).toBe(true);
        return [server.requests.length, found.captures.length];
      };
      const [firstLists, captures] = await counts();
      const perDay = 1_000_000 / 365;
      const expected = 'service' in labels ? perDay / 3 : perDay;
      expect(Math.abs(captures - expected)).toBeLessThan(20);
      expect(firstLists).toBe(first);
      expect(await counts()).toEqual([0, captures]);
      now += 5000;
      expect(await counts()).toEqual([refresh, captures]);
    }
  );

  it('folders that could not be found are asked for again', async () => {
    let isDown = true;
    const server = listingServer(bundles);
    const store = remembered(
      createS3Store(async (request) =>
        isDown ? answer(403, '<Error><Code>AccessDenied</Code></Error>') : server.fetch(request)
      )
    );
    await expect(store.folders('', signal)).rejects.toThrow(/403/);
    isDown = false;
    expect(await store.folders('', signal)).toEqual(['ingester/', 'querier/', 'store/']);
  });

  it('pages, sorts by time, counts foreign keys, and says where it stopped', async () => {
    const server = listingServer([...keys.slice(0, 5000), 'ingester/readme.txt'].sort());
    const all = { prefix: '', from: 0, to: end, labels: {} };
    const found = await findCaptures(createS3Store(server.fetch), layout, all, signal);
    expect(found.captures.length).toBe(5000);
    expect(found.captures.every((c, i) => i === 0 || c.time >= found.captures[i - 1].time)).toBe(true);
    const cut = await findCaptures(createS3Store(server.fetch), layout, { ...all, maxObjects: 1500 }, signal);
    expect(cut.truncated).toBe(true);
    expect(cut.objectsSeen).toBeLessThan(3001);
  });
});

describe('requests', () => {
  const quick = { baseDelay: 1, random: () => 0 };

  it('keys are encoded by segment, and read back', async () => {
    const weird = 'a b+c&d=é#%25(1)!/x.pb.gz';
    const paths: string[] = [];
    const store = createS3Store(async ({ path }) => {
      paths.push(path);
      return answer(200, 'bytes');
    });
    await store.get(weird, signal);
    expect(paths[0].slice(1).split('/').map(decodeURIComponent).join('/')).toBe(weird);
    expect(paths[0]).not.toMatch(/[ +&=#]/);
    await expect(store.get('a/../b', signal)).rejects.toThrow(/has a folder "." or ".."/);
  });

  it.each([
    [
      403,
      '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
      /403.*s3:ListBucket.*AccessDenied/,
    ],
    [403, '<Error><Code>SignatureDoesNotMatch</Code></Error>', /refused the credentials/],
    [404, '<Error><Code>NoSuchBucket</Code></Error>', /no such bucket.*NoSuchBucket/],
    [
      301,
      '<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint></Error>',
      /Use b\.s3\.eu-west-1/,
    ],
    [400, '{"message":"Authentication to data source failed"}', /other credentials \(401\)/],
    [200, '<html><body>Sign in</body></html>', /answered a <html>/],
    [200, 'hello', /not answer as S3 does: expected XML, got "hello"/],
    [200, '', /an empty answer/],
  ])('a %i says what to do: %s', async (status, body, message) => {
    const store = createS3Store(async () => answer(status, body), quick);
    await expect(store.folders('', signal)).rejects.toThrow(message);
  });

  it('tries again where the server is busy, and not for ever', async () => {
    let calls = 0;
    const store = createS3Store(async () => (++calls < 3 ? answer(503, '') : answer(200, 'ok')), quick);
    expect((await store.get('k', signal)).byteLength).toBe(2);
    expect(calls).toBe(3);
    const busy = createS3Store(async () => (calls++, answer(503, '<Error><Code>SlowDown</Code></Error>')), quick);
    calls = 0;
    await expect(busy.get('k', signal)).rejects.toThrow(/busy \(503\).*SlowDown/);
    expect(calls).toBe(4);
  });

  it('has at most four requests under way, and stops at once when cancelled', async () => {
    let inFlight = 0;
    let most = 0;
    let started = 0;
    const store = createS3Store(async () => {
      started++;
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inFlight--;
      return answer(200, 'x');
    });
    await Promise.all(Array.from({ length: 20 }, (_, i) => store.get(`k${i}`, signal)));
    expect(most).toBe(4);
    started = 0;
    const abort = new AbortController();
    const gets = Array.from({ length: 20 }, (_, i) => store.get(`k${i}`, abort.signal));
    abort.abort();
    const results = await Promise.allSettled(gets);
    expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThanOrEqual(16);
    expect(started).toBeLessThanOrEqual(4);
  });

  it('ends a listing that the server never ends', async () => {
    const endless = (token: (n: number) => string) => {
      const server = { calls: 0 };
      const page = () =>
        `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>${token(server.calls)}</NextContinuationToken></ListBucketResult>`;
      return { server, store: createS3Store(async () => (server.calls++, answer(200, page())), quick) };
    };
    const same = endless(() => 'x');
    await expect(same.store.list({ prefix: '' }, signal)[Symbol.asyncIterator]().next()).resolves.toMatchObject({
      value: [],
    });
    await expect(same.store.folders('', signal)).rejects.toThrow(/The listing does not end/);
    expect(same.server.calls).toBe(3);
    const other = endless(String);
    await expect(other.store.folders('', signal)).rejects.toThrow(/The listing does not end/);
    expect(other.server.calls).toBe(101);
  });

  it('tries a network that fails once more', async () => {
    let calls = 0;
    const store = createS3Store(async () => (calls++, Promise.reject(new TypeError('Failed to fetch'))), quick);
    await expect(store.get('k', signal)).rejects.toThrow(/connection failed or broke off.*Failed to fetch/);
    await expect(store.get('k', signal)).rejects.not.toThrow(/redirect/);
    expect(calls).toBe(4);
  });

  it('refuses an object over the limit with both sizes', async () => {
    const store = createS3Store(async () => answer(200, 'x'.repeat(2 * 1048576)), { maxObjectBytes: 1048576 });
    await expect(store.get('big', signal)).rejects.toThrow(/2\.0 MiB, the limit is 1\.0 MiB.*Largest object/);
  });
});

describe('XML', () => {
  it('reads entities, CDATA, namespaces and comments', () => {
    const root = parseXml(
      '<?xml version="1.0"?><a:r x="1"><!-- c --><b>1 &lt; &#x32;&amp;</b><b/><c><![CDATA[<x>]]></c></a:r>'
    );
    expect(root.name).toBe('r');
    expect(root.children.map(({ text }) => text)).toEqual(['1 < 2&', '', '<x>']);
  });

  it.each(['<a>', '<a></b>', '</a>', '<!DOCTYPE x [<!ENTITY e "x">]><a/>', 'text'])('refuses %j', (source) => {
    expect(() => parseXml(source)).toThrow(/not well-formed/);
  });

  // A parser that looks for an end again and again would take minutes.
  it.each(['<', '<a', '<!--', '<?', '<![CDATA[', '</', '<a b="', '<a>', '<a '])('4 MiB of %s are refused', (piece) => {
    expect(() => parseXml(piece.repeat(2 ** 22 / piece.length))).toThrow(/not well-formed/);
  });
});

describe('the captures that are nearest to an empty range', () => {
  const layout = presetLayout('default');
  const hour = 3600_000;
  const day = 24 * hour;
  const start = Date.UTC(2026, 10, 3);
  const keyAt = (time: number, service = 's') => {
    const iso = new Date(time).toISOString();
    const folder = iso.slice(0, 13).replace(/[-T]/g, '/');
    return `${service}/${folder}/${iso.replace(/[-:]/g, '')}_e_t_1-2_i_v/heap.pb.gz`;
  };
  const search = async (times: readonly number[], time: number, labels = { service: ['s'] }) => {
    const { fetch, requests } = listingServer(times.map((each) => keyAt(each)).sort());
    const options = { prefix: '', labels, time, isWanted: () => true };
    const near = await findLastBefore(createS3Store(fetch), layout, options, signal);
    return { near, lists: requests.length };
  };

  it.each([
    ['an hour', hour],
    ['a day', day],
    ['a month', 30 * day],
    ['five years', 5 * 365 * day],
  ])('%s before', async (_, ago) => {
    const { near, lists } = await search([start - ago - hour, start - ago, start + day], start);
    expect(near?.capture.time).toBe(start - ago);
    expect(near?.isExact).toBe(true);
    expect(lists).toBeLessThanOrEqual(12);
  });

  it('is found among more than a search may list', async () => {
    // 200 days, 150 a day; the last 120 days ago.
    const times = [...Array(30_000).keys()].map((i) => start - 120 * day - i * 576_000);
    const { near, lists } = await search(times, start);
    expect(near?.capture.time).toBe(Math.max(...times));
    expect(near?.isExact).toBe(true);
    expect(lists).toBeLessThanOrEqual(14);
  });

  it('is none where there is none, for a bounded number of requests', async () => {
    const { near, lists } = await search([start + 1], start);
    expect(near).toBeUndefined();
    expect(lists).toBeLessThanOrEqual(12);
  });

  it('is the one that is wanted, where it lies near', async () => {
    const { fetch } = listingServer([keyAt(start - 2 * hour), keyAt(start - hour)]);
    const store = createS3Store(fetch);
    const options = { prefix: '', labels: { service: ['s'] }, time: start };
    const wanted = (time: number) => ({ ...options, isWanted: (capture: { time: number }) => capture.time === time });
    const near = await findLastBefore(store, layout, wanted(start - 2 * hour), signal);
    expect([near?.capture.time, near?.isWanted]).toEqual([start - 2 * hour, true]);
    const other = await findLastBefore(store, layout, wanted(0), signal);
    expect([other?.capture.time, other?.isWanted]).toEqual([start - hour, false]);
  });

  it('is looked for after it too, and without an order of time in all of a small bucket', async () => {
    const { fetch } = listingServer([keyAt(start + day), keyAt(start + 2 * day)]);
    const options = { prefix: '', labels: { service: ['s'] }, time: start, isWanted: () => true };
    expect((await findFirstAfter(createS3Store(fetch), layout, options, signal))?.capture.time).toBe(start + day);
    const flat = listingServer(['a.20261101000000.pprof', 'a.20261102000000.pprof', 'a.20261105000000.pprof']);
    const near = await findLastBefore(
      createS3Store(flat.fetch),
      compileLayout('{service}.{time}.pprof'),
      options,
      signal
    );
    expect(near?.capture.object.key).toBe('a.20261102000000.pprof');
  });

  it('services are folders, where the layout has them', async () => {
    const { fetch } = listingServer(['p/a/x', 'p/b/y']);
    const store = createS3Store(fetch);
    expect(await findServices(store, layout, 'p/', signal)).toEqual(['a', 'b']);
    const both = listingServer(['my!5fb/x', 'my_a/x', 'my_b/x'].sort());
    expect(await findServices(createS3Store(both.fetch), layout, '', signal)).toEqual(['my_a', 'my_b']);
    expect(await findServices(store, presetLayout('autopprof'), '', signal)).toBeUndefined();
    expect(await findServices(store, presetLayout('hive'), '', signal)).toBeUndefined();
  });
});
