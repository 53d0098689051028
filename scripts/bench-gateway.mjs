// npm run -s bench:gateway: what the gateway adds to LIST and GET of a private bucket of a real S3 server, how large it is, how soon it
// is ready, and how much memory it takes with 1,000 targets and 20 captures at once.
import { statSync } from 'node:fs';
import { createBucket } from '../tests/servers/buckets.mjs';
import * as ceph from '../tests/servers/ceph.mjs';
import { s3Bucket } from '../demo/gateway.mjs';
import * as gateway from '../tests/servers/gateway.mjs';
import { go, say } from './setup.mjs';

const missing = ceph.missing() ?? gateway.missing();
if (missing) {
  say(missing);
  process.exit(1);
}
const program = gateway.build();
say(`the program is ${(statSync(program).size / 1e6).toFixed(0)} MB`);
try {
  const { url, credentials } = await ceph.start();
  await createBucket({ url, credentials }, 'bench');
  const env = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    GATEWAY_BENCH_BUCKET: s3Bucket({ url, bucket: 'bench' }),
  };
  go('gateway', ['test', '-count=1', '-v', '-run=^(TestBench|TestMemory)$', '.'], env);
} finally {
  await ceph.stop();
  await gateway.stop();
}
