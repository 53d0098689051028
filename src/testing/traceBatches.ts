/** A batch of an execution trace, or the end of a generation, which has no data. */
export interface TraceBatch {
  readonly gen: number;
  readonly m: bigint;
  /** Ticks. */
  readonly ts: number;
  readonly data: Uint8Array;
  /** Of an experimental batch the experiment. */
  readonly experiment?: number;
  readonly isEnd?: boolean;
}

/** Data of a batch of events begins with one of their types. */
export const isOfEvents = ({ data, experiment, isEnd }: TraceBatch): boolean =>
  !isEnd && experiment === undefined && data.length > 0 && data[0] >= 9 && data[0] < 50;

/**
 * The batches of a trace of Go 1.22 or later, generation ends among them.
 * @throws Error where it has something else
 */
export function readBatches(bytes: Uint8Array): TraceBatch[] {
  const batches: TraceBatch[] = [];
  let pos = 16;
  const number = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[pos++];
      if (byte === undefined) {
        throw new Error('the trace is cut off');
      }
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
  };
  while (pos < bytes.length) {
    const type = bytes[pos++];
    if (type === 52) {
      batches.push({ gen: batches.at(-1)?.gen ?? 0, m: 0n, ts: 0, data: new Uint8Array(), isEnd: true });
      continue;
    }
    if (type !== 1 && type !== 49) {
      throw new Error(`no batch begins with ${type}`);
    }
    const experiment = type === 49 ? bytes[pos++] : undefined;
    const [gen, m, ts, size] = [Number(number()), number(), Number(number()), Number(number())];
    batches.push({ gen, m, ts, data: bytes.subarray(pos, pos + size), experiment });
    pos += size;
  }
  return batches;
}

/** @param header the 16 bytes that a trace begins with */
export function writeBatches(header: Uint8Array, batches: readonly TraceBatch[]): Uint8Array {
  const parts: number[][] = [];
  const number = (value: bigint): number[] => {
    const out: number[] = [];
    for (let rest = value; ; rest >>= 7n) {
      if (rest < 0x80n) {
        return [...out, Number(rest)];
      }
      out.push(Number(rest & 0x7fn) | 0x80);
    }
  };
  for (const { gen, m, ts, data, experiment, isEnd } of batches) {
    parts.push(
      isEnd
        ? [52]
        : [
            ...(experiment === undefined ? [1] : [49, experiment]),
            ...[BigInt(gen), m, BigInt(ts), BigInt(data.length)].flatMap(number),
          ]
    );
    parts.push(data as unknown as number[]);
  }
  const bytes = new Uint8Array(16 + parts.reduce((sum, part) => sum + part.length, 0));
  bytes.set(header.subarray(0, 16));
  let pos = 16;
  for (const part of parts) {
    bytes.set(part, pos);
    pos += part.length;
  }
  return bytes;
}

/** As a generation of its own that comes later: its number and its clock, in ticks, are moved. */
export const later = (batches: readonly TraceBatch[], gens: number, ticks: number): TraceBatch[] =>
  batches.map((batch) => ({ ...batch, gen: batch.gen + gens, ts: batch.ts + ticks }));

/** The clock of every second thread is ahead: the sequence numbers still say the order. */
export function skewed(batches: readonly TraceBatch[], ticks: number): TraceBatch[] {
  const threads = [...new Set(batches.map(({ m }) => m))];
  return batches.map((batch) =>
    isOfEvents(batch) && batch.m < 2n ** 63n && threads.indexOf(batch.m) % 2 === 1
      ? { ...batch, ts: batch.ts + ticks }
      : batch
  );
}
