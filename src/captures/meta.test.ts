import { printTable } from '../testing/print';
import { waterfall } from '../views/memory';
import { readMeta } from './meta';

const MiB = 1048576;
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const written = {
  event: 'e1',
  limit: 256 * MiB,
  limit_source: 'cgroup',
  files: ['heap.pb.gz', 'cpu.pb.gz'],
  memory: { rss: 230 * MiB, heap: 200 * MiB },
  memstats: {
    sys: 220 * MiB,
    heap_released: 20 * MiB,
    heap_idle: 50 * MiB,
    heap_inuse: 150 * MiB,
    stack_sys: 8 * MiB,
  },
};

test('the memory of a process, from its limit down to its profile', () => {
  const meta = readMeta(bytes(written));
  expect(meta).toMatchObject({ event: 'e1', files: ['heap.pb.gz', 'cpu.pb.gz'], limitSource: 'cgroup' });
  const table = waterfall(meta, 115 * MiB);
  const rows = printTable(table, ['memory', 'bytes']).map((row) =>
    row.replace(/(-?\d+)$/, (n) => `${Number(n) / MiB}`)
  );
  expect(rows).toEqual([
    'Limit 256',
    '\u2003free 26',
    'Resident 230',
    '\u2003outside of Go 30',
    'Go runtime 200',
    '\u2003stacks 8',
    '\u2003idle heap 30',
    '\u2003the runtime itself 12',
    'Heap in use 150',
    '\u2003not in the profile 35',
    'Heap profile 115',
  ]);
  expect(table.notices[0].text).toBe('The heap profile explains 50 % of the memory that the process held.');
});

test('without a limit, and without what the system says, the rest is shown', () => {
  const { memory: _, ...bare } = written;
  const table = waterfall(readMeta(bytes({ ...bare, limit: 0 })), 0);
  expect(printTable(table, ['memory'])).toEqual([
    'Go runtime',
    '\u2003stacks',
    '\u2003idle heap',
    '\u2003the runtime itself',
    'Heap in use',
    '\u2003not in the profile',
    'Heap profile',
  ]);
  expect(printTable(table, ['% of limit'])[0]).toBe('NaN');
});

test.each([
  ['', /is not JSON, perhaps it was not uploaded whole/],
  ['{"memstats":', /not uploaded whole/],
  ['[]', /expected an object as meta\.json, got \[\]/],
  ['{}', /expected an object as memstats, got nothing/],
  [{ ...written, limit: -1 }, /expected bytes as limit, got -1/],
  [{ ...written, memstats: { heap_inuse: '9' } }, /expected bytes as heap_inuse, got "9"/],
  [' '.repeat(2 * MiB), /2097152 bytes, at most 1048576/],
])('%# is refused', (value, message) => {
  expect(() => readMeta(bytes(value))).toThrow(message);
});
