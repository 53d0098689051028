import type { BaseQueryFields } from '../captures/choices';
import { InputError } from '../text/notice';
import { parseSelector, printSelector, type Matcher } from '../text/selector';

// How a query is asked of Grafana Pyroscope (querier/v1/querier.proto): one type of profile, selected by labels, merged over a range.

/** A type of profile as Pyroscope lists it: `memory:inuse_space:bytes:space:bytes`. */
export interface PyroscopeType {
  readonly id: string;
  /** What it groups types by: memory, process_cpu, goroutine, … */
  readonly name: string;
  readonly sampleType: string;
}

/** What is merged: of a range, Unix ms. */
export interface PyroscopeMerge {
  readonly type: string;
  readonly selector: string;
  readonly start: number;
  readonly end: number;
}

export interface PyroscopeQuery extends BaseQueryFields {
  readonly selector: string;
  readonly sampleIndex: string;
}

/** Names of types by Go's name of the profile, and the sample type that is its default. Pyroscope has names of its own for three. */
const profiles: Readonly<Record<string, { readonly names: readonly string[]; readonly standard: string }>> = {
  heap: { names: ['memory'], standard: 'inuse_space' },
  allocs: { names: ['memory'], standard: 'alloc_space' },
  cpu: { names: ['process_cpu'], standard: 'cpu' },
  goroutine: { names: ['goroutine', 'goroutines'], standard: 'goroutine' },
  mutex: { names: ['mutex'], standard: 'delay' },
  block: { names: ['block'], standard: 'delay' },
};

const day = 24 * 60 * 60_000;

/**
 * What a query merges.
 * @param types those that there are in the range
 * @throws InputError where it asks for what Pyroscope does not have, or cannot be asked for
 */
export function pyroscopeMerge(
  { selector, sampleIndex }: Pick<PyroscopeQuery, 'selector' | 'sampleIndex'>,
  types: readonly PyroscopeType[],
  { from, to }: { readonly from: number; readonly to: number }
): PyroscopeMerge {
  const matchers = parseSelector(selector);
  const type = typeOf(profileOf(matchers), sampleIndex, types);
  const others = matchers.filter(({ name }) => name !== 'profile' && name !== 'member');
  return { type, selector: printSelector(others.map(pyroscopeMatcher)), start: Math.floor(from), end: Math.ceil(to) };
}

/**
 * What it is compared with; undefined where nothing is asked for.
 * @throws InputError for a base that is a capture, of which Pyroscope knows none
 */
export function pyroscopeBase(
  merge: PyroscopeMerge,
  { base, baseInstance, baseVersion }: BaseQueryFields
): PyroscopeMerge | undefined {
  const of = (name: string, value: string): PyroscopeMerge => {
    if (value === '') {
      throw new InputError(`Pyroscope has no captures to choose another ${name} of: name it.`);
    }
    const others = parseSelector(merge.selector).filter((matcher) => matcher.name !== name);
    return { ...merge, selector: printSelector([...others, { name, op: '=', value }]) };
  };
  switch (base) {
    case '':
      return undefined;
    case 'yesterday':
      return { ...merge, start: merge.start - day, end: merge.end - day };
    case 'instance':
      return of('instance', baseInstance);
    case 'version':
      return of('version', baseVersion);
    default:
      throw new InputError(
        `Pyroscope has no captures to compare with (${base}): choose the same time yesterday, another instance or another version, or Bucket as the source.`
      );
  }
}

function profileOf(matchers: readonly Matcher[]): string {
  const asked = matchers.filter(({ name }) => name === 'profile');
  if (asked.length !== 1 || asked[0].op !== '=') {
    throw new InputError('Pyroscope merges one profile: name it, e.g. profile="heap".');
  }
  return asked[0].value;
}

function typeOf(profile: string, sampleIndex: string, types: readonly PyroscopeType[]): string {
  const known = Object.hasOwn(profiles, profile) ? profiles[profile] : { names: [profile], standard: '' };
  const there = types.filter(({ name }) => known.names.includes(name));
  if (there.length === 0) {
    const names = [...new Set(types.map(({ name }) => name))].join(', ');
    throw new InputError(
      `Pyroscope has no ${known.names.join(' or ')} profiles in this time range, which is what profile="${profile}" asks for` +
        (names === '' ? '; it has none at all.' : `; it has ${names}.`)
    );
  }
  const wanted = sampleIndex || known.standard;
  // As sampleIndexByName: "space" for inuse_space.
  const type =
    there.find(({ sampleType }) => sampleType === wanted) ??
    there.find(({ sampleType }) => sampleType === `inuse_${wanted}`) ??
    (sampleIndex === '' ? there[there.length - 1] : undefined);
  if (!type) {
    const names = there.map(({ sampleType }) => sampleType).join(', ');
    throw new InputError(`Pyroscope has no sample type "${wanted}" of ${profile} in this time range; it has ${names}.`);
  }
  return type.id;
}

/** Pyroscope's name of a service is OpenTelemetry's. @throws InputError for a name that its selectors cannot have */
function pyroscopeMatcher(matcher: Matcher): Matcher {
  const name = matcher.name === 'service' ? 'service_name' : matcher.name;
  if (!/^[a-zA-Z_]\w*$/.test(name)) {
    throw new InputError(`Pyroscope has no labels named "${name}": letters, digits and underscores alone.`);
  }
  return { ...matcher, name };
}
