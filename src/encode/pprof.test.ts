import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { decode } from '../decode/decode';
import { keepSamples } from '../ops/samples';
import type { Profile } from '../profile/profile';
import { plainProfile } from '../testing/print';
import { randomProfiles } from '../testing/randomProfile';
import { encodePprof } from './pprof';

const again = (profile: Profile): Promise<Profile> => decode(encodePprof(profile));

const recorded = execFileSync('git', ['ls-files', 'demo/captures/*.gz', 'demo/captures/*.txt'], { encoding: 'utf8' })
  .trim()
  .split('\n');

it.each(recorded)('%s: decode(encode(p)) is p', async (file) => {
  const profile = await decode(readFileSync(file));
  expect(plainProfile(await again(profile))).toEqual(plainProfile(profile));
});

it('decode(encode(p)) is p for whatever profile.proto allows', async () => {
  for (let seed = 0; seed < 300; seed++) {
    const [bytes] = randomProfiles(seed, 1, { hasBareLines: seed % 3 === 0 });
    const profile = await decode(bytes);
    expect(plainProfile(await again(profile))).toEqual(plainProfile(profile));
  }
});

it('keeps the ends of every range, and what is empty', async () => {
  const most = Number.MAX_SAFE_INTEGER;
  const profile: Profile = {
    strings: ['', 'f'],
    sampleTypes: [
      { type: '', unit: '' },
      { type: 'space', unit: '' },
    ],
    defaultSampleType: 'space',
    periodType: { type: '', unit: '' },
    period: -most,
    timeNanos: -(2n ** 63n),
    durationNanos: most,
    notices: [],
    comments: ['', 'two\nlines', '\ufeffafter a mark'],
    docUrl: 'https://example.com/',
    dropFrames: '(',
    keepFrames: 'f',
    sample: {
      length: 3,
      values: [Float64Array.of(most, -most, 0), Float64Array.of(-1, -(2 ** 32), 2 ** 32)],
      stack: Uint32Array.of(1, 0, 0),
      labelSet: Uint32Array.of(1, 0, 1),
    },
    stack: { length: 2, parent: Int32Array.of(-1, 0), location: Uint32Array.of(0, 0) },
    location: {
      length: 2,
      address: BigUint64Array.of(2n ** 64n - 1n, 0n),
      mapping: Int32Array.of(0, -1),
      lineOffset: Uint32Array.of(0, 2, 2),
      isFolded: Uint8Array.of(0, 1),
    },
    // A line without anything.
    line: {
      length: 2,
      function: Int32Array.of(-1, 0),
      line: Float64Array.of(0, -most),
      column: Float64Array.of(0, most),
    },
    function: {
      length: 1,
      name: Uint32Array.of(1),
      systemName: Uint32Array.of(0),
      filename: Uint32Array.of(0),
      startLine: Float64Array.of(-1),
    },
    mapping: {
      length: 1,
      start: BigUint64Array.of(2n ** 63n),
      limit: BigUint64Array.of(2n ** 64n - 1n),
      offset: BigUint64Array.of(2n ** 53n + 1n),
      filename: Uint32Array.of(0),
      buildId: Uint32Array.of(1),
      flags: Uint8Array.of(15),
    },
    labelSet: { length: 2, labelOffset: Uint32Array.of(0, 0, 3) },
    label: {
      length: 3,
      key: Uint32Array.of(1, 0, 1),
      str: Uint32Array.of(1, 0, 0),
      num: Float64Array.of(0, -most, 0),
      unit: Uint32Array.of(0, 0, 1),
      isNumeric: Uint8Array.of(0, 1, 1),
    },
  };
  expect(plainProfile(await again(profile))).toEqual(plainProfile(profile));
  const none = { ...profile, periodType: undefined };
  expect((await again(none)).periodType).toBeUndefined();
});

it('writes no text of labels that no sample has', async () => {
  const profile = await decode(readFileSync(recorded.find((name) => name.endsWith('/cpu.pb.gz')) ?? ''));
  expect((await again(profile)).strings).toContain('acme');
  const unlabelled = keepSamples(profile, (i) => profile.sample.labelSet[i] === 0);
  const written = await again(unlabelled);
  expect(written.sample.length).toBe(unlabelled.sample.length);
  expect(written.strings).not.toContain('acme');
});

it.each([Infinity, -Infinity, NaN, 1.5])(
  'throws for %p, which is no integer, in a value and in a field',
  async (value) => {
    const profile = await decode(randomProfiles(1, 1)[0]);
    const { sample } = profile;
    const values = sample.values.map((column) => column.map(() => value));
    expect(() => encodePprof({ ...profile, sample: { ...sample, values } })).toThrow(RangeError);
    expect(() => encodePprof({ ...profile, period: value })).toThrow(`got ${value}`);
  }
);
