import type { Profile } from './profile';

/** Bytes of a profile's columns, and of its text at one byte a character and 16 a string. */
export function profileBytes(profile: Profile): number {
  let bytes = 0;
  const add = (value: unknown): void => {
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
