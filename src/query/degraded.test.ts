import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Profile as PeerProfile } from 'pprof-format';
import { decode } from '../decode/decode';
import { pair } from '../ops/pair';
import { merge } from '../ops/merge';
import { pprof, pprofOutput } from '../cli/command';
import { encodeFolded } from '../testing/encode';
import { printFlame, printTable } from '../testing/print';
import { runStored } from '../testing/runStored';
import type { Profile } from '../profile/profile';

// What a file has wrong refuses only the queries that need it.

const [id, next] = [7234567890123456789n, 7234567890123456788n];
const withSpans = () =>
  encodeFolded({
    types: ['cpu/nanoseconds'],
    samples: [
      { stack: 'main;a', values: [10], labels: { 'span id': Number(id) } },
      { stack: 'main;c', values: [30], labels: { 'span id': Number(next), local: 42 } },
    ],
  });
/** pprof-format takes numbers of 53 bits, so the two ids are put where it wrote their nearest float64. */
function spans(): Uint8Array {
  const bytes = withSpans();
  const varint = (value: bigint) => {
    const out: number[] = [];
    for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
      out.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
      if (rest <= 0x7fn) {
        return Uint8Array.from(out);
      }
    }
  };
  const rounded = Buffer.from(varint(BigInt(Number(id))));
  for (const exact of [id, next]) {
    const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(rounded);
    expect(at).toBeGreaterThan(0);
    bytes.set(varint(exact), at);
  }
  return bytes;
}

const top = (profile: Profile, query: object = {}) =>
  printTable(runStored({ view: 'top', ...query }, { profile })[0], ['function', 'flat']);

describe('ids of 64 bits in labels', () => {
  let profile: Profile;
  beforeAll(async () => {
    profile = await decode(spans());
  });

  it('filter by all of their digits', () => {
    const of = (selector: string) => top(profile, { selector }).filter((row) => !row.endsWith(' 0'));
    expect(of(`{"span id"="${id}"}`)).toEqual(['a 10']);
    expect(of(`{"span id"="${next}"}`)).toEqual(['c 30']);
    expect(of(`{"span id"!="${next}"}`)).toEqual(['a 10']);
    expect(of(`{"span id"=~".*788"}`)).toEqual(['c 30']);
    expect(of(`{local="42"}`)).toEqual(['c 30']);
  });

  it('group by all of their digits', () => {
    const [table] = runStored({ view: 'flame', tagRoot: 'span id' }, { profile });
    expect(
      printFlame(table)
        .map((row) => row.trim())
        .filter((row) => row.startsWith('7'))
    ).toEqual([`${next} 30`, `${id} 10`]);
    const [tags] = runStored({ view: 'tags' }, { profile });
    expect(printTable(tags, ['key', 'value', 'total'])).toEqual([
      'local 42 30',
      `span id ${next} 30`,
      `span id ${id} 10`,
    ]);
    const [traces] = runStored({ view: 'traces' }, { profile });
    expect(printTable(traces, ['span id'])).toEqual([String(next), String(id)]);
  });

  it('stay apart where profiles are merged and paired', () => {
    for (const both of [merge([profile, profile]), pair(profile, profile)]) {
      expect(top(both, { selector: `{"span id"="${id}"}` })[0]).toMatch(/^a /);
    }
  });
});

describe('on the command line', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'pproflens-degraded-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
  const file = join(scratch, 'spans.pb');
  beforeAll(() => writeFileSync(file, spans()));

  it('-tags and -traces print what pprof prints, -raw and -proto all digits', async () => {
    expect(await pprof(['-tags', file])).toMatch(/span id: Total 40ns.*\n +40ns \( *100%\): 7234567890123456512\n/);
    expect((await pprof(['-traces', file])).match(/span id: {2}7234567890123456512/g)).toHaveLength(2);
    expect(await pprof(['-raw', file])).toMatch(new RegExp(`\\[${id}\\][^]*\\[${next}\\]`));
    const written = (await pprofOutput(['-proto', file])) as Uint8Array;
    const labels = PeerProfile.decode(gunzipSync(written)).sample.flatMap(({ label }) =>
      label.map(({ num }) => BigInt(num))
    );
    expect(labels).toEqual([id, next, 42n]);
  });
});

describe('a sample type with values beyond 2^53', () => {
  const max = 2n ** 63n - 1n;
  const open = () =>
    decode(
      encodeFolded({
        types: ['samples/count', 'max/nanoseconds'],
        samples: [
          { stack: 'main;a', values: [1, max] },
          { stack: 'main;b', values: [5, 7] },
        ],
      })
    );

  it('is refused by name, and the others are read', async () => {
    const profile = await open();
    expect(top(profile, { sampleIndex: 'samples' })).toEqual(['b 5', 'a 1', 'main 0']);
    expect(() => top(profile)).toThrow(/sample type "max" are beyond ±2\^53/);
    expect(() => top(profile, { sampleIndex: 'max' })).toThrow(/sample type "max"/);
    const [{ notices }] = runStored({ view: 'top', sampleIndex: 'samples' }, { profile });
    expect(notices.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^Values of "max" are beyond/));
  });

  it('stays refused merged with one that is exact, on either side of a comparison, and by its mean', async () => {
    const profile = await open();
    const fine = await decode(
      encodeFolded({ types: ['samples/count', 'max/nanoseconds'], samples: [{ stack: 'main;a', values: [1, 2] }] })
    );
    for (const merged of [merge([profile, fine]), merge([fine, profile])]) {
      expect(() => top(merged)).toThrow(/sample type "max"/);
      expect(top(merged, { sampleIndex: 'samples' })[0]).toBe('b 5');
    }
    for (const inputs of [
      { profile, base: fine },
      { profile: fine, base: profile },
    ]) {
      for (const view of ['top', 'diff'] as const) {
        expect(() => runStored({ view }, inputs)).toThrow(/max" are beyond/);
        expect(runStored({ view, sampleIndex: 'samples' }, inputs)[0].length).toBeGreaterThan(0);
      }
    }
    const first = await decode(
      encodeFolded({ types: ['max/count', 'cpu/nanoseconds'], samples: [{ stack: 'f', values: [max, 1] }] })
    );
    expect(top(first)).toEqual(['f 1']);
    expect(() => top(first, { mean: true })).toThrow(/sample type "max"/);
  });
});

it('names that differ in bytes that are no UTF-8 are two rows, also where captures are merged', async () => {
  const bytes = Buffer.from(
    encodeFolded({
      types: ['cpu/nanoseconds'],
      samples: [
        { stack: 'f1', values: [5] },
        { stack: 'f2', values: [6] },
      ],
    })
  );
  bytes[bytes.indexOf('f1', 0, 'latin1') + 1] = 0xff;
  bytes[bytes.indexOf('f2', 0, 'latin1') + 1] = 0xfe;
  const profile = await decode(bytes);
  const printed = (of: Profile) => top(of).map((row) => Buffer.from(row).toString());
  expect(printed(profile)).toEqual(['f\ufffd 6', 'f\ufffd 5']);
  expect(printed(merge([profile, profile]))).toEqual(['f\ufffd 12', 'f\ufffd 10']);
});

const reported = join(__dirname, '../../../shared/corpus/reported');
const whereReported = existsSync(reported) ? describe : describe.skip;
if (!existsSync(reported)) {
  console.warn(`${reported} is not there: what was reported is not tried.`);
}
whereReported('what was reported', () => {
  const open = (name: string) => decode(readFileSync(join(reported, `${name}.pb.gz`)));
  const notices = ({ notices: said }: Profile) => said.map(({ text }) => text);

  it('duration', async () => {
    const profile = await open('duration');
    expect(top(profile)).toEqual(['main.a 10']);
    expect(notices(profile)).toEqual([
      expect.stringMatching(/^The duration of the profile is implausible: 1\.708e\+18/),
    ]);
    expect(() => runStored({ view: 'diff', scale: 'rate' }, { profile, base: profile })).toThrow(/Per second/);
  });

  it('spanid', async () => {
    const profile = await open('spanid');
    const [tags] = runStored({ view: 'tags' }, { profile });
    expect(printTable(tags, ['value', 'total'])).toEqual(['42 10', `${next} 30`, `${id} 10`]);
  });

  it.each(['badmapping', 'nomapping-id'])('%s', async (name) => {
    const profile = await open(name);
    expect(top(profile)).toEqual(['main.a 5', 'main.b 0']);
    expect(notices(profile)).toEqual(['2 locations name a mapping that is not in the file.']);
  });

  it('emptytype', async () => {
    expect(await pprof(['-top', join(reported, 'emptytype.pb.gz')])).not.toContain('Type:');
  });

  it('value-max', async () => {
    const profile = await open('value-max');
    const rows = top(profile, { sampleIndex: 'samples' });
    expect(rows).toEqual(['main.b 5', 'main.a 1']);
    expect(() => top(profile)).toThrow(/"max"/);
  });

  it('utf8', async () => {
    expect(top(await open('utf8')).map((row) => row.split(' ')[1])).toEqual(['6', '5']);
  });
});
