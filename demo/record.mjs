// Records demo/captures from demo/service: builds it, runs instances of its services and loads them. Needs Go.
//   node demo/record.mjs [memory] [goroutines] [incident] [traces] [fleet]     all without an argument; a recording replaces only its own services
//
// memory and goroutines fetch profiles from net/http/pprof, bundled and named as an auto-profiler would; in incident the
// service's own auto-profiler captures.
//
// memory (two minutes): ingester and querier. One ingester leaks up to 90 % of its limit; each rung of the ladder is a
// capture event.
// goroutines (ten minutes): scheduler leaks goroutines of every kind in internal/leaks, while its worker pool, its idle
// connections and its signal loop stay as they are. Each capture has debug=0, 1 and 2 of one moment, the last two the
// leaks that the garbage collector proves.
// incident (five minutes; root, for a real limit): checkout under the auto-profiler, with its Prometheus metrics (demo/metrics) and with what each
// tenant truly held at each capture (testdata/estimate). checkout-0 keeps a part of everyone's orders up to 95 % of its
// limit; checkout-1 keeps those of one tenant for a while, so that its memory is shared otherwise than its work.
//
// traces (two minutes; root): checkout-0 climbs once more, with a flight recorder. What it held at each rung of its limit goes to the
// captures of incident at the same rung, and its clock is set to theirs. meta.json does not name it.
//
// fleet (two minutes): 30 instances of shipping, in two versions, one after the other. The newer one reads more at once, and one of its
// instances leaks. Heaps alone.
//
// Nothing else is edited afterwards.
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get as httpGet } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { makeCgroup } from './cgroup.mjs';
import { climb, get, tenants, watched, weighted } from './load.mjs';
import { moveTrace } from './store/store.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const captures = join(here, 'captures');
const MiB = 1024 * 1024;

const memoryInstances = [
  {
    service: 'ingester',
    instance: 'ingester-7f9c',
    port: 18080,
    limit: 192 * MiB,
    mix: { ingest: 5, compact: 2 },
    leaks: true,
  },
  { service: 'ingester', instance: 'ingester-b21d', port: 18082, limit: 192 * MiB, mix: { ingest: 5, compact: 2 } },
  { service: 'querier', instance: 'querier-0', port: 18084, limit: 128 * MiB, mix: { ingest: 1, query: 6 } },
];
const scheduler = {
  service: 'scheduler',
  instance: 'scheduler-0',
  port: 18086,
  limit: 128 * MiB,
  mix: { ingest: 1 },
  pause: 150,
};
const checkout = {
  service: 'checkout',
  limit: 192 * MiB,
  mix: { ingest: 3, compact: 1 },
  size: { ingest: 400, compact: 4 },
};
const checkoutInstances = [
  { ...checkout, instance: 'checkout-0', port: 18088, pause: 27, keep: () => Math.random() < 0.04 },
  {
    ...checkout,
    instance: 'checkout-1',
    port: 18090,
    pause: 60,
    keep: (tenant, seconds) => tenant === 'initech' && seconds < 130 && Math.random() < 0.25,
  },
];
/** Instances of a version of shipping, named as Kubernetes names the pods of a deployment. */
const shipping = (release, replicaSet, work) =>
  Array.from({ length: 30 }, (_, i) => {
    const pod = createHash('sha256').update(`${release} ${i}`).digest('hex').slice(0, 5);
    return {
      service: 'shipping',
      release,
      instance: `shipping-${replicaSet}-${pod}`,
      port: 18200 + 2 * i,
      limit: 96 * MiB,
      pause: 400,
      ...work,
    };
  });
const releases = [
  shipping('v3.1.0', '5d4f8b6c9', { mix: { ingest: 6, compact: 1 } }),
  shipping('v3.2.0', '7c9b5f4d8', { mix: { ingest: 6, compact: 1 }, size: { ingest: 60 } }),
];
const version = 'v1.42.0';
const ladder = [0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9];

const url = ({ port }, path) => `http://127.0.0.1:${port}${path}`;
const debugRoot = ({ port }) => `http://127.0.0.1:${port + 1}`;
const debugUrl = (instance, path) => `${debugRoot(instance)}/debug/pprof/${path}`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends jobs until it is told to stop. */
async function load(instance, state) {
  while (!state.stopped) {
    const operation = weighted(instance.mix);
    const tenant = weighted(tenants);
    const size = { ingest: 40, query: 3, compact: 12, ...instance.size }[operation];
    const keep = !state.full && instance.keep?.(tenant, (Date.now() - state.start) / 1000) ? '&keep=true' : '';
    await get(url(instance, `/work?tenant=${tenant}&operation=${operation}&size=${size}${keep}`));
    await sleep(instance.pause ?? 0);
  }
}

const value = async (instance) => Number((await get(url(instance, '/memory'))).toString());

/** Where net/http/pprof has the objects that are not called alike. Text is packed here. */
const sources = {
  'cpu.pb.gz': 'profile?seconds=4',
  'goroutine.txt.gz': 'goroutine?debug=2',
  'goroutine-debug1.txt.gz': 'goroutine?debug=1',
};
const pack = (bytes) => gzipSync(bytes, { level: 9 });

async function fetchProfile(instance, name) {
  const bytes = await get(debugUrl(instance, sources[name] ?? name.replace(/\..*/, '')));
  return name.endsWith('.txt.gz') ? pack(bytes) : bytes;
}

/** Fetches a bundle of profiles, but for what was fetched before, under one event id. The key says when, why, and how full the memory was. */
async function capture(instance, trigger, names, fetched = {}) {
  const now = new Date();
  const bytes = await value(instance);
  const iso = now.toISOString();
  const time = iso.replace(/[-:]/g, '');
  const event = BigInt(`0x${randomBytes(5).toString('hex')}`)
    .toString(32)
    .padStart(8, '0');
  const folder = [
    instance.service,
    ...[iso.slice(0, 4), iso.slice(5, 7), iso.slice(8, 10), iso.slice(11, 13)],
    [time, event, trigger, `${bytes}-${instance.limit}`, instance.instance, instance.release ?? version].join('_'),
  ].join('/');
  mkdirSync(join(captures, folder), { recursive: true });
  for (const name of names) {
    writeFileSync(join(captures, folder, name), fetched[name] ?? (await fetchProfile(instance, name)));
  }
  process.stdout.write(`${folder}: ${names.join(' ')} at ${Math.round((100 * bytes) / instance.limit)} %\n`);
}

const proto = (...profiles) => profiles.map((profile) => `${profile}.pb.gz`);
const all = proto('heap', 'goroutine', 'allocs', 'mutex', 'block', 'cpu');

async function ramp(instance) {
  for (const rung of ladder) {
    while ((await value(instance)) < rung * instance.limit) {
      await get(url(instance, `/leak?tenant=${weighted(tenants)}&kib=128`));
      await sleep(40);
    }
    await capture(instance, 'heap-ratio', rung === ladder.at(-1) ? all : proto('heap', 'goroutine'));
  }
}

async function scheduled(instance) {
  for (let i = 0; i < 3; i++) {
    await sleep(6000);
    await get(url(instance, '/contend'));
    await capture(instance, 'interval', i === 1 ? all : proto('heap', 'goroutine', 'cpu'));
  }
}

/** What a scheduler of this kind leaks from one capture to the next: kind, tenant, how many. */
const leaks = [
  ['receiver', 'acme', 32],
  ['receiver', 'globex', 8],
  ['cancel', 'initech', 20],
  ['mutex', 'globex', 16],
  ['sender', 'acme', 12],
  ['waitgroup', 'hooli', 8],
  ['ticker', 'umbrella', 4],
];
const intervals = 8;
const interval = 75_000;
const idleConnections = 12;

/** The three formats of one moment: fetched one after the other until they count the same. */
async function oneMoment(instance) {
  for (let i = 0; i < 20; i++) {
    const counts = await get(debugUrl(instance, 'goroutine?debug=1'));
    const proto = await get(debugUrl(instance, 'goroutine'));
    const dump = await get(debugUrl(instance, 'goroutine?debug=2'));
    const totals = new Set([
      Number(/total (\d+)/.exec(counts.toString())[1]),
      Profile.decode(gunzipSync(proto)).sample.reduce((sum, { value: [count] }) => sum + Number(count), 0),
      dump.toString().match(/^goroutine \d+ \[/gm).length,
    ]);
    if (totals.size === 1) {
      return { 'goroutine.pb.gz': proto, 'goroutine-debug1.txt.gz': pack(counts), 'goroutine.txt.gz': pack(dump) };
    }
    await sleep(300);
  }
  throw new Error('the formats never counted the same');
}

/** Connections that stay open and idle, as those of a proxy in front do. */
async function openIdle(instance) {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: idleConnections });
  const one = () =>
    new Promise((resolve, reject) =>
      httpGet(url(instance, '/memory'), { agent }, (response) => response.resume().on('end', resolve)).on(
        'error',
        reject
      )
    );
  await Promise.all(Array.from({ length: idleConnections }, one));
  return agent;
}

async function leakGoroutines(instance) {
  const agent = await openIdle(instance);
  for (let i = 0; i < intervals; i++) {
    for (const [kind, tenant, count] of leaks) {
      await get(url(instance, `/leak/goroutine?kind=${kind}&tenant=${tenant}&count=${count}`));
    }
    const state = { stopped: false };
    const busy = load(instance, state);
    await sleep(interval - 2000);
    state.stopped = true;
    await busy;
    await sleep(1500);
    // The leak profile marks what it finds, and Go prints no wait of a goroutine that is marked: so it comes last.
    const isLate = i >= intervals - 2;
    const fetched = await oneMoment(instance);
    const names = [...Object.keys(fetched), ...(isLate ? proto('goroutineleak') : [])];
    await capture(instance, isLate ? 'goroutine-count' : 'interval', names, fetched);
  }
  agent.destroy();
}

/** Families of metrics that are recorded. */
const families =
  /^(autoprofiler_memory_bytes|autoprofiler_memory_limit_bytes|autoprofiler_captures|autoprofiler_capture_memory_bytes|go_goroutines)$/;
const openMetrics = { headers: { accept: 'application/openmetrics-text; version=1.0.0' } };

/** Scrapes an instance every two seconds, as Prometheus would, until it is told to stop: samples by family and series. */
async function scrape(instance, state, recorded) {
  while (!state.stopped) {
    const seconds = (Date.now() / 1000).toFixed(3);
    let family;
    for (const line of (await get(`${debugRoot(instance)}/metrics`, openMetrics)).toString().split('\n')) {
      const [, name] = /^# TYPE (\S+)/.exec(line) ?? [];
      if (name) {
        family = families.test(name) ? (recorded[name] ??= { type: line, series: {} }) : undefined;
      }
      // What Prometheus adds to each series is added here; exemplars cannot be imported into it.
      const [, metric, labels = '', value] = /^([a-z]\w*)(?:\{(.*?)\})? (\S+)/.exec(line) ?? [];
      if (family && metric) {
        const all = [
          labels,
          `job="${instance.service}"`,
          `service="${instance.service}"`,
          `instance="${instance.instance}"`,
        ];
        const series = `${metric}{${all.filter(Boolean).join(',')}}`;
        (family.series[series] ??= []).push(`${series} ${value} ${seconds}`);
      }
    }
    await sleep(2000);
  }
}

const printMetrics = (recorded) =>
  Object.values(recorded)
    .flatMap(({ type, series }) => [type, ...Object.values(series).flat()])
    .concat('# EOF\n')
    .join('\n');

/** Loads until the first instance is at 95 % of its limit, and then for a while without further leaks. */
async function incident() {
  const state = { stopped: false, full: false, start: Date.now() };
  const recorded = {};
  const [leaking] = checkoutInstances;
  const running = checkoutInstances.flatMap((instance) => [
    ...[1, 2, 3].map(() => load(instance, state)),
    scrape(instance, state, recorded),
  ]);
  await sleep(12_000);
  for (const instance of checkoutInstances) {
    await get(`${debugRoot(instance)}/capture?reason=start`, { method: 'POST' });
  }
  while ((await watched(debugRoot(leaking))).bytes < 0.955 * leaking.limit) {
    await sleep(200);
  }
  state.full = true;
  await sleep(60_000);
  state.stopped = true;
  await Promise.all(running);
  const truth = {};
  for (const instance of checkoutInstances) {
    truth[instance.instance] = JSON.parse(await get(`${debugRoot(instance)}/truth`));
  }
  mkdirSync(join(here, 'metrics'), { recursive: true });
  writeFileSync(join(here, 'metrics/checkout.txt.gz'), pack(printMetrics(recorded)));
  const estimate = join(here, '../testdata/estimate');
  mkdirSync(estimate, { recursive: true });
  writeFileSync(join(estimate, 'checkout.json'), `${JSON.stringify(truth, null, 1)}\n`);
}

const rungTime = (folder) =>
  Date.parse(folder.replace(/.*\/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z_.*/, '$1-$2-$3T$4:$5:$6Z'));

/** Folders of a service's captures at a rung of its limit, by rising time. */
const rungs = (dir) =>
  readdirSync(dir, { recursive: true })
    .filter((name) => /_heap-ratio_[^/]*_checkout-0_[^/]*$/.test(name))
    .map((name) => join(dir, name))
    .sort((a, b) => rungTime(a) - rungTime(b));

/** @param folder where the auto-profiler writes */
async function flights(folder) {
  const [instance] = checkoutInstances;
  const state = { stopped: false };
  const target = { url: url(instance, ''), debugUrl: debugRoot(instance), seconds: 90, share: 0.97 };
  const climbing = climb(target, state);
  while (!readdirSync(folder).includes('checkout') || rungs(folder).length < 4) {
    await sleep(500);
  }
  await sleep(5000);
  state.stopped = true;
  await climbing;
  const recorded = rungs(join(captures, 'checkout'));
  for (const [i, from] of rungs(folder).slice(0, recorded.length).entries()) {
    const trace = pack(readFileSync(join(from, 'trace.out')));
    const seconds = Math.round((rungTime(recorded[i]) - rungTime(from)) / 1000);
    writeFileSync(join(recorded[i], 'trace.out.gz'), moveTrace(trace, seconds));
  }
}

/** Fills the caches of the instances of a release, loads them, and captures all of them after each of these times, in s. */
async function release(instances, moments, leaking) {
  const state = { stopped: false };
  const warm = async (instance) => {
    while ((await value(instance)) < 30 * MiB) {
      await get(url(instance, `/work?tenant=${weighted(tenants)}&operation=ingest&size=400&keep=true`));
    }
  };
  await Promise.all(instances.map(warm));
  const leak = async () => {
    while (leaking && !state.stopped) {
      await get(url(leaking, '/leak?tenant=initech&kib=88'));
      await sleep(150);
    }
  };
  const loads = [...instances.map((instance) => load(instance, state)), leak()];
  for (const seconds of moments) {
    await sleep(1000 * seconds);
    for (const instance of instances) {
      await capture(instance, 'interval', proto('heap'));
    }
  }
  state.stopped = true;
  await Promise.all(loads);
}

function build(binary, env) {
  const options = { cwd: join(here, 'service'), stdio: 'inherit', env: { ...process.env, ...env } };
  if (spawnSync('go', ['build', '-trimpath', '-o', binary, '.'], options).status !== 0) {
    throw new Error('go build failed; recording needs Go 1.26 or newer');
  }
}

/**
 * Runs instances while they are recorded, and drops what was recorded of their services before.
 * @param isLimited whether each is under a real limit of memory
 */
async function withServices(instances, { env = {}, args = () => [], isLimited = false, replaces = true }, recordAll) {
  const scratch = mkdtempSync(join(tmpdir(), 'pproflens-record-'));
  const binary = join(scratch, 'service');
  build(binary, env);
  if (replaces) {
    instances.forEach(({ service }) => rmSync(join(captures, service), { recursive: true, force: true }));
  }
  const running = instances.map((instance) => {
    const { port, limit } = instance;
    const addresses = ['-addr', `127.0.0.1:${port}`, '-debug', `127.0.0.1:${port + 1}`];
    const cgroup = isLimited ? makeCgroup(instance.instance, limit) : undefined;
    if (isLimited && !cgroup) {
      throw new Error(
        'no memory cgroup can be made: this recording needs root and a cgroup file system it may write to'
      );
    }
    const command = [binary, [...addresses, ...args(instance)]];
    const child = spawn(...(cgroup ? cgroup.enter(...command) : command), {
      cwd: scratch,
      stdio: 'inherit',
      env: { ...process.env, ...env },
    });
    const ended = new Promise((resolve) => child.on('close', resolve));
    return { child, ended, cgroup };
  });
  try {
    await sleep(1000);
    await recordAll();
  } finally {
    running.forEach(({ child }) => child.kill());
    await Promise.all(running.map(({ ended }) => ended));
    running.forEach(({ cgroup }) => cgroup?.remove());
    rmSync(scratch, { recursive: true, force: true });
  }
}

const names = ({ service, instance }) => ['-service', service, '-instance', instance, '-version', 'v2.3.0'];

const limited = {
  // Collects early, so that what is held is mostly live.
  env: { GOGC: '25', GOMEMLIMIT: `${184 * MiB}` },
  isLimited: true,
};

const recordings = {
  memory: () =>
    withServices(memoryInstances, {}, async () => {
      const state = { stopped: false };
      const loads = memoryInstances.map((instance) => load(instance, state));
      await sleep(3000);
      await Promise.all(memoryInstances.map((instance) => (instance.leaks ? ramp(instance) : scheduled(instance))));
      state.stopped = true;
      await Promise.all(loads);
    }),
  goroutines: () =>
    withServices(
      [scheduler],
      {
        // The leak profile is an experiment in Go 1.26; labels in dumps are the default from 1.27 on.
        env: { GOEXPERIMENT: 'goroutineleakprofile', GODEBUG: 'tracebacklabels=1' },
        args: (instance) => ['-peer', url(instance, '/memory')],
      },
      () => leakGoroutines(scheduler)
    ),
  incident: () =>
    withServices(
      checkoutInstances,
      {
        ...limited,
        args: (instance) => [...names(instance), '-folder', captures, '-cpu', '8s', '-heaprate', String(64 << 10)],
      },
      incident
    ),
  async fleet() {
    const [older, newer] = releases;
    const args = () => ['-heaprate', String(256 << 10)];
    await withServices(older, { args }, () => release(older, [30]));
    await withServices(newer, { args, replaces: false }, () => release(newer, [25, 25], newer[17]));
  },
  async traces() {
    const [folder, spool] = ['traces', 'spool'].map((name) => mkdtempSync(join(tmpdir(), `pproflens-${name}-`)));
    const args = (instance) => [...names(instance), '-folder', folder, '-spool', spool, '-cpu', '0s', '-flight'];
    const options = { ...limited, args, replaces: false };
    await withServices(checkoutInstances.slice(0, 1), options, () => flights(folder));
    [folder, spool].forEach((each) => rmSync(each, { recursive: true }));
  },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in recordings));
if (unknown.length > 0) {
  throw new Error(`no such recording: ${unknown.join(', ')}. There are ${Object.keys(recordings).join(', ')}`);
}
for (const name of wanted.length > 0 ? wanted : Object.keys(recordings)) {
  await recordings[name]();
}
