import { compilePattern } from './pattern';
import { namedValuesTest, type Matcher } from './selector';
import { withEngine } from './withEngine';

/**
 * A test for one matcher's values; a label that is missing has the value ''.
 * @throws InputError for a pattern that does not compile
 */
export function compileMatcher(matcher: Matcher): (value: string) => boolean {
  const test = namedValuesTest(matcher);
  if (test) {
    return test;
  }
  const pattern = compilePattern(matcher.name, `^(?s:${matcher.value})$`);
  const isPositive = matcher.op === '=~';
  return (actual) => pattern(actual) === isPositive;
}

/** The same, where the engine may have to be loaded. */
export const loadMatcher = (matcher: Matcher) => withEngine(() => compileMatcher(matcher));
