import { LabelSetBuilder } from './labelSets';

test('equal lists are one set, and every difference makes another', () => {
  const builder = new LabelSetBuilder();
  const set = (...labels: ReadonlyArray<[key: number, str: number, num: number, unit: number, isNumeric: boolean]>) => {
    labels.forEach((label) => builder.add(...label));
    return builder.finishSet();
  };
  expect(set()).toBe(0);
  expect(set([1, 2, 0, 0, false])).toBe(1);
  expect(set([1, 2, 0, 0, false])).toBe(1);
  expect(set([1, 0, 2, 0, true])).toBe(2);
  expect(set([1, 0, 2, 3, true])).toBe(3);
  expect(set([1, 0, 0, 0, true])).toBe(4);
  expect(set([1, 0, 0, 0, false])).toBe(5);
  expect(set([1, 2, 0, 0, false], [1, 2, 0, 0, false])).toBe(6);
  expect(set()).toBe(0);
  expect(builder.finish().labelSet).toEqual({ length: 7, labelOffset: Uint32Array.of(0, 0, 1, 2, 3, 4, 5, 7) });
});

test('sets keep their rows while the tables grow', () => {
  const builder = new LabelSetBuilder();
  const add = (i: number) => {
    builder.add(1, 0, i * 2 ** 32 + 0.5, 0, true);
    builder.add(2, i % 7, 0, 0, false);
    return builder.finishSet();
  };
  for (let i = 0; i < 5000; i++) {
    expect(add(i)).toBe(i + 1);
  }
  for (let i = 0; i < 5000; i++) {
    expect(add(i)).toBe(i + 1);
  }
  const { label, labelSet } = builder.finish();
  expect(labelSet.length).toBe(5001);
  expect(label.length).toBe(10_000);
  expect(label.num[labelSet.labelOffset[4000]]).toBe(3999 * 2 ** 32 + 0.5);
});
