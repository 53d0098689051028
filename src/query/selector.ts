import { compilePattern } from '../profile/pattern';
import { InputError } from '../profile/profile';

/** One condition of a selector, in PromQL's meaning: a regular expression has to match the whole value. */
export interface Matcher {
  readonly name: string;
  readonly op: MatchOp;
  readonly value: string;
}

export type MatchOp = '=' | '!=' | '=~' | '!~';

/**
 * Reads `{service="ingester", tenant_id=~"a|b"}`; the braces may be left out, an empty text has no matchers.
 * Values are quoted with ", ' or `; inside " and ' a backslash escapes as in Go.
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
    const name = take(/[A-Za-z_][\w.-]*/y) ?? fail('a label name');
    take(/\s*/y);
    const op = (take(/=~|!~|!=|=/y) ?? fail('=, !=, =~ or !~')) as MatchOp;
    take(/\s*/y);
    const quoted = take(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/y) ?? fail('a quoted value');
    matchers.push({ name, op, value: unquote(quoted) });
    take(/\s*/y);
    if (take(/,/y) === undefined && inner[at] !== '}') {
      fail('"," or "}"');
    }
  }
}

function unquote(quoted: string): string {
  const body = quoted.slice(1, -1);
  if (quoted[0] === '`') {
    return body;
  }
  const named: Record<string, string> = { n: '\n', t: '\t', r: '\r' };
  return body.replace(/\\(.)/g, (_, char: string) => named[char] ?? char);
}

/** The text that parseSelector reads back as the same matchers. */
export function printSelector(matchers: readonly Matcher[]): string {
  return `{${matchers.map(({ name, op, value }) => `${name}${op}${quote(value)}`).join(', ')}}`;
}

export function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

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
 * A test for one matcher's values; a label that is missing has the value ''.
 * @throws InputError for a pattern that does not compile
 */
export function compileMatcher({ name, op, value }: Matcher): (value: string) => boolean {
  if (op === '=' || op === '!=') {
    return (actual) => (actual === value) === (op === '=');
  }
  // Alternatives of plain words, which is what Grafana makes of a multi-value variable, need no pattern at all.
  if (/^[\w\-:@#/ ]+(\|[\w\-:@#/ ]+)*$/.test(value)) {
    const words = new Set(value.split('|'));
    return (actual) => words.has(actual) === (op === '=~');
  }
  const pattern = compilePattern(name, `^(?s:${value})$`);
  return (actual) => pattern(actual) === (op === '=~');
}

/** A test for a whole set of labels. @throws InputError for a pattern that does not compile */
export function compileMatchers(matchers: readonly Matcher[]): (labels: Readonly<Record<string, string>>) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: compileMatcher(matcher) }));
  return (labels) => tests.every(({ name, test }) => test(Object.hasOwn(labels, name) ? labels[name] : ''));
}

/** The values a label can only have, where an = or a plain alternative says so: what a listing can be pruned by. */
export function possibleValues(matchers: readonly Matcher[], name: string): string[] | undefined {
  for (const matcher of matchers) {
    if (matcher.name === name && matcher.op === '=' && matcher.value !== '') {
      return [matcher.value];
    }
    if (matcher.name === name && matcher.op === '=~' && /^[\w\-]+(\|[\w\-]+)*$/.test(matcher.value)) {
      return matcher.value.split('|');
    }
  }
  return undefined;
}
