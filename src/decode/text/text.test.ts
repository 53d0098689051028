import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Profile } from '../../profile/profile';
import { encodeFolded } from '../../testing/encode';
import { printProfile } from '../../testing/print';
import { decode } from '../decode';

const root = join(__dirname, '../../..');
const folder = join(root, 'testdata/text');
const reported = join(root, '../shared/corpus/reported');
const bytesOf = (lines: readonly string[], end = '\n') => Buffer.from(lines.join(end));
const texts = ({ notices }: Profile) => notices.map(({ text }) => text);

/** What -raw prints of values and numeric labels, by sample. */
const rawSamples = (raw: string): string[] =>
  raw
    .split('\n')
    .filter((line) => /^ +-?\d+[ :]|bytes:/.test(line))
    .map((line) => line.replace(/: [\d ]*$/, '').trim());
const ourSamples = ({ sample, labelSet, label }: Profile): string[] =>
  Array.from({ length: sample.length }, (_, i) => [
    sample.values
      .map((values) => String(values[i]).padStart(10))
      .join(' ')
      .trim(),
    ...Array.from(
      label.num.subarray(labelSet.labelOffset[sample.labelSet[i]], labelSet.labelOffset[sample.labelSet[i] + 1]),
      (size) => `bytes:[${size}]`
    ),
  ]).flat();

/** Values by names and lines of the calls; names without type arguments, of which texts have none. */
function stacksOf({ sample, stack, location, line, function: func, strings }: Profile): string[] {
  const sums = new Map<string, number[]>();
  for (let i = 0; i < sample.length; i++) {
    const calls: string[] = [];
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
        const f = line.function[k];
        const name = strings[func.name[f]].replace(/\[go\.shape\.[^\]]*\][^\]]*\]/, '[...]');
        calls.push(`${name} ${strings[func.filename[f]]}:${line.line[k]}`);
      }
    }
    const key = calls.join('\n');
    const sum = sums.get(key) ?? sample.values.map(() => 0);
    sums.set(key, sum);
    sample.values.forEach((values, t) => (sum[t] += values[i]));
  }
  return [...sums]
    .filter(([, sum]) => sum.some((value) => value !== 0))
    .map(([key, sum]) => `${sum.join(' ')}\n${key}`)
    .sort();
}

describe.each(['heap', 'block', 'mutex', 'threadcreate'])('%s of one moment, as Go 1.26 writes it', (name) => {
  const text = readFileSync(join(folder, `${name}.debug1.gz`));

  it('has the values that go tool pprof reads', async () => {
    const raw = readFileSync(join(folder, `${name}.raw.txt`), 'utf8');
    const profile = await decode(text);
    expect(ourSamples(profile)).toEqual(rawSamples(raw));
    expect(ourSamples(profile)).not.toEqual([]);
    expect(raw).toContain(
      `PeriodType: ${profile.periodType?.type} ${profile.periodType?.unit}\nPeriod: ${profile.period}\n`
    );
    expect(raw).toContain(`\n${profile.sampleTypes.map(({ type, unit }) => `${type}/${unit}`).join(' ')}\n`);
    expect(profile.notices).toEqual([]);
  });

  if (name !== 'threadcreate') {
    it('has the stacks, lines and values of the protobuf', async () => {
      const stacks = stacksOf(await decode(text));
      expect(stacks).toEqual(stacksOf(await decode(readFileSync(join(folder, `${name}.pb.gz`)))));
      expect(stacks.length).toBeGreaterThan(0);
    });
  }

  it('is the same with CRLF, and behind lines of a collector, which are said', async () => {
    const expected = stacksOf(await decode(text));
    const windows = gunzipSync(text).toString().replaceAll('\n', '\r\n');
    expect(stacksOf(await decode(Buffer.from(windows)))).toEqual(expected);
    if (name !== 'threadcreate') {
      const collected = await decode(Buffer.from(`collected by x\n\nhost=a\n${windows}`));
      expect(stacksOf(collected)).toEqual(expected);
      expect(texts(collected)).toEqual(['Skipped: 2 lines before the profile; the first is "collected by x".']);
    }
  });
});

describe('heap text', () => {
  const call = '#\t0x401000\tmain.f+0x1\t/src/main.go:7';

  it('is unsampled by half of heap/RATE, by heap_v2/RATE, and not at all as heapprofile', async () => {
    const scaled = (rate: number) => Math.trunc(2 / (1 - Math.exp(-100 / rate)));
    for (const [kind, expected] of [
      ['heap/2000', scaled(1000)],
      ['heap_v2/2000', scaled(2000)],
      ['heapprofile', 2],
      ['heap/2', 2],
      ['growthz', 2],
    ] as const) {
      const profile = await decode(
        bytesOf([`heap profile: 2: 200 [2: 200] @ ${kind}`, '  2: 200 [2: 200] @ 0x401001'])
      );
      expect(profile.sample.values[0][0]).toBe(expected);
      expect(profile.sampleTypes.map(({ type }) => type)).toEqual(['objects', 'space']);
      expect(texts(profile)).toEqual([]);
    }
  });

  it('says what was cut off, and reads the rest', async () => {
    const lines = ['heap profile: 3: 300 [4: 400] @ heap/2', '2: 200 [2: 200] @ 0x401001', call, '', '1: 100 [2: 2'];
    const profile = await decode(bytesOf(lines));
    expect(printProfile(profile)).toEqual(['main.f 2 200 2 200 {bytes=100}']);
    expect(texts(profile)).toEqual([
      'Left out: 1 line beside 1 sample that could not be read; the first is "1: 100 [2: 2".',
      expect.stringMatching(
        /^The file was cut: its samples have 200 of 300 bytes in use and 200 of 400 bytes allocated/
      ),
    ]);
  });

  it('reads all profiles of its kind and form, told apart by the label dump, and says what it leaves out', async () => {
    const lines = ['heap profile: 2: 200 [2: 200] @ heap/2', '2: 200 [2: 200] @ 0x401001', call, ''];
    const twice = await decode(
      bytesOf([...lines, '--- second', ...lines, 'goroutine profile: total 7', '7 @ 0x401001'])
    );
    expect(printProfile(twice)).toEqual(['main.f 2 200 {bytes=100, dump=1}', 'main.f 2 200 {bytes=100, dump=2}']);
    expect(texts(twice)).toEqual([
      expect.stringMatching(
        /^The file holds 2 profiles, and values are of all of them. The label dump.*dump="2" is the last/
      ),
      'Left out: 1 line after "--- second", where the profile ends. Upload another profile as a file of its own.',
    ]);
    const other = await decode(bytesOf([...lines, lines[0].replace('heap/2', 'heap/4'), lines[1]]));
    expect(printProfile(other)).toEqual(['main.f 2 200 {bytes=100}']);
    expect(texts(other)).toEqual([
      expect.stringMatching(/^Left out: 1 line .* "heap profile: 2: 200 \[2: 200\] @ heap\/4"/),
    ]);
  });

  it('reads all block or mutex profiles, each with its own cycles', async () => {
    const part = (kind: string, hertz: number) => [
      kind,
      `cycles/second=${hertz}`,
      'sampling period=1',
      '8 1 @ 0x401001',
      call,
      '',
    ];
    const profile = await decode(
      bytesOf([...part('--- mutex:', 1e9), ...part('--- mutex:', 2e9), ...part('--- contention:', 1e9)])
    );
    expect(printProfile(profile)).toEqual(['main.f 1 8 {dump=1}', 'main.f 1 4 {dump=2}']);
    expect(texts(profile)).toEqual([
      expect.stringMatching(/holds 2 profiles/),
      expect.stringMatching(/^Left out: \d lines after "--- contention:"/),
    ]);
    expect(texts(await decode(bytesOf([...part('--- mutex:', 1e9), '--- Memory map: ---'])))).toEqual([]);
  });

  it('reads the calls that older versions print with one address as inlined ones', async () => {
    const inlined = '#\t0x401000\tmain.inlined+0x1\t/src/main.go:3';
    const profile = await decode(
      bytesOf(['heap profile: 1: 9 [2: 18] @ heap/2', '1: 9 [2: 18] @ 0x300001 0x401001 0x500001', inlined, call])
    );
    expect(printProfile(profile)).toEqual(['main.f+main.inlined 2 18 1 9 {bytes=9}']);
  });

  it('keeps addresses where nothing names them, and stops at the map of gperftools', async () => {
    const lines = [
      'heap profile: 1: 9 [1: 9] @ heapprofile',
      ' 1: 9 [1: 9] @ 0x401001 0x500001',
      'MAPPED_LIBRARIES:',
      '00-11 r-xp',
    ];
    const profile = await decode(bytesOf(lines));
    expect(printProfile(profile)).toEqual(['0x500000;0x401000 1 9 {bytes=9}']);
    expect(texts(profile)).toEqual([]);
  });

  it("finds binaries in gperftools' map, as go tool pprof does", async () => {
    const profile = await decode(
      bytesOf([
        'heap profile: 3: 27 [3: 27] @ heapprofile',
        ' 3: 27 [3: 27] @ 0x7f47a4b73011 0x451001 0x7fffffff0001 0xff0001',
        'MAPPED_LIBRARIES:',
        'dir=/lib',
        '7f47a4b73000-7f47a4d21000 r-xp 00000000 fc:01 12 $dir/libc-2.15.so',
        '7f47a4d21000-7f47a4d22000 rw-p 00000000 00:00 0 ',
        '00450000-00500000 r-xp 00050000 fc:01 13 /bin/app',
        '00500000-00fcb000 r-xp 00100000 fc:01 13 /bin/app',
        'W1128 map.cc:12] 1000000-1001000: /opt/x (@ff00) abc123',
        'f'.repeat(2000),
      ])
    );
    const { mapping, location, strings } = profile;
    // The program comes first, from where its first part would be; what is in no binary is in one without a name.
    expect(
      Array.from(mapping.filename, (row, i) => [strings[row], strings[mapping.buildId[i]], mapping.start[i]])
    ).toEqual([
      ['/bin/app', '', 0x400000n],
      ['/lib/libc-2.15.so', '', 0x7f47a4b73000n],
      ['/opt/x', 'abc123', 0x1000000n],
      ['', '', 0n],
    ]);
    expect(Array.from(location.address, (address, i) => [address, location.mapping[i]])).toEqual([
      [0x7f47a4b73010n, 1],
      [0x451000n, 0],
      [0x7fffffff0000n, 3],
      [0xff0000n, 3],
    ]);
    expect(texts(profile)).toEqual([]);
  });

  it('says which sample type has a number beyond 2^53', async () => {
    const profile = await decode(
      bytesOf([
        'heap profile: 1: 9 [1: 9223372036854775807] @ heap/2',
        '1: 9 [1: 9223372036854775807] @ 0x401001',
        call,
      ])
    );
    expect(profile.sampleTypes.filter(({ isInexact }) => isInexact).map(({ type }) => type)).toEqual(['alloc_space']);
  });
});

it('delays of a profile that was switched off are cycles, and that is said', async () => {
  const profile = await decode(
    bytesOf(['--- mutex:', 'cycles/second=2000000000', 'sampling period=0', '100 3 @ 0x401001'])
  );
  expect(printProfile(profile)).toEqual(['0x401000 3 100']);
  expect(texts(profile)).toEqual([expect.stringMatching(/sampling period=0.*cycles/)]);
});

test('lines of every text may end in a carriage return alone', async () => {
  for (const lines of [
    ['heap profile: 2: 200 [2: 200] @ heap/2', '2: 200 [2: 200] @ 0x401001', '#\t0x401000\tmain.f+0x1\t/src/main.go:7'],
    ['goroutine profile: total 2', '2 @ 0x401001', '#\t0x401000\tmain.f+0x1\t/src/main.go:7'],
    [
      'goroutine 1 [running]:',
      'main.f()',
      '\t/src/main.go:7 +0x1d',
      '',
      'goroutine 2 [select]:',
      'main.g()',
      '\t/src/main.go:9 +0x1d',
      '',
    ],
    ['main.f;main.g 7', 'main.f 2', ''],
  ]) {
    const profile = await decode(bytesOf(lines, '\r'));
    expect(printProfile(profile)).toEqual(printProfile(await decode(bytesOf(lines))));
    expect(profile.sample.length).toBeGreaterThan(0);
    expect(texts(profile)).toEqual([]);
  }
});

describe('folded stacks', () => {
  it('are samples, whatever frames are called', async () => {
    const lines = [
      '# collapsed',
      'main.main;main.a;operator new(unsigned long) 10',
      'main.main;main.c 5',
      '',
      '[idle] 3',
    ];
    const profile = await decode(bytesOf(lines, '\r\n'));
    expect(printProfile(profile)).toEqual([
      'main.main;main.a;operator new(unsigned long) 10',
      'main.main;main.c 5',
      '[idle] 3',
    ]);
    expect(profile.sampleTypes).toEqual([{ type: 'samples', unit: 'count' }]);
    expect(profile.function.length).toBe(5);
    expect(texts(profile)).toEqual([]);
  });

  it('say which lines are none', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `a;b ${i}`);
    const profile = await decode(bytesOf([...lines, 'a;b', 'a;c 7.5']));
    expect(profile.sample.length).toBe(200);
    expect(texts(profile)).toEqual([
      expect.stringMatching(/^Left out: 2 lines beside 200 stacks that could not be read; the first is line 201/),
    ]);
    const sparse = await decode(bytesOf([...Array.from({ length: 20 }, (_, i) => `a;b${i} 1`), ' 4']));
    expect(sparse.sample.length).toBe(20);
    expect(sparse.notices.map(({ text }) => text)).toEqual([expect.stringContaining('1')]);
  });

  it('may have a tab, or several spaces, before the number', async () => {
    const profile = await decode(bytesOf(['a;b\t3', 'a;c  \t4\t', 'a;d e 5']));
    expect(printProfile(profile)).toEqual(['a;b 3', 'a;c 4', 'a;d e 5']);
    expect(texts(profile)).toEqual([]);
    await expect(decode(bytesOf(['a;b\t10\t12']))).rejects.toThrow(/two profiles/);
  });

  it('are exact up to 2^53, and refused beyond with the line', async () => {
    const profile = await decode(bytesOf(['a;b 9007199254740991']));
    expect(profile.sample.values[0][0]).toBe(Number.MAX_SAFE_INTEGER);
    await expect(decode(bytesOf(['# x', 'a;b 1', 'a;c 9007199254740993']))).rejects.toThrow(
      /in line 3 is 9007199254740993, beyond 2\^53.*larger unit/
    );
  });

  it('of two profiles are refused', async () => {
    await expect(decode(bytesOf(['a;b 10 12', 'a;c 1 0']))).rejects.toThrow(/two profiles \(difffolded\.pl\)/);
  });
});

describe('an error reads the file', () => {
  const utf16 = (text: string) => Buffer.concat([Uint8Array.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
  const gz64 = gzipSync(encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'f', values: [1] }] })).toString(
    'base64'
  );
  const tar = Buffer.concat([Buffer.from('heap.prof'.padEnd(257, '\0')), Buffer.from('ustar\0')]);
  const message = (field: number, ...content: number[]) => [(field << 3) | 2, content.length, ...content];
  const otlp = [...message(1, ...message(1, ...message(1, 0x0a, 0))), ...message(2, ...message(1), ...message(5))];
  it.each<[string, string | Uint8Array, RegExp]>([
    ['no such page', '404 page not found\n', /is text, not a profile; it begins "404 page not found"/],
    [
      'a busy profiler',
      '\nCould not enable CPU profiling: cpu profiling already in use\n',
      /begins "Could not enable CPU profiling: cpu/,
    ],
    [
      'a panic',
      'panic: runtime error: index out of range [5]\n',
      /begins "panic: runtime error: index out of range \[5\]"/,
    ],
    ['a failed test', '--- FAIL: TestLeak (0.44s)\n    leaks.go:78: found\n', /begins "--- FAIL: TestLeak \(0\.44s\)"/],
    ['what does not print', 'caf\u00e9 \u202e\u001b[31m', /begins "café \\u\{202e\}\\u001b\[31m"/],
    ['a long line', 'x '.repeat(400), /begins "(x ){50}…"/],
    [
      'a heap with negative sums',
      'collected by x\nheap profile: -3: -300 [5: 500] @ heap/1048576\n-3: -300 [5: 500] @ 0x401001\n',
      /sums in the first line .* negative, "heap profile: -3: -300 \[5: 500\] @ heap\/1048576".*go tool pprof refuses.*Capture the heap again/,
    ],
    ['white space', ' \n\n', /nothing but white space/],
    [
      'a page',
      '<!DOCTYPE html><html><head><title>Sign in –\n Acme</title>',
      /HTML page with the title "Sign in – Acme"/,
    ],
    [
      'an error of a store',
      '<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code><Message>It is gone.</Message></Error>',
      /object store.*"NoSuchKey: It is gone\."/,
    ],
    ['XML', '<?xml version="1.0"?><svg/>', /XML document.*begins "<\?xml version=\\"1\.0\\"\?><svg\/>"/],
    ['JSON', '{\n "message": "not found"}', /JSON, not a profile; it begins "\{ \\"message\\": \\"not found\\"\}"/],
    ['OTLP as JSON', '{"resourceProfiles":[]}', /OpenTelemetry \(OTLP\)/],
    ['OTLP', Uint8Array.from(otlp), /OpenTelemetry \(OTLP\)/],
    ['base64', gz64, /gzip file as base64 text.*base64 -d/],
    ['UTF-16', utf16('404 page not found'), /is text, not a profile; it begins "404 page not found"/],
    [
      'text with a NUL',
      'some text that goes on and ends\0',
      /is text, not a profile; it begins "some text that goes on and ends\\u0000"/,
    ],
    ['tar', tar, /tar archive/],
    ['jemalloc', 'heap_v2/524288\n  t*: 2: 2048 [0: 0]\n', /jemalloc \(heap_v2\).*jeprof/],
    ['gzip saved as text', new TextEncoder().encode('\x1f\ufffd\b\0\0\tn'), /gzip file that was saved as text/],
    ['bzip2', 'BZh91AY&SY\u0001\u0002', /packed with bzip2.*gzip, zstd or zip/],
    ['xz', Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]), /packed with xz/],
    ['LZ4', Uint8Array.from([0x04, 0x22, 0x4d, 0x18, 0x64]), /packed with LZ4/],
    ['gzip three times', gzipSync(gzipSync(gzipSync('a'))), /packed with gzip more than twice/],
    ['zeros', new Uint8Array(100), /begins with zeros/],
    ['JFR', Uint8Array.from([0x46, 0x4c, 0x52, 0, 0, 2, 0, 0]), /Java Flight Recorder/],
    ['perf.data', 'PERFILE2\0\0\0\0\0\0\0\0', /Linux perf/],
    [
      'perf script',
      'swapper     0 [000] 12345.678901:   10101010 cpu-clock:\n\tffffffff81 native+0xe ([kernel])\n\n',
      /output of perf script.*stackcollapse-perf/,
    ],
    [
      'a CPU profile of gperftools',
      Uint8Array.from([0, 3, 0, 10000, 0].flatMap((w) => [w & 255, w >> 8, 0, 0, 0, 0, 0, 0])),
      /gperftools.*go tool pprof -proto/,
    ],
    ['threadz', '--- threadz 1 ---\n', /legacy text profile.*go tool pprof -proto/],
    [
      'a report',
      'File: prog\nType: cpu\nShowing nodes accounting for 5, 100% of 5 total\n',
      /report that go tool pprof printed/,
    ],
  ])('%s', async (_, content, expected) => {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    await expect(decode(bytes)).rejects.toMatchObject({ name: 'InputError', message: expect.stringMatching(expected) });
    await expect(decode(gzipSync(bytes))).rejects.toThrow(expected);
  });
});

const whereReported = existsSync(reported) ? describe : describe.skip;
if (!existsSync(reported)) {
  console.warn(`${reported} is not there: what was reported is not tried.`);
}
whereReported('what was reported', () => {
  const open = (name: string) => decode(readFileSync(join(reported, name)));
  const totals = ({ sample, sampleTypes }: Profile) =>
    Object.fromEntries(sampleTypes.map(({ type }, t) => [type, sample.values[t].reduce((a, b) => a + b, 0)]));

  it('heap.debug1 is heap.debug0', async () => {
    const [text, proto] = [await open('heap.debug1'), await open('heap.debug0')];
    expect(totals(text)).toEqual(totals(proto));
    expect((totals(text).inuse_space / 2 ** 20).toFixed(2)).toBe('24.65');
    expect(stacksOf(text)).toEqual(stacksOf(proto));
    expect(text.runtimeMemory).toEqual({
      goMemory: 37853448 - 5095424,
      heapIdle: 5144576 - 5095424,
      heapInuse: 28082176,
      stacks: 327680,
    });
  });

  it('heap.holmes-trimmed opens and says that it was cut', async () => {
    const profile = await open('heap.holmes-trimmed');
    expect(totals(profile).inuse_space).toBe(0);
    expect(texts(profile)).toEqual([expect.stringMatching(/^The file was cut/)]);
  });

  it('block.debug1 and mutex.debug1 have delays and names', async () => {
    const [block, mutex] = [await open('block.debug1'), await open('mutex.debug1')];
    expect((totals(block).delay / 1e9).toFixed(2)).toBe('5.54');
    expect((totals(mutex).delay / 1e9).toFixed(2)).toBe('3.13');
    expect(stacksOf(block).join('\n')).toContain('main.contend /src/a2/prog/main.go:25');
    expect(stacksOf(mutex).join('\n')).toContain('main.contend /src/a2/prog/main.go:27');
  });

  it('heap.folded', async () => {
    expect(printProfile(await open('heap.folded'))).toEqual(['main.main;main.a;main.b 10', 'main.main;main.c 5']);
  });

  it.each([
    ['jemalloc.heap', /heap_v2.*jeprof/],
    ['notready.txt', /"Could not enable CPU profiling: cpu profiling already in use"/],
    ['pprof404.txt', /"404 page not found"/],
  ])('%s', async (name, expected) => {
    await expect(open(name)).rejects.toThrow(expected);
  });
});

it.each(['heap_v2/524288', `heap_v2/${'9'.repeat(400)}`])('a sample beyond 64 bits is left out: %s', async (kind) => {
  const lines = [
    `heap profile: 3: 300 [4: 400] @ ${kind}`,
    '2: 200 [18446744073709551616: 200] @ 0x401001',
    ' 1: 9 [1: 9] @ 0x401002',
  ];
  const profile = await decode(bytesOf(lines));
  const numbers = [profile.period, ...profile.sample.values.flatMap((column) => [...column])];
  expect(numbers.filter((value) => !Number.isFinite(value))).toEqual([]);
  expect(profile.sample.length).toBe(1);
  expect(profile.notices.map(({ text }) => text).join()).toContain('Left out: 1 line beside 1 sample that');
});
