import type { Profile } from '../../profile/profile';
import { grouped, type Notice } from '../../text/notice';
import { labelColumnsOf } from './labelColumns';

export interface Survivors {
  /** Ids that both profiles have; undefined where ids cannot be compared. */
  readonly ids?: ReadonlySet<number>;
  /** The two are of different processes. */
  readonly isRestart?: boolean;
  readonly notices: readonly Notice[];
}

/**
 * Which goroutines of a base are still there, by id. An id is of one goroutine for the life of a process and says nothing
 * in another one. Keys say that two captures are of one instance and version; whether it was restarted in between, the
 * dumps say: an id with two creators is of two processes.
 */
export function compareIds(profile: Profile, base: Profile): Survivors {
  const now = labelColumnsOf(profile);
  const before = labelColumnsOf(base);
  if (!now.hasIds || !before.hasIds) {
    return { notices: [] };
  }
  const setOfId = idsOf(profile);
  const setOfBaseId = idsOf(base);
  if (!setOfId || !setOfBaseId) {
    return {
      notices: [
        { severity: 'info', text: 'Goroutines are not compared by id: several dumps are in one of the two sides.' },
      ],
    };
  }
  const started = (p: Profile, set: number): string => {
    const { creator, createdAt } = labelColumnsOf(p);
    return creator[set] === 0 ? '' : `${p.strings[creator[set]]} ${p.strings[createdAt[set]]}`;
  };
  const ids = new Set<number>();
  for (const [id, set] of setOfId) {
    const baseSet = setOfBaseId.get(id);
    if (baseSet === undefined) {
      continue;
    }
    const [own, other] = [started(profile, set), started(base, baseSet)];
    // A dump that is cut off lacks the creator of its last goroutine.
    if (own !== other && own !== '' && other !== '') {
      const text =
        `Goroutines are not compared by id: the process was restarted between the two captures. Goroutine ${id} was ` +
        `started by ${other} then and is by ${own} now.`;
      return { isRestart: true, notices: [{ severity: 'info', text }] };
    }
    ids.add(id);
  }
  return {
    ids,
    notices: [
      {
        severity: 'info',
        text: `${grouped(ids.size)} of the base's ${grouped(setOfBaseId.size)} goroutines are still there, by id: those that live long may be leaks.`,
      },
    ],
  };
}

/** The label set of each id; undefined where one is there twice. */
function idsOf(profile: Profile): Map<number, number> | undefined {
  const { sample } = profile;
  const { id } = labelColumnsOf(profile);
  const sets = new Map<number, number>();
  for (const set of sample.labelSet) {
    if (Number.isNaN(id[set])) {
      continue;
    }
    if (sets.has(id[set])) {
      return undefined;
    }
    sets.set(id[set], set);
  }
  return sets;
}
