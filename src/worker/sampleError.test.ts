import { randomSource } from '../profile/random';
import { errorsOf } from './sampleError';

const all = 1000;
/** Captures of three instances, whose level differs, with some noise. */
function population(seed: number) {
  const random = randomSource(seed);
  const captures = Array.from({ length: all }, (_, i) => ({
    instance: `i${i % 3}`,
    value: 100 * (1 + (i % 3)) + 60 * (random() - 0.5),
    order: random(),
  }));
  return { captures, mean: captures.reduce((sum, { value }) => sum + value, 0) / all };
}

test('the mean of all is within the error of a sample about 95 times of 100', () => {
  let within = 0;
  for (let seed = 0; seed < 200; seed++) {
    const { captures, mean } = population(seed);
    // As many of each instance, as samples are.
    const taken = ['i0', 'i1', 'i2'].flatMap((instance) =>
      captures
        .filter((capture) => capture.instance === instance)
        .sort((a, b) => a.order - b.order)
        .slice(0, 20)
    );
    const values = taken.map(({ value }) => Float64Array.of(value));
    const [error] = errorsOf(
      values,
      taken.map(({ instance }) => instance),
      { taken: taken.length, all }
    );
    const sampled = taken.reduce((sum, { value }) => sum + value, 0) / taken.length;
    within += Math.abs(sampled - mean) <= error * sampled ? 1 : 0;
  }
  expect(within / 200).toBeGreaterThan(0.88);
  expect(within / 200).toBeLessThan(0.995);
});

test('is the same each time, shrinks with what was looked at, and is none where all is sampled', () => {
  const { captures } = population(1);
  const errors = (looked: number, taken: number) =>
    errorsOf(
      captures.slice(0, looked).map(({ value }) => Float64Array.of(value, 0)),
      captures.slice(0, looked).map(() => 'i'),
      { taken, all }
    );
  expect(errors(60, 60)).toEqual(errors(60, 60));
  expect(errors(60, 60)[1]).toBe(0);
  expect(errors(60, 240)[0]).toBeLessThan(0.6 * errors(60, 60)[0]);
  expect(errors(60, all)[0]).toBe(0);
});
