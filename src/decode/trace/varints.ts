import { TraceFault } from './fault';

/** Reads the numbers of a trace (LEB128, at most 10 bytes) between two offsets of a file. */
export class Varints {
  pos = 0;
  end = 0;

  constructor(readonly bytes: Uint8Array) {}

  byte(): number {
    if (this.pos >= this.end) {
      throw new TraceFault('a record ends early', this.pos);
    }
    return this.bytes[this.pos++];
  }

  /**
   * A number; -1 for 2^64-1, which is how traces say none. Others above 2^53, which Go does not write, lose digits.
   * @throws TraceFault where the record ends or the number has more than 64 bits
   */
  next(): number {
    const { bytes, pos } = this;
    let byte = bytes[pos];
    // Nearly all are of one to three bytes.
    if (pos + 3 <= this.end) {
      if (byte < 0x80) {
        this.pos = pos + 1;
        return byte;
      }
      let value = byte & 0x7f;
      byte = bytes[pos + 1];
      if (byte < 0x80) {
        this.pos = pos + 2;
        return value | (byte << 7);
      }
      value |= (byte & 0x7f) << 7;
      byte = bytes[pos + 2];
      if (byte < 0x80) {
        this.pos = pos + 3;
        return value | (byte << 14);
      }
    }
    return this.longer();
  }

  private longer(): number {
    const { bytes, end, pos: start } = this;
    let value = 0;
    let scale = 1;
    for (let pos = start; pos < end && pos < start + 10; pos++) {
      const byte = bytes[pos];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (pos === start + 9 && byte > 1) {
          break;
        }
        this.pos = pos + 1;
        return value >= 2 ** 64 - 2 ** 10 ? -1 : value;
      }
      scale *= 128;
    }
    throw new TraceFault('a number is cut off or has more than 64 bits', start);
  }

  /** Passes over numbers. */
  skip(count: number): void {
    const { bytes } = this;
    for (let i = 0; i < count; i++) {
      while (bytes[this.pos++] >= 0x80) {
        // The bytes of one number.
      }
    }
  }
}
