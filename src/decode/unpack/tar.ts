import { counted, grouped, InputError } from '../../text/notice';
import { checkCount, checkLength, joined, shownName, type Member, type Scan, type Wants } from './scan';

// Written here, since of a tar that is cut off what came before has to be read: libraries' streams lose it with the error.

const block = 512;
/** Bytes of a tar in all: of these nothing is kept but a member, and a tab reads them in some seconds. */
const maxTar = 1024 * 1024 * 1024;
/** A pax or GNU header that is longer than this is no name. */
const maxHeader = 1024 * 1024;
const utf8 = new TextDecoder();

/**
 * Reads a tar as its bytes come (POSIX.1-2001 ustar and pax, GNU long names and sizes), so that of what is not wanted
 * nothing is kept. One that is damaged or cut off is read as far as it goes: `Scan.cut` says where it ended.
 * @param wants asked of each file in the order of the tar
 * @param limit bytes of a member
 * @param isNamed whether one member is wanted by its name, of however many
 * @throws InputError for too many members or bytes, and where it is damaged before anything could be read
 */
export async function scanTar(
  chunks: AsyncIterable<Uint8Array>,
  wants: Wants,
  limit: number,
  isNamed: boolean
): Promise<Scan> {
  const input = new Input(chunks, limit);
  const members: Member[] = [];
  let wanted: Scan['wanted'];
  try {
    for (let member = await nextFile(input); member; member = await nextFile(input)) {
      checkCount(members.push(member), isNamed);
      if (wants(member)) {
        wanted = { member, bytes: await input.read(member.size) };
        await input.skip(padding(member.size));
      } else {
        await input.skip(member.size + padding(member.size));
      }
    }
  } catch (error) {
    // Too many members are not damage: what is in a bomb is not shown.
    if (!(error instanceof Damage)) {
      throw error;
    }
    if (members.length === 0) {
      throw new InputError(
        `The tar archive is damaged or cut off: ${error.message}. The upload was probably interrupted: upload it again.`
      );
    }
    const last = members[members.length - 1].name;
    return { members, wanted, cut: `in or after ${shownName(last)}: ${error.message}` };
  } finally {
    await input.close();
  }
  return { members, wanted };
}

/** The archive ends early, or is none from here on. */
class Damage extends Error {}

const padding = (size: number) => (block - (size % block)) % block;

interface Header {
  readonly name: string;
  readonly size: number;
  readonly type: string;
}

/** The next regular file; undefined at the end of the archive. Names that are too long for a header come before it. */
async function nextFile(input: Input): Promise<Member | undefined> {
  let long: { name?: string; size?: number } = {};
  for (;;) {
    const bytes = await input.read(block, true);
    // Two blocks of zeros end a tar; some writers leave out one, or both.
    if (bytes.length === 0 || bytes.every((byte) => byte === 0)) {
      return undefined;
    }
    const header = readHeader(bytes);
    if (!header) {
      throw new Damage(
        `expected the header of a member at byte ${grouped(input.at - block)} of the tar, and found none`
      );
    }
    const { type, name, size } = header;
    if (type === 'x' || type === 'L') {
      const text = await readText(input, size);
      long = type === 'x' ? { ...long, ...readPax(text) } : { ...long, name: toUtf8(text.replace(/\0.*$/s, '')) };
    } else if (type === '0' || type === '\0' || type === '7') {
      const member = { name: long.name ?? name, size: long.size ?? size };
      long = {};
      // Before POSIX a folder was a file whose name ends so.
      if (!member.name.endsWith('/')) {
        return member;
      }
    } else {
      // Folders, links and devices have no content, whatever size they say; global headers and what is not known have.
      const hasContent = !/[1-6]/.test(type);
      const skipped = hasContent ? (long.size ?? size) : 0;
      long = type === 'g' || type === 'K' ? long : {};
      await input.skip(skipped + padding(skipped));
    }
  }
}

async function readText(input: Input, size: number): Promise<string> {
  if (size > maxHeader) {
    throw new Damage(`a header of ${size} bytes`);
  }
  const bytes = await input.read(size);
  await input.skip(padding(size));
  return latin1(bytes);
}

/** One character a byte: lengths of pax records count bytes. */
const latin1 = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
};
const toUtf8 = (bytes: string): string => utf8.decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));

/** Records `LENGTH KEY=VALUE\n`; the length is of the whole record. */
function readPax(text: string): { name?: string; size?: number } {
  const found: { name?: string; size?: number } = {};
  for (let at = 0; at < text.length;) {
    const start = /^(\d{1,7}) ([^=]{1,100})=/.exec(text.slice(at, at + 120));
    const length = start ? Number(start[1]) : 0;
    if (!start || length <= start[0].length || at + length > text.length) {
      throw new Damage('a pax header that is none');
    }
    const value = text.slice(at + start[0].length, at + length - 1);
    if (start[2] === 'path') {
      found.name = toUtf8(value);
    } else if (start[2] === 'size' && /^\d{1,15}$/.test(value)) {
      found.size = Number(value);
    }
    at += length;
  }
  return found;
}

/** Undefined where the checksum is not that of the other bytes. */
function readHeader(bytes: Uint8Array): Header | undefined {
  let sum = 8 * 32;
  let signed = sum;
  for (let i = 0; i < block; i++) {
    if (i < 148 || i >= 156) {
      sum += bytes[i];
      signed += (bytes[i] << 24) >> 24;
    }
  }
  const noted = readNumber(bytes.subarray(148, 156));
  // Some old writers summed signed characters.
  if (noted !== sum && noted !== signed) {
    return undefined;
  }
  const text = (from: number, to: number) => utf8.decode(bytes.subarray(from, to)).replace(/\0.*$/s, '');
  const name = text(0, 100);
  // In GNU's own format, "ustar  ", other fields are where ustar has the folders of a long name.
  const prefix = text(257, 263) === 'ustar' ? text(345, 500) : '';
  const size = readNumber(bytes.subarray(124, 136));
  return size === undefined
    ? undefined
    : { name: prefix === '' ? name : `${prefix}/${name}`, size, type: String.fromCharCode(bytes[156]) };
}

/** Octal digits, or GNU's binary number where the first bit is set; undefined for what is none of both. */
function readNumber(bytes: Uint8Array): number | undefined {
  if (bytes[0] & 0x80) {
    const value = bytes.subarray(1).reduce((sum, byte) => sum * 256 + byte, bytes[0] & 0x7f);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = latin1(bytes)
    .replace(/[\0 ]+$/, '')
    .trimStart();
  return /^[0-7]*$/.test(text) ? parseInt(text || '0', 8) : undefined;
}

/** The bytes of a tar in the order in which they come. */
class Input {
  /** Bytes taken so far. */
  at = 0;
  private readonly chunks: AsyncIterator<Uint8Array>;
  private chunk = new Uint8Array(0);

  constructor(
    chunks: AsyncIterable<Uint8Array>,
    private readonly limit: number
  ) {
    this.chunks = chunks[Symbol.asyncIterator]();
  }

  /** @param orNone no bytes at the end of the input, instead of an error. @throws Damage at its end */
  async read(length: number, orNone = false): Promise<Uint8Array> {
    checkLength(length, this.limit, 'A member of the tar archive');
    if (length <= this.chunk.length) {
      return this.take(length);
    }
    const parts: Uint8Array[] = [];
    let left = length;
    while (left > 0 && (await this.fill())) {
      const part = this.take(Math.min(left, this.chunk.length));
      parts.push(part);
      left -= part.length;
    }
    if (left > 0 && !(orNone && parts.length === 0)) {
      throw this.endsEarly(left);
    }
    return joined(parts, length - left);
  }

  /** @throws Damage at the end of the input */
  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) {
      if (!(await this.fill())) {
        throw this.endsEarly(left);
      }
      left -= this.take(Math.min(left, this.chunk.length)).length;
    }
  }

  private endsEarly(left: number): Damage {
    return new Damage(
      `it ends early, at byte ${grouped(this.at)} of the tar, where ${counted(left, 'byte')} more were expected`
    );
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }

  private take(length: number): Uint8Array {
    const part = this.chunk.subarray(0, length);
    this.chunk = this.chunk.subarray(length);
    this.at += length;
    return part;
  }

  /** @throws Damage where what the tar is packed with is damaged */
  private async nextChunk(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.chunks.next();
    } catch (error) {
      throw error instanceof InputError ? new Damage(error.message.replace(/\.( .*)?$/s, '')) : error;
    }
  }

  /** Whether there are bytes left. */
  private async fill(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const next = await this.nextChunk();
      if (next.done) {
        return false;
      }
      this.chunk = next.value as Uint8Array<ArrayBuffer>;
      checkLength(this.at + this.chunk.length, maxTar, 'The tar archive');
    }
    return true;
  }
}
