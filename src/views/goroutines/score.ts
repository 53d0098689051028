import type { StateClass } from '../../profile/goroutineStates';

/**
 * How much a goroutine of a class counts as blocked. What waits for the network or a timer ends by itself, as long as
 * there is a deadline; nobody knows, so it counts half.
 */
export const blockedWeight: Readonly<Record<StateClass, number>> = {
  stuck: 1,
  lock: 1,
  channel: 1,
  select: 1,
  wait: 1,
  io: 0.5,
  sleep: 0.5,
  unknown: 0.5,
  runtime: 0,
  run: 0,
};

export interface LeakScore {
  /** Goroutines that look leaked: the product of what is below. */
  readonly score: number;
  /** Goroutines gained from the first to the last capture. */
  readonly growth: number;
  /** 0 to 1: net growth by all movement, times the share of steps that grew. 0 below three captures. */
  readonly steady: number;
  /** 0.5 to 1, by the median wait. */
  readonly waiting: number;
  /** 0 to 1: share of goroutines that are blocked. */
  readonly blocked: number;
}

/**
 * How much the goroutines of one signature look like a leak:
 *
 *   score = growth × steady × waiting × blocked
 *
 * - growth = last − first, in goroutines, at least 0: of two leaks the larger one comes first.
 * - steady = (last − first) ÷ Σ|step| × growing steps ÷ steps, over the captures from the last one without the signature,
 *   or the first. A leak never falls; load does, and a pool that is filled once grows in one step. Fewer than three
 *   captures say nothing: 0.
 * - waiting = (m + 1) ÷ (m + 2), m the median wait in minutes in the last capture, ∞ for goroutines that the runtime found
 *   leaked: half of a leak that grows steadily has waited for half of its time. Go says whole minutes, counted from a
 *   garbage collection, so a short wait only halves the score. 1 where the format says no waits.
 * - blocked = Σ share of the class × blockedWeight, in the last capture: what computes is load, not a leak.
 *
 * A heuristic. The idea is the rule of thumb that leak hunters go by: it only grows, it waits, and nothing wakes it.
 */
export function leakScore(
  counts: readonly number[],
  { medianWait, blocked }: { readonly medianWait: number; readonly blocked: number }
): LeakScore {
  const last = counts.length - 1;
  const growth = last < 0 ? 0 : Math.max(0, counts[last] - counts[0]);
  const seen = counts.findIndex((count) => count > 0);
  const start = Math.max(0, seen - 1);
  let movement = 0;
  let growing = 0;
  for (let i = start + 1; i <= last; i++) {
    const step = counts[i] - counts[i - 1];
    movement += Math.abs(step);
    growing += step > 0 ? 1 : 0;
  }
  const steps = last - start;
  const steady = seen < 0 || steps < 2 || movement === 0 ? 0 : Math.max(0, (growth / movement) * (growing / steps));
  const waiting = Number.isNaN(medianWait) ? 1 : medianWait === Infinity ? 1 : (medianWait + 1) / (medianWait + 2);
  return { score: growth * steady * waiting * blocked, growth, steady, waiting, blocked };
}
