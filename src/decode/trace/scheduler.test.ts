import { IdRows } from './scheduler';

describe('IdRows', () => {
  it('finds the row of each id, large and equal in their low bits among them', () => {
    const rows = new IdRows();
    const ids = Array.from({ length: 3000 }, (_, i) => [
      i + 1,
      (i + 1) * 2 ** 32,
      (i + 1) * 2 ** 20 + 0.5 * 2 ** 53,
    ]).flat();
    const distinct = [...new Set(ids)];
    expect(distinct.map((id) => rows.add(id))).toEqual([...distinct.keys()]);
    expect(distinct.map((id) => rows.find(id))).toEqual([...distinct.keys()]);
    expect([-1, 0, 3001, 2 ** 52 + 1].map((id) => rows.find(id))).toEqual([-1, -1, -1, -1]);
  });
});
