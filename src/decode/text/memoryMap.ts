import type { LocationTable, MappingTable } from '../../profile/profile';
import { textOf } from '../goroutine/scan';

/** A binary in the memory of a process. */
export interface MappedBinary {
  start: bigint;
  limit: bigint;
  offset: bigint;
  filename: string;
  buildId: string;
}

/** Longest line, and most binaries: Linux has no more areas of memory in a process by default (vm.max_map_count). */
const maxLine = 1000;
const maxBinaries = 65_530;
/** Most names of the form `source=/home`, for which `$source` stands in the lines below. */
const maxNames = 100;

const hex = '(?:0x)?([0-9a-fA-F]{1,16})';
const range = `^\\s*${hex}[\\s-]\\s*${hex}:?`;
/** `00400000-00fcb000 r-xp 00000000 fc:01 1234 /bin/x`, of /proc/PID/maps, and `0x400000-0x80000: /bin/x (@FF00) abc123`. */
const procLine = new RegExp(
  `${range}(?:\\s+([-rwxp]+))?(?:\\s+([0-9a-fA-F]+))?\\s+[0-9a-fA-F]+:[0-9a-fA-F]+\\s+\\d+(?:\\s+(\\S+))?`
);
const briefLine = new RegExp(
  `${range}(?:\\s+([-rwxp]+))?(?:\\s+(\\S+))?(?:\\s+\\(@([0-9a-fA-F]{1,16})\\))?(?:\\s+([0-9a-fA-F]+))?`
);
const logPrefix = /^[^[\]]{1,200}:\d+\]\s/;

/** Reads a memory map, line by line, as google/pprof does (profile/legacy_profile.go, ParseProcMaps, and profile.go, massageMappings). */
export class MemoryMapReader {
  private readonly binaries: MappedBinary[] = [];
  private readonly names: Array<readonly [string, string]> = [];

  /** A line of the map; what is none is passed over, as pprof does. */
  read(bytes: Uint8Array, start: number, stop: number): void {
    if (stop - start > maxLine || this.binaries.length >= maxBinaries) {
      return;
    }
    const text = this.names.reduce(
      (line, [name, value]) => line.replaceAll(name, value),
      textOf(bytes, start, stop).replace(logPrefix, '')
    );
    const proc = procLine.exec(text);
    const brief = proc ? undefined : briefLine.exec(text);
    const [, from, to, access] = proc ?? brief ?? [];
    if (from === undefined) {
      const [name, ...value] = text.split('=');
      if (value.length > 0 && this.names.length < maxNames) {
        this.names.push([`$${name.trim()}`, value.join('=').trim()]);
      }
    } else if (!access || access.includes('x')) {
      const [, , , , offset, filename] = proc ?? ['', '', '', '', brief?.[5], brief?.[4]];
      this.add({
        start: BigInt(`0x${from}`),
        limit: BigInt(`0x${to}`),
        offset: BigInt(`0x${(offset ?? '0').slice(-16)}`),
        filename: filename ?? '',
        buildId: brief?.[6] ?? '',
      });
    }
  }

  /** The binaries, the program itself first as far as names say. */
  finish(): readonly MappedBinary[] {
    const { binaries } = this;
    const isLibrary = /([.]so$|[.]so[._][0-9]+)/;
    const main = binaries.findIndex(({ filename }) => {
      const name = filename.replaceAll('(deleted)', '').trim();
      return name !== '' && !name.startsWith('[') && !isLibrary.test(name);
    });
    if (main > 0) {
      [binaries[0], binaries[main]] = [binaries[main], binaries[0]];
    }
    const [first, second] = binaries;
    if (first?.filename.startsWith('/anon_hugepage') && first.limit === second?.start) {
      binaries.shift();
    }
    const [program] = binaries;
    if (program && program.start - program.offset === programStart) {
      program.start = programStart;
      program.offset = 0n;
    }
    return binaries;
  }

  /** Adjacent parts of one binary are one. */
  private add(next: MappedBinary): void {
    const last = this.binaries.at(-1);
    const isOne = (a: string, b: string) => a === '' || b === '' || a === b;
    if (
      last?.limit === next.start &&
      isOne(last.filename, next.filename) &&
      isOne(last.buildId, next.buildId) &&
      (last.offset === 0n || next.offset === 0n || last.offset + last.limit - last.start === next.offset)
    ) {
      last.limit = next.limit;
      last.filename = next.filename || last.filename;
      last.buildId = next.buildId || last.buildId;
    } else {
      this.binaries.push(next);
    }
  }
}

/** Where programs start that are no position-independent code. */
const programStart = 0x400000n;

/**
 * Finds the binary of each address, as google/pprof does (profile/legacy_profile.go, remapMappingIDs). Areas of a process do not
 * overlap, so the one that begins last before an address is its binary, or none is.
 * @param row of strings, for a name
 */
export function mapAddresses(
  address: BigUint64Array,
  binaries: readonly MappedBinary[],
  row: (text: string) => number
): { location: Pick<LocationTable, 'mapping'>; mapping: MappingTable } {
  const order = binaries.map((_, i) => i).sort((a, b) => (binaries[a].start < binaries[b].start ? -1 : 1));
  const all = [...binaries];
  const mapping = Int32Array.from(address, (value) => {
    let [from, to] = [0, order.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      [from, to] = binaries[order[middle]].start <= value ? [middle + 1, to] : [from, middle];
    }
    const below = binaries[order[from - 1]];
    const above = binaries[order[from]];
    if (value === 0n) {
      return -1;
    }
    if (below && value < below.limit) {
      return order[from - 1];
    }
    // Some writers leave out the first part of what is mapped in two.
    if (above && above.offset !== 0n && above.start - above.offset <= value) {
      above.start -= above.offset;
      above.offset = 0n;
      return order[from];
    }
    all[binaries.length] ??= { start: 0n, limit: 2n ** 64n - 1n, offset: 0n, filename: '', buildId: '' };
    return binaries.length;
  });
  return {
    location: { mapping },
    mapping: {
      length: all.length,
      start: BigUint64Array.from(all, ({ start }) => start),
      limit: BigUint64Array.from(all, ({ limit }) => limit),
      offset: BigUint64Array.from(all, ({ offset }) => offset),
      filename: Uint32Array.from(all, ({ filename }) => row(filename)),
      buildId: Uint32Array.from(all, ({ buildId }) => row(buildId)),
      flags: new Uint8Array(all.length),
    },
  };
}
