import { filterLabels, type LabelCondition } from '../ops/labels';
import { MergeBuilder } from '../ops/merge';
import { tagFrames } from '../ops/tagroot';
import { InputError, type Profile } from '../profile/profile';
import { flame } from '../views/flame';
import { tags } from '../views/tags';
import type { Notice, Table } from '../views/table';
import { top } from '../views/top';
import type { Query } from './query';
import { compileMatcher, parseSelector, type Matcher } from './selector';

/** The views that open profiles; `captures` and `series` come from keys alone. */
const profileViews = { flame, top, tags } as const;

/**
 * Answers a query over decoded profiles: the whole core in one function, in pprof's order (merge, tagroot and tagleaf,
 * then filters, then the report). `query.selector` has here only what filters samples.
 * @throws InputError for a query that cannot be answered
 */
export function run(query: Query, profiles: readonly Profile[]): Table[] {
  if (query.view !== 'flame' && query.view !== 'top' && query.view !== 'tags') {
    throw new InputError(`The view "${query.view}" opens no profile; expected flame, top or tags.`);
  }
  const matchers = parseSelector(query.selector);
  const merged = profiles.length === 1 ? profiles[0] : mergeAll(profiles);
  const framed = tagFrames(merged, { tagRoot: query.tagRoot, tagLeaf: query.tagLeaf });
  const filtered = filterLabels(framed, matchers.map(condition));
  const notices: Notice[] = [];
  if (filtered.sample.length === 0 && framed.sample.length > 0) {
    notices.push({ severity: 'warning', text: emptyText(merged, matchers) });
  }
  const table = profileViews[query.view](filtered, query);
  return [{ ...table, notices: [...notices, ...table.notices] }];
}

function mergeAll(profiles: readonly Profile[]): Profile {
  const builder = new MergeBuilder();
  profiles.forEach((profile) => builder.add(profile));
  return builder.finish();
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

/** Values of one label that are kept for suggestions. */
const maxValues = 1000;

export function profileFacts(profiles: readonly Profile[]): ProfileFacts {
  const sampleTypes = new Set<string>();
  const labels = new Map<string, Set<string>>();
  for (const { sampleTypes: types, label, strings } of profiles) {
    types.forEach(({ type }) => sampleTypes.add(type));
    for (let i = 0; i < label.length; i++) {
      const key = strings[label.key[i]];
      const values = labels.get(key) ?? new Set();
      labels.set(key, values);
      if (values.size < maxValues) {
        values.add(label.isNumeric[i] ? `${label.num[i]}${strings[label.unit[i]]}` : strings[label.str[i]]);
      }
    }
  }
  return {
    sampleTypes: [...sampleTypes],
    labels: Object.fromEntries([...labels].sort().map(([key, values]) => [key, [...values].sort()])),
  };
}
