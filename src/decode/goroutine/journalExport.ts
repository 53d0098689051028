import { startsWith, word } from './scan';

/** Every entry of `journalctl -o export` begins with this field. */
const start = word('__CURSOR=');
const message = 'MESSAGE';

/** Whether a file is journald's export, which has lengths in bytes among its text. */
export const isJournalExport = (bytes: Uint8Array): boolean => startsWith(bytes, 0, bytes.length, start);

/**
 * The messages of journald's export, each with an end of line. A field is `NAME=text`, or, where its text has control
 * characters, its name, and below it a length of 8 bytes, the text, and an end of line (systemd, Journal Export Formats).
 */
export function journalMessages(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Uint8Array(bytes.length + 1);
  let length = 0;
  for (let at = 0; at < bytes.length;) {
    const next = bytes.indexOf(10, at);
    const end = next < 0 ? bytes.length : next;
    const sign = bytes.subarray(at, end).indexOf(61);
    const name = new TextDecoder().decode(bytes.subarray(at, sign < 0 ? end : at + sign).subarray(0, 64));
    // Without a sign an empty line, which ends an entry, or a field with a length.
    const hasLength = sign < 0 && name !== '' && end + 9 <= bytes.length;
    const from = hasLength ? end + 9 : at + sign + 1;
    const to = hasLength ? Math.min(from + Number(view.getBigUint64(end + 1, true)), bytes.length) : end;
    if (name === message && (sign >= 0 || hasLength)) {
      out.set(bytes.subarray(from, to), length);
      length += to - from;
      out[length++] = 10;
    }
    at = to + 1;
  }
  return out.subarray(0, length);
}
