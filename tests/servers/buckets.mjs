// Fills the test server: the recorded captures and keys that need care in `profiles`, which anyone may read, and the
// same captures in `private`, which only its owner may.
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/setup.mjs';
import { credentials, url } from './ceph.mjs';

/** Each is a key that some encoding on the way breaks. */
export const oddKeys = ['odd/a b+c.txt', 'odd/a&b=c;d#e?f.txt', 'odd/100%25.txt', "odd/(1)!'*~.txt", 'odd/<é>日本.txt'];
/** More than the 1,000 of one page of a listing. */
export const manyCount = 1005;

export async function fillBuckets() {
  const client = new S3Client({
    endpoint: url,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 6,
    credentials,
  });
  for (const Bucket of ['profiles', 'private', 'empty']) {
    await client.send(new CreateBucketCommand({ Bucket }));
  }
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: ['s3:ListBucket', 's3:GetObject'],
        Resource: ['arn:aws:s3:::profiles', 'arn:aws:s3:::profiles/*'],
      },
    ],
  });
  await client.send(new PutBucketPolicyCommand({ Bucket: 'profiles', Policy }));

  const captures = join(root, 'demo/captures');
  const files = readdirSync(captures, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const recorded = files.map((path) => [path.slice(captures.length + 1), readFileSync(path)]);
  const odd = oddKeys.map((key) => [key, Buffer.from(key)]);
  const many = Array.from({ length: manyCount }, (_, i) => [`many/${String(i).padStart(5, '0')}`, Buffer.from('x')]);
  const waiting = [
    ...[...recorded, ...odd, ...many].map(([Key, Body]) => ({ Bucket: 'profiles', Key, Body })),
    ...[...recorded, ...odd].map(([Key, Body]) => ({ Bucket: 'private', Key, Body })),
  ];
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let object = waiting.pop(); object; object = waiting.pop()) {
        await client.send(new PutObjectCommand(object));
      }
    })
  );
  client.destroy();
}
