import { hiddenCall, userLabelKey } from '../../profile/goroutineStates';
import { grownRows } from '../../profile/interner';
import { LabelSetBuilder } from '../../profile/labelSets';
import type { Profile } from '../../profile/profile';
import { InputError, type Notice } from '../../text/notice';
import { LabelText } from './labelList';
import { byte, isDigit, readWords, skipDigits, skipSpace, startsWith, textOf, toNumber, word, words64 } from './scan';
import { maxRows, OpenStack, TextTables } from './tables';

/** How far comments may come before the header. */
const headerBytes = 64 * 1024;
/** Longest list of labels that is read; a program sets a few. */
const maxLabelBytes = 64 * 1024;
/** Calls that one address is believed to stand for. */
const maxLines = 100;

interface CountHeader {
  readonly type: string;
  readonly total: number;
  /** Offset of its line, and lines before it that are no comments: a collector's own header. */
  readonly start: number;
  readonly before: number;
}

/**
 * `goroutine profile: total 12`: what runtime/pprof writes with debug=1 for every profile that counts stacks. Below other lines
 * only where a record follows it, since documents quote it.
 */
export function countHeader(bytes: Uint8Array): CountHeader | undefined {
  let before = 0;
  for (let start = 0; start < Math.min(bytes.length, headerBytes);) {
    const next = bytes.indexOf(10, start);
    const stop = next < 0 ? bytes.length : next;
    const at = skipSpace(bytes, start, stop);
    if (at < stop && bytes[at] !== 13 && bytes[at] !== 35) {
      const line = new TextDecoder().decode(bytes.subarray(at, Math.min(stop, at + 500)));
      const match = /^(\S+) profile: total (\d{1,15})\s*$/.exec(line);
      if (match && (before === 0 || isRecord(bytes, stop + 1))) {
        return { type: match[1], total: Number(match[2]), start, before };
      }
      before++;
    }
    start = stop + 1;
  }
  return undefined;
}

/** `2 @ 0x484d6e` */
const isRecord = (bytes: Uint8Array, start: number): boolean =>
  /^\d+ @ 0x/.test(new TextDecoder().decode(bytes.subarray(start, start + 40)));

const words = { at: word(' @'), comment: word('#'), labels: word('# labels: {'), end: word('---') };

/**
 * Reads the debug=1 text of a profile that counts stacks (goroutine, goroutineleak, threadcreate, a profile of the
 * program's own):
 *
 *   2 @ 0x484d6e 0x41818e 0x417cb2 0x51ca5c 0x48bc81
 *   # labels: {"tenant_id":"acme"}
 *   #	0x51ca5b	main.(*worker[...]).recv+0x1b	/src/main.go:29
 *
 * Samples and locations are those of google/pprof (profile/legacy_profile.go parseGoCount): one location for each
 * address, which is the call's, one byte below what is printed. pprof leaves them without names; here they have the
 * names that the lines below say, and samples the labels.
 * @throws InputError where the first line is not the header
 */
export function decodeCount(bytes: Uint8Array): Profile {
  const header = countHeader(bytes);
  if (!header) {
    throw new InputError('Expected "NAME profile: total N" as the first line of a debug=1 profile.');
  }
  return new CountReader(bytes).read(header);
}

class CountReader {
  private readonly tables: TextTables;
  private readonly labels: LabelSetBuilder;
  private readonly maxSamples: number;
  private readonly stack: number[] = [];
  private readonly count: number[] = [];
  private readonly labelSet: number[] = [];
  private readonly counts = { headers: 0, skipped: 0, noise: 0, unreadLabels: 0 };
  private firstSkipped = 0;
  private readonly clashes = new Set<string>();

  private isOpen = false;
  private readonly locations = new OpenStack();
  /** For a location the record that gave it its lines, and the list of them. */
  private readonly definedBy: number[] = [];
  private readonly chains: number[] = [];
  private readonly lineCount: number[] = [];

  constructor(private readonly bytes: Uint8Array) {
    this.tables = new TextTables(bytes);
    this.maxSamples = maxRows(bytes);
    this.labels = new LabelSetBuilder(256, 3 * this.maxSamples);
  }

  read(header: CountHeader): Profile {
    const { bytes } = this;
    let isPastHeader = false;
    let lineNumber = header.before;
    for (let start = header.start; start < bytes.length;) {
      const next = bytes.indexOf(10, start);
      const end = next < 0 ? bytes.length : next;
      let stop = end;
      while (stop > start && (bytes[stop - 1] === 13 || bytes[stop - 1] === byte.space)) {
        stop--;
      }
      lineNumber++;
      if (isPastHeader && startsWith(bytes, start, stop, words.end)) {
        break;
      }
      if (startsWith(bytes, start, stop, words.comment)) {
        this.readComment(start, stop);
      } else if (stop > start) {
        if (isPastHeader) {
          this.readSample(start, stop, lineNumber);
        }
        isPastHeader = true;
      }
      start = end + 1;
    }
    this.finishSample();
    return this.profile(header);
  }

  private readSample(start: number, stop: number, lineNumber: number): void {
    const { bytes, tables } = this;
    this.finishSample();
    const digitsEnd = skipDigits(bytes, start, stop);
    if (digitsEnd === start || !startsWith(bytes, digitsEnd, stop, words.at)) {
      this.counts.noise++;
      return;
    }
    this.counts.headers++;
    this.locations.depth = 0;
    let at = digitsEnd + words.at.bytes.length;
    while (at < stop && readWords(bytes, at + 1, stop) && bytes[at] === byte.space) {
      // Addresses are where calls return to; the call is one below.
      const low = (words64.low - 1) >>> 0;
      const high = low === 0xffffffff ? words64.high - 1 : words64.high;
      this.locations.push(tables.location(-1, tables.address(high, low)));
      at = words64.end;
    }
    if (at < stop || digitsEnd - start > 15) {
      this.counts.skipped++;
      this.firstSkipped ||= lineNumber;
      return;
    }
    this.isOpen = true;
    grownRows(this.count.length, 1, this.maxSamples, 'stacks');
    this.count.push(toNumber(bytes, start, digitsEnd));
    this.stack.push(tables.stack(this.locations));
  }

  private readComment(start: number, stop: number): void {
    if (!this.isOpen) {
      return;
    }
    if (startsWith(this.bytes, start, stop, words.labels)) {
      this.readLabels(start + words.labels.bytes.length, stop);
    } else {
      this.readCall(skipSpace(this.bytes, start + 1, stop), stop);
    }
  }

  private readLabels(start: number, stop: number): void {
    const { labels, tables } = this;
    const isLong = stop - start > maxLabelBytes;
    const list = isLong ? undefined : new LabelText(textOf(this.bytes, start, stop)).list();
    if (!list) {
      this.counts.unreadLabels++;
    }
    for (const [key, value] of list ?? []) {
      const shown = userLabelKey(key);
      if (shown !== key) {
        this.clashes.add(shown);
      }
      labels.add(tables.string(shown), tables.string(value), 0, 0, false);
    }
  }

  /** `0x51ca5b	main.f+0x1b	/src/main.go:29`, columns apart by any number of tabs. */
  private readCall(start: number, stop: number): void {
    const { bytes, tables } = this;
    if (!readWords(bytes, start, stop)) {
      return;
    }
    const location = tables.location(-1, tables.address(words64.high, words64.low));
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
   * Lines of one address that follow each other are calls inlined into the last of them, as older versions print them;
   * the address of a recursive call comes with the same line again.
   */
  private addLine(location: number, func: number, line: number): void {
    const { chains, definedBy, lineCount, tables } = this;
    const sample = this.count.length;
    if (definedBy[location] === undefined) {
      definedBy[location] = sample;
      chains[location] = tables.line(-1, func, line);
      lineCount[location] = 1;
    } else if (
      definedBy[location] === sample &&
      lineCount[location] < maxLines &&
      !tables.hasLine(chains[location], func, line)
    ) {
      chains[location] = tables.line(chains[location], func, line);
      lineCount[location]++;
    }
    tables.symbolize(location, chains[location]);
  }

  private finishSample(): void {
    if (this.isOpen) {
      this.labelSet.push(this.labels.finishSet());
      this.nameHidden();
    }
    this.isOpen = false;
  }

  /** Names what Go never prints (runtime/pprof printStackRecord): the runtime's calls on top, and goexit at the root. */
  private nameHidden(): void {
    const { definedBy, tables } = this;
    const { rows: locations, depth } = this.locations;
    const isShown = (i: number) => definedBy[locations[i]] !== undefined;
    const name = (location: number, text: string) =>
      tables.symbolize(location, tables.line(-1, tables.function(tables.string(text), 0), 0));
    if (depth > 1 && !isShown(depth - 1) && isShown(depth - 2)) {
      name(locations[depth - 1], 'runtime.goexit');
    }
    let top = 0;
    while (top < depth && !isShown(top)) {
      top++;
    }
    for (let i = 0; top < depth && i < top; i++) {
      name(locations[i], hiddenCall);
    }
  }

  private profile({ type, total, before }: CountHeader): Profile {
    const { count, stack, labelSet } = this;
    const { toRows, ...finished } = this.tables.finish();
    const { label, labelSet: sets } = this.labels.finish();
    const valueType = { type, unit: 'count' };
    return Object.freeze({
      ...finished,
      sampleTypes: [valueType],
      defaultSampleType: '',
      periodType: valueType,
      period: 1,
      timeNanos: 0n,
      durationNanos: 0,
      comments: [],
      docUrl: '',
      dropFrames: '',
      keepFrames: '',
      notices: this.notices(total, before),
      sample: {
        length: count.length,
        values: [Float64Array.from(count)],
        stack: Uint32Array.from(stack),
        labelSet: Uint32Array.from(labelSet),
      },
      labelSet: sets,
      label: { ...label, key: toRows(label.key), str: toRows(label.str) },
    });
  }

  private notices(total: number, before: number): Notice[] {
    const { counts, count, clashes, firstSkipped } = this;
    const notices: Notice[] = [];
    const read = count.reduce((sum, value) => sum + value, 0);
    if (counts.skipped > 0) {
      notices.push({
        severity: 'warning',
        text: `${counts.skipped} of ${counts.headers} stacks could not be read; the first is in line ${firstSkipped}.`,
      });
    }
    if (before > 0) {
      notices.push({
        severity: 'info',
        text: `${before} lines before the profile, of what collected it, are passed over.`,
      });
    }
    if (counts.noise > 0) {
      notices.push({ severity: 'warning', text: `${counts.noise} lines are no part of a debug=1 profile; left out.` });
    }
    if (counts.unreadLabels > 0) {
      notices.push({
        severity: 'warning',
        text: `The labels of ${counts.unreadLabels} of ${counts.headers} stacks could not be read and are left out: expected {"key":"value", …}.`,
      });
    }
    if (read !== total) {
      notices.push({
        severity: 'warning',
        text: `The first line says a total of ${total}, the stacks that follow add up to ${read}: the file is cut off or was edited.`,
      });
    }
    if (clashes.size > 0) {
      notices.push({ severity: 'info', text: renamedLabels(clashes) });
    }
    return notices;
  }
}

/** Said where labels of the program had to give way to ours. */
export const renamedLabels = (shown: Iterable<string>): string =>
  `Labels of the program that are named like ours are shown as ${[...shown].sort().join(', ')}.`;
