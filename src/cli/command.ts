import { readFile, stat, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { isContainer, isGzip } from '../decode/containers';
import '../text/re2';
import { decode } from '../decode/decode';
import { isPackedTar } from '../decode/gzip';
import { normalized, subtractBase, type BaseOptions } from '../ops/subtractBase';
import { compact } from '../ops/compact';
import { withCommonTypes } from '../ops/header';
import { merge } from '../ops/merge';
import type { Profile } from '../profile/profile';
import { InputError } from '../text/notice';
import { printSelector } from '../text/selector';
import { Arguments, ignoredFlags, ReportFlags, reportFlags, patternText, toSwitch } from '../query/flags';
import type { ReportOptions } from '../fields/reportOptions';
import { withoutSystem } from '../ops/systemGoroutines';
import { prepare } from '../query/prepare';
import { ofWhole, proto } from '../query/proto';
import type { ViewName } from '../query/query';
import { profileViews } from '../query/views';
import type { Prepared } from '../views/preparedProfile';
import { untrimmed } from '../views/trimmedGraph';
import { listText } from './list';
import { rawText } from './raw';
import { peekText, tagsText, topText, tracesText, treeText, type Report } from './report';

/** Reports under the names that the table of views has for them. */
const named = <R>(texts: Readonly<Partial<Record<ViewName, R>>>): Readonly<Record<string, R>> =>
  Object.fromEntries(
    profileViews.flatMap(({ name, reports }) => {
      const text = texts[name];
      return text ? reports.map((report) => [report, text]) : [];
    })
  );

const reports: Readonly<Record<string, Report>> = {
  ...named<Report>({ top: topText, tree: treeText, tags: tagsText, traces: tracesText }),
  raw: rawText,
};
/** Reports of the functions that a pattern matches. */
const searches = named<(prepared: Prepared, options: ReportOptions, pattern: string) => string>({
  peek: peekText,
  list: listText,
});
const reportNames = [...Object.keys(reports), ...Object.keys(searches), 'proto'];

interface Command {
  report: string;
  /** The pattern of -peek and -list. */
  pattern: string;
  /** File that the report is written to, '' for standard output. */
  output: string;
  options: ReportOptions;
  base: { files: string[]; mode: BaseOptions['mode'] };
  files: string[];
}

function parseArguments(words: readonly string[]): Command {
  const command: Omit<Command, 'options'> = {
    report: '',
    pattern: '',
    output: '',
    base: { files: [], mode: 'base' },
    files: [],
  };
  const flags = new ReportFlags();
  const args = new Arguments(words);
  for (let arg = args.next(); arg; arg = args.next()) {
    if ('file' in arg) {
      command.files.push(arg.file);
    } else if (!takeFlag(command, arg, args) && !flags.take(arg.flag, arg.given, args)) {
      const known = [...reportNames, 'output', 'base', 'diff_base', ...reportFlags];
      throw new InputError(`-${arg.flag} is not supported; there are ${known.map((name) => `-${name}`).join(' ')}.`);
    }
  }
  if (command.report === '' || command.files.length === 0) {
    throw new InputError(
      'usage: npm run -s pprof -- {-top|-tree|-peek=REGEXP|-list=REGEXP|-tags|-traces|-raw|-proto} [flags of go tool pprof] FILE…'
    );
  }
  const options = flags.options();
  if (options.normalize && command.base.files.length === 0) {
    throw new InputError('-normalize: expected a base to normalize by, -base=FILE or -diff_base=FILE.');
  }
  return { ...command, options };
}

type Flag = Exclude<NonNullable<ReturnType<Arguments['next']>>, { file: string }>;

/** Takes a flag that is no option of a report. @returns false for another one */
function takeFlag(command: Omit<Command, 'options'>, { flag, given }: Flag, args: Arguments): boolean {
  if (reportNames.includes(flag)) {
    takeReport(command, { flag, given }, args);
  } else if (flag === 'base' || flag === 'diff_base') {
    if (command.base.files.length > 0 && command.base.mode !== flag) {
      throw new InputError('-base and -diff_base: expected one of them.');
    }
    command.base.mode = flag;
    command.base.files.push(args.value(flag, given));
  } else if (flag === 'output') {
    command.output = args.value(flag, given);
  } else if (ignoredFlags.includes(flag)) {
    args.value(flag, given);
  } else {
    return false;
  }
  return true;
}

function takeReport(command: Omit<Command, 'options'>, { flag, given }: Flag, args: Arguments): void {
  const isSearch = Object.hasOwn(searches, flag);
  if (!isSearch && !toSwitch(flag, given)) {
    return;
  }
  if (command.report !== '') {
    throw new InputError(`-${command.report} and -${flag}: expected one report.`);
  }
  command.report = flag;
  command.pattern = isSearch ? patternText(flag, args.value(flag, given)) : '';
}

type Warn = (text: string) => void;

/**
 * The output of `go tool pprof -symbolize=none` for the same arguments, in parts: of a text, or with -proto the bytes of a file.
 * @param warn called with each notice, which pprof prints to stderr
 * @returns nothing where -output names a file, which is written
 * @throws InputError for an argument or a file that cannot be read as pprof's
 */
export async function pprofParts(args: readonly string[], warn: Warn): Promise<Iterable<string | Uint8Array>> {
  const command = parseArguments(args);
  const { report, pattern, base, files, output } = command;
  const isWhole = report === 'raw' || report === 'proto';
  const options = isWhole
    ? ofWhole(command.options)
    : command.options.trim
      ? command.options
      : untrimmed(command.options);
  const { profile: own, notices } = withoutSystem(await openAll(files, 'source', warn));
  notices.forEach(({ text }) => warn(text));
  const profile = base.files.length === 0 ? own : difference(own, await openAll(base.files, 'base', warn), command);
  const prepared = prepare(profile, options);
  prepared.notices.forEach(({ text }) => warn(text));
  const printed =
    report === 'proto'
      ? gzipSync(proto(prepared, options))
      : (searches[report]?.(prepared, options, pattern) ?? reports[report](prepared, options));
  const parts = typeof printed === 'string' || printed instanceof Uint8Array ? [printed] : printed;
  if (output === '') {
    return parts;
  }
  warn(`Generating report in ${output}`);
  await writeFile(output, parts);
  return [];
}

/** `pprofParts` as one text, '' where -output names a file, or as the bytes of -proto. */
export async function pprofOutput(args: readonly string[], warn: Warn = () => undefined): Promise<string | Uint8Array> {
  const parts = [...(await pprofParts(args, warn))];
  return parts.length === 1 ? parts[0] : parts.join('');
}

/** `pprofOutput` of a report that is text: any but -proto without -output. */
export async function pprof(args: readonly string[], warn?: Warn): Promise<string> {
  const output = await pprofOutput(args, warn);
  if (typeof output !== 'string') {
    throw new Error('-proto is bytes, not text');
  }
  return output;
}

function difference(own: Profile, base: Profile, { base: { mode }, options: { normalize } }: Command): Profile {
  const [first, second] = mergeable([normalize ? normalized(own, base) : own, base]);
  return compact(subtractBase(first, second, { mode, normalize: false }));
}

/**
 * As in pprof (driver/fetch.go), one file stays as it is: its equal samples stay apart, its empty ones stay. Of several,
 * those that cannot be read are left out with a warning.
 * @throws the first file's error where none can be read
 */
async function openAll(files: readonly string[], what: string, warn: Warn): Promise<Profile> {
  const profiles: Profile[] = [];
  const errors: Error[] = [];
  for (const file of files) {
    try {
      profiles.push(withMapping(await openFile(file)));
    } catch (error) {
      if (!isExpected(error)) {
        throw error;
      }
      errors.push(error instanceof InputError ? new InputError(`${file}: ${error.message}`) : error);
    }
  }
  if (profiles.length === 0) {
    throw errors[0];
  }
  if (errors.length > 0) {
    errors.forEach(({ message }) => warn(message));
    warn(`Fetched ${profiles.length} ${what} profiles out of ${files.length}`);
  }
  return profiles.length === 1 ? profiles[0] : compact(merge(mergeable(profiles)));
}

/**
 * A file, or a profile in an archive by its name behind that of the archive: `bundle.zip/heap`, or the member's own name,
 * `bundle.zip/n1/heap.pprof`.
 */
async function openFile(file: string): Promise<Profile> {
  const { path, inside } = await splitPath(file);
  const member = /[/.]/.test(inside) ? 'member' : 'profile';
  const selector = inside === '' ? '' : printSelector([{ name: member, op: '=', value: inside }]);
  const bytes = await readFile(path);
  if (inside !== '' && !isArchive(bytes)) {
    throw new InputError(`expected an archive before /${inside}; ${path} is none.`);
  }
  return decode(bytes, { member: selector });
}

/** The file that there is of a path, and what follows it. */
async function splitPath(file: string): Promise<{ path: string; inside: string }> {
  for (let at = file.length; at > 0; at = file.lastIndexOf('/', at - 1)) {
    const found = await stat(file.slice(0, at)).catch(() => undefined);
    if (found?.isFile()) {
      return { path: file.slice(0, at), inside: file.slice(at + 1) };
    }
    if (found) {
      break;
    }
  }
  return { path: file, inside: '' };
}

const isArchive = (bytes: Uint8Array) => isContainer(bytes) || (isGzip(bytes) && isPackedTar(bytes));

/** Errors of what the user gave: a profile, an argument, the name of a file. */
export const isExpected = (error: unknown): error is Error =>
  error instanceof InputError || typeof (error as NodeJS.ErrnoException | undefined)?.code === 'string';

/**
 * Profiles as pprof merges them: with the sample types that all of them have, and only what their samples name of the
 * tables, in that order. That decides which of two equal binaries or locations is kept.
 */
const mergeable = (profiles: readonly Profile[]): Profile[] => withCommonTypes(profiles).map(compact);

/** A profile without binaries gets one without a name, which all of its locations are in (driver/fetch.go, locateBinaries). */
function withMapping(profile: Profile): Profile {
  const { location, mapping } = profile;
  if (mapping.length > 0) {
    return profile;
  }
  return {
    ...profile,
    location: { ...location, mapping: new Int32Array(location.length) },
    mapping: {
      length: 1,
      start: new BigUint64Array(1),
      limit: new BigUint64Array(1),
      offset: new BigUint64Array(1),
      filename: new Uint32Array(1),
      buildId: new Uint32Array(1),
      flags: new Uint8Array(1),
    },
  };
}
