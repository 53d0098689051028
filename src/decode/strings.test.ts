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

test('bytes that are no UTF-8 stay apart from each other, the letters beside them are what they are', () => {
  const long = encoder.encode('größe 🙂 '.repeat(2000));
  const bytes = Uint8Array.from([...long, 0xff, ...long, 0xfe]);
  const { strings, firstRow } = readStrings(
    bytes,
    Uint32Array.of(0, long.length + 1),
    Uint32Array.of(long.length + 1, bytes.length)
  );
  const text = 'größe 🙂 '.repeat(2000);
  expect(strings).toEqual([`${text}\udcff`, `${text}\udcfe`]);
  expect(firstRow).toBeUndefined();
});

test('hashes that are made to collide are not told apart for long', () => {
  const count = 1 << 14;
  const spread = Int32Array.from({ length: count }, (_, i) => Math.imul(i, 0x9e3779b1));
  expect(haveEqual(spread)).toBe(false);
  expect(haveEqual(Int32Array.of(...spread, spread[7]))).toBe(true);
  // All in one slot: telling each from all others would take 134 million steps.
  expect(haveEqual(spread.map((_, i) => i << 15))).toBe(true);
});
