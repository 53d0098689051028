import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { escapeStringForRegex } from '@grafana/data';
import { compileMatcher } from './text/matcher';
import { parseSelector, type Matcher } from './text/selector';

const folder = join(__dirname, 'dashboards');
const exprs = readdirSync(folder).flatMap((name) =>
  [...readFileSync(join(folder, name), 'utf8').matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, expr]) => [
    name,
    JSON.parse(expr) as string,
  ])
);

/** What Grafana makes of `${name:regex}`; `$name` would be left to the Prometheus data source, which leaves a quote as it is. */
const filledIn = (expr: string, values: Readonly<Record<string, string>>) =>
  expr.replace(/\$\{(\w+):regex\}/g, (_, name: string) => escapeStringForRegex(values[name]));

/** The matchers of an expression: a text in it that a value ended would be left over. */
const matchersOf = (expr: string): Matcher[] =>
  [...expr.matchAll(/\{((?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^}"`])*)\}/g)].flatMap(([, inner]) => parseSelector(inner));

describe('expressions for Prometheus', () => {
  it.each(exprs)('%s: %s', (_, expr) => {
    const values = { service: 'a"b\\c', instance: "x'y$1 (z)" };
    const filled = filledIn(expr, values);
    expect(filled).not.toMatch(/\$\{?(service|instance)/);
    const matchers = matchersOf(filled);
    expect(matchers.map(({ name }) => name)).toContain('service');
    for (const matcher of matchers) {
      const value = values[matcher.name as keyof typeof values];
      expect(compileMatcher(matcher)(value)).toBe(true);
      expect(compileMatcher(matcher)(`${value}x`)).toBe(false);
      expect(compileMatcher(matcher)('a"b')).toBe(false);
    }
  });

  it('there are some', () => expect(exprs.length).toBeGreaterThan(3));
});
