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
    const first = bytes[pos];
    // Nearly all are of one or two bytes. What is left out here lets the compiler put this into the reading of an event.
    if (pos + 2 <= this.end) {
      if (first < 0x80) {
        this.pos = pos + 1;
        return first;
      }
      const second = bytes[pos + 1];
      if (second < 0x80) {
        this.pos = pos + 2;
        return (first & 0x7f) | (second << 7);
      }
    }
    return this.longer();
  }

  private longer(): number {
    const { bytes, pos } = this;
    if (pos + 4 <= this.end) {
      const low = (bytes[pos] & 0x7f) | ((bytes[pos + 1] & 0x7f) << 7);
      const third = bytes[pos + 2];
      if (third < 0x80) {
        this.pos = pos + 3;
        return low | (third << 14);
      }
      const fourth = bytes[pos + 3];
      if (fourth < 0x80) {
        this.pos = pos + 4;
        return low | ((third & 0x7f) << 14) | (fourth << 21);
      }
    }
    return this.longest();
  }

  private longest(): number {
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
