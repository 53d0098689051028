import type { DataFrame } from '@grafana/data';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { decode } from '../decode/decode';
import { MergeBuilder } from '../ops/merge';
import { percentage, scaledLabel } from '../profile/measurement';
import type { Profile } from '../profile/profile';
import { InputError } from '../text/notice';
import { applyCommand } from '../query/applyCommand';
import { defaultQuery, type StoredQuery } from '../query/query';
import { runStored } from '../testing/runStored';
import { findOracle, type Oracle } from '../testing/oracle';
import { vocabularyOf, randomFlags, randomReport } from '../testing/randomFlags';
import { Chance } from '../testing/randomProfile';
import { column, type Table } from '../views/table';
import { toFrame } from './frames';

// The whole way of what users see, against the installed go tool pprof: command → query → tables → frame → its cells, each
// formatted as pprof prints it. PPROFLENS_SEED and PPROFLENS_QUERIES ask for other and more of them:
//   PPROFLENS_SEED=7 PPROFLENS_QUERIES=2000 npx jest src/frames/oracle
const seed = Number(process.env.PPROFLENS_SEED ?? 1);
const queries = Number(process.env.PPROFLENS_QUERIES ?? 300);

// Where rows are tied, a command is run up to 60 times.
jest.setTimeout(60_000);

/** Options that change pprof's text and no row of it, or that the plugin has no part in. */
const ofText = /^-(compact_labels|source_path|call_tree|raw|proto)/;

interface Case {
  readonly report: string;
  readonly args: readonly string[];
  /** Several are merged. */
  readonly files: readonly string[];
  readonly base?: string;
}

/** What a frame says, in the form of pprof's rows: fields in one order, separated by a tab. */
type Rows = (frame: Cells) => string[];
/** The rows of pprof's text, in that form. */
type Read = (text: string) => string[];

/** Reads cells of a frame, with the units that its table had. */
class Cells {
  constructor(
    private readonly frame: DataFrame,
    private readonly table: Table,
    private readonly unit: string
  ) {}

  get length(): number {
    return this.frame.length;
  }

  cell(name: string, row: number): unknown {
    return this.frame.fields.find((field) => field.name === name)?.values[row];
  }

  /** A value, as pprof prints one of its unit. Units that were asked for are those of the column already. */
  value(name: string, row: number): string {
    const { unit = '' } = column(this.table, name, 'number');
    const value = Number(this.cell(name, row));
    return /^(auto|minimum)$/.test(this.unit) ? scaledLabel(value, unit, 'auto') : scaledLabel(value, '', unit);
  }

  percent(name: string, row: number): string {
    return percentage(Number(this.cell(name, row)), 100).trim();
  }

  /** Columns after `value` and before `stack`: those of labels. */
  labels(row: number): string[] {
    return this.table.columns.slice(1, -1).flatMap((labels) => {
      const { name } = labels;
      const cell = this.cell(name, row);
      const text = labels.kind === 'number' ? scaledLabel(Number(cell), labels.unit ?? '', 'auto') : cell;
      return cell === null || cell === '' ? [] : [`${name}: ${text}`];
    });
  }

  rows(read: (row: number) => string[] | undefined): string[] {
    return Array.from({ length: this.length }, (_, row) => read(row))
      .filter((row) => row !== undefined)
      .map((row) => row.join('\t'));
  }
}

const matching = (text: string, pattern: RegExp, fields: (match: RegExpExecArray) => string[]): string[] =>
  text.split('\n').flatMap((line) => {
    const match = pattern.exec(line);
    return match ? [fields(match).join('\t')] : [];
  });

const afterHead = (text: string, head: string) => text.slice(Math.max(0, text.indexOf(head)));
const withoutMark = (name: string) => name.replace(/ \((partial-)?inline\)$/, '');
const name = (cells: Cells, row: number) => String(cells.cell('function', row)).replace(/^\u2003[\u2190\u2192] /, '');

const topOf: Rows = (cells) =>
  cells.rows((row) => [
    cells.value('flat', row),
    cells.percent('flat%', row),
    cells.percent('sum%', row),
    cells.value('cum', row),
    cells.percent('cum%', row),
    name(cells, row),
  ]);
const readTop: Read = (text) =>
  matching(
    afterHead(text, '      flat  flat%'),
    /^ *(\S+) +(\S+%) +(\S+%) +(\S+) +(\S+%)  (.*)$/,
    ([, flat, flatShare, sum, cum, cumShare, node]) => [flat, flatShare, sum, cum, cumShare, withoutMark(node)]
  );

const treeOf: Rows = (cells) =>
  cells.rows((row) =>
    cells.cell('relation', row) === 'node'
      ? [
          cells.value('flat', row),
          cells.percent('flat%', row),
          cells.value('cum', row),
          cells.percent('cum%', row),
          name(cells, row),
        ]
      : [cells.value('calls', row), cells.percent('calls%', row), name(cells, row)]
  );
const readTree: Read = (text) =>
  matching(
    afterHead(text, '      flat  flat%'),
    /^ *(\S+) +(\S+%) (?: *(\S+%) +(\S+) +(\S+%) +\| (.*)|\|   (.*))$/,
    ([, value, share, , cum, cumShare, node, other]) =>
      node === undefined ? [value, share, withoutMark(other)] : [value, share, cum, cumShare, node]
  );

const tagsOf: Rows = (cells) =>
  cells.rows((row) => {
    const [key, value] = [cells.cell('key', row), cells.cell('value', row)];
    const total = cells.value('total', row);
    const hasShare = Number(cells.cell('total', row)) * Number(cells.cell('%', row)) > 0;
    // What rounds to nothing in the unit that was asked for reads as what is left out. Of no total there are no shares.
    return total === '0' ? undefined : [String(key), String(value), total, hasShare ? cells.percent('%', row) : ''];
  });
const readTags: Read = (text) => {
  let key = '';
  return text.split('\n').flatMap((line) => {
    const head = /^ *(.*): +Total /.exec(line);
    key = head ? head[1] : key;
    const match = head ? undefined : /^ *(\S+?)(?: \( *(\S+%)\))?: +(.*)$/.exec(line);
    return match && match[1] !== '0' ? [[key, match[3], match[1], match[2] ?? ''].join('\t')] : [];
  });
};

const tracesOf: Rows = (cells) =>
  cells
    .rows((row) => {
      const value = cells.value('value', row);
      const calls = String(cells.cell('stack', row)).split('\n');
      return value === '0' ? undefined : [value, ...cells.labels(row).sort(), ...calls];
    })
    .sort();
const readTraces: Read = (text) =>
  text
    .split(/^-{11}\+-+$/m)
    .slice(1)
    .flatMap((block) => {
      const labels: string[] = [];
      const calls: string[] = [];
      let value = '';
      for (const line of block.split('\n')) {
        const head = /^(.{10}|\S{11,})   (.*)$/.exec(line);
        const label = /^ *(.*?):  (.*)$/.exec(line);
        if (calls.length === 0 && label && !/^ {0,9}\S+   \S/.test(line)) {
          labels.push(`${label[1]}: ${label[2]}`);
        } else if (head) {
          value ||= head[1].trim();
          calls.push(head[2]);
        }
      }
      return calls.length === 0 || value === '0' ? [] : [[value, ...labels.sort(), ...calls].join('\t')];
    })
    .sort();

const listOf: Rows = (cells) =>
  cells
    .rows((row) =>
      cells.cell('line', row) === null && cells.cell('file', row) !== ''
        ? [
            `${name(cells, row).replace(/^<unknown>$/, '')} in ${cells.cell('file', row)}`,
            cells.value('flat', row),
            cells.value('cum', row),
            cells.percent('cum%', row),
          ]
        : undefined
    )
    .sort();
const readList: Read = (text) =>
  [...text.matchAll(/^ROUTINE =+ (.*)\n *(\S+) +(\S+) \(flat, cum\) +(\S+%) of Total$/gm)]
    .map(([, routine, flat, cum, share]) => [routine, flat, cum, share].join('\t'))
    .sort();

const reports: Readonly<Record<string, readonly [Rows, Read]>> = {
  top: [topOf, readTop],
  text: [topOf, readTop],
  tree: [treeOf, readTree],
  peek: [treeOf, readTree],
  tags: [tagsOf, readTags],
  traces: [tracesOf, readTraces],
  list: [listOf, readList],
};

/** Rows with an equal value may come in any order, and their running sums with them. */
const inAnyOrder = (rows: readonly string[]) =>
  rows
    .map((row) =>
      row
        .split('\t')
        .filter((_, i, { length }) => length !== 6 || i !== 2)
        .join('\t')
    )
    .sort();

/** What is in some, and not as often in others. */
function withoutAll(some: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  others.forEach((row) => counts.set(row, (counts.get(row) ?? 0) + 1));
  return some.filter((row) => {
    const left = counts.get(row) ?? 0;
    counts.set(row, left - 1);
    return left <= 0;
  });
}

const quoted = (word: string) => `'${word.replace(/'/g, `'\\''`)}'`;

/** Unpacked here: the DOM of the tests has no DecompressionStream. */
async function open(file: string): Promise<Profile> {
  const bytes = readFileSync(file);
  return decode(new Uint8Array(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes));
}

/** As the worker merges captures. */
async function openAll(files: readonly string[]): Promise<Profile> {
  const [first, ...others] = files;
  if (others.length === 0) {
    return open(first);
  }
  const merge = new MergeBuilder();
  for (const file of files) {
    merge.add(await open(file));
  }
  return merge.finish();
}

async function rowsOf({ report, args, files, base }: Case): Promise<{ rows: string[]; isCut: boolean }> {
  const words = [...args, ...(base ? [base] : []), ...files].map(quoted).join(' ');
  const { query } = applyCommand(`go tool pprof ${words}`, 'go tool pprof', () => false);
  const whole: StoredQuery = { ...defaultQuery, ...query, fullNames: true };
  const [table] = runStored(whole, {
    profile: await openAll(files),
    base: base === undefined ? undefined : await open(base.replace(/^-\w+=/, '')),
  });
  const frame = toFrame(table, { refId: 'A', visualisation: 'table' });
  const isCut = table.notices.some(({ text }) => /largest of/.test(text));
  return { rows: reports[report][0](new Cells(frame, table, whole.unit)), isCut };
}

async function compare(oracle: Oracle, one: Case): Promise<void> {
  const { report, args, files, base } = one;
  const theirs = [...args, ...(base ? [base] : []), ...files];
  const answer = await oracle(theirs);
  if ('refusal' in answer) {
    // A pattern that nothing matches is an empty table here.
    if (/no matches found for regexp/.test(answer.refusal)) {
      expect({ theirs, ...(await rowsOf(one)) }).toEqual({ theirs, rows: [], isCut: false });
    } else {
      await expect(rowsOf(one)).rejects.toBeInstanceOf(InputError);
    }
    return;
  }
  const { rows, isCut } = await rowsOf(one);
  let expected = reports[report][1](answer.stdout);
  if (isCut) {
    // A table of samples has the largest alone.
    expect({ theirs, more: withoutAll(rows, expected) }).toEqual({ theirs, more: [] });
    expect(rows.length).toBeGreaterThan(900);
    return;
  }
  for (
    let again = 0;
    again < 60 && JSON.stringify(inAnyOrder(rows)) !== JSON.stringify(inAnyOrder(expected));
    again++
  ) {
    // Which of several tied rows are cut, the order of a Go map decides.
    const other = await oracle(theirs);
    expected = 'stdout' in other ? reports[report][1](other.stdout) : expected;
    if (!/Showing top \d|^-list/m.test(answer.stdout + args[0])) {
      break;
    }
  }
  expect({ theirs, rows: inAnyOrder(rows) }).toEqual({ theirs, rows: inAnyOrder(expected) });
}

function realFiles(): readonly string[] {
  const golden: Readonly<Record<string, string[]>> = JSON.parse(readFileSync('testdata/golden/files.json', 'utf8'));
  const parca = '../shared/corpus/parca';
  const others = existsSync(parca) ? readdirSync(parca).filter((file) => file.endsWith('.gz')) : [];
  return [...new Set([...Object.values(golden).flat(), ...others.map((file) => `${parca}/${file}`)])];
}

async function randomCase(chance: Chance, all: readonly string[]): Promise<Case> {
  const file = chance.pick(all);
  const kind = file.replace(/^.*\//, '');
  const vocabulary = vocabularyOf(await open(file));
  const others = all.filter((other) => other !== file && other.endsWith(`/${kind}`));
  const base =
    others.length > 0 && chance.is(0.3) ? `-${chance.pick(['base', 'diff_base'])}=${chance.pick(others)}` : undefined;
  const merged = others.length > 0 && chance.is(0.3) ? [chance.pick(others), chance.pick(others)] : [];
  let flag = randomReport(chance, vocabulary);
  while (ofText.test(flag)) {
    flag = randomReport(chance, vocabulary);
  }
  const report = flag.replace(/^-(\w+).*$/s, '$1');
  const options = randomFlags(chance, vocabulary, base !== undefined).filter((option) => !ofText.test(option));
  // Of `minimum` pprof makes one unit for all rows; a panel chooses that of each value, as `auto` does.
  const unit = options.filter((option) => option.startsWith('-unit=')).at(-1);
  const isMinimum = unit === undefined || unit === '-unit=minimum';
  return {
    report,
    args: [flag, ...options, ...(isMinimum ? ['-unit=auto'] : [])],
    files: [file, ...new Set(merged)],
    base,
  };
}

describe('cells of frames against the installed go tool pprof', () => {
  const oracle = findOracle();
  if (!oracle) {
    test.skip('Go is not installed, so what a frame shows is not compared with it', () => undefined);
    return;
  }
  const files = realFiles();
  test.each(Array.from({ length: queries }, (_, i) => i))('query %i', async (i) => {
    await compare(oracle, await randomCase(new Chance(seed * 1_000_003 + i), files));
  });
});
