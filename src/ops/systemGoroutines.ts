import { sampleIndexByName, type Profile } from '../profile/profile';
import { isOfTrace, systemLabel } from '../profile/traceLabels';
import { grouped, type Notice } from '../text/notice';
import { keepSamples } from './samples';

/** Panels ask one cached profile again and again, and what hangs on its tables is found by the profile. */
const known = new WeakMap<Profile, { profile: Profile; notices: readonly Notice[] }>();

/**
 * A profile of an execution trace without system goroutines, those of the runtime itself, which `go tool trace` counts: one of them yields in
 * a loop and would be most of what waits. Other profiles stay as they are.
 * @returns notices: how much was left out, and how it is asked for
 */
export function withoutSystem(profile: Profile): { profile: Profile; notices: readonly Notice[] } {
  if (!isOfTrace(profile)) {
    return { profile, notices: [] };
  }
  let result = known.get(profile);
  if (!result) {
    const isSystem = systemSets(profile);
    const kept = keepSamples(profile, (i) => isSystem[profile.sample.labelSet[i]] === 0);
    known.set(profile, (result = { profile: kept, notices: noticesOf(profile, isSystem) }));
  }
  return result;
}

/** For each label list 1 where it says that its goroutine is a system goroutine. */
function systemSets({ labelSet, label, strings }: Profile): Uint8Array {
  const key = strings.indexOf(systemLabel);
  const isSystem = new Uint8Array(labelSet.length);
  for (let set = 0; set < labelSet.length; set++) {
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      isSystem[set] |= label.key[i] === key ? 1 : 0;
    }
  }
  return isSystem;
}

function noticesOf(profile: Profile, isSystem: Uint8Array): Notice[] {
  const { sample } = profile;
  const [counts, delays] = [sample.values[0], sample.values[sampleIndexByName(profile, 'delay')]];
  let [count, delay, all] = [0, 0, 0];
  for (let i = 0; i < sample.length; i++) {
    all += delays[i];
    if (isSystem[sample.labelSet[i]] !== 0) {
      count += counts[i];
      delay += delays[i];
    }
  }
  const share = all > 0 ? `, ${((100 * delay) / all).toFixed(1)} % of all delay` : '';
  return count === 0
    ? []
    : [
        {
          severity: 'info',
          text: `System goroutines, those of the runtime itself, are left out: ${grouped(count)} of their waits${share}. \`go tool trace\` counts them, and so does a query with ${systemLabel}=~"true|" in its selector.`,
        },
      ];
}
