import { createTheme, FieldType, getDisplayProcessor, type DataFrame } from '@grafana/data';
import { decode } from '../decode/decode';
import { defaultQuery } from '../query/query';
import { runStored } from '../testing/runStored';
import { randomProfiles } from '../testing/randomProfile';
import { column, type Table } from '../views/table';
import { drawFlameOf, drawnFlame } from './flame';
import { emptyFlame, toFrame } from './frames';

type Row = readonly [
  level: number,
  label: string,
  value: number,
  self: number,
  valueRight?: number,
  selfRight?: number,
];
const MiB = 1048576;

/** A flame table of these rows. */
function tableOf(rows: readonly Row[], { unit = 'bytes', levelsApart = 1 } = {}): Table {
  const numbers = (name: string, at: number, more = {}) =>
    rows[0][at] === undefined
      ? []
      : [{ name, kind: 'number' as const, values: rows.map((row) => Number(row[at])), ...more }];
  return {
    name: 'inuse_space',
    length: rows.length,
    columns: [
      ...numbers('level', 0, { levelsApart }),
      ...numbers('value', 2, { unit }),
      ...numbers('self', 3, { unit }),
      ...numbers('valueRight', 4, { unit }),
      ...numbers('selfRight', 5, { unit }),
      { name: 'label', kind: 'enum', values: rows.map((_, i) => i), text: rows.map((row) => row[1]) },
    ],
    notices: [],
  };
}
const frameOf = (table: Table, title?: string): DataFrame =>
  toFrame(table, {
    refId: 'A',
    visualisation: 'flamegraph',
    draw: (view, notices) => drawnFlame(view, notices, title),
  });
const values = (frame: DataFrame, name: string): any[] => frame.fields.find((field) => field.name === name)!.values;
const rowsOf = (frame: DataFrame) =>
  Array.from({ length: frame.length }, (_, i) => frame.fields.map(({ values }) => values[i]).join(' '));
/** What the panel prints for a value. */
const printed = (frame: DataFrame, value: number) => {
  const field = frame.fields.find(({ name }) => name === 'value')!;
  return getDisplayProcessor({ field: { ...field, type: FieldType.number }, theme: createTheme() })(value);
};
/** The panel's change of a bar, in percent (colors.ts, getBarColorByDiff): shares of each side's total. */
function changeOf(frame: DataFrame, row: number): number {
  const share = (name: string) => Math.round((1e4 * values(frame, name)[row]) / values(frame, name)[0]) / 100;
  return (100 * (share('valueRight') - share('value'))) / share('value');
}

const grown = tableOf([
  [0, 'total', 40 * MiB, 0, 64 * MiB, 0],
  [1, 'main', 40 * MiB, 8 * MiB, 64 * MiB, 8 * MiB],
  [2, 'f', 32 * MiB, 32 * MiB, 56 * MiB, 56 * MiB],
]);

describe('a difference', () => {
  it('has one total on both sides, so that the panel compares values', () => {
    const frame = frameOf(grown, 'ingester');
    expect(rowsOf(frame)).toEqual([
      '0 65536 24576 65536 0 ingester',
      '1 40960 0 65536 0 grown by 24 MiB (+60 %)',
      '2 40960 8192 65536 8192 main',
      '3 32768 32768 57344 57344 f',
      '2 0 0 0 0 grown by 24 MiB (+60 %)',
      '1 0 0 0 0 ingester',
    ]);
    expect([1, 2, 3].map((row) => Math.round(changeOf(frame, row)))).toEqual([60, 60, 75]);
  });

  it('says both sides where the panel prints their sum, and prints no "undefined" behind', () => {
    const frame = frameOf(grown);
    expect(printed(frame, 65536 * 2).text).toBe('40 MiB → 64 MiB');
    expect(printed(frame, 40960 + 65536).text).toBe('40 MiB → 64 MiB');
    expect(printed(frame, 40960).text + printed(frame, 40960).suffix).toBe('40 MiB');
    // "RAM" and "Time" are what it prints a suffix behind, whether there is one or not.
    expect(['bytes', 'ns']).not.toContain(frame.fields[1].config.unit);
  });

  it('that shrank, or was nothing, has the smaller side padded', () => {
    const shrunk = frameOf(
      tableOf(
        [
          [0, 'total', 100, 0, 97.5, 0],
          [1, 'f', 100, 100, 97.5, 97.5],
        ],
        { unit: 'count' }
      )
    );
    expect(rowsOf(shrunk).slice(0, 2)).toEqual(['0 100 0 100 2.5 total', '1 100 0 97.5 0 shrunk by 2.50 (-2.5 %)']);
    const fresh = frameOf(tableOf([[0, 'total', 0, 0, 7, 7]], { unit: 'count' }));
    expect(rowsOf(fresh).slice(0, 2)).toEqual(['0 7 7 7 0 total', '1 0 0 7 7 grown by 7 (from nothing)']);
    // The sum is the other side's value, which tooltips print as that.
    expect(printed(fresh, 7).text).toBe('7');
  });

  it('in shares of each side stays as it is', () => {
    const frame = frameOf(
      tableOf(
        [
          [0, 'total', 100, 0, 90, 0],
          [1, 'f', 60, 60, 20, 20],
          [1, 'g', 40, 40, 70, 70],
        ],
        { unit: 'percent' }
      )
    );
    expect(rowsOf(frame)).toEqual(['0 100 0 90 0 total', '1 60 60 20 20 f', '1 40 40 70 70 g']);
  });
});

/** Which bars the panel shows before someone unfolds one (dataTransform.ts, CollapsedMapBuilder). */
function shownBars(frame: DataFrame): string[] {
  const [level, value, label] = ['level', 'value', 'label'].map((name) => values(frame, name));
  const childrenOf = (row: number) => {
    const children: number[] = [];
    for (let i = row + 1; i < frame.length && level[i] > level[row]; i++) {
      if (level[i] === level[row] + 1) {
        children.push(i);
      }
    }
    return children;
  };
  const shown: string[] = [];
  const walk = (row: number, isFolded: boolean) => {
    if (!isFolded && value[row] > 0) {
      shown.push(`${label[row]}`);
    }
    const children = childrenOf(row);
    children.forEach((child) => walk(child, children.length === 1 && value[child] > 0.99 * value[row]));
  };
  walk(0, false);
  return shown;
}

test('a level that stands for itself is not folded with a chain of calls, the others are', () => {
  const chain = (levelsApart: number) =>
    tableOf(
      [0, 1, 2, 3, 4].map((level): Row => [level, level === 0 ? 'Callers of f' : 'fghi'[level - 1], 9, 0]),
      {
        levelsApart,
      }
    );
  expect(shownBars(frameOf(chain(0)))).toEqual(['Callers of f']);
  expect(shownBars(frameOf(chain(1)))).toEqual(['Callers of f', 'f']);
  expect(shownBars(frameOf(chain(2), 'ingester'))).toEqual(['Callers of f · ingester', 'f', 'g']);
  // What keeps them apart has no width, and a name that the panel's table has a row for.
  const frame = frameOf(chain(2));
  expect(rowsOf(frame).filter((_, i) => values(frame, 'value')[i] === 0)).toEqual(['2 0 0 f', '1 0 0 Callers of f']);
});

test('of any two profiles: sides as wide, every number of the table, and nodes that hold what is below them', async () => {
  const numbers = ['value', 'self', 'valueRight', 'selfRight'];
  let padded = 0;
  for (let seed = 0; seed < 40; seed++) {
    const [profile, base] = await Promise.all(
      randomProfiles(seed, 2, { isSigned: false, hasVariants: false }).map((bytes) => decode(bytes))
    );
    const view = (['flame', 'callers', 'sandwich'] as const)[seed % 3];
    const query = { ...defaultQuery, view, peek: '.', sampleIndex: '0', maxNodes: seed % 2 === 0 ? 10 : 1000 };
    const [table] = runStored(query, { profile, base });
    const [left, right] = ['value', 'valueRight'].map((name) => Number(column(table, name).values[0]));
    if (left + right === 0) {
      continue;
    }
    const frame = frameOf(table);
    const [level, value, valueRight] = ['level', 'value', 'valueRight'].map((name) => values(frame, name));
    expect(value[0]).toBe(valueRight[0]);
    const factor = Math.max(left, right) / value[0];
    // But for the root that pads and what keeps levels apart, rows are those of the table.
    const isPadded = left !== right;
    padded += isPadded ? 1 : 0;
    const rows = level
      .map((_, i) => i)
      .slice(isPadded ? 1 : 0)
      .filter((i) => value[i] + valueRight[i] > 0);
    for (const name of numbers) {
      expect(rows.map((i) => values(frame, name)[i])).toEqual(
        Array.from(column(table, name).values, Number).map((number) => number / factor)
      );
    }
    for (const side of [value, valueRight]) {
      const below = side.map(() => 0);
      for (let i = level.length - 1; i > 0; i--) {
        expect(level[i]).toBeLessThanOrEqual(level[i - 1] + 1);
        const parent = level.lastIndexOf(level[i] - 1, i - 1);
        below[parent] += side[i];
      }
      expect(side.filter((own, i) => below[i] > own * (1 + 1e-12))).toEqual([]);
    }
  }
  expect(padded).toBeGreaterThan(20);
});

describe('nothing to draw', () => {
  const labels = (frame: DataFrame) => values(frame, 'label').filter((_, i) => values(frame, 'value')[i] > 0);
  const long =
    'None of the 12 captures in this time range that match {profile="heap"} has service="ingestor"; service there: checkout, ingester.';

  it('is the reason, the worst first, in lines that fit', () => {
    const frame = emptyFlame(
      'A',
      [
        { severity: 'info', text: 'Latest of 3 captures.' },
        { severity: 'warning', text: long },
        { severity: 'error', text: 'HTTP 403.' },
        { severity: 'error', text: 'HTTP 403.' },
      ],
      drawFlameOf()
    );
    const lines = labels(frame);
    expect(lines[0]).toBe('HTTP 403.');
    expect(lines.slice(1).join(' ')).toBe(long);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(76);
    expect(shownBars(frame)).toEqual(lines);
    expect([1, 0.5].map((value) => printed(frame, value).text)).toEqual(['–', '–']);
  });

  it('says how far it is, of which captures, and never too much', () => {
    const loading = [{ severity: 'info', text: 'Loading: 3 of 12 captures.' }] as const;
    expect(labels(emptyFlame('A', loading, drawFlameOf()))).toEqual(['Loading: 3 of 12 captures.']);
    const table = {
      ...tableOf([[0, 'total', 0, 0]]),
      notices: [{ severity: 'warning', text: 'x'.repeat(2000) }],
    } as const;
    const frame = frameOf(table, 'ingester');
    expect(labels(frame)[0]).toBe('ingester');
    expect(labels(frame)).toHaveLength(12);
    expect(labels(frame).at(-1)).toBe('…');
    expect(labels(emptyFlame('A', [], drawFlameOf()))).toEqual(['There is nothing to draw.']);
  });
});
