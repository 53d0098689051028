import { infoOf, readableFields } from '../query/query';
import type { PprofQuery } from '../types';
import { captureShown, type Captured } from './captureShown';

const folder = 'checkout/2026/11/29/14/20261129T143759.416Z_kzkbk9xq_manual_38770952-0_checkout-0_!';
const captured = (more: Partial<Captured> = {}): Captured => ({
  service: 'checkout',
  events: ['kzkbk9xq'],
  profiles: ['heap', 'cpu'],
  keys: [`${folder}/heap.pb.gz`, `${folder}/cpu.pb.gz`],
  ...more,
});

/** The query that a form stores after a capture. */
function after(before: Partial<PprofQuery>, what: Partial<Captured> = {}, isInRange?: boolean): PprofQuery {
  const stored: PprofQuery = { refId: 'A', ...before };
  const query = readableFields(stored);
  return { ...stored, ...captureShown({ query, view: infoOf(query) }, captured(what), isInRange) };
}

test('the query shows the event, with the profile and the view that it had', () => {
  const before = { view: 'top', capture: 'latest', selector: '{service="cart", profile="cpu", version="v1"}' } as const;
  expect(after({ ...before, focus: 'main' })).toEqual({
    refId: 'A',
    view: 'top',
    selector: '{service="checkout", profile="cpu"}',
    capture: 'event',
    event: 'kzkbk9xq',
    focus: 'main',
  });
});

test('a profile that was not captured gives way to the first that was', () => {
  expect(after({ view: 'flame', selector: '{profile="mutex"}' })).toMatchObject({
    view: 'flame',
    selector: '{service="checkout", profile="heap"}',
  });
  expect(after({ view: 'flame', selector: 'none {' }).selector).toBe('{service="checkout", profile="heap"}');
});

test.each([
  ['captures', 'heap', 'flame'],
  ['events', 'heap', 'flame'],
  ['flame', 'heap', 'flame'],
  ['growth', 'heap', 'growth'],
  ['memory', 'heap', 'memory'],
  ['memory', 'cpu', 'flame'],
  ['traceGc', 'heap', 'flame'],
  ['traceGc', 'trace', 'traceGc'],
  ['flame', 'trace', 'trace'],
  ['states', 'heap', 'flame'],
  ['states', 'goroutine', 'states'],
] as const)('the view %s shows a capture of %s as %s', (before, profile, view) => {
  expect(after({ view: before, selector: '' }, { profiles: [profile] })).toMatchObject({ view, capture: 'event' });
});

test('several processes are shown together, by their events', () => {
  expect(after({ view: 'flame', selector: '{profile="cpu"}' }, { events: ['a1', 'b2'] })).toMatchObject({
    selector: '{service="checkout", profile="cpu", event=~"a1|b2"}',
    capture: 'merge',
  });
});

test('where the time range ended before, a key names the capture, of several the first', () => {
  const before = { view: 'flame', selector: '{profile="cpu"}' } as const;
  const byKey = { capture: 'event', event: `${folder}/cpu.pb.gz`, selector: '{service="checkout", profile="cpu"}' };
  expect(after(before, {}, false)).toMatchObject(byKey);
  expect(after(before, { events: ['a1', 'b2'] }, false)).toMatchObject(byKey);
});
