import { parseSelector, printSelector, type Matcher } from '../text/selector';

/** Labels the editor has fields of their own for. */
export const ownFields = ['service', 'profile'] as const;

export interface SelectorFields {
  readonly service: string;
  readonly profile: string;
  /** Every other matcher, and those on service and profile that are no plain =. */
  readonly filters: readonly Matcher[];
}

/** The selector as the editor's fields show it; undefined where it cannot be read, and only its text can be edited. */
export function readFields(selector: string): SelectorFields | undefined {
  let matchers: Matcher[];
  try {
    matchers = parseSelector(selector);
  } catch {
    return undefined;
  }
  const take = (name: string): string => {
    const at = matchers.findIndex((m) => m.name === name && m.op === '=');
    return at < 0 ? '' : matchers.splice(at, 1)[0].value;
  };
  return { service: take('service'), profile: take('profile'), filters: matchers };
}

export function writeFields({ service, profile, filters }: SelectorFields): string {
  const own = Object.entries({ service, profile })
    .filter(([, value]) => value !== '')
    .map(([name, value]): Matcher => ({ name, op: '=', value }));
  return printSelector([...own, ...filters]);
}
