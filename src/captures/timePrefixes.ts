import type { LayoutPlan } from './layout';

/**
 * The folders of time that a range lies in, for a server that does not begin where it is told to: of hours, or, where those are
 * too many, of days, months or years.
 */
export function timePrefixes(plan: LayoutPlan, from: number, to: number, most: number): string[] {
  const hour = 3600_000;
  const end = Math.min(to, from + maxHours * hour);
  if (end < to) {
    return [''];
  }
  let texts = new Set<string>();
  for (let time = from; time < end; time += hour) {
    texts.add(plan.timeText(time));
  }
  texts.add(plan.timeText(end));
  while (texts.size > Math.max(1, most)) {
    texts = new Set([...texts].map((text) => text.replace(/\d+\D*$/, '')));
  }
  return [...texts];
}

/** Ten years. */
const maxHours = 10 * 366 * 24;
