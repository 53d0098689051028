import type { Random } from './random';

const interesting = [0, 1, 7, 8, 10, 13, 32, 34, 91, 93, 123, 125, 127, 128, 192, 255];

/** Any file with some bytes changed, left out, put in, repeated, or a stretch of another file in it. */
export function mutateBytes(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length + 1);
  const length = random.is(0.7) ? 1 + random.below(8) : random.below(bytes.length - at + 1);
  const cut = (put: Uint8Array, upTo: number) => join(bytes.subarray(0, at), put, bytes.subarray(upTo));
  switch (random.below(6)) {
    case 0: {
      const changed = bytes.slice();
      for (let k = 1 + random.below(6); k > 0 && changed.length > 0; k--) {
        const place = random.below(changed.length);
        changed[place] = random.is(0.5) ? random.pick(interesting) : changed[place] ^ (1 << random.below(8));
      }
      return changed;
    }
    case 1:
      return cut(new Uint8Array(), at + length);
    case 2:
      return cut(
        Uint8Array.from({ length: 1 + random.below(12) }, () => random.below(256)),
        at
      );
    case 3:
      return cut(bytes.subarray(at, at + length), at);
    case 4: {
      const from = random.below(other.length + 1);
      return cut(other.subarray(from, from + length), random.is(0.5) ? at : at + length);
    }
    default:
      return bytes.subarray(0, at);
  }
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
