import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { percentage } from '../profile/measurement';
import { compilePattern } from '../text/pattern';
import { InputError } from '../text/notice';
import type { ReportOptions } from '../fields/reportOptions';
import { cutPath } from '../views/frameNames';
import { routines, type Routine } from '../views/list';
import type { Prepared } from '../views/preparedProfile';
import { formatter } from './report';

/** Lines that are printed around those with a value. */
const margin = 5;

/**
 * `-list`: internal/report printSource, with the source where it is found below source_path, the working directory where
 * none is given, and the reason where it is not.
 * @throws InputError where no function matches
 */
export function listText(prepared: Prepared, options: ReportOptions, pattern: string): string {
  const { total } = prepared;
  const found = routines(prepared, options, compilePattern('list', pattern));
  if (found.length === 0) {
    throw new InputError(`no matches found for regexp: ${pattern}`);
  }
  const format = formatter(prepared, options);
  const orDot = (value: number) => (value === 0 ? '.' : format(value)).padStart(10);
  const sources = new Sources(options.sourcePath || process.cwd(), options.trimPath);
  const lines = [`Total: ${format(total)}`];
  const hasFile = new Set(found.filter(({ file }) => file !== '').map(({ name }) => name));
  for (const routine of found) {
    const { name, file, flat, cum } = routine;
    if (file === '') {
      lines.push(...(hasFile.has(name) ? [] : [`No source information for ${name}`]));
      continue;
    }
    lines.push(
      `ROUTINE ======================== ${name} in ${file}`,
      `${format(flat).padStart(10)} ${format(cum).padStart(10)} (flat, cum) ${percentage(cum, total)} of Total`
    );
    const { first, last } = rangeOf(routine.spans);
    // A function that starts after its lines has none, and pprof opens no file for it.
    const source = first <= last ? sources.read(file) : (sources.known.get(file) ?? []);
    if (typeof source === 'string') {
      lines.push(` Error: ${source}`);
      continue;
    }
    const valued = new Map(routine.lines.map((one) => [one.line, one]));
    for (let line = first; line <= Math.min(last, source.length); line++) {
      const { flat: own, cum: all } = valued.get(line) ?? { flat: 0, cum: 0 };
      lines.push(`${orDot(own)} ${orDot(all)} ${String(line).padStart(6)}:${source[line - 1]}`);
    }
  }
  return lines.join('\n') + '\n';
}

/**
 * The lines of a file that are shown, from where the function starts, where that is known (getSourceFromFile). Of nodes
 * that start apart, which of them comes first decides; pprof walks a Go map.
 */
function rangeOf(spans: Routine['spans']): { first: number; last: number } {
  let first = spans[0].start || spans[0].line - margin;
  let last = spans[0].line + margin;
  for (const { line, start } of spans) {
    const from = start || line - margin;
    if (from < first) {
      first = from;
    } else {
      last = Math.max(last, line + margin);
    }
  }
  return { first: Math.max(1, first), last };
}

/** Longest line that Go's bufio.Scanner reads; the file ends before a longer one. */
const longestLine = 64 * 1024;

/** What Go says of an error of the operating system. */
const goErrors: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  ENOTDIR: 'not a directory',
  ENAMETOOLONG: 'file name too long',
  ELOOP: 'too many levels of symbolic links',
  ERR_INVALID_ARG_VALUE: 'invalid argument',
};

/** Source files by the names that a profile has for them (internal/report, sourceReader). */
class Sources {
  /** What was read so far. */
  readonly known = new Map<string, readonly string[] | string>();

  constructor(
    private readonly searchPath: string,
    private readonly trimPath: string
  ) {}

  /** Lines, or why there are none. */
  read(file: string): readonly string[] | string {
    const lines = this.known.get(file) ?? this.open(cutPath(file, this.trimPath, this.searchPath));
    this.known.set(file, lines);
    return lines;
  }

  /** A relative name is looked for in each folder and those above it (openSourceFile). */
  private open(path: string): readonly string[] | string {
    if (path.startsWith('/')) {
      const lines = readLines(path);
      return typeof lines === 'string' ? `open ${path}: ${lines}` : lines;
    }
    for (const start of this.searchPath.split(':')) {
      for (let folder = start; ; folder = dirname(folder)) {
        const lines = readLines(join(folder, path));
        if (typeof lines !== 'string') {
          return lines;
        }
        if (dirname(folder) === folder || folder === '') {
          break;
        }
      }
    }
    return `could not find file ${path} on path ${this.searchPath}`;
  }
}

/** Of what is no regular file, a folder say, there are no lines; names come from a profile, which may name a device or a pipe. */
function readLines(path: string): readonly string[] | string {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return goErrors[code] ?? message;
  }
  try {
    const text = fstatSync(file).isFile() ? readFileSync(file, 'utf8') : '';
    const lines = text.split('\n');
    if (lines.at(-1) === '') {
      lines.pop();
    }
    const tooLong = lines.findIndex((line) => line.length >= longestLine / 3 && Buffer.byteLength(line) >= longestLine);
    return (tooLong < 0 ? lines : lines.slice(0, tooLong)).map((line) => line.replace(/\r$/, ''));
  } finally {
    closeSync(file);
  }
}
