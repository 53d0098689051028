import type { Matcher } from '../text/selector';
import type { PprofQuery } from '../types';
import type { FormProps } from './form';
import { readFields, writeFields } from './selectorFields';

/** What was just captured, and is in the bucket. */
export interface Captured {
  readonly service: string;
  /** One for each process. */
  readonly events: readonly string[];
  /** In the order of the form. */
  readonly profiles: readonly string[];
  /** Keys of the objects of the first event. */
  readonly keys: readonly string[];
}

/** What the name of an object says of its profile. */
export const profileOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1).split('.')[0];

/**
 * What a query shows captures with that were just taken, of several processes all: of what it shows now all that may stay.
 * @param isInRange false where the time range ended before now, in which no event of now is found: a key is, of one process
 */
export function captureShown(
  { query, view }: Pick<FormProps, 'query' | 'view'>,
  { service, events, profiles, keys }: Captured,
  isInRange = true
): Partial<PprofQuery> {
  const { profile = '' } = readFields(query.selector) ?? {};
  const shown = profiles.includes(profile) ? profile : profiles[0];
  const key = isInRange ? undefined : keys.find((each) => profileOf(each) === shown);
  const isOne = events.length === 1 || key !== undefined;
  const filters: Matcher[] = isOne ? [] : [{ name: 'event', op: '=~', value: events.join('|') }];
  return {
    selector: writeFields({ service, profile: shown, filters }),
    ...(isOne ? { capture: 'event', event: key ?? events[0] } : { capture: 'merge' }),
    ...viewShown(shown, view),
  };
}

/** Who captures wants to see it: a list of captures would show that it is there, and some views are of one profile alone. */
function viewShown(profile: string, { opens, group }: FormProps['view']): Partial<PprofQuery> {
  if (profile === 'trace') {
    return opens === 'trace' ? {} : { view: 'trace' };
  }
  const isOther =
    (group === 'Goroutines' && !profile.startsWith('goroutine')) || (opens === 'memory' && profile !== 'heap');
  return opens === 'keys' || opens === 'trace' || isOther ? { view: 'flame' } : {};
}
