import { grownRows, PairInterner } from '../../profile/interner';
import type { Profile } from '../../profile/profile';
import { memoryLeft } from '../memory';
import { firstRows, readStrings } from '../strings';
import { ByteInterner } from './byteInterner';

/**
 * Most goroutines, and different calls: a new text, function, line, place and stack take some 400 bytes together, so do a
 * goroutine and its labels. Beside the file they have to fit into the memory for one object.
 */
export const maxRows = ({ length }: Uint8Array): number => Math.ceil(memoryLeft(length) / 400);

/**
 * The tables that stacks of text dumps need, filled while the text is read: texts where they lie in the file or as
 * strings of ours, functions by name and file, locations by their lines, stacks from the root.
 */
export class TextTables {
  /** Row of Profile.strings of each text of the file, and of each string of ours; numbered as they come, from 1. */
  private readonly texts: ByteInterner;
  private readonly textRow: number[] = [];
  private readonly added = new Map<string, number>([['', 0]]);
  private stringCount = 1;

  private readonly functions: PairInterner;
  private readonly lines: PairInterner;
  /** Lists of lines, the innermost call first: (list so far or -1, line). */
  private readonly chains: PairInterner;
  private readonly places: PairInterner;
  /** For each row of `places` the row of `location`, -1 where none ends there. */
  private locationOfPlace = new Int32Array(1024).fill(-1);
  private readonly locationChain: number[] = [];
  private readonly locationAddress: number[] = [];
  /** (high, low) words; row 0 is the address 0, which stands for none. */
  private readonly addresses: PairInterner;
  private readonly stacks: PairInterner;

  constructor(private readonly bytes: Uint8Array) {
    const rows = maxRows(bytes);
    const pairs = () => new PairInterner(1024, false, rows);
    this.texts = new ByteInterner(bytes, rows);
    this.functions = pairs();
    this.lines = pairs();
    this.chains = pairs();
    this.places = pairs();
    this.addresses = pairs();
    this.stacks = new PairInterner(8192, false, 8 * rows);
    this.stacks.intern(-1, 0);
    this.addresses.intern(0, 0);
  }

  /** Row of `strings` of the bytes from `start` to `end`. */
  text(start: number, end: number): number {
    const row = this.texts.intern(start, end);
    if (row === this.textRow.length) {
      this.textRow.push(this.stringCount++);
    }
    return this.textRow[row];
  }

  /** Row of `strings` of a text that is not in the file as it is. */
  string(text: string): number {
    let row = this.added.get(text);
    if (row === undefined) {
      this.added.set(text, (row = this.stringCount++));
    }
    return row;
  }

  /** Row of `function`, for texts by their row of `strings`. */
  function(name: number, filename: number): number {
    return this.functions.intern(name, filename);
  }

  /** A list of lines with one more line: `chain` is -1 for the first, the innermost call. */
  line(chain: number, func: number, line: number): number {
    return this.chains.intern(chain, this.lines.intern(func, line));
  }

  /** True where a list of lines has this one. */
  hasLine(chain: number, func: number, line: number): boolean {
    const wanted = this.lines.intern(func, line);
    for (let at = chain; at >= 0; at = this.chains.first[at]) {
      if (this.chains.second[at] === wanted) {
        return true;
      }
    }
    return false;
  }

  /** Row of an address for `location`, from its 32-bit words. */
  address(high: number, low: number): number {
    return this.addresses.intern(high | 0, low >>> 0);
  }

  /** Row of `location` for its lines, -1 for none so far, and its address. */
  location(chain: number, address = 0): number {
    const place = this.places.intern(chain, address);
    if (place >= this.locationOfPlace.length) {
      const grown = new Int32Array(this.locationOfPlace.length * 2).fill(-1);
      grown.set(this.locationOfPlace);
      this.locationOfPlace = grown;
    }
    if (this.locationOfPlace[place] < 0) {
      this.locationOfPlace[place] = this.locationChain.length;
      this.locationChain.push(chain);
      this.locationAddress.push(address);
    }
    return this.locationOfPlace[place];
  }

  /** Gives a location that was made without lines its lines. */
  symbolize(location: number, chain: number): void {
    this.locationChain[location] = chain;
  }

  /** Row of `stack`. */
  stack({ rows, depth }: OpenStack): number {
    const { stacks } = this;
    let row = 0;
    for (let i = depth - 1; i >= 0; i--) {
      row = stacks.intern(row, rows[i]);
    }
    return row;
  }

  /** The tables; `toRows` turns a column of text rows into rows of `strings`, where equal texts are one. */
  finish(): Pick<Profile, 'strings' | 'stack' | 'location' | 'line' | 'function' | 'mapping'> & {
    toRows: (column: Uint32Array) => Uint32Array;
  } {
    const { chains, lines, locationChain, addresses } = this;
    const all = this.allStrings();
    const firstRow = firstRows(all);
    const toRows = (column: Uint32Array) => (firstRow ? column.map((row) => firstRow[row]) : column);

    const lineOffset = new Uint32Array(locationChain.length + 1);
    const rows: number[] = [];
    const list: number[] = [];
    for (let i = 0; i < locationChain.length; i++) {
      list.length = 0;
      for (let chain = locationChain[i]; chain >= 0; chain = chains.first[chain]) {
        list.push(chains.second[chain]);
      }
      for (let k = list.length - 1; k >= 0; k--) {
        rows.push(list[k]);
      }
      lineOffset[i + 1] = rows.length;
    }
    const functions = this.functions.finish();
    const name = toRows(Uint32Array.from(functions.first));
    const stacks = this.stacks.finish();
    return {
      toRows,
      strings: all,
      stack: { length: stacks.length, parent: stacks.first, location: stacks.second },
      location: {
        length: locationChain.length,
        address: BigUint64Array.from(
          this.locationAddress,
          (row) => BigInt.asUintN(64, BigInt(addresses.first[row]) << 32n) | BigInt(addresses.second[row])
        ),
        mapping: new Int32Array(locationChain.length).fill(-1),
        lineOffset,
        isFolded: new Uint8Array(locationChain.length),
      },
      line: {
        length: rows.length,
        function: Int32Array.from(rows, (row) => lines.first[row]),
        line: Float64Array.from(rows, (row) => lines.second[row]),
        column: new Float64Array(rows.length),
      },
      function: {
        length: functions.length,
        name,
        systemName: name,
        filename: toRows(functions.second),
        startLine: new Float64Array(functions.length),
      },
      mapping: {
        length: 0,
        start: new BigUint64Array(),
        limit: new BigUint64Array(),
        offset: new BigUint64Array(),
        filename: new Uint32Array(),
        buildId: new Uint32Array(),
        flags: new Uint8Array(),
      },
    };
  }

  private allStrings(): string[] {
    const { texts, textRow } = this;
    const strings = new Array<string>(this.stringCount).fill('');
    const { starts, ends, length } = texts;
    const own = readStrings(this.bytes, starts.subarray(0, length), ends.subarray(0, length));
    own.strings.forEach((text, i) => (strings[textRow[i]] = text));
    this.added.forEach((row, text) => (strings[row] = text));
    return strings;
  }
}

/** Most frames of a stack: 2^20. Go prints at most 128 of each. */
const maxDepth = 1024 * 1024;

/** Locations of the stack that is being read, the leaf first: the first `depth` of `rows`. */
export class OpenStack {
  rows = new Int32Array(256);
  depth = 0;

  push(location: number): void {
    if (this.depth === this.rows.length) {
      const grown = new Int32Array(grownRows(this.depth, 2, maxDepth, 'frames in one stack'));
      grown.set(this.rows);
      this.rows = grown;
    }
    this.rows[this.depth++] = location;
  }
}
