// The gateway in front of buckets of the servers of the tests, one process for each.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildGateway } from '../../demo/gateway.mjs';
import { freePort, has } from '../../scripts/setup.mjs';
import { folderOf, startServer, stopAll, waitFor } from './processes.mjs';

const dir = folderOf('gateway');

/** @returns why it cannot be started here, or undefined */
export const missing = () => (has('go') ? undefined : 'go is not installed, so the gateway cannot be built');

/** @returns what the SDK of AWS reads credentials from */
export const environmentOf = ({ accessKeyId, secretAccessKey, sessionToken }) => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  ...(sessionToken && { AWS_SESSION_TOKEN: sessionToken }),
});

/** @returns a program of the gateway's module, built once until `stop` */
export function build(name = 'pproflens-gateway', folder = '.') {
  mkdirSync(dir, { recursive: true });
  return existsSync(join(dir, name)) ? join(dir, name) : buildGateway(dir, name, folder);
}

/** Puts objects into a bucket of a cloud or a folder, which is made first. @throws Error with the store's words */
export function fill({ bucket, env }, objects) {
  const input = objects
    .map(({ key, body }) => JSON.stringify({ key, body: Buffer.from(body).toString('base64') }))
    .join('\n');
  const { status, stderr } = spawnSync(build('fill', './internal/fill'), [bucket], {
    input,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  if (status !== 0) {
    throw new Error(`${bucket} cannot be filled: ${stderr}`);
  }
}

/** @returns where the bucket is, read by a gateway of its own. @throws Error with the gateway's words */
export async function start({ bucket, env, args = [] }) {
  const listen = `127.0.0.1:${await freePort()}`;
  startServer(dir, build(), ['-listen', listen, '-bucket', bucket, '-name', 'private', ...args], env);
  const url = `http://${listen}/private`;
  const isReady = async () => (await fetch(`${url}?list-type=2&max-keys=1`)).ok;
  await waitFor('The gateway', dir, 'pproflens-gateway', isReady, 20);
  return { url };
}

/** A bucket that is a folder, empty. */
export const folderBucket = () => ({ bucket: `file://${join(dir, 'private')}`, env: {} });

export const stop = () => stopAll(dir);
