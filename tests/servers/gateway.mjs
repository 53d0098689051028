// The gateway in front of a private bucket of the S3 server of the tests.
import { mkdirSync } from 'node:fs';
import { buildGateway, s3Bucket } from '../../demo/gateway.mjs';
import { freePort, has } from '../../scripts/setup.mjs';
import { folderOf, startServer, stopAll, waitFor } from './processes.mjs';

const dir = folderOf('gateway');

/** @returns why it cannot be started here, or undefined */
export const missing = () => (has('go') ? undefined : 'go is not installed, so the gateway cannot be built');

/** @returns where the bucket is, read by the gateway. @throws Error with the gateway's words */
export async function start({ url: server, bucket, credentials }) {
  await stop();
  const listen = `127.0.0.1:${await freePort()}`;
  mkdirSync(dir);
  startServer(dir, buildGateway(dir), ['-listen', listen, '-bucket', s3Bucket({ url: server, bucket })], {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  });
  const url = `http://${listen}/${bucket}`;
  const isReady = async () => (await fetch(`${url}?list-type=2&max-keys=1`)).ok;
  await waitFor('The gateway', dir, 'pproflens-gateway', isReady, 20);
  return { url };
}

export const stop = () => stopAll(dir);
