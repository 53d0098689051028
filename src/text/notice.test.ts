import { counted, grouped } from './notice';

test.each([0, 7, 999, 1000, 12_345, 1_234_567.6, -1, -999, -1000, -1_234_567, 2 ** 53])(
  '%p is grouped as English does',
  (value) => {
    expect(grouped(value)).toBe(Math.round(value).toLocaleString('en-US'));
  }
);

test('a count says how many of what', () => {
  expect(counted(1, 'line')).toBe('1 line');
  expect(counted(1000, 'line')).toBe('1,000 lines');
  expect(counted(2, 'entry', 'entries')).toBe('2 entries');
});
