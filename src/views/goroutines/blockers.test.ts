import type { Profile } from '../../profile/profile';
import { defaultQuery, type StoredQuery } from '../../query/query';
import { runStored } from '../../testing/runStored';
import { printTable } from '../../testing/print';
import { readDump, readRecording } from '../../testing/recordedDumps';
import type { Table } from '../table';

const view = (profile: Profile, query: Partial<StoredQuery> = {}): Table =>
  runStored({ ...defaultQuery, view: 'blockers', ...query }, { profile })[0];
const textOf = (table: Table) => table.notices.map(({ text }) => text).join('\n');

const locking = (id: number, lock: string, name: string, argument: string, minutes = 3) =>
  `goroutine ${id} [sync.Mutex.Lock, ${minutes} minutes]:
internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)
	/go/src/runtime/sema.go:95 +0x1
internal/sync.(*Mutex).lockSlow(${lock})
	/go/src/internal/sync/mutex.go:149 +0x1
internal/sync.(*Mutex).Lock(...)
	/go/src/internal/sync/mutex.go:70
sync.(*Mutex).Lock(...)
	/go/src/sync/mutex.go:46
main.${name}(${argument})
	/src/a.go:7 +0x1
`;
const doing = (id: number, name: string, argument: string, state = 'IO wait') =>
  `goroutine ${id} [${state}]:\nmain.${name}(${argument})\n\t/src/b.go:9 +0x1\n`;
const dump = (...goroutines: string[]) => readDump(goroutines.join('\n'));
const holders = (table: Table) => printTable(table, ['blocked on', 'waiting', 'probable holder', 'why']);

test('the goroutine that holds the recorded lock is found, and marked as a guess', async () => {
  const table = view(await readRecording(4));
  expect(
    printTable(table, [
      'waiting',
      'state',
      'signature',
      'min wait',
      'max wait',
      'holder state',
      'holder signature',
      'holder wait',
    ])
  ).toEqual([
    '80 sync.Mutex.Lock leaks.(*ledger).append leaks.go:131 1 6 chan receive leaks.(*ledger).await leaks.go:127 ← leaks.(*ledger).flush 6',
  ]);
  expect(holders(table)[0]).toMatch(/^0x[0-9a-f]+ 80 \d+ the only goroutine that has the address$/);
  expect(textOf(table)).toMatch(/^Heuristic: .*Arguments may be stale/);
});

test('the holder need not be among what is searched for', async () => {
  const table = view(await readRecording(4), { search: 'contains(trace, "ledger).append")' });
  expect(holders(table)[0]).toMatch(/80 \d+ the only goroutine/);
});

test('of several with the address those that wait for no lock come first', async () => {
  const lock = '0xc000112338';
  const waiting = [locking(5, lock, 'Add', '0xc000112330'), locking(6, lock, 'Add', '0xc000112330')];
  const one = await dump(...waiting, doing(7, 'flush', '0xc000112330'));
  expect(holders(view(one))).toEqual([`${lock} 2 7 the only goroutine that has the address`]);
  const two = await dump(...waiting, doing(7, 'flush', '0xc000112330'), doing(8, 'Len', '0xc000112330', 'runnable'));
  expect(holders(view(two))).toEqual([`${lock} 2 7, 8 one of 2 with the address that wait for no lock`]);
  const other = locking(9, '0xc000999990', 'move', '0xc000112330');
  expect(holders(view(await dump(...waiting, doing(7, 'flush', '0xc000112330'), other)))[0]).toBe(
    `${lock} 2 7 the only one of 2 with the address that waits for no lock`
  );
  expect(holders(view(await dump(...waiting)))).toEqual([
    `${lock} 2  no other goroutine has the address as an argument`,
  ]);
});

test('probable holders that wait for each other are a possible deadlock', async () => {
  const table = view(
    await dump(
      locking(5, '0xc000200008', 'transfer', '0xc000100000, 0xc000200000'),
      locking(6, '0xc000100008', 'transfer', '0xc000200000, 0xc000100000')
    )
  );
  expect(textOf(table)).toMatch(
    /Possible deadlock: .*in a circle: goroutine 6 holds 0xc000100008|Possible deadlock: .*goroutine \d holds 0xc000200008/
  );
  expect(printTable(table, ['blocked on', 'probable holder', 'holder waits for'])).toEqual([
    '0xc000100008 5 0xc000200008',
    '0xc000200008 6 0xc000100008',
  ]);
});

test('nothing blocked, and formats that do not say', async () => {
  expect(textOf(view(await dump(doing(1, 'main', ''))))).toBe(
    'No goroutine waits for a lock whose address its calls say.'
  );
  expect(textOf(view(await readRecording(4, 'goroutine.pb.gz')))).toMatch(/does not say what a goroutine waits for/);
});

test('more locks than rows are said', async () => {
  const many = Array.from({ length: 230 }, (_, i) =>
    locking(i + 1, `0xc000${(0x100000 + i * 0x2000).toString(16)}`, 'f', '0x1')
  );
  const table = view(await dump(...many));
  expect(table.length).toBe(200);
  expect(textOf(table)).toMatch(/the 200 addresses that most goroutines wait for, of 230/);
});
