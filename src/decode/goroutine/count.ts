import { goroutineLabel, userLabelKey } from '../../profile/goroutineStates';
import { grownRows } from '../../profile/interner';
import { LabelSetBuilder } from '../../profile/labelSets';
import type { Profile } from '../../profile/profile';
import { counted, type Notice } from '../../text/notice';
import { emptyHeader } from '../emptyHeader';
import { CommentedStacks } from './commentedStacks';
import { LabelText } from './labelList';
import { isDigit, skipDigits, skipSpace, startsWith, textOf, toNumber, trimmedEnd, word } from './scan';
import { anyProfile, leftNotices, memoryMap, severalDumps, type Left } from './severalProfiles';
import { maxRows } from './tables';

/** How far comments may come before the header. */
const headerBytes = 64 * 1024;
/** Longest list of labels that is read; a program sets a few. */
const maxLabelBytes = 64 * 1024;

interface CountHeader {
  readonly type: string;
  readonly total: number;
  /** Where the line after it starts, and the number of its own. */
  readonly end: number;
  readonly line: number;
  /** Lines before it that are no comments: a collector's own header. */
  readonly before: number;
}

const headerPattern = /^(\S+) profile: total (\d{1,15})\s*$/;
/** The same behind what a logger put before it, e.g. `I1128 12:00:00.000 1 x.go:1] `. */
const loggedHeader = /[\s"](\S+) profile: total (\d{1,15})\s*$/;

/**
 * `goroutine profile: total 12`: what runtime/pprof writes with debug=1 for every profile that counts stacks. Below other lines
 * only where a record follows it, since documents quote it.
 */
export function countHeader(bytes: Uint8Array): CountHeader | undefined {
  let before = 0;
  let line = 0;
  for (let start = 0; start < Math.min(bytes.length, headerBytes);) {
    line++;
    const next = bytes.indexOf(10, start);
    const stop = next < 0 ? bytes.length : next;
    const at = skipSpace(bytes, start, stop);
    if (at < stop && bytes[at] !== 13 && bytes[at] !== 35) {
      const text = textOf(bytes, at, Math.min(stop, at + 500));
      const plain = headerPattern.exec(text);
      const match = plain ?? loggedHeader.exec(text);
      if (match && ((plain && before === 0) || isRecord(bytes, stop + 1))) {
        return { type: match[1], total: Number(match[2]), end: stop + 1, line, before };
      }
      before++;
    }
    start = stop + 1;
  }
  return undefined;
}

/** `2 @ 0x484d6e` */
const isRecord = (bytes: Uint8Array, start: number): boolean => /^\d+ @ 0x/.test(textOf(bytes, start, start + 40));

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
 * names that the lines below say, and samples the labels. Several profiles of one kind in a file are told apart by the label
 * `dump`; those of another kind are left out.
 */
export function decodeCount(bytes: Uint8Array, header: CountHeader): Profile {
  const reader = new CountReader(bytes);
  const profile = reader.read(header);
  // Read twice, since the samples of the first have no label yet when the second is found.
  return reader.dumps === 1 ? profile : new CountReader(bytes, true).read(header);
}

class CountReader {
  private readonly stacks: CommentedStacks;
  private readonly labels: LabelSetBuilder;
  private readonly maxSamples: number;
  private readonly stack: number[] = [];
  private readonly count: number[] = [];
  private readonly labelSet: number[] = [];
  private readonly counts = { headers: 0, skipped: 0, noise: 0, unreadLabels: 0 };
  private firstSkipped = 0;
  /** Profiles of the kind that is read, and the sum of their totals. */
  dumps = 1;
  private total = 0;
  private part: 'samples' | 'map' | 'other' = 'samples';
  private readonly left: Left = { lines: 0, first: '' };
  private readonly clashes = new Set<string>();

  private isOpen = false;

  /** @param isNumbered whether samples say which profile of the file they are of */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly isNumbered = false
  ) {
    this.stacks = new CommentedStacks(bytes);
    this.maxSamples = maxRows(bytes);
    this.labels = new LabelSetBuilder(256, 3 * this.maxSamples);
  }

  read(header: CountHeader): Profile {
    const { bytes } = this;
    this.total = header.total;
    let lineNumber = header.line;
    for (let start = header.end; start < bytes.length;) {
      const next = bytes.indexOf(10, start);
      const end = next < 0 ? bytes.length : next;
      const stop = trimmedEnd(bytes, start, end);
      lineNumber++;
      if (startsWith(bytes, start, stop, words.comment)) {
        this.readComment(start, stop);
      } else if (stop > start && !isDigit(bytes[start])) {
        this.readOther(start, stop, header.type);
      } else if (stop > start && this.part === 'samples') {
        this.readSample(start, stop, lineNumber);
      } else if (stop > start && this.part === 'other') {
        this.left.lines++;
      }
      start = end + 1;
    }
    this.finishSample();
    return this.profile(header);
  }

  private readSample(start: number, stop: number, lineNumber: number): void {
    const { bytes, stacks } = this;
    this.finishSample();
    const digitsEnd = skipDigits(bytes, start, stop);
    if (!startsWith(bytes, digitsEnd, stop, words.at)) {
      this.counts.noise++;
      return;
    }
    this.counts.headers++;
    if (!stacks.open(digitsEnd + words.at.bytes.length, stop) || digitsEnd - start > 15) {
      this.counts.skipped++;
      this.firstSkipped ||= lineNumber;
      return;
    }
    this.isOpen = true;
    grownRows(this.count.length, 1, this.maxSamples, 'stacks');
    this.count.push(toNumber(bytes, start, digitsEnd));
  }

  /** A line that is no sample: another profile, the end, or what does not belong here. */
  private readOther(start: number, stop: number, type: string): void {
    this.finishSample();
    const line = textOf(this.bytes, start, Math.min(stop, start + 500));
    const header = headerPattern.exec(line);
    if (header?.[1] === type) {
      this.dumps++;
      this.total += Number(header[2]);
      this.part = 'samples';
    } else if (memoryMap.test(line)) {
      this.part = 'map';
    } else if (anyProfile.test(line) || startsWith(this.bytes, start, stop, words.end)) {
      this.part = 'other';
      this.left.first ||= line;
    } else if (this.part === 'samples') {
      this.counts.noise++;
    } else if (this.part === 'other') {
      this.left.lines++;
    }
  }

  private readComment(start: number, stop: number): void {
    if (!this.isOpen) {
      return;
    }
    if (startsWith(this.bytes, start, stop, words.labels)) {
      this.readLabels(start + words.labels.bytes.length, stop);
    } else {
      this.stacks.readCall(skipSpace(this.bytes, start + 1, stop), stop);
    }
  }

  private readLabels(start: number, stop: number): void {
    const { labels } = this;
    const { tables } = this.stacks;
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

  private finishSample(): void {
    if (this.isOpen) {
      if (this.isNumbered) {
        this.labels.add(this.stacks.tables.string(goroutineLabel.dump), 0, this.dumps, 0, true);
      }
      this.labelSet.push(this.labels.finishSet());
      this.stack.push(this.stacks.finishNamed());
    }
    this.isOpen = false;
  }

  private profile({ type, before }: CountHeader): Profile {
    const { count, stack, labelSet } = this;
    const { toRows, ...finished } = this.stacks.tables.finish();
    const { label, labelSet: sets } = this.labels.finish();
    const valueType = { type, unit: 'count' };
    return Object.freeze({
      ...finished,
      ...emptyHeader,
      sampleTypes: [valueType],
      periodType: valueType,
      period: 1,
      notices: this.notices(before),
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

  private notices(before: number): Notice[] {
    const { counts, count, clashes, firstSkipped, left, dumps, total } = this;
    const read = count.reduce((sum, value) => sum + value, 0);
    const stacks = counted(counts.headers, 'stack');
    const notices = [
      dumps > 1 && warning(severalDumps(dumps, 'profiles')),
      counts.skipped > 0 &&
        warning(`${counts.skipped} of ${stacks} could not be read; the first is in line ${firstSkipped}.`),
      before > 0 && info(`Passed over: ${counted(before, 'line')} before the profile, of what collected it.`),
      counts.noise > 0 && warning(`Left out: ${counted(counts.noise, 'line')} that no debug=1 profile has.`),
      ...leftNotices(left),
      counts.unreadLabels > 0 &&
        warning(
          `The labels of ${counts.unreadLabels} of ${stacks} could not be read and are left out: expected {"key":"value", …}.`
        ),
      read !== total &&
        warning(
          `The first line${dumps > 1 ? 's say' : ' says'} a total of ${total}, the stacks that follow add up to ${read}: the file is cut off or was edited.`
        ),
      clashes.size > 0 && info(renamedLabels(clashes)),
    ];
    return notices.filter((notice) => notice !== false);
  }
}

const warning = (text: string): Notice => ({ severity: 'warning', text });
const info = (text: string): Notice => ({ severity: 'info', text });

/** Said where labels of the program had to give way to ours. */
export const renamedLabels = (shown: Iterable<string>): string =>
  `Labels of the program that are named like ours are shown as ${[...shown].sort().join(', ')}.`;
