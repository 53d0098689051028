import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { randomSource } from '../profile/random';
import { Profile as PeerProfile } from 'pprof-format';
import type { Profile } from '../profile/profile';
import { encodeFolded } from '../testing/encode';
import { printProfile } from '../testing/print';
import { decode } from './decode';

const small = encodeFolded({
  types: ['inuse_objects/count', 'inuse_space/bytes'],
  samples: [
    { stack: 'main;f;g', values: [1, 1024], labels: { bytes: [1024, 'bytes'] } },
    { stack: 'main;f;h+inlined', values: [2, 4096], labels: { tenant_id: 'acme' } },
    { stack: 'main;f', values: [3, -5], labels: { tenant_id: 'acme' } },
    { stack: '', values: [0, 7] },
  ],
  timeNanos: 1_762_180_953_456_000_001n,
});
const expected = [
  'main;f;g 1 1024 {bytes=1024bytes}',
  'main;f;h+inlined 2 4096 {tenant_id=acme}',
  'main;f 3 -5 {tenant_id=acme}',
  '0 7',
];

describe('profile.proto', () => {
  it('becomes columns, each stack and label set once', async () => {
    const profile = await decode(small);
    expect(printProfile(profile)).toEqual(expected);
    expect(profile.sampleTypes).toEqual([
      { type: 'inuse_objects', unit: 'count' },
      { type: 'inuse_space', unit: 'bytes' },
    ]);
    expect(profile.timeNanos).toBe(1_762_180_953_456_000_001n);
    // Root, main, f, g, h.
    expect(profile.stack.length).toBe(5);
    expect(profile.labelSet.length).toBe(3);
    for (let i = 1; i < profile.stack.length; i++) {
      expect(profile.stack.parent[i]).toBeLessThan(i);
    }
  });

  it('is the same packed once, twice, or in several gzip members', async () => {
    const half = small.length >> 1;
    const members = Buffer.concat([gzipSync(small.subarray(0, half)), gzipSync(small.subarray(half))]);
    for (const bytes of [gzipSync(small), gzipSync(gzipSync(small)), members]) {
      expect(printProfile(await decode(bytes))).toEqual(expected);
    }
  });

  it('keeps 64-bit addresses and reads unpacked fields and unknown ones', async () => {
    // Written by hand: sample_type {1,2}; a sample with unpacked ids and values and an unknown field of each wire
    // type, one whose ids are packed and not; a location at the top of the address space; the string table.
    const string = (text: string) => [0x32, text.length, ...Buffer.from(text)];
    const address = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    const location = [0x08, 9, 0x18, ...address];
    const unknown = [0xa0, 0x06, 1, 0xa1, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0xa2, 0x06, 2, 7, 7, 0xa5, 0x06, 0, 0, 0, 0];
    const sample = [0x08, 9, 0x08, 9, 0x10, 5, ...unknown];
    const mixed = [0x0a, 1, 9, 0x08, 9, 0x0a, 1, 9, 0x10, 6];
    const bytes = Uint8Array.from([
      ...[0x0a, 4, 0x08, 1, 0x10, 2],
      ...[0x12, sample.length, ...sample],
      ...[0x12, mixed.length, ...mixed],
      ...[0x22, location.length, ...location],
      ...unknown,
      ...[...string(''), ...string('samples'), ...string('count')],
    ]);
    const profile = await decode(bytes);
    const address16 = '0xffffffffffffffff';
    expect(printProfile(profile)).toEqual([`${address16};${address16} 5`, `${address16};${address16};${address16} 6`]);
  });

  const varint = (value: bigint): number[] =>
    value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
  /** Samples of one value each, by the bytes of their location ids; locations have these ids and an address for a name. */
  const withIds = (
    samples: readonly number[][],
    ids: ReadonlyArray<readonly [id: bigint, address: number]>,
    apart = false
  ) => {
    const message = (tag: number, content: readonly number[]) => [tag, content.length, ...content];
    const written = samples.map((bytes, i) => message(0x12, [...message(0x0a, bytes), 0x10, i + 1]));
    const locations = ids.map(([id, address]) => message(0x22, [0x08, ...varint(id), 0x18, address]));
    return Uint8Array.from([
      ...message(0x0a, [0x08, 1, 0x10, 2]),
      ...(apart ? [written[0], ...locations, ...written.slice(1)] : [...written, ...locations]).flat(),
      ...['', 'samples', 'count'].flatMap((text) => message(0x32, [...Buffer.from(text)])),
    ]);
  };

  it('reads location ids of any length, whatever the sample before ends with', async () => {
    const ids = [1n, 127n, 128n, 2n ** 14n, 2n ** 21n, 2n ** 28n, 2n ** 35n, 2n ** 53n + 1n, 2n ** 64n - 1n];
    const located = ids.map((id, i) => [id, i + 1] as const);
    const stacks = ids.flatMap((_, i) => ids.map((_, k) => [...ids.slice(i), ids[k], ids[i]]));
    const expected = stacks.map((stack, i) => {
      const names = stack.map((id) => `0x${(ids.indexOf(id) + 1).toString(16)}`);
      return `${names.reverse().join(';')} ${i + 1}`;
    });
    const samples = stacks.map((stack) => stack.flatMap(varint));
    for (const apart of [false, true]) {
      expect(printProfile(await decode(withIds(samples, located, apart)))).toEqual(expected);
    }
    // A number may be written longer than it has to be.
    expect(printProfile(await decode(withIds([[0x81, 0x80, 0x80, 0x80, 0x80, 0], [1]], located)))).toEqual([
      '0x1 1',
      '0x1 2',
    ]);
  });

  it('reads tags that are longer than they have to be', async () => {
    const string = (text: string) => [0x32, text.length, ...Buffer.from(text)];
    const sample = [0x8a, 0, 1, 1, 0x92, 0, 1, 7];
    const bytes = Uint8Array.from([
      ...[0x0a, 4, 0x08, 1, 0x10, 2],
      ...[0x92, 0, sample.length, ...sample],
      ...[0x22, 4, 0x08, 1, 0x18, 9],
      ...[...string(''), ...string('samples'), ...string('count')],
    ]);
    expect(printProfile(await decode(bytes))).toEqual(['0x9 7']);
  });

  it('says that ids end inside a number', async () => {
    const located = [
      [1n, 1],
      [133n, 2],
    ] as const;
    for (const samples of [[[0x85]], [[1], [1, 0x85]], [[1, 0x81], [1]]]) {
      await expect(decode(withIds(samples, located))).rejects.toThrow(/truncated: it ends inside a number/);
    }
  });

  it('reads values exactly up to 2^53 and says of which sample type it has more', async () => {
    const encode = (value: bigint) =>
      encodeFolded({ types: ['delay/nanoseconds'], samples: [{ stack: 'f', values: [value] }] });
    for (const value of [2n ** 53n - 1n, -(2n ** 53n) + 1n, -1n, 127n, 128n, 2n ** 28n, 2n ** 31n, 2n ** 35n - 1n]) {
      expect(printProfile(await decode(encode(value)))).toEqual([`f ${value}`]);
    }
    for (const value of [2n ** 53n, 2n ** 62n, -(2n ** 60n)]) {
      const { sampleTypes, notices } = await decode(encode(value));
      expect(sampleTypes).toEqual([{ type: 'delay', unit: 'nanoseconds', isInexact: true }]);
      expect(notices).toEqual([
        { severity: 'warning', text: expect.stringMatching(/^Values of "delay" are beyond ±2\^53/) },
      ]);
    }
  });
});

describe('what is not a profile gets an answer that says what it is', () => {
  const text = (value: string) => Buffer.from(value);
  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(), /empty \(0 bytes\)/],
    ['an empty gzip file', gzipSync(''), /holds no data/],
    ['a cut gzip file', gzipSync(small).subarray(0, 60), /ends early|cut off/],
    [
      'a gzip file with the tail of another',
      Buffer.concat([gzipSync(small), Buffer.from('an older file that was longer')]),
      /^Expected the end of the gzip data.*other bytes follow.*go tool pprof refuses it as well.*gzip -dc/,
    ],
    ['a cut profile', small.subarray(0, small.length - 20), /truncated/],
    ['an HTML page', text('<!DOCTYPE html><html><body>Sign in</body></html>'), /HTML page/],
    ['an S3 error', text('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), /XML document/],
    ['JSON', text('{"message":"not found"}'), /JSON/],
    ['a page that quotes a goroutine', text('<html><pre>goroutine 1 [running]:\n</pre></html>'), /HTML page/],
    ['JSON', text('{"goroutines": "12 [running]:"}'), /JSON/],
    ['an execution trace of Go 1.21', text('go 1.21 trace\0\0\0\x01'), /format of Go 1\.21.*go tool trace/],
    ['an execution trace of a later Go', text('go 1.31 trace\0\0\0\x01'), /its header says Go 1\.31/],
    [
      'the header of an execution trace',
      text('go 1.26 trace\0\0\0'),
      /execution trace cannot be read: it has no events/,
    ],
    ['a cut execution trace', text('go 1.26 trace\0\0\0\x01\x01'), /number is cut off.*\(byte 18 of 18\)/],
    ['zstd', Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]), /zstd/],
    ['another protobuf message', Uint8Array.from([0x08, 1]), /without sample types/],
    ['noise', text('hello, this is not a profile at all'), /is text, not a profile; it begins "hello, this/],
  ])('%s', async (_, bytes, message) => {
    await expect(decode(bytes)).rejects.toThrow(message);
    await expect(decode(bytes)).rejects.toMatchObject({ name: 'InputError' });
  });

  it.each([30_000, 250_000])(
    'a gzip file that was cut off is said to be, whatever its last bytes note: %d bytes',
    async (length) => {
      const { gunzip } = await import('./gzip');
      const random = randomSource(1);
      const cut = gzipSync(Uint8Array.from({ length: length + 1000 }, () => 256 * random())).subarray(0, length);
      cut.fill(0xff, length - 4); // As the length of what is packed, 4 GiB.
      await expect(gunzip(cut)).rejects.toThrow(/The gzip data (ends early|is damaged or cut off)/);
    }
  );

  it('a gzip bomb stops at the limit', async () => {
    const { gunzip } = await import('./gzip');
    const bomb = gzipSync(Buffer.alloc(4 * 1024 * 1024));
    await expect(gunzip(bomb, 1024 * 1024)).rejects.toThrow(/more than 1 MiB/);
  });

  it('sample types and samples whose product is no memory', async () => {
    const count = 200_000;
    const empty = (tag: number) => Array.from({ length: count }, () => [tag, 0]).flat();
    const file = gzipSync(Uint8Array.from([...empty(0x0a), ...empty(0x12), 0x32, 0]));
    expect(file.length).toBeLessThan(2000);
    await expect(decode(file)).rejects.toThrow(/200000 samples of 200000 values each cannot be in 400000 bytes/);
  });

  it('a sample that names a location that is not there', async () => {
    const bytes = Uint8Array.from([0x0a, 2, 0x08, 1, 0x12, 4, 0x08, 9, 0x10, 5, 0x32, 0, 0x32, 1, 0x61]);
    await expect(decode(bytes)).rejects.toThrow(/sample 1 refers to location 9/);
  });
});

const captures = (dir: string): string[] =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, encoding: 'utf8' })
        .filter((name) => /\.pb\.gz$/.test(name))
        .map((name) => join(dir, name))
    : [];
const root = join(__dirname, '../..');
// What programs wrote; beside it are files that were made to break a reader.
const written = ['parca', 'google-pprof'].flatMap((name) => captures(join(root, '../shared/corpus', name)));
const recorded = [...captures(join(root, 'demo/captures')), ...written];

/** A few sums over everything a profile says, by the other decoder. */
function peerSums(bytes: Uint8Array) {
  const peer = PeerProfile.decode(gunzipSync(bytes));
  return {
    samples: peer.sample.length,
    values: peer.sampleType.map((_, t) =>
      peer.sample.reduce((sum, s) => sum + Number(BigInt.asIntN(64, BigInt(s.value[t]))), 0)
    ),
    frames: peer.sample.reduce((sum, s) => sum + s.locationId.length, 0),
    labels: peer.sample.reduce((sum, s) => sum + s.label.length, 0),
    lines: peer.location.reduce((sum, l) => sum + l.line.length, 0),
    addresses: peer.location.reduce((sum, l) => sum ^ BigInt(l.address), 0n),
    text: peer.stringTable.strings.join('\n'),
  };
}

function ourSums(profile: Profile) {
  const depth = new Int32Array(profile.stack.length);
  for (let i = 1; i < depth.length; i++) {
    depth[i] = depth[profile.stack.parent[i]] + 1;
  }
  const { labelOffset } = profile.labelSet;
  return {
    samples: profile.sample.length,
    values: profile.sample.values.map((values) => values.reduce((sum, value) => sum + value, 0)),
    frames: profile.sample.stack.reduce((sum, stack) => sum + depth[stack], 0),
    labels: profile.sample.labelSet.reduce((sum, set) => sum + labelOffset[set + 1] - labelOffset[set], 0),
    lines: profile.line.length,
    addresses: profile.location.address.reduce((sum, address) => sum ^ address, 0n),
    text: profile.strings.join('\n'),
  };
}

describe('recorded captures', () => {
  it.each(recorded)('%s agrees with pprof-format', async (file) => {
    const bytes = readFileSync(file);
    expect(ourSums(await decode(bytes))).toEqual(peerSums(bytes));
  });

  it('mutated: an error or a profile, never a crash or a hang', async () => {
    // A small generator of our own, so that a failure repeats.
    let state = 0x2545f491;
    const random = (below: number) => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return (state >>> 0) % below;
    };
    const seeds = [small, ...recorded.slice(0, 12).map((file) => new Uint8Array(gunzipSync(readFileSync(file))))];
    let decoded = 0;
    let refused = 0;
    const start = Date.now();
    for (let i = 0; i < 1500 && Date.now() - start < 20_000; i++) {
      const bytes = seeds[i % seeds.length].slice();
      for (let k = 1 + random(8); k > 0; k--) {
        bytes[random(bytes.length)] = random(256);
      }
      const cut = random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
      try {
        const profile = await decode(cut);
        expect(profile.stack.length).toBeLessThanOrEqual(bytes.length + 1);
        decoded++;
      } catch (error) {
        expect(error).toMatchObject({ name: 'InputError' });
        refused++;
      }
    }
    expect(decoded).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });
});
