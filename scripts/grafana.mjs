// npm run grafana: real Grafana with the plugin, its dashboards and the recorded captures. With GRAFANA_HOME (the folder
// of an installed or built Grafana, with bin/grafana and public/ in it), else with Docker.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureBuild, ensureModules, freePort, root, run, say } from './setup.mjs';

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

async function startInstalled() {
  const { createStore } = await import('../demo/store/store.mjs');
  const storePort = await freePort(Number(process.env.STORE_PORT ?? 9000));
  const store = createStore().listen(storePort, '127.0.0.1');
  const storeUrl = `http://127.0.0.1:${storePort}`;
  const port = await freePort(Number(process.env.PORT ?? 3000));
  const url = `http://127.0.0.1:${port}`;
  const data = mkdtempSync(join(tmpdir(), 'pproflens-grafana-'));
  mkdirSync(join(data, 'plugins'));
  symlinkSync(join(root, 'dist'), join(data, 'plugins', id));

  const grafana = spawn(join(home, 'bin/grafana'), ['server', '--homepath', home], {
    stdio: 'inherit',
    env: {
      ...process.env,
      BUCKET_URL: process.env.BUCKET_URL ?? `${storeUrl}/profiles`,
      PROMETHEUS_URL: process.env.PROMETHEUS_URL ?? 'http://127.0.0.1:9090',
      DASHBOARDS_PATH: join(root, 'dist/dashboards'),
      // Loopback only: the password is admin.
      GF_SERVER_HTTP_ADDR: '127.0.0.1',
      GF_SERVER_HTTP_PORT: String(port),
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
  const end = (code, why) => {
    ended = true;
    if (why) {
      say(why);
    }
    store.close();
    rmSync(data, { recursive: true, force: true });
    process.exitCode = code;
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
    say(`bucket   ${storeUrl}/profiles`);
    say(`Grafana  ${url}  (admin / admin), Ctrl-C stops both`);
    say(`tests    GRAFANA_URL=${url} STORE_URL=${storeUrl} npm run test:grafana`);
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
  say('Grafana  http://127.0.0.1:3000  (admin / admin), once it is up');
  run('docker', ['compose', 'up']);
}
