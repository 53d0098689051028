// npm run grafana: real Grafana with the plugin, its dashboards and the recorded captures. With GRAFANA_HOME (the folder
// of an installed or built Grafana, with bin/ and public/ in it), else with Docker.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild, ensureModules, has, root, run, say } from './setup.mjs';

const id = 'pproflens-pprof-datasource';
const home = process.env.GRAFANA_HOME;
const hasDocker = () => has('docker') && spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0;

if (!home && !hasDocker()) {
  say('Grafana needs Docker, which is not running here, or GRAFANA_HOME: the folder of a Grafana 12.3 or newer.');
  say('Without either, npm run demo shows the same plugin and dashboards in a workbench.');
  process.exit(1);
}
const server = home && ['bin/grafana', 'bin/grafana-server'].map((name) => join(home, name)).find(existsSync);
if (home && !server) {
  say(`GRAFANA_HOME=${home}: expected bin/grafana there, as in an unpacked Grafana.`);
  process.exit(1);
}
ensureModules();
ensureBuild();
if (!home) {
  run('docker', ['compose', 'up', '--build']);
} else {
  await startInstalled();
}

async function startInstalled() {
  const { createStore } = await import('../demo/store/store.mjs');
  const storePort = Number(process.env.STORE_PORT ?? 9000);
  const port = process.env.PORT ?? '3000';
  const store = createStore().listen(storePort, '127.0.0.1');
  const data = mkdtempSync(join(tmpdir(), 'pproflens-grafana-'));
  mkdirSync(join(data, 'plugins'));
  symlinkSync(join(root, 'dist'), join(data, 'plugins', id));
  say(`Grafana  http://127.0.0.1:${port}  (admin / admin)`);
  const grafana = spawn(server, [...(server.endsWith('grafana') ? ['server'] : []), '--homepath', home], {
    stdio: 'inherit',
    env: {
      ...process.env,
      BUCKET_URL: `http://127.0.0.1:${storePort}/profiles`,
      PROMETHEUS_URL: process.env.PROMETHEUS_URL ?? 'http://127.0.0.1:9090',
      DASHBOARDS_PATH: join(root, 'dist/dashboards'),
      GF_SERVER_HTTP_PORT: port,
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
  process.on('SIGINT', () => grafana.kill('SIGINT'));
  grafana.on('close', (code) => {
    store.close();
    rmSync(data, { recursive: true, force: true });
    process.exitCode = code ?? 0;
  });
}
