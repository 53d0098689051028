import { filterLabels, type LabelCondition } from '../ops/filterLabels';
import { scale } from '../profile/measurement';
import { compilePattern, type Pattern } from '../text/pattern';
import { sampleIndexByName, type Profile } from '../profile/profile';
import { InputError, type Notice } from '../text/notice';
import { clockTolerance, spanText } from '../text/time';
import { diff } from '../views/diff';
import { callers, flame } from '../views/flame';
import type { GoroutineSide } from '../views/goroutines/facts';
import { GrowthBuilder } from '../views/growth';
import { labelText, labelUnits } from '../profile/labels';
import { list } from '../views/list';
import { graph } from '../views/nodeGraph';
import { peek, tree } from '../views/peek';
import type { Prepared } from '../views/preparedProfile';
import { sandwich } from '../views/sandwich';
import { withShortNames } from '../views/shortNames';
import { sizes } from '../views/sizes';
import type { Table } from '../views/table';
import { tags } from '../views/tags';
import { top } from '../views/top';
import { traces } from '../views/traces';
import { waterfall } from '../views/memory';
import type { MemoryMeta } from '../captures/meta';
import { prepareComparison } from './compare';
import { estimated } from './estimate';
import { compileMatcher } from '../text/matcher';
import { prepare } from './prepare';
import { ofWhole, proto } from './proto';
import { isGoroutineView, isHistoryView, type GoroutineView } from './goroutineOptions';
import { goroutineTable, historyOf, waitNotices } from './goroutines';
import { searchGoroutines } from './goroutineSearch';
import { isProfileView, profileViews, type ProfileView, type Query } from './query';
import { parseSelector, type Matcher } from '../text/selector';
import { withAskedStates } from './states';

type ReportView = Exclude<ProfileView, GoroutineView>;

/** What a query asks of a prepared profile. A view is one table; sandwich and graph are two. */
const reports: Readonly<Record<ReportView, (prepared: Prepared, query: Query) => readonly Table[]>> = {
  flame: (prepared, query) => [flame(prepared, query)],
  callers: (prepared, query) => [callers(prepared, query)],
  sandwich: (prepared, query) => sandwich(prepared, query, peekPattern(query)),
  graph,
  top: (prepared, query) => [top(prepared, query)],
  diff: (prepared, query) => [diff(prepared, query)],
  tree: (prepared, query) => [tree(prepared, query)],
  peek: (prepared, query) => [peek(prepared, query, peekPattern(query))],
  list: (prepared, query) => [list(prepared, query, peekPattern(query))],
  tags: (prepared, query) => [tags(prepared, query)],
  traces: (prepared, query) => [traces(prepared, query)],
  sizes: (prepared, query) => [sizes(prepared, query)],
};

/** What keys say of the inputs. */
export interface KeyFacts {
  /** Profile and base are of one process. */
  readonly isSameProcess?: boolean;
  /** When the profile was captured: Unix ms; 0 or undefined where its key does not say, or there are several. */
  readonly capturedAt?: number;
}

/** What a query is answered from. */
export interface Inputs extends KeyFacts {
  readonly profile: Profile;
  /** What the profile is compared with. */
  readonly base?: Profile;
  /** A profile of the same process whose samples have the label that is estimated. */
  readonly labelled?: Profile;
}

/**
 * Answers a query over decoded profiles: the whole core in one function, in pprof's order (base, options, then the
 * report). `query.selector` has here only what filters samples, which narrows the profiles before anything else:
 * percentages are of what it leaves, as those of `tagfocus` are not.
 * @throws InputError for a query that cannot be answered
 */
export function run(query: Query, inputs: Inputs): readonly Table[] {
  const { view } = query;
  if (!isProfileView(view)) {
    throw new InputError(`The view "${view}" opens no profile; expected one of ${profileViews.join(', ')}.`);
  }
  if (isGoroutineView(view)) {
    return withShortNames([goroutinesOf(view, query, inputs)], query);
  }
  const prepared = prepareQuery(query, inputs, view);
  const [first, ...others] = reports[view](prepared, query).map((table) => inUnit(table, prepared, query));
  return withShortNames([{ ...first, notices: [...prepared.notices, ...first.notices] }, ...others], query);
}

/**
 * What a query shows as an uncompressed file of profile.proto: estimates and filters applied, less its base, nothing cut
 * off. `go tool pprof` gives its totals.
 * @throws InputError as `run` does
 */
export function encodeQuery(query: Query, inputs: Inputs): Uint8Array {
  // Of the reports, one that shows a difference as pprof does.
  return proto(prepareQuery(ofWhole(query), inputs, 'traces'), query);
}

/** From the limit of the process down to what its heap profile explains. @throws InputError where it is no heap profile */
export function memory(meta: MemoryMeta, profile: Profile): readonly Table[] {
  const index = sampleIndexByName(profile, 'inuse_space');
  return [
    waterfall(
      meta,
      profile.sample.values[index].reduce((sum, value) => sum + value, 0)
    ),
  ];
}

/**
 * What a view over the captures of one process makes of them, added in the order of time.
 * @throws InputError as `run` does
 */
export function processView(query: Query): { add(profile: Profile, time: number): void; finish(): readonly Table[] } {
  const captures = collect(query);
  // A history counts, whatever sample type another view has chosen.
  const options = isHistoryView(query.view) ? { ...query, sampleIndex: '' } : query;
  const matchers = parseSelector(query.selector);
  return {
    add(profile, time) {
      const whole = withAskedStates(profile, query, matchers);
      const { profile: selected, notices } = select(whole, query, matchers);
      const prepared = prepare(selected, options);
      // How many goroutines a search finds is another number in each capture.
      const said = [...prepared.notices, ...notices.filter(({ severity }) => severity !== 'info')];
      captures.add({ prepared: { ...prepared, notices: said }, whole }, time);
    },
    finish: () => withShortNames(captures.finish(), query),
  };
}

function collect(query: Query): { add(side: GoroutineSide, time: number): void; finish(): readonly Table[] } {
  const { view } = query;
  if (isHistoryView(view)) {
    return historyOf(view, query);
  }
  const growth = new GrowthBuilder(query);
  return { add: ({ prepared }, time) => growth.add(prepared, time), finish: () => [growth.finish()] };
}

function goroutinesOf(view: GoroutineView, query: Query, { profile, base, isSameProcess = false }: Inputs): Table {
  const matchers = parseSelector(query.selector);
  const sideOf = (p: Profile) => {
    const whole = withAskedStates(p, query, matchers);
    const { profile: selected, notices } = select(whole, query, matchers);
    return { whole, selected, notices };
  };
  const now = sideOf(profile);
  const table = goroutineTable(view, query, { now, base: base && sideOf(base), isSameProcess });
  return { ...table, notices: [...now.notices, ...table.notices] };
}

/** The samples that the selector and the search leave, and why there are none. */
function select(
  profile: Profile,
  query: Query,
  matchers: readonly Matcher[]
): { profile: Profile; notices: readonly Notice[] } {
  const selected = filterLabels(profile, matchers.map(condition));
  const empty: Notice[] =
    selected.sample.length === 0 && profile.sample.length > 0
      ? [{ severity: 'warning', text: emptyText(profile, matchers) }]
      : [];
  const found = searchGoroutines(selected, query.search, query);
  return { profile: found.profile, notices: [...empty, ...found.notices] };
}

function prepareQuery(
  query: Query,
  { profile: recorded, base, labelled, capturedAt }: Inputs,
  view: ReportView
): Prepared {
  const matchers = parseSelector(query.selector);
  const withLabels = (p: Profile) => estimated(withAskedStates(p, query, matchers), labelled, query);
  const { profile, notices } = withLabels(recorded);
  const { profile: selected, notices: selectNotices } = select(profile, query, matchers);
  if (view === 'diff' && !base) {
    throw new InputError('The view "diff" compares two captures: choose a base.');
  }
  const prepared = base
    ? prepareComparison(selected, select(withLabels(base).profile, query, matchers).profile, query, view)
    : prepare(selected, query);
  const said = [...notices, ...selectNotices, ...skew(recorded, capturedAt), ...waitNotices(prepared)];
  return { ...prepared, notices: [...said, ...prepared.notices] };
}

/** The profile and its key say different times: one of the clocks is wrong, and so is the place of a mark on a panel. */
function skew({ timeNanos }: Profile, capturedAt = 0): Notice[] {
  const recordedAt = Number(timeNanos / 1_000_000n);
  if (recordedAt === 0 || capturedAt === 0 || Math.abs(recordedAt - capturedAt) < clockTolerance) {
    return [];
  }
  const text = (time: number) => new Date(time).toISOString().replace('T', ' ').slice(0, 19);
  return [
    {
      severity: 'warning',
      text:
        `The profile says that it was captured at ${text(recordedAt)} UTC, its key says ${text(capturedAt)}: ` +
        `${spanText(recordedAt - capturedAt)} apart. A clock is wrong, or the key's time is not UTC.`,
    },
  ];
}

/** @throws InputError where the query has none, or one that does not compile */
function peekPattern({ view, peek: text }: Query): Pattern {
  if (text === '') {
    throw new InputError(`The view "${view}" shows the functions that match a pattern: enter one, e.g. json.Marshal.`);
  }
  return compilePattern('peek', text);
}

/** Values divided and in the unit that was asked for; otherwise panels choose the unit of each value. */
function inUnit(table: Table, { unit: from }: Prepared, { divideBy, unit: to }: Query): Table {
  const divide = divideBy > 0 && divideBy !== 1;
  const scaled = to === 'minimum' || to === 'auto' ? undefined : scale(1, from, to);
  if (!divide && !scaled) {
    return table;
  }
  // Each value by itself: a factor would round once more than pprof does.
  const convert = (value: number) => {
    const divided = divide ? Math.trunc(value * (1 / divideBy)) : value;
    return scaled ? scale(divided, from, to).value : divided;
  };
  const columns = table.columns.map((column) =>
    column.kind === 'number' && column.unit === from && !column.isOfLabel
      ? {
          ...column,
          values: Float64Array.from(column.values as ArrayLike<number>, convert),
          unit: scaled ? scaled.unit : from,
        }
      : column
  );
  return { ...table, columns };
}

function condition(matcher: Matcher): LabelCondition {
  return {
    name: matcher.name,
    negated: matcher.op.startsWith('!'),
    text: matcher.value,
    test: compileMatcher(matcher),
  };
}

/** Why no sample is left: the first label that the profile lacks, else what it has. */
function emptyText(profile: Profile, matchers: readonly Matcher[]): string {
  const { labels } = profileFacts([profile]);
  for (const { name, op, value } of matchers) {
    if (!Object.hasOwn(labels, name)) {
      const keys = Object.keys(labels);
      return (
        `No sample matches ${name}${op}"${value}": ` +
        (keys.length === 0
          ? 'the samples have no labels. Go writes labels (pprof.Do) into CPU and goroutine profiles, never into heap profiles.'
          : `there is no label "${name}"; the samples have ${keys.join(', ')}.`)
      );
    }
  }
  const { name } = matchers[0];
  return `No sample matches all of the filters. Values of ${name}: ${labels[name].slice(0, 10).join(', ')}.`;
}

/** What profiles offer to the editors: sample types, and the values of each label. */
export interface ProfileFacts {
  readonly sampleTypes: readonly string[];
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** Values of one label that are kept for suggestions: those of the largest fleets, not every id of a million goroutines. */
const maxValues = 10_000;

export function profileFacts(profiles: readonly Profile[]): ProfileFacts {
  const sampleTypes = new Set<string>();
  const labels = new Map<string, Set<string>>();
  for (const profile of profiles) {
    const { sampleTypes: types, label, strings } = profile;
    types.forEach(({ type }) => sampleTypes.add(type));
    const units = labelUnits(profile);
    for (let i = 0; i < label.length; i++) {
      const key = strings[label.key[i]];
      const values = labels.get(key) ?? new Set();
      labels.set(key, values);
      if (values.size < maxValues) {
        values.add(labelText(profile, i, units));
      }
    }
  }
  return {
    sampleTypes: [...sampleTypes],
    labels: Object.fromEntries([...labels].sort().map(([key, values]) => [key, [...values].sort()])),
  };
}
