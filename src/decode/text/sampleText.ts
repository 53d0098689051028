import { goroutineLabel } from '../../profile/goroutineStates';
import { LabelSetBuilder } from '../../profile/labelSets';
import type { Profile, RuntimeMemory, ValueType } from '../../profile/profile';
import { counted, type Notice } from '../../text/notice';
import { emptyHeader } from '../emptyHeader';
import { CommentedStacks } from '../goroutine/commentedStacks';
import { byte, skipSpace, textOf, trimmedEnd } from '../goroutine/scan';
import { anyProfile, leftNotices, memoryMap, severalDumps, type Left } from '../goroutine/severalProfiles';
import { mapAddresses, MemoryMapReader } from './memoryMap';
import { quoted } from './quoted';

/** A profile of a text, as its first lines say it. */
export interface SampleText {
  readonly sampleTypes: readonly ValueType[];
  readonly periodType: ValueType;
  readonly period: number;
  readonly durationNanos: number;
  /** Where its samples begin in the file. */
  readonly start: number;
  /** What the `raw` numbers of its samples add up to; undefined where the first lines do not say. */
  readonly totals?: readonly number[];
  /** The numbers of a sample's line, which stand before its @, as values; undefined where they are none. */
  readonly read: (numbers: string) => SampleNumbers | undefined;
}

/** A kind of text profile, and the first of it in a file. */
export interface SampleFormat {
  readonly first: SampleText;
  /** Lines before the profile, which some collectors write. */
  readonly skipped: { readonly count: number; readonly first: string };
  /** A further profile of the kind, of its first line and where the next line begins; undefined for any other line. */
  readonly next: (line: string, end: number) => SampleText | undefined;
  /** What is to be said when all is read. @param totals of all profiles, and the sums that the samples have in place of these */
  readonly notices?: (totals: readonly number[], sums: readonly number[]) => readonly Notice[];
}

interface SampleNumbers {
  /** One for each sample type, as pprof computes them. */
  readonly values: readonly number[];
  /** Average size of an object, the label `bytes`. */
  readonly blockSize?: number;
  /** What the totals of the first line add up. */
  readonly raw?: readonly number[];
}

/** pprof has values of 64 bits. Beyond them are mutilated lines, and objects of less than a byte, of which unsampling makes Infinity. */
const maxValue = 2 ** 63;

/** Longest part of a line before its @. */
const maxNumbers = 200;

/**
 * Reads the samples of a text as SampleTextReader says. Several profiles of one kind in a file are told apart by the label
 * `dump`, as goroutine dumps are; those of another kind, and those with other types or periods, are left out.
 */
export function decodeSamples(bytes: Uint8Array, format: SampleFormat): Profile {
  const reader = new SampleTextReader(bytes, format);
  const profile = reader.read();
  // Read twice, since the samples of the first have no label yet when the second is found.
  return reader.dumps === 1 ? profile : new SampleTextReader(bytes, format, true).read();
}

/**
 * Reads the samples of a text profile that Go or gperftools wrote, one a line, with addresses, and with Go the calls below it:
 *
 *   1: 1024 [2: 2048] @ 0x4a0c8d 0x4dea65
 *   #	0x4a0c8c	slices.Grow[...]+0x14c	/usr/local/go/src/slices/slices.go:426
 */
class SampleTextReader {
  private readonly stacks: CommentedStacks;
  private readonly labels = new LabelSetBuilder();
  private readonly values: number[][];
  private readonly stack: number[] = [];
  private readonly labelSet: number[] = [];
  private readonly memStats: Record<string, number> = {};
  private readonly isInexact: boolean[];
  private isOpen = false;
  private unread = { count: 0, first: '' };
  /** The profile whose samples are read; undefined in a part that is left out. */
  private part: SampleText | undefined;
  /** How many of the kind there are so far. */
  dumps = 1;
  private readonly left: Left = { lines: 0, first: '' };
  /** The memory map of gperftools, and whether it is what is read. */
  private map: MemoryMapReader | undefined;
  private isMap = false;
  /** What the first lines say that the samples' `raw` numbers add up to, and what these do. */
  private readonly totals = [0, 0, 0, 0];
  private readonly sums = [0, 0, 0, 0];

  /** @param isNumbered whether samples say which profile of the file they are of */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly format: SampleFormat,
    private readonly isNumbered = false
  ) {
    this.stacks = new CommentedStacks(bytes);
    this.values = format.first.sampleTypes.map(() => []);
    this.isInexact = format.first.sampleTypes.map(() => false);
  }

  read(): Profile {
    const { bytes } = this;
    this.startPart(this.format.first);
    for (let line = this.format.first.start; line < bytes.length;) {
      const next = bytes.indexOf(10, line);
      const end = next < 0 ? bytes.length : next;
      const stop = trimmedEnd(bytes, line, end);
      const start = skipSpace(bytes, line, stop);
      line = end + 1;
      if (start === stop) {
        continue;
      }
      if (bytes[start] === 35) {
        this.readComment(start, stop);
      } else if (mayBeginPart(bytes[start]) && this.readHeader(start, stop, line)) {
        line = Math.max(line, this.part?.start ?? 0);
      } else if (this.isMap) {
        this.map?.read(bytes, start, stop);
      } else if (this.part) {
        this.readSample(start, stop, this.part);
      } else {
        this.left.lines++;
      }
    }
    this.finishSample();
    return this.profile();
  }

  private startPart(part: SampleText): void {
    part.totals?.forEach((total, i) => (this.totals[i] += total));
    this.part = part;
    this.isMap = false;
  }

  /** @param end where the next line begins. @returns whether samples end here: the memory map or another profile begins */
  private readHeader(start: number, stop: number, end: number): boolean {
    const { bytes, format, left } = this;
    const line = textOf(bytes, start, Math.min(stop, start + 500));
    const isMap = memoryMap.test(line);
    if (!isMap && !line.startsWith('---') && !anyProfile.test(line)) {
      return false;
    }
    this.finishSample();
    this.part = undefined;
    this.isMap = isMap;
    if (isMap) {
      this.map ??= new MemoryMapReader();
      return true;
    }
    const next = format.next(line, end);
    if (next && formOf(next) === formOf(format.first)) {
      this.dumps++;
      this.startPart(next);
    } else {
      left.first ||= line;
    }
    return true;
  }

  private readSample(start: number, stop: number, part: SampleText): void {
    const { bytes, labels, stacks } = this;
    this.finishSample();
    const at = bytes.subarray(start, Math.min(stop, start + maxNumbers)).indexOf(64);
    const numbers = at < 0 ? undefined : part.read(textOf(bytes, start, start + at).trimEnd());
    const isRead = numbers?.values.every((value) => Math.abs(value) <= maxValue) === true;
    if (!numbers || !isRead || !stacks.open(start + at + 1, stop)) {
      this.unread.first ||= textOf(bytes, start, Math.min(stop, start + 80));
      this.unread.count++;
      return;
    }
    this.isOpen = true;
    numbers.values.forEach((value, t) => {
      this.values[t].push(value);
      this.isInexact[t] ||= !Number.isSafeInteger(value);
    });
    numbers.raw?.forEach((value, i) => (this.sums[i] += value));
    if (numbers.blockSize !== undefined) {
      labels.add(stacks.tables.string('bytes'), 0, numbers.blockSize, 0, true);
    }
  }

  /** A call of the stack, behind a tab, or behind a space what the runtime says of its memory (runtime/pprof writeHeap). */
  private readComment(start: number, stop: number): void {
    const { bytes, memStats } = this;
    if (bytes[start + 1] !== byte.space) {
      if (this.isOpen) {
        this.stacks.readCall(skipSpace(bytes, start + 1, stop), stop);
      }
      return;
    }
    // Stack, MSpan and MCache are in use and of the system.
    const found = /^# (\w+) = (\d+)(?: \/ (\d+))?$/.exec(textOf(bytes, start, Math.min(stop, start + 100)));
    if (found) {
      memStats[found[1]] = Number(found[3] ?? found[2]);
    }
  }

  private finishSample(): void {
    if (this.isOpen) {
      if (this.isNumbered) {
        this.labels.add(this.stacks.tables.string(goroutineLabel.dump), 0, this.dumps, 0, true);
      }
      this.labelSet.push(this.labels.finishSet());
      this.stack.push(this.stacks.finishShown());
    }
    this.isOpen = false;
  }

  private profile(): Profile {
    const { stack, labelSet, values, memStats, isInexact } = this;
    const { first: format } = this.format;
    const binaries = this.map?.finish() ?? [];
    // Before the tables are finished, since names of binaries are among their strings.
    const names = [...new Set(binaries.flatMap(({ filename, buildId }) => [filename, buildId]))];
    const nameRows = Uint32Array.from(names, (name) => this.stacks.tables.string(name));
    const { toRows, ...tables } = this.stacks.tables.finish();
    const rowOf = new Map(Array.from(toRows(nameRows), (row, i) => [names[i], row]));
    const mapped =
      binaries.length > 0 && mapAddresses(tables.location.address, binaries, (name) => rowOf.get(name) ?? 0);
    const { label, labelSet: sets } = this.labels.finish();
    return Object.freeze({
      ...tables,
      ...(mapped && { mapping: mapped.mapping, location: { ...tables.location, ...mapped.location } }),
      ...emptyHeader,
      sampleTypes: format.sampleTypes.map((type, t): ValueType => ({
        ...type,
        ...(isInexact[t] && { isInexact: true }),
      })),
      periodType: format.periodType,
      period: format.period,
      durationNanos: format.durationNanos,
      notices: this.notices(),
      ...('Sys' in memStats && { runtimeMemory: memoryOf(memStats) }),
      sample: {
        length: stack.length,
        values: values.map((column) => Float64Array.from(column)),
        stack: Uint32Array.from(stack),
        labelSet: Uint32Array.from(labelSet),
      },
      labelSet: sets,
      label: { ...label, key: toRows(label.key) },
    });
  }

  private notices(): Notice[] {
    const { unread, format, stack, left, dumps } = this;
    const notices: Notice[] = [];
    if (dumps > 1) {
      notices.push({ severity: 'warning', text: severalDumps(dumps, 'profiles') });
    }
    if (format.skipped.count > 0) {
      const text = `Skipped: ${counted(format.skipped.count, 'line')} before the profile; the first is ${quoted(format.skipped.first)}.`;
      notices.push({ severity: 'info', text });
    }
    if (unread.count > 0) {
      const text = `Left out: ${counted(unread.count, 'line')} beside ${counted(stack.length, 'sample')} that could not be read; the first is ${quoted(unread.first)}.`;
      notices.push({ severity: 'warning', text });
    }
    return [...notices, ...leftNotices(left), ...(format.notices?.(this.totals, this.sums) ?? [])];
  }
}

/** As the autoprofiler's meta.json is read (captures/meta.ts). */
function memoryOf(memStats: Readonly<Record<string, number>>): RuntimeMemory {
  const { Sys, HeapReleased = 0, HeapIdle = 0, HeapInuse = 0, Stack = 0 } = memStats;
  return { goMemory: Sys - HeapReleased, heapIdle: HeapIdle - HeapReleased, heapInuse: HeapInuse, stacks: Stack };
}

/** Whether a line may begin the memory map, or another profile: samples and nearly all other lines do not begin so. */
const mayBeginPart = (first: number): boolean => first === 45 || first > 64;

/** What has one meaning and adds up: types and periods. */
const formOf = ({ sampleTypes, periodType, period }: SampleText): string =>
  JSON.stringify([sampleTypes, periodType, period]);
