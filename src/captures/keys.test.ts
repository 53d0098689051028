import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bucket } from './bucket';
import { listCaptures } from './listing';
import { decode } from '../decode/decode';
import { explainEmpty } from './explain';
import { nodeGunzip } from '../cli/gunzip';
import { quoteMeta } from '../text/literals';
import { printSelector, type MatchOp } from '../text/selector';
import { compareKeys } from '../store/keyOrder';
import { encodeField } from './field';
import { compileLayout } from './layout';
import { presets } from './presets';
import { remembered } from '../store/remembered';
import { createS3Store } from '../store/s3';
import type { StoreFetch } from '../store/store';
import { listingServer } from '../testing/listing';
import { findValues } from '../variables';
import type { WorkerClient } from '../worker/client';

// Keys as the auto-profiler's own code writes them, found through what a query, a variable and a suggestion ask.

const root = join(__dirname, '../..');
const hasGo = spawnSync('go', ['version']).status === 0;
/** CI has Go. */
const withGo = hasGo || process.env.CI ? test : test.skip;
const goWrites = (args: readonly string[], input: unknown): string =>
  execFileSync('go', ['run', './internal/fortests', ...args], {
    cwd: join(root, 'autoprofiler'),
    input: JSON.stringify(input),
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
  });

jest.setTimeout(120_000);

const { signal } = new AbortController();
/** Labels of keys need none. */
const noWorker = {} as WorkerClient;
const start = Date.UTC(2026, 10, 3, 14);
const range = { from: start - 1000, to: start + 24 * 3600_000 };

const openBucket = (fetch: StoreFetch, template: string = presets[0].template, prefix = ''): Bucket => ({
  id: 'test',
  store: remembered(createS3Store(fetch)),
  layout: compileLayout(template),
  prefix,
  maxCaptures: 200,
});

function bucketOf(keys: readonly string[], template?: string, prefix?: string): Bucket & { requests: string[] } {
  const { fetch, requests } = listingServer([...keys].sort());
  return { ...openBucket(fetch, template, prefix), requests };
}

const names: readonly string[] = (
  JSON.parse(readFileSync(join(root, 'testdata/fields.json'), 'utf8')) as { fields: Array<{ name: string }> }
).fields.map(({ name }) => name);

type Labels = Readonly<Record<string, string>>;
interface Written {
  readonly key: string;
  readonly labels: Labels;
}

/** What each operator finds of each label, against what it means. */
async function expectFound(bucket: Bucket, written: readonly Written[], label: string, values: readonly string[]) {
  for (const [i, value] of values.entries()) {
    const other = values[(i + 1) % values.length];
    const part = Array.from(value).slice(0, -1).join('');
    const asked: ReadonlyArray<readonly [MatchOp, string, (actual: string) => boolean]> = [
      ['=', value, (actual) => actual === value],
      ['!=', value, (actual) => actual !== value],
      ['=~', [value, other].map(quoteMeta).join('|'), (actual) => actual === value || actual === other],
      ['!~', [value, other].map(quoteMeta).join('|'), (actual) => actual !== value && actual !== other],
      ['=~', `${quoteMeta(part)}.*`, (actual) => actual.startsWith(part)],
      ['!~', `${quoteMeta(part)}.*`, (actual) => !actual.startsWith(part)],
    ];
    for (const [op, text, isMeant] of asked) {
      const selector = printSelector([{ name: label, op, value: text }]);
      const { captures } = await listCaptures(bucket, selector, range, signal);
      const meant = written.filter(({ labels }) => isMeant(labels[label]));
      expect([selector, captures.map(({ object }) => object.key).sort()]).toEqual([
        selector,
        meant.map(({ key }) => key).sort(),
      ]);
    }
  }
}

withGo('every label of keys that Go wrote is found by every operator, and suggested by its name', async () => {
  // Each name is that of a service, an instance, a version and a trigger, each time of other captures.
  const events = names.map((_, i) => {
    const name = (step: number) => names[(i * step + step) % names.length];
    const time = new Date(start + i * 61_000).toISOString();
    const id = `e${String(i).padStart(7, '0')}`;
    // A trigger of more than 21 bytes is shortened, which those of the auto-profiler never are.
    const trigger = encodeField(name(5)).length <= 21 ? name(5) : 'heap-ratio';
    return {
      Service: name(1),
      Instance: name(3),
      Version: name(7),
      Trigger: trigger,
      Time: time,
      ID: id,
      Value: 1,
      Limit: 2,
    };
  });
  const folders = JSON.parse(goWrites(['keys'], events)) as string[];
  const written = events.flatMap((event, i) =>
    ['heap', 'cpu'].map((profile): Written => {
      const { Service: service, Instance: instance, Version: version, Trigger: trigger, ID } = event;
      return {
        key: `${folders[i]}/${profile}.pb.gz`,
        labels: { service, instance, version, trigger, event: ID, profile },
      };
    })
  );
  for (const prefix of ['', 'my_prod!/']) {
    const own = written.map((each) => ({ ...each, key: prefix + each.key }));
    const bucket = bucketOf(
      own.map(({ key }) => key),
      undefined,
      prefix
    );
    const { captures } = await listCaptures(bucket, '', range, signal);
    const sorted = (all: readonly Written[]) => [...all].sort((a, b) => compareKeys(a.key, b.key));
    expect(sorted(captures.map(({ object, labels }) => ({ key: object.key, labels })))).toEqual(sorted(own));

    for (const label of ['service', 'instance', 'version', 'trigger', 'event', 'profile']) {
      const values = [...new Set(own.map(({ labels }) => labels[label]))].sort();
      const suggested = await findValues(bucket, noWorker, '', range, label);
      expect(suggested.labels[label]).toEqual(values);
      const isAll = prefix === '' && label === 'service';
      await expectFound(bucket, own, label, isAll ? values : values.filter((_, i) => i % (prefix ? 12 : 3) === 0));
    }
  }
});

withGo('names that are too long for a folder are found by what is suggested for them', async () => {
  const long = ['größe '.repeat(40), `${'größe '.repeat(40)}x`, 'a/b_'.repeat(30)];
  const events = long.map((name, i) => ({
    Service: 'my_service',
    Instance: name,
    Version: name,
    Trigger: 'manual',
    Time: new Date(start + i).toISOString(),
    ID: `e${i}`,
  }));
  const keys = (JSON.parse(goWrites(['keys'], events)) as string[]).map((folder) => `${folder}/heap.pb.gz`);
  expect(keys.flatMap((key) => key.split('/')).every((part) => Buffer.byteLength(part) <= 255)).toBe(true);
  const bucket = bucketOf(keys);
  for (const label of ['instance', 'version']) {
    const { labels } = await findValues(bucket, noWorker, '{service="my_service"}', range, label);
    expect(labels[label].length).toBe(long.length);
    for (const value of labels[label]) {
      expect(long.some((name) => name.startsWith(value.slice(0, -13)))).toBe(true);
      const selector = printSelector([{ name: label, op: '=', value }]);
      expect((await listCaptures(bucket, selector, range, signal)).captures.length).toBe(1);
    }
  }
});

withGo('captures that the auto-profiler made are listed, named and read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pproflens-keys-'));
  try {
    const processes = ['my_service', 'größe x', 'grüße x', 'a/../b', '..'].map((name) => ({
      Service: name,
      Instance: `${name} 1`,
      Version: 'v1+dirty',
    }));
    const before = Date.now();
    goWrites(['captures', folder], processes);
    const keys = readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
    const { fetch: list } = listingServer(keys.sort());
    const fetch: StoreFetch = async (request) => {
      if (request.path.includes('?')) {
        return list(request);
      }
      const bytes = readFileSync(join(folder, decodeURIComponent(request.path)));
      return { status: 200, headers: {}, body: new Uint8Array(bytes).buffer };
    };
    const bucket = openBucket(fetch);
    const now = { from: before - 1000, to: Date.now() + 1000 };
    const services = await findValues(bucket, noWorker, '', now, 'service');
    expect(services.labels.service).toEqual(processes.map(({ Service }) => Service).sort());
    for (const { Service: service, Instance: instance, Version: version } of processes) {
      const selector = printSelector([
        { name: 'service', op: '=', value: service },
        { name: 'profile', op: '=', value: 'heap' },
      ]);
      const { captures } = await listCaptures(bucket, selector, now, signal);
      expect(captures.map(({ labels }) => labels)).toEqual([
        expect.objectContaining({ service, instance, version, trigger: 'manual', profile: 'heap' }),
      ]);
      const bytes = await bucket.store.get(captures[0].object.key, signal);
      const heap = await decode(new Uint8Array(bytes), { unpack: nodeGunzip });
      expect(heap.sampleTypes.map(({ type }) => type)).toContain('inuse_space');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what another writer wrote as it is is found beside what the auto-profiler wrote', async () => {
  const keyOf = (service: string, event: string) =>
    `${service}/2026/11/03/14/20261103T142233.456Z_${event}_heap-ratio_1-2_pod-0_v1/heap.pb.gz`;
  const both = ['my_service', 'größe x', '日本', '100% sure!', 'quo"te', 'back`tick', 'a&b', 'a\\b', '$service'];
  const bucket = bucketOf([
    ...both.flatMap((name) => [keyOf(encodeField(name), 'e1'), keyOf(name, 'e2')]),
    keyOf('my_a!5fb', 'e3'),
  ]);
  const found = async (name: string) => {
    const selector = printSelector([{ name: 'service', op: '=', value: name }]);
    const { captures } = await listCaptures(bucket, selector, range, signal);
    return captures.map(({ labels }) => `${labels.service} ${labels.event}`).sort();
  };
  for (const name of both) {
    expect(await found(name)).toEqual([`${name} e1`, `${name} e2`]);
  }
  expect(await found('my_a!5fb')).toEqual(['my_a!5fb e3']);
  bucket.requests.length = 0;
  await found('plain');
  expect(bucket.requests.length).toBe(1);
});

test('a service that is not there is said not to be, by its name', async () => {
  const bucket = bucketOf(['my!5fservice/2026/11/03/14/20261103T142233.456Z_e_heap_1-2_i_v/heap.pb.gz']);
  const said = async (selector: string) => (await explainEmpty(bucket, selector, { from: 0, to: 1 }, signal)).notices;
  expect((await said('{service="my-service"}'))[0].text).toBe(
    'There is no service "my-service" in the bucket; there are my_service.'
  );
  expect((await said('{service="my_service"}'))[0].text).toMatch(
    /^There are no captures of my_service in this time range: the first/
  );
});

/** Keys of the presets that are regular expressions; in the others' names but the instance are the tool's own words. */
const patterns: Record<string, string> = {
  autopprof: 'pprof.{service}.{instance}.{profile}.{seconds}.pprof',
  flat: '{service}/{instance}/{profile}.{ext}',
  tidb: '{instance}/record{iso}/{profile}',
  'a regular expression': '{service}/{time}_{instance}/{version}/{event}',
};

describe.each([
  ...presets
    .filter(({ id, template }) => !template.startsWith('/') || patterns[id] !== undefined)
    .map(({ id, template }): [string, string] => [id, template]),
  ['instance first', '{instance}/{service}/{yyyy}/{mm}/{dd}/{time}_{event}_{trigger}_{version}/{profile}.{ext}'],
  [
    'text behind a label',
    'in-{service}_x/{instance}=/{yyyy}-{mm}-{dd}T{HH}/{time}.{event}.{trigger}.{version}.{profile}',
  ],
  ['by time alone', '{yyyy}/{mm}/{dd}/{HH}/{time}_{service}_{instance}_{version}_{trigger}_{event}_{profile}.pb.gz'],
  [
    'a regular expression',
    '/^(?<service>[^/]+)\\/(?<time>[^_]+)_(?<instance>[^/]+)\\/(?<version>[^/]+)\\/(?<event>[^/]+)$/',
  ],
])('layout %s', (id, template) => {
  test.each(['encoded', 'as it is'])('names %s are found by every operator', async (form) => {
    const write = form === 'encoded' ? encodeField : (name: string) => name;
    const pattern = patterns[id] ?? template;
    const bucket = bucketOf([], template);
    const candidates = names.map((name, i): Written => {
      const iso = new Date(start + i * 1000).toISOString();
      const texts: Record<string, string> = {
        iso: iso.replace(/\.\d+/, ''),
        seconds: iso.replace(/\D/g, '').slice(0, 14),
        time: iso.replace(/[-:]/g, ''),
        yyyy: iso.slice(0, 4),
        mm: iso.slice(5, 7),
        dd: iso.slice(8, 10),
        HH: iso.slice(11, 13),
        value: '1',
        limit: '2',
        ext: 'pb',
      };
      const labels: Record<string, string> = {};
      const key = pattern.replace(/\{(\w+)\??\}/g, (__, part: string) => {
        if (texts[part] !== undefined) {
          return texts[part];
        }
        labels[part] = names[(i * 7 + 3 * part.length) % names.length];
        return write(labels[part]);
      });
      return { key, labels };
    });
    // What the layout cannot say is no key of it: a name with its separator, a folder "..".
    const written = candidates.filter(
      ({ key, labels }) =>
        JSON.stringify(bucket.layout.parse(key)?.labels) === JSON.stringify(labels) &&
        !/(^|\/)\.\.?(\/|$)|%2e/.test(key)
    );
    expect(written.length).toBeGreaterThan(form === 'encoded' ? 14 : 4);
    const filled = bucketOf(
      written.map(({ key }) => key),
      template
    );
    // A layout without a time takes that of the upload.
    const isTimed = filled.layout.parse(written[0].key)?.time !== undefined;
    const asked = isTimed ? range : { from: Date.UTC(2026, 10, 2), to: Date.UTC(2026, 10, 4) };
    expect((await listCaptures(filled, '', asked, signal)).captures.length).toBe(written.length);
    if (!isTimed) {
      return;
    }
    for (const label of bucket.layout.labelNames) {
      const values = [...new Set(written.map(({ labels }) => labels[label]))];
      await expectFound(filled, written, label, values.slice(0, 8));
    }
  });
});
