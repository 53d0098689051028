// docker/signer run by Debian's nginx, in front of the test server.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/setup.mjs';
import { credentials, url as endpoint } from './ceph.mjs';
import { startServer, stopAll, waitFor } from './processes.mjs';

export const packages = ['nginx-light', 'libnginx-mod-http-js'];
export const commands = ['nginx'];
export const url = 'http://127.0.0.1:8181';

const dir = join(tmpdir(), 'pproflens-signer');

export async function start() {
  await stop();
  mkdirSync(dir, { recursive: true });
  const values = {
    MODULES: '/usr/lib/nginx/modules',
    RUN: dir,
    SIGNER: join(root, 'docker/signer'),
    LISTEN: new URL(url).host,
    RESOLVER: '127.0.0.1', // Never asked: the endpoint is an address.
    S3_ENDPOINT: endpoint,
  };
  const template = readFileSync(join(root, 'docker/signer/nginx.conf.template'), 'utf8');
  const file = join(dir, 'nginx.conf');
  writeFileSync(
    file,
    template.replace(/\$\{(\w+)\}/g, (_, name) => values[name])
  );
  startServer(dir, 'nginx', ['-c', file], {
    S3_ENDPOINT: endpoint,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  await waitFor('The signer', dir, 'nginx', async () => (await fetch(`${url}/private?list-type=2&max-keys=1`)).ok, 20);
}

export const stop = () => stopAll(dir);
