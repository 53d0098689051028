import type { Profile } from '../../profile/profile';
import { defaultBenign } from '../../fields/goroutineOptions';
import { defaultQuery, type StoredQuery } from '../../query/query';
import { collectStored } from '../../testing/runStored';
import { printTable } from '../../testing/print';
import { plantedLeaks, readDump, readRecording, recordings } from '../../testing/recordedDumps';
import { column, type Table } from '../table';

const minute = 60_000;
const start = Date.parse('2026-11-25T01:00:00Z');
const textOf = (table: Table) => table.notices.map(({ text }) => text).join('\n');

function over(captures: ReadonlyArray<readonly [Profile, number]>, query: Partial<StoredQuery> = {}): Table {
  const history = collectStored({ ...defaultQuery, view: 'leaks', ...query });
  captures.forEach(([profile, at]) => history.add(profile, { time: start + at * minute, labels: {} }));
  return history.finish()[0];
}

/** All recorded captures, ten minutes apart, with what the leak detector found in the last two. */
async function recorded(name: 'goroutine.txt.gz' | 'goroutine.pb.gz', leaks = true) {
  const captures: Array<readonly [Profile, number]> = [];
  for (let i = 0; i < recordings.length; i++) {
    captures.push([await readRecording(i, name), 10 * i]);
    if (leaks && i >= 6) {
      captures.push([await readRecording(i, 'goroutineleak.pb.gz'), 10 * i]);
    }
  }
  return captures;
}

describe.each(['goroutine.txt.gz', 'goroutine.pb.gz'] as const)('leaks in %s', (name) => {
  it('are the six that were planted, the largest first', async () => {
    const table = over(await recorded(name));
    const rows = printTable(table, ['signature', 'first', 'last', 'growth', 'steady', 'blocked', 'known benign']);
    expect(rows.slice(0, 6)).toEqual(
      Object.entries(plantedLeaks).map(([leak, each]) => `${leak} ${each} ${8 * each} ${7 * each} 100 100 no`)
    );
    const score = column(table, 'score', 'number').values;
    expect([...score.slice(0, 6)].every((value) => value > 20)).toBe(true);
    expect([...score.slice(6)].every((value) => value < 1)).toBe(true);
    expect(column(table, 'over time').values[0]).toEqual([40, 80, 120, 160, 200, 240, 280, 320]);
    expect(column(table, 'growth per hour').values[0]).toBeCloseTo(240);
    expect(textOf(table)).toMatch(/^8 captures over 70.0 min: from 130 to 830 goroutines/);
    expect(textOf(table)).toMatch(/score is a heuristic/);
  });

  it('are checked against what the runtime found', async () => {
    const table = over(await recorded(name));
    const found = Object.fromEntries(
      printTable(table, ['signature', 'found by the runtime']).map((row) => [
        row.replace(/ \S+$/, ''),
        row.split(' ').pop(),
      ])
    );
    expect(found).toMatchObject({
      'leaks.sendAnswer leaks.go:59': 'yes',
      'leaks.watch leaks.go:92': 'yes',
      'leaks.consume leaks.go:69': 'yes',
      'leaks.awaitShards leaks.go:153': 'yes',
      // It does not grow, but the lock that others wait for is never given back.
      'leaks.(*ledger).await leaks.go:127 ← leaks.(*ledger).flush': 'yes',
      'leaks.(*ledger).append leaks.go:131': 'no',
      'leaks.poll leaks.go:162': 'no',
      'main.(*server).run main.go:103': 'no',
    });
    expect(textOf(table)).toMatch(/Checked against 2 goroutineleak captures/);
    // What is proved comes before what does not grow.
    expect(printTable(table, ['signature'])[6]).toMatch(/ledger\)\.await/);
  });

  it('are the same with all calls, and by functions', async () => {
    for (const query of [{ collapseStd: false }, { signature: 'functions' as const }]) {
      const table = over(await recorded(name), query);
      expect([...column(table, 'growth', 'number').values.slice(0, 6)]).toEqual(
        Object.values(plantedLeaks).map((each) => 7 * each)
      );
      expect(printTable(table, ['found by the runtime']).slice(0, 6)).toEqual(['yes', 'yes', 'no', 'yes', 'yes', 'no']);
    }
  });
});

describe('known benign', () => {
  it('come last, and are what the list says', async () => {
    const captures = await recorded('goroutine.txt.gz', false);
    const benign = (table: Table) =>
      printTable(table, ['signature', 'known benign']).flatMap((row) =>
        row.endsWith(' yes') ? [row.slice(0, -4)] : []
      );
    const table = over(captures);
    expect(benign(table)).toEqual(
      expect.arrayContaining([
        'http.(*conn).serve server.go:2103',
        'signal.loop signal_unix.go:23',
        'main.main main.go:64',
      ])
    );
    expect(printTable(table, ['known benign']).indexOf('yes')).toBe(table.length - benign(table).length);
    expect(textOf(table)).toMatch(/9 signatures known as benign come last/);

    const edited = over(captures, {
      benign: String.raw`leaks\.poll$` + '\n\n' + String.raw`^main\.\(\*server\)\.run$`,
    });
    expect(benign(edited)).toEqual(['leaks.poll leaks.go:162', 'main.(*server).run main.go:103']);
    expect(textOf(edited)).toMatch(/2 signatures known as benign come last, though 1 of them grew/);
    expect(() => over(captures, { benign: 'fine\n(' })).toThrow(
      /pattern for known benign "\(" is not a regular expression/
    );
  });

  it('are leaks all the same where the runtime found them', async () => {
    const table = over(await recorded('goroutine.txt.gz'), { benign: String.raw`leaks\.watch$` });
    expect(printTable(table, ['signature', 'known benign'])[1]).toBe('leaks.watch leaks.go:92 yes');
  });

  it('does not hide a handler of the program below net/http', async () => {
    const text = (n: number) =>
      Array.from(
        { length: n },
        (_, i) =>
          `goroutine ${i + 1} [chan receive, 9 minutes]:\nmain.handle()\n\t/a.go:1 +0x1\nnet/http.(*conn).serve(0x1)\n\t/go/src/net/http/server.go:9 +0x1\n`
      ).join('\n');
    const table = over([
      [await readDump(text(2)), 0],
      [await readDump(text(4)), 1],
      [await readDump(text(6)), 2],
    ]);
    expect(printTable(table, ['signature', 'known benign'])).toEqual(['main.handle a.go:1 no']);
    expect(defaultBenign.split('\n').length).toBeGreaterThan(8);
  });
});

describe('what captures there are', () => {
  it('fewer than three score nothing, and that is said', async () => {
    const captures = await recorded('goroutine.txt.gz', false);
    for (const [n, words] of [
      [1, 'there is one'],
      [2, 'there are two'],
    ] as const) {
      const table = over(captures.slice(0, n));
      expect(Math.max(...column(table, 'score', 'number').values)).toBe(0);
      expect(textOf(table)).toContain(words);
    }
    const none = over([]);
    expect([none.length, textOf(none)]).toEqual([
      0,
      'There is no goroutine profile or dump of this process in the time range.',
    ]);
  });

  it('leak profiles alone are nothing to follow', async () => {
    const table = over([[await readRecording(6, 'goroutineleak.pb.gz'), 0]]);
    expect(textOf(table)).toMatch(/only what the leak detector found. Choose the profile "goroutine"/);
  });

  it('no leak profile: nothing is said of what the runtime would find', async () => {
    const table = over((await recorded('goroutine.txt.gz', false)).slice(0, 7));
    expect(new Set(printTable(table, ['found by the runtime']))).toEqual(new Set(['–']));
    expect(textOf(table)).toMatch(/no goroutineleak capture of this process/);
  });

  it('a leak profile from before a goroutine was there says nothing of it', async () => {
    const captures = await recorded('goroutine.txt.gz', false);
    const late = (n: number) =>
      readDump(
        Array.from({ length: n }, (_, i) => `goroutine ${9000 + i} [select]:\nmain.late()\n\t/l.go:1 +0x1\n`).join('\n')
      );
    const table = over([
      captures[0],
      [await readRecording(6, 'goroutineleak.pb.gz'), 5],
      [await late(1), 20],
      [await late(2), 30],
    ]);
    expect(printTable(table, ['signature', 'found by the runtime'])).toContain('main.late l.go:1 –');
  });

  it('count goroutines whatever sample type the query names', async () => {
    const rows = (query: Partial<StoredQuery>) =>
      recorded('goroutine.txt.gz').then((all) => printTable(over(all, query), ['last']));
    expect(await rows({ sampleIndex: 'alloc_space' })).toEqual(await rows({}));
  });

  it('a process that was restarted is another one', async () => {
    const made = (by: string, n: number) =>
      readDump(
        Array.from(
          { length: n },
          (_, i) =>
            `goroutine ${i + 1} [select]:\nmain.f()\n\t/a.go:1 +0x1\ncreated by ${by}${i} in goroutine 1\n\t/b.go:${i} +0x1\n`
        ).join('\n')
      );
    const captures = [
      [await made('main.old', 90), 0],
      [await made('main.old', 95), 10],
      [await made('main.new', 5), 20],
      [await made('main.new', 10), 30],
      [await made('main.new', 15), 40],
    ] as const;
    const table = over(captures);
    expect(printTable(table, ['first', 'last', 'growth'])).toEqual(['5 15 10']);
    expect(textOf(table)).toMatch(/restarted before 2026-11-25T01:20:00Z.* 2 earlier captures are left out/);
    // Also where a search leaves only goroutines that do not tell.
    const one = over(captures, { search: 'id == 3' });
    expect(printTable(one, ['first', 'last'])).toEqual(['1 1']);
    expect(textOf(one)).toMatch(/ 2 earlier captures are left out/);
    const states = over(captures, { view: 'states' });
    expect([...column(states, 'select', 'number').values]).toEqual([90, 95, 5, 10, 15]);
    expect(textOf(states)).toMatch(/restarted before/);
  });

  it('what decoders say of single captures is said once', async () => {
    const captures = await recorded('goroutine.txt.gz', false);
    const cut = await readDump('goroutine 1 [select]:\nmain.f(');
    const table = over([captures[0], [cut, 5], captures[1]]);
    expect(textOf(table)).toMatch(/In 1 of 3 captures: The dump ends inside goroutine 1/);
  });
});

it('as a series of each signature, and by tenant', async () => {
  const table = over(await recorded('goroutine.txt.gz'), { view: 'leakSeries' });
  expect(table.columns.map(({ name, label }) => label ?? name)).toEqual(['time', ...Object.keys(plantedLeaks)]);
  expect(table.columns[6].values).toEqual([4, 8, 12, 16, 20, 24, 28, 32]);
  const split = over(await recorded('goroutine.txt.gz'), { view: 'leakSeries', groupBy: 'tenant_id' });
  expect(column(split, 'goroutines', 'number').labels).toEqual({
    signature: 'leaks.sendAnswer leaks.go:59 acme',
    tenant_id: 'acme',
  });
  const none = over((await recorded('goroutine.txt.gz', false)).slice(0, 1), { view: 'leakSeries' });
  expect(textOf(none)).toMatch(/No signature looks like a leak: the largest are shown/);
});

it('as states, whose sum is all goroutines of each capture', async () => {
  const table = over(await recorded('goroutine.txt.gz'), { view: 'states' });
  const totals = [...Array(8).keys()].map((i) =>
    table.columns.slice(1).reduce((sum, { values }) => sum + Number(values[i]), 0)
  );
  expect(totals).toEqual([130, 230, 330, 430, 530, 630, 730, 830]);
});

describe('states of a history', () => {
  const dump = (marked: number, free: number) =>
    readDump(
      [...Array(marked + free).keys()]
        .map((i) => `goroutine ${i + 1} [chan send${i < marked ? ' (leaked)' : ''}]:\nmain.f()\n\t/f.go:1 +0x1\n`)
        .join('\n')
    );
  const counts = (table: Table, name: string) => {
    const found = table.columns.find((each) => each.name === name);
    return found?.kind === 'number' ? [...found.values] : undefined;
  };

  it('have no cliff where only the last capture has leak marks', async () => {
    const table = over(
      [
        [await dump(0, 10), 0],
        [await dump(0, 11), 1],
        [await dump(12, 0), 2],
      ],
      { view: 'states' }
    );
    expect(counts(table, 'channel')).toEqual([10, 11, 12]);
    expect(counts(table, 'stuck')).toBeUndefined();
    expect(textOf(table)).toMatch(
      /marks are in 1 of the 3 captures only, .*the 12 that it marked last are not shown as stuck/
    );
  });

  it('count what is marked as stuck where every capture has marks', async () => {
    const table = over(
      [
        [await dump(1, 9), 0],
        [await dump(5, 5), 1],
      ],
      { view: 'states' }
    );
    expect([counts(table, 'channel'), counts(table, 'stuck')]).toEqual([
      [9, 5],
      [1, 5],
    ]);
    expect(textOf(table)).toMatch(/found leaked count as stuck/);
  });

  it('say nothing of marks where there are none', async () => {
    const table = over(
      [
        [await dump(0, 2), 0],
        [await dump(0, 3), 1],
      ],
      { view: 'states' }
    );
    expect(textOf(table)).not.toMatch(/mark|stuck/);
  });
});

it('of goroutines that a selector and a search leave', async () => {
  const table = over(await recorded('goroutine.txt.gz'), {
    selector: '{tenant_id="globex"}',
    search: 'state == "chan send"',
  });
  expect(printTable(table, ['signature', 'first', 'last'])).toEqual(['leaks.sendAnswer leaks.go:59 8 64']);
});

it('of a heap are none', async () => {
  const heap = { ...(await readRecording(0)), sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] };
  expect(() => over([[heap, 0]])).toThrow(/Expected a goroutine profile/);
});
