import { decode } from '../decode/decode';
import { prepareComparison } from '../query/compare';
import { prepare } from '../query/prepare';
import { defaultQuery } from '../query/query';
import { encodeFolded } from '../testing/encode';
import { generateProfile } from '../testing/generate';
import { randomProfiles } from '../testing/randomProfile';
import { callerTree } from './calltree';
import { drawFlame } from './flame';
import { frameNames } from './frameNames';
import { widestCallers } from './widestCallers';

const drawings = ['all', 'grown', 'shrunk'] as const;

describe('widestCallers', () => {
  it('is drawn as the whole tree is, row by row, whatever the limits', async () => {
    let cut = 0;
    for (let seed = 0; seed < 90; seed++) {
      const [one, two] = await Promise.all(
        randomProfiles(seed, 2, { isSigned: false, hasVariants: false }).map((bytes) => decode(bytes))
      );
      const options = { ...defaultQuery, sampleIndex: '0', drawing: drawings[seed % 3] };
      const prepared = seed % 2 === 0 ? prepare(one, options) : prepareComparison(one, two, options, 'beside');
      const frames = frameNames(prepared.profile, { granularity: seed % 4 === 0 ? 'lines' : 'functions' });
      // The notice of a part says of how many nodes it is no more.
      const whole = { ...callerTree(prepared.profile, prepared, frames), isPart: true };
      for (const maxNodes of [2, 3, 5, 8, 13, 21, 34, 55, 1000]) {
        for (const maxDepth of [2, 1000]) {
          const bounds = { maxNodes, maxDepth };
          const tree = widestCallers(prepared.profile, prepared, frames, bounds);
          if (!tree) {
            continue; // Small beside the limit.
          }
          cut += tree.length < whole.length ? 1 : 0;
          expect(drawFlame(tree, prepared, bounds)).toEqual(drawFlame(whole, prepared, bounds));
        }
      }
    }
    expect(cut).toBeGreaterThan(100);
  });

  it('is the same beyond the nodes that room is made for at first, and on deep recursion', async () => {
    const generated = await decode(generateProfile({ samples: 9000, depth: 30, tenants: 3, functions: 40 }));
    const recursive = await decode(
      encodeFolded({
        types: ['cpu/nanoseconds'],
        samples: [1, 2, 900, 1001, 1003].flatMap((calls) =>
          ['f', 'g', 'f;g'].map((cycle, i) => ({ stack: `main;${`${cycle};`.repeat(calls)}leaf`, values: [calls + i] }))
        ),
      })
    );
    for (const profile of [generated, recursive]) {
      const frames = frameNames(profile);
      const whole = { ...callerTree(profile, { index: 0 }, frames), isPart: true };
      const prepared = prepare(profile, { ...defaultQuery, sampleIndex: '0' });
      for (const bounds of [
        { maxNodes: 1500, maxDepth: 1000 },
        { maxNodes: 3000, maxDepth: 7 },
        { maxNodes: 3000, maxDepth: 1000 },
      ]) {
        const tree = widestCallers(profile, { index: 0 }, frames, bounds);
        expect(tree && drawFlame(tree, prepared, bounds)).toEqual(drawFlame(whole, prepared, bounds));
      }
    }
  });

  it('leaves values below zero to the whole tree', async () => {
    const profile = await decode(
      encodeFolded({
        types: ['cpu/nanoseconds'],
        samples: [
          { stack: 'main;f;g;h;i', values: [5] },
          { stack: 'main;f;k', values: [-2] },
        ],
      })
    );
    const bounds = { maxNodes: 2, maxDepth: 9 };
    expect(widestCallers(profile, { index: 0 }, frameNames(profile), bounds)).toBeUndefined();
  });
});
