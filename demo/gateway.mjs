// The gateway for the demo and for real Grafana, and the service that it captures: demo/service with net/http/pprof alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../scripts/children.mjs';
import { freePort, go, root } from '../scripts/setup.mjs';
import { waitFor } from '../tests/servers/processes.mjs';

/** Of the demo: docker/alertmanager sends it. */
const tokenFile = join(root, 'docker/alertmanager/gateway-token');

/** @returns demo/service, built in a folder. Needs Go */
export function buildService(dir) {
  const program = join(dir, 'service');
  go('demo/service', ['build', '-o', program, '.']);
  return program;
}

/** Starts demo/service. @returns its process and addresses, when it answers */
export async function startService(dir, name, { program, args = [], env = {}, enter = (...command) => command }) {
  const [address, debug] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const child = startChild(dir, ...enter(program, ['-addr', address, '-debug', debug, ...args]), { env, log: name });
  const debugUrl = `http://${debug}`;
  await waitFor(`The service ${name}`, dir, name, async () => (await fetch(`${debugUrl}/metrics`)).ok);
  return { child, url: `http://${address}`, debugUrl };
}

/** @returns the gateway, or another program of its module, built in a folder. Needs Go */
export function buildGateway(dir, name = 'pproflens-gateway', folder = '.') {
  const program = join(dir, name);
  go('gateway', ['build', '-ldflags=-s -w', '-o', program, folder]);
  return program;
}

/** @returns a bucket of an S3 server as the gateway has it; its credentials are in the environment */
export function s3Bucket({ url, bucket }) {
  const parameters = new URLSearchParams({
    endpoint: url,
    region: 'us-east-1',
    use_path_style: 'true',
    // The checksums that the SDK adds by default are newer than Debian's radosgw, which refuses them.
    request_checksum_calculation: 'when_required',
  });
  return `s3://${bucket}?${parameters}`;
}

/**
 * Starts the gateway, with the token of the demo.
 * @param bucket its URL
 * @param args more of its flags, such as what it captures
 * @returns its address, and the bucket's, read by it
 */
export async function startGateway({ dir, bucket, port, args }) {
  const url = `http://127.0.0.1:${port}`;
  const own = ['-listen', new URL(url).host, '-bucket', bucket, '-spool', join(dir, 'spool'), '-token-file', tokenFile];
  startChild(dir, buildGateway(dir), [...own, ...args], { log: 'gateway' });
  await waitFor('The gateway', dir, 'gateway', async () => (await fetch(`${url}/healthz`)).ok, 20);
  const [, name] = /([^/?]+)(\?.*)?$/.exec(bucket);
  return { url, bucketUrl: `${url}/${name}`, token: readFileSync(tokenFile, 'utf8').trim() };
}
