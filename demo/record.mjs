// Records demo/captures from demo/service: builds it, runs three instances of two services, loads them, and fetches
// profiles from net/http/pprof, bundled and named as an auto-profiler would. Needs Go; takes about two minutes.
//   node demo/record.mjs
//
// One ingester leaks up to 90 % of its limit; each rung of the ladder is a capture event. Nothing is edited afterwards.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const captures = join(here, 'captures');
const MiB = 1024 * 1024;

const instances = [
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
/** Share of the load, and of the leak, of each tenant. */
const tenants = { acme: 10, globex: 5, initech: 3, umbrella: 2, hooli: 1 };
const version = 'v1.42.0';
const ladder = [0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9];

const url = ({ port }, path) => `http://127.0.0.1:${port}${path}`;
const debugUrl = ({ port }, path) => `http://127.0.0.1:${port + 1}/debug/pprof/${path}`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function get(address) {
  const response = await fetch(address);
  if (!response.ok) {
    throw new Error(`${address}: ${response.status} ${await response.text()}`);
  }
  return Buffer.from(await response.arrayBuffer());
}

function weighted(weights) {
  let at = Math.random() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  return Object.keys(weights).find((name) => (at -= weights[name]) < 0);
}

/** Sends jobs until it is told to stop. */
async function load(instance, state) {
  while (!state.stopped) {
    const operation = weighted(instance.mix);
    const size = { ingest: 40, query: 3, compact: 12 }[operation];
    await get(url(instance, `/work?tenant=${weighted(tenants)}&operation=${operation}&size=${size}`));
  }
}

const value = async (instance) => Number((await get(url(instance, '/memory'))).toString());

/** Fetches a bundle of profiles under one event id. The key says when, why, and how full the memory was. */
async function capture(instance, trigger, profiles) {
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
    [time, event, trigger, `${bytes}-${instance.limit}`, instance.instance, version].join('_'),
  ].join('/');
  mkdirSync(join(captures, folder), { recursive: true });
  for (const profile of profiles) {
    const path = { cpu: 'profile?seconds=4' }[profile] ?? profile;
    writeFileSync(join(captures, folder, `${profile}.pb.gz`), await get(debugUrl(instance, path)));
  }
  process.stdout.write(`${folder}: ${profiles.join(' ')} at ${Math.round((100 * bytes) / instance.limit)} %\n`);
}

const all = ['heap', 'goroutine', 'allocs', 'mutex', 'block', 'cpu'];

async function ramp(instance) {
  for (const rung of ladder) {
    while ((await value(instance)) < rung * instance.limit) {
      await get(url(instance, `/leak?tenant=${weighted(tenants)}&kib=128`));
      await sleep(40);
    }
    await capture(instance, 'heap-ratio', rung === ladder.at(-1) ? all : ['heap', 'goroutine']);
  }
}

async function scheduled(instance) {
  for (let i = 0; i < 3; i++) {
    await sleep(6000);
    await get(url(instance, '/contend'));
    await capture(instance, 'interval', i === 1 ? all : ['heap', 'goroutine', 'cpu']);
  }
}

const scratch = mkdtempSync(join(tmpdir(), 'pproflens-record-'));
const binary = join(scratch, 'service');
const built = spawnSync('go', ['build', '-trimpath', '-o', binary, '.'], {
  cwd: join(here, 'service'),
  stdio: 'inherit',
});
if (built.status !== 0) {
  throw new Error('go build failed; recording needs Go 1.24 or newer');
}
rmSync(captures, { recursive: true, force: true });
const processes = instances.map(({ port }) =>
  spawn(binary, ['-addr', `127.0.0.1:${port}`, '-debug', `127.0.0.1:${port + 1}`], { cwd: scratch, stdio: 'inherit' })
);
try {
  await sleep(1000);
  const state = { stopped: false };
  const loads = instances.map((instance) => load(instance, state));
  await sleep(3000);
  await Promise.all(instances.map((instance) => (instance.leaks ? ramp(instance) : scheduled(instance))));
  state.stopped = true;
  await Promise.all(loads);
} finally {
  processes.forEach((process) => process.kill());
  rmSync(scratch, { recursive: true, force: true });
}
