import { leakScore } from './score';

const blocked = { medianWait: Infinity, blocked: 1 };
const score = (...counts: number[]) => leakScore(counts, blocked).score;

test('a leak scores what it grew by', () => {
  expect(score(4, 8, 12, 16)).toBe(12);
  expect(score(0, 0, 0, 40, 80, 120)).toBe(120);
});

test('fewer than three captures say nothing, and neither does what appears in the last one', () => {
  expect(score(4, 400)).toBe(0);
  expect(score(4)).toBe(0);
  expect(score()).toBe(0);
  expect(score(0, 0, 0, 400)).toBe(0);
});

test('load that rises and falls, a pool that is filled once, and what shrinks score less', () => {
  const leak = score(10, 20, 30, 40, 50);
  expect(score(10, 60, 5, 70, 50)).toBeLessThan(leak / 5);
  expect(score(10, 50, 50, 50, 50)).toBeLessThan(leak / 3);
  expect(score(50, 40, 30, 20, 10)).toBe(0);
  expect(score(4, 4, 4, 4)).toBe(0);
});

test('what wakes again and what computes scores less', () => {
  const counts = [10, 20, 30];
  const of = (medianWait: number, share = 1) => leakScore(counts, { medianWait, blocked: share }).score;
  expect(of(0)).toBe(10);
  expect(of(8)).toBe(18);
  expect(of(NaN)).toBe(20);
  expect(of(Infinity, 0.5)).toBe(10);
  expect(of(Infinity, 0)).toBe(0);
});

test('each factor is said', () => {
  expect(leakScore([0, 2, 4, 3, 6], { medianWait: 3, blocked: 0.5 })).toEqual({
    growth: 6,
    steady: (6 / 8) * (3 / 4),
    waiting: 4 / 5,
    blocked: 0.5,
    score: 6 * (6 / 8) * (3 / 4) * (4 / 5) * 0.5,
  });
});
