// A service whose memory nears its limit while one looks: demo/service under a real limit, captured by its auto-profiler,
// scraped by Prometheus, whose rule of docker/prometheus fires to Alertmanager.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder, startChild } from '../scripts/children.mjs';
import { ensureDebian, freePort, has, root, run, say } from '../scripts/setup.mjs';
import { waitFor } from '../tests/servers/processes.mjs';
import { makeCgroup } from './cgroup.mjs';
import { climb } from './load.mjs';
import { startPrometheus } from './prometheus.mjs';
import { createStore, createUploads } from './store/store.mjs';

const limit = 192 * 1024 * 1024;

/** Installs what is needed, where that may be. @returns why not, or undefined */
export function missing() {
  return has('go')
    ? ensureDebian(['prometheus', 'prometheus-alertmanager'], ['prometheus', 'promtool', 'prometheus-alertmanager'])
    : 'go not found: it builds the service';
}

/** A copy of a folder's files that name this machine's addresses. */
function configure(from, to, replacements) {
  mkdirSync(to, { recursive: true });
  for (const name of from.files) {
    let text = readFileSync(join(root, from.folder, name), 'utf8');
    for (const [old, ours] of Object.entries(replacements)) {
      text = text.replaceAll(old, ours);
    }
    writeFileSync(join(to, name), text);
  }
}

/**
 * @param url where the dashboards are, for the links of alerts
 * @param bucket where captures go: `flags` of demo/service that name an S3 bucket, and the `url` to read it from; without
 *   one to a store in memory
 * @param seconds that the memory takes to climb
 */
export async function startLive({ url, bucket, seconds, storePort }) {
  const dir = scratchFolder('live');
  run('go', ['build', '-C', 'demo/service', '-trimpath', '-o', join(dir, 'service'), '.']);
  const target = bucket ?? (await startStore(storePort));
  const [port, debugPort, alertPort] = [await freePort(), await freePort(), await freePort(9093)];
  const debugUrl = `http://127.0.0.1:${debugPort}`;

  const cgroup = makeCgroup('pproflens-checkout', limit);
  const name = ['-service', 'checkout', '-instance', 'checkout-0', '-version', 'v2.4.0', '-cpu', '2s'];
  const addresses = ['-addr', `127.0.0.1:${port}`, '-debug', `127.0.0.1:${debugPort}`];
  const args = [...name, ...addresses, ...target.flags, ...(cgroup ? [] : ['-limit', String(limit)])];
  const command = [join(dir, 'service'), args];
  const child = startChild(dir, ...(cgroup ? cgroup.enter(...command) : command), {
    env: { GOGC: '25', GOMEMLIMIT: String(Math.round(0.96 * limit)) },
    log: 'service',
  });
  child.on('close', () => cgroup?.remove());
  await waitFor('The service', dir, 'service', async () => (await fetch(`${debugUrl}/metrics`)).ok);

  const alertmanager = `127.0.0.1:${alertPort}`;
  const addressesOf = {
    'http://localhost:3000': url,
    'checkout:6060': `127.0.0.1:${debugPort}`,
    'alertmanager:9093': alertmanager,
    'interval: 5s': 'interval: 1s',
    'group_wait: 5s': 'group_wait: 1s',
  };
  const [forPrometheus, forAlerts] = [join(dir, 'prometheus'), join(dir, 'alertmanager')];
  configure({ folder: 'docker/prometheus', files: ['prometheus.yml', 'alerts.yml'] }, forPrometheus, addressesOf);
  configure({ folder: 'docker/alertmanager', files: ['alertmanager.yml', 'pproflens.tmpl'] }, forAlerts, addressesOf);
  startChild(dir, 'prometheus-alertmanager', [
    `--config.file=${join(forAlerts, 'alertmanager.yml')}`,
    `--storage.path=${join(dir, 'alerts')}`,
    `--web.listen-address=${alertmanager}`,
    '--cluster.listen-address=', // No gossip with others.
  ]);
  const prometheusUrl = await startPrometheus({ config: join(forPrometheus, 'prometheus.yml') });
  climb({ url: `http://127.0.0.1:${port}`, debugUrl, seconds }).catch((error) => {
    if (!child.killed) {
      say(`the load ended: ${error.cause?.message ?? error.message}`);
    }
  });
  return {
    bucketUrl: target.url,
    prometheus: { url: prometheusUrl },
    alertmanager: `http://${alertmanager}`,
    limit: cgroup ? 'a memory cgroup' : 'GOMEMLIMIT alone, as no memory cgroup can be made here',
  };
}

/** A bucket in memory: captures are PUT on one port and read on another, which is read only. */
async function startStore(storePort) {
  const objects = [];
  const [port, uploads] = [await freePort(storePort), await freePort()];
  createStore(objects).listen(port, '127.0.0.1');
  createUploads(objects).listen(uploads, '127.0.0.1');
  return { url: `http://127.0.0.1:${port}/profiles`, flags: ['-put', `http://127.0.0.1:${uploads}/`] };
}
