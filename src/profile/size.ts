import type { Profile } from './profile';

/** Bytes of a profile's columns, each once, and of its text at one byte a character and 16 a string. */
export function profileBytes(profile: Profile): number {
  let bytes = 0;
  // An execution has the tables of its profile.
  const counted = new Set<unknown>();
  const add = (value: unknown): void => {
    if (counted.has(value)) {
      return;
    }
    if (value !== null && typeof value === 'object') {
      counted.add(value);
    }
    if (ArrayBuffer.isView(value)) {
      bytes += value.byteLength;
    } else if (Array.isArray(value) && typeof value[0] === 'string') {
      for (const text of value as string[]) {
        bytes += text.length + 16;
      }
    } else if (value !== null && typeof value === 'object') {
      Object.values(value).forEach(add);
    }
  };
  add(profile);
  return bytes;
}
