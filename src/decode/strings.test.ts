import { Random } from '../fuzz/random';
import { haveEqual, readStrings } from './strings';

const encoder = new TextEncoder();

const read = (texts: readonly string[]) => readBytes(texts.map((text) => encoder.encode(text)));

function readBytes(parts: readonly Uint8Array[]) {
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

test('a text with bytes that are no UTF-8, of any length, has these as surrogates and all else as TextDecoder', () => {
  const random = new Random(1);
  const pieces = ['a', 'é', '€', '😀', '\ufeff', '\u{10ffff}', '\u0800'].map((text) => encoder.encode(text));
  for (const length of [1, 2, 100, 8190, 8191, 8192, 8193, 20_000]) {
    const bytes = [0xff];
    const invalid: number[] = [0xff];
    while (bytes.length < length) {
      const piece = random.pick(pieces);
      // A part of a character, then what no character goes on with.
      const part = random.is(0.3) ? [...piece.subarray(0, Math.max(1, random.below(piece.length)))] : [...piece];
      bytes.push(...part);
      if (part.length < piece.length) {
        invalid.push(...part);
      }
    }
    const [text] = readBytes([Uint8Array.from(bytes)]).strings;
    const alone = /[\udc80-\udcff]/u;
    const escaped = [...text].filter((char) => alone.test(char)).map((char) => char.charCodeAt(0) - 0xdc00);
    expect(escaped).toEqual(invalid);
    const back = [...text].flatMap((char) =>
      alone.test(char) ? char.charCodeAt(0) - 0xdc00 : [...encoder.encode(char)]
    );
    expect(back).toEqual(bytes);
  }
});

test.each<[string, number[], string]>([
  ['an overlong form', [0xc0, 0x80], '\udcc0\udc80'],
  ['an overlong form of three bytes', [0xe0, 0x80, 0x80], '\udce0\udc80\udc80'],
  ['a surrogate', [0xed, 0xa0, 0x80], '\udced\udca0\udc80'],
  ['a character beyond the last', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
  ['a byte that starts none', [0xf5, 0x80, 0x80, 0x80], '\udcf5\udc80\udc80\udc80'],
  ['a character that is cut off', [0x61, 0xe2, 0x82], 'a\udce2\udc82'],
  ['a replacement character of its own', [0xef, 0xbf, 0xbd], '\ufffd'],
])('%s', (_, bytes, text) => {
  expect(readBytes([Uint8Array.from(bytes)]).strings).toEqual([text]);
});

test('hashes that are made to collide are not told apart for long', () => {
  const count = 1 << 14;
  const spread = Int32Array.from({ length: count }, (_, i) => Math.imul(i, 0x9e3779b1));
  expect(haveEqual(spread)).toBe(false);
  expect(haveEqual(Int32Array.of(...spread, spread[7]))).toBe(true);
  // All in one slot: telling each from all others would take 134 million steps.
  expect(haveEqual(spread.map((_, i) => i << 15))).toBe(true);
});
