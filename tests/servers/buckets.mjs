// Fills the S3 server of the tests: `profiles`, which anyone may read, and `private`, which only its owner may. Both hold
// the recorded captures, moved to the last hour as in the demo, and keys that need care.
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { loadCaptures } from '../../demo/store/store.mjs';

/** Each is a key that some encoding on the way breaks. The object's content is its key. */
export const oddKeys = [
  "odd/(1)!'*~.txt",
  'odd/100%25.txt',
  'odd/<é>日本 🔥.txt',
  'odd/a b+c.txt',
  'odd/a&b=c;d#e?f.txt',
  'odd//two slashes.txt',
];

const connect = ({ url, credentials }) =>
  new S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials,
    // The checksums that the SDK adds by default are newer than Debian's radosgw, which refuses them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
  });

/** An empty bucket that only its owner may read. */
export async function createBucket(server, name) {
  const client = connect(server);
  await client.send(new CreateBucketCommand({ Bucket: name }));
  client.destroy();
}

/** What the buckets have. */
export const objects = () => [
  ...loadCaptures().map(({ key, body }) => ({ key, body })),
  ...oddKeys.map((key) => ({ key, body: Buffer.from(key) })),
];

export async function fillBuckets(server) {
  const client = connect(server);
  const puts = objects().map(({ key, body }) => ({ Key: key, Body: body }));
  for (const Bucket of ['profiles', 'private']) {
    await client.send(new CreateBucketCommand({ Bucket }));
    await Promise.all(puts.map((object) => client.send(new PutObjectCommand({ Bucket, ...object }))));
  }
  const Statement = {
    Effect: 'Allow',
    Principal: '*',
    Action: ['s3:ListBucket', 's3:GetObject'],
    Resource: ['arn:aws:s3:::profiles', 'arn:aws:s3:::profiles/*'],
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
  await client.send(new PutBucketPolicyCommand({ Bucket: 'profiles', Policy }));
  client.destroy();
}
