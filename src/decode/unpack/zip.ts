import { unzipRaw, type ZipEntry } from 'unzipit';
import { counted, grouped, InputError } from '../../text/notice';
import { zipStart } from '../containers';
import { checkCount, checkLength, shownName, type Scan, type Wants } from './scan';

/** The directory of a zip with 10,000 members of names and comments of usual lengths; reading a larger one takes seconds. */
const maxDirectory = 16 * 1024 * 1024;
/** Deflate packs at most 1032 to 1. */
const maxRatio = 1032;

/**
 * Reads a zip by its directory (APPNOTE 4.3, zip64 as well). Of the members only the last that was wanted is unpacked.
 * @param limit bytes that a member may unpack to
 * @param isNamed whether one member is wanted by its name, of however many
 * @throws InputError that names the member, where it is about one
 */
export async function scanZip(bytes: Uint8Array, wants: Wants, limit: number, isNamed: boolean): Promise<Scan> {
  const entries = await readDirectory(bytes.subarray(zipStart(bytes)));
  checkCount(entries.length, isNamed);
  // Windows' own tools wrote "\" between folders.
  const files = entries.filter(({ name }) => !/[/\\]$/.test(name));
  const wanted = files.filter(wants).at(-1);
  return {
    members: files.map(({ name, size }) => ({ name, size })),
    wanted: wanted && { member: wanted, bytes: await readEntry(wanted, limit) },
  };
}

async function readDirectory(bytes: Uint8Array): Promise<readonly ZipEntry[]> {
  // What unzipit reads first is the directory, of a size that the zip says, and all of it at once.
  let most = maxDirectory;
  const reader = {
    getLength: async () => bytes.length,
    async read(offset: number, length: number) {
      if (length > most) {
        throw new InputError(
          `The directory of the zip archive has ${grouped(length)} bytes, the limit is ${grouped(most)}. Upload the profiles of it as objects of their own.`
        );
      }
      if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
        throw new Error('it ends early');
      }
      // No subarray: what Node calls a Buffer is not copied by its `slice`.
      return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset + offset, length);
    },
  };
  try {
    const { entries } = await unzipRaw(reader);
    most = Infinity;
    return entries;
  } catch (error) {
    throw error instanceof InputError
      ? error
      : new InputError(
          `The zip archive is damaged or cut off: expected its directory at the end of its ${counted(bytes.length, 'byte')}, and it cannot be read there ` +
            `(${(error as Error).message.replace(/\.? *$/, '')}). The upload was probably interrupted: upload it again.`
        );
  }
}

async function readEntry(entry: ZipEntry, limit: number): Promise<Uint8Array> {
  const { size, compressedSize, compressionMethod, encrypted } = entry;
  const name = `${shownName(entry.name)} in the zip archive`;
  if (encrypted) {
    throw new InputError(`${name} is encrypted. Upload the archive without a password.`);
  }
  checkLength(size, limit, name);
  if (compressionMethod === 8 && size > compressedSize * maxRatio + 64) {
    // Its length must not choose how much memory is taken.
    throw damaged(name, new Error(`${compressedSize} bytes cannot unpack to ${size}`));
  }
  if (compressionMethod !== 0 && compressionMethod !== 8) {
    throw new InputError(
      `${name} is packed by method ${compressionMethod}: expected deflate (8), or not packed (0), as zip programs write by default.`
    );
  }
  try {
    return new Uint8Array(await entry.arrayBuffer());
  } catch (error) {
    throw damaged(name, error);
  }
}

const damaged = (what: string, error: unknown) =>
  new InputError(
    `${what} is damaged or cut off (${error instanceof Error ? error.message : String(error)}). The upload was probably interrupted: upload the archive again.`
  );
