import { decode } from '../decode/decode';
import { granularities } from '../fields/reportOptions';
import { prepareComparison } from '../query/compare';
import { prepare } from '../query/prepare';
import { defaultQuery, type StoredQuery } from '../query/query';
import { encodeFolded } from '../testing/encode';
import { generateProfile } from '../testing/generate';
import { Chance, randomProfiles } from '../testing/randomProfile';
import { flame } from './flame';
import type { Prepared } from './preparedProfile';
import { withShortNames } from './shortNames';
import { textColumn, textsOf, type Table } from './table';
import { widestTagged } from './widestTagged';

/** What a panel shows of a drawing, whatever else its dictionary has. */
function shown(table: Table, fullNames: boolean) {
  const [{ columns, notices }] = withShortNames([table], { fullNames });
  const numbers = columns.filter(({ kind }) => kind === 'number');
  return { numbers, labels: textsOf(textColumn({ ...table, columns }, 'label')), notices };
}

/** A copy is not known to have frames of tags. */
const plain = (prepared: Prepared): Prepared => ({ ...prepared, profile: { ...prepared.profile } });

const partOf = (prepared: Prepared, options: StoredQuery) =>
  widestTagged(prepared.profile, prepared, options, { maxNodes: options.maxNodes, maxDepth: 1000 });

const keys = ['tenant', 'route', 'bytes', 'latency', 'shard', 'tenant,route', 'request,tenant', 'odd', 'no_such_key'];
const drawings = ['all', 'grown', 'shrunk'] as const;

describe('widestTagged', () => {
  it('is drawn as the plain tree is, row by row, whatever the tags, sides, names and limits', async () => {
    let drawn = 0;
    let cut = 0;
    for (let seed = 0; seed < 120; seed++) {
      const chance = new Chance(seed);
      const [one, two] = await Promise.all(
        randomProfiles(seed, 2, { isSigned: seed % 10 === 0, hasVariants: false }).map((bytes) => decode(bytes))
      );
      const options: StoredQuery = {
        ...defaultQuery,
        sampleIndex: '0',
        tagRoot: chance.pick(keys),
        granularity: chance.is(0.5) ? 'functions' : chance.pick(granularities),
        drawing: chance.pick(drawings),
        // Filters come behind the frames of tags.
        ...(chance.is(0.1) && { tagFocus: 'acme' }),
        ...(chance.is(0.1) && { focus: 'main|acme' }),
        ...(chance.is(0.1) && { tagLeaf: 'route' }),
      };
      const prepared = seed % 2 === 0 ? prepare(one, options) : prepareComparison(one, two, options, 'beside');
      const asPlain = plain(prepared);
      for (const maxNodes of [2, 5, 8, 21, 55, 1000]) {
        for (const maxDepth of [3, 1000]) {
          const bounded = { ...options, maxNodes, maxDepth };
          const table = flame(prepared, bounded);
          const whole = flame(asPlain, bounded);
          const part = partOf(prepared, bounded);
          drawn += part ? 1 : 0;
          cut += part && part.length < (part.wholeLength ?? 0) ? 1 : 0;
          const fullNames = chance.is(0.5);
          expect(shown(table, fullNames)).toEqual(shown(whole, fullNames));
        }
      }
    }
    expect(drawn).toBeGreaterThan(700);
    expect(cut).toBeGreaterThan(300);
  });

  it('is the same beyond the nodes that room is made for at first', async () => {
    const profile = await decode(generateProfile({ samples: 4000, depth: 30, tenants: 3, functions: 40 }));
    const options = { ...defaultQuery, tagRoot: 'tenant_id', maxNodes: 5000 };
    const prepared = prepare(profile, options);
    expect(partOf(prepared, options)?.length).toBeGreaterThan(2048);
    expect(shown(flame(prepared, options), true)).toEqual(shown(flame(plain(prepared), options), true));
  });

  const tagged = (samples: ReadonlyArray<readonly [stack: string, tag: string, value: number]>) =>
    decode(
      encodeFolded({
        types: ['cpu/nanoseconds'],
        samples: samples.map(([stack, tag, value]) => ({ stack, values: [value], labels: { tag } })),
      })
    );
  const withTag = (more: Partial<StoredQuery> = {}): StoredQuery => ({ ...defaultQuery, tagRoot: 'tag', ...more });

  it('draws of paths that are as wide the one first that comes first below its tag', async () => {
    const options = withTag();
    const prepared = prepare(
      await tagged([
        ['main;b', 'x', 1],
        ['main;a', 'y', 1],
        ['main;a', 'x', 1],
        ['main;b', 'y', 1],
      ]),
      options
    );
    expect(partOf(prepared, options)).toBeDefined();
    expect(shown(flame(prepared, options), false).labels).toEqual([
      'total',
      'x',
      'main',
      'b',
      'a',
      'y',
      'main',
      'a',
      'b',
    ]);
  });

  it.each([
    ['functions', 'tag', 'example.com/a/store.G'],
    ['functions', 'tag', 'store.G'],
    ['filefunctions', 'store.go', 'store.G'], // Shown like the function's short name and file.
  ] as const)('tells a value of a tag from a function that reads the same, by %s', async (granularity, tag, value) => {
    const options = withTag({ granularity, tagRoot: tag });
    const stack = 'example.com/a/store.F;example.com/b/store.F;example.com/a/store.G';
    const prepared = prepare(
      await decode(
        encodeFolded({
          types: ['cpu/nanoseconds'],
          samples: [{ stack, values: [1], labels: { [tag]: value } }],
          files: { 'example.com/a/store.G': '/src/store.go' },
        })
      ),
      options
    );
    expect(partOf(prepared, options)).toBeDefined();
    expect(shown(flame(prepared, options), false)).toEqual(shown(flame(plain(prepared), options), false));
  });

  it.each([
    ['values below zero', {}, -1],
    ['totals that may be rounded', {}, 5e15],
    ['values of a tag that read the same', { granularity: 'files' }, 1],
    ['a sample filter', { tagFocus: 'x' }, 1],
    ['frames of tags at the leaves', { tagLeaf: 'tag' }, 1],
  ] as const)('leaves %s to the plain tree', async (_, more, value) => {
    const options = withTag(more);
    const prepared = prepare(
      await tagged([
        ['main;a', 'x', value],
        ['main;a', 'y', 1],
      ]),
      options
    );
    expect(partOf(prepared, options)).toBeUndefined();
  });

  it('leaves outer values that read the same to the plain tree, whatever is below them', async () => {
    const options = withTag({ tagRoot: 'outer,inner' });
    const unknown = { stack: 'main', values: [1], labels: { outer: '<unknown>', inner: 'x' } };
    const missing = { stack: 'main', values: [1], labels: { outer: '' } };
    const bytes = encodeFolded({ types: ['cpu/nanoseconds'], samples: [unknown, missing] });
    const prepared = prepare(await decode(bytes), options);
    expect(partOf(prepared, options)).toBeUndefined();
  });
});
