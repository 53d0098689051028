// docker/signer run by Debian's nginx.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDebian, freePort, root } from '../../scripts/setup.mjs';
import { folderOf, startServer, stopAll, waitFor } from './processes.mjs';

const dir = folderOf('signer');
const modules = '/usr/lib/nginx/modules';

/** Installs what is needed, where that may be. @returns why not, or undefined */
export const missing = () =>
  ensureDebian(
    ['nginx-light', 'libnginx-mod-http-js', 'ca-certificates'],
    ['nginx', `${modules}/ngx_http_js_module.so`]
  );

/** @returns where the bucket is, signed for. @throws Error with nginx's words */
export async function start({ bucketUrl, credentials }) {
  await stop();
  const listen = `127.0.0.1:${await freePort()}`;
  const url = `http://${listen}`;
  mkdirSync(dir);
  const values = {
    MODULES: modules,
    RUN: dir,
    SIGNER: join(root, 'docker/signer'),
    LISTEN: listen,
    RESOLVER: '127.0.0.1', // Never asked: the server is an address.
  };
  const template = readFileSync(join(root, 'docker/signer/nginx.conf.template'), 'utf8');
  const file = join(dir, 'nginx.conf');
  writeFileSync(
    file,
    template.replace(/\$\{(\w+)\}/g, (whole, name) => values[name] ?? whole)
  );
  startServer(dir, 'nginx', ['-c', file, '-g', 'daemon off;'], {
    S3_BUCKET_URL: bucketUrl,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  await waitFor('The signer', dir, 'nginx', async () => (await fetch(`${url}/?list-type=2&max-keys=1`)).ok, 20);
  return { url };
}

export const stop = () => stopAll(dir);
