import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultFields } from '../fields/defaultFields';
import { viewGroups } from '../views/view';
import { fieldsOf } from '../views/viewFields';
import { defaultQuery, parseQuery, type ViewName } from './query';
import { viewInfos } from './viewInfos';

const names = viewInfos.map(({ name }) => name as ViewName);

test('README.md has the table of views', () => {
  const cells = [['Group', 'View', 'Shows', '`go tool pprof`']];
  for (const group of viewGroups) {
    for (const info of viewInfos.filter((one) => one.group === group)) {
      cells.push([group, info.title, info.description, info.reports.map((report) => `\`-${report}\``).join(' ')]);
    }
  }
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const [head, ...rows] = cells;
  const table = [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
  const readme = readFileSync(join(__dirname, '../../README.md'), 'utf8');
  const start = readme.indexOf('| Group');
  expect(readme.slice(start, readme.indexOf('\n\n', start))).toBe(table);
});

test('names and reports are of one view', () => {
  const reports = viewInfos.flatMap((info) => info.reports);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(reports).size).toBe(reports.length);
});

test.each(names)('a query of the view %s has the fields that it uses, and no other', (view) => {
  const info = viewInfos.find(({ name }) => name === view);
  const { view: name, opens, selector, ...fields } = parseQuery({ ...defaultQuery, view });
  expect({ name, opens, selector }).toEqual({ name: view, opens: info?.opens, selector: '' });
  expect(Object.keys(fields).sort()).toEqual([...new Set(info && fieldsOf(info))].sort());
});

test.each(Object.keys(defaultFields))(
  'a stored %s of another type is refused in plain words, whatever the view',
  (field) => {
    for (const view of names) {
      const ask = () => parseQuery({ view, [field]: { no: 'field' } });
      expect(ask).toThrow(
        new RegExp(`^The query's ${field} is \\{"no":"field"\\}: expected a (string|number|boolean)\\.$`)
      );
    }
  }
);

test('a view that there is not is refused with those that there are', () => {
  for (const view of ['none', 7, ['top'], {}]) {
    expect(() => parseQuery({ view } as object)).toThrow(/^The query's view is .*: expected one of flame, top, /);
  }
});

test('what a stored query has no value for is at its default, the view too', () => {
  expect(parseQuery({ view: null, focus: null, selector: undefined } as object)).toEqual(parseQuery({}));
});
