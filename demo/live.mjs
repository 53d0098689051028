// Two services whose memory nears its limit while one looks, scraped by Prometheus, whose rules of docker/prometheus fire to
// Alertmanager: checkout, under a real limit, is captured by its auto-profiler, and cart, which has net/http/pprof and no more,
// by the gateway, which Alertmanager tells of its alert. The plugin reads the bucket through the gateway.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder, startChild } from '../scripts/children.mjs';
import { ensureDebian, freePort, has, root, say } from '../scripts/setup.mjs';
import { makeCgroup } from './cgroup.mjs';
import { buildService, s3Bucket, startGateway, startService } from './gateway.mjs';
import { climb } from './load.mjs';
import { startPrometheus } from './prometheus.mjs';

const MiB = 1024 * 1024;
const limit = 192 * MiB;
/** Of cart, as GOMEMLIMIT: nothing ends it there. */
const softLimit = 96 * MiB;

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
 * @param bucket where captures go: the `url` of an S3 server and the name of a `bucket`; without one to a folder
 * @param port of the gateway
 * @param seconds that the memory takes to climb
 */
export async function startLive({ url, bucket, seconds, port }) {
  const dir = scratchFolder('live');
  const program = buildService(dir);
  const captures = join(dir, 'profiles');
  const flags = bucket ? ['-bucket', bucket.bucket, '-endpoint', bucket.url] : ['-folder', captures];
  const checkout = await startCheckout(dir, program, flags);
  const cart = await startService(dir, 'cart', { program, env: { GOMEMLIMIT: String(softLimit) } });

  const gatewayPort = await freePort(port);
  const alertmanager = `127.0.0.1:${await freePort(9093)}`;
  const addressesOf = {
    'http://localhost:3000': url,
    'checkout:6060': new URL(checkout.debugUrl).host,
    'cart:6060': new URL(cart.debugUrl).host,
    'alertmanager:9093': alertmanager,
    'gateway:9095': `127.0.0.1:${gatewayPort}`,
    'interval: 5s': 'interval: 1s',
    'group_wait: 5s': 'group_wait: 1s',
  };
  const [forPrometheus, forAlerts] = [join(dir, 'prometheus'), join(dir, 'alertmanager')];
  configure({ folder: 'docker/prometheus', files: ['prometheus.yml', 'alerts.yml'] }, forPrometheus, addressesOf);
  const files = ['alertmanager.yml', 'pproflens.tmpl', 'gateway-token'];
  configure({ folder: 'docker/alertmanager', files }, forAlerts, addressesOf);
  startChild(dir, 'prometheus-alertmanager', [
    `--config.file=${join(forAlerts, 'alertmanager.yml')}`,
    `--storage.path=${join(dir, 'alerts')}`,
    `--web.listen-address=${alertmanager}`,
    '--cluster.listen-address=', // No gossip with others.
  ]);
  const prometheusUrl = await startPrometheus({ config: join(forPrometheus, 'prometheus.yml') });
  configure({ folder: 'docker', files: ['gateway.yml'] }, dir, { 'http://prometheus:9090': prometheusUrl });
  const { bucketUrl, ...gateway } = await startGateway({
    dir,
    bucket: bucket ? s3Bucket(bucket) : `file://${captures}`,
    port: gatewayPort,
    args: ['-config', join(dir, 'gateway.yml')],
  });
  for (const { child, ...addresses } of [checkout, cart]) {
    climb({ ...addresses, seconds }).catch((error) => {
      if (!child.killed) {
        say(`the load ended: ${error.cause?.message ?? error.message}`);
      }
    });
  }
  return {
    bucketUrl,
    prometheus: { url: prometheusUrl },
    gateway,
    alertmanager: `http://${alertmanager}`,
    limit: checkout.isLimited ? 'a memory cgroup' : 'GOMEMLIMIT alone, as no memory cgroup can be made here',
  };
}

/** With the auto-profiler, and in a cgroup with a limit where one can be made. */
async function startCheckout(dir, program, flags) {
  const cgroup = makeCgroup('pproflens-checkout', limit);
  const name = ['-service', 'checkout', '-instance', 'checkout-0', '-version', 'v2.4.0', '-cpu', '2s'];
  const checkout = await startService(dir, 'checkout', {
    program,
    args: [...name, ...flags, ...(cgroup ? [] : ['-limit', String(limit)])],
    env: { GOGC: '25', GOMEMLIMIT: String(Math.round(0.96 * limit)) },
    enter: cgroup?.enter,
  });
  checkout.child.on('close', () => cgroup?.remove());
  return { ...checkout, isLimited: Boolean(cgroup) };
}
