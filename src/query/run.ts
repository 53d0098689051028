import { defaultComparison, defaultEstimate } from '../fields/fields';
import { defaultReportOptions } from '../fields/reportOptions';
import { filterLabels, type LabelCondition } from '../ops/filterLabels';
import { withoutSystem } from '../ops/systemGoroutines';
import { labelText, labelUnits } from '../profile/labels';
import { scale } from '../profile/measurement';
import type { Profile } from '../profile/profile';
import { systemLabel } from '../profile/traceLabels';
import { compileMatcher } from '../text/matcher';
import { InputError, type Notice } from '../text/notice';
import { parseSelector, type Matcher } from '../text/selector';
import { clockTolerance, spanText } from '../text/time';
import type { MemoryMeta } from '../captures/meta';
import { countsOf, type SelectedGoroutines } from '../views/goroutines/labelColumns';
import type { Prepared } from '../views/preparedProfile';
import { withShortNames } from '../views/shortNames';
import type { Table } from '../views/table';
import type { CaptureOrigin } from '../views/fleet/origin';
import type { BaseUse, CaptureCollector } from '../views/view';
import { prepareComparison } from './compare';
import { estimated } from './estimate';
import { searchGoroutines } from './goroutineSearch';
import { waitNotices } from './waitNotices';
import { prepare } from './prepare';
import { proto } from './proto';
import type {
  CollectedQuery,
  FleetQuery,
  GoroutineQuery,
  MemoryQuery,
  ProcessQuery,
  ProfileQuery,
  RunQuery,
} from './query';
import { withAskedStates } from './states';
import { viewOf } from './viewOf';
import { profileViews } from './views';

/** Where the inputs come from, as their keys say. */
export interface Origin {
  /** Profile and base are of one process. */
  readonly isSameProcess?: boolean;
  /** When the profile was captured: Unix ms; 0 or undefined where its key does not say, or there are several. */
  readonly capturedAt?: number;
  /** The panel's time range, Unix ms: of one execution trace what lies in it is shown. */
  readonly range?: { readonly from: number; readonly to: number };
}

/** What a query is answered from. */
export interface Inputs extends Origin {
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
export function run(query: RunQuery, inputs: Inputs): readonly Table[] {
  return shortened(query.opens === 'profile' ? reportOf(query, inputs) : goroutinesOf(query, inputs), query);
}

/**
 * What a query shows as an uncompressed file of profile.proto: estimates and filters applied, less its base, nothing cut
 * off. `go tool pprof` gives its totals.
 * @throws InputError as `run` does
 */
export function encodeQuery(query: RunQuery, inputs: Inputs): Uint8Array {
  // A difference as pprof's reports show it.
  return proto(prepareQuery(query, inputs, 'subtracted'), allFields(query));
}

/**
 * From the limit of the process down to what its heap profile explains.
 * @param meta undefined where there is no meta.json
 * @throws InputError where it is no heap profile, or nothing says what memory the process had
 */
export const memory = (query: MemoryQuery, meta: MemoryMeta | undefined, profile: Profile): readonly Table[] =>
  viewOf(profileViews, 'memory', query).tables(meta, profile);

/** What a view makes of many captures, of which it keeps sums. */
export interface CaptureCollection {
  add(profile: Profile, origin: CaptureOrigin): void;
  finish(): readonly Table[];
}

/**
 * What a view over many captures makes of them; those of one process are added in the order of time.
 * @throws InputError as `run` does
 */
export const collectCaptures = (query: CollectedQuery): CaptureCollection =>
  query.opens === 'fleet' ? collectFleet(query) : collectProcess(query);

function collectFleet(query: FleetQuery): CaptureCollection {
  const collector = viewOf(profileViews, 'fleet', query).collect(query as never);
  const matchers = parseSelector(query.selector);
  const said = new Map<string, Notice>();
  return {
    add(profile, origin) {
      const { profile: selected, notices } = select(profile, query, matchers);
      const prepared = prepare(selected, allFields(query));
      // One for all captures that have it.
      [...prepared.notices, ...notices]
        .filter(({ severity }) => severity !== 'info')
        .forEach((notice) => said.set(notice.text, notice));
      collector.add(prepared, origin);
    },
    finish() {
      const [first, ...others] = shortened(collector.finish(), query);
      return first ? [{ ...first, notices: [...said.values(), ...first.notices] }, ...others] : [];
    },
  };
}

function collectProcess(query: ProcessQuery): CaptureCollection {
  const { isOfGoroutines, collect } = viewOf(profileViews, 'process', query);
  const collector: CaptureCollector = collect(query as never);
  const matchers = parseSelector(query.selector);
  return {
    add(profile, { time }) {
      const whole = withAskedStates(profile, query, matchers, isOfGoroutines);
      const { profile: selected, notices } = select(whole, query, matchers);
      const prepared = prepare(selected, allFields(query));
      // How many goroutines a search finds is another number in each capture.
      const said = [...prepared.notices, ...notices.filter(({ severity }) => severity !== 'info')];
      collector.add({ prepared: { ...prepared, notices: said }, whole }, time);
    },
    finish: () => shortened(collector.finish(), query),
  };
}

/**
 * A query with all that a profile is prepared by. What its view does not use is at pprof's presets here, so that what views
 * share can be written once.
 */
const allFields = <Q extends object>(query: Q) => ({
  ...defaultReportOptions,
  ...defaultComparison,
  ...defaultEstimate,
  ...query,
});

const shortened = (tables: readonly Table[], query: RunQuery | CollectedQuery): readonly Table[] =>
  withShortNames(tables, { fullNames: !('fullNames' in query) || query.fullNames });

function reportOf(query: ProfileQuery, inputs: Inputs): readonly Table[] {
  const view = viewOf(profileViews, 'profile', query);
  const prepared = prepareQuery(query, inputs, view.base);
  if (view.base === 'required' && !inputs.base) {
    throw new InputError(`The view "${view.name}" compares two captures: choose a base.`);
  }
  const [first, ...others] = view.tables(prepared, query as never).map((table) => inUnit(table, prepared, query));
  return [{ ...first, notices: [...prepared.notices, ...first.notices] }, ...others];
}

function goroutinesOf(query: GoroutineQuery, { profile, base, isSameProcess = false }: Inputs): readonly Table[] {
  const view = viewOf(profileViews, 'goroutines', query);
  const matchers = parseSelector(query.selector);
  const read = (p: Profile) => {
    const whole = withAskedStates(p, query, matchers, true);
    const { profile: selected, notices } = select(whole, query, matchers);
    countsOf(selected); // Throws where it has no goroutines.
    const side: SelectedGoroutines = { prepared: prepare(selected, allFields(query)), whole };
    return { side, notices };
  };
  const now = read(profile);
  const before = base && read(base).side;
  const [first, ...others] = view.tables(now.side, before, query as never, isSameProcess);
  const ofBase = before?.prepared.notices.map((notice) => ({ ...notice, text: `Base: ${notice.text}` })) ?? [];
  // Only the tree of creators has values of a sample type; the others count.
  const waits = 'sampleIndex' in query ? waitNotices(now.side.prepared) : [];
  const said = [...now.notices, ...now.side.prepared.notices, ...ofBase, ...waits];
  return [{ ...first, notices: [...said, ...first.notices] }, ...others];
}

/** The samples that the selector and the search leave, and why there are none. */
function select(
  profile: Profile,
  { search, ...signature }: Pick<ProfileQuery, 'search' | 'collapseStd' | 'signature'>,
  matchers: readonly Matcher[]
): { profile: Profile; notices: readonly Notice[] } {
  const isAsked = matchers.some(({ name }) => name === systemLabel);
  const own = isAsked ? { profile, notices: [] } : withoutSystem(profile);
  const selected = filterLabels(own.profile, matchers.map(condition));
  const empty: Notice[] =
    selected.sample.length === 0 && profile.sample.length > 0
      ? [{ severity: 'warning', text: emptyText(profile, matchers) }]
      : [];
  const found = searchGoroutines(selected, search, signature);
  return { profile: found.profile, notices: [...own.notices, ...empty, ...found.notices] };
}

/** @param use how a base, where there is one, is shown */
function prepareQuery(
  query: RunQuery,
  { profile: recorded, base, labelled, capturedAt }: Inputs,
  use: BaseUse
): Prepared {
  const matchers = parseSelector(query.selector);
  const all = allFields(query);
  const withLabels = (p: Profile) =>
    estimated(withAskedStates(p, query, matchers, query.opens === 'goroutines'), labelled, all);
  const { profile, notices } = withLabels(recorded);
  const { profile: selected, notices: selectNotices } = select(profile, query, matchers);
  const prepared = base
    ? prepareComparison(selected, select(withLabels(base).profile, query, matchers).profile, all, use)
    : prepare(selected, all);
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

/** Values divided and in the unit that was asked for; otherwise panels choose the unit of each value. */
function inUnit(table: Table, { unit: from }: Prepared, { divideBy, unit: to }: ProfileQuery): Table {
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
          values: Float64Array.from(column.values, convert),
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
  const { labels } = labelValues([profile]);
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
export interface LabelValues {
  readonly sampleTypes: readonly string[];
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** Values of one label that are kept for suggestions: those of the largest fleets, not every id of a million goroutines. */
const maxValues = 10_000;

export function labelValues(profiles: readonly Profile[]): LabelValues {
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
