import { LabelSetBuilder } from '../../profile/labelSets';
import type { Profile } from '../../profile/profile';
import { counted, InputError, type Notice } from '../../text/notice';
import { emptyHeader } from '../emptyHeader';
import { OpenStack, TextTables } from '../goroutine/tables';
import { byte, digitsStart, skipSpace, textOf, toNumber, trimmedEnd } from '../goroutine/scan';

/** Bytes, and lines of them, that decide what a text is. A stack may be deep. */
const maxHead = 4 * 1024 * 1024;
const lookedAt = 100;

/** Whether a text is folded stacks: nine lines of ten are a stack and a number, and some have several frames. */
export function isFolded(bytes: Uint8Array): boolean {
  const head = new TextDecoder().decode(bytes.subarray(0, maxHead));
  const whole = bytes.length > maxHead ? head.slice(0, head.lastIndexOf('\n')) : head;
  const lines = whole
    .split('\n', lookedAt)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const stacks = lines.filter((line) => /^\S.*[ \t]\d+$/.test(line));
  return stacks.length > 0 && stacks.length >= 0.9 * lines.length && stacks.some((line) => line.includes(';'));
}

/**
 * Reads folded stacks, which flame graph tools exchange: frames from the root on, then how often.
 *
 *   main.main;main.a;main.b 10
 *
 * Frames are kept as they are; those of one name are one function. Some writers put a tab before the number.
 * @throws InputError for stacks of two profiles, with two numbers a line, and for numbers beyond 2^53
 */
export const decodeFolded = (bytes: Uint8Array): Profile => new FoldedReader(bytes).read();

class FoldedReader {
  private readonly tables: TextTables;
  private readonly locations = new OpenStack();
  private readonly frames: number[] = [];
  private readonly values: number[] = [];
  private readonly stack: number[] = [];
  private readonly unread = { count: 0, first: 0 };
  /** Lines with two numbers. */
  private pairs = 0;

  constructor(private readonly bytes: Uint8Array) {
    this.tables = new TextTables(bytes);
  }

  read(): Profile {
    const { bytes, unread } = this;
    let number = 0;
    for (let line = 0; line < bytes.length;) {
      const next = bytes.indexOf(10, line);
      const end = next < 0 ? bytes.length : next;
      const stop = trimmedEnd(bytes, line, end);
      const start = skipSpace(bytes, line, stop);
      number++;
      if (start < stop && bytes[start] !== 35 && !this.readLine(start, stop, number)) {
        unread.first ||= number;
        unread.count++;
      }
      line = end + 1;
    }
    if (this.pairs > 0 && this.pairs === this.values.length) {
      throw new InputError(
        'These are folded stacks of two profiles (difffolded.pl): two numbers a line. Upload each profile by itself, and compare them here.'
      );
    }
    return this.profile();
  }

  /** @returns false where the line has no number at its end, or nothing else */
  private readLine(start: number, stop: number, number: number): boolean {
    const { bytes, tables, stack, values } = this;
    const digits = digitsStart(bytes, start, stop);
    const end = trimmedEnd(bytes, start, digits);
    if (digits === stop || end === start || end === digits) {
      return false;
    }
    this.pairs += endsInNumber(bytes, start, end) ? 1 : 0;
    values.push(stop - digits > 15 ? longNumber(textOf(bytes, digits, stop), number) : toNumber(bytes, digits, stop));
    stack.push(tables.stack(this.locationsOf(start, end)));
    return true;
  }

  private locationsOf(start: number, stop: number): OpenStack {
    const { bytes, tables, frames, locations } = this;
    frames.length = 0;
    locations.depth = 0;
    for (let at = start; at < stop;) {
      const next = bytes.indexOf(59, at);
      const end = next < 0 || next > stop ? stop : next;
      if (end > at) {
        frames.push(tables.location(tables.line(-1, tables.function(tables.text(at, end), 0), 0)));
      }
      at = end + 1;
    }
    for (let i = frames.length - 1; i >= 0; i--) {
      locations.push(frames[i]);
    }
    return locations;
  }

  private profile(): Profile {
    const { values, stack } = this;
    const { toRows: _, ...tables } = this.tables.finish();
    return Object.freeze({
      ...tables,
      ...emptyHeader,
      sampleTypes: [{ type: 'samples', unit: 'count' }],
      periodType: undefined,
      period: 0,
      notices: unreadNotice(this.unread, values.length),
      sample: {
        length: values.length,
        values: [Float64Array.from(values)],
        stack: Uint32Array.from(stack),
        labelSet: new Uint32Array(values.length),
      },
      ...new LabelSetBuilder(0).finish(),
    });
  }
}

/** Whether what stands before the number of a line ends in another one. */
function endsInNumber(bytes: Uint8Array, start: number, stop: number): boolean {
  const at = digitsStart(bytes, start, stop);
  return at < stop && at > start && bytes[at - 1] <= byte.space;
}

/** @throws InputError for a number that a float64 has not exactly */
function longNumber(text: string, line: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    throw new InputError(
      `The value of the folded stack in line ${line} is ${text.length > 40 ? `${text.slice(0, 40)}…` : text}, beyond 2^53, the largest that is exact here. ` +
        'Fold in a larger unit, for example milliseconds in place of nanoseconds, or leave the line out.'
    );
  }
  return value;
}

const unreadNotice = ({ count, first }: { count: number; first: number }, stacks: number): Notice[] =>
  count === 0
    ? []
    : [
        {
          severity: 'warning',
          text: `Left out: ${counted(count, 'line')} beside ${counted(stacks, 'stack')} that could not be read; the first is line ${first}. Expected "frame;frame 12".`,
        },
      ];
