import { hasDots } from '../store/dots';

// How a label's value stands in a key. autoprofiler/key writes the same; testdata/fields.json is both sides' test.

/** The value as the auto-profiler writes it: of its UTF-8, each byte but letters, digits, `.` and `-` is `!` and two digits. */
export function encodeField(value: string): string {
  if (value === '') {
    return '!';
  }
  if (value === '.' || value === '..') {
    return value.replaceAll('.', '!2e'); // A folder of that name would be another one.
  }
  return value.replace(/[^A-Za-z0-9.-]+/g, (text) =>
    Array.from(new TextEncoder().encode(text), (byte) => `!${byte.toString(16).padStart(2, '0')}`).join('')
  );
}

/**
 * The value that a part of a key stands for. What the auto-profiler would have written otherwise is of another writer and
 * taken as it is: so a value stands in keys in at most two ways, and `keyFieldsOf` knows both.
 */
export function decodeField(field: string): string {
  if (!field.includes('!')) {
    return field;
  }
  if (field === '!') {
    return '';
  }
  try {
    const value = decodeURIComponent(field.replaceAll('!', '%'));
    return encodeField(value) === field ? value : field;
  } catch {
    return field; // No hex digits, or bytes that are no UTF-8.
  }
}

/** The parts of a key that stand for a value: as the auto-profiler writes it, and as it is. */
export const keyFieldsOf = (value: string): string[] =>
  [...new Set([encodeField(value), value])].filter(
    (field) => field !== '' && !field.includes('/') && !hasDots(field) && decodeField(field) === value
  );
