/** Writes a message of protocol buffers (protobuf.dev/programming-guides/encoding): fields that have their default are left out. */
export class WireWriter {
  private bytes = new Uint8Array(1024);
  private length = 0;

  /** What has been written. */
  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }

  /** An int64, uint64 or bool. @throws RangeError for a number that is not whole, or not finite */
  integer(field: number, value: number | bigint | boolean): void {
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (number !== 0 && number !== 0n) {
      this.varint(field << 3);
      this.varint(number);
    }
  }

  /** A repeated integer, packed. @throws RangeError as `integer` */
  integers(field: number, values: Iterable<number | bigint>): void {
    let isFirst = true;
    this.message(field, () => {
      for (const value of values) {
        this.varint(value);
        isFirst = false;
      }
      return !isFirst;
    });
  }

  text(field: number, text: string): void {
    const bytes = bytesOf(text);
    this.varint((field << 3) | 2);
    this.varint(bytes.length);
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A message, which may be empty, of what `write` writes meanwhile; nothing at all where that returns false. */
  message(field: number, write: () => boolean | void): void {
    const before = this.length;
    this.varint((field << 3) | 2);
    const start = this.length;
    if (write() === false) {
      this.length = before;
      return;
    }
    // Only now is its length known.
    const end = this.length;
    this.varint(end - start);
    const prefix = this.bytes.slice(end, this.length);
    this.bytes.copyWithin(start + prefix.length, start, end);
    this.bytes.set(prefix, start);
  }

  /** Seven bits a byte, the lowest first; negative numbers as their two's complement in 64 bits. */
  private varint(value: number | bigint): void {
    if (typeof value === 'number' && !Number.isInteger(value)) {
      throw new RangeError(`Expected a whole number for a field of protocol buffers, got ${value}.`);
    }
    this.reserve(10);
    const isSmall = typeof value === 'number' ? value >= 0 : value >= 0n && value <= Number.MAX_SAFE_INTEGER;
    if (!isSmall) {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest > 0x7fn; rest >>= 7n) {
        this.bytes[this.length++] = Number(rest & 0x7fn) | 0x80;
      }
      this.bytes[this.length++] = Number(rest);
      return;
    }
    let rest = Number(value);
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
    }
    this.bytes[this.length++] = rest;
  }

  private reserve(count: number): void {
    if (this.length + count > this.bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + count));
      larger.set(this.bytes);
      this.bytes = larger;
    }
  }
}

/** UTF-8; what stands for a byte that is none (decode/strings.ts) becomes that byte again. */
function bytesOf(text: string): Uint8Array {
  const encoder = new TextEncoder();
  if (!/[\udc80-\udcff]/u.test(text)) {
    return encoder.encode(text);
  }
  const pieces = text.split(/([\udc80-\udcff])/u);
  return Uint8Array.from(
    pieces.flatMap((piece, i) => (i % 2 === 1 ? [piece.charCodeAt(0) - 0xdc00] : [...encoder.encode(piece)]))
  );
}
