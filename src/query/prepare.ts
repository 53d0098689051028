import { isBaseSet } from '../ops/subtractBase';
import { filterNames, noInlines, prune, pruneFrom, showFrom } from '../ops/nameFilters';
import { filterTags, isTagRange, selectTags } from '../ops/tagFilters';
import { tagFrames } from '../ops/tagroot';
import { labelUnits } from '../profile/labels';
import { compilePattern } from '../text/pattern';
import { checkExact, sampleIndexByName, type Profile } from '../profile/profile';
import { InputError, type Notice } from '../text/notice';
import type { Prepared } from '../views/preparedProfile';
import type { filterFields, QueryFields, valueFields } from '../fields/fields';
import { reportOptions } from '../fields/reportOptions';

/** What of a query says which samples there are, with which frames, labels and values. */
export type PrepareFields = Omit<
  Pick<QueryFields, (typeof filterFields)[number] | (typeof valueFields)[number]>,
  'search' | 'collapseStd' | 'signature'
>;

/**
 * Applies options in pprof's order (internal/driver/driver.go, generateRawReport): the profile's own drop_frames, units
 * of labels, tagroot and tagleaf, the total, then the filters; with relative_percentages the filters come before the
 * total. A filter that matches nothing is a notice.
 * @param baseIndex row of the base's values in a paired profile
 * @throws InputError for an option that cannot be read, or a sample type whose values are not exact
 */
export function prepare(profile: Profile, options: PrepareFields, baseIndex?: number): Prepared {
  if (options.divideBy === 0) {
    throw new InputError('divide_by is 0: expected a number that values can be divided by.');
  }
  const index = sampleIndexByName(profile, options.sampleIndex);
  const { type, unit } = profile.sampleTypes[index];
  checkExact(profile.sampleTypes[index]);
  if (options.mean) {
    checkExact(profile.sampleTypes[0]);
  }
  if (baseIndex !== undefined) {
    checkExact(profile.sampleTypes[baseIndex]);
  }
  const notices: Notice[] = [...profile.notices];
  const units = labelUnits(profile);
  const dropped = dropUninteresting(profile, notices);
  const tagged = tagFrames(dropped, options);
  say(tagged.matched, options, notices);
  const filtered = filter(tagged.profile, options, units, notices);
  // Frames of tags change no value.
  const totalled = options.relativePercentages ? filtered : dropped;
  return {
    profile: options.noInlines ? noInlines(filtered, options) : filtered,
    index,
    type: options.mean ? `mean_${type}` : type,
    unit,
    total: totalOf(totalled, index, options.mean),
    ...(baseIndex !== undefined && { base: { index: baseIndex, total: totalOf(totalled, baseIndex, options.mean) } }),
    labelUnits: units,
    notices,
  };
}

/** As in pprof, patterns of the profile that do not compile drop nothing; here that is a notice. */
function dropUninteresting(profile: Profile, notices: Notice[]): Profile {
  const { dropFrames, keepFrames } = profile;
  if (dropFrames === '') {
    return profile;
  }
  const whole = (name: string, frames: string) => compilePattern(`${name} of the profile`, `^(${frames})$`);
  try {
    return prune(
      profile,
      whole('drop_frames', dropFrames),
      keepFrames === '' ? undefined : whole('keep_frames', keepFrames)
    );
  } catch (error) {
    if (!(error instanceof InputError)) {
      throw error;
    }
    notices.push({ severity: 'warning', text: `${error.message} No frame was dropped.` });
    return profile;
  }
}

/** A notice for each filter that matched nothing. */
function say(matched: Readonly<Record<string, boolean>>, options: PrepareFields, notices: Notice[]): void {
  for (const [field, isMatched] of Object.entries(matched)) {
    if (!isMatched) {
      const text = options[field as keyof PrepareFields];
      notices.push({ severity: 'warning', text: `${flagOf(field)} "${text}" matched no samples.` });
    }
  }
}

function filter(
  profile: Profile,
  options: PrepareFields,
  units: ReadonlyMap<string, string>,
  notices: Notice[]
): Profile {
  const pattern = (
    field: 'focus' | 'ignore' | 'hideNodes' | 'showNodes' | 'showFrom' | 'pruneFrom' | 'tagShow' | 'tagHide'
  ) => (options[field] === '' ? undefined : compilePattern(flagOf(field), options[field]));
  const named = filterNames(profile, {
    focus: pattern('focus'),
    ignore: pattern('ignore'),
    hideNodes: pattern('hideNodes'),
    showNodes: pattern('showNodes'),
  });
  say(named.matched, options, notices);
  const from = pattern('showFrom');
  const shown = from ? showFrom(named.profile, from) : { profile: named.profile, matched: true };
  say({ showFrom: shown.matched }, options, notices);
  const tagged = filterTags(shown.profile, options, units);
  say(tagged.matched, options, notices);
  for (const field of ['tagFocus', 'tagIgnore'] as const) {
    if (options[field] !== '' && isTagRange(options[field])) {
      const text = `${flagOf(field)} "${options[field]}" is read as a number or a range, not as a regular expression.`;
      notices.push({ severity: 'info', text });
    }
  }
  const selected = selectTags(tagged.profile, { show: pattern('tagShow'), hide: pattern('tagHide') });
  say(selected.matched, options, notices);
  const leaf = pattern('pruneFrom');
  const pruned = leaf ? pruneFrom(selected.profile, leaf) : { profile: selected.profile, matched: true };
  say({ pruneFrom: pruned.matched }, options, notices);
  return pruned.profile;
}

const flagOf = (field: string) => reportOptions.find((option) => option.field === field)?.flag ?? field;

/**
 * Sum of the absolute values; of the base's alone where the profile is a difference; by their count where they are
 * means (internal/report, computeTotal).
 */
function totalOf(profile: Profile, index: number, mean: boolean): number {
  const { sample, labelSet } = profile;
  const isBase = Uint8Array.from({ length: labelSet.length }, (_, set) => (isBaseSet(profile, set) ? 1 : 0));
  const values = sample.values[index];
  const counts = sample.values[0];
  let all = 0;
  let allCount = 0;
  let base = 0;
  let baseCount = 0;
  for (let i = 0; i < sample.length; i++) {
    const value = Math.abs(values[i]);
    all += value;
    allCount += counts[i];
    if (isBase[sample.labelSet[i]]) {
      base += value;
      baseCount += counts[i];
    }
  }
  const [total, count] = base > 0 ? [base, baseCount] : [all, allCount];
  return mean && count !== 0 ? Math.trunc(total / count) : total;
}
