import { decode } from '../decode/decode';
import type { Profile } from '../profile/profile';
import { defaultQuery, type ViewName, type StoredQuery } from '../query/query';
import { runStored } from '../testing/runStored';
import { encodeFolded } from '../testing/encode';
import { printFlame, printTable } from '../testing/print';
import { column } from './table';

const heap = (): Promise<Profile> =>
  decode(
    encodeFolded({
      types: ['inuse_objects/count', 'inuse_space/bytes'],
      samples: [
        { stack: 'main;handle;decode', values: [1, 4096], labels: { bytes: [4096, 'bytes'] } },
        { stack: 'main;handle;decode;grow', values: [64, 2048], labels: { bytes: [32, 'bytes'] } },
        { stack: 'main;batch;decode', values: [2, 1024], labels: { bytes: [512, 'bytes'] } },
        { stack: 'main;batch', values: [1, 512], labels: { bytes: [512, 'bytes'] } },
      ],
    })
  );

const ask = (profile: Profile, view: ViewName, query: Partial<StoredQuery> = {}) =>
  runStored({ ...defaultQuery, ...query, view }, { profile });

describe('callers', () => {
  it('starts at the functions that have a value of their own and adds up to the total', async () => {
    const [table] = ask(await heap(), 'callers');
    expect(printFlame(table)).toEqual([
      'Callers 7680',
      '  decode 5120 (self 5120)',
      '    handle 4096',
      '      main 4096',
      '    batch 1024',
      '      main 1024',
      '  grow 2048 (self 2048)',
      '    decode 2048',
      '      handle 2048',
      '        main 2048',
      '  batch 512 (self 512)',
      '    main 512',
    ]);
  });
});

describe('sandwich', () => {
  it('has what a function calls and who calls it, each with its cum', async () => {
    const [callees, callers] = ask(await heap(), 'sandwich', { peek: '^decode$' });
    expect(printFlame(callees)).toEqual([
      'Callees of decode 7168',
      '  decode 7168 (self 5120)',
      '    grow 2048 (self 2048)',
    ]);
    expect(printFlame(callers)).toEqual([
      'Callers of decode 7168',
      '  decode 7168',
      '    handle 6144',
      '      main 6144',
      '    batch 1024',
      '      main 1024',
    ]);
  });

  it('counts a recursive function once', async () => {
    const recursive = await decode(
      encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'main;f;g;f', values: [5] }] })
    );
    const [callees, callers] = ask(recursive, 'sandwich', { peek: '^f$' });
    expect(printFlame(callees)).toEqual(['Callees of f 5', '  f 5', '    g 5', '      f 5 (self 5)']);
    expect(printFlame(callers)).toEqual(['Callers of f 5', '  f 5', '    main 5']);
  });

  it('asks for a pattern, and draws an empty root where none matches', async () => {
    const profile = await heap();
    expect(() => ask(profile, 'sandwich')).toThrow('enter one, e.g. json.Marshal');
    const [none] = ask(profile, 'sandwich', { peek: 'nowhere' });
    expect(none.length).toBe(1);
    expect(none.notices[0]).toEqual({ severity: 'warning', text: 'No function matches "nowhere".' });
  });
});

describe('peek and tree', () => {
  it('put a node between its callers and its callees', async () => {
    const [table] = ask(await heap(), 'peek', { peek: '^decode$' });
    expect(printTable(table, ['node', 'relation', 'function', 'flat', 'cum', 'calls'])).toEqual([
      'decode caller  ← handle NaN NaN 6144',
      'decode caller  ← batch NaN NaN 1024',
      'decode node decode 5120 7168 NaN',
      'decode callee  → grow NaN NaN 2048',
    ]);
  });

  it('cut where pprof cuts and say so', async () => {
    const [table] = ask(await heap(), 'tree', { nodeCount: 2 });
    expect(new Set(printTable(table, ['node']))).toEqual(new Set(['decode', 'grow']));
    expect(table.notices[0].text).toMatch('Showing top 2 nodes out of 5');
    const [all] = ask(await heap(), 'tree', { nodeCount: 2, trim: false });
    expect(new Set(printTable(all, ['node'])).size).toBe(5);
  });
});

describe('graph', () => {
  it('names nodes by function with the import path below', async () => {
    const profile = await decode(
      encodeFolded({
        types: ['cpu/nanoseconds'],
        samples: [{ stack: 'main.main;example.com/svc/cache.(*LRU[example.com/k.Key]).Put', values: [8] }],
      })
    );
    const [nodes, edges] = ask(profile, 'graph');
    expect(printTable(nodes, ['title', 'subtitle', 'mainstat', 'secondarystat', 'arc__flat']).sort()).toEqual([
      'cache.(*LRU[…]).Put example.com/svc 8 8 1',
      'main.main  0 8 0',
    ]);
    expect(printTable(edges, ['mainstat', 'thickness', 'strokeDasharray'])).toEqual(['8 10 ']);
  });
});

describe('sizes', () => {
  it('is a histogram of the label bytes for each call site', async () => {
    const [table] = ask(await heap(), 'sizes');
    expect(printTable(table, ['function', 'size', 'value'])).toEqual([
      'decode 512B to 1kB 1024',
      'decode 4kB to 8kB 4096',
      'grow 32B to 64B 2048',
      'batch 512B to 1kB 512',
    ]);
  });

  it('says which profiles have sizes where this one has none', async () => {
    const profile = await decode(
      encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'main', values: [1] }] })
    );
    expect(ask(profile, 'sizes')[0].notices[0].text).toMatch('heap and allocs');
  });
});

describe('traces', () => {
  it('shows the 1000 largest, equal ones in the order of the file', async () => {
    const values = Array.from({ length: 3000 }, (_, i) => (i % 7 === 3 ? 0 : i % 5 === 1 ? -(i % 11) : i % 3));
    const samples = values.map((value, i) => ({ stack: `main;f${i}`, values: [value] }));
    const [table] = ask(await decode(encodeFolded({ types: ['samples/count'], samples })), 'traces');
    const sorted = [...values.keys()]
      .filter((i) => values[i] !== 0)
      .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b);
    expect(printTable(table, ['stack'])).toEqual(sorted.slice(0, 1000).map((i) => `f${i}\nmain`));
    expect(table.notices[0].text).toContain(`the 1000 largest of ${sorted.length.toLocaleString('en-US')} samples`);
  });

  it('are the samples, the largest first, with labels and the leaf first', async () => {
    const [table] = ask(await heap(), 'traces', { focus: 'handle' });
    expect(printTable(table, ['value', 'bytes', 'stack'])).toEqual([
      '4096 4096 decode\nhandle\nmain',
      '2048 32 grow\ndecode\nhandle\nmain',
    ]);
    expect(column(table, 'bytes')).toMatchObject({ kind: 'number', unit: 'bytes' });
  });

  it('have a label as text where a sample has several, and divide values alone', async () => {
    const samples = [
      { stack: 'main', values: [8], labels: { bytes: [2, 'bytes'], req: [1, 'requests'] } as const },
      { stack: 'main;f', values: [4], labels: { bytes: [2, 'bytes'], req: 'none' } as const },
    ];
    const profile = await decode(encodeFolded({ types: ['space/bytes'], samples }));
    const [table] = ask(profile, 'traces', { divideBy: 2 });
    expect(printTable(table, ['value', 'bytes'])).toEqual(['4 2', '2 2']);
    expect(column(table, 'req').kind).toBe('string');
  });
});

describe('numbers', () => {
  it('are divided, and in the unit that is asked for', async () => {
    const [table] = ask(await heap(), 'top', { divideBy: 2, unit: 'kb' });
    expect(column(table, 'flat')).toMatchObject({ unit: 'kB', values: Float64Array.from([2.5, 1, 0.25, 0, 0]) });
    const [flame] = ask(await heap(), 'flame', { unit: 'kb' });
    expect(column(flame, 'value').values[0]).toBe(7.5);
  });

  it('are means where asked, and a flame graph says that it shows sums', async () => {
    const [table] = ask(await heap(), 'top', { mean: true });
    expect(printTable(table, ['function', 'flat'])).toContain('grow 32');
    expect(ask(await heap(), 'flame', { mean: true })[0].notices[0].text).toMatch('Means do not add up');
  });

  it('keep percentages of the whole under a filter, of the rest with relative_percentages', async () => {
    const profile = await heap();
    expect(column(ask(profile, 'top', { focus: 'grow' })[0], 'cum%').values[0]).toBeCloseTo((100 * 2048) / 7680);
    const relative = ask(profile, 'top', { focus: 'grow', relativePercentages: true });
    expect(column(relative[0], 'cum%').values[0]).toBe(100);
  });

  it('say which filter matched nothing', async () => {
    const [table] = ask(await heap(), 'top', { focus: 'nowhere', tagIgnore: 'bytes=1gb' });
    expect(table.length).toBe(0);
    expect(table.notices.map(({ text }) => text)).toEqual([
      'focus "nowhere" matched no samples.',
      'tagignore "bytes=1gb" matched no samples.',
      'tagignore "bytes=1gb" is read as a number or a range, not as a regular expression.',
    ]);
  });
});
