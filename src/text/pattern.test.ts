import { RE2JS } from 're2js';
import { randomSource } from '../profile/random';
import { plainAlternatives, requiredText } from './literals';
import { compileGroup, compilePattern } from './pattern';

test.each([
  ['runtime', ['runtime']],
  ['a|b\\.c', ['a', 'b.c']],
  ['', ['']],
  ['a|', ['a', '']],
  ['a.b', undefined],
  ['\\d', undefined],
  ['a\\', undefined],
  ['^a', undefined],
])('plainAlternatives(%j)', (pattern, texts) => {
  expect(plainAlternatives(pattern)).toEqual(texts);
});

test.each([
  ['^json\\..*Unmarshal(er)?$', 'Unmarshal'],
  ['ab?cd', 'cd'],
  ['ab*', 'a'],
  ['ab+c', 'ab'],
  ['ab{0,2}cde', 'cde'],
  ['a[bc]def', 'def'],
  ['a[]|]def[^]x]', 'def'],
  ['[[:alpha:]|]xyz', 'xyz'],
  ['(abc|d)ef', 'ef'],
  ['abc|d', ''],
  ['(?i)abc', ''],
  ['\\pNabc', ''],
  ['\\x41bc', ''],
  ['\\bmain\\b', 'main'],
  ['é😀?xy', 'xy'],
  ['a\\(b\\)', 'a(b)'],
])('requiredText(%j)', (pattern, text) => {
  expect(requiredText(pattern)).toBe(text);
});

test('answers as the engine does, for random patterns and texts', () => {
  const random = randomSource(3);
  const pick = (parts: readonly string[]) => parts[Math.floor(random() * parts.length)];
  const patternParts = [
    'a',
    'b',
    'ab',
    '.',
    '\\.',
    '*',
    '+',
    '?',
    '|',
    '(',
    ')',
    '[ab]',
    '[^a]',
    '^',
    '$',
    '{1,2}',
    '\\w',
  ];
  const disagreements: string[] = [];
  let compiled = 0;
  for (let run = 0; run < 4000; run++) {
    const text = Array.from({ length: 1 + random() * 6 }, () => pick(patternParts)).join('');
    let engine: RE2JS;
    try {
      engine = RE2JS.compile(text);
    } catch {
      expect(() => compilePattern('test', text)).toThrow(/is not a regular expression/);
      continue;
    }
    compiled++;
    const pattern = compilePattern('test', text);
    for (let k = 0; k < 8; k++) {
      const actual = Array.from({ length: random() * 6 }, () => pick(['a', 'b', '.', 'ab', 'c'])).join('');
      if (pattern(actual) !== engine.matcher(actual).find()) {
        disagreements.push(`${text} on ${actual}`);
      }
    }
  }
  expect(compiled).toBeGreaterThan(1000);
  expect(disagreements).toEqual([]);
});

test('a pattern that takes seconds over all texts is given up, and says which', () => {
  const clock = jest.spyOn(Date, 'now');
  let now = 0;
  clock.mockImplementation(() => (now += 1000));
  for (const search of [compilePattern('focus', '(?:.?){999}x'), compileGroup('focus', '(.?){999}x')]) {
    const names = Array.from({ length: 5 }, (_, i) => `x${i}`);
    names.forEach((name) => search?.(name));
    expect(() => search?.('x6')).toThrow(/pattern for focus takes longer than 5 s.*\{999\}x/);
  }
  clock.mockRestore();
});
