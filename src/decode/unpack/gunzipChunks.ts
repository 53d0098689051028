import { gunzipReader } from '../gzip';

/**
 * Unpacks gzip piece by piece, as who reads them takes them.
 * @param unpack unpacks all of it at once
 * @param turn awaited between two pieces
 * @throws InputError for a truncated or corrupt file, after what could be unpacked of it
 */
export async function* gunzipChunks(
  bytes: Uint8Array,
  unpack: (bytes: Uint8Array) => Promise<Uint8Array>,
  turn?: () => Promise<void>
): AsyncGenerator<Uint8Array> {
  const reader = gunzipReader(bytes);
  let length = 0;
  try {
    for (;;) {
      const part = await reader.read().catch(() => undefined);
      if (!part) {
        break;
      }
      if (part.done) {
        return;
      }
      length += part.value.length;
      yield part.value;
      await turn?.();
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  // Several members, which Chromium refuses, or damage, which is said here.
  yield (await unpack(bytes)).subarray(length);
}
