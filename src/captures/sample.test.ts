import type { Capture } from './capture';
import { sampleOf, spreadOrder } from './sample';

const minute = 60_000;
const capture = (instance: string, time: number, size = 1024): Capture => ({
  object: { key: `${instance}/${time}`, size, lastModified: 0, etag: 'e' },
  time,
  labels: { service: 's', instance },
});
/** Of each instance so many, one a minute. */
const fleet = (counts: readonly number[], from = 0): Capture[] =>
  counts
    .flatMap((count, i) => Array.from({ length: count }, (_, k) => capture(`i${i}`, (from + k) * minute + i)))
    .sort((a, b) => a.time - b.time);
const perInstance = (captures: readonly Capture[], counts: readonly number[]) =>
  counts.map((_, i) => captures.filter(({ labels }) => labels.instance === `i${i}`).length);
const keysOf = (captures: readonly Capture[]) => captures.map(({ object }) => object.key);

test('all are opened where they are no more than the limit, without a word', () => {
  const captures = fleet([3, 3]);
  expect(sampleOf(captures, {}, 6, 'merged')).toEqual({ captures, notices: [] });
});

test('each instance has its share, those with few leave more to the others, and as many are taken as may be', () => {
  const counts = [1000, 1000, 10, 1000];
  const { captures, notices } = sampleOf(fleet(counts), { maxCaptures: 310 }, 200, 'merged');
  expect(perInstance(captures, counts)).toEqual([100, 100, 10, 100]);
  expect(notices[0].text).toMatch(/^A sample of 310 of 3,010 captures is merged, .*of 4 of 4 instances/);
  expect(captures).toEqual([...captures].sort((a, b) => a.time - b.time));
  expect(sampleOf(fleet(Array(30).fill(5)), {}, 20, 'read').captures).toHaveLength(20);
});

test('over time no stretch goes without', () => {
  for (const count of [7, 20, 100, 333]) {
    const { captures } = sampleOf(fleet([1000]), { maxCaptures: count }, 200, 'merged');
    const times = [0, ...captures.map(({ time }) => time), 1000 * minute];
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    // Stretches are up to half as long again as a fair share of the time, and a gap spans two at most.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3.1 * ((1000 * minute) / count));
  }
});

test('a range that moves on keeps nearly all of its sample', () => {
  let before = new Set(keysOf(sampleOf(fleet([500, 500], 0), { maxCaptures: 100 }, 200, 'merged').captures));
  let news = 0;
  for (let moved = 1; moved <= 60; moved++) {
    const now = keysOf(sampleOf(fleet([500, 500], moved), { maxCaptures: 100 }, 200, 'merged').captures);
    news += now.filter((key) => !before.has(key)).length;
    before = new Set(now);
  }
  // 120 captures came meanwhile, of which a tenth is of the sample.
  expect(news).toBeLessThan(100);
});

test('bytes bound a sample, and at least one is opened', () => {
  const captures = Array.from({ length: 100 }, (_, i) => capture('i0', i * minute, 1048576));
  const { captures: some, notices } = sampleOf(captures, { maxMiB: 10 }, 200, 'merged');
  expect(some.length).toBe(10);
  expect(notices[0].text).toMatch(/10 of 100 MiB.*the query opens at most 10 MiB/);
  expect(sampleOf(captures, { maxMiB: 0.1 }, 200, 'merged').captures).toHaveLength(1);
});

test('each beginning of the order of a merge that may end early is spread over time and instances', () => {
  const counts = [64, 64, 64];
  const order = spreadOrder(fleet(counts));
  expect(new Set(order).size).toBe(192);
  for (const length of [12, 48, 96]) {
    const some = order.slice(0, length);
    expect(perInstance(some, counts)).toEqual(counts.map(() => length / 3));
    const early = some.filter(({ time }) => time < 32 * minute).length;
    expect(Math.abs(early - length / 2)).toBeLessThanOrEqual(3);
  }
});
