import { formattedValueToString, getValueFormat, MappingType, type FieldConfig } from '@grafana/data';
import { column, textColumn, textsOf, type NumberColumn, type Table } from '../views/table';
import type { Notice } from '../text/notice';
import { titleOf, type Shown } from './titles';
import { unitOf } from './units';

/**
 * A flame table as Grafana's flame graph panel (12.3 to 13.0) needs it, so that its picture says what the table does. It
 * draws; no number is made here that a table has.
 *
 * - It compares shares of each side's total, so a heap that grew everywhere by 60 % is grey. `padded` gives both sides one
 *   total: shares are of one number then, and colours and percentages those of the values.
 * - It folds a chain of single calls into its first node ("(12) total"). `apart` keeps levels that stand for themselves.
 * - Above the picture, and behind the name of each bar, it prints both sides added. Of the root and the total it is made to
 *   print both sides; of other bars it cannot be.
 * - It has no place for a reason why nothing is drawn but the picture.
 */
export interface DrawnFlame {
  readonly table: Table;
  /** Configuration of the column `value`. */
  readonly value: Partial<FieldConfig>;
}

/** @param notices of the query and the view: where there is nothing to draw, they are drawn */
export type DrawFlame = (view: Table, notices: readonly Notice[]) => DrawnFlame;

/** Drawings whose root says of which captures they are. */
export function drawFlameOf(shown?: Shown): DrawFlame {
  const title = shown && titleOf(shown);
  return (view, notices) => drawnFlame(view, notices, title);
}

/** @param title what is shown, for the root */
export function drawnFlame(view: Table, notices: readonly Notice[], title = ''): DrawnFlame {
  const rows = rowsOf(view);
  const root = rows.nodes[0];
  if (!root || !(root.value + root.valueRight > 0)) {
    return drawnReason(view.name, notices, title);
  }
  const word = root.label === 'total' ? '' : root.label;
  root.label = [word, title].filter(Boolean).join(' · ') || 'total';
  if (!rows.isDifference) {
    return { table: tableOf(view.name, rows, apart(rows)), value: {} };
  }
  const { value, valueRight } = root;
  const both = `${formatted(value, rows.unit)} → ${formatted(valueRight, rows.unit)}`;
  const drawn = inFinerUnit(value === valueRight || rows.unit === 'percent' ? rows : padded(rows));
  const texts: Record<string, { text: string }> = {};
  // Of a side that has nothing the sum is the other side's value, which is printed elsewhere as what it is.
  for (const node of value === 0 || valueRight === 0 ? [] : drawn.nodes.filter(({ isTotal }) => isTotal)) {
    texts[String(node.value + node.valueRight)] = { text: both };
  }
  return {
    table: tableOf(view.name, drawn, apart(drawn)),
    value: { mappings: [{ type: MappingType.ValueToText, options: texts }] },
  };
}

interface Node {
  level: number;
  value: number;
  self: number;
  valueRight: number;
  selfRight: number;
  label: string;
  /** Stands for all that is drawn. */
  readonly isTotal?: boolean;
}

/** Nodes depth first, a root first. Of a difference value and self are the base's. */
interface Rows {
  readonly nodes: readonly Node[];
  readonly unit: string;
  readonly isDifference: boolean;
  /** Levels that the panel must not fold with those below. */
  readonly levelsApart: number;
}

function rowsOf(view: Table): Rows {
  const isDifference = view.columns.some(({ name }) => name === 'valueRight');
  const numbers = (name: string) => column(view, name, 'number').values;
  const [level, value, self] = ['level', 'value', 'self'].map(numbers);
  const [valueRight, selfRight] = isDifference ? ['valueRight', 'selfRight'].map(numbers) : [];
  const labels = textsOf(textColumn(view, 'label'));
  return {
    nodes: Array.from({ length: view.length }, (_, i) => ({
      level: level[i],
      value: value[i],
      self: self[i],
      valueRight: valueRight?.[i] ?? 0,
      selfRight: selfRight?.[i] ?? 0,
      label: labels[i],
      ...(i === 0 && { isTotal: true }),
    })),
    unit: column(view, 'value', 'number').unit ?? '',
    isDifference,
    levelsApart: column(view, 'level', 'number').levelsApart ?? 1,
  };
}

/**
 * A root as wide on both sides as the larger one, which has on the smaller side what is not there for its own; below it one node
 * with the true totals, which says how much that is. So the picture is blank where nothing is, and no bar stands for it that
 * the panel would count, and colour as gone what was never there.
 */
function padded(rows: Rows): Rows {
  const [{ value: base, valueRight: now, label }] = rows.nodes;
  const most = Math.max(base, now);
  const text = changeText(base, now, rows.unit);
  return {
    ...rows,
    nodes: [
      { level: 0, value: most, self: most - base, valueRight: most, selfRight: most - now, label, isTotal: true },
      ...rows.nodes.map((node, i) => ({ ...node, level: node.level + 1, ...(i === 0 && { label: text }) })),
    ],
    levelsApart: rows.levelsApart + 1,
  };
}

/** `grown by 26.6 MiB (+61 %)`. */
function changeText(base: number, now: number, unit: string): string {
  const by = formatted(Math.abs(now - base), unit);
  const percent = (100 * (now - base)) / base;
  const digits = Math.abs(percent) < 10 ? 1 : 0;
  const share = base === 0 ? 'from nothing' : `${percent > 0 ? '+' : ''}${percent.toFixed(digits)} %`;
  return `${now > base ? 'grown' : 'shrunk'} by ${by} (${share})`;
}

const formatted = (value: number, unit: string): string =>
  formattedValueToString(getValueFormat(unitOf(unit))(value, unit === 'percent' ? 2 : undefined));

/**
 * Two units, bytes and ns, the panel knows by name, and prints "undefined" behind a text that stands for such a value. In
 * KiB and µs the values read the same.
 */
const finerUnits: ReadonlyMap<string | undefined, { readonly unit: string; readonly factor: number }> = new Map([
  ['bytes', { unit: 'kB', factor: 1024 }],
  ['ns', { unit: 'us', factor: 1000 }],
]);

function inFinerUnit(rows: Rows): Rows {
  const finer = finerUnits.get(unitOf(rows.unit ?? ''));
  if (!finer) {
    return rows;
  }
  const { unit, factor } = finer;
  const nodes = rows.nodes.map((node) => ({
    ...node,
    value: node.value / factor,
    self: node.self / factor,
    valueRight: node.valueRight / factor,
    selfRight: node.selfRight / factor,
  }));
  return { ...rows, nodes, unit };
}

/** Nodes narrower than this share of the whole have no room for a text, whether they are folded or not. */
const narrow = 1 / 500;

/**
 * The panel folds a node with its only child. A second child without a value keeps them apart: it is not drawn, and with its
 * parent's name the panel's table has no row for it.
 */
function apart({ nodes, levelsApart }: Pick<Rows, 'nodes' | 'levelsApart'>): readonly Node[] {
  const width = ({ value, valueRight }: Node) => value + valueRight;
  const least = narrow * width(nodes[0]);
  const result: Node[] = [];
  const open: Array<{ readonly node: Node; children: number }> = [];
  const closeFrom = (level: number) => {
    for (let last = open.at(-1); last && last.node.level >= level; last = open.at(-1)) {
      open.pop();
      if (last.children === 1 && width(last.node) >= least) {
        const { label } = last.node;
        result.push({ level: last.node.level + 1, value: 0, self: 0, valueRight: 0, selfRight: 0, label });
      }
    }
  };
  for (const node of nodes) {
    closeFrom(node.level);
    const parent = open.at(-1);
    if (parent && parent.node.level === node.level - 1) {
      parent.children++;
    }
    if (node.level < levelsApart) {
      open.push({ node, children: 0 });
    }
    result.push(node);
  }
  closeFrom(0);
  return result;
}

function tableOf(name: string, { unit, isDifference }: Rows, nodes: readonly Node[]): Table {
  const number = (name: 'level' | 'value' | 'self' | 'valueRight' | 'selfRight', unit?: string): NumberColumn => ({
    name,
    kind: 'number',
    values: nodes.map((node) => node[name]),
    unit,
  });
  return {
    name,
    length: nodes.length,
    columns: [
      number('level'),
      number('value', unit),
      number('self', unit),
      ...(isDifference ? [number('valueRight', unit), number('selfRight', unit)] : []),
      { name: 'label', kind: 'string', values: nodes.map(({ label }) => label) },
    ],
    notices: [],
  };
}

/** A bar has a width, but a reason no value: a unit of Grafana that prints each number as a dash, a time without a time in it. */
const noNumber = 'time:[–]';

/** Letters of a bar of half a dashboard's width on a screen of 1280 px, and bars of a reason at most. */
const lineLength = 58;
const mostLines = 12;

/** A picture that is the reason: bars of text, one below the other. A frame without rows makes the panel throw. */
function drawnReason(name: string, notices: readonly Notice[], title: string): DrawnFlame {
  const lines = [...(title === '' ? [] : [title]), ...reasons(notices).flatMap(wrapped)];
  const shown = lines.length > mostLines ? [...lines.slice(0, mostLines - 1), '…'] : lines;
  // The panel's table is ordered by self.
  const nodes = shown.map((label, level, { length }): Node => {
    const self = 1 - level / length;
    return { level, value: 1, self, valueRight: 0, selfRight: 0, label };
  });
  const rows: Rows = { nodes, unit: noNumber, isDifference: false, levelsApart: nodes.length };
  return { table: tableOf(name, rows, apart(rows)), value: {} };
}

/** All that went wrong, the worst first; where nothing did, all that is said. */
function reasons(notices: readonly Notice[]): readonly string[] {
  const of = (wanted: Notice['severity']) => notices.filter(({ severity }) => severity === wanted);
  const wrong = [...of('error'), ...of('warning')];
  const texts = new Set((wrong.length > 0 ? wrong : notices).map(({ text }) => text));
  return texts.size > 0 ? [...texts] : ['There is nothing to draw.'];
}

/** Lines of whole words; a word that is longer than a line is cut. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).flatMap((word) => word.match(new RegExp(`.{1,${lineLength}}`, 'gu')) ?? [])) {
    if (line !== '' && line.length + 1 + word.length > lineLength) {
      lines.push(line);
      line = '';
    }
    line += `${line && ' '}${word}`;
  }
  return line === '' ? lines : [...lines, line];
}
