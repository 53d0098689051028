import { decode } from '../decode/decode';
import { MappingFlag, type Profile } from '../profile/profile';
import { encodeFolded, type FoldedProfile } from '../testing/encode';
import { plainProfile, printProfile } from '../testing/print';
import { Chance, randomProfiles } from '../testing/randomProfile';
import { compact } from './compact';
import { merge, MergeBuilder, type MergePart } from './merge';
import { noInlines } from './nameFilters';
import { keepSamples } from './samples';

const profile = (shape: Partial<FoldedProfile>) =>
  decode(encodeFolded({ types: ['n/count'], samples: [{ stack: 'main;f+g', values: [1] }], ...shape }));

it('tells locations apart by the column of the outermost line only, as pprof does', async () => {
  const p = await profile({});
  const withColumns = (...column: number[]) => ({ ...p, line: { ...p.line, column: Float64Array.from(column) } });
  // The lines of g, of f, which g is inlined into, and of main.
  expect(merge([p, withColumns(5, 0, 0)]).location.length).toBe(2);
  expect(merge([p, withColumns(0, 5, 0)]).location.length).toBe(3);
});

it('tells lines and columns of any int64 apart, and finds them again', async () => {
  const p = await profile({ samples: [{ stack: 'main', values: [1] }] });
  const at = (line: number, column = 0, startLine = 0) => ({
    ...p,
    line: { ...p.line, line: Float64Array.of(line), column: Float64Array.of(column) },
    function: { ...p.function, startLine: Float64Array.of(startLine) },
  });
  const wide = 2 ** 32;
  const places = [
    at(5),
    at(wide + 5),
    at(-1),
    at(wide - 1),
    at(5, wide + 1),
    at(5, 1),
    at(5, 0, -7),
    at(5, 0, wide - 7),
  ];
  const merged = merge([...places, ...places]);
  expect(merged.location.length).toBe(places.length);
  expect([...merged.line.line]).toEqual([5, wide + 5, -1, wide - 1, 5, 5, 5, 5]);
  expect([...merged.sample.values[0]]).toEqual(places.map(() => 2));
});

it('takes a binary of all addresses for one of none, as pprof does: its size of 2^64 is 0', async () => {
  const p = await profile({});
  const of = (limit: bigint) => ({
    ...p,
    location: { ...p.location, mapping: new Int32Array(p.location.length) },
    mapping: {
      length: 1,
      start: new BigUint64Array(1),
      limit: BigUint64Array.of(limit),
      offset: new BigUint64Array(1),
      filename: new Uint32Array(1),
      buildId: new Uint32Array(1),
      flags: new Uint8Array(1),
    },
  });
  const all = 2n ** 64n - 1n;
  expect(merge([of(0n), of(all)]).mapping.length).toBe(1);
  expect(merge([of(0n), of(all - 0x1000n)]).mapping.length).toBe(2);
});

it('takes labels in another order for the same labels', async () => {
  const [a, b] = [
    { key: 'x', other: 1 },
    { other: 1, key: 'x' },
  ].map((labels) => profile({ samples: [{ stack: 'main', values: [1], labels }] }));
  expect(printProfile(merge([await a, await b]))).toEqual(['main 2 {key=x, other=1}']);
});

it('has the types that all have, in the finest unit, and a default that is left', async () => {
  const types = ['delay/microseconds', 'space/bytes', 'n/count'];
  const first = await profile({ types, samples: [{ stack: 'main', values: [3, 2, 1] }], defaultType: 'n' });
  const second = await profile({
    types: ['space/kilobytes', 'delay/nanoseconds'],
    samples: [{ stack: 'main', values: [7, 5] }],
  });
  const merged = merge([first, second]);
  expect(merged.sampleTypes).toEqual([
    { type: 'delay', unit: 'nanoseconds' },
    { type: 'space', unit: 'bytes' },
  ]);
  expect(merged.defaultSampleType).toBe('delay');
  expect(printProfile(merged)).toEqual(['main 3005 7170']);
});

it('compact leaves what samples with a value name, and that as it was', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const [bytes] = randomProfiles(seed, 1);
    const p = await decode(bytes);
    const compacted = compact(p);
    const valued = keepSamples(p, (i) => p.sample.values.some((column) => column[i] !== 0));
    expect(printProfile(compacted)).toEqual(printProfile(valued));
    expect(plainProfile(compact(compacted))).toEqual(plainProfile(compacted));
  }
});

it('noInlines leaves one line of a location, a column only where columns are asked for', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const [bytes] = randomProfiles(seed, 1);
    const p = await decode(bytes);
    const [plain, withColumns] = [false, true].map((showColumns) => noInlines(p, { showColumns }));
    expect(plainProfile(withColumns).locations.map(([, lines]) => lines)).toEqual(
      plainProfile(p).locations.map(([, lines]) => lines.slice(-1))
    );
    expect([...plain.line.column].every((column) => column === 0)).toBe(true);
    expect([...plain.mapping.flags].every((flags) => (flags & MappingFlag.inlineFrames) === 0)).toBe(true);
  }
});

/** Of another kind than those before it a profile is left out. */
function addAll(builder: MergeBuilder, profiles: readonly Profile[]): MergeBuilder {
  for (const p of profiles) {
    try {
      builder.add(p);
    } catch {
      // As the worker's client counts it.
    }
  }
  return builder;
}

/** Runs of profiles merged apart and joined; undefined where they have to be added one by one. */
function joined(runs: ReadonlyArray<readonly Profile[]>): Profile | undefined {
  const [first, ...others] = runs.map((profiles, i) => addAll(new MergeBuilder(i > 0), profiles));
  // As a part comes from another thread.
  const isWhole = others.every((builder) => first.joinPart(structuredClone<MergePart>(builder.part())));
  return isWhole ? first.finish() : undefined;
}

/** As captures of one service are. */
const ofKind = (p: Profile, { sampleTypes, periodType }: Profile): Profile => ({
  ...p,
  sampleTypes,
  periodType,
  sample: { ...p.sample, values: sampleTypes.map((_, t) => p.sample.values[t % p.sample.values.length]) },
});

const negated = (p: Profile): Profile => ({
  ...p,
  sample: { ...p.sample, values: p.sample.values.map((column) => column.map((value) => -value)) },
});

const cutAt = <T>(all: readonly T[], ...ends: number[]): T[][] =>
  [...ends, all.length].map((end, i) => all.slice(i === 0 ? 0 : ends[i - 1], end));

it('of runs merged apart is that of one run, to the bit', async () => {
  let signed = 0;
  const counts = { joined: 0, apart: 0 };
  for (let seed = 0; seed < 60; seed++) {
    const chance = new Chance(seed);
    const random = await Promise.all(randomProfiles(seed, 2 + chance.below(9)).map((bytes) => decode(bytes)));
    const profiles = chance.is(0.2) ? [...random] : random.map((p) => ofKind(p, random[0]));
    if (chance.is(0.5)) {
      profiles.splice(chance.below(profiles.length), 0, negated(chance.pick(profiles)));
    }
    signed += profiles.some(({ sample }) => sample.values.some((column) => column.some((value) => value < 0))) ? 1 : 0;
    const whole = addAll(new MergeBuilder(), profiles).finish();
    const cuts = Array.from({ length: chance.below(8) }, () => chance.below(profiles.length + 1));
    // The first captures may be those that cannot be read.
    for (const runs of [cutAt(profiles, ...cuts.sort((x, y) => x - y)), [[], profiles]]) {
      const together = joined(runs);
      counts[together ? 'joined' : 'apart']++;
      expect(together ?? whole).toStrictEqual(whole);
    }
  }
  expect(counts.joined).toBeGreaterThan(3 * counts.apart);
  expect(counts.apart).toBeGreaterThan(0);
  // Sums that come to nothing in a run, and then to something.
  expect(signed).toBeGreaterThan(10);
});

it('says where runs cannot be joined: other types, other kinds, sums that lose digits', async () => {
  const [a, b] = [
    await profile({}),
    await profile({ types: ['n/count', 'm/count'], samples: [{ stack: 'f', values: [0, 1] }] }),
  ];
  expect(joined([[a], [a], [a]])).toBeDefined();
  expect(joined([[a], [a, b]])).toBeUndefined();
  expect(joined([[a], [b, b]])).toBeUndefined();
  expect(joined([[a, b], [a]])).toBeDefined();
  const periodic = (type: string) => ({ ...a, periodType: { type, unit: 'count' }, period: 1 });
  expect(joined([[periodic('x')], [periodic('y')]])).toBeUndefined();
  const large = (value: number) => profile({ samples: [{ stack: 'main', values: [value] }] });
  const half = await large(2 ** 52);
  expect(joined([[half], [await large(2 ** 52 - 1)]])).toBeDefined();
  expect(joined([[half], [half, await large(1)]])).toBeUndefined();
});
