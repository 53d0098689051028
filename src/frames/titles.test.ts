import type { Capture } from '../captures/capture';
import { titleOf } from './titles';

const end = Date.UTC(2026, 10, 24, 15);
const at = (time: string, labels: Capture['labels'], value?: number): Capture => ({
  object: { key: time, size: 1, lastModified: 0, etag: '' },
  time: Date.parse(`2026-11-${time}Z`),
  labels,
  ...(value && { value: value * 1048576, limit: 192 * 1048576 }),
});
const a = { service: 'ingester', instance: 'ingester-7f9c', version: 'v1' };
const peak = at('24T14:22:33', a, 163);

test.each([
  ['one capture', [peak], [], 'ingester · ingester-7f9c · 14:22:33 · 85 % of 192 MiB'],
  [
    'its base, which is of the same process',
    [peak],
    [at('24T14:02:10', a, 163)],
    '14:22:33 · 85 % of 192 MiB against 14:02:10 · 85 % of 192 MiB · ingester · ingester-7f9c',
  ],
  [
    'another version and instance on another day, so all days are said',
    [peak],
    [at('23T14:02:10', { ...a, instance: 'x', version: 'v0' })],
    'ingester-7f9c · v1 · 2026-11-24 14:22:33 · 85 % of 192 MiB against x · v0 · 2026-11-23 14:02:10 · ingester',
  ],
  [
    'many captures',
    [at('24T14:31:00', a), at('24T14:02:10', { ...a, instance: 'x' })],
    [],
    'ingester · 2 instances · 2 captures, 14:02–14:31',
  ],
  ['a key that says nothing', [{ ...at('24T00:00:00', {}), time: 0 }], [], ''],
  ['nothing', [], [], ''],
] as const)('a title says of %s what tells it apart', (_, captures, base, title) => {
  expect(titleOf({ captures, base, timeZone: 'utc', end })).toBe(title);
});

test("times are Grafana's, and so is the day", () => {
  const of = (timeZone: string) => titleOf({ captures: [at('24T14:30:00', {})], base: [], timeZone, end });
  expect(of('utc')).toBe('14:30:00');
  expect(of('Asia/Tokyo')).toBe('2026-11-24 23:30:00');
});
