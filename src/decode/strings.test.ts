import { haveEqual, readStrings } from './strings';

const encoder = new TextEncoder();

function read(texts: readonly string[]) {
  const parts = texts.map((text) => encoder.encode(text));
  const ends = Uint32Array.from(
    parts.map((_, i) => parts.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0))
  );
  const starts = ends.map((end, i) => end - parts[i].length);
  return readStrings(Uint8Array.from(parts.flatMap((part) => [...part])), starts, ends);
}

test.each<[string, string[], number[] | undefined]>([
  ['none that repeats', ['', 'main', 'main.f', 'nain'], undefined],
  ['some that repeat', ['', 'main', 'f', 'main', 'f', ''], [0, 1, 2, 1, 2, 0]],
  ['texts that are not ASCII', ['', 'größe', 'f', 'größe'], [0, 1, 2, 1]],
  ['a byte order mark', ['', '\ufeffa', 'a'], undefined],
])('texts with %s', (_, texts, firstRow) => {
  const table = read(texts);
  expect(table.strings).toEqual(texts);
  expect(table.firstRow && [...table.firstRow]).toEqual(firstRow);
});

test('hashes that are made to collide are not told apart for long', () => {
  const count = 1 << 14;
  const spread = Int32Array.from({ length: count }, (_, i) => Math.imul(i, 0x9e3779b1));
  expect(haveEqual(spread)).toBe(false);
  expect(haveEqual(Int32Array.of(...spread, spread[7]))).toBe(true);
  // All in one slot: telling each from all others would take 134 million steps.
  expect(haveEqual(spread.map((_, i) => i << 15))).toBe(true);
});
