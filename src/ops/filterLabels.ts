import { labelText, labelUnits } from '../profile/labels';
import { baseValue } from '../profile/measurement';
import type { Profile } from '../profile/profile';
import { keepSamples } from './samples';

/** One condition on a label, in PromQL's meaning. */
export interface LabelCondition {
  readonly name: string;
  /** The values the test is for, or those it is not for. */
  readonly negated: boolean;
  /** The value as written: where it is a number or a range, numeric labels are compared by it. */
  readonly text: string;
  /** True where the condition, negated or not, holds for a value; '' stands for a missing label. */
  readonly test: (value: string) => boolean;
}

/**
 * Samples whose labels meet all conditions. A label may have several values: one that is wanted suffices, and none may
 * be unwanted. A numeric label meets `1024`, `1kb`, `512b:2kb`, `1mb:` or `:1mb` (both ends included) by its number and
 * unit, everything else by its text, as pprof prints it (`1.50kB`) or with all of its digits (`1537bytes`). Evaluated once for
 * each distinct label list.
 */
export function filterLabels(profile: Profile, conditions: readonly LabelCondition[]): Profile {
  if (conditions.length === 0) {
    return profile;
  }
  const { label, labelSet, strings } = profile;
  const compiled = conditions.map((condition) => ({ ...condition, range: parseRange(condition.text) }));
  let units: ReadonlyMap<string, string> | undefined; // Of numbers that are compared by their texts.
  const keep = new Uint8Array(labelSet.length);
  for (let set = 0; set < labelSet.length; set++) {
    const ok = compiled.every(({ name, negated, text, test, range }) => {
      let found = false;
      let any = false;
      for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
        if (strings[label.key[i]] !== name) {
          continue;
        }
        found = true;
        const unit = strings[label.unit[i]];
        let holds: boolean;
        const digits = label.isNumeric[i] ? strings[label.str[i]] : '';
        if (!label.isNumeric[i]) {
          holds = test(strings[label.str[i]]);
        } else if (digits !== '' && isNumber(text)) {
          // Of ids of 64 bits float64 cannot tell one from the next.
          holds = (digits === text) !== negated;
        } else if (range) {
          holds = inRange(range, label.num[i], unit || name) !== negated;
        } else {
          units ??= labelUnits(profile);
          const texts = [labelText(profile, i, units), `${digits || label.num[i]}${unit}`];
          holds = negated ? texts.every(test) : texts.some(test);
        }
        if (negated && !holds) {
          return false;
        }
        any ||= holds;
      }
      return found ? any : test('');
    });
    keep[set] = ok ? 1 : 0;
  }
  return keepSamples(profile, (i) => keep[profile.sample.labelSet[i]] === 1);
}

const isNumber = (text: string) => /^-?\d+$/.test(text);

interface Range {
  readonly low: number;
  readonly high: number;
  /** Family of the unit, '' where the text has none: then any unit will do. */
  readonly family: string;
}

/** `N[unit]`, `N[unit]:M[unit]`, `N[unit]:`, `:N[unit]`. */
function parseRange(text: string): Range | undefined {
  const match = /^([+-]?\d+)?([A-Za-zμ]*)(:)?(?:([+-]?\d+)([A-Za-zμ]*))?$/.exec(text);
  if (!match || (match[1] === undefined && match[4] === undefined)) {
    return undefined;
  }
  const [, first, firstUnit, colon, second, secondUnit] = match;
  const low = first === undefined ? undefined : baseValue(Number(first), firstUnit);
  const high = second === undefined ? undefined : baseValue(Number(second), secondUnit || firstUnit);
  if (low && high && low.family !== high.family) {
    return undefined;
  }
  return {
    low: low?.value ?? -Infinity,
    high: high?.value ?? (colon || !low ? Infinity : low.value),
    family: (low ?? high)?.family ?? '',
  };
}

function inRange({ low, high, family }: Range, value: number, unit: string): boolean {
  const base = baseValue(value, unit);
  return (family === '' || family === base.family) && base.value >= low && base.value <= high;
}
