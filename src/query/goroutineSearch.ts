import { PairInterner } from '../profile/interner';
import { compilePattern } from '../text/pattern';
import type { Profile } from '../profile/profile';
import { counted, grouped, InputError, type Notice } from '../text/notice';
import { keepSamples } from '../ops/samples';
import { countsOf, labelColumnsOf } from '../views/goroutines/labelColumns';
import { Groups } from '../views/goroutines/groups';
import { stackText, type SignatureOptions } from '../views/goroutines/signatures';

/** Longest expression, deepest nesting, most regular expressions: more comes from an attack or a mistake. */
const maxLength = 2000;
const maxDepth = 50;
const maxPatterns = 8;

/**
 * The goroutines that an expression is true of, in the vocabulary of goroutine-inspect:
 *
 *   state == "select" && duration > 10 && contains(lower(trace), "json") && dups > 50
 *
 * | name | value |
 * | --- | --- |
 * | id | number: its id |
 * | dups | number: how many goroutines have its signature |
 * | duration | number: minutes it has waited; of one that the runtime found leaked more than any number |
 * | lines | number: lines that Go prints of it, two for each call |
 * | state | text, as Go prints it |
 * | trace | text: functions and places of its stack, and of its creator |
 * | creator | text: the function that started it |
 * | any other name | the label: text, or a number where it is compared with one |
 *
 * Operators, by falling precedence: `!`, `== != < <= > >= =~ !~` (regular expressions, RE2, found anywhere), `&&`, `||`;
 * functions: contains(text, part), lower(text), upper(text). A label alone is true where a goroutine has it; `true` and
 * `false` are texts, as labels have them. What is not known, such as the duration in a format without waits, is equal to
 * nothing and neither less nor greater. Texts are in double, single or back quotes; a backslash stands for itself, so that
 * patterns need no second one, and only before a quote or a backslash for that character.
 * @throws InputError with the place of a mistake and what was expected there
 */
export function searchGoroutines(
  profile: Profile,
  text: string,
  options: SignatureOptions
): { profile: Profile; notices: readonly Notice[] } {
  if (text.trim() === '') {
    return { profile, notices: [] };
  }
  const expression = parse(text);
  const rows = new Rows(profile, options);
  const matches = new Compiler(text, rows).condition(expression);
  const found = keepSamples(profile, matches);
  return { profile: found, notices: rows.notices(found) };
}

type Expression =
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  | { readonly kind: 'text'; readonly at: number; readonly value: string }
  | { readonly kind: 'name'; readonly at: number; readonly name: string }
  | { readonly kind: 'call'; readonly at: number; readonly name: FunctionName; readonly args: readonly Expression[] }
  | { readonly kind: 'not'; readonly at: number; readonly of: Expression }
  | { readonly kind: 'both' | 'either'; readonly at: number; readonly parts: readonly Expression[] }
  | {
      readonly kind: 'compare';
      readonly at: number;
      readonly op: CompareOp;
      readonly left: Expression;
      readonly right: Expression;
    };

const functions = { contains: 2, lower: 1, upper: 1 } as const;
type FunctionName = keyof typeof functions;
const compareOps = ['==', '!=', '<=', '>=', '<', '>', '=~', '!~'] as const;
type CompareOp = (typeof compareOps)[number];

function fail(text: string, at: number, expected: string): never {
  const rest = text.slice(at, at + 16);
  throw new InputError(
    `Search: expected ${expected} at position ${at + 1}, found ${rest.trim() === '' ? 'its end' : `"${rest}"`}. ` +
      'Example: state == "select" && duration > 10 && contains(trace, "json")'
  );
}

function parse(text: string): Expression {
  if (text.length > maxLength) {
    throw new InputError(`Search: the expression has ${text.length} characters; at most ${maxLength} are allowed.`);
  }
  const parser = new Parser(text);
  const expression = parser.either(0);
  parser.end();
  return expression;
}

/** Recursive descent, a method for each level of precedence. */
class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  either(depth: number): Expression {
    return this.list('either', '||', () => this.both(depth));
  }

  end(): void {
    this.space();
    if (this.at < this.text.length) {
      fail(this.text, this.at, 'an operator');
    }
  }

  private both(depth: number): Expression {
    return this.list('both', '&&', () => this.comparison(depth));
  }

  private list(kind: 'both' | 'either', op: string, part: () => Expression): Expression {
    const { at } = this;
    const parts = [part()];
    while (this.take(op)) {
      parts.push(part());
    }
    return parts.length === 1 ? parts[0] : { kind, at, parts };
  }

  private comparison(depth: number): Expression {
    const left = this.operand(depth);
    this.space();
    const { at } = this;
    const op = compareOps.find((candidate) => this.take(candidate));
    if (op === undefined) {
      if (this.take('=')) {
        fail(this.text, at, '== or =~');
      }
      return left;
    }
    return { kind: 'compare', at, op, left, right: this.operand(depth) };
  }

  private operand(depth: number): Expression {
    this.space();
    const { at } = this;
    if (depth > maxDepth) {
      fail(this.text, at, `at most ${maxDepth} parentheses and ! inside of each other`);
    }
    if (this.text.startsWith('!', at) && !/^![=~]/.test(this.text.slice(at, at + 2))) {
      this.at++;
      return { kind: 'not', at, of: this.operand(depth + 1) };
    }
    if (this.take('(')) {
      const inner = this.either(depth + 1);
      this.expect(')', '")"');
      return inner;
    }
    const quoted = this.match(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/suy);
    if (quoted !== undefined) {
      const body = quoted.slice(1, -1);
      return { kind: 'text', at, value: quoted[0] === '`' ? body : body.replace(/\\(["'\\])/g, '$1') };
    }
    const number = this.match(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy);
    if (number !== undefined) {
      return { kind: 'number', at, value: Number(number) };
    }
    const name = this.match(/[A-Za-z_][\w.:-]*/y);
    if (name === undefined) {
      fail(this.text, at, 'a name, a number, a quoted text, "!" or "("');
    }
    if (name === 'true' || name === 'false') {
      return { kind: 'text', at, value: name };
    }
    return this.take('(') ? this.call(name, at, depth) : { kind: 'name', at, name };
  }

  private call(name: string, at: number, depth: number): Expression {
    if (!Object.hasOwn(functions, name)) {
      fail(this.text, at, `one of the functions ${Object.keys(functions).join(', ')}`);
    }
    const wanted = functions[name as FunctionName];
    const args: Expression[] = [];
    while (args.length < wanted) {
      if (args.length > 0) {
        this.expect(',', `"," and ${wanted} arguments of ${name}`);
      }
      args.push(this.either(depth + 1));
    }
    this.expect(')', '")"');
    return { kind: 'call', at, name: name as FunctionName, args };
  }

  private space(): void {
    this.match(/\s*/y);
  }

  private take(symbol: string): boolean {
    this.space();
    const isThere = this.text.startsWith(symbol, this.at);
    this.at += isThere ? symbol.length : 0;
    return isThere;
  }

  private expect(symbol: string, expected: string): void {
    if (!this.take(symbol)) {
      fail(this.text, this.at, expected);
    }
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    this.at += match?.[0].length ?? 0;
    return match?.[0];
  }
}

/** What names stand for, by sample. */
class Rows {
  private readonly missing = new Set<string>();
  private isDurationAsked = false;
  private readonly labelColumns;
  private traceRows: Uint32Array | undefined;
  /** Of the sample that was read last: texts of all traces may be gigabytes. */
  private trace = { row: -1, text: '' };

  constructor(
    private readonly profile: Profile,
    private readonly options: SignatureOptions
  ) {
    this.labelColumns = labelColumnsOf(profile);
  }

  private setOf = (i: number) => this.profile.sample.labelSet[i];

  number(name: string): ((i: number) => number) | undefined {
    const { labelColumns, setOf } = this;
    switch (name) {
      case 'id':
        return (i) => labelColumns.id[setOf(i)];
      case 'duration':
        this.isDurationAsked = true;
        return (i) => (labelColumns.isLeaked[setOf(i)] === 1 ? Infinity : labelColumns.minutes[setOf(i)]);
      case 'dups':
        return this.dups();
      case 'lines':
        return this.lines();
    }
    return undefined;
  }

  text(name: string): ((i: number) => string) | undefined {
    const { labelColumns, setOf } = this;
    const { strings } = this.profile;
    switch (name) {
      case 'state':
        return (i) => strings[labelColumns.state[setOf(i)]];
      case 'creator':
        return (i) => strings[labelColumns.creator[setOf(i)]];
      case 'trace':
        return (i) => this.traceText(i);
    }
    return undefined;
  }

  /** Goroutines with one stack and one go statement share a row. */
  traceRow(i: number): number {
    if (!this.traceRows) {
      const { sample } = this.profile;
      const { creator, createdAt } = this.labelColumns;
      const pairs = new PairInterner();
      this.traceRows = sample.stack.map((stack, k) => {
        const set = sample.labelSet[k];
        return pairs.intern(pairs.intern(stack, creator[set]), createdAt[set]);
      });
    }
    return this.traceRows[i];
  }

  private traceText(i: number): string {
    const row = this.traceRow(i);
    if (this.trace.row !== row) {
      const { sample, strings } = this.profile;
      const { creator, createdAt } = this.labelColumns;
      const set = this.setOf(i);
      const by = creator[set] === 0 ? '' : `\ncreated by ${strings[creator[set]]} ${strings[createdAt[set]]}`;
      this.trace = { row, text: stackText(this.profile, sample.stack[i], Infinity) + by };
    }
    return this.trace.text;
  }

  /** Values of a label: rows of `label`. */
  label(name: string): (i: number) => readonly number[] {
    const { labelSet, label, strings } = this.profile;
    const key = strings.indexOf(name);
    if (key < 0 || !label.key.includes(key)) {
      this.missing.add(name);
      return () => [];
    }
    const none: number[] = [];
    const rows = new Array<number[]>(labelSet.length);
    for (let set = 0; set < labelSet.length; set++) {
      rows[set] = none;
      for (let k = labelSet.labelOffset[set]; k < labelSet.labelOffset[set + 1]; k++) {
        if (label.key[k] === key) {
          rows[set] = rows[set] === none ? [k] : [...rows[set], k];
        }
      }
    }
    return (i) => rows[this.setOf(i)];
  }

  labelText = (row: number): string => {
    const { label, strings } = this.profile;
    return label.isNumeric[row] === 1 && label.str[row] === 0 ? String(label.num[row]) : strings[label.str[row]];
  };

  labelNumber = (row: number): number => {
    const { label, strings } = this.profile;
    return label.isNumeric[row] === 1 ? label.num[row] : Number(strings[label.str[row]] || NaN);
  };

  /** What has to be said of the result. */
  notices(found: Profile): Notice[] {
    const notices: Notice[] = [];
    const warn = (text: string) => notices.push({ severity: 'warning', text });
    const { sample } = this.profile;
    const some = (value: number) => counted(value, 'goroutine');
    const total = (p: Profile) => countsOf(p).reduce((sum, count) => sum + count, 0);
    notices.push({
      severity: 'info',
      text: `Search: ${grouped(total(found))} of ${grouped(total(this.profile))} goroutines.`,
    });
    if (this.missing.size > 0) {
      const { label, strings } = this.profile;
      const keys = [...new Set(label.key)].map((row) => strings[row]).sort();
      warn(
        `Search: no goroutine has the label ${[...this.missing].map((name) => `"${name}"`).join(', ')}. Names are id, dups, ` +
          `duration, lines, state, trace, creator and labels: ${keys.join(', ') || 'there are none'}.`
      );
    }
    if (this.isDurationAsked) {
      const counts = countsOf(this.profile);
      const { minutes, isLeaked } = this.labelColumns;
      const countOf = (test: (set: number) => boolean) =>
        sample.labelSet.reduce((sum, set, i) => sum + (test(set) ? counts[i] : 0), 0);
      const leaked = countOf((set) => isLeaked[set] === 1);
      const unknown = countOf((set) => isLeaked[set] === 0 && Number.isNaN(minutes[set]));
      if (leaked > 0) {
        notices.push({
          severity: 'info',
          text: `Search: ${some(leaked)} that the runtime found leaked, for which Go prints no wait, ${leaked === 1 ? 'counts' : 'count'} as waiting for ever.`,
        });
      }
      if (unknown > 0) {
        warn(
          `Search: the duration of ${some(unknown)} is not known, and no comparison with it is true of them: ` +
            'this format says no waits. A dump with debug=2 does.'
        );
      }
    }
    return notices;
  }

  private dups(): (i: number) => number {
    const groups = new Groups({ ...this.options, groupBy: '' });
    const group = groups.ofSamples(this.profile);
    const counts = countsOf(this.profile);
    const count = new Float64Array(groups.length);
    group.forEach((g, i) => (count[g] += counts[i]));
    return (i) => count[group[i]];
  }

  /** As goroutine-inspect counts them: the header, two for each call and two for the creator. */
  private lines(): (i: number) => number {
    const { stack, location, sample } = this.profile;
    const calls = new Uint32Array(stack.length);
    for (let row = 1; row < stack.length; row++) {
      const l = stack.location[row];
      calls[row] = calls[stack.parent[row]] + Math.max(1, location.lineOffset[l + 1] - location.lineOffset[l]);
    }
    return (i) => 1 + 2 * calls[sample.stack[i]] + (this.labelColumns.creator[this.setOf(i)] === 0 ? 0 : 2);
  }
}

/** An expression as functions of a sample; `ofTrace`: the same for all goroutines with one trace. */
type Value =
  | { readonly type: 'number'; readonly ofTrace: boolean; readonly read: (i: number) => number }
  | { readonly type: 'text'; readonly ofTrace: boolean; readonly read: (i: number) => string }
  | { readonly type: 'label'; readonly ofTrace: false; readonly read: (i: number) => readonly number[] }
  | { readonly type: 'condition'; readonly ofTrace: boolean; readonly read: (i: number) => boolean };

class Compiler {
  private patterns = 0;

  constructor(
    private readonly text: string,
    private readonly rows: Rows
  ) {}

  condition(expression: Expression): (i: number) => boolean {
    const value = this.compile(expression);
    switch (value.type) {
      case 'condition':
        return value.read;
      case 'label':
        return (i) => value.read(i).length > 0;
      default:
        return fail(this.text, expression.at, 'a condition, such as state == "select"');
    }
  }

  private compile(expression: Expression): Value {
    const { rows } = this;
    switch (expression.kind) {
      case 'number':
        return { type: 'number', ofTrace: true, read: () => expression.value };
      case 'text':
        return { type: 'text', ofTrace: true, read: () => expression.value };
      case 'name': {
        const number = rows.number(expression.name);
        if (number) {
          return { type: 'number', ofTrace: false, read: number };
        }
        const text = rows.text(expression.name);
        return text
          ? { type: 'text', ofTrace: expression.name === 'trace', read: text }
          : { type: 'label', ofTrace: false, read: rows.label(expression.name) };
      }
      case 'call':
        return this.once(this.call(expression.name, expression.args));
      case 'not': {
        const inner = this.condition(expression.of);
        return { type: 'condition', ofTrace: false, read: (i) => !inner(i) };
      }
      case 'both': {
        const parts = expression.parts.map((part) => this.condition(part));
        return { type: 'condition', ofTrace: false, read: (i) => parts.every((part) => part(i)) };
      }
      case 'either': {
        const parts = expression.parts.map((part) => this.condition(part));
        return { type: 'condition', ofTrace: false, read: (i) => parts.some((part) => part(i)) };
      }
      case 'compare':
        return this.once(this.compare(expression.op, expression.left, expression.right));
    }
  }

  private call(name: FunctionName, args: readonly Expression[]): Value {
    const [first, second] = args.map((arg) => this.texts(arg));
    switch (name) {
      case 'contains':
        return {
          type: 'condition',
          ofTrace: first.ofTrace && second.ofTrace,
          read: (i) => first.read(i).some((text) => second.read(i).some((part) => text.includes(part))),
        };
      case 'lower':
        return { type: 'text', ofTrace: first.ofTrace, read: (i) => first.read(i).join(',').toLowerCase() };
      case 'upper':
        return { type: 'text', ofTrace: first.ofTrace, read: (i) => first.read(i).join(',').toUpperCase() };
    }
  }

  /** Texts of an operand: of a label all its values, one empty text where it is missing. */
  private texts(expression: Expression): { ofTrace: boolean; read: (i: number) => readonly string[] } {
    const value = this.compile(expression);
    const { labelText } = this.rows;
    switch (value.type) {
      case 'text':
        return { ofTrace: value.ofTrace, read: (i) => [value.read(i)] };
      case 'label':
        return {
          ofTrace: false,
          read: (i) => {
            const found = value.read(i);
            return found.length === 0 ? [''] : found.map(labelText);
          },
        };
      default:
        return fail(this.text, expression.at, 'a text: state, trace, creator, a label or a quoted text');
    }
  }

  private compare(op: CompareOp, left: Expression, right: Expression): Value {
    if (op === '=~' || op === '!~') {
      if (right.kind !== 'text') {
        fail(this.text, right.at, 'a regular expression as a quoted text');
      }
      if (++this.patterns > maxPatterns) {
        fail(this.text, right.at, `at most ${maxPatterns} regular expressions (join them by "|")`);
      }
      const matches = compilePattern('search', right.value);
      const operand = this.texts(left);
      const read = (i: number) => operand.read(i).some(matches) === (op === '=~');
      return { type: 'condition', ofTrace: operand.ofTrace, read };
    }
    const [a, b] = [this.compile(left), this.compile(right)];
    if (a.type === 'number' || b.type === 'number') {
      const test = comparisons[op];
      if (a.type === 'number' && b.type === 'number') {
        const read = (i: number) => isNumber(a.read(i)) && isNumber(b.read(i)) && test(a.read(i), b.read(i));
        return { type: 'condition', ofTrace: a.ofTrace && b.ofTrace, read };
      }
      const [x, y] = [this.numbers(a, left), this.numbers(b, right)];
      return {
        type: 'condition',
        ofTrace: a.ofTrace && b.ofTrace,
        read: (i) => x(i).some((p) => isNumber(p) && y(i).some((q) => isNumber(q) && test(p, q))),
      };
    }
    const [x, y] = [this.texts(left), this.texts(right)];
    const test = comparisons[op === '!=' ? '==' : op];
    return {
      type: 'condition',
      ofTrace: x.ofTrace && y.ofTrace,
      // Of several values of a label one has to be equal, and none may be for !=.
      read: (i) => x.read(i).some((p) => y.read(i).some((q) => test(p, q))) !== (op === '!='),
    };
  }

  private numbers(value: Value, { at }: Expression): (i: number) => readonly number[] {
    const { labelNumber } = this.rows;
    switch (value.type) {
      case 'number':
        return (i) => [value.read(i)];
      case 'label':
        return (i) => value.read(i).map(labelNumber);
      default:
        return fail(this.text, at, 'a number, as on the other side of the comparison');
    }
  }

  /** A condition that depends on the trace alone is found once for all goroutines that have it. */
  private once(value: Value): Value {
    if (!value.ofTrace || value.type !== 'condition') {
      return value;
    }
    const known: boolean[] = [];
    return { ...value, read: (i) => (known[this.rows.traceRow(i)] ??= value.read(i)) };
  }
}

const isNumber = (value: number) => !Number.isNaN(value);

const comparisons = {
  '==': <T extends string | number>(a: T, b: T) => a === b,
  '!=': <T extends string | number>(a: T, b: T) => a !== b,
  '<': <T extends string | number>(a: T, b: T) => a < b,
  '<=': <T extends string | number>(a: T, b: T) => a <= b,
  '>': <T extends string | number>(a: T, b: T) => a > b,
  '>=': <T extends string | number>(a: T, b: T) => a >= b,
};
