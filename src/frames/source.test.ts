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

const shown = () =>
  applyFieldOverrides({
    data: [withSource(plain, table, addressOf)],
    fieldConfig: { defaults: {}, overrides: [] },
    replaceVariables: (text) => text,
    theme: createTheme(),
    timeZone: 'utc',
  })[0];

/** Of each row what Grafana's variables are: the columns as they are shown. */
const cellsOf = (frame: DataFrame) =>
  Array.from(
    { length: frame.length },
    (_, rowIndex) => getFieldDisplayValuesProxy({ frame, rowIndex }) as Record<string, { suffix?: string }>
  );

const linkOf = (frame: DataFrame, name: string) => frame.fields.find((field) => field.name === name)?.config.links?.[0];

test.each(['function', 'line'])('each row of %s has its own address, or none', (name) => {
  const frame = shown();
  expect(linkOf(frame, name)).toMatchObject({ url: '${__data.fields.function_source:raw}', targetBlank: true });
  expect(cellsOf(frame).map(({ function_source: address }) => String(address))).toEqual([
    'https://git.example/a.go#L1',
    '',
    '',
    'https://git.example/b%20c.go#L3',
  ]);
});

test('where there is none, a variable of the link is not defined, as Explore asks', () => {
  const frame = shown();
  expect(linkOf(frame, 'function')).toMatchObject({ onlyWhere: '${function_linked.suffix}' });
  expect(cellsOf(frame).map(({ function_linked: linked }) => linked.suffix)).toEqual(['', undefined, undefined, '']);
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
