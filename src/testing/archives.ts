import { deflateRawSync } from 'node:zlib';

// Archives as their formats have them, written by hand so that a test can have each form, and each wrong one.

export interface ArchiveFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const block = 512;

/** A header of ustar (POSIX.1-1988). `size` may be another than that of what follows. */
export function tarHeader(name: string, size: number, type = '0', magic = 'ustar\0' + '00'): Buffer {
  const header = Buffer.alloc(block);
  header.write(name.slice(0, 100), 0, 'latin1');
  header.write('0000644\0'.padEnd(8), 100);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(magic, 257, 'latin1');
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148
  );
  return header;
}

const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc((block - (bytes.length % block)) % block)]);

/** One record of a pax header: its length counts itself. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

/** A tar; names of more than 100 bytes are written as pax or GNU tar does. */
export function tarOf(files: readonly ArchiveFile[], long: 'pax' | 'gnu' = 'pax', hasEnd = true): Buffer {
  const parts = files.flatMap(({ name, bytes }) => {
    const isLong = Buffer.byteLength(name) > 100 || !/^[\0-\x7f]*$/.test(name);
    const extra = Buffer.from(long === 'pax' ? paxRecord('path', name) : `${name}\0`);
    const before = isLong
      ? [
          tarHeader(long === 'pax' ? 'PaxHeaders.0/x' : '././@LongLink', extra.length, long === 'pax' ? 'x' : 'L'),
          padded(extra),
        ]
      : [];
    return [...before, tarHeader(isLong ? 'cut' : name, bytes.length), padded(bytes)];
  });
  return Buffer.concat([...parts, Buffer.alloc(hasEnd ? 2 * block : 0)]);
}

export interface ZipForm {
  /** 8 for deflate, 0 for not packed. */
  readonly method?: number;
  /** Lengths behind the data, as writers to a stream do. */
  readonly hasDescriptor?: boolean;
  readonly isEncrypted?: boolean;
  /** Lengths, offsets and counts in zip64's records. */
  readonly isZip64?: boolean;
  /** Unpacked length that the directory says. */
  readonly size?: number;
}

/** A zip (APPNOTE 4.3) in which all members have one form. Checksums are 0. */
export function zipOf(files: readonly ArchiveFile[], form: ZipForm = {}): Buffer {
  const { method = 8, hasDescriptor = false, isEncrypted = false, isZip64 = false } = form;
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  const put = (part: Buffer) => {
    parts.push(part);
    at += part.length;
  };
  for (const { name, bytes } of files) {
    const data = method === 8 ? deflateRawSync(bytes) : Buffer.from(bytes);
    const size = form.size ?? bytes.length;
    const text = Buffer.from(name);
    const flags = (isEncrypted ? 1 : 0) | (hasDescriptor ? 8 : 0) | 0x800;
    const offset = at;
    const common = (packed: number, unpacked: number) => [
      u16(flags),
      u16(method),
      u32(0),
      u32(0),
      u32(packed),
      u32(unpacked),
    ];
    const known = hasDescriptor ? [0, 0] : [data.length, size];
    put(Buffer.concat([u32(0x04034b50), u16(20), ...common(known[0], known[1]), u16(text.length), u16(0), text, data]));
    if (hasDescriptor) {
      put(Buffer.concat([u32(0x08074b50), u32(0), u32(data.length), u32(size)]));
    }
    const extra = isZip64
      ? Buffer.concat([u16(1), u16(24), u64(size), u64(data.length), u64(offset)])
      : Buffer.alloc(0);
    const lengths = isZip64 ? [0xffffffff, 0xffffffff] : [data.length, size];
    directory.push(
      Buffer.concat([
        ...[u32(0x02014b50), u16(45), u16(45), ...common(lengths[0], lengths[1]), u16(text.length), u16(extra.length)],
        ...[u16(0), u16(0), u16(0), u32(0), u32(isZip64 ? 0xffffffff : offset), text, extra],
      ])
    );
  }
  const start = at;
  directory.forEach(put);
  const length = at - start;
  const count = files.length;
  if (isZip64) {
    const end = at;
    put(
      Buffer.concat([
        ...[u32(0x06064b50), u64(44), u16(45), u16(45), u32(0), u32(0)],
        ...[u64(count), u64(count), u64(length), u64(start)],
      ])
    );
    put(Buffer.concat([u32(0x07064b50), u32(0), u64(end), u32(1)]));
  }
  const said = isZip64 ? [0xffff, 0xffffffff, 0xffffffff] : [Math.min(count, 0xffff), length, start];
  put(Buffer.concat([u32(0x06054b50), u16(0), u16(0), u16(said[0]), u16(said[0]), u32(said[1]), u32(said[2]), u16(0)]));
  return Buffer.concat(parts);
}

/** Two goroutines, packed by zstd 1.5.4: as a file, whose frame says how long it is, and from a pipe, whose frame does not. */
export const zstdFrames = {
  known: 'KLUv/SBZxQEA5AJnb3JvdXRpbmUgMSBbcnVubmluZ106Cm1haW4ubWFpbigpCgkvYS5nbzoxCgoyAgBgiEJYlQE=',
  piped: 'KLUv/QRYxQEA5AJnb3JvdXRpbmUgMSBbcnVubmluZ106Cm1haW4ubWFpbigpCgkvYS5nbzoxCgoyAgBgiEJYlQF2yZHE',
};

/** A zstd frame of one block that is not packed (RFC 8878, 3.1.1), of at most 128 KiB. */
export const zstdOf = (bytes: Uint8Array): Buffer =>
  Buffer.concat([
    u32(0xfd2fb528),
    Buffer.from([0xa0]), // A single segment, its length in four bytes.
    u32(bytes.length),
    u32((bytes.length << 3) | 1).subarray(0, 3),
    bytes,
  ]);

const u16 = (value: number) => number(2, (buffer) => buffer.writeUInt16LE(value));
const u32 = (value: number) => number(4, (buffer) => buffer.writeUInt32LE(value));
const u64 = (value: number) => number(8, (buffer) => buffer.writeBigUInt64LE(BigInt(value)));
function number(length: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(length);
  write(buffer);
  return buffer;
}
