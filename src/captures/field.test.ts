import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasDots } from '../store/dots';
import { decodeField, encodeField, keyFieldsOf } from './field';

// The Go test of the same vectors is autoprofiler/key/key_test.go.
const { fields, asTheyAre } = JSON.parse(readFileSync(join(__dirname, '../../testdata/fields.json'), 'utf8')) as {
  fields: ReadonlyArray<{ name: string; field: string }>;
  asTheyAre: readonly string[];
};

test.each(fields.map(({ name, field }) => [name, field]))('%j stands in keys as %s', (name, field) => {
  expect(encodeField(name)).toBe(field);
  expect(decodeField(field)).toBe(name);
  expect(keyFieldsOf(name)).toContain(field);
});

test.each(asTheyAre)('%j, which the auto-profiler would write otherwise, is a name as it is', (field) => {
  expect(decodeField(field)).toBe(field);
  expect(keyFieldsOf(field)).toContain(field);
});

test('names do not collide, and what stands in a key is found by the name that it is read as', () => {
  const letters = ['a', '!', '5', 'f', '_', '.', '2', 'e', 'ö', 'ü', 'c', '3', 'b', '6', '%', '\\'];
  const read = new Map<string, string>();
  const wrong: string[] = [];
  let state = 1;
  const random = (below: number) => (state = (state * 48271) % 2147483647) % below;
  for (let i = 0; i < 50_000; i++) {
    const text = Array.from({ length: 1 + random(5) }, () => letters[random(letters.length)]).join('');
    const field = encodeField(text);
    const isRight =
      (read.get(field) ?? text) === text &&
      decodeField(field) === text &&
      (hasDots(text) || keyFieldsOf(decodeField(text)).includes(text));
    if (!isRight) {
      wrong.push(text);
    }
    read.set(field, text);
  }
  expect(wrong).toEqual([]);
});

test('what cannot be a folder is not looked for', () => {
  expect(keyFieldsOf('..')).toEqual(['!2e!2e']);
  expect(keyFieldsOf('%2e%2e')).toEqual(['!252e!252e']);
  expect(keyFieldsOf('a/b')).toEqual(['a!2fb']);
  expect(keyFieldsOf('my_service')).toEqual(['my!5fservice', 'my_service']);
  expect(keyFieldsOf('ingester')).toEqual(['ingester']);
});
