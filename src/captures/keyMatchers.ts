import { namedValuesTest, parseSelector, possibleValues, splitMatchers, type Matcher } from '../text/selector';
import type { Capture } from './capture';
import type { Layout } from './layout';
import type { FindOptions } from './plan';

/** Labels that are ours even where a layout does not name them. */
const keyLabels = new Set(['service', 'profile', 'instance', 'version', 'event', 'trigger', 'member']);

/** Labels of an archive's members. Which a member has is known where the archive is read, so what asks for them is handed on. */
export const memberLabels: readonly string[] = ['profile', 'member'];

export const isKeyLabel = (layout: Layout) => (name: string) => keyLabels.has(name) || layout.labelNames.includes(name);

/** The selector's conditions on keys; the others are on samples. @throws InputError */
export const keyMatchers = ({ layout }: { layout: Layout }, selector: string): readonly Matcher[] =>
  splitMatchers(parseSelector(selector), isKeyLabel(layout)).key;

/** What conditions on keys leave of a layout's labels, as a listing is planned by it. */
export const askedLabels = ({ layout }: { layout: Layout }, matchers: readonly Matcher[]): FindOptions['labels'] =>
  Object.fromEntries(layout.labelNames.map((name) => [name, possibleValues(matchers, name)]));

/** The selector's conditions on samples; the others are on keys. @throws InputError */
export const sampleMatchers = ({ layout }: { layout: Layout }, selector: string): readonly Matcher[] =>
  splitMatchers(parseSelector(selector), isKeyLabel(layout)).sample;

export const labelOf = (labels: Capture['labels'], name: string) => (Object.hasOwn(labels, name) ? labels[name] : '');

/** Tests of key labels. @throws InputError for a pattern that does not compile */
export async function compileKeyMatchers(matchers: readonly Matcher[]) {
  const compile = async (matcher: Matcher) =>
    namedValuesTest(matcher) ??
    // Few selectors over keys have a regular expression, and module.js is small.
    (await import(/* webpackChunkName: "matcher" */ '../text/matcher')).loadMatcher(matcher);
  return Promise.all(matchers.map(async (matcher) => ({ matcher, test: await compile(matcher) })));
}
