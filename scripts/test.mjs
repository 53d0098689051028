// npm test: everything, from a bare clone. Steps run in order and all of them run, so one failure hides no other.
//   node scripts/test.mjs [STEP…]     only these steps, e.g. unit browser
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleKb, maxBundleKb, pack } from './package.mjs';
import {
  ensureBuild,
  ensureChromium,
  ensureDebian,
  ensureModules,
  go,
  goRace,
  has,
  racing,
  root,
  run,
  say,
  withC,
} from './setup.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'pproflens-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const total = { passed: 0, failed: 0, skipped: 0 };

/** Thrown by a step that cannot run here. With CI=true that is a failure: CI machines have what is needed. */
class Skip extends Error {}

function jest(name, args, env = {}) {
  const report = join(scratch, `${name}.json`);
  const result = spawnSync('npx', ['jest', '--json', `--outputFile=${report}`, '--maxWorkers=2', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, TZ: 'UTC', ...env },
  });
  const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined;
  total.passed += counts?.numPassedTests ?? 0;
  total.failed += counts?.numFailedTests ?? 0;
  total.skipped += counts?.numPendingTests ?? 0;
  if (result.status !== 0) {
    throw new Error(`${(counts?.numFailedTests ?? 0) + (counts?.numFailedTestSuites ?? 0)} tests or suites failed`);
  }
  if (!counts?.numPassedTests) {
    throw new Error('no test ran');
  }
}

/** scripts/NAME.test.mjs: that the checks of a script find their faults. */
function nodeTest(name) {
  const path = `scripts/${name}.test.mjs`;
  const { status, stdout } = spawnSync('node', ['--test', '--test-reporter=tap', path], {
    cwd: root,
    encoding: 'utf8',
  });
  const count = (kind) => Number(new RegExp(`^# ${kind} (\\d+)$`, 'm').exec(stdout)?.[1] ?? 0);
  total.passed += count('pass');
  total.failed += count('fail');
  say(`${path}: ${count('pass')} checks find their fault`);
  if (status !== 0 || count('pass') === 0) {
    throw new Error(`${count('fail')} of ${path} failed:\n${stdout}`);
  }
}

function playwright(name, args, env = {}) {
  const { path, missing } = ensureChromium();
  if (missing) {
    throw new Skip(missing);
  }
  const report = join(scratch, `${name}.json`);
  const result = spawnSync('npx', ['playwright', 'test', '--reporter=list,json', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env, CHROMIUM_PATH: path, PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
  const stats = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).stats : undefined;
  total.passed += (stats?.expected ?? 0) + (stats?.flaky ?? 0);
  total.failed += stats?.unexpected ?? 0;
  total.skipped += stats?.skipped ?? 0;
  if (result.status !== 0) {
    throw new Error(`${stats?.unexpected ?? 'all'} browser tests failed`);
  }
}

/** A real S3 server that checks signatures, while `run` runs, and its credentials as the SDKs read them. */
async function withS3(fill, run) {
  const ceph = await import('../tests/servers/ceph.mjs');
  const missing = ceph.missing();
  if (missing) {
    throw new Skip(missing);
  }
  try {
    const { url, credentials } = await ceph.start();
    await fill({ url, credentials });
    const { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY } = credentials;
    await run({ url, credentials, env: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } });
  } finally {
    await ceph.stop();
  }
}

/** Tests of autoprofiler/internal/survive that end processes. */
const ofSurvival = '^(TestTheLastCaptureSurvives|TestACaptureOfManyGoroutinesDoesNotEndTheProcess)$';

/** Starts scripts/prefetch.mjs. @returns waits until it has ended, some minutes at most, and says what it could not bring */
function prefetch() {
  const path = join(scratch, 'prefetch.log');
  const log = openSync(path, 'w');
  const child = spawn('node', ['scripts/prefetch.mjs'], { cwd: root, stdio: ['ignore', log, log] });
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  if (child.pid) {
    setPriority(child.pid, constants.priority.PRIORITY_LOW);
  }
  return async () => {
    say('waiting for scripts/prefetch.mjs');
    const limit = setTimeout(() => child.kill(), 10 * 60_000);
    const outcome = await ended;
    clearTimeout(limit);
    if (outcome !== 0) {
      say(`scripts/prefetch.mjs lacks something, which the steps try again:\n${readFileSync(path, 'utf8')}`);
    }
  };
}

/** Steps that need nothing but node_modules. */
const early = new Set(['typecheck', 'lint', 'unit', 'fuzz', 'build', 'package']);

/** Go fuzzes one target of one package at a time. */
const fuzzed = [
  ['key', 'FuzzFolder', 'FuzzTwoNames', 'FuzzIs'],
  ['spool', 'FuzzAFolderAtStart'],
];

const steps = {
  typecheck: () => run('npm', ['run', '--silent', 'typecheck']),
  lint() {
    run('npm', ['run', '--silent', 'lint', '--', '--max-warnings=0']);
    run('npm', ['run', '--silent', 'layers']);
    nodeTest('layers');
    run('npx', ['prettier', '--check', '--log-level=warn', '.github']); // Their syntax; GitHub alone runs them.
  },
  unit: () => jest('unit', []),
  /**
   * Half a minute, seeds included, of mutants of real files against every reader, guided by coverage. Always the same ones: what a
   * new seed finds is no fault of the change that is tested.
   */
  fuzz: () => run('node', ['scripts/fuzz.mjs', '--seconds', '15', '--seed', '1']),
  build() {
    ensureBuild();
    const kb = bundleKb(
      new Map(['module.js', 'worker.js'].map((name) => [name, readFileSync(join(root, 'dist', name))]))
    );
    say(`module.js and worker.js are ${kb.toFixed(1)} kB gzipped, at most ${maxBundleKb} kB`);
  },
  /** The zip for the catalog, and that each of its checks finds what it is for. */
  async package() {
    await pack({ check: true });
    nodeTest('package');
  },
  /** Real Ceph: a public bucket as it is, and a private one through the gateway, which Go builds; it reads other clouds' buckets too. */
  async store() {
    const { fillBuckets, objects, oddKeys } = await import('../tests/servers/buckets.mjs');
    const { s3Bucket } = await import('../demo/gateway.mjs');
    const gateway = await import('../tests/servers/gateway.mjs');
    const clouds = await import('../tests/servers/clouds.mjs');
    const ceph = await import('../tests/servers/ceph.mjs');
    const missing = gateway.missing();
    if (missing) {
      throw new Skip(missing);
    }
    await withS3(fillBuckets, async ({ url, credentials, env }) => {
      try {
        await gateway.stop();
        const session = await ceph.sessionCredentials({ url, credentials });
        const s3 = { bucket: s3Bucket({ url, bucket: 'private' }), env: gateway.environmentOf(session) };
        const others = { folder: gateway.folderBucket(), ...(await clouds.start()) };
        const gateways = {};
        for (const [name, bucket] of Object.entries(others)) {
          gateway.fill(bucket, objects());
          gateways[name] = (await gateway.start(bucket)).url;
        }
        const { url: read } = await gateway.start(s3);
        const servers = { public: `${url}/profiles`, private: `${url}/private`, gateway: read, gateways, oddKeys };
        jest('store', ['src/store/s3.server.test.ts', 'src/store/gateway.server.test.ts'], {
          PPROFLENS_S3: JSON.stringify(servers),
        });
        const all = [s3, ...Object.values(others)].filter(({ bucket }) => !bucket.startsWith('file:')); // Its own tests have one.
        const buckets = { GATEWAY_TEST_BUCKETS: all.map(({ bucket }) => bucket).join(' ') };
        go('gateway', ['test', '-count=1', './internal/bucket'], Object.assign(buckets, ...all.map((one) => one.env)));
        const target = { AUTOPROFILER_S3_ENDPOINT: url, AUTOPROFILER_S3_BUCKET: 'private' };
        go('autoprofiler', ['test', '-count=1', './s3target'], { ...env, ...target });
      } finally {
        await gateway.stop();
        await clouds.stop();
      }
    });
  },
  /** Two at a time. */
  browser: () => playwright('browser', ['--grep-invert=@alone', '--workers=2']),
  /** Browser tests that count, measure or change what the others share. */
  alone: () => playwright('alone', ['--grep=@alone']),
  /** The plugin as it was built, types, and the workbench with the newest Grafana's packages and React 19. */
  async grafana13() {
    const { checkTypes, ensureGrafana13 } = await import('./grafana13.mjs');
    const copy = ensureGrafana13();
    checkTypes();
    jest('grafana13', ['-c', join(copy, 'jest.config.js'), '--selectProjects', 'shell']);
    ensureBuild();
    // What draws: the other specs say nothing of Grafana that these do not.
    const specs = ['workbench', 'flame'].map((name) => `tests/${name}.spec.ts`);
    playwright('grafana13-browser', specs, { WORKBENCH: copy });
  },
  // Real Grafana is not started here: `npm run grafana` does, where it is installed.
  ...(process.env.GRAFANA_URL && {
    grafana: () => playwright('grafana', ['-c', 'tests/grafana/playwright.config.ts']),
  }),
  go() {
    if (!has('go')) {
      say(
        'go is not installed: the auto-profiler, the gateway and the demo service are not tested; the captures are recorded'
      );
      return;
    }
    for (const module of ['demo/service', 'autoprofiler', 'gateway']) {
      go(module, ['vet', './...']);
    }
    go('demo/service', ['test', './...']);
    if (has('gcc')) {
      // The race detector takes too much memory where processes die of theirs: those tests run without it.
      go('autoprofiler', ['test', '.']);
      go('autoprofiler', ['test', './internal/survive'], withC);
      goRace('autoprofiler', ['test', `-skip=${ofSurvival}`, './...']);
    } else {
      go('autoprofiler', ['test', './...']);
    }
    go('gateway', ['test', './...']);
    if (has('gcc')) {
      goRace('gateway', ['test', ...racing]);
    }
    if (process.env.CI && process.getuid?.() !== 0 && spawnSync('sudo', ['-n', 'true']).status === 0) {
      // Skipped above: only root may make the memory cgroups in which its processes die.
      const survive = join(scratch, 'survive');
      go('autoprofiler', ['test', '-c', '-o', survive, './internal/survive'], has('gcc') ? withC : {});
      run('sudo', ['-n', survive, '-test.v']);
    }
    for (const [folder, ...targets] of fuzzed) {
      for (const target of targets) {
        go('autoprofiler', ['test', '-run=^$', `-fuzz=^${target}$`, '-fuzztime=5s', `./${folder}`]);
      }
    }
  },
  /** What docker/ and demo:live give to Prometheus and Alertmanager. */
  alerts() {
    const missing = ensureDebian(['prometheus', 'prometheus-alertmanager'], ['promtool', 'amtool']);
    if (missing) {
      throw new Skip(missing);
    }
    run('promtool', ['check', 'config', 'docker/prometheus/prometheus.yml']); // With its rules.
    run('promtool', ['test', 'rules', 'docker/prometheus/alerts.test.yml']);
    run('amtool', ['check-config', 'docker/alertmanager/alertmanager.yml']); // With its templates.
  },
  /**
   * Two services whose memory nears its limit: from the first capture of one in the bucket to the link of its alert, and of the
   * other, with plain net/http/pprof, from its alert to the capture that the gateway makes.
   */
  async live() {
    const { missing } = await import('../demo/live.mjs');
    const why = missing();
    if (why) {
      throw new Skip(why);
    }
    const story = (env) => playwright('live', ['-c', 'tests/live/playwright.config.ts'], env);
    const { createBucket } = await import('../tests/servers/buckets.mjs');
    try {
      await withS3(
        (server) => createBucket(server, 'captures'),
        ({ url, env }) => story({ ...env, BUCKET: 'captures', BUCKET_ENDPOINT: url })
      );
    } catch (error) {
      if (!(error instanceof Skip)) {
        throw error;
      }
      say(`${error.message}: captures go to a folder instead of S3`);
      story({});
    }
  },
};

ensureModules();
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in steps));
if (unknown.length > 0) {
  say(`no such step: ${unknown.join(', ')}. Steps: ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}
const outcome = [];
/** All steps leave time to bring things beside the first ones; one step brings its own. */
let prefetched = wanted.length === 0 ? prefetch() : undefined;
for (const [name, step] of Object.entries(steps)) {
  if (wanted.length > 0 && !wanted.includes(name)) {
    continue;
  }
  if (prefetched && !early.has(name)) {
    await prefetched();
    prefetched = undefined;
  }
  say(name);
  const start = Date.now();
  const failedBefore = total.failed;
  try {
    await step();
    outcome.push(`✓ ${name} ${((Date.now() - start) / 1000).toFixed(0)} s`);
  } catch (error) {
    const skipped = error instanceof Skip && !process.env.CI;
    // A step without tests of its own, typecheck say, counts as one.
    total.failed += skipped || total.failed > failedBefore ? 0 : 1;
    total.skipped += skipped ? 1 : 0;
    outcome.push(`${skipped ? '–' : '✗'} ${name}: ${error.message}`);
  }
}
process.stdout.write(`\n${outcome.join('\n')}\n\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed > 0 ? 1 : 0);
