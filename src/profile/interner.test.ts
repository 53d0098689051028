import { randomSource } from './random';
import { PairInterner, pathInterner } from './interner';

test('each distinct pair has one row, numbered by first appearance', () => {
  const random = randomSource(1);
  for (const [firsts, seconds] of [
    [5, 4],
    [300, 2],
    [100_000, 3],
    [3, 100_000],
  ]) {
    for (let run = 0; run < 50; run++) {
      const interner = new PairInterner(1);
      const known = new Map<string, number>();
      const wrong: string[] = [];
      for (let i = 0; i < 1000; i++) {
        // Below zero, among the rows, and far above them.
        const first = Math.floor(random() * firsts) - 2;
        const key = `${first} ${Math.floor(random() * seconds)}`;
        known.set(key, known.get(key) ?? known.size);
        if (interner.intern(first, Number(key.split(' ')[1])) !== known.get(key)) {
          wrong.push(key);
        }
      }
      expect(wrong).toEqual([]);
      const { length, first, second } = interner.finish();
      expect(Array.from({ length }, (_, i) => `${first[i]} ${second[i]}`)).toEqual([...known.keys()]);
    }
  }
});

test('paths are stored once, parents before children', () => {
  const random = randomSource(2);
  const paths = pathInterner(1, 9);
  const known = new Map<string, number>([['', 0]]);
  for (let i = 0; i < 1000; i++) {
    let row = 0;
    let path = '';
    for (let depth = Math.floor(random() * 12); depth > 0; depth--) {
      const name = Math.floor(random() ** 3 * 5);
      row = paths.intern(row, name);
      path += name;
      known.set(path, known.get(path) ?? known.size);
      expect(row).toBe(known.get(path));
    }
  }
  const { length, first, second } = paths.finish();
  expect([first[0], second[0]]).toEqual([-1, 9]);
  expect(length).toBe(known.size);
  expect(first.every((parent, row) => parent < row)).toBe(true);
});
