import { WireReader } from '../decode/wire';

/** A message of protocol buffers that has numbers and texts alone, each field once. */
export function readMessage(bytes: Uint8Array): Record<number, string | number> {
  const reader = new WireReader(bytes);
  const fields: Record<number, string | number> = {};
  while (reader.pos < reader.end) {
    const tag = reader.uvarint();
    if ((tag & 7) === 0) {
      fields[tag >> 3] = reader.varint();
    } else {
      const end = reader.fieldEnd();
      fields[tag >> 3] = new TextDecoder().decode(bytes.subarray(reader.pos, end));
      reader.pos = end;
    }
  }
  return fields;
}

/** The bytes of a Blob; jsdom's has no arrayBuffer. */
export const blobBytes = (blob: Blob): Promise<Uint8Array> =>
  new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(new Uint8Array(reader.result as ArrayBuffer));
    reader.readAsArrayBuffer(blob);
  });
