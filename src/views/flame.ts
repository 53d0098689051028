import { scale } from '../profile/measurement';
import { bothSides, callTree, callerTree, totalled, type CallTree, type Change, type TreeValues } from './calltree';
import { frameNames, type FrameOptions } from './frameNames';
import { drawnRows, largestPart, type DrawnRows } from './drawnRows';
import { unhiddenTree } from './unhiddenPaths';
import { widestCallers } from './widestCallers';
import { widestTagged } from './widestTagged';
import type { Prepared } from './preparedProfile';
import type { Column, Table } from './table';
import { grouped, type Notice } from '../text/notice';
import { nodeFields } from '../fields/fields';
import { reportView } from './view';

export interface DrawOptions {
  /** Most rows of the table; what is left out becomes nodes named `other`. 16,384 where a query lacks it (fields/defaultFields.ts). */
  readonly maxNodes: number;
  /** Deepest level drawn. A browser's canvas ends below 2,800 rows of a flame graph, at half of it on dense screens. */
  readonly maxDepth?: number;
  /**
   * In a tree of callers, whose paths end at the root of the program: the level whose nodes have their whole value of their
   * own, so that a function has what the top table says. Nodes of other levels have none.
   */
  readonly selfLevel?: number;
  /** What the root is called; `total` where nothing is said. */
  readonly root?: string;
  /** Levels, from the root, that are shown one by one however few calls they have; 1 where nothing is said: the root. */
  readonly levelsApart?: number;
}

export interface FlameOptions extends DrawOptions, FrameOptions {
  readonly mean?: boolean;
}

/** Levels that are drawn where nothing is said. */
const deepest = 1000;

/** Levels of callers, or of what a function calls, that are shown one by one: they are what is asked for. */
export const nearest = 10;

/** The call tree, callers above callees; see drawFlame for the columns. */
export function flame(prepared: Prepared, options: FlameOptions): Table {
  const { profile } = prepared;
  const { maxNodes, maxDepth = deepest } = options;
  const tree =
    widestTagged(profile, prepared, options, { maxNodes, maxDepth }) ??
    unhiddenTree(profile, prepared, options) ??
    callTree(profile, prepared, frameNames(profile, options));
  return drawFlame(tree, prepared, options);
}

/** The inverted call tree: below each function that has a value of its own the paths of its callers. */
export function callers(prepared: Prepared, options: FlameOptions): Table {
  const { profile } = prepared;
  const frames = frameNames(profile, options);
  const { maxNodes, maxDepth = deepest } = options;
  const tree =
    widestCallers(profile, prepared, frames, { maxNodes, maxDepth }) ?? callerTree(profile, prepared, frames);
  return drawFlame(tree, prepared, { ...options, selfLevel: 1, root: 'Callers', levelsApart: nearest });
}

/**
 * The nested set that Grafana's flame graph draws: rows in depth-first order, `level` rising by at most one, one root
 * named `total` whose value is the whole profile's. Children are ordered by value, the largest first.
 *
 * Columns: level, value (with everything below), self, label; for a difference value and self are the base's, and
 * valueRight and selfRight the profile's; for changes in one direction value and self alone. All totals are of the full
 * tree: only the drawing is bounded, and a notice says what share of the value the `other` nodes hold.
 */
export function drawFlame(
  whole: CallTree,
  { type, unit, change }: Pick<Prepared, 'type' | 'unit' | 'change'>,
  {
    maxNodes,
    maxDepth = deepest,
    selfLevel,
    root = 'total',
    levelsApart = 1,
    mean,
  }: DrawOptions & { readonly mean?: boolean }
): Table {
  const notices: Notice[] = [];
  const changes = change && !whole.base ? { change, opposite: whole.opposite ?? 0 } : undefined;
  const own = withoutNegatives(whole, whole.parent, unit, notices);
  const base = whole.base && withoutNegatives(whole.base, whole.parent, unit, notices);
  if (mean) {
    notices.push({
      severity: 'info',
      text: 'Means do not add up: the flame graph shows sums. The top table shows means.',
    });
  }
  // What decides where a node is drawn: its width, which in a difference is that of both sides.
  const width = base ? bothSides(own.cum, base.cum) : own.cum;
  if (changes) {
    notices.push(changeNotice(type, unit, changes, width[0]));
  } else if (width[0] === 0) {
    notices.push({ severity: 'warning', text: `No sample has a value of type ${type}: nothing to draw.` });
  }
  const bounds = { maxNodes, maxDepth };
  const part = largestPart({ ...whole, ...own, base }, width, bounds);
  const drawn = drawnRows(part, bounds, whole.names.length);
  if (drawn.other > 0) {
    notices.push(otherNotice(drawn, whole, width[0]));
  }
  const only = changes && `${changes.change} only`;
  const rootText = only ? (root === 'total' ? `${only[0].toUpperCase()}${only.slice(1)}` : `${root}, ${only}`) : root;
  const values = (side: TreeValues, right = ''): Column[] => {
    const { cum, flat } = drawn.values(side);
    const self = selfLevel === undefined ? flat : cum.map((value, row) => (drawn.level[row] === selfLevel ? value : 0));
    return [
      { name: `value${right}`, kind: 'number', values: cum, unit },
      { name: `self${right}`, kind: 'number', values: self, unit },
    ];
  };
  return {
    name: type,
    length: drawn.length,
    columns: [
      { name: 'level', kind: 'number', values: drawn.level, levelsApart },
      ...(part.tree.base ? [...values(part.tree.base), ...values(part.tree, 'Right')] : values(part.tree)),
      {
        name: 'label',
        kind: 'enum',
        values: drawn.name,
        text: [...whole.names, 'other', rootText],
        named: whole.named,
      },
    ],
    notices,
  };
}

function otherNotice(drawn: DrawnRows, { length, isPart, wholeLength }: CallTree, total: number): Notice {
  const share = (100 * drawn.other) / total;
  const nodes = grouped(drawn.length);
  const all = isPart ? wholeLength : length;
  return {
    severity: 'info',
    text:
      `Drawn: ${all === undefined ? `the largest ${nodes}` : `${nodes} of ${grouped(all)}`} nodes. The rest is in nodes named "other", ` +
      `${share < 0.01 ? 'under 0.01' : share.toFixed(2)} % of the value. Tables are exact; filter to see the rest drawn.`,
  };
}

function changeNotice(
  type: string,
  unit: string,
  { change, opposite }: { readonly change: Change; readonly opposite: number },
  total: number
): Notice {
  const amount = (value: number): string => {
    const { value: scaled, unit: name } = scale(value, unit, 'auto');
    return `${Number(scaled.toFixed(2))} ${(name || unit).replace(/^([kMGTP])B$/, (_, prefix) => `${prefix.toUpperCase()}iB`)}`;
  };
  const other = change === 'grown' ? 'shrunk' : 'grown';
  if (total === 0) {
    const instead = opposite === 0 ? 'The two sides are the same' : `What has ${other} is ${amount(opposite)}`;
    return { severity: 'warning', text: `Nothing of ${type} has ${change} there: nothing to draw. ${instead}.` };
  }
  return {
    severity: 'info',
    text: `What has ${change}, call path by call path: ${amount(total)}. What has ${other} is left out: ${amount(opposite)}.`,
  };
}

/** A saved difference has values below zero, which have no width: they are left out, and the notice says how much. */
function withoutNegatives(values: TreeValues, parent: Int32Array, unit: string, notices: Notice[]): TreeValues {
  let negative = 0;
  for (let i = 0; i < values.flat.length; i++) {
    negative -= values.flat[i] < 0 ? values.flat[i] : 0;
  }
  if (negative === 0) {
    return values;
  }
  notices.push({
    severity: 'warning',
    text: `There are negative values (a difference). A flame graph cannot draw them: ${negative} ${unit} below zero are left out.`,
  });
  const flat = values.flat.map((value) => Math.max(0, value));
  return { flat, cum: totalled(flat, parent) };
}

export const flameView = reportView({
  name: 'flame',
  title: 'Flame graph',
  description: 'callers above what they call',
  group: 'Profile',
  opens: 'profile',
  base: 'beside',
  panel: 'flamegraph',
  fields: [...nodeFields, 'drawing', 'maxNodes'],
  reports: [],
  tables: (prepared, query) => [flame(prepared, query)],
});

export const callersView = reportView({
  name: 'callers',
  title: 'Callers',
  description: 'inverted flame graph: leaves first',
  group: 'Profile',
  opens: 'profile',
  base: 'beside',
  panel: 'flamegraph',
  fields: [...nodeFields, 'drawing', 'maxNodes'],
  reports: [],
  tables: (prepared, query) => [callers(prepared, query)],
});
