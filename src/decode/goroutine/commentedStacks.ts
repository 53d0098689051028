import { hiddenCall } from '../../profile/goroutineStates';
import { byte, isDigit, readWords, skipSpace, toNumber, words64 } from './scan';
import { OpenStack, TextTables } from './tables';

/** Calls that one address is believed to stand for. */
const maxLines = 100;

/**
 * The stacks of a debug=1 text, of whatever profile:
 *
 *   2 @ 0x484d6e 0x41818e 0x417cb2 0x51ca5c 0x48bc81
 *   #	0x51ca5b	main.(*worker[...]).recv+0x1b	/src/main.go:29
 *
 * One location for each address, which is the call's, one byte below what is printed (google/pprof
 * profile/legacy_profile.go). pprof leaves them without names; here they have the names of the lines below.
 */
export class CommentedStacks {
  readonly tables: TextTables;
  /** Number of the stack at hand. */
  private record = 0;
  private readonly locations = new OpenStack();
  /** For a location the stack whose lines named it first, the one whose lines did so last, and the list of lines. */
  private readonly definedBy: number[] = [];
  private readonly namedBy: number[] = [];
  private readonly chains: number[] = [];
  private readonly lineCount: number[] = [];

  constructor(private readonly bytes: Uint8Array) {
    this.tables = new TextTables(bytes);
  }

  /** Begins a stack with its addresses, each behind a space. @returns false where the line has something else */
  open(start: number, stop: number): boolean {
    const { bytes, tables, locations } = this;
    this.record++;
    locations.depth = 0;
    let at = start;
    while (at < stop && bytes[at] === byte.space && readWords(bytes, skipSpace(bytes, at, stop), stop)) {
      // Addresses are where calls return to; the call is one below.
      const low = (words64.low - 1) >>> 0;
      const high = low === 0xffffffff ? words64.high - 1 : words64.high;
      locations.push(tables.location(-1, tables.address(high, low)));
      at = words64.end;
    }
    return at >= stop;
  }

  /** A line below a stack: `0x51ca5b	main.f+0x1b	/src/main.go:29`, columns apart by any number of tabs. */
  readCall(start: number, stop: number): void {
    const { bytes, tables, record } = this;
    if (!readWords(bytes, start, stop)) {
      return;
    }
    const location = tables.location(-1, tables.address(words64.high, words64.low));
    this.namedBy[location] = record;
    const definedBy = this.definedBy[location];
    if (definedBy !== undefined && definedBy !== record) {
      return; // Nearly all lines of a large file.
    }
    const nameStart = skipSpace(bytes, words64.end, stop);
    let nameEnd = nameStart;
    while (nameEnd < stop && bytes[nameEnd] !== byte.tab) {
      nameEnd++;
    }
    const fileStart = skipSpace(bytes, nameEnd, stop);
    let plus = nameEnd - 1;
    while (plus > nameStart && bytes[plus] !== 43) {
      plus--;
    }
    let colon = stop - 1;
    while (colon > fileStart && isDigit(bytes[colon])) {
      colon--;
    }
    if (nameStart === stop || fileStart === stop || bytes[colon] !== byte.colon || stop - colon > 10) {
      return;
    }
    const func = tables.function(
      tables.text(nameStart, plus > nameStart ? plus : nameEnd),
      tables.text(fileStart, colon)
    );
    this.addLine(location, func, toNumber(bytes, colon + 1, stop));
  }

  /**
   * Row of the stack at hand. Calls that Go never prints (runtime/pprof printStackRecord), which are the runtime's on top and
   * goexit at the root, are named.
   */
  finishNamed(): number {
    const { locations, tables, definedBy } = this;
    const { rows, depth } = locations;
    const { top, root } = this.shown();
    const name = (location: number, text: string) =>
      definedBy[location] === undefined &&
      tables.symbolize(location, tables.line(-1, tables.function(tables.string(text), 0), 0));
    if (root < depth) {
      name(rows[depth - 1], 'runtime.goexit');
    }
    for (let i = 0; i < top; i++) {
      name(rows[i], hiddenCall);
    }
    return tables.stack(locations);
  }

  /** Row of the stack at hand, without the calls that Go never prints: as debug=0 writes it. */
  finishShown(): number {
    const { locations } = this;
    const { top, root } = this.shown();
    locations.rows.copyWithin(0, top, root);
    locations.depth = root - top;
    return this.tables.stack(locations);
  }

  /** The first call from the top that is printed, and where those that may be end; all calls where none is printed. */
  private shown(): { top: number; root: number } {
    const { rows, depth } = this.locations;
    const isPrinted = (i: number) => this.namedBy[rows[i]] === this.record;
    let top = 0;
    while (top < depth && !isPrinted(top)) {
      top++;
    }
    const root = depth > 1 && !isPrinted(depth - 1) && isPrinted(depth - 2) ? depth - 1 : depth;
    return top < depth ? { top, root } : { top: 0, root };
  }

  /**
   * Lines of one address that follow each other are calls inlined into the last of them, as older versions print them;
   * the address of a recursive call comes with the same line again.
   */
  private addLine(location: number, func: number, line: number): void {
    const { chains, definedBy, lineCount, record, tables } = this;
    if (definedBy[location] === undefined) {
      definedBy[location] = record;
      chains[location] = tables.line(-1, func, line);
      lineCount[location] = 1;
    } else if (lineCount[location] < maxLines && !tables.hasLine(chains[location], func, line)) {
      chains[location] = tables.line(chains[location], func, line);
      lineCount[location]++;
    }
    tables.symbolize(location, chains[location]);
  }
}
