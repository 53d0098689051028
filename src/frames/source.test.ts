import { applyFieldOverrides, createTheme, getFieldDisplayValuesProxy, type DataFrame } from '@grafana/data';
import type { Table } from '../views/table';
import { toFrame } from './frames';
import { withSource } from './source';

const code = [{ file: 'a.go', line: 1 }, undefined, { file: 'none.go', line: 2 }, { file: 'b c.go', line: 3 }];
const table: Table = {
  name: 'cpu',
  length: 4,
  columns: [
    { name: 'function', kind: 'string', values: ['a', 'b', 'c', 'd'], code },
    { name: 'line', kind: 'number', values: [1, 2, 3, 4], code },
    { name: 'cum', kind: 'number', values: [1, 2, 3, 4] },
  ],
  notices: [],
};
const addressOf = ({ file, line }: { file: string; line: number }) =>
  file === 'none.go' ? '' : `https://git.example/${encodeURIComponent(file)}#L${line}`;
const plain = toFrame(table, { refId: 'A', visualisation: 'table' });

/** A link's variables as Grafana fills them in: raw, and with paths into what a cell shows. */
function filled(text: string, frame: DataFrame, rowIndex: number): string {
  const fields = getFieldDisplayValuesProxy({ frame, rowIndex }) as Record<string, { suffix?: string }>;
  return text.replace(/\$\{__data\.fields\.(\w+?)(:raw|\.suffix)\}/g, (match, name, how) =>
    how === ':raw' ? String(fields[name]) : (fields[name].suffix ?? (isExplore ? match : ''))
  );
}
let isExplore = false;

function linksOf(name: string): string[] {
  const [frame] = applyFieldOverrides({
    data: [withSource(plain, table, addressOf)],
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: (text) => text,
    theme: createTheme(),
    timeZone: 'utc',
  });
  const [link] = frame.fields.find((field) => field.name === name)?.config.links ?? [];
  return Array.from({ length: frame.length }, (_, row) => filled(link?.url ?? '', frame, row));
}

test.each(['function', 'line'])('each row of %s has its own address, or none', (name) => {
  isExplore = false;
  expect(linksOf(name)).toEqual(['https://git.example/a.go#L1', '', '', 'https://git.example/b%20c.go#L3']);
});

test('where there is none, Explore finds a variable that is not defined, and leaves the link out', () => {
  isExplore = true;
  expect(linksOf('function').map((url) => url.includes('${'))).toEqual([false, true, true, false]);
});

test('columns of one code share the hidden ones, and others have no link', () => {
  const { fields } = withSource(plain, table, addressOf);
  expect(fields.map(({ name }) => name)).toEqual(['function', 'line', 'cum', 'function_source', 'function_linked']);
  expect(fields[2].config.links).toBeUndefined();
  expect(fields[3].config.custom.hidden && fields[4].config.custom.hidden).toBe(true);
});

test('without any address nothing is added', () => {
  expect(withSource(plain, table, () => '')).toEqual(plain);
});
