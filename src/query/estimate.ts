import { estimateByPath, estimateByRules, unknown, type Estimate, type EstimateRule } from '../ops/estimate';
import { compileGroup, compilePattern } from '../text/pattern';
import { sampleIndexByName, type Profile } from '../profile/profile';
import { InputError, type Notice } from '../text/notice';
import type { EstimateQueryFields, QueryFields } from '../fields/fields';

/**
 * A profile with the label that the query estimates, and the notice that says so.
 * @param labelled a profile of the same process whose samples have the label, for estimates by call paths
 * @throws InputError for rules that cannot be read, or a label that nothing has
 */
export function estimated(
  profile: Profile,
  labelled: Profile | undefined,
  query: EstimateQueryFields & Pick<QueryFields, 'sampleIndex'>
): { profile: Profile; notices: readonly Notice[] } {
  const { estimate, estimateKey: key } = query;
  if (estimate === '') {
    return { profile, notices: [] };
  }
  if (estimate === 'paths' && !labelled) {
    return {
      profile,
      notices: [
        {
          severity: 'warning',
          text: `No estimate of ${key}: there is no CPU or goroutine profile of this process within five minutes. Capture one with the heap, or estimate by rules.`,
        },
      ],
    };
  }
  const how =
    estimate === 'paths'
      ? `by the share of each ${key} in labelled samples of the same process on the same call paths, which measures work: one that keeps more of its work holds more than this says`
      : 'by rules on function names';
  const done: Estimate =
    labelled && estimate === 'paths' ? estimateByPath(profile, labelled, key) : byRules(profile, query);
  const index = sampleIndexByName(profile, query.sampleIndex);
  const { type } = profile.sampleTypes[index];
  const percent = (100 * done.coverage[index]).toFixed(1);
  return {
    profile: done.profile,
    notices: [
      {
        severity: 'warning',
        text: `Estimate: ${key} is not recorded in this profile; it is estimated ${how}. ${percent} % of ${type} is attributed, the rest is ${unknown}.`,
      },
    ],
  };
}

function byRules(profile: Profile, { estimateRules, estimateKey }: EstimateQueryFields): Estimate {
  const rules = estimateRules
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map(readRule);
  if (rules.length === 0) {
    throw new InputError(
      'The estimate by rules has no rule: write one a line, e.g. shard\\.acme => acme, or shard\\.(\\w+).'
    );
  }
  return estimateByRules(profile, rules, estimateKey);
}

function readRule(line: string): EstimateRule {
  const [, regexp, value = ''] = /^(.*?)(?:\s*=>\s*(.*))?$/.exec(line) as RegExpExecArray;
  if (value !== '') {
    const matches = compilePattern('an estimate rule', regexp);
    return (name) => (matches(name) ? value : undefined);
  }
  const group = compileGroup('an estimate rule', regexp);
  if (!group) {
    throw new InputError(
      `The estimate rule "${line}" has no value: write ${regexp} => value, or put what is the value into a group.`
    );
  }
  return group;
}
