// npm run grafana: real Grafana with the plugin, its dashboards and the recorded captures. With GRAFANA_HOME (the folder
// of an installed or built Grafana, with bin/grafana and public/ in it), else with Docker. With GRAFANA_HOME the metrics
// are the recorded ones too, in a Prometheus of its own, unless PROMETHEUS_URL names another, and where Go is installed there
// is the gateway, which captures a service with net/http/pprof.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endChildren, scratchFolder } from './children.mjs';
import { ensureBuild, ensureModules, freePort, has, root, run, say } from './setup.mjs';

const id = 'pproflens-pprof-datasource';
const home = process.env.GRAFANA_HOME;
const works = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** What is missing to start Grafana, undefined where nothing is. */
function missing() {
  if (home) {
    const lacks = ['bin/grafana', 'public', 'conf/defaults.ini'].filter((path) => !existsSync(join(home, path)));
    return lacks.length > 0
      ? `GRAFANA_HOME=${home}: expected the folder of an installed or built Grafana, but it has no ${lacks.join(', no ')}.`
      : undefined;
  }
  const without = 'Set GRAFANA_HOME to the folder of a Grafana 12.3 or newer, or see the plugin with npm run demo.';
  if (!works('docker', 'info')) {
    return `Grafana needs Docker, which is not running here. ${without}`;
  }
  return works('docker', 'compose', 'version') ? undefined : `This Docker has no "docker compose". ${without}`;
}

/** A Prometheus over the recorded metrics. Without one the dashboards' metrics panels say that it cannot be reached. */
async function startMetrics(captures) {
  const recorded = await import('../demo/prometheus.mjs');
  const lacks = recorded.missing();
  if (lacks) {
    say(`no Prometheus: ${lacks}`);
    return 'http://127.0.0.1:9090';
  }
  return recorded.startPrometheus(captures);
}

/** The gateway over a folder. Without Go its data source says that it cannot be reached. */
async function startCaptures() {
  if (!has('go')) {
    say('no gateway: go, which builds it, is not installed');
    return { url: 'http://127.0.0.1:9095', token: '' };
  }
  const { buildService, startGateway, startService } = await import('../demo/gateway.mjs');
  const dir = scratchFolder('captures');
  const { debugUrl } = await startService(dir, 'cart', { program: buildService(dir) });
  const bucket = `file://${join(dir, 'profiles')}`;
  return startGateway({ dir, bucket, port: await freePort(9095), args: ['-target', `cart=${debugUrl}`] });
}

async function startInstalled() {
  const { createStore, repeatCaptures } = await import('../demo/store/store.mjs');
  const start = Date.now();
  const objects = repeatCaptures({ start });
  const prometheusUrl = process.env.PROMETHEUS_URL ?? (await startMetrics({ objects, start }));
  const gateway = await startCaptures();
  const storePort = await freePort(Number(process.env.STORE_PORT ?? 9000));
  const store = createStore(objects).listen(storePort, '127.0.0.1');
  const storeUrl = `http://127.0.0.1:${storePort}`;
  const port = await freePort(Number(process.env.PORT ?? 3000));
  const url = `http://127.0.0.1:${port}`;
  const data = scratchFolder('grafana');
  mkdirSync(join(data, 'plugins'));
  symlinkSync(join(root, 'dist'), join(data, 'plugins', id));

  const grafana = spawn(join(home, 'bin/grafana'), ['server', '--homepath', home], {
    stdio: 'inherit',
    env: {
      ...process.env,
      BUCKET_URL: process.env.BUCKET_URL ?? `${storeUrl}/profiles`,
      PROMETHEUS_URL: prometheusUrl,
      GATEWAY_URL: gateway.url,
      GATEWAY_TOKEN: gateway.token,
      DASHBOARDS_PATH: join(root, 'dist/dashboards'),
      // Loopback only: the password is admin.
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(port),
      GF_SERVER_ROOT_URL: `${url}/`, // Links of alerts start with it.
      GF_PATHS_DATA: data,
      GF_PATHS_LOGS: join(data, 'log'),
      GF_PATHS_PLUGINS: join(data, 'plugins'),
      GF_PATHS_PROVISIONING: join(root, 'provisioning'),
      GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: id,
      GF_PLUGINS_PREINSTALL_DISABLED: 'true',
      GF_ANALYTICS_REPORTING_ENABLED: 'false',
      GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
      GF_LOG_LEVEL: process.env.GF_LOG_LEVEL ?? 'warn',
    },
  });
  let ended = false;
  const end = async (code, why) => {
    ended = true;
    if (why) {
      say(why);
    }
    store.close();
    await endChildren();
    process.exit(code);
  };
  grafana.on('error', (error) => end(1, `${home}/bin/grafana could not be started: ${error.message}`));
  grafana.on('close', (code) => end(code ?? 0));
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => grafana.kill(signal));
  }

  // It builds its database first, which takes some seconds.
  while (!ended && !(await fetch(`${url}/api/health`).catch(() => undefined))?.ok) {
    await sleep(300);
  }
  if (!ended) {
    say(`bucket      ${storeUrl}/profiles`);
    say(`Prometheus  ${prometheusUrl}`);
    say(`gateway     ${gateway.url}`);
    say(`Grafana     ${url}  (admin / admin), Ctrl-C stops all of it`);
    say(`tests       GRAFANA_URL=${url} STORE_URL=${storeUrl} npm run test:grafana`);
  }
}

const lacking = missing();
if (lacking) {
  say(lacking);
  process.exit(1);
}
ensureModules();
ensureBuild();
if (home) {
  await startInstalled();
} else {
  say('Grafana     http://127.0.0.1:3000  (admin / admin), once it is up');
  run('docker', ['compose', 'up']);
}
