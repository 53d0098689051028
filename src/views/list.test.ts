import { readFileSync } from 'node:fs';
import { pprof } from '../cli/command';
import { decode } from '../decode/decode';
import { scaledLabel } from '../profile/measurement';
import { defaultQuery } from '../query/query';
import { runStored } from '../testing/runStored';
import { column, textColumn, textsOf, type Table } from './table';

const files: Readonly<Record<string, string[]>> = JSON.parse(readFileSync('testdata/golden/files.json', 'utf8'));

async function listOf(set: string, query: Parameters<typeof runStored>[0]): Promise<Table> {
  const profile = await decode(readFileSync(files[set][0]));
  return runStored({ ...defaultQuery, view: 'list', fullNames: true, ...query }, { profile })[0];
}

/** What -list prints of each routine and of each line with a value, without its source. */
function valuesOf(text: string): string[] {
  let routine = '';
  return text.split('\n').flatMap((line) => {
    routine = /^ROUTINE =+ (.*)$/.exec(line)?.[1] ?? routine;
    const sums = /^ *(\S+) +(\S+) \(flat, cum\)/.exec(line);
    const [, flat, cum, at] = /^ *(\S+) +(\S+) +(\d+):/.exec(line) ?? [];
    if (sums) {
      return [`${routine}: ${sums[1]} ${sums[2]}`];
    }
    return at && cum !== '.' ? [`${routine}:${at} ${flat} ${cum}`] : [];
  });
}

function rowsOf(table: Table): string[] {
  const [functions, names] = ['function', 'file'].map((name) => textsOf(textColumn(table, name)));
  const [lines, flat, cum] = ['line', 'flat', 'cum'].map((name) => column(table, name, 'number').values);
  const unit = column(table, 'flat', 'number').unit ?? '';
  const format = (value: number, none: string) => (value === 0 ? none : scaledLabel(value, unit, 'minimum'));
  return Array.from({ length: table.length }, (_, row) => {
    const name = `${functions[row]} in ${names[row]}`;
    return Number.isNaN(lines[row])
      ? `${name}: ${format(flat[row], '0')} ${format(cum[row], '0')}`
      : `${name}:${lines[row]} ${format(flat[row], '.')} ${format(cum[row], '.')}`;
  });
}

test.each<[string, string, string[], Parameters<typeof runStored>[0]]>([
  ['cpu', 'work\\.', [], {}],
  ['cpu', 'work\\.', ['-noinlines'], { noInlines: true }],
  ['heap', 'service/internal', ['-alloc_space'], { sampleIndex: 'alloc_space' }],
])('the lines of %s that match %s with %j are those of pprof', async (set, peek, flags, query) => {
  const text = await pprof([
    `-list=${peek}`,
    '-source_path=testdata/source/internal',
    '-unit=minimum',
    ...flags,
    files[set][0],
  ]);
  const rows = rowsOf(await listOf(set, { peek, sourcePath: 'testdata/source/internal', ...query }));
  expect(rows.length).toBeGreaterThan(5);
  expect(rows).toEqual(valuesOf(text));
});

test('rows say where their code is, where that is asked for', async () => {
  const table = await listOf('cpu', { peek: 'work\\.Ingest$', withCode: true });
  const file = 'github.com/pproflens/pproflens/demo/service/internal/work/work.go';
  const lines = column(table, 'line', 'number').values;
  const code = column(table, 'function').code ?? [];
  expect(code.map((one) => one?.file)).toEqual(Array.from(lines, () => file));
  expect(code.slice(1).map((one) => one?.line)).toEqual([...lines.slice(1)]);
  // The function itself is where it starts, above all of its lines.
  expect(code[0]?.line).toBeLessThan(lines[1]);
  expect(code[0]?.line).toBeGreaterThan(1);
  expect(column(await listOf('cpu', { peek: 'work' }), 'function').code).toBeUndefined();
});

test('a pattern that matches nothing is a notice, none at all an error', async () => {
  const table = await listOf('cpu', { peek: 'no such function' });
  expect(table.length).toBe(0);
  expect(table.notices.map(({ text }) => text)).toContain(
    'No function with a value has a name that the pattern matches.'
  );
  await expect(listOf('cpu', {})).rejects.toThrow('enter one');
});
