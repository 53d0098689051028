import { grownRows } from '../../profile/interner';
import { ByteInterner } from './byteInterner';
import { GoroutineBody } from './body';
import { parseStatus, type Status } from './header';
import { isCutLine, isPiece, type Cut } from './joinLines';
import { GoroutineRows } from './rows';
import {
  argumentsStart,
  findHeader,
  goroutineWord,
  isHeader,
  skipDigits,
  skipPrefix,
  skipSpace,
  startsWith,
  textOf,
  toNumber,
  word,
} from './scan';
import { maxRows, TextTables } from './tables';

/** Between the stacks of threads, with GOTRACEBACK=crash. */
const threadWord = word('-----');

/** Longest header; labels of a goroutine are far shorter, and a longer line is no header. */
const maxHeader = 16 * 1024;
/** How far into a line a logger's prefix may reach. */
const maxPrefix = 512;
/** Longest line, with the one before, that is looked at for a cut. */
const maxCutLine = 4096;
/** Lines kept as comments, and their length. */
const maxComments = 20;
const maxComment = 2000;

/**
 * Reads a goroutine dump line by line: debug=2 of net/http/pprof, a panic, a SIGQUIT, runtime.Stack, alone or inside a
 * log. Every line that starts a goroutine is counted; one that cannot be read is counted as skipped, and all other lines
 * that are no part of a goroutine are passed over. Linear in the size of the file; nothing is allocated for a line.
 */
export class DumpReader {
  readonly tables: TextTables;
  readonly rows: GoroutineRows;
  readonly body: GoroutineBody;
  readonly statuses: Array<Status | undefined> = [];
  /** Lines around the goroutines that say why the dump was made: a panic, a signal. */
  readonly comments = new Set<string>();
  readonly counts = { headers: 0, skipped: 0, pieces: 0, repeated: 0, orphans: 0, dumps: 0 };
  /** Line and text of the first header that could not be read. */
  firstSkipped: { line: number; text: string } | undefined;
  /** The first line that looks like a piece of a stack's line, of which the rest was not found. */
  firstPiece: string | undefined;
  /** The file ends where no dump ends: inside its last goroutine, or inside a header that is then no goroutine. */
  isCut = false;
  isCutInside = false;
  /** Lines that were cut in pieces, by rising offset. They are noise here: a second reading joins them. */
  readonly cuts: Cut[] = [];
  /** Offset of the next line. */
  pos = 0;

  private readonly end: number;
  private lineNumber = 0;
  private readonly headers: ByteInterner;
  /** The prefix of the last header: what a logger put before each line. */
  private prefixStart = 0;
  private prefixEnd = 0;
  /** Ids of the dump that is being read, with their rows. */
  private ids = new Map<number, number>();
  private inThreads = false;
  /** The line before, behind its prefix, and whether it was read. Its end is 0 outside of goroutines. */
  private before = { at: 0, stop: 0, isRead: false };
  /** Labels of all headers that differ, so far and at most. */
  private labelCount = 0;
  private readonly maxLabels: number;

  constructor(private readonly bytes: Uint8Array) {
    let end = bytes.length;
    // A buffer that was written whole, whatever was in it.
    while (end > 0 && bytes[end - 1] === 0) {
      end--;
    }
    this.end = end;
    this.maxLabels = 2 * maxRows(bytes);
    this.tables = new TextTables(bytes);
    this.rows = new GoroutineRows(maxRows(bytes));
    this.headers = new ByteInterner(bytes, Math.ceil(maxRows(bytes) / 2));
    this.body = new GoroutineBody(bytes, this.tables, this.rows);
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      this.pos = 3;
    }
  }

  /** Reads the lines that start before `until`. @returns true at the end */
  read(until: number): boolean {
    const { bytes, end } = this;
    while (this.pos < until && this.pos < end) {
      const start = this.pos;
      let next = bytes.indexOf(10, start);
      if (next < 0 || next > end) {
        next = end;
      }
      this.pos = next + 1;
      let stop = next;
      while (stop > start && bytes[stop - 1] === 13) {
        stop--;
      }
      this.lineNumber++;
      if (!this.readLine(start, stop) && next === end) {
        this.isCut = this.looksCut(start, stop);
      }
    }
    if (this.pos < end) {
      return false;
    }
    this.isCut ||= this.body.isOpen || (end === bytes.length && isFullBuffer(bytes));
    this.isCutInside = this.isCut && this.body.isInGoroutine;
    this.body.finish(end);
    return true;
  }

  /** @returns false for a line that says nothing of a goroutine */
  private readLine(start: number, stop: number): boolean {
    const { body, bytes } = this;
    let at = start;
    if (this.prefixEnd > this.prefixStart) {
      const after = skipPrefix(bytes, this.prefixStart, this.prefixEnd, start, stop);
      at = after < 0 ? start : after;
    }
    if (isHeader(bytes, at, stop)) {
      this.readHeader(start, at, stop);
      return true;
    }
    if (at === stop || (body.isReading && skipSpace(bytes, at, stop) === stop)) {
      if (body.isReading && body.isWhole) {
        body.finish(at);
      }
      return true;
    }
    const isRead = body.isReading && body.read(at, stop);
    this.noteCut(at, stop, isRead);
    if (isRead) {
      return true;
    }
    const header = findHeader(bytes, start, Math.min(stop, start + maxPrefix));
    if (header >= 0) {
      this.readHeader(start, header, stop);
      return true;
    }
    return this.readNoise(at, stop);
  }

  /** Remembers where this line goes on with the one before. Lines of whole stacks, which are nearly all, cost a comparison. */
  private noteCut(at: number, stop: number, isRead: boolean): void {
    const { before, bytes, cuts } = this;
    if (before.stop > 0 && !(before.isRead && isRead) && stop - before.at <= maxCutLine) {
      const first = textOf(bytes, before.at, before.stop);
      if (isCutLine(first, textOf(bytes, at, stop))) {
        cuts.push({ from: before.stop, to: at });
      } else if (!before.isRead && !(isRead && isIndented(bytes, at)) && isPiece(first)) {
        this.counts.pieces++;
        this.firstPiece ??= first.slice(0, 120);
      }
    }
    before.at = at;
    before.stop = this.body.isInGoroutine ? stop : 0;
    before.isRead = isRead;
  }

  private readHeader(start: number, at: number, stop: number): void {
    const { bytes } = this;
    this.body.finish(start);
    this.before.stop = 0;
    this.counts.headers++;
    if (at !== start || this.prefixEnd !== this.prefixStart) {
      this.prefixStart = start;
      this.prefixEnd = at;
    }
    const digits = at + goroutineWord.bytes.length;
    const digitsEnd = skipDigits(bytes, digits, stop);
    let status: Status | undefined;
    if (stop - start <= maxHeader && digitsEnd - digits <= 15) {
      const row = this.headers.intern(digitsEnd, stop);
      if (row === this.statuses.length) {
        this.addStatus(parseStatus(textOf(bytes, digitsEnd, stop)));
      }
      status = this.statuses[row];
      if (status) {
        this.startGoroutine(toNumber(bytes, digits, digitsEnd), row, status, start);
        return;
      }
    }
    this.counts.skipped++;
    this.firstSkipped ??= { line: this.lineNumber, text: textOf(bytes, at, Math.min(stop, at + 120)) };
    this.body.startSkipped();
    this.isCut ||= stop >= this.end;
  }

  private addStatus(status: Status | undefined): void {
    this.statuses.push(status);
    this.labelCount += status?.labels.length ?? 0;
    grownRows(this.labelCount, 1, this.maxLabels, 'labels of goroutines');
  }

  private startGoroutine(id: number, status: number, { hasThread }: Status, start: number): void {
    const { rows, ids } = this;
    const known = ids.get(id);
    let row: number;
    if (known !== undefined && this.inThreads && hasThread && id !== 0) {
      // GOTRACEBACK=crash prints what each thread runs once more after the goroutines, with its stack.
      this.counts.repeated++;
      row = known;
    } else {
      if (known !== undefined && id !== 0) {
        ids.clear();
        this.inThreads = false;
      }
      if (ids.size === 0) {
        this.counts.dumps++;
      }
      row = rows.add();
      rows.id[row] = id;
      rows.status[row] = status;
      rows.dump[row] = this.counts.dumps;
      rows.start[row] = start;
      ids.set(id, row);
    }
    this.body.start(row);
  }

  /** A line outside of goroutines, or inside one but not of it. */
  private readNoise(at: number, stop: number): boolean {
    const { bytes } = this;
    if (startsWith(bytes, at, stop, threadWord)) {
      this.inThreads = this.ids.size > 0;
      this.body.finish(at);
    }
    if (!this.body.isReading && argumentsStart(bytes, at, stop) > 0) {
      this.counts.orphans++;
    }
    if (this.comments.size < maxComments && stop - at < maxComment && mayBeComment[bytes[at]] === 1) {
      const text = textOf(bytes, at, stop);
      if (/^(panic: |\tpanic: |fatal error: |SIG[A-Z]+: |\[signal |runtime: |unexpected fault)/.test(text)) {
        this.comments.add(text.trim());
      }
    }
    return false;
  }

  /** The last line, which has no end: a part of a call, of a place or of a header. */
  private looksCut(start: number, stop: number): boolean {
    const text = textOf(this.bytes, start, Math.min(stop, start + 200));
    return !this.body.isReading
      ? /^goroutine( \d* ?(gp?)?)?$/.test(text)
      : /^\s|^\S+\(|^\S+$/.test(text) || 'created by '.startsWith(text) || text.startsWith('created by ');
  }
}

const isIndented = (bytes: Uint8Array, at: number): boolean => skipSpace(bytes, at, at + 1) > at;

/** Where Go's own buffer ends (runtime/pprof writeGoroutineStacks), or one that a program gave to runtime.Stack. */
export const maxDump = 64 * 1024 * 1024;
function isFullBuffer(bytes: Uint8Array): boolean {
  const { length } = bytes;
  return length === maxDump || (length >= 4096 && (length & (length - 1)) === 0 && bytes[length - 1] !== 10);
}

const mayBeComment = new Uint8Array(256);
for (const char of '\tpfS[ru') {
  mayBeComment[char.charCodeAt(0)] = 1;
}
