import {
  DeleteObjectCommand,
  GetBucketAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';

// The gateway as AWS's own client reads it, over every store that `node scripts/test.mjs store` could start.
const {
  gateway,
  gateways = {},
  oddKeys = [],
} = JSON.parse(process.env.PPROFLENS_S3 ?? '{}') as {
  gateway?: string;
  gateways?: Record<string, string>;
  oddKeys?: string[];
};
const Bucket = 'private';

const all: Record<string, string> = gateway ? { S3: gateway, ...gateways } : {};
if (!gateway) {
  test.skip('no gateway was started', () => undefined);
}

describe.each(Object.entries(all))('%s through the gateway, read by the AWS SDK', (_, url) => {
  const client = new S3Client({
    endpoint: new URL(url).origin,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' }, // The gateway looks at no signature.
    maxAttempts: 1,
  });
  afterAll(() => client.destroy());

  async function keysBelow(Prefix: string, more: { MaxKeys?: number; StartAfter?: string } = {}) {
    const keys: string[] = [];
    for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix, ...more })) {
      expect(page.KeyCount).toBe(page.Contents?.length ?? 0);
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
    }
    return keys;
  }

  test('pages through a listing by its paginator', async () => {
    const whole = await keysBelow('ingester/');
    expect(whole.length).toBeGreaterThan(20);
    expect(await keysBelow('ingester/', { MaxKeys: 7 })).toEqual(whole);
    expect(await keysBelow('ingester/', { MaxKeys: 7, StartAfter: whole[4] })).toEqual(whole.slice(5));
  });

  test('lists folders', async () => {
    const { CommonPrefixes, Contents, IsTruncated } = await client.send(
      new ListObjectsV2Command({ Bucket, Delimiter: '/' })
    );
    expect(CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(
      expect.arrayContaining(['ingester/', 'odd/', 'querier/'])
    );
    expect([Contents ?? [], IsTruncated]).toEqual([[], false]);
  });

  test('reads what a listing says, whole and in parts', async () => {
    for (const Key of oddKeys) {
      const { Contents } = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key, EncodingType: 'url' }));
      const head = await client.send(new HeadObjectCommand({ Bucket, Key }));
      const object = await client.send(new GetObjectCommand({ Bucket, Key }));
      expect(await object.Body!.transformToString()).toBe(Key);
      const bytes = Buffer.byteLength(Key);
      expect(Contents).toEqual([expect.objectContaining({ Size: bytes, ETag: object.ETag })]);
      expect([head.ContentLength, head.ETag, object.ContentLength]).toEqual([bytes, object.ETag, bytes]);
      const part = await client.send(new GetObjectCommand({ Bucket, Key, Range: 'bytes=0-2' }));
      expect([await part.Body!.transformToString(), part.ContentRange]).toEqual(['odd', `bytes 0-2/${bytes}`]);
    }
  });

  const fails = (name: string, status: number) => ({ name, $metadata: { httpStatusCode: status } });

  test('says what is wrong as S3 does', async () => {
    const get = (input: object) => client.send(new GetObjectCommand({ Bucket, Key: 'gone', ...input }));
    await expect(get({})).rejects.toMatchObject(fails('NoSuchKey', 404));
    await expect(get({ Bucket: 'other' })).rejects.toMatchObject(fails('NoSuchBucket', 404));
    await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'gone' }))).rejects.toMatchObject(
      fails('NotFound', 404)
    );
    const Key = oddKeys[0];
    await expect(get({ Key, Range: 'bytes=999-' })).rejects.toMatchObject(fails('InvalidRange', 416));
    const { ETag } = await client.send(new HeadObjectCommand({ Bucket, Key }));
    await expect(get({ Key, IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  });

  test('refuses all that is no reading', async () => {
    const Key = oddKeys[0];
    const refused = fails('MethodNotAllowed', 405);
    await expect(client.send(new PutObjectCommand({ Bucket, Key, Body: 'written' }))).rejects.toMatchObject(refused);
    await expect(client.send(new DeleteObjectCommand({ Bucket, Key }))).rejects.toMatchObject(refused);
    await expect(client.send(new GetBucketAclCommand({ Bucket }))).rejects.toMatchObject(fails('InvalidArgument', 400));
    expect(await keysBelow(Key)).toEqual([Key]);
  });
});
