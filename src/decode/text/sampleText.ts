import { LabelSetBuilder } from '../../profile/labelSets';
import type { Profile, RuntimeMemory, ValueType } from '../../profile/profile';
import type { Notice } from '../../text/notice';
import { emptyHeader } from '../emptyHeader';
import { CommentedStacks } from '../goroutine/commentedStacks';
import { byte, skipSpace, textOf, trimmedEnd } from '../goroutine/scan';
import { quoted } from './quoted';

/** What the first lines of a text profile say of the others. */
export interface SampleFormat {
  readonly sampleTypes: readonly ValueType[];
  readonly periodType: ValueType;
  readonly period: number;
  readonly durationNanos: number;
  /** Where its samples begin in the file. */
  readonly start: number;
  /** Lines before the profile, which some collectors write. */
  readonly skipped: { readonly count: number; readonly first: string };
  /** The numbers of a sample's line, which stand before its @, as values; undefined where they are none. */
  readonly read: (numbers: string) => SampleNumbers | undefined;
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
 * Reads the samples of a text profile that Go or gperftools wrote, one a line, with addresses, and with Go the calls below it:
 *
 *   1: 1024 [2: 2048] @ 0x4a0c8d 0x4dea65
 *   #	0x4a0c8c	slices.Grow[...]+0x14c	/usr/local/go/src/slices/slices.go:426
 */
export class SampleTextReader {
  private readonly stacks: CommentedStacks;
  private readonly labels = new LabelSetBuilder();
  private readonly values: number[][];
  private readonly stack: number[] = [];
  private readonly labelSet: number[] = [];
  private readonly memStats: Record<string, number> = {};
  private readonly isInexact: boolean[];
  private isOpen = false;
  private unread = { count: 0, first: '' };
  /** First line of another profile in the file; '' where there is none. */
  private next = '';
  /** Sums of the samples' `raw` numbers. */
  readonly sums = [0, 0, 0, 0];

  constructor(
    private readonly bytes: Uint8Array,
    private readonly format: SampleFormat
  ) {
    this.stacks = new CommentedStacks(bytes);
    this.values = format.sampleTypes.map(() => []);
    this.isInexact = format.sampleTypes.map(() => false);
  }

  /** @param more notices of the format, computed when all is read */
  read(more: () => readonly Notice[] = () => []): Profile {
    const { bytes } = this;
    for (let line = this.format.start; line < bytes.length;) {
      const next = bytes.indexOf(10, line);
      const end = next < 0 ? bytes.length : next;
      const stop = trimmedEnd(bytes, line, end);
      const start = skipSpace(bytes, line, stop);
      if (start < stop && bytes[start] === 35) {
        this.readComment(start, stop);
      } else if (start < stop) {
        if (isEnd(bytes, start)) {
          this.next = nextProfile(bytes, start, stop);
          break;
        }
        this.readSample(start, stop);
      }
      line = end + 1;
    }
    this.finishSample();
    return this.profile(more());
  }

  private readSample(start: number, stop: number): void {
    const { bytes, format, labels, stacks } = this;
    this.finishSample();
    const at = bytes.subarray(start, Math.min(stop, start + maxNumbers)).indexOf(64);
    const numbers = at < 0 ? undefined : format.read(textOf(bytes, start, start + at).trimEnd());
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
      this.labelSet.push(this.labels.finishSet());
      this.stack.push(this.stacks.finishShown());
    }
    this.isOpen = false;
  }

  private profile(more: readonly Notice[]): Profile {
    const { format, stack, labelSet, values, memStats, isInexact } = this;
    const { toRows, ...tables } = this.stacks.tables.finish();
    const { label, labelSet: sets } = this.labels.finish();
    return Object.freeze({
      ...tables,
      ...emptyHeader,
      sampleTypes: format.sampleTypes.map((type, t): ValueType => ({
        ...type,
        ...(isInexact[t] && { isInexact: true }),
      })),
      periodType: format.periodType,
      period: format.period,
      durationNanos: format.durationNanos,
      notices: [...this.notices(), ...more],
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
    const { unread, format, stack, next } = this;
    const notices: Notice[] = [];
    if (format.skipped.count > 0) {
      const text = `${format.skipped.count} lines before the profile were skipped; the first is ${quoted(format.skipped.first)}.`;
      notices.push({ severity: 'info', text });
    }
    if (unread.count > 0) {
      const text = `${unread.count} lines beside ${stack.length} samples could not be read and are left out; the first is ${quoted(unread.first)}.`;
      notices.push({ severity: 'warning', text });
    }
    if (next !== '') {
      const text = `The file goes on with another profile, which is left out: ${quoted(next)}. Upload each as a file of its own.`;
      notices.push({ severity: 'warning', text });
    }
    return notices;
  }
}

/** As the autoprofiler's meta.json is read (captures/meta.ts). */
function memoryOf(memStats: Readonly<Record<string, number>>): RuntimeMemory {
  const { Sys, HeapReleased = 0, HeapIdle = 0, HeapInuse = 0, Stack = 0 } = memStats;
  return { goMemory: Sys - HeapReleased, heapIdle: HeapIdle - HeapReleased, heapInuse: HeapInuse, stacks: Stack };
}

/** Where the samples of gperftools end and the memory map begins (profile/legacy_profile.go, memoryMapSentinels), or another part. */
function isEnd(bytes: Uint8Array, at: number): boolean {
  return (
    (bytes[at] === 45 && bytes[at + 1] === 45) ||
    (bytes[at] === 77 && textOf(bytes, at, at + 17) === 'MAPPED_LIBRARIES:') ||
    (bytes[at] > 64 && nextProfile(bytes, at, bytes.length) !== '')
  );
}

/** The line where another profile of a file begins, which pprof refuses; '' for other lines. Values of two moments do not add up. */
function nextProfile(bytes: Uint8Array, start: number, stop: number): string {
  const line = textOf(bytes, start, Math.min(stop, start + 100));
  return /^(heap profile: *\d|--- (mutex|contention):|\S+ profile: total \d)/.test(line)
    ? line.replace(/[\r\n].*/s, '')
    : '';
}
