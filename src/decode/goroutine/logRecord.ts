import { escapes } from './labelList';

/** One record of a log: its fields that are text, in order. */
export interface LogRecord {
  readonly values: ReadonlyArray<{ readonly field: string; readonly value: string }>;
  /** The stream that it was written to, where the record says. */
  readonly stream: string;
}

/** Deeper than any logger's groups; a hostile document is not walked further. */
const maxDepth = 20;

/** A line as a record of JSON, also behind a console's prefix, or of logfmt; undefined where it is neither. Linear in the line. */
export const logRecord = (line: string): LogRecord | undefined => jsonRecord(line) ?? logfmtRecord(line);

/** A line, or a whole document, of JSON. */
export function jsonRecord(line: string): LogRecord | undefined {
  const start = line.search(/\{\s*"|^\s*\[/);
  if (start < 0 || !/[}\]]\s*$/.test(line.slice(-100))) {
    return undefined;
  }
  let json: unknown;
  try {
    json = JSON.parse(line.slice(start));
  } catch {
    return undefined;
  }
  const values: Array<{ field: string; value: string }> = [];
  walk(json, '', 0, values);
  return { values, stream: values.find(({ field }) => field === 'stream')?.value ?? '' };
}

/** Lists count as nothing in a field's name: the entries of an export are one field. */
function walk(json: unknown, field: string, depth: number, values: Array<{ field: string; value: string }>): void {
  if (typeof json === 'string') {
    values.push({ field, value: json });
  } else if (Array.isArray(json) && json.length > 0 && json.every(isByte)) {
    // journald prints text with control characters as its bytes.
    values.push({ field, value: new TextDecoder().decode(Uint8Array.from(json)) });
  } else if (typeof json === 'object' && json !== null && depth < maxDepth) {
    for (const [key, value] of Object.entries(json)) {
      walk(value, Array.isArray(json) ? field : key, depth + 1, values);
    }
  }
}

const isByte = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value < 256 && value % 1 === 0;

const pair = /(?:^|\s)([\w.@-]+)=("(?:[^"\\]|\\.)*"?|\S*)/g;

/** `time=… level=info msg="goroutine 1 [running]:\n…"`, of logrus and slog. A value whose quote is cut off goes to the end. */
function logfmtRecord(line: string): LogRecord | undefined {
  const values = [...line.matchAll(pair)].map(([, field, value]) => ({
    field,
    value: value.startsWith('"') ? unescaped(value.replace(/^"|"$/g, '')) : value,
  }));
  return values.length > 0 ? { values, stream: '' } : undefined;
}

const escape = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|([^]))/y;

/** Takes off the escapes of Go's strconv.Quote, which are those of JSON too. */
export function unescaped(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', from)) {
    parts.push(text.slice(from, at));
    const next = text[at + 1] ?? '\\';
    const letter = escapes[next] ?? (/[xuU0-7]/.test(next) ? undefined : next);
    if (letter !== undefined) {
      parts.push(letter);
      from = at + 2;
    } else {
      escape.lastIndex = at;
      // It matches whatever follows a backslash.
      const [whole, x, u, long, octal, char] = escape.exec(text) as RegExpExecArray;
      parts.push(char ?? character(octal === undefined ? parseInt(x ?? u ?? long ?? '', 16) : parseInt(octal, 8)));
      from = at + whole.length;
    }
  }
  return parts.join('') + text.slice(from);
}

const character = (code: number): string => String.fromCodePoint(code <= 0x10ffff ? code : 0xfffd);
