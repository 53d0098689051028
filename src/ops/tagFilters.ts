import { LabelSetBuilder } from '../profile/labelSets';
import { usedSets } from '../profile/labels';
import { scale } from '../profile/measurement';
import { compilePattern, type Pattern } from '../text/pattern';
import type { Profile } from '../profile/profile';
import { keepSamples } from './samples';

/** True for the label lists, by row of `labelSet`, that an expression selects. */
type SetTest = (set: number) => boolean;

/**
 * tagfocus keeps the samples whose labels match, tagignore drops them (internal/driver/driver_focus.go). Each distinct
 * label list is judged once.
 * @param units of numeric labels, by key: those of the whole profile, found before any filter
 * @throws InputError for a pattern that does not compile
 */
export function filterTags(
  profile: Profile,
  { tagFocus, tagIgnore }: { readonly tagFocus: string; readonly tagIgnore: string },
  units: ReadonlyMap<string, string>
): { profile: Profile; matched: { tagFocus: boolean; tagIgnore: boolean } } {
  const focus = tagFocus === '' ? undefined : compileTagFilter(profile, 'tagfocus', tagFocus, units);
  const ignore = tagIgnore === '' ? undefined : compileTagFilter(profile, 'tagignore', tagIgnore, units);
  const matched = { tagFocus: !focus, tagIgnore: !ignore };
  if (!focus && !ignore) {
    return { profile, matched };
  }
  const { labelSet, sample } = profile;
  const isFocused = new Uint8Array(labelSet.length);
  const isIgnored = new Uint8Array(labelSet.length);
  for (let set = 0; set < labelSet.length; set++) {
    isFocused[set] = !focus || focus(set) ? 1 : 0;
    isIgnored[set] = ignore?.(set) ? 1 : 0;
  }
  const filtered = keepSamples(profile, (i) => {
    const set = sample.labelSet[i];
    matched.tagFocus ||= isFocused[set] === 1;
    matched.tagIgnore ||= isIgnored[set] === 1;
    return isFocused[set] === 1 && isIgnored[set] === 0;
  });
  return { profile: filtered, matched };
}

/** `[key=]value`: numbers and ranges test numeric labels, everything else the texts. */
function compileTagFilter(profile: Profile, name: string, text: string, units: ReadonlyMap<string, string>): SetTest {
  const { label, labelSet, strings } = profile;
  const equals = text.indexOf('=');
  // `=acme` has an empty key, which is none.
  const wanted = text.slice(0, Math.max(0, equals)) || undefined;
  const value = text.slice(equals + 1);
  const some = (set: number, test: (i: number, key: string) => boolean): boolean => {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      const key = strings[label.key[i]];
      if ((wanted === undefined || key === wanted) && test(i, key)) {
        return true;
      }
    }
    return false;
  };

  const range = parseRange(value);
  if (range) {
    return (set) => some(set, (i, key) => label.isNumeric[i] === 1 && range(label.num[i], units.get(key) ?? ''));
  }
  const patterns = value.split(',').map((piece) => compilePattern(name, piece));
  const matches = (set: number, pattern: Pattern) =>
    some(set, (i, key) => {
      const label_ = strings[label.str[i]];
      return !label.isNumeric[i] && pattern(wanted === undefined ? `${key}:${label_}` : label_);
    });
  return wanted === undefined
    ? (set) => patterns.every((pattern) => matches(set, pattern))
    : (set) => patterns.some((pattern) => matches(set, pattern));
}

/** Whether a tag filter is a number or a range, which only numeric labels match. */
export const isTagRange = (text: string): boolean => parseRange(text.slice(text.indexOf('=') + 1)) !== undefined;

/**
 * `32kb`, `:64kb`, `4mb:` and `12kb:64kb`, both ends included; undefined for what is none of these, a pattern then. A
 * label is measured in the unit of the first number, and one of another kind does not match.
 */
function parseRange(text: string): ((value: number, unit: string) => boolean) | undefined {
  const [first, second] = [...text.matchAll(/([+-]?[0-9]+)([A-Za-z]+)?/g)];
  // Where a number passes 64 bits pprof crashes: here it is text like any other, a tenant's id say.
  if (!first || !isInt64(first[1]) || (second && !isInt64(second[1]))) {
    return undefined;
  }
  const bound = (match: RegExpMatchArray, unit: string) => scale(Number(match[1]), match[2] ?? '', unit);
  const low = bound(first, first[2] ?? '');
  const within = (least: number, most: number) => (value: number, unit: string) => {
    const scaled = scale(value, unit, low.unit);
    return scaled.unit === low.unit && scaled.value >= least && scaled.value <= most;
  };
  if (!second) {
    switch (text) {
      case first[0]:
        return within(low.value, low.value);
      case `${first[0]}:`:
        return within(low.value, Infinity);
      case `:${first[0]}`:
        return within(-Infinity, low.value);
    }
    return undefined;
  }
  const high = bound(second, low.unit);
  return text === `${first[0]}:${second[0]}` && high.unit === low.unit ? within(low.value, high.value) : undefined;
}

function isInt64(digits: string): boolean {
  const value = BigInt(digits.replace('+', ''));
  return BigInt.asIntN(64, value) === value;
}

/** Leaves out the labels whose key `show` does not match or `hide` does (profile.FilterTagsByName). */
export function selectTags(
  profile: Profile,
  { show, hide }: { readonly show?: Pattern; readonly hide?: Pattern }
): { profile: Profile; matched: { tagShow: boolean; tagHide: boolean } } {
  const matched = { tagShow: !show, tagHide: !hide };
  if (!show && !hide) {
    return { profile, matched };
  }
  const { label, labelSet, sample, strings } = profile;
  const builder = new LabelSetBuilder();
  const rows = new Uint32Array(labelSet.length);
  for (const set of usedSets(profile)) {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      const key = strings[label.key[i]];
      const isShown = !show || show(key);
      const isHidden = hide?.(key) ?? false;
      matched.tagShow ||= isShown;
      matched.tagHide ||= isHidden;
      if (isShown && !isHidden) {
        builder.add(label.key[i], label.str[i], label.num[i], label.unit[i], label.isNumeric[i] === 1);
      }
    }
    rows[set] = builder.finishSet();
  }
  return {
    profile: Object.freeze({
      ...profile,
      ...builder.finish(),
      sample: { ...sample, labelSet: sample.labelSet.map((set) => rows[set]) },
    }),
    matched,
  };
}
