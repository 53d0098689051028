import { InputError } from '../text/notice';
import { compilePattern, type Pattern } from '../text/pattern';

/** The functions that a view shows. @throws InputError where the query has no pattern, or one that does not compile */
export function searchPattern({ view, peek }: { readonly view: string; readonly peek: string }): Pattern {
  if (peek === '') {
    throw new InputError(`The view "${view}" shows the functions that match a pattern: enter one, e.g. json.Marshal.`);
  }
  return compilePattern('peek', peek);
}
