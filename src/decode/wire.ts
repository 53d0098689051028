import { InputError } from '../text/notice';
import { lowWord, wordsOf } from '../profile/words64';

/**
 * Reads the protobuf wire format (protobuf.dev/programming-guides/encoding) without allocating: no view per field,
 * no array per value. A cursor over one buffer; `end` is the end of the message being read.
 */
export class WireReader {
  pos = 0;
  end: number;

  constructor(readonly bytes: Uint8Array) {
    this.end = bytes.length;
  }

  /** An unsigned varint that fits 32 bits in practice: tags, lengths, string rows. @throws InputError above 2^53 */
  uvarint(): number {
    const { bytes } = this;
    const byte = bytes[this.pos];
    if (byte < 0x80 && this.pos < this.end) {
      this.pos++;
      return byte;
    }
    return this.varint();
  }

  /** As `int64`. @throws InputError where the number cannot hold it exactly */
  varint(): number {
    const start = this.pos;
    return exact(this.int64(), start);
  }

  /**
   * An int64 as a number, negative values (ten bytes) included; beyond ±2^53 the nearest one, which is no safe integer.
   * @throws InputError where the input ends
   */
  int64(): number {
    const { bytes, end } = this;
    const start = this.pos;
    let pos = start;
    let low = 0;
    let high = 0;
    // 28 bits, then 28 bits, then the 8 that remain: each half is exact in an int32.
    for (let shift = 0; ; shift += 7) {
      if (pos >= end) {
        throw truncated(start, 'a number');
      }
      const byte = bytes[pos++];
      if (shift < 28) {
        low |= (byte & 0x7f) << shift;
      } else if (shift < 56) {
        high |= (byte & 0x7f) << (shift - 28);
      } else if (shift === 56) {
        // Bits 56 to 62; bit 63 is in the tenth byte.
        this.pos = pos;
        return this.wide(start, low, high, byte);
      }
      if (byte < 0x80) {
        this.pos = pos;
        return shift < 28 ? low : high * 0x10000000 + low;
      }
    }
  }

  /** The rest of a varint of nine or ten bytes. */
  private wide(start: number, low: number, high: number, ninth: number): number {
    let value = (BigInt(ninth & 0x7f) << 56n) | (BigInt(high) << 28n) | BigInt(low);
    if (ninth >= 0x80) {
      if (this.pos >= this.end) {
        throw truncated(start, 'a number');
      }
      const tenth = this.bytes[this.pos++];
      if (tenth > 1) {
        throw new InputError(`Not a valid protobuf: the number at byte ${start} is longer than 64 bits.`);
      }
      value |= BigInt(tenth) << 63n;
    }
    return Number(BigInt.asIntN(64, value));
  }

  /** A uint64, exact. For times and ids, which may use all 64 bits. */
  uint64(): bigint {
    const value = new BigUint64Array(1);
    this.uint64Into(wordsOf(value), 0);
    return value[0];
  }

  /** A uint64 into a row of a column of 64-bit numbers, given as `wordsOf` the column: no bigint is made. */
  uint64Into(words: Uint32Array, row: number): void {
    const { bytes, end } = this;
    const start = this.pos;
    let pos = start;
    let low = 0;
    let high = 0;
    for (let shift = 0; ; shift += 7) {
      if (pos >= end) {
        throw truncated(start, 'a number');
      }
      if (shift > 63) {
        throw new InputError(`Not a valid protobuf: the number at byte ${start} is longer than 64 bits.`);
      }
      const byte = bytes[pos++];
      const bits = byte & 0x7f;
      if (shift < 28) {
        low |= bits << shift;
      } else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else {
        high |= bits << (shift - 32);
      }
      if (byte < 0x80) {
        break;
      }
    }
    this.pos = pos;
    words[row * 2 + lowWord] = low;
    words[row * 2 + 1 - lowWord] = high;
  }

  /** uint64 as a number where it is exact, else as a bigint: a key for a Map. */
  id(): number | bigint {
    const start = this.pos;
    let pos = start;
    while (pos < this.end && this.bytes[pos] >= 0x80) {
      pos++;
    }
    if (pos - start < 7) {
      return this.varint();
    }
    const value = this.uint64();
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  /** The end of a length-delimited field, whose length is read here. @throws InputError past the message's end */
  fieldEnd(): number {
    const at = this.pos;
    const length = this.uvarint();
    const end = this.pos + length;
    if (length < 0 || end > this.end) {
      throw new InputError(
        `The profile is truncated: the field at byte ${at} says ${length} bytes, ${this.end - this.pos} are left. ` +
          'The upload was probably cut off; see whether another capture of this event is whole.'
      );
    }
    return end;
  }

  /** Skips a field of a wire type. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        while (this.pos < this.end && this.bytes[this.pos] >= 0x80) {
          this.pos++;
        }
        this.pos++;
        break;
      case 1:
        this.pos += 8;
        break;
      case 2:
        this.pos = this.fieldEnd();
        break;
      case 5:
        this.pos += 4;
        break;
      default:
        throw new InputError(`Not a pprof profile: wire type ${tag & 7} at byte ${this.pos - 1} does not exist.`);
    }
    if (this.pos > this.end) {
      throw truncated(this.end, 'a field');
    }
  }
}

function exact(value: number, at: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new InputError(
      `The profile is invalid: the number at byte ${at} is beyond ±2^53 (about ${value.toExponential(3)}).`
    );
  }
  return value;
}

function truncated(at: number, what: string): InputError {
  return new InputError(
    `The profile is truncated: it ends inside ${what} at byte ${at}. The upload was probably cut off.`
  );
}
