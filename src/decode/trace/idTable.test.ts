import { Random } from '../../fuzz/random';
import { IdTable } from './idTable';

it('is a map, whatever the ids', () => {
  const random = new Random(4);
  for (const largest of [10, 3000, 2 ** 52]) {
    const table = new IdTable();
    let wrong = 0;
    const map = new Map<number, number>();
    for (let i = 1; i < 5000; i++) {
      const id = random.is(0.1) ? random.below(largest) : i;
      wrong += table.has(id) === (id === 0 || map.has(id)) ? 0 : 1;
      if (!map.has(id)) {
        table.add(id, i);
        map.set(id, i);
      }
    }
    expect(wrong).toBe(0);
    expect(table.size).toBe(map.size);
    expect([...map.keys()].map((id) => table.get(id))).toEqual([...map.values()]);
  }
  expect([-1, 7, 2 ** 53].map((id) => new IdTable().get(id))).toEqual([0, 0, 0]);
});
