import { counted, grouped, type Notice } from '../text/notice';
import { instanceId, type Capture } from './capture';
import { groupsOf } from './events';
import type { LimitFields } from './choices';

/** What a query opens of many captures, and what has to be said of it. */
export interface Sample {
  /** By rising time. */
  readonly captures: readonly Capture[];
  readonly notices: readonly Notice[];
}

const MiB = 1024 * 1024;

/**
 * As many captures as a query may open, spread evenly over time and instances where there are more: each instance has its share,
 * and over time each stretch has one. The same captures have the same sample, and a range that moves on keeps most of it.
 * @param captures by rising time
 * @param maxCaptures of the data source, for a query that says nothing
 */
export function sampleOf(
  captures: readonly Capture[],
  { maxCaptures = 0, maxMiB = 0 }: Partial<LimitFields>,
  limitOfSource: number,
  done: 'read' | 'merged'
): Sample {
  const count = maxCaptures || limitOfSource;
  const bytes = maxMiB > 0 ? maxMiB * MiB : Infinity;
  let most = Math.min(count, captures.length);
  let sample = spread(captures, most);
  // Which captures fit is seen only when they are chosen.
  while (most > 1 && sizeOf(sample) > bytes) {
    most = Math.max(1, Math.min(most - 1, Math.floor((most * bytes) / sizeOf(sample))));
    sample = spread(captures, most);
  }
  return sample.length === captures.length
    ? { captures, notices: [] }
    : {
        captures: sample,
        notices: [sampleNotice(sample, captures, done, limitText(count, maxCaptures, most, maxMiB))],
      };
}

/**
 * Captures in an order of which each beginning is spread evenly over time and instances: for a merge that may end before it has
 * all.
 */
export function spreadOrder(captures: readonly Capture[]): readonly Capture[] {
  const places = new Map<Capture, number>();
  for (const own of byInstance(captures)) {
    own.forEach((capture, i) => places.set(capture, mirrored(i)));
  }
  return [...captures].sort((a, b) => (places.get(a) as number) - (places.get(b) as number));
}

/** What a sample is of, for the panel. @param limit why it is no more */
export function sampleNotice(
  sample: readonly Capture[],
  all: readonly Capture[],
  done: 'read' | 'merged',
  limit: string
): Notice {
  const instances = [sample, all].map((some) => byInstance(some).length);
  const sizes = [sample, all].map((some) => `${Number((sizeOf(some) / MiB).toPrecision(3))}`);
  const share = `${grouped(sample.length)} of ${grouped(all.length)} captures`;
  return {
    severity: 'warning',
    text:
      `A sample of ${share} is ${done}, ${sizes[0]} of ${sizes[1]} MiB, of ${instances[0]} of ${counted(instances[1], 'instance')}, ` +
      `spread evenly over time and instances: ${limit}. Sums are those of the sample.`,
  };
}

function limitText(count: number, maxCaptures: number, most: number, maxMiB: number): string {
  if (most < count) {
    return `the query opens at most ${grouped(maxMiB)} MiB ("Most MiB")`;
  }
  return maxCaptures > 0
    ? `the query opens at most ${grouped(count)} ("Most captures")`
    : `the limit of one query is ${grouped(count)} captures, unless it says another ("Most captures" of the query or the data source)`;
}

const sizeOf = (captures: readonly Capture[]): number => captures.reduce((sum, { object }) => sum + object.size, 0);

const byInstance = (captures: readonly Capture[]): Capture[][] => groupsOf(captures, instanceId);

function spread(captures: readonly Capture[], count: number): readonly Capture[] {
  if (count >= captures.length) {
    return captures;
  }
  const first = (own: readonly Capture[]) => hash(`${own[0].labels.service}\0${own[0].labels.instance}`);
  const instances = byInstance(captures).sort((a, b) => a.length - b.length || first(a) - first(b));
  const chosen = new Set<Capture>();
  let left = count;
  // Those with few captures leave more to the others.
  instances.forEach((own, i) => {
    const share = Math.min(own.length, Math.floor(left / (instances.length - i)));
    spreadOverTime(own, share).forEach((capture) => chosen.add(capture));
    left -= share;
  });
  return captures.filter((capture) => chosen.has(capture));
}

/** Stretches begin at fixed times, so that a range that moves on has the same ones. */
function spreadOverTime(captures: readonly Capture[], count: number): readonly Capture[] {
  if (count >= captures.length || count === 0) {
    return captures.slice(0, count);
  }
  const byHash = [...captures].sort((a, b) => hash(a.object.key) - hash(b.object.key));
  for (let step = 1; ; step = step * (Math.log2(step) % 1 === 0 ? 1.5 : 4 / 3)) {
    const stretches = new Map<number, Capture>();
    for (const capture of byHash) {
      const stretch = Math.floor(capture.time / step);
      if (!stretches.has(stretch)) {
        stretches.set(stretch, capture);
      }
      if (stretches.size > count) {
        break;
      }
    }
    if (stretches.size <= count) {
      const chosen = new Set(stretches.values());
      byHash.filter((capture) => chosen.size < count && chosen.add(capture));
      return [...chosen];
    }
  }
}

/** The bits of a number after the point, in reverse: 0, 1/2, 1/4, 3/4, 1/8, … */
function mirrored(value: number): number {
  let mirror = 0;
  for (let bit = 0.5, rest = value; rest > 0; bit /= 2, rest = Math.floor(rest / 2)) {
    mirror += (rest % 2) * bit;
  }
  return mirror;
}

/** FNV-1a, mixed: keys differ in few characters. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}
