import { decode } from '../decode/decode';
import { granularities } from '../fields/reportOptions';
import { prepareComparison } from '../query/compare';
import { prepare } from '../query/prepare';
import { defaultQuery, parseQuery, type RunQuery, type StoredQuery } from '../query/query';
import { run } from '../query/run';
import { encodeFolded } from '../testing/encode';
import { Chance, randomProfiles } from '../testing/randomProfile';
import { flame } from './flame';
import type { Prepared } from './preparedProfile';
import { textColumn, textsOf, type Table } from './table';
import { unhiddenTree } from './unhiddenPaths';

/** What is drawn, whatever else the dictionary has. */
const shown = (table: Table) => ({
  numbers: table.columns.filter(({ kind }) => kind === 'number'),
  labels: textsOf(textColumn(table, 'label')),
  notices: table.notices,
});

/** A copy has edited stacks. */
const edited = (prepared: Prepared): Prepared => ({ ...prepared, profile: { ...prepared.profile } });

const treeOf = (prepared: Prepared, options: StoredQuery) => unhiddenTree(prepared.profile, prepared, options);

const patterns = ['', '', 'ingest', 'main', 'runtime|std', 'func1$', '\\.go$', 'svc$', 'libc', 'no such name', '.'];
const drawings = ['all', 'grown', 'shrunk'] as const;

describe('unhiddenTree', () => {
  it('is the tree of edited stacks, whatever is hidden, in each order, and by each granularity', async () => {
    let made = 0;
    for (let seed = 0; seed < 400; seed++) {
      const chance = new Chance(seed);
      const [one, two] = await Promise.all(
        randomProfiles(seed, 2, { isSigned: seed % 4 === 0, hasVariants: false }).map((bytes) => decode(bytes))
      );
      const options: StoredQuery = {
        ...defaultQuery,
        sampleIndex: '0',
        granularity: chance.pick(granularities),
        drawing: chance.pick(drawings),
        hideNodes: chance.pick(patterns),
        showNodes: chance.pick(patterns),
        focus: chance.pick(patterns),
        ...(chance.is(0.1) && { pruneFrom: 'ingest' }),
        ...(chance.is(0.1) && { tagFocus: 'acme' }),
        ...(chance.is(0.1) && { tagRoot: 'tenant' }),
        ...(chance.is(0.1) && { noInlines: true }),
        maxNodes: chance.pick([3, 8, 21, 1000]),
      };
      const prepared = seed % 2 === 0 ? prepare(one, options) : prepareComparison(one, two, options, 'beside');
      made += treeOf(prepared, options) ? 1 : 0;
      expect(shown(flame(prepared, options))).toEqual(shown(flame(edited(prepared), options)));
    }
    expect(made).toBeGreaterThan(60);
  });

  const folded = (files: Readonly<Record<string, string>> = {}) =>
    decode(
      encodeFolded({
        types: ['cpu/nanoseconds'],
        samples: [
          { stack: 'main;a;b', values: [1] },
          { stack: 'main;c;b', values: [2] },
          { stack: 'b', values: [4] },
        ],
        files,
      })
    );

  it('joins what only a hidden call kept apart, and leaves out samples of which nothing is left', async () => {
    const options = { ...defaultQuery, hideNodes: '^[abc]$' };
    const prepared = prepare(await folded(), options);
    expect(treeOf(prepared, options)).toBeDefined();
    const { labels, numbers } = shown(flame(prepared, options));
    expect(labels).toEqual(['total', 'main']);
    expect(numbers.map(({ values }) => values)).toEqual([
      Int32Array.of(0, 1),
      Float64Array.of(3, 3),
      Float64Array.of(0, 3),
    ]);
  });

  it('shortens names as if those that are hidden were not there', async () => {
    const profile = await decode(
      encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'a/p.f;b/p.f', values: [1] }] })
    );
    for (const view of ['flame', 'callers'] as const) {
      const query: Partial<StoredQuery> = { view, hideNodes: '^b/' };
      const [table] = run(parseQuery(query) as RunQuery, { profile });
      expect(textsOf(textColumn(table, 'label'))).toContain('p.f');
    }
  });

  it('leaves a name that only some of its calls are hidden with to edited stacks', async () => {
    const options = { ...defaultQuery, hideNodes: '^a$', granularity: 'files' } as const;
    const prepared = prepare(await folded({ a: '/src/a.go', c: '/src/a.go' }), options);
    expect(treeOf(prepared, options)).toBeUndefined();
    expect(treeOf(prepared, { ...options, granularity: 'functions' })).toBeDefined();
  });
});
