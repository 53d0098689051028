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

  it('spreads ids whose low bits are all 0', () => {
    const rows = new IdRows();
    // With one slot for all of them this would take half a minute.
    for (let high = 1; high <= 1000; high++) {
      for (let low = 0; low < 64; low++) {
        rows.add(high * 2 ** 52 + low * 2 ** 26);
      }
    }
    expect(rows.find(1000 * 2 ** 52 + 63 * 2 ** 26)).toBe(63_999);
  });
});
