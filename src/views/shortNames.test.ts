import { decode } from '../decode/decode';
import type { Profile } from '../profile/profile';
import { defaultQuery, type ViewName, type StoredQuery } from '../query/query';
import { runStored, collectStored } from '../testing/runStored';
import { encodeFolded } from '../testing/encode';
import { printFlame, printTable } from '../testing/print';
import { withShortNames } from './shortNames';
import { column, fullText, isText, textColumn, type NamedText, type Table } from './table';

const app = 'github.com/acme/ingester';
const profile = (): Promise<Profile> =>
  decode(
    encodeFolded({
      types: ['inuse_space/bytes'],
      samples: [
        {
          stack: `main.main;${app}/store.(*Cache).Retain`,
          values: [8],
          // A label may look like a name of a function.
          labels: { route: 'a.org/b.F', bytes: [8, 'bytes'] },
        },
        { stack: `main.main;${app}/store/v2.Map[${app}/k.Key];${app}/log.Print`, values: [4] },
        { stack: `main.main;other.org/log.Print`, values: [2] },
      ],
    })
  );

const ask = (p: Profile, view: ViewName, query: Partial<StoredQuery> = {}) =>
  runStored({ ...defaultQuery, ...query, view }, { profile: p });

it('are short in every view, with the full one at the end of a table', async () => {
  const p = await profile();
  const names = ['store.(*Cache).Retain', 'store.Map[…]', 'ingester/log.Print', 'other.org/log.Print'];
  const whole = [`${app}/store.(*Cache).Retain`, `${app}/store/v2.Map[${app}/k.Key]`, `${app}/log.Print`];
  const [top] = ask(p, 'top');
  expect(printTable(top, ['function', 'full name'])).toEqual([
    `${names[0]} ${whole[0]}`,
    `${names[2]} ${whole[2]}`,
    `${names[3]} ${names[3]}`,
    `${names[1]} ${whole[1]}`,
    'main.main main.main',
  ]);
  expect(top.columns[top.columns.length - 1]).toMatchObject({ name: 'full name', isAside: true });
  expect(textColumn(top, 'function').tooltip).toBe('full name');
  expect(printFlame(ask(p, 'flame')[0])).toEqual([
    'total 14',
    '  main.main 14',
    `    ${names[0]} 8 (self 8)`,
    `    ${names[1]} 4`,
    `      ${names[2]} 4 (self 4)`,
    `    ${names[3]} 2 (self 2)`,
  ]);
  expect(printTable(ask(p, 'traces')[0], ['stack'])[0]).toBe(`${names[0]}\nmain.main`);
  expect(printTable(ask(p, 'traces')[0], ['full name'])[0]).toBe(`${whole[0]}\nmain.main`);
  expect(printTable(ask(p, 'sizes')[0], ['function', 'full name'])[0]).toBe(`${names[0]} ${whole[0]}`);
  const growth = collectStored({ ...defaultQuery, view: 'growth' });
  [60_000, 120_000].forEach((time) => growth.add(p, { time, labels: {} }));
  expect(printTable(growth.finish()[0], ['function'])).toContain(names[2]);
});

it('are the same in both tables of an answer', async () => {
  const p = await profile();
  const textsOf = (table: Table) => column(table, 'label', 'enum').text.slice(0, 5);
  const [callees, callers] = ask(p, 'sandwich', { peek: 'main' });
  expect(textsOf(callees)).toEqual(textsOf(callers));
  const [nodes] = ask(p, 'graph', { trim: false });
  expect(printTable(nodes, ['title', 'subtitle', 'detail__function'])).toContain(
    `ingester/log.Print ${app} ${app}/log.Print`
  );
});

it('are full where that is asked, and then once', async () => {
  const p = await profile();
  const [top] = ask(p, 'top', { fullNames: true });
  expect(printTable(top, ['function'])[0]).toBe(`${app}/store.(*Cache).Retain`);
  expect(top.columns.some((each) => each.name === 'full name' || (isText(each) && each.tooltip))).toBe(false);
  expect(printFlame(ask(p, 'flame', { fullNames: true })[0])[3]).toContain(`${app}/store/v2.Map[${app}/k.Key]`);
});

it('are found by either name, and filters read the full one', async () => {
  const p = await profile();
  for (const focus of ['store.\\(\\*Cache', `^${app}/store\\.`]) {
    expect(printTable(ask(p, 'top', { focus })[0], ['function', 'cum'])).toContain('store.(*Cache).Retain 8');
  }
});

it('leave values of labels, files, binaries and the root as they are', async () => {
  const p = await profile();
  const rooted = printFlame(ask(p, 'flame', { tagRoot: 'route' })[0]);
  expect(rooted).toContain('  a.org/b.F 8');
  const files = ask(p, 'top', { granularity: 'files' })[0];
  expect(printTable(files, ['function'])).toEqual(printTable(files, ['full name']));
});

it('stand beside a file without its folders at the granularity of lines', async () => {
  const p = await profile();
  const [top] = ask(p, 'top', { granularity: 'lines' });
  const [short, full] = ['function', 'full name'].map((name) => printTable(top, [name])[0]);
  expect(short).toMatch(/^store\.\(\*Cache\)\.Retain( [^/]*)?$/);
  expect(full.startsWith(`${app}/store.(*Cache).Retain`)).toBe(true);
});

const tableOf = (named: readonly NamedText[]): Table => ({
  name: 't',
  length: 1,
  columns: [{ name: 'x', kind: 'enum', values: [0], text: [...named.map(fullText), 'other'], named }],
  notices: [],
});
const textsOf = (...dictionaries: Array<readonly NamedText[]>) =>
  withShortNames(dictionaries.map(tableOf), { fullNames: false }).map((table) => column(table, 'x', 'enum').text);

it('tell apart what all dictionaries of an answer name', () => {
  expect(
    textsOf(['a.org/x/s.F'], [['created by ', { function: 'a.org/y/s.F' }, ' ', { file: '/src/s.go:3' }]])
  ).toEqual([
    ['x/s.F', 'other'],
    ['created by y/s.F s.go:3', 'other'],
  ]);
});

it('are whole where files alone would tell two texts apart', () => {
  const at = (file: string): NamedText => [{ function: 'a.org/s.F' }, ' ', { file }];
  expect(textsOf([at('/a/s.go:3'), at('/b/s.go:3'), at('/b/s.go:4')])).toEqual([
    ['a.org/s.F /a/s.go:3', 'a.org/s.F /b/s.go:3', 's.F s.go:4', 'other'],
  ]);
});
