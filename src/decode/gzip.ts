import { FlateErrorCode, Gunzip, type FlateError } from 'fflate';
import { counted, InputError } from '../text/notice';
import { isTar } from './containers';
import { maxUnpackedBytes, unpacksToTooMuch } from './memory';

/** Below this fflate is as fast as a stream in Chromium and several times as fast in Node: streams cost a set-up each. */
export const smallBytes = 32 * 1024;

/**
 * Unpacks gzip, one member or several (RFC 1952, 2.2). The platform's inflate serves one member, which is nearly every
 * file; Chromium's refuses what follows the first, so those, broken files and small ones go through fflate.
 * @throws InputError for a truncated or corrupt file, or one that unpacks to more than `limit` bytes
 */
export async function gunzip(bytes: Uint8Array, limit = maxUnpackedBytes): Promise<Uint8Array> {
  if (bytes.length < smallBytes) {
    return gunzipMembers(bytes, limit);
  }
  try {
    return await gunzipNative(bytes, limit);
  } catch (error) {
    if (error instanceof InputError) {
      throw error;
    }
    return gunzipMembers(bytes, limit);
  }
}

/** Whether a tar is packed with gzip, as far as the first 4 KiB of it say. */
export function isPackedTar(bytes: Uint8Array): boolean {
  let isFound: boolean | undefined;
  const inflate = new Gunzip((part) => (isFound ??= isTar(part)));
  try {
    inflate.push(bytes.subarray(0, 4096));
  } catch {
    // Who unpacks all of it says what is wrong.
  }
  return isFound === true;
}

/** The platform's inflate, which gives what it unpacks in pieces. */
export function gunzipReader(bytes: Uint8Array): ReadableStreamDefaultReader<Uint8Array> {
  const source = new ReadableStream<BufferSource>({
    start(controller) {
      controller.enqueue(bytes as Uint8Array<ArrayBuffer>);
      controller.close();
    },
  });
  return source.pipeThrough(new DecompressionStream('gzip')).getReader();
}

async function gunzipNative(bytes: Uint8Array, limit: number, size = notedWithin(bytes, limit)): Promise<Uint8Array> {
  const reader = gunzipReader(bytes);
  const output = new Output(size, limit);
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    try {
      output.push(part.value);
    } catch (error) {
      await reader.cancel();
      throw error;
    }
  }
  return output.finish() ?? gunzipNative(bytes, limit, output.length);
}

function gunzipMembers(bytes: Uint8Array, limit: number, size = notedWithin(bytes, limit)): Uint8Array {
  const output = new Output(size, limit);
  let finished = false;
  const inflate = new Gunzip((part, final) => {
    output.push(part);
    finished = final;
  });
  try {
    // In pieces, so that the limit stops a bomb before it is unpacked whole.
    const step = 65536;
    for (let at = 0; at < bytes.length; at += step) {
      inflate.push(bytes.subarray(at, at + step), at + step >= bytes.length);
    }
  } catch (error) {
    if (error instanceof InputError) {
      throw error;
    }
    if (output.length > 0 && (error as Partial<FlateError>).code === FlateErrorCode.InvalidHeader) {
      throw new InputError(
        `Expected the end of the gzip data, or more of it, after ${counted(output.length, 'unpacked byte')}, and other bytes follow: the rest of an older, ` +
          'longer file that was overwritten, or padding. go tool pprof refuses it as well. Cut it off with `gzip -dc FILE | gzip > FILE.new` and upload that.'
      );
    }
    throw new InputError(
      `The gzip data is damaged or cut off (${error instanceof Error ? error.message : String(error)}) ` +
        `after ${counted(output.length, 'unpacked byte')}. The upload was probably interrupted.`
    );
  }
  if (!finished) {
    throw new InputError(
      `The gzip data ends early, after ${counted(output.length, 'unpacked byte')}. The upload was probably interrupted.`
    );
  }
  return output.finish() ?? gunzipMembers(bytes, limit, output.length);
}

/**
 * The length that gzip notes in its last four bytes (modulo 2^32), no more than the file can hold: deflate packs at most
 * 1032 to 1, a larger note is a lie and must not choose an allocation.
 */
export function notedBytes(source: Uint8Array): number {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const noted = source.length >= 18 ? view.getUint32(source.length - 4, true) : 0;
  return Math.min(noted, source.length * 1032);
}

/** The same, 0 beyond the limit: the last bytes of a file that was cut off note any length, so it is unpacked to see. */
function notedWithin(bytes: Uint8Array, limit: number): number {
  const noted = notedBytes(bytes);
  return noted > limit ? 0 : noted;
}

/**
 * A buffer of the length that the file notes. Several members are longer: those are counted, then unpacked once more, since
 * a buffer that grows takes twice its memory.
 */
class Output {
  length = 0;
  private readonly buffer: Uint8Array;

  constructor(
    size: number,
    private readonly limit: number
  ) {
    this.buffer = new Uint8Array(size);
  }

  push(part: Uint8Array): void {
    const length = this.length + part.length;
    if (length > this.limit) {
      throw unpacksToTooMuch(this.limit);
    }
    if (length <= this.buffer.length) {
      this.buffer.set(part, this.length);
    }
    this.length = length;
  }

  /** undefined where the buffer was too small: `length` is what it takes. */
  finish(): Uint8Array | undefined {
    return this.length > this.buffer.length ? undefined : this.buffer.subarray(0, this.length);
  }
}
