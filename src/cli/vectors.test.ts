import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decode } from '../decode/decode';
import { InputError } from '../text/notice';
import { encodeFolded, type FoldedProfile } from '../testing/encode';
import { printProfile } from '../testing/print';
import { earlier, later, stacked, stackedLeft, tagged, taggedKept, vectors } from '../testing/vectors';
import { pprof, pprofOutput, pprofParts } from './command';

// What go tool pprof prints of the vectors, each by itself; src/cli/live.test.ts compares whole reports where Go is there.
const folder = mkdtempSync(join(tmpdir(), 'pproflens-vectors-'));
afterAll(() => rmSync(folder, { recursive: true }));
let written = 0;

function write(profile: FoldedProfile): string {
  const file = join(folder, `${written++}.pb`);
  writeFileSync(file, encodeFolded(profile));
  return file;
}

const print = async (flags: readonly string[], ...profiles: readonly FoldedProfile[]): Promise<string[]> =>
  (await pprof([...flags, ...profiles.map(write)])).split('\n');

const vector = (name: string): readonly FoldedProfile[] => vectors.find((one) => one.name === name)?.files ?? [];

const accounted = (lines: readonly string[]) => lines.find((line) => line.startsWith('Showing nodes'));

test.each(Object.entries(taggedKept))('tagfocus=%s keeps %i', async (filter, kept) => {
  const lines = await print(['-text', '-relative_percentages', `-tagfocus=${filter}`], tagged);
  const share = kept === 0 ? '0%' : '100%';
  expect(accounted(lines)).toBe(`Showing nodes accounting for ${kept}, ${share} of ${kept} total`);
});

test.each(Object.entries(stackedLeft))('%s leaves %j', async (filter, left) => {
  const lines = await print(['-traces', `-${filter}`], stacked);
  const first = lines.findIndex((line) => /^ +7 {3}/.test(line));
  const calls = lines.slice(first, lines.indexOf(lines[0], first) > 0 ? undefined : first + left.length);
  expect(calls.map((line) => line.slice(13))).toEqual(left);
});

test('-traces comes sample by sample: with deep stacks, all of them are longer than a string can be', async () => {
  const stack = Array.from({ length: 100 }, (_, i) => `frame${i}`).join(';');
  const samples = [1, 2, 3].map((value) => ({ stack, values: [value] }));
  const parts = await pprofParts(['-traces', write({ types: ['cpu/nanoseconds'], samples })], () => undefined);
  const leaves = Array.from(parts, (part) => String(part).match(/\d+ns +frame99$/gm) ?? []);
  expect(leaves).toEqual([[], ['1ns   frame99'], ['2ns   frame99'], ['3ns   frame99'], []]);
});

test.each([
  ['-ignore=main', 0],
  ['-hide=svc', 0],
])('%s leaves %i samples', async (flag, left) => {
  const warnings: string[] = [];
  const bytes = (await pprofOutput(['-proto', flag, write(stacked)], (text) => warnings.push(text))) as Uint8Array;
  expect((await decode(bytes)).sample.length).toBe(left);
  expect(warnings).toEqual([]);
});

test.each([
  [['-diff_base'], '20MB, 100% of 20MB', { a: '20MB   100%' }],
  [['-base'], '20MB, 100% of 20MB', { a: '20MB   100%' }],
  [['-diff_base', '-normalize'], '0, 0% of 20MB', { a: '5MB 25.00%', b: '-5MB 25.00%' }],
  [['-base', '-normalize'], '0, 0% of 10MB', { a: '5MB 50.00%', b: '-5MB 50.00%' }],
  [['-diff_base', '-normalize', '-drop_negative'], '5MB, 25.00% of 20MB', { a: '5MB 25.00%' }],
  [['-diff_base', '-divide_by=10'], '2MB, 100% of 2MB', { a: '2MB   100%' }],
  [['-diff_base', '-unit=kb'], '20480kB, 100% of 20480kB', { a: '20480kB   100%' }],
])('%j: %s', async ([mode, ...flags], shown, rows) => {
  const lines = await print(['-top', ...flags, `${mode}=${write(earlier)}`], later);
  expect(accounted(lines)).toBe(`Showing nodes accounting for ${shown} total`);
  const flat = new Map(lines.map((line) => [line.slice(44), line.slice(0, 17).trim()]));
  expect(Object.fromEntries(['a', 'b'].flatMap((name) => (flat.has(name) ? [[name, flat.get(name)]] : [])))).toEqual(
    rows
  );
});

test('a saved difference is one when it is opened again', async () => {
  const file = join(folder, 'diff.pb.gz');
  const warnings: string[] = [];
  const args = ['-proto', `-output=${file}`, `-diff_base=${write(earlier)}`, write(later)];
  expect(await pprof(args, (text) => warnings.push(text))).toBe('');
  expect(warnings).toEqual([`Generating report in ${file}`]);
  expect(printProfile(await decode(gunzipSync(readFileSync(file))))).toEqual([
    'main;a 31457280',
    'main;b 10485760',
    'main;a -10485760 {pprof::base=true}',
    'main;b -10485760 {pprof::base=true}',
  ]);
  expect(accounted((await pprof(['-top', file])).split('\n'))).toBe(
    'Showing nodes accounting for 20MB, 100% of 20MB total'
  );
});

test('frames to drop that do not compile drop nothing, and a warning says so', async () => {
  const warnings: string[] = [];
  const [file] = vector('frames to drop that do not compile').map(write);
  const text = await pprof(['-traces', file], (warning) => warnings.push(warning));
  expect(text).toContain('1   a\n             main\n');
  expect(warnings).toEqual([
    expect.stringMatching(/^The pattern for drop_frames of the profile .* No frame was dropped\.$/),
  ]);
});

test('a merged header: types by name in the finest unit, the first default and link, times as pprof has them', async () => {
  const lines = await print(['-raw'], ...vector('headers of merged files'));
  expect(lines.slice(0, 14)).toEqual([
    'Comment: first',
    'Comment: #hidden',
    'Comment: second',
    'Doc: https://example.com/doc',
    'PeriodType: cpu nanoseconds',
    'Period: 20000',
    'Duration: 1.5s',
    'Samples:',
    'space/bytes[dflt] delay/nanoseconds',
    // Labels in another order are the same labels.
    '          8       2005: 1 2 ',
    '                a:[y] b:[x]',
    '          9          0: 3 2 ',
    'Locations',
    '     1: 0x1001 M=1 a a.go:11:0 s=0',
  ]);
});

test('profiles of other periods or units do not merge', async () => {
  const [first] = vector('headers of merged files');
  const period = { ...first, periodType: 'space/bytes' };
  await expect(print(['-top'], first, period)).rejects.toThrow(
    /different kinds.*by cpu in microseconds.*by space in bytes/
  );
  const unit = { ...first, types: ['space/seconds'], samples: [{ stack: 'main', values: [1] }] };
  await expect(print(['-top'], first, unit)).rejects.toBeInstanceOf(InputError);
});

test('what cancels in a merge is no sample, and what only it named is gone', async () => {
  const types = ['delta/count'];
  const plus: FoldedProfile = {
    types,
    samples: [
      { stack: 'main;a', values: [5] },
      { stack: 'main;b', values: [1] },
    ],
  };
  const minus: FoldedProfile = { types, samples: [{ stack: 'main;a', values: [-5] }] };
  const lines = await print(['-raw'], plus, minus);
  expect(lines.slice(lines.indexOf('Samples:') + 1, lines.indexOf('Mappings'))).toEqual([
    'delta/count',
    '          1: 1 2 ',
    'Locations',
    '     1: 0x1003 M=1 b b.go:13:0 s=0',
    '     2: 0x1002 M=1 main main.go:12:0 s=0',
  ]);
});

test('a profile without binaries has one without a name', async () => {
  const lines = await print(['-raw'], earlier);
  expect(lines.slice(lines.indexOf('Mappings'))).toEqual(['Mappings', '1: 0x0/0x0/0x0   ', '']);
});

test('traces keep the paths that graphs cut', async () => {
  const profiles = vector('paths as bazel writes them');
  expect(await print(['-traces', '-lines'], ...profiles)).toContain('             a /proc/self/cwd/a.cc:12');
  const top = await print(['-top', '-lines'], ...profiles);
  expect(top).toContain('         0     0%   100%          1   100%  a a.cc:12');
  expect(top[0]).toBe('File: lib');
});

test('times before 1970 and durations below zero', async () => {
  const [past, short] = vector('times and durations');
  expect((await print(['-raw'], past)).slice(2, 4)).toEqual([
    'Time: 1969-12-31 23:59:58.5 +0000 UTC',
    'Duration: -2.5',
  ]);
  expect(await print(['-traces'], past)).toContain('Duration: -2.50s, Total samples = 1 ');
  expect((await print(['-raw'], short))[2]).toBe('Duration: 999n');
});

test('units of labels are those of the first sample that has one', async () => {
  const samples = [
    { stack: 'a', values: [0], labels: { size: [1, 'kilobytes'] as const } },
    { stack: 'a', values: [1], labels: { size: [1024, 'bytes'] as const } },
  ];
  // The first sample has no value: of two files it is no sample of the merged profile.
  const profile: FoldedProfile = { types: ['n/count'], samples };
  expect(await print(['-tags', '-unit=kb'], profile, profile)).toContain('       2kb (  100%): 1kB');
});

test('texts with tabs and line ends are cells and lines of -tags', async () => {
  const lines = await print(['-tags'], ...vector('texts with tabs, lines and a mark'));
  expect(lines.slice(0, 8)).toEqual([
    ' a        key: Total 1 of 356 ( 0.28%)',
    '   1 ( 0.28%):  avalue',
    '',
    ' key: Total 688 of 356 (193.26%)',
    '      333 (93.54%): x',
    '      333 (93.54%): y',
    '       22 ( 6.18%): two',
    'lines',
  ]);
});

test('shares exactly between two texts end in the even digit', async () => {
  const lines = await print(['-top', '-nodefraction=0'], ...vector('shares between two texts'));
  expect(lines.slice(-5, -1).map((line) => line.slice(10, 17))).toEqual([' 99.19%', '  0.62%', '  0.12%', ' 0.062%']);
});

test('long filters are cut after 80 bytes', async () => {
  const [profile] = vector('long filters');
  const lines = await print(['-top', `-focus=${'größe|'.repeat(20)}`], profile);
  expect(lines).toContain(`   focus=${'größe|'.repeat(9)}gr…`);
});

test('μs is no unit to pprof, which counts bytes', async () => {
  const profile: FoldedProfile = { types: ['delay/nanoseconds'], samples: [{ stack: 'a', values: [2_000_000_000] }] };
  expect(accounted(await print(['-top', '-unit=μs'], profile))).toBe(
    'Showing nodes accounting for 2s, 100% of 2s total'
  );
});

describe('flags', () => {
  const sampleTypes: FoldedProfile = {
    types: ['contentions/count', 'delay/nanoseconds', 'inuse_space/bytes'],
    samples: [{ stack: 'main', values: [2, 10, 1024] }],
  };
  const type = async (...flags: string[]) => (await print(['-top', ...flags], sampleTypes))[0];

  it('has switches as Go reads them', async () => {
    expect(await type('-mean=T', '-sample_index=1')).toBe('Type: mean_delay');
    expect(await type('-mean=0')).toBe('Type: inuse_space');
    await expect(type('-mean=maybe')).rejects.toThrow('-mean=maybe: expected true or false.');
  });

  it('takes one value of a choice', async () => {
    await expect(type('-cum', '-flat')).rejects.toThrow('-cum and -flat: expected one of them.');
    await expect(type('-lines', '-lines', '-files=false')).resolves.toBe('Type: inuse_space');
  });

  it('takes the first name of a sample type, sample_index before the older flags', async () => {
    expect(await type('-contentions', '-inuse_space')).toBe('Type: contentions');
    expect(await type('-mean_delay', '-sample_index=0')).toBe('Type: mean_contentions');
    expect(await type('-mean_delay')).toBe('Type: mean_delay');
  });

  it('counts nodes in whole numbers', async () => {
    await expect(type('-nodecount=1.5')).rejects.toThrow('-nodecount=1.5: expected a whole number.');
  });
});

test('files that cannot be read are left out of several, with a warning', async () => {
  const warnings: string[] = [];
  const missing = join(folder, 'missing.pb.gz');
  const text = await pprof(['-top', write(earlier), missing], (warning) => warnings.push(warning));
  expect(text).toBe(await pprof(['-top', write(earlier)]));
  expect(warnings).toEqual([expect.stringContaining(missing), 'Fetched 1 source profiles out of 2']);
  await expect(pprof(['-top', missing])).rejects.toMatchObject({ code: 'ENOENT' });
});

test('each filter that matched nothing says so', async () => {
  const filters = ['focus', 'ignore', 'hide', 'show', 'show_from', 'prune_from', 'tagfocus', 'tagignore', 'taghide'];
  for (const filter of [...filters, 'tagroot', 'tagleaf']) {
    const warnings: string[] = [];
    await pprof(['-tags', `-${filter}=nothing`, write(tagged)], (warning) => warnings.push(warning));
    expect(warnings).toContain(`${filter} "nothing" matched no samples.`);
  }
});
