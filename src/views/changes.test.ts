import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '../decode/decode';
import type { Profile } from '../profile/profile';
import { defaultQuery, type StoredQuery } from '../query/query';
import { runStored } from '../testing/runStored';
import { Chance, randomProfiles } from '../testing/randomProfile';
import { column, textColumn, textsOf, type Table } from './table';

// The drawings of a difference and its table (view Diff) say the same numbers, over random profiles and recorded captures.

type Pair = readonly [profile: Profile, base: Profile];

/** Everything is drawn. */
const whole: StoredQuery = { ...defaultQuery, maxNodes: 1e6, sampleIndex: '0' };
const ask = ([profile, base]: Pair, query: Partial<StoredQuery>): readonly Table[] =>
  runStored({ ...whole, fullNames: true, ...query }, { profile, base });

const numbers = (table: Table, name: string): number[] => [...column(table, name, 'number').values];
const labels = (table: Table): string[] => textsOf(textColumn(table, 'label'));

/** A column of a flame table by call path. */
function byPath(table: Table, name: string): Map<string, number> {
  const [values, level, label] = [numbers(table, name), numbers(table, 'level'), labels(table)];
  const path: string[] = [];
  const sums = new Map<string, number>();
  values.forEach((value, i) => {
    path.length = level[i];
    path[level[i]] = level[i] === 0 ? '' : label[i];
    add(sums, path.join('\0'), value);
  });
  return sums;
}

/** Sums of a column over the rows of each function; `onLevel` for those of one level alone. */
function byFunction(table: Table, name: string, onLevel?: number): Map<string, number> {
  const [values, level, label] = [numbers(table, name), numbers(table, 'level'), labels(table)];
  const sums = new Map<string, number>();
  values.forEach((value, i) => level[i] > 0 && (onLevel ?? level[i]) === level[i] && add(sums, label[i], value));
  return sums;
}

function ofTable(table: Table, name: string): Map<string, number> {
  const values = numbers(table, name);
  const sums = new Map<string, number>();
  textsOf(textColumn(table, 'function')).forEach((text, i) => add(sums, text, values[i]));
  return sums;
}

const add = (sums: Map<string, number>, key: string, value: number) => sums.set(key, (sums.get(key) ?? 0) + value);
/** Without zeros: rows of nothing are there in one and not in the other. */
const some = (sums: Map<string, number>) => Object.fromEntries([...sums].filter(([, value]) => value !== 0).sort());
const less = (a: Map<string, number>, b: Map<string, number>) => {
  const sums = new Map(a);
  b.forEach((value, key) => add(sums, key, -value));
  return sums;
};
const rootOf = (table: Table) => numbers(table, 'value')[0];

async function randomPairs(): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const bytes = randomProfiles(seed, 2, { isSigned: false, hasVariants: false, hasHeader: false });
    const [a, b] = await Promise.all(bytes.map((one) => decode(one)));
    pairs.push([a, b]);
  }
  return pairs;
}

/** Heaps of one recorded process: each and the one before, the last and the first. */
async function recordedPairs(): Promise<Pair[]> {
  const root = join(__dirname, '../../demo/captures/ingester');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.includes('_ingester-7f9c_') && file.endsWith('heap.pb.gz'))
    .sort();
  const heaps = await Promise.all(files.map((file) => decode(new Uint8Array(readFileSync(join(root, file))))));
  expect(heaps.length).toBeGreaterThan(3);
  return [...heaps.slice(1).map((heap, i): Pair => [heap, heaps[i]]), [heaps[heaps.length - 1], heaps[0]]];
}

describe.each([
  ['random profiles', randomPairs],
  ['recorded captures', recordedPairs],
])('%s', (_, read) => {
  let pairs: Pair[];
  beforeAll(async () => {
    pairs = await read();
  });
  const forAll = (law: (pair: Pair, chance: Chance) => void) => pairs.forEach((pair, i) => law(pair, new Chance(i)));

  it('both sides: own values of a function are base and flat of its row in the table', () =>
    forAll((pair) => {
      const [both] = ask(pair, { view: 'flame' });
      const [table] = ask(pair, { view: 'diff' });
      expect(table.length).toBeLessThan(1000);
      // The table has rows of what changed.
      const changed = new Set(ofTable(table, 'delta').keys());
      const ofChanged = (sums: Map<string, number>) => some(new Map([...sums].filter(([name]) => changed.has(name))));
      const [base, flat] = [byFunction(both, 'self'), byFunction(both, 'selfRight')];
      expect(ofChanged(base)).toEqual(some(ofTable(table, 'base')));
      expect(ofChanged(flat)).toEqual(some(ofTable(table, 'flat')));
      expect(some(less(flat, base))).toEqual(some(ofTable(table, 'delta')));
    }));

  it('grown and shrunk: by path the two sides of the difference, by function the delta of the table', () =>
    forAll((pair) => {
      const [both] = ask(pair, { view: 'flame' });
      const [grown] = ask(pair, { view: 'flame', drawing: 'grown' });
      const [shrunk] = ask(pair, { view: 'flame', drawing: 'shrunk' });
      const delta = less(byPath(both, 'selfRight'), byPath(both, 'self'));
      expect(some(less(byPath(grown, 'self'), byPath(shrunk, 'self')))).toEqual(some(delta));
      // Nodes above a path that grew have at least that, whatever shrank beside it.
      const cum = less(byPath(both, 'valueRight'), byPath(both, 'value'));
      expect(some(less(byPath(grown, 'value'), byPath(shrunk, 'value')))).toEqual(some(cum));
      const [table] = ask(pair, { view: 'diff' });
      expect(some(less(byFunction(grown, 'self'), byFunction(shrunk, 'self')))).toEqual(some(ofTable(table, 'delta')));
      expect(numbers(grown, 'self').every((value) => value >= 0)).toBe(true);
      // A path is in one of the two.
      const shrunkPaths = new Set(Object.keys(some(byPath(shrunk, 'self'))));
      expect(Object.keys(some(byPath(grown, 'self'))).filter((path) => shrunkPaths.has(path))).toEqual([]);
    }));

  it('callers and sandwich show the same changes, from the other end and from the middle', () =>
    forAll((pair, chance) => {
      const drawing = chance.pick(['grown', 'shrunk'] as const);
      const [flame] = ask(pair, { view: 'flame', drawing });
      const [callers] = ask(pair, { view: 'callers', drawing });
      expect(some(byFunction(callers, 'value', 1))).toEqual(some(byFunction(flame, 'self')));
      const name = chance.pick(labels(flame).slice(1).concat('none'));
      const peek = `^${name.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')}$`;
      const [callees, above] = ask(pair, { view: 'sandwich', drawing, peek });
      // Of the paths through the function, each once.
      const through = [...byPath(flame, 'self')].filter(([path]) => path.split('\0').includes(name));
      const total = through.reduce((sum, [, value]) => sum + value, 0);
      expect([rootOf(callees), rootOf(above)]).toEqual([total, total]);
    }));

  it('what is not drawn is in nodes named other, and nothing is lost', () =>
    forAll((pair, chance) => {
      const drawing = chance.pick(['all', 'grown', 'shrunk'] as const);
      const [every] = ask(pair, { view: 'flame', drawing });
      const [few] = ask(pair, { view: 'flame', drawing, maxNodes: chance.pick([2, 5, 20]) });
      expect(rootOf(few)).toBe(rootOf(every));
      for (const name of drawing === 'all' ? ['self', 'selfRight'] : ['self']) {
        const sum = (table: Table) => numbers(table, name).reduce((total, value) => total + value, 0);
        expect(sum(few)).toBe(sum(every));
      }
    }));

  it('a profile and itself have no changes', () =>
    forAll(([profile]) => {
      const [grown] = ask([profile, profile], { view: 'flame', drawing: 'grown' });
      expect([grown.length, rootOf(grown)]).toEqual([1, 0]);
    }));
});
