import { decode } from '../decode/decode';
import { encodeFolded } from '../testing/encode';
import { printFlame } from '../testing/print';
import { defaultQuery } from '../query/query';
import { prepare } from '../query/prepare';
import type { Profile } from '../profile/profile';
import { randomSource } from '../profile/random';
import { flame } from './flame';
import { column, type Table } from './table';

const types = ['inuse_objects/count', 'inuse_space/bytes'];
const profile = (samples: Array<[string, number]>) =>
  decode(encodeFolded({ types, samples: samples.map(([stack, value]) => ({ stack, values: [1, value] })) }));

const draw = (p: Profile, options: { sampleIndex: string; maxNodes: number }) =>
  flame(prepare(p, { ...defaultQuery, ...options }), options);

/** Rows of a flame table, each with the values of its children. */
function nodesOf(table: Table): Array<{ level: number; value: number; self: number; children: number[] }> {
  const [level, value, self] = ['level', 'value', 'self'].map((name) => column(table, name, 'number').values);
  const nodes = Array.from(level, (_, i) => ({
    level: level[i],
    value: value[i],
    self: self[i],
    children: [] as number[],
  }));
  const path: typeof nodes = [];
  for (const node of nodes) {
    path.length = node.level;
    path.at(-1)?.children.push(node.value);
    path.push(node);
  }
  return nodes;
}

describe('flame', () => {
  it('is one root, depth first, the largest child first, inlined calls as frames', async () => {
    const table = draw(
      await profile([
        ['main;f', 10],
        ['main;g;h+i', 30],
        ['main', 1],
        ['main;f', 5],
      ]),
      { sampleIndex: '', maxNodes: 100 }
    );
    expect(printFlame(table)).toEqual([
      'total 46',
      '  main 46 (self 1)',
      '    g 30',
      '      h 30',
      '        i 30 (self 30)',
      '    f 15 (self 15)',
    ]);
    expect(table.notices).toEqual([]);
  });

  it('counts a recursive function once on each level', async () => {
    const table = draw(
      await profile([
        ['f;f;f', 2],
        ['f', 1],
      ]),
      { sampleIndex: 'inuse_space', maxNodes: 100 }
    );
    expect(printFlame(table)).toEqual(['total 3', '  f 3 (self 1)', '    f 2', '      f 2 (self 2)']);
  });

  it('puts what it does not draw into "other" and says how much that is', async () => {
    const samples = Array.from({ length: 50 }, (_, i): [string, number] => [`main;f${i}`, 50 - i]);
    const table = draw(await profile(samples), { sampleIndex: '', maxNodes: 5 });
    expect(printFlame(table)).toEqual([
      'total 1275',
      '  main 1275',
      '    f0 50 (self 50)',
      '    f1 49 (self 49)',
      '    other 1176 (self 1176)',
    ]);
    expect(table.notices[0].text).toMatch(/5 of 52 nodes.*92\.24 %/);
  });

  it('draws as many of the largest nodes as fit, and leaves totals as they are', async () => {
    const random = randomSource(5);
    const samples = Array.from({ length: 300 }, (_, i): [string, number] => {
      const path = Array.from({ length: 1 + Math.floor(random() * 6) }, () => `f${Math.floor(random() * 4)}`);
      return [[...path, `leaf${i % 90}`].join(';'), 1 + Math.floor(random() ** 4 * 50)];
    });
    const p = await profile(samples);
    const whole = nodesOf(draw(p, { sampleIndex: '', maxNodes: 10_000 }));
    const widths = [...new Set(whole.map(({ value }) => value))].sort((a, b) => a - b);
    const rowsFrom = (least: number) =>
      1 +
      whole.slice(1).filter(({ value }) => value >= least).length +
      whole.filter(
        ({ value, level, children }) => (level === 0 || value >= least) && children.some((child) => child < least)
      ).length;
    for (let maxNodes = 2; maxNodes < whole.length; maxNodes += 7) {
      const table = draw(p, { sampleIndex: '', maxNodes });
      const least = widths.find((width) => rowsFrom(width) <= maxNodes) ?? Infinity;
      expect(table.length).toBe(least === Infinity ? 2 : rowsFrom(least));
      expect(
        nodesOf(table).every(({ value, self, children }) => value === children.reduce((a, b) => a + b, self))
      ).toBe(true);
    }
  });

  it('bounds the depth, whatever the stack', async () => {
    const deep = Array.from({ length: 5000 }, (_, i) => `f${i}`).join(';');
    const table = draw(await profile([[deep, 7]]), { sampleIndex: '', maxNodes: 16384 });
    expect(table.length).toBe(1002);
    expect(printFlame(table).at(-1)?.trim()).toBe('other 7 (self 7)');
    expect(table.notices).toHaveLength(1);
  });

  it('has a root and a notice where there is nothing, and says what it leaves out below zero', async () => {
    const empty = draw(await profile([]), { sampleIndex: '', maxNodes: 10 });
    expect(printFlame(empty)).toEqual(['total 0']);
    expect(empty.notices[0].text).toMatch(/nothing to draw/);
    const diff = draw(
      await profile([
        ['main;f', 10],
        ['main;g', -4],
      ]),
      { sampleIndex: '', maxNodes: 10 }
    );
    expect(printFlame(diff)).toEqual(['total 10', '  main 10', '    f 10 (self 10)']);
    expect(diff.notices[0].text).toMatch(/4 bytes below zero/);
  });

  it('names the sample types there are when asked for another', async () => {
    const p = await profile([['f', 1]]);
    expect(() => draw(p, { sampleIndex: 'cpu', maxNodes: 10 })).toThrow(
      '"cpu" must be one of: inuse_objects, inuse_space'
    );
  });
});
