/** Reads a message of protocol buffers that has numbers and texts alone, each field once. */
export class WireReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  message(): Record<number, string | number> {
    const fields: Record<number, string | number> = {};
    while (this.at < this.bytes.length) {
      const tag = this.varint();
      fields[tag >> 3] = (tag & 7) === 2 ? this.text() : this.varint();
    }
    return fields;
  }

  private text(): string {
    const length = this.varint();
    return new TextDecoder().decode(this.bytes.subarray(this.at, (this.at += length)));
  }

  private varint(): number {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * scale;
      if (byte < 128) {
        return value;
      }
    }
  }
}

/** The bytes of a Blob; jsdom's has no arrayBuffer. */
export const blobBytes = (blob: Blob): Promise<Uint8Array> =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(new Uint8Array(reader.result as ArrayBuffer));
    reader.readAsArrayBuffer(blob);
  });
