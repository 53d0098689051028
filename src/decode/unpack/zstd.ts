import { Decompress, decompress } from 'fzstd';
import { InputError } from '../../text/notice';
import { checkLength, joined } from './scan';

/** The largest window, in bytes, that zstd itself takes without being told to (`--memory`, 2^27). */
const maxWindow = 128 * 1024 * 1024;
/** Bytes of a block's content, at most (RFC 8878, 3.1.1.2). */
const maxBlock = 128 * 1024;

/**
 * Unpacks zstd, one frame or several (RFC 8878). Where all frames say how long they are, into one buffer of that length;
 * else block by block, so that the limit stops a bomb before it is unpacked whole.
 * @throws InputError for a truncated or corrupt file, or one that unpacks to more than `limit` bytes
 */
export function unzstd(bytes: Uint8Array, limit: number): Uint8Array {
  const { known, least, most } = measure(bytes);
  checkLength(Math.max(known ?? 0, least), limit, 'The zstd file');
  if ((known ?? 0) > most) {
    // A length that is a lie must not choose an allocation.
    throw damaged(`it says that it unpacks to ${known} bytes, its blocks hold ${most} at most`);
  }
  try {
    return known !== undefined || most <= limit ? decompress(bytes) : inParts(bytes, limit);
  } catch (error) {
    throw error instanceof InputError ? error : damaged((error as Error).message);
  }
}

const damaged = (how: string) =>
  new InputError(`The zstd data is damaged or cut off (${how}). The upload was probably interrupted.`);

function inParts(bytes: Uint8Array, limit: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((part) => {
    length += part.length;
    checkLength(length, limit, 'The zstd file');
    parts.push(part);
  });
  // In pieces, as what a piece unpacks to is there at once.
  for (let at = 0; at < bytes.length; at += maxBlock) {
    stream.push(bytes.subarray(at, at + maxBlock), at + maxBlock >= bytes.length);
  }
  return joined(parts, length);
}

/**
 * Follows the frames by the lengths of their blocks, without unpacking any.
 * @returns `known`: bytes that they say they unpack to, undefined where one does not say; `least` and `most`: bytes that
 * their blocks unpack to
 */
function measure(bytes: Uint8Array): { known: number | undefined; least: number; most: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let known: number | undefined = 0;
  let least = 0;
  let most = 0;
  let at = 0;
  try {
    while (at < bytes.length) {
      if ((view.getUint32(at, true) & 0xfffffff0) >>> 0 === 0x184d2a50) {
        at += 8 + view.getUint32(at + 4, true); // A skippable frame.
        continue;
      }
      const frame = readHeader(view, at);
      known = known === undefined || frame.length === undefined ? undefined : known + frame.length;
      const blocks = skipBlocks(view, frame.blocks);
      least += blocks.least;
      most += blocks.most;
      at = blocks.end + (frame.hasChecksum ? 4 : 0);
    }
  } catch (error) {
    throw error instanceof RangeError ? damaged('it ends early') : error;
  }
  return { known, least, most };
}

/** @throws RangeError at the end of the data, InputError for what is no frame or takes too much memory */
function readHeader(view: DataView, at: number) {
  if (view.getUint32(at, true) !== 0xfd2fb528) {
    throw damaged(`no frame at byte ${at}`);
  }
  const flags = view.getUint8(at + 4);
  const isSingle = (flags & 32) !== 0;
  const dictionary = [0, 1, 2, 4][flags & 3];
  if (dictionary > 0) {
    throw new InputError('The zstd file was packed with a dictionary. Pack profiles without one.');
  }
  const lengthAt = at + (isSingle ? 5 : 6);
  const lengthBytes = [isSingle ? 1 : 0, 2, 4, 8][flags >> 6];
  const length = readLength(view, lengthAt, lengthBytes);
  const descriptor = isSingle ? 0 : view.getUint8(at + 5);
  const base = 2 ** (10 + (descriptor >> 3));
  if (!isSingle && base + (base / 8) * (descriptor & 7) > maxWindow) {
    throw new InputError(
      'The zstd file was packed with a window of more than 128 MiB (--ultra, --long), which unpacking would need as memory. Pack it without.'
    );
  }
  return { length, hasChecksum: (flags & 4) !== 0, blocks: lengthAt + lengthBytes };
}

function readLength(view: DataView, at: number, bytes: number): number | undefined {
  switch (bytes) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    case 8:
      return Number(view.getBigUint64(at, true));
    default:
      return undefined;
  }
}

function skipBlocks(view: DataView, start: number): { end: number; least: number; most: number } {
  let at = start;
  let least = 0;
  let most = 0;
  for (;;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    const size = header >> 3;
    // Raw bytes, one byte that is repeated, or compressed ones.
    least += type === 2 ? 0 : size;
    most += type === 2 ? maxBlock : size;
    at += 3 + (type === 1 ? 1 : size);
    if (header & 1) {
      if (at > view.byteLength) {
        throw new RangeError();
      }
      return { end: at, least, most };
    }
  }
}
