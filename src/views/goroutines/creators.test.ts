import type { Profile } from '../../profile/profile';
import { defaultQuery, type StoredQuery } from '../../query/query';
import { runStored } from '../../testing/runStored';
import { printFlame, printTable } from '../../testing/print';
import { readDump, readRecording } from '../../testing/recordedDumps';
import type { Table } from '../table';

const view = (profile: Profile, query: Partial<StoredQuery> = {}, base?: Profile): Table =>
  runStored({ ...defaultQuery, view: 'creators', ...query }, { profile, base })[0];
const textOf = (table: Table) => table.notices.map(({ text }) => text).join('\n');

interface Made {
  readonly id: number;
  readonly does: string;
  readonly by?: string;
  readonly of?: number;
  readonly state?: string;
}

const printed = (all: readonly Made[]) =>
  all
    .map(
      ({ id, does, by, of, state = 'select' }) =>
        `goroutine ${id} [${state}]:\n${does}()\n\t/src/a.go:1 +0x1\n` +
        (by ? `created by ${by}${of === undefined ? '' : ` in goroutine ${of}`}\n\t/src/b.go:2 +0x1\n` : '')
    )
    .join('\n');
const dump = (...all: Made[]) => readDump(printed(all));

const service: readonly Made[] = [
  { id: 1, does: 'main.main' },
  { id: 7, does: 'main.serve', by: 'main.main', of: 1 },
  { id: 8, does: 'main.handle', by: 'main.serve', of: 7, state: 'chan receive' },
  { id: 9, does: 'main.handle', by: 'main.serve', of: 7, state: 'chan receive' },
  { id: 30, does: 'main.work', by: 'main.handle', of: 8 },
  { id: 31, does: 'main.work', by: 'main.handle', of: 9 },
  // Started by a request that is over.
  { id: 32, does: 'main.work', by: 'main.handle', of: 12 },
];

test('a goroutine is below the go statements that led to it', async () => {
  const table = view(await dump(...service));
  expect(printFlame(table)).toEqual([
    'total 7',
    '  main.main 6',
    '    created by main.main b.go:2 5',
    '      created by main.serve b.go:2 4',
    '        main.handle a.go:1 2 (self 2)',
    '        created by main.handle b.go:2 2',
    '          main.work a.go:1 2 (self 2)',
    '      main.serve a.go:1 1 (self 1)',
    '    main.main a.go:1 1 (self 1)',
    '  created by main.handle b.go:2 1',
    '    main.work a.go:1 1 (self 1)',
  ]);
  expect(textOf(table)).toBe('3 of 7 goroutines were started by main.handle b.go:2.');
});

test('creators that a search leaves out are still found', async () => {
  const table = view(await dump(...service), { search: 'id == 30' });
  expect(printFlame(table)).toEqual([
    'total 1',
    '  main.main 1',
    '    created by main.main b.go:2 1',
    '      created by main.serve b.go:2 1',
    '        created by main.handle b.go:2 1',
    '          main.work a.go:1 1 (self 1)',
  ]);
});

test('a difference has both sides', async () => {
  const table = view(await dump(...service), {}, await dump(...service.slice(0, 5)));
  expect(printTable(table, ['label', 'value', 'valueRight']).slice(0, 2)).toEqual(['total 5 7', 'main.main 5 6']);
});

test('goroutines that started each other, themselves, or a chain of 20,000 are drawn as far as they go', async () => {
  const circle = view(
    await dump(
      { id: 1, does: 'main.a', by: 'main.b', of: 2 },
      { id: 2, does: 'main.b', by: 'main.a', of: 1 },
      { id: 3, does: 'main.c', by: 'main.c', of: 3 }
    )
  );
  expect(printFlame(circle)[0]).toBe('total 3');
  const chain = Array.from({ length: 20_000 }, (_, i) => ({ id: i + 2, does: 'main.f', by: 'main.f', of: i + 1 }));
  const deep = view(await dump(...chain));
  expect(printFlame(deep)[0]).toBe('total 20000');
  expect(textOf(deep)).toMatch(/The rest is in nodes named "other"/);
});

test('several dumps in one file, creators without an id, and formats that do not say who', async () => {
  const file = await readDump(`${printed(service)}\n${printed(service)}`);
  expect(printFlame(view(file)).slice(0, 2)).toEqual(['total 14', '  main.main 12']);
  const old = await dump({ id: 1, does: 'main.main' }, { id: 2, does: 'main.work', by: 'main.main' });
  expect(printFlame(view(old))).toEqual([
    'total 2',
    '  main.main 1',
    '    main.main a.go:1 1 (self 1)',
    '  created by main.main b.go:2 1',
    '    main.work a.go:1 1 (self 1)',
  ]);
  const counted = view(await readRecording(3, 'goroutine.pb.gz'));
  expect(textOf(counted)).toMatch(/does not say who started a goroutine.*debug=2/);
  expect(printFlame(counted)[0]).toBe('total 430');
});

test('valued by waits, what has none is said', async () => {
  const marked = await readRecording(7);
  for (const name of ['creators', 'flame'] as const) {
    expect(textOf(view(marked, { view: name, sampleIndex: 'wait' }))).toMatch(/wait of 561 goroutines is not known/);
    expect(textOf(view(marked, { view: name }))).not.toMatch(/not known/);
  }
});

test('who started most of the recorded goroutines', async () => {
  const table = view(await readRecording(6));
  expect(textOf(table)).toBe(
    '280 of 730 goroutines were started by github.com/pproflens/pproflens/demo/service/internal/leaks.forgetReceiver leaks.go:50.'
  );
  expect(printTable(view(await readRecording(6), { sampleIndex: 'wait' }), ['label', 'value'])[0]).toMatch(
    /^total \d{13,}$/
  );
});
