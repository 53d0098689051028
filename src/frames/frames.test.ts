import type { Table } from '../views/table';
import type { Capture } from '../captures/capture';
import { capturesTable } from '../views/captures';
import { capturesFrame } from './captureRows';
import { emptyFlame, toFrame } from './frames';
import { parseSelector } from '../text/selector';
import type { PprofQuery } from '../types';
import { captureLink, metricsQuery } from './links';

const flameTable: Table = {
  name: 'inuse_space',
  length: 3,
  columns: [
    { name: 'level', kind: 'number', values: new Int32Array([0, 1, 1]) },
    { name: 'value', kind: 'number', unit: 'bytes', values: new Float64Array([9, 5, 4]) },
    { name: 'self', kind: 'number', unit: 'bytes', values: new Float64Array([0, 5, 4]) },
    { name: 'label', kind: 'enum', values: new Uint32Array([0, 2, 1]), text: ['total', 'main.b', 'main.a'] },
  ],
  notices: [{ severity: 'info', text: 'Drawn: 3 of 9 nodes.' }],
};
const options = { refId: 'A', visualisation: 'flamegraph' } as const;
const fieldOf = (frame: ReturnType<typeof toFrame>, name: string) => frame.fields.find((field) => field.name === name);

test('a flame table becomes the four fields of a flame graph, in plain arrays', () => {
  const frame = toFrame(flameTable, options);
  expect(frame.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'level number',
    'value number',
    'self number',
    'label string',
  ]);
  expect(fieldOf(frame, 'label')?.values).toEqual(['total', 'main.a', 'main.b']);
  expect(frame.fields.every(({ values }) => Array.isArray(values))).toBe(true);
  expect(fieldOf(frame, 'level')?.values.filter((level) => level === 0)).toHaveLength(1);
});

test("the frame says refId, visualisation, what ran, and the query's notices before the view's", () => {
  const frame = toFrame(flameTable, {
    ...options,
    executed: '{profile="heap"}',
    notices: [{ severity: 'warning', text: 'first' }],
  });
  expect(frame.refId).toBe('A');
  expect(frame.meta).toMatchObject({
    preferredVisualisationType: 'flamegraph',
    executedQueryString: '{profile="heap"}',
    notices: [{ text: 'first' }, { text: 'Drawn: 3 of 9 nodes.' }],
  });
});

test.each([
  ['bytes', 'bytes'],
  ['nanoseconds', 'ns'],
  ['count', 'short'],
  ['percent', 'percent'],
  ['widgets', 'widgets'],
  ['constructor', 'constructor'],
])("pprof's unit %s is Grafana's %s", (unit, expected) => {
  const columns = [{ name: 'value', kind: 'number', unit, values: [1] }] as const;
  const frame = toFrame({ name: 'top', length: 1, columns, notices: [] }, options);
  expect(frame.fields[0].config.unit).toBe(expected);
});

test('Explore draws a table of rows with the panel, which reads widths, and says itself that there are none', () => {
  const columns = [{ name: 'flat', kind: 'number', values: [1] }] as const;
  const pluginOf = (length: number, visualisation: 'table' | 'flamegraph') =>
    toFrame({ name: 'top', length, columns, notices: [] }, { refId: 'A', visualisation }).meta
      ?.preferredVisualisationPluginId;
  expect(pluginOf(1, 'table')).toBe('table');
  expect(pluginOf(0, 'table')).toBeUndefined();
  expect(pluginOf(1, 'flamegraph')).toBeUndefined();
});

test('a small graph is one line, however the captures are spaced', () => {
  const columns = [{ name: 'over time', kind: 'series', values: [[1, 2, 3]], times: [0, 10, 500] }] as const;
  const [{ values }] = toFrame({ name: 'growth', length: 1, columns, notices: [] }, options).fields;
  expect(values[0].fields[0].config.interval).toBe(490);
});

test('nothing to draw is one root without a value, and the reason', () => {
  const frame = emptyFlame('B', [{ severity: 'warning', text: 'No captures.' }]);
  expect(frame.length).toBe(1);
  expect(frame.fields.map(({ name, values }) => [name, values[0]])).toEqual([
    ['level', 0],
    ['value', 0],
    ['self', 0],
    ['label', 'total'],
  ]);
  expect(frame.meta?.notices).toEqual([{ severity: 'warning', text: 'No captures.' }]);
});

test('what a key does not say is an empty cell; a label named as one of our columns keeps them apart', () => {
  const object = { key: 'a', size: 7, lastModified: 0, etag: '' };
  const captures: Capture[] = [
    { object, time: 1, labels: { service: 's', key: 'x' }, value: 5, limit: 10 },
    { object, time: 2, labels: { service: '<b>"`' } },
  ];
  const links = [captureLink({ uid: 'u', name: 'n' })];
  const frame = capturesFrame(capturesTable(captures), { refId: 'A', notices: [], links });
  expect(fieldOf(frame, 'value')?.values).toEqual([null, 5]);
  expect(fieldOf(frame, '% of limit')?.values).toEqual([null, 50]);
  expect(fieldOf(frame, 'service')?.values).toEqual(['<b>"`', 's']);
  expect(fieldOf(frame, 'key')?.values).toEqual(['a', 'a']);
  expect(fieldOf(frame, 'key (label)')?.values).toEqual(['', 'x']);
  expect(new Set(frame.fields.map(({ name }) => name)).size).toBe(frame.fields.length);
});

test('a link to Explore has the selector of its row, whatever quotes the name has', () => {
  const names = ['ingester', 'a`b', '`}, x="', 'q"uo\\te', ''];
  const captures = names.map((service, time): Capture => ({
    object: { key: `${time}`, size: 7, lastModified: 0, etag: '' },
    time,
    labels: service === '' ? {} : { service, selector: 'y' },
  }));
  const link = captureLink({ uid: 'u', name: 'n' });
  const selector = /^\$\{__data\.fields\.(\w+)\}$/.exec((link.internal?.query as PprofQuery).selector ?? '')?.[1] ?? '';
  const frame = capturesFrame(capturesTable(captures), { refId: 'A', notices: [], links: [link] });
  expect(frame.fields.filter(({ name }) => name === selector).length).toBe(1);
  expect(fieldOf(frame, selector)?.config.custom.hidden).toBe(true);
  expect(fieldOf(frame, selector)?.values.map(parseSelector).reverse()).toEqual(
    names.map((value) => (value === '' ? [] : [{ name: 'service', op: '=', value }]))
  );
});

test('a query for metrics is not ended by a name, whichever quotes it has', () => {
  const names = { service: 'a"b\'c`d\\' };
  expect(metricsQuery('m{s="$service"}', names)).toBe('m{s="a\\"b\\u0027c\\u0060d\\\\"}');
  expect(metricsQuery("m{s='$service', t=`$service`}", names)).not.toMatch(/['`].*['`].*['`].*['`].*['`]/);
});

test('no captures are a table without rows, which has no link to a range', () => {
  const frame = capturesFrame(capturesTable([]), {
    refId: 'A',
    notices: [],
    links: [captureLink({ uid: 'u', name: 'n' })],
  });
  expect(frame.length).toBe(0);
});

describe('a table of names', () => {
  const number = (name: string, value: number, unit = 'bytes') =>
    ({ name, kind: 'number', unit, values: [value] }) as const;
  const table: Table = {
    name: 'top',
    length: 1,
    columns: [
      { name: 'function', kind: 'enum', values: [0], text: ['store.F'], tooltip: 'full name' },
      number('flat', 70 * 2 ** 20),
      number('flat%', 100, 'percent'),
      number('growth per minute', 5),
      { name: 'relation', kind: 'string', values: ['caller'], isHidden: true },
      {
        name: 'full name',
        kind: 'enum',
        values: [0],
        text: [`github.com/${'acme/'.repeat(20)}store.F`],
        isAside: true,
      },
    ],
    notices: [],
  };
  const frame = toFrame(table, { refId: 'A', visualisation: 'table' });
  const cell = (name: string) => fieldOf(frame, name)?.config.custom;

  it('gives the name what the numbers leave, and in half a dashboard shows three of them beside it', () => {
    const beside = ['flat', 'flat%', 'growth per minute'].map((name) => cell(name).width);
    expect(cell('function').width).toBeUndefined();
    expect(cell('function').minWidth + beside.reduce((a, b) => a + b)).toBeLessThanOrEqual(450);
    // As long as what stands in it: `70 MiB`, `100.00%`, the longest word of the header.
    beside.forEach((width) => expect(width).toBeLessThan(100));
    expect(cell('growth per minute').wrapHeaderText).toBe(true);
  });

  it('has the full name at the end, as wide as a word, and whole in the tooltip of the name', () => {
    expect(cell('full name').width).toBe(180);
    const tooltip = fieldOf(frame, cell('function').tooltip.field);
    expect(tooltip?.values).toEqual(fieldOf(frame, 'full name')?.values);
    expect(tooltip?.config.custom).toMatchObject({ width: 800, hideFrom: { viz: true } });
  });

  it('keeps what it does not show for transformations', () => {
    expect(cell('relation')).toMatchObject({ hidden: true, hideFrom: { viz: true } });
    expect(fieldOf(frame, 'relation')?.values).toEqual(['caller']);
  });

  it('wraps a text of several lines, whose neighbours stand at the first', () => {
    const columns = [
      number('value', 1),
      { name: 'stack', kind: 'enum', values: [0], text: ['f\nmain'], hasLines: true },
    ] as const;
    const traces = toFrame({ ...table, columns }, { refId: 'A', visualisation: 'table' });
    expect(fieldOf(traces, 'stack')?.config.custom).toMatchObject({ wrapText: true, minWidth: 320 });
    const { styleField } = fieldOf(traces, 'value')?.config.custom;
    expect(JSON.parse(fieldOf(traces, styleField)?.values[0])).toEqual({ alignItems: 'flex-start' });
  });
});
