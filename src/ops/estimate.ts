import { pathInterner, type PairInterner } from '../profile/interner';
import { LabelSetBuilder } from '../profile/labelSets';
import { sampleIndexByName, type Profile } from '../profile/profile';
import { InputError } from '../text/notice';

/** Value of the label where nothing says whose the sample is. */
export const unknown = '(unknown)';

/** Most values of the label that samples are split among; the rest become one. */
const maxValues = 50;
const other = '(other)';

export interface Estimate {
  /** The profile with the label on every sample, samples split where their path belongs to several values. */
  readonly profile: Profile;
  /** By sample type, the part of its value that is attributed: 0 to 1. */
  readonly coverage: readonly number[];
}

/**
 * Go writes no labels into heap profiles (golang/go#23458). Here each sample is split among the values of a label by the
 * shares that labelled samples of another profile of the same process have on the same call path: those that pass the
 * deepest frame which both paths have in common, counted from the root, where that frame runs under the label. What no
 * labelled sample shares a path with is `(unknown)`.
 *
 * An estimate: it takes work as a measure of memory. The sum over all values is the profile's own.
 * @throws InputError where the labelled profile has no such label
 */
export function estimateByPath(profile: Profile, labelled: Profile, key: string): Estimate {
  const names = new Map<string, number>();
  const tree = pathInterner(labelled.stack.length, 0);
  const labelledNode = nodesOf(labelled, names, (parent, name) => tree.intern(parent, name));
  const known = tree.finish();
  const depth = depths(known.first);

  // Where each of our stacks leaves the labelled tree.
  const children = childTable(known);
  const place = placesOf(profile, names, children);
  const isAsked = new Uint8Array(known.length);
  place.forEach((node) => (isAsked[node] = 1));

  const { values, valueOfSet } = labelValues(labelled, key);
  const weights = weightsAt(labelled, { labelledNode, parent: known.first, depth, isAsked, valueOfSet });
  const kept = heaviest(weights, values.length);
  const shares = new Map<number, Array<{ value: number; share: number }>>();
  for (const [node, { byValue, total }] of weights) {
    const merged = new Map<number, number>();
    byValue.forEach((weight, value) => {
      const row = kept.has(value) ? value : values.length;
      merged.set(row, (merged.get(row) ?? 0) + weight);
    });
    shares.set(
      node,
      [...merged].map(([value, weight]) => ({ value, share: total === 0 ? 0 : weight / total }))
    );
  }
  return split(profile, key, [...values, other], (row) => shares.get(place[row]) ?? []);
}

/** The label's value by the name of a function, undefined where the rule says nothing of it. */
export type EstimateRule = (functionName: string) => string | undefined;

/** The label by rules on the functions of each stack: the first rule that says something of one counts. */
export function estimateByRules(profile: Profile, rules: readonly EstimateRule[], key: string): Estimate {
  const { stack, location, line, function: func, strings } = profile;
  const values: string[] = [];
  const rows = new Map<string, number>();
  const ruleOf = new Int32Array(func.length).fill(rules.length);
  const valueOf = new Int32Array(func.length).fill(-1);
  for (let f = 0; f < func.length; f++) {
    for (let rule = 0; rule < rules.length && valueOf[f] < 0; rule++) {
      const text = rules[rule](strings[func.name[f]]);
      if (text !== undefined) {
        const row = rows.get(text) ?? values.push(text) - 1;
        rows.set(text, row);
        ruleOf[f] = rule;
        valueOf[f] = row;
      }
    }
  }
  // By row of `stack`: the function on its path whose rule comes first, -1 for none.
  const best = new Int32Array(stack.length).fill(-1);
  for (let i = 1; i < stack.length; i++) {
    let found = best[stack.parent[i]];
    const l = stack.location[i];
    for (let k = location.lineOffset[l + 1] - 1; k >= location.lineOffset[l]; k--) {
      const f = line.function[k];
      if (f >= 0 && valueOf[f] >= 0 && (found < 0 || ruleOf[f] < ruleOf[found])) {
        found = f;
      }
    }
    best[i] = found;
  }
  return split(profile, key, values, (row) => (best[row] < 0 ? [] : [{ value: valueOf[best[row]], share: 1 }]));
}

/** Node of each row of a stack table in a tree of function names. `step` gives a child, 0 where it has none. */
function nodesOf(
  { stack, location, line, function: func, strings }: Profile,
  names: Map<string, number>,
  step: (parent: number, name: number) => number
): Int32Array {
  const nameOf = Int32Array.from(func.name, (row) => {
    const known = names.get(strings[row]) ?? names.size + 1;
    names.set(strings[row], known);
    return known;
  });
  const node = new Int32Array(stack.length);
  for (let i = 1; i < stack.length; i++) {
    let at = node[stack.parent[i]];
    const l = stack.location[i];
    for (let k = location.lineOffset[l + 1] - 1; k >= location.lineOffset[l]; k--) {
      at = line.function[k] < 0 ? at : step(at, nameOf[line.function[k]]);
    }
    node[i] = at;
  }
  return node;
}

const depths = (parent: Int32Array): Uint32Array => {
  const depth = new Uint32Array(parent.length);
  for (let i = 1; i < parent.length; i++) {
    depth[i] = depth[parent[i]] + 1;
  }
  return depth;
};

type ChildTable = ReadonlyMap<number, number>;

/** Children by parent and name; names are few enough that both fit one number. */
function childTable({ length, first, second }: ReturnType<PairInterner['finish']>): ChildTable {
  const children = new Map<number, number>();
  for (let i = 1; i < length; i++) {
    children.set(first[i] * 0x100000 + second[i], i);
  }
  return children;
}

/** The deepest node of the tree that each stack reaches from its root; it goes no further once it has left the tree. */
function placesOf(profile: Profile, names: Map<string, number>, children: ChildTable): Int32Array {
  // A node that was left is kept as -1 - node, so that nothing below it comes back.
  const reached = nodesOf(profile, names, (parent, name) => {
    if (parent < 0) {
      return parent;
    }
    return children.get(parent * 0x100000 + name) ?? -1 - parent;
  });
  return reached.map((node) => (node < 0 ? -1 - node : node));
}

/** Values of a label, and the value of each label list: -1 for none. @throws InputError where no sample has the label */
function labelValues({ label, labelSet, strings }: Profile, key: string) {
  const values: string[] = [];
  const rows = new Map<string, number>();
  const valueOfSet = new Int32Array(labelSet.length).fill(-1);
  for (let set = 0; set < labelSet.length; set++) {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      if (strings[label.key[i]] !== key || label.isNumeric[i]) {
        continue;
      }
      const text = strings[label.str[i]];
      const row = rows.get(text) ?? values.length;
      if (row === values.length) {
        rows.set(text, row);
        values.push(text);
      }
      valueOfSet[set] = row;
    }
  }
  if (values.length === 0) {
    throw new InputError(
      `The label "${key}" cannot be estimated: no sample of the CPU or goroutine profile has it. ` +
        'Set it in the service with pprof.Do, or estimate by rules.'
    );
  }
  return { values, valueOfSet };
}

interface Weights {
  readonly byValue: Map<number, number>;
  /** With the samples that have no label. */
  total: number;
}

/**
 * The weight that passes each node that is asked for, by value of the label. A sample counts from where its label begins: below
 * runtime/pprof.Do, or from its root where the goroutine was started with it.
 */
function weightsAt(
  profile: Profile,
  {
    labelledNode,
    parent,
    depth,
    isAsked,
    valueOfSet,
  }: {
    labelledNode: Int32Array;
    parent: Int32Array;
    depth: Uint32Array;
    isAsked: Uint8Array;
    valueOfSet: Int32Array;
  }
): Map<number, Weights> {
  const { sample, stack, location, line, function: func, strings } = profile;
  const column = sample.values[sampleIndexByName(profile, '')];
  const isDo = Uint8Array.from(func.name, (row) => (strings[row] === 'runtime/pprof.Do' ? 1 : 0));
  // Depth of the tree at which the label of samples with this stack begins.
  const begins = new Uint32Array(stack.length).fill(1);
  for (let i = 1; i < stack.length; i++) {
    const l = stack.location[i];
    begins[i] = begins[stack.parent[i]];
    for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
      if (line.function[k] >= 0 && isDo[line.function[k]]) {
        begins[i] = depth[labelledNode[i]];
      }
    }
  }
  const weights = new Map<number, Weights>();
  for (let i = 0; i < sample.length; i++) {
    const row = sample.stack[i];
    const value = valueOfSet[sample.labelSet[i]];
    for (let node = labelledNode[row]; node > 0; node = parent[node]) {
      if (value >= 0 && depth[node] < begins[row]) {
        break;
      }
      if (isAsked[node]) {
        const at = weights.get(node) ?? { byValue: new Map<number, number>(), total: 0 };
        weights.set(node, at);
        at.total += column[i];
        if (value >= 0) {
          at.byValue.set(value, (at.byValue.get(value) ?? 0) + column[i]);
        }
      }
    }
  }
  return weights;
}

/** The values that weigh most over all nodes. */
function heaviest(weights: ReadonlyMap<number, Weights>, count: number): ReadonlySet<number> {
  const totals = new Float64Array(count);
  weights.forEach(({ byValue }) => byValue.forEach((weight, value) => (totals[value] += weight)));
  return new Set([...totals.keys()].sort((a, b) => totals[b] - totals[a]).slice(0, maxValues));
}

type Shares = ReadonlyArray<{ readonly value: number; readonly share: number }>;

/** Splits each sample by the shares of its stack; what they leave is `(unknown)`. Whole numbers stay whole. */
function split(
  profile: Profile,
  key: string,
  values: readonly string[],
  sharesOf: (stack: number) => Shares
): Estimate {
  const { sample } = profile;
  const labels = new EstimatedLabels(profile, key, [...values, unknown]);
  const parts = new SplitSamples(sample.values.length);
  const attributed = sample.values.map(() => 0);
  const shares = new Map<number, Shares>();
  for (let i = 0; i < sample.length; i++) {
    const stack = sample.stack[i];
    const ofStack = shares.get(stack) ?? sharesOf(stack);
    shares.set(stack, ofStack);
    const left = sample.values.map((column) => column[i]);
    for (const { value, share } of ofStack) {
      const amounts = sample.values.map((column) => Math.trunc(column[i] * share));
      if (amounts.some((amount) => amount !== 0)) {
        parts.add(stack, labels.setWith(sample.labelSet[i], value), amounts);
        amounts.forEach((amount, t) => {
          left[t] -= amount;
          attributed[t] += Math.abs(amount);
        });
      }
    }
    if (left.some((amount) => amount !== 0)) {
      parts.add(stack, labels.setWith(sample.labelSet[i], values.length), left);
    }
  }
  const totals = sample.values.map((column) => column.reduce((sum, value) => sum + Math.abs(value), 0));
  return {
    profile: Object.freeze({ ...profile, sample: parts.finish(), ...labels.finish() }),
    coverage: totals.map((total, t) => (total === 0 ? 0 : attributed[t] / total)),
  };
}

/** The label lists of a profile, each with a value of the estimated label in place of its own. */
class EstimatedLabels {
  private readonly strings: string[];
  private readonly keyRow: number;
  private readonly valueRows: readonly number[];
  private readonly builder = new LabelSetBuilder();
  private readonly sets = new Map<number, number>();

  constructor(
    private readonly profile: Profile,
    key: string,
    values: readonly string[]
  ) {
    this.strings = [...profile.strings];
    this.keyRow = this.stringRow(key);
    this.valueRows = values.map((value) => this.stringRow(value));
  }

  /** @param value row of the values */
  setWith(set: number, value: number): number {
    const id = set * this.valueRows.length + value;
    let row = this.sets.get(id);
    if (row === undefined) {
      this.addOthers(set);
      this.builder.add(this.keyRow, this.valueRows[value], 0, 0, false);
      row = this.builder.finishSet();
      this.sets.set(id, row);
    }
    return row;
  }

  finish(): Pick<Profile, 'strings' | 'labelSet' | 'label'> {
    return { strings: this.strings, ...this.builder.finish() };
  }

  private addOthers(set: number): void {
    const { label, labelSet } = this.profile;
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      if (label.key[i] !== this.keyRow) {
        this.builder.add(label.key[i], label.str[i], label.num[i], label.unit[i], label.isNumeric[i] === 1);
      }
    }
  }

  private stringRow(text: string): number {
    const row = this.strings.indexOf(text);
    return row >= 0 ? row : this.strings.push(text) - 1;
  }
}

/** Samples whose number is not known before. */
class SplitSamples {
  private readonly stack: number[] = [];
  private readonly labelSet: number[] = [];
  private readonly columns: number[][];

  constructor(types: number) {
    this.columns = Array.from({ length: types }, () => []);
  }

  add(stack: number, labelSet: number, values: readonly number[]): void {
    this.stack.push(stack);
    this.labelSet.push(labelSet);
    values.forEach((value, t) => this.columns[t].push(value));
  }

  finish(): Profile['sample'] {
    return {
      length: this.stack.length,
      values: this.columns.map((column) => Float64Array.from(column)),
      stack: Uint32Array.from(this.stack),
      labelSet: Uint32Array.from(this.labelSet),
    };
  }
}
