import { decode } from '../decode/decode';
import type { Profile } from '../profile/profile';
import { encodeFolded } from '../testing/encode';
import { printTable } from '../testing/print';
import { column, type Table } from '../views/table';
import { defaultQuery, parseQuery, type RunQuery, type StoredQuery } from './query';
import { encodeQuery } from './run';
import { runStored, collectStored } from '../testing/runStored';

const second = 1_000_000_000n;

interface Made {
  readonly samples: Record<string, number>;
  readonly at?: number;
  readonly types?: string[];
  readonly seconds?: number;
}

async function made({ samples, at = 0, types = ['inuse_space/bytes'], seconds = 0 }: Made): Promise<Profile> {
  const profile = await decode(
    encodeFolded({
      types,
      samples: Object.entries(samples).map(([stack, value]) => ({
        stack,
        values: types.map(() => value),
      })),
      timeNanos: 1_762_180_953n * second + BigInt(at) * second,
    })
  );
  return { ...profile, durationNanos: seconds * 1e9 };
}

const before = { samples: { 'main;f': 100, 'main;gone': 50, 'main;same': 10 } };
const after = { samples: { 'main;f': 160, 'main;new': 30, 'main;same': 10 }, at: 60 };

const ask = async (a: Made, b: Made, query: Partial<StoredQuery>): Promise<Table> =>
  runStored({ ...defaultQuery, ...query }, { profile: await made(a), base: await made(b) })[0];

describe('flame graph of two captures', () => {
  const rows = (table: Table) => printTable(table, ['level', 'label', 'value', 'self', 'valueRight', 'selfRight']);

  it('has the base on the left, and each path once', async () => {
    expect(rows(await ask(after, before, {}))).toEqual([
      '0 total 160 0 200 0',
      '1 main 160 0 200 0',
      '2 f 100 100 160 160',
      '2 gone 50 50 0 0',
      '2 new 0 0 30 30',
      '2 same 10 10 10 10',
    ]);
  });

  it('draws the widest of both sides, and what it leaves out of each', async () => {
    expect(rows(await ask(after, before, { maxNodes: 4 }))).toEqual([
      '0 total 160 0 200 0',
      '1 main 160 0 200 0',
      '2 f 100 100 160 160',
      '2 other 60 60 40 40',
    ]);
  });

  it('filters both sides alike, and inverts both', async () => {
    expect(rows(await ask(after, before, { focus: 'new|gone' }))).toEqual([
      '0 total 50 0 30 0',
      '1 main 50 0 30 0',
      '2 gone 50 50 0 0',
      '2 new 0 0 30 30',
    ]);
    expect(rows(await ask(after, before, { view: 'callers', focus: 'new' }))).toEqual([
      '0 Callers 0 0 30 0',
      '1 new 0 0 30 30',
      '2 main 0 0 30 0',
    ]);
  });

  it('in percent of each side, and in a second where both are of a span of time', async () => {
    const percent = await ask(after, before, { scale: 'percent' });
    expect(rows(percent)[2]).toBe('2 f 62.5 62.5 80 80');
    expect(column(percent, 'value', 'number').unit).toBe('percent');
    const rate = await ask({ ...after, seconds: 10 }, { ...before, seconds: 5 }, { scale: 'rate' });
    expect(rows(rate)[2]).toBe('2 f 20 20 16 16');
    expect(column(rate, 'value', 'number').unit).toBe('bytes/s');
  });

  it('growth in a second, where they are moments', async () => {
    const table = await ask(after, before, { scale: 'rate' });
    expect(printTable(table, ['label', 'value'])).toEqual(['Grown only 1.5', 'main 1.5', 'f 1', 'new 0.5']);
    expect(table.notices.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^Growth per second over the 60 s between the two captures/),
      'What has grown, call path by call path: 1.5 bytes/s. What has shrunk is left out: 0.83 bytes/s.',
    ]);
    const shrunk = await ask(after, before, { scale: 'rate', drawing: 'shrunk' });
    expect(printTable(shrunk, ['label', 'value'])[0]).toBe(`Shrunk only ${50 / 60}`);
    await expect(ask(before, after, { scale: 'rate' })).rejects.toThrow(/expected a base that was captured before/);
  });
});

describe('flame graph of changes in one direction', () => {
  const rows = (table: Table) => printTable(table, ['level', 'label', 'value', 'self']);

  it('has what each call path grew or shrank by, and one side', async () => {
    const table = await ask(after, before, { drawing: 'grown' });
    expect(rows(table)).toEqual(['0 Grown only 90 0', '1 main 90 0', '2 f 60 60', '2 new 30 30']);
    expect(table.columns.map(({ name }) => name)).toEqual(['level', 'value', 'self', 'label']);
    expect(table.notices[0].text).toBe(
      'What has grown, call path by call path: 90 B. What has shrunk is left out: 50 B.'
    );
    expect(rows(await ask(after, before, { drawing: 'shrunk', scale: 'percent' }))).toEqual([
      '0 Shrunk only 32.5 0',
      '1 main 32.5 0',
      '2 gone 31.25 31.25',
      '2 same 1.25 1.25',
    ]);
  });

  it('says what there is instead of nothing', async () => {
    const [notice] = (await ask(after, after, { drawing: 'grown' })).notices;
    expect(notice).toEqual({
      severity: 'warning',
      text: 'Nothing of inuse_space has grown there: nothing to draw. The two sides are the same.',
    });
    const [other] = (await ask(after, before, { drawing: 'shrunk', focus: 'new' })).notices;
    expect(other.text).toMatch(/has shrunk there: nothing to draw\. What has grown is 30 B/);
  });

  it('is named as the half of a sandwich that it is', async () => {
    const [callees, callers] = runStored(
      { ...defaultQuery, view: 'sandwich', peek: '^main$', drawing: 'grown' },
      { profile: await made(after), base: await made(before) }
    );
    expect(rows(callees)[0]).toBe('0 Callees of main, grown only 90 0');
    expect(rows(callers)).toEqual(['0 Callers of main, grown only 90 0', '1 main 90 0']);
  });
});

describe('the table of changes', () => {
  it('names what is new, gone, grown and shrunk; the largest change first', async () => {
    const table = await ask(after, { samples: { ...before.samples, 'main;s': 9 } }, { view: 'diff' });
    const names = ['function', 'change', 'base', 'flat', 'delta', 'delta%', 'delta cum'];
    expect(printTable(table, names)).toEqual([
      'f grown 100 160 60 60 60',
      'gone gone 50 0 -50 -100 -50',
      'new new 0 30 30 NaN 30',
      's gone 9 0 -9 -100 -9',
    ]);
  });

  it('by cum, and in a second', async () => {
    const table = await ask(after, before, { view: 'diff', sort: 'cum', scale: 'rate' });
    expect(printTable(table, ['function', 'delta cum'])[1]).toBe('gone -0.8333333333333334');
    expect(column(table, 'delta cum', 'number').unit).toBe('bytes/s');
    expect(column(table, 'flat', 'number').unit).toBe('bytes');
  });

  it('of a profile and itself is empty', async () => {
    expect((await ask(after, after, { view: 'diff' })).length).toBe(0);
  });

  it('takes a base', () => {
    const profile = made(after);
    return expect(profile.then((p) => runStored({ ...defaultQuery, view: 'diff' }, { profile: p }))).rejects.toThrow(
      /choose a base/
    );
  });
});

it('other reports are what pprof prints of -diff_base', async () => {
  const table = await ask(after, before, { view: 'top' });
  expect(printTable(table, ['function', 'flat', 'flat%'])).toEqual([
    'f 60 37.5',
    'gone -50 -31.25',
    'new 30 18.75',
    'main 0 0',
  ]);
});

it('says that a process was restarted, and does not for what may fall', async () => {
  const notices = async (type: string) =>
    (await ask({ ...before, at: 60, types: [type] }, { samples: { 'main;f': 999 }, types: [type] }, {})).notices;
  expect((await notices('alloc_space/bytes'))[0].text).toMatch(/was restarted .* alloc_space only grows/);
  expect(await notices('inuse_space/bytes')).toEqual([]);
});

it('profiles without a common sample type are refused', async () => {
  await expect(ask(after, { ...before, types: ['cpu/nanoseconds'] }, {})).rejects.toThrow(
    /base is of another kind.*inuse_space in bytes.*cpu in nanoseconds/
  );
});

describe('growth', () => {
  const grow = async (query: Partial<StoredQuery>, captures: Made[]) => {
    const growth = collectStored({ ...defaultQuery, view: 'growth', ...query });
    for (const capture of captures) {
      growth.add(await made(capture), { time: (capture.at ?? 0) * 1000, labels: {} });
    }
    return growth.finish()[0];
  };
  const ramp = [0, 1, 2, 3, 4].map((i) => ({
    samples: { 'main;leak': 100 + 60 * i, 'main;steady': 500, [i > 2 ? 'main;late' : 'main;early']: 7 },
    at: 60 * i,
  }));

  it('is a line through the values of each function', async () => {
    const table = await grow({}, ramp);
    const [total, leak] = printTable(table, [
      'function',
      'first',
      'last',
      'growth',
      'growth per minute',
      'R²',
      'share of growth',
    ]);
    expect(total).toBe('total 607 847 240 60 1 100');
    expect(leak).toBe('leak 100 340 240 60 1 100');
    const late = printTable(table, ['function', 'over time']).find((row) => row.startsWith('late'));
    expect(late).toBe('late 0,0,0,7,7');
    expect(column(table, 'growth per minute', 'number').unit).toBe('bytes');
    expect(printTable(table, ['function', 'growth per minute']).slice(2)).toEqual([
      'late 2.1',
      'steady 0',
      'early -2.1',
    ]);
  });

  it('by cum and after filters', async () => {
    const table = await grow({ sort: 'cum', focus: 'leak' }, ramp);
    expect(printTable(table, ['function', 'growth per minute'])).toEqual(['total 60', 'leak 60', 'main 60']);
  });

  it('takes two captures', async () => {
    expect((await grow({}, ramp.slice(0, 1))).notices[0].text).toMatch(/at least two captures.* there is one/);
  });
});

describe('a file of what a query shows', () => {
  const shown = async (query: Partial<StoredQuery>, base?: Made) => {
    const inputs = { profile: await made(after), base: base && (await made(base)) };
    const file = encodeQuery(parseQuery({ ...defaultQuery, ...query }) as RunQuery, inputs);
    return runStored({ ...defaultQuery, view: 'top' }, { profile: await decode(file) })[0];
  };
  const rows = (table: Table) => printTable(table, ['function', 'flat', 'cum']);

  it('has its filters applied and nothing cut off', async () => {
    expect(rows(await shown({ focus: 'f|same', nodeCount: 1, view: 'flame', maxNodes: 2 }))).toEqual([
      'f 160 160',
      'same 10 10',
      'main 0 170',
    ]);
  });

  it.each(['flame', 'top', 'diff'] as const)('is less its base, whatever shows it (%s)', async (view) => {
    expect(rows(await shown({ view, baseMode: 'base' }, before))).toEqual([
      'f 60 60',
      'gone -50 -50',
      'new 30 30',
      'main 0 40',
    ]);
  });

  it('marks a base that percentages are of', async () => {
    const top = await shown({ view: 'flame', baseMode: 'diff_base' }, before);
    expect(printTable(top, ['function', 'flat%'])[0]).toBe(`f ${(100 * 60) / 160}`);
  });

  it('is divided as its values are', async () => {
    expect(rows(await shown({ focus: 'new', divideBy: 4 }))).toEqual(['new 7 7', 'main 0 7']);
  });
});
