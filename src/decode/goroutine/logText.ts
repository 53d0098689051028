import type { Notice } from '../../text/notice';
import { memoryLeft } from '../memory';
import { isJournalExport, journalMessages } from './journalExport';
import { jsonRecord, logRecord, unescaped, type LogRecord } from './logRecord';
import { isDigit, isHeader, startsWith, trimmedEnd, word } from './scan';

/** Text of goroutines as a logger's records hold it, and as it was before. */
export interface LogText {
  readonly bytes: Uint8Array;
  /** Names what was taken apart; empty where the text is as it came. */
  readonly notices: readonly Notice[];
}

/** A record may be the text of another: docker keeps the JSON lines of zap in JSON lines. Few go deeper. */
const maxLevels = 3;

/** Where a goroutine, also one of goleak's list, or a text profile starts: in plain text, or behind an escaped end of line. */
const startPattern =
  /(?:^|[^0-9A-Za-z]|\\n|#012)(?:goroutine \d+ (?:\[|gp=)|[A-Za-z]+ profile: total \d|heap profile: *\d+: |--- (?:mutex|contention):|Goroutine \d+ in state )/;
/** One whose end of line is escaped, not one with an escape in a label. */
const escapedStart =
  /\\n(?:goroutine \d+ (?:\[|gp=)|[A-Za-z]+ profile: total \d|heap profile: *\d+: )|goroutine \d+ (?:\[|gp=)[^"]{0,500}?:\\n|profile: total \d+\\n|heap profile: [^"\\]{5,200}\\n|--- (?:mutex|contention):\\n/;
const goleakPattern = /\bGoroutine \d+ in state /;

const backslash = 92;
const hash = 35;
const newline = 10;
const comma = 44;
const equals = 61;
const [letterN, letterT, letterU] = [110, 116, 117];

/**
 * Text of goroutines out of a log: each step takes one cover off, the outermost first. A collector's lines that were cut
 * are joined, records (JSON, logfmt) leave the values of the fields that hold goroutines, quoted text loses its escapes,
 * rsyslog's `#011` is a tab again, goleak's headers are Go's. All other lines stay, for the reader to pass over or to count.
 * Plain dumps, which have no escapes and none of the marks, are returned as they are, without a copy.
 * @throws InputError where taking it apart takes more memory than there is for one object
 */
export function fromLog(bytes: Uint8Array): LogText {
  if (isJournalExport(bytes)) {
    const messages = fromLog(journalMessages(bytes));
    const text = "Read out of a log: the messages of journald's export.";
    return { ...messages, notices: [{ severity: 'info', text }, ...messages.notices] };
  }
  if (!mayBeLog(bytes)) {
    return { bytes, notices: [] };
  }
  checkMemory(bytes);
  let text = new TextDecoder().decode(bytes);
  const said: string[] = [];
  for (let level = 0; level < maxLevels; level++) {
    const step = steps.map((take) => take(text)).find((result) => result !== undefined);
    if (!step) {
      break;
    }
    text = step.text;
    said.push(step.said);
    if (!text.includes('\\') && !goleakPattern.test(text)) {
      break;
    }
  }
  return said.length === 0
    ? { bytes, notices: [] }
    : {
        bytes: new TextEncoder().encode(text),
        notices: [{ severity: 'info', text: `Read out of a log: ${said.join('; ')}.` }],
      };
}

interface Step {
  readonly text: string;
  /** What was taken off, for a notice. */
  readonly said: string;
}

/** Native searches, so that a plain dump of 64 MB is asked in some milliseconds. */
function mayBeLog(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(backslash); at >= 0; at = bytes.indexOf(backslash, at + 2)) {
    // Not the escapes of quotes, which labels of debug=1 have.
    if (bytes[at + 1] === letterN || bytes[at + 1] === letterT || bytes[at + 1] === letterU) {
      const lineEnd = bytes.indexOf(newline, at);
      const end = lineEnd < 0 ? bytes.length : lineEnd;
      if (!isPlainHeader(bytes, bytes.lastIndexOf(newline, at) + 1, end)) {
        return true;
      }
      at = end - 2;
    }
  }
  const head = new TextDecoder().decode(bytes.subarray(0, 64 * 1024));
  return (
    (bytes.includes(hash) && /#01[12]/.test(head)) ||
    criLine.test(head) ||
    goleakPattern.test(head) ||
    // Labels are no record.
    /(?<!labels: ?)\{ ?"/.test(head)
  );
}

/** Whether a line is a goroutine's first one as the runtime writes it: what is escaped there is in labels. */
const isPlainHeader = (bytes: Uint8Array, start: number, end: number): boolean =>
  isHeader(bytes, start, end) && startsWith(bytes, trimmedEnd(bytes, start, end) - 2, end, headerEnd);
const headerEnd = word(']:');

/**
 * Taking a log apart keeps strings of two steps at once, and their parts: bytes of memory at worst, as measured. A record is
 * parsed whole, so of values those of the longest line count, and all of them where a document goes over lines.
 */
function checkMemory(bytes: Uint8Array): void {
  const counts = { lines: 1, escapes: 0, numbers: 0, values: 0 };
  let most = 0;
  let before = 0;
  for (let i = 0; i < bytes.length; i++) {
    const value = bytes[i];
    if (value === newline) {
      counts.lines++;
      most = Math.max(most, counts.values - before);
      before = counts.values;
    } else if (value === backslash || value === hash) {
      counts.escapes++;
    } else if (value === comma && isDigit(bytes[i + 1])) {
      counts.numbers++;
    } else if (value === comma || value === equals) {
      counts.values++;
    }
  }
  most = isDocument(bytes) ? counts.values : Math.max(most, counts.values - before);
  memoryLeft(bytes.length, [
    [bytes.length, 'bytes of a log', 5],
    [counts.lines, 'lines of a log', 60],
    [counts.escapes, 'escapes of a log', 40],
    [counts.numbers, 'numbers in records of a log', 30],
    [most, 'values in one record of a log', 300],
  ]);
}

/** Whether a text may be one document of JSON over several lines: its first line is no whole record. */
function isDocument(bytes: Uint8Array): boolean {
  const end = bytes.indexOf(newline);
  const line = new TextDecoder().decode(bytes.subarray(0, Math.min(end < 0 ? bytes.length : end, maxFirstLine)));
  return /^\s*[[{]/.test(line) && jsonRecord(line) === undefined;
}
const maxFirstLine = 1024 * 1024;

const steps: ReadonlyArray<(text: string) => Step | undefined> = [
  joinCri,
  takeRecords,
  takeEscapes,
  takeOctal,
  takeGoleak,
];

/** `2026-11-29T10:00:00.1Z stderr P text`: the container runtime's lines (CRI), of which P goes on in the next of its stream. */
const criLine = /^\S+ (stdout|stderr) ([PF])(?::\S+)? /m;
/** Whole lines of dumps are left to the reader, which knows prefixes; those of text profiles have to be alone. */
const partialLine =
  /^\S+ (stdout|stderr) (?:P(?::\S+)? |F(?::\S+)? (?:.*\s)?(?:\S+ profile: total \d|heap profile: *\d+: |--- (?:mutex|contention):))/m;

function joinCri(text: string): Step | undefined {
  if (!partialLine.test(text)) {
    return undefined;
  }
  const open = new Map<string, string>();
  const out: string[] = [];
  for (const line of text.split('\n')) {
    const found = criLine.exec(line);
    if (!found) {
      out.push(line);
      continue;
    }
    const [prefix, stream, tag] = found;
    const joined = (open.get(stream) ?? '') + line.slice(prefix.length);
    if (tag === 'P') {
      open.set(stream, joined);
    } else {
      open.delete(stream);
      out.push(joined);
    }
  }
  return {
    text: [...open.values()].reduce((all, rest) => `${all}\n${rest}`, out.join('\n')),
    said: "a container runtime's lines",
  };
}

/** Values of the fields in which goroutines start, one after the other. */
function takeRecords(text: string): Step | undefined {
  const whole = wholeDocument(text);
  const lines = whole ?? text.split('\n');
  const fields = new Set<string>();
  for (const line of lines) {
    if (typeof line !== 'string' || startPattern.test(line)) {
      const record = recordOf(line);
      record?.values.filter(({ value }) => startPattern.test(value)).forEach(({ field }) => fields.add(field));
    }
  }
  if (fields.size === 0) {
    return undefined;
  }
  return {
    text: valuesOf(lines, fields),
    said: `the field ${[...fields].map((field) => JSON.stringify(field)).join(', ')} of its records`,
  };
}

type Line = string | LogRecord;
const recordOf = (line: Line): LogRecord | undefined => (typeof line === 'string' ? logRecord(line) : line);

/** A file that is one JSON document (an export of a log's service): its entries in order. */
function wholeDocument(text: string): Line[] | undefined {
  if (!/^\s*[[{]/.test(text)) {
    return undefined;
  }
  const record = jsonRecord(text);
  return record && [record];
}

/** The values of the fields, and the lines that have none, as lines. */
function valuesOf(lines: readonly Line[], fields: ReadonlySet<string>): string {
  const names = [...fields];
  const parts: Part[] = [];
  for (const line of lines) {
    const record = typeof line !== 'string' || names.some((name) => line.includes(name)) ? recordOf(line) : undefined;
    const values = record?.values.filter(({ field }) => fields.has(field)) ?? [];
    values.forEach(({ value }) => parts.push({ text: value, stream: record?.stream ?? '' }));
    if (values.length === 0) {
      parts.push({ text: typeof line === 'string' ? line : '' });
    }
  }
  return areLines(parts) ? joinPieces(parts) : parts.map(({ text }) => text.replace(/\n$/, '')).join('\n');
}

interface Part {
  readonly text: string;
  /** Of a value; undefined for a line that is no record. */
  readonly stream?: string;
}

/** Docker keeps each line with its end, and cuts a long one into several values of which only the last has it. */
const areLines = (parts: readonly Part[]): boolean =>
  parts.some(({ text, stream }) => stream !== undefined && text.length > 1 && text.endsWith('\n')) &&
  parts.every(({ text, stream }) => stream === undefined || text.slice(0, -1).indexOf('\n') < 0);

/** A value without its line's end goes on in the next of its stream. */
function joinPieces(parts: readonly Part[]): string {
  const open = new Map<string, string>();
  const out: string[] = [];
  for (const { text, stream } of parts) {
    if (stream === undefined) {
      out.push(text);
      continue;
    }
    const whole = (open.get(stream) ?? '') + text;
    if (text.endsWith('\n')) {
      open.delete(stream);
      out.push(whole.slice(0, -1));
    } else {
      open.set(stream, whole);
    }
  }
  return [...out, ...open.values()].join('\n');
}

/** Quoted text, or a line whose ends of line were escaped: `dump="goroutine 1 [running]:\nmain.main()\n\t/src…`. */
function takeEscapes(text: string): Step | undefined {
  let taken = false;
  const out = text.split('\n').map((line) => {
    const start = line.includes('\\n') ? escapedStart.exec(line) : null;
    if (!start) {
      return line;
    }
    taken = true;
    const { from, to } = quotedAround(line, start.index);
    return unescaped(line.slice(from, to));
  });
  return taken ? { text: out.join('\n'), said: 'text with escaped ends of lines' } : undefined;
}

/** The quoted text around an offset, without its quotes; the rest of the line where there are none. */
function quotedAround(line: string, at: number): { from: number; to: number } {
  const quote = Math.max(line.lastIndexOf('"', at), line.lastIndexOf("'", at));
  if (quote < 0) {
    return { from: 0, to: line.length };
  }
  let to = quote + 1;
  while (to < line.length && line[to] !== line[quote]) {
    to += line[to] === '\\' ? 2 : 1;
  }
  return { from: quote + 1, to };
}

/** rsyslog's control characters ($EscapeControlCharactersOnReceive): a tab is `#011`, an end of line `#012`. */
function takeOctal(text: string): Step | undefined {
  if (!/#011|#012/.test(text) || !startPattern.test(text)) {
    return undefined;
  }
  const taken = text.replace(/#011/g, '\t').replace(/#012/g, '\n');
  return { text: taken, said: "rsyslog's #011 and #012" };
}

const goleakHeader = /^\s*\[?Goroutine (\d+) in state (.*), with .* on top of the stack:\s*$/;
const maxGoleakHeader = 1000;

/**
 * `[Goroutine 22 in state chan receive, with main.worker on top of the stack:` of go.uber.org/goleak, indented as the test's
 * output is. Its older versions print Go's own header below, which then is the only one.
 */
function takeGoleak(text: string): Step | undefined {
  if (!goleakPattern.test(text)) {
    return undefined;
  }
  let isInside = false;
  const lines = text.split('\n');
  const out = lines.map((line, i) => {
    const found = line.length < maxGoleakHeader ? goleakHeader.exec(line) : null;
    if (found) {
      isInside = true;
      const isNamedBelow = new RegExp(`^\\s*goroutine ${found[1]} \\[`).test(lines[i + 1] ?? '');
      return isNamedBelow ? '' : `\ngoroutine ${found[1]} [${found[2]}]:`;
    }
    isInside &&= !/^\s*\]/.test(line);
    return isInside ? line.replace(/^ +/, '') : line;
  });
  return { text: out.join('\n'), said: "goleak's list" };
}
