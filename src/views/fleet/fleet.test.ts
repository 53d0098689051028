import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { presetLayout } from '../../captures/layout';
import { decode } from '../../decode/decode';
import type { Profile } from '../../profile/profile';
import type { StoredQuery } from '../../query/query';
import { encodeFolded } from '../../testing/encode';
import { printTable } from '../../testing/print';
import { randomSource } from '../../profile/random';
import { collectStored } from '../../testing/runStored';
import { column, textColumn, textsOf, type Table } from '../table';
import { pairClosures } from './closures';
import type { Fleet } from './fleetSums';
import { Peers } from './peers';

const dir = join(__dirname, '../../../demo/captures');
const layout = presetLayout('default');

/** The recorded instances of shipping, one of which leaks from v3.2.0 on. */
async function recorded(isWanted: (labels: Readonly<Record<string, string>>) => boolean = () => true) {
  const keys = readdirSync(join(dir, 'shipping'), { recursive: true, encoding: 'utf8' }).filter((key) =>
    key.endsWith('.pb.gz')
  );
  const captures = keys.flatMap((key) => {
    const parsed = layout.parse(`shipping/${key}`);
    return parsed && isWanted(parsed.labels) ? [{ key, time: parsed.time ?? 0, labels: parsed.labels }] : [];
  });
  return Promise.all(
    captures.map(async ({ key, ...origin }) => ({
      ...origin,
      profile: await decode(new Uint8Array(readFileSync(join(dir, 'shipping', key)))),
    }))
  );
}

interface Capture {
  readonly profile: Profile;
  readonly time: number;
  readonly labels: Readonly<Record<string, string>>;
}

function collect(query: Partial<StoredQuery>, captures: readonly Capture[]): readonly Table[] {
  const collected = collectStored(query);
  captures.forEach(({ profile, ...origin }) => collected.add(profile, origin));
  return collected.finish();
}

async function made(samples: Record<string, number>, labels: Record<string, string>, time = 0): Promise<Capture> {
  const profile = await decode(
    encodeFolded({
      types: ['inuse_space/bytes'],
      samples: Object.entries(samples).map(([stack, value]) => ({ stack, values: [value] })),
    })
  );
  return { profile, time, labels };
}

const textOf = (table: Table) => table.notices.map(({ text }) => text).join('\n');
const leaking = 'shipping-7c9b5f4d8-6f4a1';

describe('30 recorded instances, one of which leaks', () => {
  const newest = recorded(({ version }) => version === 'v3.2.0');

  it('the one that leaks is the farthest from its peers, by what leaks', async () => {
    const [table] = collect({ view: 'instances' }, await newest);
    expect(table.length).toBe(30);
    const [first] = printTable(table, ['instance', 'function']);
    expect(first).toMatch(new RegExp(`^${leaking} .*[Rr]etain`));
    const mads = column(table, 'MADs', 'number').values;
    expect(mads[0]).toBeGreaterThan(5);
    expect(Math.abs(mads[1])).toBeLessThan(mads[0] / 2);
  });

  it('what it leaks is the first outlier', async () => {
    const [table] = collect({ view: 'outliers' }, await newest);
    expect(textsOf(textColumn(table, 'instance'))[0]).toBe(leaking);
  });

  it('the heat map has it in its first row, and functions that say something of their own', async () => {
    const [table] = collect({ view: 'heatMap' }, await newest);
    expect(table.length).toBe(30);
    expect(textsOf(textColumn(table, 'instance'))[0]).toBe(leaking);
    expect(table.columns.length).toBeGreaterThan(3);
    expect(table.columns.length).toBeLessThanOrEqual(14);
  });

  it('as a series it climbs, the others do not', async () => {
    const tables = collect({ view: 'overTime', peek: 'retain|Retain' }, await newest);
    const climbs = tables.map((table) => {
      const { values } = column(table, 'value', 'number');
      return values[values.length - 1] - values[0];
    });
    expect(tables[0].name).toBe(leaking);
    expect(climbs[0]).toBeGreaterThan(4 * Math.max(...climbs.slice(1)));
  });

  it('two versions are compared in averages', async () => {
    const [table] = collect({ view: 'versions' }, await recorded());
    expect(textOf(table)).toMatch(/^v3\.2\.0 \(60 captures\) compared with v3\.1\.0 \(30 captures\)/);
    expect(column(table, 'after').label).toBe('v3.2.0');
    const changes = textsOf(textColumn(table, 'change'));
    expect(changes).toContain('grown');
  });
});

describe('a group against its peers', () => {
  /** Median as anyone would write it. */
  const median = (values: readonly number[]) => {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  };

  it('is compared with the median and the deviation of all others', () => {
    const random = randomSource(7);
    for (let round = 0; round < 200; round++) {
      const count = 2 + Math.floor(random() * 9);
      // Few values, so that many are equal.
      const values = Array.from({ length: count }, () => Math.floor(random() * 5) * 100);
      const fleet: Fleet = {
        type: 'inuse_space',
        unit: 'bytes',
        groups: values.map((value, i) => ({
          name: String(i),
          captures: 1,
          latest: 0,
          total: 1000 + value,
          values: Float64Array.of(value),
        })),
        names: ['f'],
        named: ['f'],
        files: [''],
        notices: [],
      };
      const distances = new Peers(fleet).distances(0);
      values.forEach((value, i) => {
        const others = values.filter((_, other) => other !== i);
        const middle = median(others);
        const least = 0.05 * median(others.map((other) => 1000 + other));
        const spread = Math.max(median(others.map((other) => Math.abs(other - middle))), least);
        expect(distances[i]).toEqual({
          value,
          median: middle,
          difference: value - middle,
          mads: (value - middle) / spread,
        });
      });
    }
  });

  it('is explained by the function on its path that the others have least of', async () => {
    const stack = (leak: number) => ({
      'main;serve;handle;keep;grow': leak,
      'main;serve;handle': 50,
      'main;serve': 800,
    });
    const captures = await Promise.all([1, 2, 3, 4, 500].map((leak, i) => made(stack(leak), { instance: `i${i}` })));
    const [table] = collect({ view: 'instances' }, captures);
    expect(printTable(table, ['instance', 'difference', 'function', 'of it', 'share'])[0]).toBe(
      'i4 497.5 grow 497.5 100'
    );
  });

  it('needs three to be unusual, and says so', async () => {
    const captures = await Promise.all([1, 2].map((value, i) => made({ 'main;f': value }, { instance: `i${i}` })));
    const [table] = collect({ view: 'instances' }, captures);
    expect(textOf(table)).toMatch(/takes at least three/);
    const [alone] = collect({ view: 'instances' }, captures.slice(0, 1));
    expect(column(alone, 'MADs', 'number').values[0]).toBeNaN();
  });

  it('may be of any label, and several captures of one are averaged', async () => {
    const captures = await Promise.all(
      [
        ['a', 10],
        ['a', 30],
        ['b', 5],
      ].map(([zone, value]) => made({ 'main;f': Number(value) }, { zone: String(zone) }))
    );
    const [table] = collect({ view: 'instances', groupBy: 'zone' }, captures);
    expect(printTable(table, ['instance', 'value', 'captures']).sort()).toEqual(['a 20 2', 'b 5 1']);
  });
});

describe('versions', () => {
  const of = (version: string, samples: Record<string, number>, time: number) => made(samples, { version }, time);

  it('says what is new, gone, grown and shrunk', async () => {
    const captures = [
      await of('v1', { 'main;old': 40, 'main;grows': 10, 'main;same': 5, 'main;shrinks': 20 }, 1),
      await of('v2', { 'main;new': 30, 'main;grows': 60, 'main;same': 5, 'main;shrinks': 10 }, 2),
    ];
    const [table] = collect({ view: 'versions', sort: 'flat' }, captures);
    expect(printTable(table, ['function', 'change', 'difference'])).toEqual([
      'grows grown 50',
      'old gone -40',
      'new new 30',
      'shrinks shrunk -10',
    ]);
  });

  it('compares with another version where one is named, and says which there are', async () => {
    const captures = await Promise.all([1, 2, 3].map((n) => of(`v${n}`, { 'main;f': n }, n)));
    const [table] = collect({ view: 'versions', baseVersion: 'v1', sort: 'flat' }, captures);
    expect(printTable(table, ['function', 'difference'])).toEqual(['f 2']);
    const [none] = collect({ view: 'versions', baseVersion: 'v9' }, captures);
    expect(textOf(none)).toMatch(/no capture.* v9; there are v1, v2, v3/i);
    const [one] = collect({ view: 'versions' }, captures.slice(2));
    expect(textOf(one)).toMatch(/one version in this time range, v3/);
  });
});

// Names of one program, as Go 1.26.8 and 1.27rc1 give them (go tool nm).
describe('closures', () => {
  const lib = 'ex.com/clos/lib';
  const files: Record<string, string> = {
    M: 'lib.go',
    Adder: 'lib.go',
    Two: 'lib.go',
    Nest: 'lib.go',
    Map: 'lib.go',
    local: 'main.go',
    F: 'main.go',
    G: 'main.go',
  };
  const file = (name: string) => {
    const [, last] = /.*\b(\w+?)(?:\[.*?\])?(?:\.(?:func)?\d+)+$/.exec(name) ?? [];
    return `/src/clos/${files[last] ?? ''}`;
  };
  const old = [
    'main.(*S).F.(*S).F.Nest.func7.func8',
    'main.(*S).F.(*T).M.func3',
    'main.(*S).F.Adder.func2',
    'main.(*S).F.Map[go.shape.int].func9',
    'main.(*S).F.Nest.func6',
    'main.(*S).F.Two.func4',
    'main.(*S).F.Two.func5',
    'main.(*S).F.local.func10',
    'main.G.Adder.func1',
    'main.G.local.func2',
  ];
  const now = [
    '(*T).M.func1',
    'Adder.func1',
    'Map[go.shape.int].func1',
    'Nest.func1',
    'Nest.func1.func1',
    'Two.func1',
    'Two.func2',
  ]
    .map((name) => `${lib}.${name}`)
    .concat('main.local.func1');

  it('of Go 1.26 are those of 1.27, whatever they are inlined into', () => {
    expect(Object.fromEntries(pairClosures(old, now, file))).toEqual({
      'main.(*S).F.(*S).F.Nest.func7.func8': `${lib}.Nest.func1.func1`,
      'main.(*S).F.(*T).M.func3': `${lib}.(*T).M.func1`,
      'main.(*S).F.Adder.func2': `${lib}.Adder.func1`,
      'main.G.Adder.func1': `${lib}.Adder.func1`,
      'main.(*S).F.Map[go.shape.int].func9': `${lib}.Map[go.shape.int].func1`,
      'main.(*S).F.Nest.func6': `${lib}.Nest.func1`,
      'main.(*S).F.Two.func4': `${lib}.Two.func1`,
      'main.(*S).F.Two.func5': `${lib}.Two.func2`,
      'main.(*S).F.local.func10': 'main.local.func1',
      'main.G.local.func2': 'main.local.func1',
    });
  });

  it('that may be several are not paired, nor those of another file', () => {
    expect(pairClosures(['main.G.Two.func1'], [`${lib}.Two.func1`, `${lib}.Two.func2`], file).size).toBe(0);
    expect(
      pairClosures(['main.G.Adder.func1'], ['other.Adder.func1'], (name) => (name.startsWith('main') ? 'a.go' : 'b.go'))
        .size
    ).toBe(0);
    expect(pairClosures(['main.G.Adder.func1'], ['lib.Adder.func1'], () => '').size).toBe(0);
    expect(pairClosures(['main.f'], ['main.g'], () => 'a.go').size).toBe(0);
  });

  it('count as one function in a comparison of versions', async () => {
    const before = await made({ 'main;main.G.Adder.func1': 7, 'main;main.F.Adder.func3': 5 }, { version: 'v1' }, 1);
    const after = await made({ 'main;lib.Adder.func1': 20 }, { version: 'v2' }, 2);
    const withFiles = ({ profile, ...origin }: Capture): Capture => {
      const strings = [...profile.strings, 'lib.go'];
      const filename = new Uint32Array(profile.function.length).fill(profile.strings.length);
      return { ...origin, profile: { ...profile, strings, function: { ...profile.function, filename } } };
    };
    const [table] = collect({ view: 'versions', sort: 'flat' }, [before, after].map(withFiles));
    expect(printTable(table, ['function', 'change', 'difference', 'before'])).toEqual(['Adder.func1 grown 8 12']);
    expect(textOf(table)).toMatch(/2 names of the older version, such as main\.G\.Adder\.func1, are taken for/);
  });
});

describe('over time', () => {
  it('series are of key labels, or of labels of samples', async () => {
    const tenants = async (time: number, values: readonly number[]) => ({
      profile: await decode(
        encodeFolded({
          types: ['cpu/nanoseconds'],
          samples: ['acme', 'globex'].map((tenant_id, i) => ({
            stack: 'main;work',
            values: [values[i]],
            labels: { tenant_id },
          })),
        })
      ),
      time,
      labels: { instance: 'i0' },
    });
    const captures = [await tenants(1, [5, 1]), await tenants(2, [6, 2])];
    const rows = (query: Partial<StoredQuery>) =>
      collect({ view: 'overTime', ...query }, captures).map((table) => [table.name, ...printTable(table, ['value'])]);
    expect(rows({ groupBy: 'tenant_id' })).toEqual([
      ['acme', '5', '6'],
      ['globex', '1', '2'],
    ]);
    expect(rows({})).toEqual([['i0', '6', '8']]);
    expect(rows({ peek: 'work', groupBy: 'instance, tenant_id' })[1]).toEqual(['i0 globex', '1', '2']);
    expect(rows({ peek: 'main', sort: 'flat' })).toEqual([['i0', '0', '0']]);
    expect(textOf(collect({ view: 'overTime', peek: 'none' }, captures)[0])).toMatch(
      /No function of 2 captures matches none/
    );
  });
});
