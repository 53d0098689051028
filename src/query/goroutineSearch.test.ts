import type { Profile } from '../profile/profile';
import { printTable } from '../testing/print';
import { readDump, readRecording } from '../testing/recordedDumps';
import type { Table } from '../views/table';
import { defaultQuery, type StoredQuery } from './query';
import { runStored } from '../testing/runStored';

const text = `goroutine 1 [chan receive, 7 minutes]:
main.main()
	/src/main.go:40 +0x1

goroutine 20 [select, 12 minutes, locked to thread] {tenant_id: acme, size: "12"}:
encoding/json.Marshal(0xc000010000)
	/go/src/encoding/json/encode.go:161 +0x1
main.worker(0xc000010000)
	/src/worker.go:29 +0x1
created by main.start in goroutine 1
	/src/main.go:12 +0x1

goroutine 21 [select] {tenant_id: globex}:
encoding/json.Marshal(0xc000010000)
	/go/src/encoding/json/encode.go:161 +0x1
main.worker(0xc000010000)
	/src/worker.go:29 +0x1
created by main.boot in goroutine 1
	/src/boot.go:3 +0x1

goroutine 22 [select (leaked)]:
main.other()
	/src/other.go:1 +0x1
`;

async function found(search: string, query: Partial<StoredQuery> = {}): Promise<number[]> {
  const table = view(await readDump(text), { ...query, search });
  return printTable(table, ['goroutines'])
    .flatMap((ids) => ids.split(', ').map(Number))
    .filter((id) => id > 0)
    .sort((a, b) => a - b);
}
const view = (profile: Profile, query: Partial<StoredQuery>): Table =>
  runStored({ ...defaultQuery, view: 'goroutines', ...query }, { profile })[0];
const textOf = (table: Table) => table.notices.map(({ text: notice }) => notice).join('\n');

test.each<[string, number[]]>([
  ['id > 1 && id <= 21', [20, 21]],
  ['id == 1 || id == 22', [1, 22]],
  ['!(id == 1)', [20, 21, 22]],
  ['dups == 2', [20, 21]],
  ['dups > 1 && duration > 10', [20]],
  ['duration < 1', [21]],
  ['duration >= 0', [1, 20, 21, 22]],
  ['duration > -1 && duration < 1e3', [1, 20, 21]],
  ['duration != 12', [1, 21, 22]],
  ['lines == 7', [20, 21]],
  ['lines == 3', [1, 22]],
  ['state == "select"', [20, 21, 22]],
  [`state == 'chan receive'`, [1]],
  ['state == `chan receive`', [1]],
  ['state != "select"', [1]],
  ['state =~ "^chan"', [1]],
  ['state !~ "^chan|leak"', [20, 21, 22]],
  ['state_class == "stuck"', [22]],
  ['leaked', [22]],
  ['leaked == true', [22]],
  ['!leaked && locked_to_thread', [20]],
  ['contains(trace, "json")', [20, 21]],
  ['contains(lower(trace), "JSON")', []],
  ['contains(upper(trace), "JSON.MARSHAL")', [20, 21]],
  ['contains(trace, "created by main.start /src/main.go:12")', [20]],
  ['contains(trace, "main.go:40")', [1]],
  ['trace =~ "worker\\.go:\\d+"', [20, 21]],
  ['trace =~ `worker\\.go:\\d+`', [20, 21]],
  ['creator == "main.boot"', [21]],
  ['creator == ""', [1, 22]],
  ['tenant_id == "acme"', [20]],
  ['tenant_id != "acme"', [1, 21, 22]],
  ['tenant_id < "b" && tenant_id > ""', [20]],
  ['contains(tenant_id, "lob")', [21]],
  ['upper(tenant_id) == "ACME"', [20]],
  ['size > 9', [20]],
  ['size == 12', [20]],
  ['9 < size', [20]],
  ['creator_goroutine == 1', [20, 21]],
  ['state == "select" && duration > 10 && contains(trace, "json") && dups > 1', [20]],
  ['id == 1 || id == 20 && id == 21', [1]],
  ['(id == 1 || id == 20) && id == 20', [20]],
  ['1 == 1', [1, 20, 21, 22]],
  ['"a" == "b"', []],
  ['state == "a\\"b\\\\"', []],
])('%s', async (search, ids) => {
  expect(await found(search)).toEqual(ids);
});

test.each<[string, RegExp]>([
  ['state = "select"', /Search: expected == or =~ at position 7, found "= \\?"select\\?""/],
  ['state == ', /expected a name, a number, a quoted text, "!" or "\(" at position 10, found its end/],
  ['state == "select', /expected a name, a number.*at position 10, found ""select"/],
  ['(id == 1', /expected "\)" at position 9, found its end/],
  ['id == 1 id', /expected an operator at position 9, found "id"/],
  ['id == 1 & id == 2', /expected an operator at position 9/],
  ['id', /expected a condition, such as state == "select" at position 1, found "id"/],
  ['trace && id == 1', /expected a condition.*at position 1/],
  ['contains(trace)', /expected "," and 2 arguments of contains at position 15/],
  ['contains(trace, "a", "b")', /expected "\)" at position 20/],
  ['contains(id, "a")', /expected a text: state, trace, creator, a label or a quoted text at position 10/],
  ['matches(trace, "a")', /expected one of the functions contains, lower, upper at position 1/],
  ['state > 5', /expected a number, as on the other side of the comparison at position 1/],
  ['id == "5"', /expected a number.*at position 7/],
  ['state =~ creator', /expected a regular expression as a quoted text at position 10/],
  ['state =~ "("', /pattern for search is not a regular expression/],
  [`${'('.repeat(60)}id == 1${')'.repeat(60)}`, /expected at most 50 parentheses and ! inside of each other/],
  [`${'!'.repeat(60)}leaked`, /expected at most 50 parentheses/],
  ['a'.repeat(2001), /has 2001 characters; at most 2000/],
  ['id == 1; process.exit()', /expected an operator at position 8/],
  [
    Array(9).fill('state =~ "x"').join('||'),
    /expected at most 8 regular expressions \(join them by "\|"\) at position 122/,
  ],
  ['constructor()', /expected one of the functions/],
])('%s is an error with its place', async (search, message) => {
  await expect(found(search)).rejects.toThrow(message);
});

test('what was found, and what could not be compared, is said', async () => {
  const profile = await readDump(text);
  expect(textOf(view(profile, { search: 'duration > 10' }))).toBe(
    'Search: 2 of 4 goroutines.\n' +
      'Search: 1 goroutine that the runtime found leaked, for which Go prints no wait, counts as waiting for ever.\n' +
      'Waits that are not known: 1. Go prints none for goroutines that the runtime found leaked; min and max wait leave them out.'
  );
  expect(textOf(view(profile, { search: 'tenant == "acme"' }))).toMatch(
    /no goroutine has the label "tenant"\. Names are id, dups, duration, lines, state, trace, creator and labels: .*tenant_id/
  );
  const counted = view(await readRecording(2, 'goroutine.pb.gz'), { search: 'duration > 1 || dups > 100' });
  expect(printTable(counted, ['signature', 'count'])).toEqual(['leaks.sendAnswer leaks.go:59 120']);
  expect(textOf(counted)).toMatch(/the duration of 330 goroutines is not known.*debug=2 does/);
});

test('no expression is all goroutines, and says nothing', async () => {
  expect(await found('  ')).toEqual([1, 20, 21, 22]);
  expect(textOf(view(await readDump(text), {}))).not.toMatch(/Search/);
});

test('a search narrows the other views too, and asks for the states of a profile that has none', async () => {
  const profile = await readRecording(2, 'goroutine.pb.gz');
  const [flame] = runStored({ ...defaultQuery, search: 'state == "chan send"' }, { profile });
  expect(printTable(flame, ['value'])[0]).toBe('120');
  expect(textOf(flame)).toMatch(/Search: 120 of 330 goroutines/);
  const heap = { ...profile, sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] };
  expect(() => runStored({ ...defaultQuery, search: 'id == 1' }, { profile: heap })).toThrow(
    /Expected a goroutine profile/
  );
});

test('labels of the program, whatever their names', async () => {
  const odd = await readDump('goroutine 1 [select] {"a.b-c": x, "go::y": "1"}:\nmain.f()\n\t/a.go:1 +0x1\n');
  for (const search of ['a.b-c == "x"', 'go::y > 0', 'go::y == "1"']) {
    expect(view(odd, { search }).length).toBe(1);
  }
});
