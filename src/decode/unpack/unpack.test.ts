import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { merge } from '../../ops/merge';
import { paxRecord, tarHeader, tarOf, zipOf, zstdFrames, type ArchiveFile } from '../../testing/archives';
import { encodeFolded } from '../../testing/encode';
import { printProfile } from '../../testing/print';
import { InputError, NothingFound } from '../../text/notice';
import { decode } from '../decode';
import { gunzip } from '../gzip';
import { listMembers as listIn } from './unpack';

const listMembers = (bytes: Uint8Array) => listIn(bytes, { unpack: gunzip });

/** A profile whose one function says which it is. */
const profileOf = (name: string, value = 1) =>
  gzipSync(encodeFolded({ types: ['n/count'], samples: [{ stack: name, values: [value] }] }));
const fileOf = (name: string): ArchiveFile => ({ name, bytes: profileOf(name) });
const other = (name: string, bytes: Uint8Array = Buffer.from('{}')): ArchiveFile => ({ name, bytes });
const goroutines = (name: string): ArchiveFile =>
  other(name, Buffer.from('goroutine 1 [running]:\nmain.main()\n\t/a.go:1\n'));

/** Which member a query opens, and what is said of it. */
async function opened(bytes: Uint8Array, member?: string) {
  const profile = await decode(bytes, { member });
  return { stacks: printProfile(profile), said: profile.notices.map(({ text }) => text) };
}
const stackOf = async (bytes: Uint8Array, member?: string) => (await opened(bytes, member)).stacks[0].split(' ')[0];

// Names of members as the tools' sources have them: hashicorp/nomad command/operator_debug.go, hashicorp/consul
// command/debug/debug.go, cockroachdb/cockroach pkg/cli/zip*.go, influxdata/influxdb services/httpd/pprof.go,
// syncthing/syncthing lib/api/support_bundle.go.
const nomad = [
  ...[
    'cluster/agent-self.json',
    'cluster/eventstream.json',
    'nomad/0000/metrics.json',
    'server/leader/monitor.log',
  ].map((name) => other(`nomad-debug-2026-11-03-142233Z/${name}`)),
  ...['server/s1.global', 'client/1fa5d5a8'].flatMap((agent) => [
    ...[
      'profile_0000.prof',
      'profile_0001.prof',
      'goroutine.prof',
      'heap.prof',
      'allocs.prof',
      'threadcreate.prof',
    ].map((name) => fileOf(`nomad-debug-2026-11-03-142233Z/${agent}/${name}`)),
    other(`nomad-debug-2026-11-03-142233Z/${agent}/trace.prof`, Buffer.from('go 1.22 trace\0\0\0')),
    other(`nomad-debug-2026-11-03-142233Z/${agent}/agent-host.json`),
    ...['goroutine-debug1.txt', 'goroutine-debug2.txt'].map((name) =>
      goroutines(`nomad-debug-2026-11-03-142233Z/${agent}/${name}`)
    ),
  ]),
];
const cockroach = [
  ...[
    'crdb_internal.cluster_queries.txt',
    'crdb_internal.node_inflight_trace_spans.txt',
    'settings.json',
    'pprof-summary.sh',
  ].map((name) => other(`debug/${name}`, Buffer.from('a\tb\n'))),
  ...[1, 2, 10].flatMap((node) => [
    fileOf(`debug/nodes/${node}/heapprof/memprof.2026-11-03T14_22_33.456.6979321856.pprof`),
    fileOf(`debug/nodes/${node}/heap.pprof`),
    fileOf(`debug/nodes/${node}/cpu.pprof`),
    fileOf(`debug/nodes/${node}/cpuprof/cpuprof.2026-11-03T14_22_33.456.87.pprof`),
    goroutines(`debug/nodes/${node}/stacks.txt`),
    goroutines(`debug/nodes/${node}/stacks_with_labels.txt`),
    goroutines(
      `debug/nodes/${node}/goroutines/goroutine_dump.2026-11-03T14_22_33.456.double_since_last_dump.000001137.txt.gz`
    ),
    other(`debug/nodes/${node}/logs/cockroach.node${node}.log`),
    other(`debug/nodes/${node}/details.json`),
    other(`debug/nodes/${node}/ranges.json`),
  ]),
];
const consul = [
  ...['agent.json', 'host.json', 'members.json', 'metrics.json', 'consul.log'].map((name) =>
    other(`consul-debug-1/${name}`)
  ),
  fileOf('consul-debug-1/profile.prof'),
  other('consul-debug-1/trace.out'),
  ...['2026-11-03T14-22-33Z', '2026-11-03T14-23-03Z'].flatMap((time) =>
    ['heap.prof', 'goroutine.prof'].map((name) => fileOf(`consul-debug-1/${time}/${name}`))
  ),
];
const influx = [
  ...['cpu', 'goroutine', 'block', 'mutex', 'heap', 'allocs', 'threadcreate'].map((name) =>
    fileOf(`profiles/${name}.pb.gz`)
  ),
  ...['shards', 'stats', 'diagnostics'].map((name) => other(`profiles/${name}.txt`)),
];
const syncthing = [
  ...['config.json.txt', 'log-ondisk.txt', 'version-platform.json.txt', 'metrics.txt'].map((name) => other(name)),
  ...['heap', 'cpu'].map((name) => fileOf(`syncthing-${name}-linux-amd64-v1.27.0-142233.pprof`)),
];

describe('bundles as tools write them', () => {
  it.each([
    ['nomad', gzipSync(tarOf(nomad)), '{profile="heap"}', 'nomad-debug-2026-11-03-142233Z/client/1fa5d5a8/heap.prof'],
    [
      'nomad',
      gzipSync(tarOf(nomad)),
      '{profile="cpu"}',
      'nomad-debug-2026-11-03-142233Z/client/1fa5d5a8/profile_0000.prof',
    ],
    [
      'nomad',
      gzipSync(tarOf(nomad)),
      '{profile="profile", member=~".*s1.*1.prof"}',
      'nomad-debug-2026-11-03-142233Z/server/s1.global/profile_0001.prof',
    ],
    ['nomad', gzipSync(tarOf(nomad)), '{profile="goroutine"}', 'main.main'],
    [
      'nomad',
      gzipSync(tarOf(nomad)),
      '{profile="goroutine", member=~".*/goroutine.prof"}',
      'nomad-debug-2026-11-03-142233Z/client/1fa5d5a8/goroutine.prof',
    ],
    ['cockroach', zipOf(cockroach), '{profile="heap"}', 'debug/nodes/1/heap.pprof'],
    ['cockroach', zipOf(cockroach), '{member="debug/nodes/10/heap.pprof"}', 'debug/nodes/10/heap.pprof'],
    ['cockroach', zipOf(cockroach), '{profile="cpu"}', 'debug/nodes/1/cpu.pprof'],
    ['cockroach', zipOf(cockroach), '{profile="goroutine"}', 'main.main'],
    ['consul', gzipSync(tarOf(consul)), '{profile="heap"}', 'consul-debug-1/2026-11-03T14-22-33Z/heap.prof'],
    ['consul', gzipSync(tarOf(consul)), '{profile=~"cpu|profile"}', 'consul-debug-1/profile.prof'],
    ['influx, not packed', tarOf(influx), '{profile="mutex"}', 'profiles/mutex.pb.gz'],
    ['influx', gzipSync(tarOf(influx)), '{profile!~"heap|cpu|goroutine"}', 'profiles/allocs.pb.gz'],
    ['syncthing', zipOf(syncthing), '{profile="cpu"}', 'syncthing-cpu-linux-amd64-v1.27.0-142233.pprof'],
  ])('%s: the member that %# asks for', async (_, bytes, selector, stack) => {
    expect(await stackOf(bytes, selector)).toBe(stack);
  });

  it('say which member of each is taken, in a merge of several too', async () => {
    const archive = zipOf([fileOf('n1/heap.prof'), fileOf('n2/heap.prof')]);
    const both = merge([await decode(archive), await decode(zipOf([fileOf('n3/heap.prof'), fileOf('n4/heap.prof')]))]);
    expect(both.notices.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^Of 2 profiles in the archive that match, n1\/heap\.prof is opened\. .*member="n2/),
      expect.stringMatching(/^Of 2 profiles in the archive that match, n3\/heap\.prof is opened\. .*member="n4/),
    ]);
  });

  it('their members that are profiles, and no other', async () => {
    const profilesOf = async (bytes: Uint8Array) => {
      const counts: Record<string, number> = {};
      (await listMembers(bytes)).forEach(({ profile }) => (counts[profile] = (counts[profile] ?? 0) + 1));
      return counts;
    };
    expect(await profilesOf(gzipSync(tarOf(nomad)))).toEqual({
      cpu: 4,
      goroutine: 6,
      heap: 2,
      allocs: 2,
      threadcreate: 2,
      trace: 2,
    });
    expect(await profilesOf(zipOf(cockroach))).toEqual({ heap: 6, cpu: 6, goroutine: 9 });
    expect(await profilesOf(gzipSync(tarOf(consul)))).toEqual({ heap: 2, goroutine: 2, cpu: 1, trace: 1 });
    expect(await profilesOf(tarOf(influx))).toEqual({
      cpu: 1,
      goroutine: 1,
      block: 1,
      mutex: 1,
      heap: 1,
      allocs: 1,
      threadcreate: 1,
    });
    expect(await profilesOf(zipOf(syncthing))).toEqual({ heap: 1, cpu: 1 });
  });

  it('says which of several was opened, and how another is', async () => {
    const { said } = await opened(zipOf(cockroach), '{profile="heap"}');
    expect(said).toEqual([
      'Of 6 profiles in the archive that match, debug/nodes/1/heap.pprof is opened. Another is opened by ' +
        'member="debug/nodes/1/heapprof/memprof.2026-11-03T14_22_33.456.6979321856.pprof" in the selector: heap (' +
        [
          '1/heapprof/memprof.2026-11-03T14_22_33.456.6979321856',
          '2/heapprof/memprof.2026-11-03T14_22_33.456.6979321856',
          '2/heap',
          '10/heapprof/memprof.2026-11-03T14_22_33.456.6979321856',
          '10/heap',
        ]
          .map((name) => `debug/nodes/${name}.pprof`)
          .join(', ') +
        ').',
    ]);
    // Where nothing says which, it is the heap.
    const whole = await opened(zipOf(syncthing));
    expect(whole.stacks[0]).toContain('syncthing-heap');
    expect(whole.said.join()).toContain('profile="cpu"');
    // There is nothing to say where there is one.
    expect((await opened(zipOf(syncthing), '{profile="heap"}')).said).toEqual([]);
  });

  it('says what there is where nothing is what was asked for', async () => {
    await expect(opened(zipOf(syncthing), '{profile="mutex"}')).rejects.toThrow(
      new NothingFound(
        'The archive holds no profile that matches {profile="mutex"}: it has heap (syncthing-heap-linux-amd64-v1.27.0-142233.pprof), ' +
          'cpu (syncthing-cpu-linux-amd64-v1.27.0-142233.pprof).'
      )
    );
    await expect(opened(zipOf([other('a.json'), other('b.txt')]))).rejects.toThrow(
      new NothingFound('The archive holds no profile: none of its 2 members is one by its name, e.g. a.json.')
    );
    await expect(opened(zipOf([]))).rejects.toThrow(NothingFound);
  });

  it('names the member that cannot be read', async () => {
    await expect(opened(zipOf(nomad), '{profile="trace"}')).rejects.toThrow(
      /^nomad-debug-2026-11-03-142233Z\/client\/1fa5d5a8\/trace.prof in the archive: The execution trace cannot be read/
    );
  });
});

describe('tar', () => {
  const names = [
    'heap.prof',
    `${'folder/'.repeat(40)}heap.prof`,
    'größe/heap.prof',
    '../../etc/heap.prof',
    '/heap.prof',
  ];
  it.each(['pax', 'gnu'] as const)('has long and hostile names, as %s writes them', async (long) => {
    const files = names.map(fileOf);
    for (const name of names) {
      expect(await stackOf(tarOf(files, long), `{member="${name}"}`)).toBe(name);
    }
  });

  it('is read without its end, and with headers that say nothing of names', async () => {
    const global = Buffer.from(paxRecord('comment', 'of all'));
    const file = fileOf('heap.prof');
    const folder = tarHeader('heap.prof/', 0, '5');
    const link = tarHeader('heap.prof', 4096, '2');
    const tar = Buffer.concat([
      ...[tarHeader('pax_global_header', global.length, 'g'), global, Buffer.alloc(512 - global.length)],
      ...[folder, link, tarOf([file], 'pax', false)],
    ]);
    expect(await stackOf(tar)).toBe('heap.prof');
    // Before POSIX there was no magic number.
    const old = Buffer.concat([tarHeader('heap.prof', file.bytes.length, '\0', ''), tarOf([file]).subarray(512)]);
    expect(await stackOf(old)).toBe('heap.prof');
  });

  it('takes sizes from pax and of GNU’s binary form', async () => {
    const { name, bytes } = fileOf('heap.prof');
    const record = Buffer.from(paxRecord('size', String(bytes.length)));
    const data = tarOf([{ name, bytes }]).subarray(512);
    const pax = [
      tarHeader('x', record.length, 'x'),
      record,
      Buffer.alloc(512 - record.length),
      tarHeader(name, 0),
      data,
    ];
    expect(await stackOf(Buffer.concat(pax))).toBe(name);
    const binary = tarHeader(name, 0);
    binary.writeUInt32BE(0x80000000, 124);
    binary.writeBigUInt64BE(BigInt(bytes.length), 128);
    binary.write('        ', 148);
    binary.write(
      `${binary
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148
    );
    expect(await stackOf(Buffer.concat([binary, data]))).toBe(name);
  });

  it('is read as far as it goes where it is cut off or damaged', async () => {
    const files = ['heap.prof', 'cpu.prof', 'mutex.prof'].map(fileOf);
    const tar = tarOf(files);
    const end = 1024 + 700;
    for (const cut of [
      tar.subarray(0, end),
      gzipSync(tar.subarray(0, end)),
      Buffer.concat([tar.subarray(0, 1024), Buffer.alloc(900, 7)]),
    ]) {
      const { stacks, said } = await opened(cut, '{profile="heap"}');
      expect(stacks).toEqual(['heap.prof 1']);
      expect(said.join()).toMatch(
        /^The archive is damaged or cut off in or after (cpu.prof: it ends early, at byte 1,724 of the tar, where 324 bytes more were expected|heap.prof: expected the header of a member at byte 1,024 of the tar, and found none)\. .* upload it again\.$/
      );
    }
    // The upload of a packed one ended early.
    const packed = gzipSync(tarOf([files[0], other('large.bin', randomBytes(200_000))]));
    expect((await opened(packed.subarray(0, 100_000))).said.join()).toMatch(/after large.bin: .*gzip data/);
    await expect(opened(tar.subarray(0, end), '{profile="mutex"}')).rejects.toThrow(/it has heap .*cut off/);
    await expect(opened(tar.subarray(0, 520))).rejects.toThrow(
      /^heap\.prof cannot be read\. .* ends early, at byte 520 of the tar, where 76 bytes more were expected\. .*upload it again/
    );
    // What is asked for is in the part that is not there.
    await expect(opened(tar.subarray(0, 1024 + 520), '{profile="cpu"}')).rejects.toThrow(
      /^cpu\.prof cannot be read\. .*at byte 1,544/
    );
  });

  it('is read in the gzip members that its writer flushed', async () => {
    const tar = tarOf([other('a.bin', Buffer.alloc(100_000, 1)), fileOf('heap.prof')]);
    const packed = Buffer.concat([gzipSync(tar.subarray(0, 60_000)), gzipSync(tar.subarray(60_000))]);
    expect(await stackOf(packed)).toBe('heap.prof');
  });

  it('has so many members at most', async () => {
    const many = Array.from({ length: 10_001 }, (_, i) => other(`f${i}`, Buffer.alloc(0)));
    await expect(opened(tarOf(many))).rejects.toThrow(/more than 10,000 members/);
    await expect(opened(zipOf(many, { method: 0 }))).rejects.toThrow(/more than 10,000 members/);
    await expect(opened(zipOf(many, { method: 0, isZip64: true }))).rejects.toThrow(/more than 10,000 members/);
    expect(await stackOf(zipOf([...many.slice(0, 9_999), fileOf('heap.prof')], { method: 0 }))).toBe('heap.prof');
    // One that is named is found among more.
    const named = [...many, fileOf('n7/x.bin')];
    for (const archive of [tarOf(named), gzipSync(tarOf(named)), zipOf(named, { method: 0 })]) {
      expect((await opened(archive, '{member="n7/x.bin"}')).stacks).toEqual(['n7/x.bin 1']);
      await expect(opened(archive, '{profile="heap"}')).rejects.toThrow(
        /limit where none is named\. Name one by member="…"/
      );
    }
  }, 30_000);

  it('says of a member that is larger than what may be unpacked', async () => {
    await expect(opened(Buffer.concat([tarHeader('heap.prof', 2 ** 31), Buffer.alloc(512)]))).rejects.toThrow(
      /unpacks to more than 192 MiB/
    );
  });
});

describe('zip', () => {
  const files = [other('a.json'), fileOf('n1/heap.pprof'), fileOf('n2/heap.pprof')];
  it.each([
    ['stored', { method: 0 }],
    ['deflated', { method: 8 }],
    ['with lengths behind the data', { hasDescriptor: true }],
    ['zip64', { isZip64: true }],
    ['zip64, written to a stream', { isZip64: true, hasDescriptor: true }],
  ])('%s', async (_, form) => {
    const zip = zipOf(files, form);
    expect(await stackOf(zip)).toBe('n1/heap.pprof');
    expect(await stackOf(zip, '{member="n2/heap.pprof"}')).toBe('n2/heap.pprof');
  });

  it('has long and hostile names', async () => {
    const names = [
      '../../heap.prof',
      '/etc/heap.prof',
      `${'n/'.repeat(5000)}heap.prof`,
      'C:\\temp\\heap.prof',
      'a\u202e\u0007/heap.prof',
    ];
    for (const name of names) {
      expect(await stackOf(zipOf([fileOf(name)]))).toBe(name);
    }
    const { said } = await opened(zipOf(names.map(fileOf)));
    expect(said.join().length).toBeLessThan(2000);

    expect(said.join()).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it.each([
    ['encrypted', { isEncrypted: true }, /^n1\/heap.pprof in the zip archive is encrypted/],
    ['packed otherwise', { method: 14 }, /^n1\/heap.pprof in the zip archive is packed by method 14/],
    ['longer than may be', { size: 2 ** 31 }, /^n1\/heap.pprof in the zip archive unpacks to more than 192 MiB/],
    [
      'a lie about its length',
      { size: 2 ** 27 },
      /^n1\/heap.pprof in the zip archive is damaged .* cannot unpack to 134217728/,
    ],
    ['of another length', { size: 200 }, /^n1\/heap.pprof in the zip archive is damaged/],
  ])('a member that is %s is an error by its name', async (_, form, message) => {
    await expect(opened(zipOf(files.slice(1), form))).rejects.toThrow(message);
  });

  it('is read behind a program that unpacks it, wherever its offsets begin', async () => {
    const program = Buffer.from(`#!/bin/sh\nexec unzip "$0"\n# PK ${'P'.repeat(200)}\n`);
    const zip = zipOf(files);
    const moved = Buffer.from(zip);
    const end = moved.length - 22;
    // As `zip -A` writes it: offsets are those of the whole file.
    for (let at = moved.readUInt32LE(end + 16), i = 0; i < files.length; i++) {
      moved.writeUInt32LE(moved.readUInt32LE(at + 42) + program.length, at + 42);
      at += 46 + moved.readUInt16LE(at + 28) + moved.readUInt16LE(at + 30);
    }
    moved.writeUInt32LE(moved.readUInt32LE(end + 16) + program.length, end + 16);
    const expected = await opened(zip);
    for (const part of [zip, moved]) {
      expect(await opened(Buffer.concat([program, part]))).toEqual(expected);
    }
    expect(expected.stacks).toHaveLength(1);
  });

  it('says that it is empty', async () => {
    await expect(opened(zipOf([]))).rejects.toThrow('The archive holds no profile: it is empty, without any member.');
    await expect(opened(zipOf([other('a.json', Buffer.alloc(1))]))).rejects.toThrow(
      /none of its 1 member is one by its name/
    );
  });

  it('is an error where it is cut off', async () => {
    const zip = zipOf(files);
    for (const cut of [zip.subarray(0, 100), zip.subarray(0, zip.length - 30), zip.subarray(40)]) {
      await expect(opened(cut)).rejects.toThrow(InputError);
    }
    await expect(opened(zip.subarray(0, 100))).rejects.toThrow(
      /^The zip archive is damaged or cut off: expected its directory at the end of its 100 bytes.*upload it again/
    );
  });

  it('leaves out what macOS adds', async () => {
    const zip = zipOf([other('__MACOSX/n/._heap.prof'), other('__MACOSX/heap.prof'), fileOf('n/heap.prof')]);
    expect(await stackOf(zip)).toBe('n/heap.prof');
  });
});

describe('an archive in an archive', () => {
  const inner = gzipSync(tarOf([fileOf('heap.prof'), fileOf('cpu.prof')]));
  it('is opened', async () => {
    const zip = zipOf([other('s1.tar.gz', inner), other('s2.tar.gz', inner), other('a.json')]);
    expect(await stackOf(zip, '{profile="cpu"}')).toBe('cpu.prof');
    expect(await stackOf(zip, '{member="s2.tar.gz/heap.prof"}')).toBe('heap.prof');
    expect((await listMembers(zip)).map(({ name }) => name)).toEqual([
      ...['s1.tar.gz/heap.prof', 's1.tar.gz/cpu.prof', 's2.tar.gz/heap.prof', 's2.tar.gz/cpu.prof'],
    ]);
    await expect(opened(zip, '{profile="mutex"}')).rejects.toThrow(/it has heap \(s1.tar.gz\/heap.prof/);
  });

  it('is no deeper', async () => {
    const deep = zipOf([other('a.zip', zipOf([other('b.tar.gz', inner)]))]);
    await expect(opened(deep)).rejects.toThrow('a.zip: b.tar.gz is an archive in an archive in an archive');
    // Whatever its name says.
    const hidden = zipOf([other('heap.prof', zipOf([other('heap.prof', zipOf([fileOf('heap.prof')]))]))]);
    await expect(opened(hidden)).rejects.toThrow(/heap.prof in the archive: .*archive in an archive in an archive/);
    expect(await stackOf(zipOf([other('heap.prof', inner)]))).toBe('heap.prof');
  });

  it('is named where it is damaged', async () => {
    await expect(opened(zipOf([other('s1.zip', Buffer.from('PK\x03\x04 and no more'))]))).rejects.toThrow(
      /^s1.zip: The zip archive/
    );
  });
});

describe('zstd', () => {
  const packed = Object.values(zstdFrames).map((text) => Buffer.from(text, 'base64'));
  /** A frame of RLE blocks, which are 128 KiB each. */
  const bomb = (blocks: number, length?: bigint) => {
    const header = Buffer.from(
      length === undefined ? [0x28, 0xb5, 0x2f, 0xfd, 0, 0x58] : [0x28, 0xb5, 0x2f, 0xfd, 0xe0, ...Array(8).fill(0)]
    );
    if (length !== undefined) {
      header.writeBigUInt64LE(length, 5);
    }
    const block = (isLast: boolean) => {
      const value = ((128 * 1024) << 3) | (1 << 1) | (isLast ? 1 : 0);
      return [value & 0xff, (value >> 8) & 0xff, value >> 16, 0];
    };
    return Buffer.from([...header, ...Array.from({ length: blocks }, (_, i) => block(i === blocks - 1)).flat()]);
  };

  it('is unpacked by its first bytes, alone and in an archive', async () => {
    const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);
    for (const bytes of [
      ...packed,
      Buffer.concat([packed[0], skipped]),
      Buffer.concat([skipped, packed[1]]),
      gzipSync(packed[0]),
    ]) {
      expect((await opened(bytes)).stacks).toHaveLength(2);
      expect((await opened(zipOf([other('goroutine.txt.zst', bytes)]))).stacks).toHaveLength(2);
    }
    // Frames of one file follow each other.
    expect((await opened(Buffer.concat(packed))).stacks).toHaveLength(4);
  });

  it('is an error where it is cut off, damaged, or a bomb', async () => {
    for (const bytes of packed) {
      for (let length = 4; length < bytes.length - 4; length++) {
        await expect(opened(bytes.subarray(0, length))).rejects.toThrow(InputError);
      }
    }
    await expect(opened(bomb(1600))).rejects.toThrow('The zstd file unpacks to more than 192 MiB');
    await expect(opened(bomb(1600, 1600n * 131072n))).rejects.toThrow('The zstd file unpacks to more than 192 MiB');
    await expect(opened(bomb(1, 100_000_000n))).rejects.toThrow(/says that it unpacks to 100000000 bytes/);
    await expect(opened(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0xf8, 1, 0, 0]))).rejects.toThrow(
      /window of more than 128 MiB/
    );
    await expect(opened(Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 0x58, 7, 1, 0, 0]))).rejects.toThrow(/dictionary/);
  });
});

const corpus = join(__dirname, '../../../../shared/corpus/reported');
const withCorpus = existsSync(corpus) ? describe : describe.skip;
withCorpus('reported files', () => {
  const read = (name: string) => readFileSync(join(corpus, name));
  it('heap.pb.zst is heap.debug0', async () => {
    expect(printProfile(await decode(read('heap.pb.zst')))).toEqual(printProfile(await decode(read('heap.debug0'))));
  });
  it('bundle.tar.gz has a heap and goroutines', async () => {
    const bundle = read('bundle.tar.gz');
    expect(await listMembers(bundle)).toEqual([
      { name: 'debug/heap.prof', profile: 'heap' },
      { name: 'debug/goroutine.prof', profile: 'goroutine' },
    ]);
    expect((await decode(bundle, { member: '{profile="heap"}' })).sampleTypes.map(({ type }) => type)).toContain(
      'inuse_space'
    );
    expect((await decode(bundle, { member: '{profile="goroutine"}' })).sampleTypes.map(({ type }) => type)).toEqual([
      'goroutine',
    ]);
  });
});
if (!existsSync(corpus)) {
  console.warn(`Reported files are not tested: there is no ${corpus}.`);
}

const has = (program: string) =>
  spawnSync(program, ['--version']).status === 0 || spawnSync(program, ['-v']).status === 0;
const programs: ReadonlyArray<readonly [name: string, file: string, command: readonly string[]]> = [
  ['tar, ustar', 'a.tar', ['tar', '--format=ustar', '-cf', 'a.tar', 'in']],
  ['tar, GNU', 'a.tar.gz', ['tar', '--format=gnu', '-czf', 'a.tar.gz', 'in']],
  ['tar, pax', 'a.tgz', ['tar', '--format=pax', '-czf', 'a.tgz', 'in']],
  ['tar, v7', 'a.tar', ['tar', '--format=v7', '-cf', 'a.tar', 'in']],
  ['tar, zstd', 'a.tar.zst', ['tar', '--zstd', '-cf', 'a.tar.zst', 'in']],
  ['zip', 'a.zip', ['zip', '-qr', 'a.zip', 'in']],
];
describe('archives that programs write', () => {
  const short = ['in/heap.prof', 'in/n1/goroutine.prof'];
  const long = [`in/${'long-folder-name/'.repeat(5)}${'more/'.repeat(8)}cpu.prof`, 'in/größe x/mutex.prof'];
  for (const [name, file, command] of programs) {
    const needed = command.includes('--zstd') ? [command[0], 'zstd'] : [command[0]];
    (needed.every(has) ? it : it.skip)(name, async () => {
      const names = name.includes('v7') ? short : [...short, ...long];
      const folder = mkdtempSync(join(tmpdir(), 'pproflens-archive-'));
      try {
        for (const one of names) {
          mkdirSync(dirname(join(folder, one)), { recursive: true });
          writeFileSync(join(folder, one), profileOf(one));
        }
        writeFileSync(join(folder, 'in/large.bin'), Buffer.alloc(300_000, 5));
        const { status, stderr } = spawnSync(command[0], command.slice(1), { cwd: folder, encoding: 'utf8' });
        expect([status, stderr]).toEqual([0, '']);
        const archive = readFileSync(join(folder, file));
        expect((await listMembers(archive)).map((member) => member.name).sort()).toEqual([...names].sort());
        for (const one of names) {
          expect(await stackOf(archive, `{member="${one}"}`)).toBe(one.replaceAll(' ', ' ').split(' ')[0]);
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
