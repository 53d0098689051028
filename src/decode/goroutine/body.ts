import { grownRows } from '../../profile/interner';
import { elidedFrames, semaphoreState, unavailableStack } from '../../profile/goroutineStates';
import type { GoroutineRows } from './rows';
import {
  argumentsStart,
  byte,
  digitsStart,
  firstAddress,
  isInlinedCall,
  PlaceReader,
  skipDigits,
  skipSpace,
  startsWith,
  textOf,
  toNumber,
  word,
} from './scan';
import { OpenStack, type TextTables } from './tables';

/** Digits of a number of calls: no stack has a billion. */
const maxDigits = 9;

const words = {
  createdBy: word('created by '),
  inGoroutine: word(' in goroutine '),
  originating: word('[originating from goroutine '),
  elided: word('...'),
  framesElided: word(' frames elided...'),
  additionalElided: word('...additional frames elided...'),
  unavailable: word('goroutine running on other thread'),
  inC: word('goroutine in C code; stack unavailable'),
  foreign: word('non-Go function'),
  at: word(' at'),
  panic: word('panic'),
};

/** Longest name that a C library's symbolizer is believed to print. */
const maxForeignName = 200;

/** Goroutines that led to one. GODEBUG=tracebackancestors says how many are printed. */
const maxAncestors = 10_000;

/** What a call says of the lock its goroutine waits for. */
const CallKind = { unseen: 0, other: 1, lock: 2, wait: 3 } as const;

const Reading = { nothing: 0, stack: 1, ancestors: 2, skipped: 3 } as const;

/**
 * Reads the lines below a header, one goroutine after the other:
 *
 *   main.inlined(...)                         a call, here inlined into the next one
 *   	/src/main.go:12                          its place
 *   main.f(0xc000010080, {0x1?, ...})
 *   	/src/main.go:29 +0x1b                    fp=… sp=… pc=… with GOTRACEBACK=system
 *   ...23 frames elided...
 *   created by main.main in goroutine 1
 *   	/src/main.go:9 +0x85
 *   [originating from goroutine 1]:           tracebackancestors, and calls of that goroutine
 *
 * Lines of others may stand between any two of these.
 */
export class GoroutineBody {
  /** States by the calls of package sync; GoroutineRows.semaphore has the row. */
  readonly semaphoreStates = [''];
  /** Ids of ancestors by row of goroutine. */
  readonly ancestors = new Map<number, number[]>();

  private readonly place: PlaceReader;
  /** Kind of each function name, by row of strings, and the row of semaphoreStates of those that have one. */
  private callKinds = new Uint8Array(1024);
  private readonly stateOfCall = new Map<number, number>();

  private reading: number = Reading.nothing;
  private row = -1;
  private readonly locations = new OpenStack();
  /** Calls that were inlined into the next one, -1 for none. */
  private chain = -1;
  /** A call whose place is on the next line: its name, 0 for none. */
  private call = 0;
  private callIsInlined = false;
  /** A line that is a call only if a place with a program counter follows: a C library printed it. */
  private maybeStart = 0;
  private maybeEnd = 0;
  private creatorPending = false;
  private isUnavailable = false;
  private sawLock = false;
  private ownerSeen = false;

  constructor(
    private readonly bytes: Uint8Array,
    private readonly tables: TextTables,
    private readonly rows: GoroutineRows
  ) {
    this.place = new PlaceReader(bytes);
  }

  /** The next lines are of the goroutine in this row. */
  start(row: number): void {
    this.row = row;
    this.reading = Reading.stack;
    this.locations.depth = 0;
    this.chain = -1;
    this.isUnavailable = this.sawLock = this.ownerSeen = false;
  }

  /** The next lines are of a goroutine whose header could not be read. */
  startSkipped(): void {
    this.reading = Reading.skipped;
  }

  /** True below a header. */
  get isReading(): boolean {
    return this.reading !== Reading.nothing;
  }

  /** True below the header of a goroutine that is read. */
  get isInGoroutine(): boolean {
    return this.reading === Reading.stack || this.reading === Reading.ancestors;
  }

  /** True where a line was read whose place has to follow. */
  get isOpen(): boolean {
    return this.call !== 0 || this.creatorPending;
  }

  /** True where a blank line ends it. */
  get isWhole(): boolean {
    return this.reading === Reading.skipped || ((this.locations.depth > 0 || this.isUnavailable) && !this.isOpen);
  }

  /** @param end of its text */
  finish(end: number): void {
    const { row, rows, tables } = this;
    this.dropCall();
    if (this.isInGoroutine) {
      if (this.chain >= 0) {
        this.locations.push(tables.location(this.chain));
      }
      const hasStack = this.locations.depth > 0;
      if (!hasStack) {
        this.locations.push(this.placeholder(unavailableStack));
      }
      // The second print of a goroutine may have the stack that the first lacked; it never takes one away.
      if (hasStack || rows.stack[row] === 0) {
        rows.stack[row] = tables.stack(this.locations);
      }
      rows.end[row] ||= end;
    }
    this.reading = Reading.nothing;
    this.maybeEnd = 0;
    this.creatorPending = false;
  }

  /** @returns false for a line that is none of these */
  read(at: number, stop: number): boolean {
    const { bytes } = this;
    if ((this.call !== 0 || this.creatorPending || this.maybeEnd !== 0) && this.place.read(at, stop)) {
      if (this.creatorPending) {
        this.finishCreator();
        return true;
      }
      if (this.call !== 0 || this.isForeignPlace()) {
        this.call ||= this.tables.text(this.maybeStart, this.maybeEnd);
        this.finishCall();
        return true;
      }
    }
    switch (bytes[at]) {
      case byte.dot:
        return startsWith(bytes, at, stop, words.elided) && this.readElided(at, stop);
      case 99: // c
        if (startsWith(bytes, at, stop, words.createdBy)) {
          this.readCreator(at + words.createdBy.bytes.length, stop);
          return true;
        }
        break;
      case 91: // [
        if (startsWith(bytes, at, stop, words.originating)) {
          this.readAncestor(at + words.originating.bytes.length, stop);
          return true;
        }
        break;
      case byte.tab:
      case byte.space:
      case 103: // g
        if (this.readUnavailable(skipSpace(bytes, at, stop), stop)) {
          return true;
        }
    }
    return this.readCall(at, stop);
  }

  private readUnavailable(at: number, stop: number): boolean {
    const isUnavailable = [words.unavailable, words.inC].some((text) => startsWith(this.bytes, at, stop, text));
    this.isUnavailable ||= isUnavailable;
    return isUnavailable;
  }

  /**
   * True where the place that was read belongs to the bare name before it: a C library's symbolizer printed a program counter,
   * or gccgo the name of a Go function, which has a dot and no space, and no arguments.
   */
  private isForeignPlace(): boolean {
    const { bytes, maybeStart, maybeEnd, place } = this;
    if (place.pcLow !== 0 || place.pcHigh !== 0) {
      return true;
    }
    const name = bytes.subarray(maybeStart, maybeEnd);
    return this.reading !== Reading.skipped && name.includes(byte.dot) && !name.includes(byte.space);
  }

  private readCall(at: number, stop: number): boolean {
    const { bytes } = this;
    const start = skipSpace(bytes, at, stop);
    const args = argumentsStart(bytes, start, stop);
    if (args < 0) {
      return this.readForeignCall(start, stop);
    }
    this.dropCall();
    if (this.reading !== Reading.skipped) {
      const isPanic = args - start === 6 && startsWith(bytes, start, stop, words.panic);
      this.call = isPanic ? this.tables.string('runtime.gopanic') : this.tables.text(start, args - 1);
      this.callIsInlined = isInlinedCall(bytes, args, stop);
      if (this.reading === Reading.stack) {
        this.noteLock(start, args, stop);
      }
    }
    return true;
  }

  /** `non-Go function at pc=0x…`, or the bare name that a C library's symbolizer gave. */
  private readForeignCall(start: number, stop: number): boolean {
    const { bytes, place, tables } = this;
    if (this.reading === Reading.skipped) {
      return false;
    }
    const nameEnd = start + words.foreign.bytes.length;
    const isAnonymous = startsWith(bytes, start, stop, words.foreign);
    if (isAnonymous && startsWith(bytes, nameEnd, stop, words.at) && place.read(nameEnd + 3, stop)) {
      this.dropCall();
      this.call = tables.text(start, nameEnd);
      this.callIsInlined = false;
      this.finishCall();
      return true;
    }
    if (this.call === 0 && stop - start <= maxForeignName) {
      this.maybeStart = start;
      this.maybeEnd = stop;
      this.callIsInlined = false;
    }
    return isAnonymous;
  }

  /** A call whose place never came is kept without one. */
  private dropCall(): void {
    if (this.call !== 0) {
      this.place.clear();
      this.finishCall();
    }
  }

  private finishCall(): void {
    const { place, tables } = this;
    if (this.reading === Reading.stack) {
      const file = place.fileEnd > place.fileStart ? tables.text(place.fileStart, place.fileEnd) : 0;
      this.chain = tables.line(this.chain, tables.function(this.call, file), place.line);
      if (!this.callIsInlined) {
        const address = place.pcHigh === 0 && place.pcLow === 0 ? 0 : tables.address(place.pcHigh, place.pcLow);
        this.locations.push(tables.location(this.chain, address));
        this.chain = -1;
      }
    }
    this.call = 0;
    this.maybeEnd = 0;
  }

  /** A location of no place, for what is not in the dump. */
  private placeholder(name: string): number {
    const { tables } = this;
    return tables.location(tables.line(-1, tables.function(tables.string(name), 0), 0));
  }

  /** Finds the lock that a goroutine waits for, in the arguments of package sync or of what called it. */
  private noteLock(start: number, args: number, stop: number): void {
    const { bytes, rows, row } = this;
    const kind = this.callKind(start, args - 1);
    if (kind !== CallKind.other && rows.semaphore[row] === 0) {
      rows.semaphore[row] = this.stateOfCall.get(this.call) ?? 0;
    }
    if (kind === CallKind.lock) {
      this.sawLock = true;
      rows.blockedOn[row] ||= firstAddress(bytes, args, stop);
    } else if (kind === CallKind.other && this.sawLock && !this.ownerSeen) {
      this.ownerSeen = true;
      if (rows.blockedOn[row] === 0) {
        rows.blockedOn[row] = firstAddress(bytes, args, stop);
        rows.isOwner[row] = rows.blockedOn[row] === 0 ? 0 : 1;
      }
    }
  }

  private callKind(nameStart: number, nameEnd: number): number {
    const { call } = this;
    if (call >= this.callKinds.length) {
      const grown = new Uint8Array(Math.max(call + 1, this.callKinds.length * 2));
      grown.set(this.callKinds);
      this.callKinds = grown;
    }
    if (this.callKinds[call] === CallKind.unseen) {
      const state = nameEnd - nameStart > 60 ? '' : semaphoreState(textOf(this.bytes, nameStart, nameEnd));
      this.callKinds[call] = state === '' ? CallKind.other : /Mutex/.test(state) ? CallKind.lock : CallKind.wait;
      if (state !== '') {
        const known = this.semaphoreStates.indexOf(state);
        this.stateOfCall.set(call, known > 0 ? known : this.semaphoreStates.push(state) - 1);
      }
    }
    return this.callKinds[call];
  }

  private readElided(at: number, stop: number): boolean {
    const { bytes } = this;
    const digits = at + words.elided.bytes.length;
    const digitsEnd = skipDigits(bytes, digits, stop);
    const length = digitsEnd - digits;
    const isCounted = length > 0 && length <= maxDigits && startsWith(bytes, digitsEnd, stop, words.framesElided);
    if (!isCounted && !startsWith(bytes, at, stop, words.additionalElided)) {
      return false;
    }
    this.dropCall();
    if (this.reading === Reading.stack) {
      if (this.chain >= 0) {
        this.locations.push(this.tables.location(this.chain));
        this.chain = -1;
      }
      this.locations.push(this.placeholder(elidedFrames));
      const { elided } = this.rows;
      elided[this.row] = (elided[this.row] || 0) + (isCounted ? toNumber(bytes, digits, digitsEnd) : 0);
    }
    return true;
  }

  private readCreator(at: number, stop: number): void {
    const { bytes, rows, row, tables } = this;
    this.dropCall();
    this.creatorPending = true;
    if (this.reading !== Reading.stack) {
      return;
    }
    const digits = digitsStart(bytes, at, stop);
    const before = digits - words.inGoroutine.bytes.length;
    const hasId = digits < stop && before > at && startsWith(bytes, before, stop, words.inGoroutine);
    rows.creator[row] = tables.text(at, hasId ? before : stop);
    if (hasId && stop - digits <= 15) {
      rows.creatorGoroutine[row] = toNumber(bytes, digits, stop);
    }
  }

  private finishCreator(): void {
    const { place, reading, row, rows, tables } = this;
    this.creatorPending = false;
    if (reading === Reading.stack && rows.createdAt[row] === 0 && place.fileEnd > place.fileStart) {
      rows.createdAt[row] = tables.text(place.fileStart, skipDigits(this.bytes, place.fileEnd + 1, this.bytes.length));
    }
  }

  private readAncestor(at: number, stop: number): void {
    this.dropCall();
    this.creatorPending = false;
    if (this.reading === Reading.skipped) {
      return;
    }
    this.reading = Reading.ancestors;
    const end = skipDigits(this.bytes, at, stop);
    if (end > at && end - at <= 15) {
      const ids = this.ancestors.get(this.row) ?? [];
      this.ancestors.set(this.row, ids);
      grownRows(ids.length, 1, maxAncestors, 'ancestors of one goroutine');
      ids.push(toNumber(this.bytes, at, end));
    }
  }
}
