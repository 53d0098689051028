import { plainAlternatives } from './literals';
import { InputError } from './notice';

/** One condition of a selector, in PromQL's meaning: a regular expression has to match the whole value. */
export interface Matcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

export type MatchOp = '=' | '!=' | '=~' | '!~';

/**
 * Reads `{service="ingester", tenant_id=~"a|b"}`; the braces may be left out, an empty text has no matchers.
 * Values are quoted with ", ' or `; inside " and ' a backslash escapes as in Go. So are names that are no plain words.
 * @throws InputError naming the position and what was expected there
 */
export function parseSelector(text: string): Matcher[] {
  const source = text.trim();
  const inner = source.startsWith('{') ? source : `{${source}}`;
  const offset = source.startsWith('{') ? 0 : 1;
  const matchers: Matcher[] = [];
  let at = 1;

  const fail = (expected: string): never => {
    const rest = inner.slice(at, at + 12);
    const found = rest === '' || rest === '}' ? 'its end' : `"${rest}"`;
    throw new InputError(
      `Selector ${source}: expected ${expected} at position ${at - offset + 1}, found ${found}. ` +
        'Example: {service="ingester", tenant_id=~"acme|globex"}'
    );
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(inner);
    if (match) {
      at += match[0].length;
    }
    return match?.[0];
  };

  for (;;) {
    take(/\s*/y);
    if (take(/\}\s*$/y) !== undefined) {
      return matchers;
    }
    const quotedName = take(quotedText);
    const name = quotedName === undefined ? (take(plainName) ?? fail('a label name')) : unquote(quotedName);
    take(/\s*/y);
    const op = (take(/=~|!~|!=|=/y) ?? fail('=, !=, =~ or !~')) as MatchOp;
    take(/\s*/y);
    const quoted = take(quotedText) ?? fail('a quoted value');
    matchers.push({ name, op, value: unquote(quoted) });
    take(/\s*/y);
    if (take(/,/y) === undefined && inner[at] !== '}') {
      fail('"," or "}"');
    }
  }
}

const plainName = /[A-Za-z_][\w.-]*/y;
const quotedText = /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|`[^`]*`/y;

function unquote(quoted: string): string {
  const body = quoted.slice(1, -1);
  if (quoted[0] === '`') {
    return body;
  }
  const named: Record<string, string> = { n: '\n', t: '\t', r: '\r' };
  return body.replace(/\\([^])/g, (_, char: string) => named[char] ?? char);
}

/** The text that parseSelector reads back as the same matchers. Selectors are printed here alone: names and values are hostile. */
export const printSelector = (matchers: readonly Matcher[]): string => `{${matchers.map(printMatcher).join(', ')}}`;

export const printMatcher = ({ name, op, value }: Matcher): string =>
  `${/^[A-Za-z_][\w.-]*$/.test(name) ? name : quote(name)}${op}${quote(value)}`;

const quote = (value: string): string => `"${escapeQuoted(value)}"`;

/** A text as it stands between double quotes. */
export const escapeQuoted = (value: string): string => value.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n');

/** The selector without what it says of these labels. @throws InputError */
export const withoutLabels = (selector: string, names: readonly string[]): string =>
  printSelector(parseSelector(selector).filter(({ name }) => !names.includes(name)));

/** The matchers on labels that keys carry, which prune the listing, and the others, which filter samples. */
export function splitMatchers(
  matchers: readonly Matcher[],
  isKeyLabel: (name: string) => boolean
): { key: Matcher[]; sample: Matcher[] } {
  return {
    key: matchers.filter(({ name }) => isKeyLabel(name)),
    sample: matchers.filter(({ name }) => !isKeyLabel(name)),
  };
}

/**
 * The values that a matcher names one by one: that of = and !=, and alternatives of plain text (`a|b\\.c`), which is what
 * Grafana makes of a variable with several values. Undefined for any other pattern.
 */
const namedValues = ({ op, value }: Matcher): readonly string[] | undefined =>
  op === '=' || op === '!=' ? [value] : plainAlternatives(value);

/** A test for a matcher that names its values, or takes any; undefined where it takes a regular expression's engine. */
export function namedValuesTest(matcher: Matcher): ((value: string) => boolean) | undefined {
  const isPositive = matcher.op === '=' || matcher.op === '=~';
  if (matcher.op.endsWith('~') && (matcher.value === '.*' || matcher.value === '.+')) {
    // What a dashboard's variable has for All.
    const least = matcher.value === '.+' ? 1 : 0;
    return (actual) => actual.length >= least === isPositive;
  }
  const values = namedValues(matcher);
  const wanted = new Set(values);
  return values && ((actual) => wanted.has(actual) === isPositive);
}

/** The values a label can only have, where a matcher names them: what a listing can be pruned by. */
export function possibleValues(matchers: readonly Matcher[], name: string): readonly string[] | undefined {
  const matcher = matchers.find(({ name: n, op, value }) => n === name && (op === '=' || op === '=~') && value !== '');
  const values = matcher && namedValues(matcher);
  // A label that is missing has the value '': no prefix stands for that.
  return values?.includes('') ? undefined : values;
}
