import { worthShowing } from './worthShowing';

/** The times at which progress is shown, of reports each 100 ms of a work that takes `ms`. */
function shownOf(ms: number): number[] {
  let time = 0;
  const isWorth = worthShowing(() => time);
  const shown: number[] = [];
  for (time = 100; time < ms; time += 100) {
    if (isWorth(time, ms)) {
      shown.push(time);
    }
  }
  return shown;
}

test('the first is shown, and no other of what ends within a second or two', () => {
  expect(shownOf(100)).toEqual([]);
  expect(shownOf(500)).toEqual([100]);
  expect(shownOf(2000)).toEqual([100]);
});

test('a long work says how far it is once a second, but not where its end is near', () => {
  expect(shownOf(4500)).toEqual([100, 1100, 2100, 3100]);
});

test('what does not move is shown: nobody knows that it ends soon', () => {
  let time = 0;
  const isWorth = worthShowing(() => time);
  expect(isWorth(0, 100)).toBe(true);
  time = 5000;
  expect(isWorth(0, 100)).toBe(true);
});

test('what begins anew is shown', () => {
  let time = 0;
  const isWorth = worthShowing(() => time);
  expect(isWorth(90, 100)).toBe(true);
  time = 1000;
  expect(isWorth(5, 100)).toBe(true);
});
