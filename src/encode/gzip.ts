/** Bytes packed by the platform, as decode/gzip.ts unpacks them. */
export function gzip(bytes: Uint8Array): Promise<ArrayBuffer> {
  const packed = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Response(packed).arrayBuffer();
}
