import { baseIndexOf, pair } from '../ops/pair';
import { subtractBase } from '../ops/subtractBase';
import { isCumulative, sampleIndexByName, type Profile } from '../profile/profile';
import { InputError, type Notice } from '../text/notice';
import type { Prepared } from '../views/preparedProfile';
import { prepare, type PrepareFields } from './prepare';
import type { QueryFields } from '../fields/fields';
import type { BaseUse } from '../views/view';
import { profileViews } from './views';

/** Fields of a query that say how two profiles are compared, beside those that prepare one. */
type Comparison = PrepareFields &
  Pick<QueryFields, 'normalize' | 'baseMode' | 'scale' | 'drawing'> & { readonly view: string };

/**
 * @param use of the base, by the query's view
 * @throws InputError where the two cannot be compared, or not in the scale that was asked for
 */
export function prepareComparison(profile: Profile, base: Profile, query: Comparison, use: BaseUse): Prepared {
  const notices = restarts(profile, base);
  const { normalize, baseMode } = query;
  if (use === 'subtracted') {
    const difference = subtractBase(profile, base, { mode: baseMode, normalize });
    return withNotices(prepare(difference, query), [...notices, ...unscaled(query)]);
  }
  return withNotices(scaledPair(profile, base, query, use), notices);
}

/** A view that shows a difference as pprof does has no scale. */
function unscaled({ scale, view }: Comparison): Notice[] {
  const scaledViews = profileViews
    .filter(({ base }) => base === 'beside' || base === 'required')
    .map(({ name }) => name);
  const text =
    `The values are absolute: the view "${view}" shows a difference as pprof does, which knows no other scale. ` +
    `${scaledViews.join(', ')} are per second or in percent.`;
  return scale === 'absolute' ? [] : [{ severity: 'warning', text }];
}

/** Both sides as two values of each sample, in the scale that was asked for. */
function scaledPair(profile: Profile, base: Profile, query: Comparison, use: BaseUse): Prepared {
  const { normalize, scale, drawing } = query;
  const paired = pair(profile, base, { normalize });
  const index = sampleIndexByName(
    { ...paired, sampleTypes: paired.sampleTypes.slice(0, paired.sampleTypes.length / 2) },
    query.sampleIndex
  );
  const both: Prepared = {
    ...prepare(paired, { ...query, sampleIndex: String(index) }, baseIndexOf(paired, index)),
    ...(drawing !== 'all' && { change: drawing }),
  };
  switch (scale) {
    case 'absolute':
      return both;
    case 'percent': {
      const share = (total: number) => (total === 0 ? 0 : 100 / total);
      return scaled(both, share(both.total), share(both.base?.total ?? 0), 'percent');
    }
    case 'rate': {
      const ofSecond = ({ durationNanos }: Profile) => 1e9 / durationNanos;
      return hasDuration(profile) && hasDuration(base)
        ? scaled(both, ofSecond(profile), ofSecond(base), `${both.unit}/s`)
        : changePerSecond(both, secondsBetween(profile, base), use);
    }
  }
}

/** Whether values can be divided by it: some writers put a time there, which is beyond 2^53 ns. */
const hasDuration = ({ durationNanos }: Profile) => durationNanos > 0 && Number.isSafeInteger(durationNanos);

/** Two moments have no rates of their own, only what changed between them has. */
function changePerSecond(both: Prepared, seconds: number, use: BaseUse): Prepared {
  if (use !== 'beside') {
    return { ...both, seconds }; // A table of changes divides them itself.
  }
  const { change = 'grown' } = both;
  const text =
    `${change === 'grown' ? 'Growth' : 'Shrinking'} per second over the ${Math.round(seconds)} s between the two captures: ` +
    'moments have no rate of their own, so changes alone are drawn.';
  return withNotices({ ...both, change, seconds, unit: `${both.unit}/s` }, [{ severity: 'info', text }]);
}

/** Seconds from the base to the profile. @throws InputError where there are none to divide by */
function secondsBetween(profile: Profile, base: Profile): number {
  const seconds = Number(profile.timeNanos - base.timeNanos) / 1e9;
  if (profile.timeNanos === 0n || base.timeNanos === 0n || seconds <= 0) {
    throw new InputError(
      'Per second: expected a base that was captured before the profile, and a time in both files. Choose another base or scale.'
    );
  }
  return seconds;
}

/** Totals that only a restart of the process can have lowered. */
function restarts(profile: Profile, base: Profile): Notice[] {
  const total = ({ sampleTypes, sample }: Profile, type: string) =>
    sample.values[sampleTypes.findIndex((other) => other.type === type)]?.reduce((sum, value) => sum + value, 0);
  if (profile.timeNanos < base.timeNanos || profile.durationNanos > 0) {
    return []; // A later base, or values of a span of time, say nothing about the process.
  }
  const fallen = profile.sampleTypes.find(({ type }) => {
    const [now, before] = [total(profile, type), total(base, type)];
    return isCumulative(type) && before !== undefined && now < before;
  });
  return fallen
    ? [
        {
          severity: 'warning',
          text:
            `The process was restarted between the two captures, or they are of different ones: ${fallen.type} only grows ` +
            'while a process runs, and fell. Differences of such values mean nothing then.',
        },
      ]
    : [];
}

function scaled(prepared: Prepared, factor: number, baseFactor: number, unit: string): Prepared {
  const { profile, index, base } = prepared;
  const values = profile.sample.values.map((column, t) =>
    t === index
      ? column.map((value) => value * factor)
      : t === base?.index
        ? column.map((value) => value * baseFactor)
        : column
  );
  return {
    ...prepared,
    profile: { ...profile, sample: { ...profile.sample, values } },
    unit,
    total: prepared.total * factor,
    base: base && { index: base.index, total: base.total * baseFactor },
  };
}

const withNotices = (prepared: Prepared, notices: readonly Notice[]): Prepared => ({
  ...prepared,
  notices: [...notices, ...prepared.notices],
});
