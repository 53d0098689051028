import { promisify } from 'node:util';
import { gunzip as zlibGunzip } from 'node:zlib';
import { gunzip, notedBytes } from '../decode/gzip';
import { maxUnpackedBytes } from '../decode/memory';

const unpack = promisify(zlibGunzip);

/**
 * Unpacks gzip by Node's own zlib, beside the main thread as a browser's DecompressionStream does; Node's takes twice the
 * time, since it goes through a promise for every 16 KB. This makes one buffer at once.
 * @throws InputError as `gunzip` does
 */
export async function nodeGunzip(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    const chunkSize = Math.max(1024, Math.min(notedBytes(bytes), maxUnpackedBytes) + 1);
    return await unpack(bytes, { maxOutputLength: maxUnpackedBytes, chunkSize });
  } catch {
    return gunzip(bytes); // It knows what to say.
  }
}
