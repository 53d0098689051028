// The gateway in front of a private bucket of the S3 server of the tests.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, has, root, run } from '../../scripts/setup.mjs';
import { folderOf, startServer, stopAll, waitFor } from './processes.mjs';

const dir = folderOf('gateway');

/** @returns why it cannot be started here, or undefined */
export const missing = () => (has('go') ? undefined : 'go is not installed, so the gateway cannot be built');

/** @returns the bucket of the S3 server as the gateway has it */
export function bucketOf({ url, bucket }) {
  const parameters = new URLSearchParams({
    endpoint: url,
    region: 'us-east-1',
    use_path_style: 'true',
    // The checksums that the SDK adds by default are newer than Debian's radosgw, which refuses them.
    request_checksum_calculation: 'when_required',
  });
  return `s3://${bucket}?${parameters}`;
}

/** @returns where the bucket is, read by the gateway. @throws Error with the gateway's words */
export async function start({ url: server, bucket, credentials, args = [] }) {
  await stop();
  const listen = `127.0.0.1:${await freePort()}`;
  mkdirSync(dir);
  const program = join(dir, 'pproflens-gateway');
  run('go', ['-C', join(root, 'gateway'), 'build', '-o', program, '.']);
  startServer(dir, program, ['-listen', listen, '-bucket', bucketOf({ url: server, bucket }), ...args], {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    ...(credentials.sessionToken && { AWS_SESSION_TOKEN: credentials.sessionToken }),
  });
  const url = `http://${listen}/${bucket}`;
  await waitFor(
    'The gateway',
    dir,
    'pproflens-gateway',
    async () => (await fetch(`${url}?list-type=2&max-keys=1`)).ok,
    20
  );
  return { url };
}

export const stop = () => stopAll(dir);
