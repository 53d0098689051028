import { decode } from '../decode/decode';
import { encodePprof } from '../encode/pprof';
import type { Profile } from '../profile/profile';
import { defaultQuery, type StoredQuery } from '../query/query';
import { prepare } from '../query/prepare';
import { granularities } from '../fields/reportOptions';
import { plainProfile, printProfile } from '../testing/print';
import { Chance, randomProfiles, type RandomShape } from '../testing/randomProfile';
import { callers, flame } from '../views/flame';
import { frameNames } from '../views/frameNames';
import { callGraph } from '../views/graph';
import { column } from '../views/table';
import { subtractBase } from './subtractBase';
import { merge } from './merge';
import { keepSamples } from './samples';

// What holds for every profile and every pattern, over random ones that are the same in each run.
const runs = 80;

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
const totals = ({ sample }: Profile): number[] => sample.values.map(sum);
/** Samples as text in a fixed order. Addresses are moved to where the first profile has the binary. */
const bag = (profile: Profile): string[] =>
  printProfile(profile)
    .map((line) => line.replace(/0x[0-9a-f]+/g, '0x'))
    .sort();

/** Calls the law with profiles of one program, and with chance of its own. */
async function forAll(
  count: number,
  law: (profiles: Profile[], chance: Chance) => void | Promise<void>,
  shape?: RandomShape
) {
  for (let seed = 0; seed < runs; seed++) {
    const profiles = await Promise.all(
      randomProfiles(seed, count, { ...shape, hasVariants: false }).map((bytes) => decode(bytes))
    );
    await law(profiles, new Chance(seed));
  }
}

/** A text that names of the profile have, or not. */
function somePattern({ strings, function: func }: Profile, chance: Chance): string {
  const name = strings[func.name[chance.below(func.length)]];
  const start = chance.below(name.length + 1);
  const part = name.slice(start, start + 1 + chance.below(6)).replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
  return chance.is(0.1) ? 'no such name' : `${chance.pick(['', '^'])}${part || '.'}`;
}

const prepared = (profile: Profile, options: Partial<StoredQuery>) => prepare(profile, { ...defaultQuery, ...options });
const filtered = (profile: Profile, options: Partial<StoredQuery>) => prepared(profile, options).profile;

describe('merge', () => {
  it('is the same in any order', () =>
    forAll(3, ([a, b, c]) => {
      const merged = bag(merge([a, b, c]));
      expect(bag(merge([c, a, b]))).toEqual(merged);
      expect(bag(merge([b, c, a]))).toEqual(merged);
    }));

  it('is the same in steps', () =>
    forAll(3, ([a, b, c]) => {
      const merged = bag(merge([a, b, c]));
      expect(bag(merge([merge([a, b]), c]))).toEqual(merged);
      expect(bag(merge([a, merge([b, c])]))).toEqual(merged);
    }));

  it('adds up', () =>
    forAll(2, ([a, b]) => {
      expect(totals(merge([a, b]))).toEqual(totals(a).map((total, t) => total + totals(b)[t]));
    }));

  it('of a profile with itself has each value twice', () =>
    forAll(1, ([p]) => {
      const [once, twice] = [merge([p]), merge([p, p])];
      expect(twice.sample.values.map((values) => [...values])).toEqual(
        once.sample.values.map((values) => [...values].map((value) => 2 * value))
      );
    }));
});

describe('difference', () => {
  it('of a profile from itself is nothing', () =>
    forAll(1, ([p]) => {
      expect(subtractBase(p, p, { mode: 'base', normalize: false }).sample.length).toBe(0);
      const marked = subtractBase(p, p, { mode: 'diff_base', normalize: false });
      expect(totals(marked).every((total) => total === 0)).toBe(true);
      const { flat, cum } = callGraph(marked, 0, frameNames(marked));
      expect([...flat, ...cum].every((value) => value === 0)).toBe(true);
    }));

  it('of a profile from itself, normalized, is nothing where every type has a total', () =>
    forAll(
      1,
      ([p]) => {
        // A type without one is scaled by 0, and pprof then drops the samples that have no other value to be scaled.
        const isWhole = totals(p).every((total) => total > 0);
        const { sample } = subtractBase(p, p, { mode: 'base', normalize: true });
        expect(isWhole ? sample.length : 0).toBe(0);
      },
      { isSigned: false }
    ));

  it('and the base together are the profile', () =>
    forAll(2, ([p, base]) => {
      const difference = subtractBase(p, base, { mode: 'base', normalize: false });
      expect(bag(merge([difference, base]))).toEqual(bag(merge([p])));
    }));

  it('normalized has the total of the base on both sides', () =>
    forAll(
      2,
      ([p, base]) => {
        const { sample } = subtractBase(p, base, { mode: 'base', normalize: true });
        const wanted = totals(p).map((total, t) => (total === 0 ? -totals(base)[t] : 0));
        // Each value is rounded to a whole number.
        sample.values.forEach((values, t) =>
          expect(Math.abs(sum(values) - wanted[t])).toBeLessThanOrEqual(p.sample.length / 2)
        );
      },
      { isSigned: false }
    ));
});

describe('flat', () => {
  it('sums to the total of the samples that have a stack, at every granularity', () =>
    forAll(1, ([p]) => {
      p.sample.values.forEach((values, t) => {
        const total = sum(values.filter((_, i) => p.sample.stack[i] > 0));
        for (const granularity of granularities) {
          const { flat } = callGraph(p, t, frameNames(p, { granularity }));
          expect(sum(flat)).toBe(total);
        }
      });
    }));

  it('is at most cum, and cum at most the total', () =>
    forAll(
      1,
      ([p]) => {
        const { flat, cum } = callGraph(p, 0, frameNames(p));
        const [total] = totals(p);
        expect(flat.every((value, node) => 0 <= value && value <= cum[node] && cum[node] <= total)).toBe(true);
      },
      { isSigned: false }
    ));

  it('and the edges into a node sum to its cum, where nothing recurs', () =>
    forAll(1, ([p]) => {
      const frames = frameNames(p, { granularity: 'addresses' });
      const { cum, edge } = callGraph(p, 0, frames);
      const roots = new Float64Array(cum.length);
      const seen = new Set<number>();
      let recurs = false;
      p.sample.values[0].forEach((value, i) => {
        const path: number[] = [];
        for (let row = p.sample.stack[i]; row > 0; row = p.stack.parent[row]) {
          const l = p.stack.location[row];
          const [first, end] = [p.location.lineOffset[l], p.location.lineOffset[l + 1]];
          path.push(...(first === end ? [frames.location[l]] : frames.line.slice(first, end)));
        }
        recurs ||= new Set(path).size < path.length;
        path.forEach((node) => seen.add(node));
        if (path.length > 0) {
          roots[path[path.length - 1]] += value;
        }
      });
      const into = roots.slice();
      edge.to.forEach((node, e) => (into[node] += edge.weight[e]));
      expect(recurs || [...seen].every((node) => into[node] === cum[node])).toBe(true);
    }));
});

describe('filters', () => {
  it('focus and ignore of one pattern part the samples that have a stack', () =>
    forAll(
      1,
      ([p], chance) => {
        const pattern = somePattern(p, chance);
        const parts = [filtered(p, { focus: pattern }), filtered(p, { ignore: pattern })];
        const whole = keepSamples(p, (i) => p.sample.stack[i] > 0);
        expect(parts.flatMap(bag).sort()).toEqual(bag(whole));
      },
      { hasHeader: false }
    ));

  it('tagfocus and tagignore of one filter part the samples', () =>
    forAll(1, ([p], chance) => {
      const tag = chance.pick(['acme', 'tenant=acme,42', 'bytes=1kb:', ':4kb', '42', 'latency=1ms:2s', 'route', 'no']);
      const parts = [filtered(p, { tagFocus: tag }), filtered(p, { tagIgnore: tag })];
      expect(parts.flatMap(bag).sort()).toEqual(bag(filtered(p, {})));
    }));

  it.each(['focus', 'ignore', 'hideNodes', 'showNodes', 'showFrom', 'pruneFrom'] as const)(
    '%s twice is the same as once',
    (field) =>
      forAll(
        1,
        ([p], chance) => {
          const filter = { [field]: somePattern(p, chance) };
          const once = filtered(p, filter);
          expect(bag(filtered(once, filter))).toEqual(bag(once));
        },
        { hasHeader: false }
      )
  );

  it('prune_from moves values and loses none', () =>
    forAll(1, ([p], chance) => {
      expect(totals(filtered(p, { pruneFrom: somePattern(p, chance) }))).toEqual(totals(p));
    }));

  it('noinlines and frames of labels change no total', () =>
    forAll(1, ([p]) => {
      const changed = filtered(p, { noInlines: true, tagRoot: 'tenant,no_such_key', tagLeaf: 'bytes' });
      expect(totals(changed)).toEqual(totals(p));
    }));
});

describe('flame graph', () => {
  const options: StoredQuery = { ...defaultQuery, maxNodes: 40 };

  it.each([
    ['flame', flame],
    ['callers', callers],
  ] as const)('%s: the level rises by at most one, and a node holds what is below it', (name, draw) =>
    forAll(
      1,
      ([p], chance) => {
        const maxNodes = chance.pick([3, 10, 40]);
        const table = draw(prepared(p, options), { ...options, maxNodes });
        const [level, value, self] = ['level', 'value', 'self'].map((name) =>
          Array.from(column(table, name).values, Number)
        );
        expect(level[0]).toBe(0);
        const isInverted = name === 'callers';
        if (isInverted) {
          // A function's own value is at its node of the first level, above those who called it.
          expect(self).toEqual(value.map((own, i) => (level[i] === 1 ? own : 0)));
        }
        const below = isInverted ? value.map(() => 0) : [...self];
        for (let i = level.length - 1; i > 0; i--) {
          expect(level[i]).toBeGreaterThanOrEqual(1);
          expect(level[i]).toBeLessThanOrEqual(level[i - 1] + 1);
          let parent = i - 1;
          while (level[parent] >= level[i]) {
            parent--;
          }
          below[parent] += value[i];
        }
        // Paths of callers end where the program starts, so a node may have more than its callers.
        const isRight = (i: number) => (isInverted && level[i] > 0 ? below[i] <= value[i] : below[i] === value[i]);
        expect(value.filter((_, i) => !isRight(i))).toEqual([]);
      },
      { isSigned: false }
    )
  );
});

describe('files', () => {
  it('of what merges, differences and filters make are read as that again', () =>
    forAll(2, async ([a, b], chance) => {
      const made = [
        merge([a, b]),
        subtractBase(a, b, { mode: 'diff_base', normalize: false }),
        filtered(a, { tagRoot: 'tenant', hideNodes: somePattern(a, chance), noInlines: true }),
        filtered(a, { showFrom: somePattern(a, chance), tagHide: 'bytes', pruneFrom: somePattern(a, chance) }),
      ];
      for (const profile of made) {
        expect(plainProfile(await decode(encodePprof(profile)))).toEqual(plainProfile(profile));
      }
    }));
});
