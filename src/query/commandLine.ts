import { quoteMeta } from '../text/literals';
import { InputError } from '../text/notice';
import { Arguments, ignoredFlags, ReportFlags, reportFlags, patternText, setFlags, toSwitch } from './flags';
import type { ReportOptions } from '../fields/reportOptions';
import type { BaseMode } from '../fields/fields';
import { infoOf, usesField, type StoredQuery, type ViewName } from './query';
import { viewInfos } from './viewInfos';
import type { Matcher } from '../text/selector';

/** pprof's reports and the views that show them; of several names of one view the first is printed. */
const reports: ReadonlyArray<readonly [string, ViewName]> = viewInfos.flatMap(({ name, reports }) =>
  reports.map((report) => [report, name as ViewName] as const)
);

/** Views whose report takes a pattern on names of functions, the query's `peek`. */
const isSearch = (view: ViewName): boolean => infoOf({ view }).reports.length > 0 && usesField({ view }, 'peek');

/** Flags of how pprof serves and writes, which a query has no part in. */
const servingFlags = ['http', 'output', 'buildid'];
const servingSwitches = ['no_browser', 'intel_syntax'];

const isPprof = (word: string) => /(^|\/)pprof$/.test(word);

/** Stands where a command's file is not known. */
const placeholder = 'FILE';

export interface AppliedCommand {
  /** The fields of the query that the command changes. */
  readonly query: Partial<StoredQuery>;
  /** Files that the command names anew and the bucket does not have: the query's own captures stay. */
  readonly unknown: readonly string[];
}

/**
 * What a `go tool pprof` command line changes of the query that shows another one. A flag that both have, or that both
 * lack, leaves its field as it is, and so do the same files and bases. Any other field becomes what the command asks for:
 * an option that it does not name its default, the view a flame graph where it names no report, and the capture and base
 * the objects of the bucket that it names. A shell's pipes and redirections end it.
 * @param shown as printCommand prints it; `go tool pprof` shows nothing
 * @param isKey whether a file of the command is the key of an object
 * @throws InputError for a flag that the plugin does not have, or a text that is no command of pprof
 */
export function applyCommand(text: string, shown: string, isKey: (file: string) => boolean): AppliedCommand {
  const given = readCommand(text);
  if (isSearch(given.fields.view)) {
    patternText(given.fields.view, given.fields.peek);
  }
  const before = readShown(shown);
  // A flag may say what is no option of the query: a label filter of its selector, a variable's value, or a view that
  // pprof has no report for. Those that are not edited have to stay where they are.
  const edited = Object.entries(given.fields).filter(
    ([field, value]) => value !== before?.fields[field as keyof CommandFields]
  );
  const files = isSame(given.files, before?.files) ? [] : given.files;
  const hasOtherBases = !isSame(given.bases, before?.bases);
  const bases = hasOtherBases ? given.bases : [];
  const [keys, baseKeys] = [files.filter(isKey), bases.filter(isKey)];
  if (keys.length > 1 || baseKeys.length > 1) {
    throw new InputError(
      'The command names several captures: expected one, or none; the query chooses captures by itself.'
    );
  }
  return {
    query: {
      ...Object.fromEntries(edited),
      ...(keys.length === 1 && { capture: 'event', event: keys[0] }),
      ...(baseKeys.length === 1 && { base: 'event', baseEvent: baseKeys[0] }),
      ...(hasOtherBases && baseKeys.length === 0 && { base: '' }),
    },
    unknown: [...files, ...bases].filter((file) => file !== placeholder && !isKey(file)),
  };
}

/** What flags say of a query; the mode of a base where there is one. */
type CommandFields = ReportOptions & Pick<StoredQuery, 'view' | 'peek'> & Partial<Pick<StoredQuery, 'baseMode'>>;

interface Command {
  readonly fields: CommandFields;
  readonly files: readonly string[];
  readonly bases: readonly string[];
}

/** @throws InputError */
function readCommand(text: string): Command {
  const words = shellWords(text);
  const start = words.findIndex(isPprof);
  if (start < 0) {
    throw new InputError('Expected a command of pprof, e.g. go tool pprof -top -focus=json heap.pb.gz.');
  }
  const args = new Arguments(words.slice(start + 1));
  const flags = new ReportFlags();
  let view: ViewName = 'flame';
  let peek = '';
  let baseMode: BaseMode | undefined;
  const files: string[] = [];
  const bases: string[] = [];
  for (let arg = args.next(); arg; arg = args.next()) {
    if ('file' in arg) {
      files.push(arg.file);
      continue;
    }
    const { flag, given } = arg;
    const report = reports.find(([name]) => name === flag);
    if (report && isSearch(report[1])) {
      view = report[1];
      peek = args.value(flag, given);
    } else if (report) {
      if (toSwitch(flag, given)) {
        view = report[1];
      }
    } else if (flag === 'base' || flag === 'diff_base') {
      baseMode = flag;
      bases.push(args.value(flag, given));
    } else if (servingFlags.includes(flag) || ignoredFlags.includes(flag)) {
      args.value(flag, given);
    } else if (servingSwitches.includes(flag)) {
      toSwitch(flag, given);
    } else if (!flags.take(flag, given, args)) {
      const known = [...reports.map(([name]) => name), 'base', 'diff_base', ...reportFlags];
      throw new InputError(
        `-${flag}: the plugin has no such option; it has ${known.map((name) => `-${name}`).join(' ')}.`
      );
    }
  }
  return { fields: { ...flags.options(), view, peek, ...(baseMode && { baseMode }) }, files, bases };
}

/** Undefined for a command of a query with a number that pprof does not take: whoever puts another is not to blame. */
function readShown(command: string): Command | undefined {
  try {
    return readCommand(command);
  } catch (error) {
    if (error instanceof InputError) {
      return undefined;
    }
    throw error;
  }
}

const isSame = (some: readonly string[], others: readonly string[] = []): boolean =>
  some.length === others.length && some.every((one, i) => one === others[i]);

/**
 * The `go tool pprof` command that answers what a query does, over these files.
 * @param matchers what filters samples in the query's selector
 */
export function printCommand(
  query: StoredQuery,
  matchers: readonly Matcher[],
  files: readonly string[] = [placeholder],
  bases: readonly string[] = []
): string {
  const flags = setFlags({ ...query, ...withMatchers(query, matchers).options }).map((flag) => `-${flag}`);
  const [report] = reports.find(([, view]) => view === query.view) ?? [];
  const show = report === undefined ? '-http=:' : isSearch(query.view) ? `-${report}=${query.peek}` : `-${report}`;
  const mode = query.baseMode;
  // What begins with a dash would be a flag.
  const paths = files.map((file) => (file.startsWith('-') ? `./${file}` : file));
  return ['go tool pprof', show, ...flags, ...bases.map((file) => `-${mode}=${file}`), ...paths]
    .map(shellQuoted)
    .join(' ');
}

/** What of a query no flag of pprof says, in the editor's words: its command answers something else without it. */
export function leftOut(query: StoredQuery, matchers: readonly Matcher[]): readonly string[] {
  const { search, estimate, estimateKey, scale, drawing, base } = query;
  return [
    ...withMatchers(query, matchers).leftOut.map(({ name, op, value }) => `the label filter ${name}${op}"${value}"`),
    ...(search === '' ? [] : ['the search of goroutines']),
    ...(estimate === '' ? [] : [`the estimate of ${estimateKey}`]),
    ...(scale === 'absolute' || base === '' || !usesField(query, 'scale') ? [] : ['the scale']),
    ...(drawing === 'all' || base === '' || !usesField(query, 'drawing') ? [] : ['the drawing']),
  ];
}

/**
 * Matchers on labels as tagfocus and tagignore, beside the query's own. A query's percentages are of what its selector
 * leaves, which pprof calls relative; it can only say so for all filters at once.
 */
function withMatchers(
  query: StoredQuery,
  matchers: readonly Matcher[]
): { options: Partial<ReportOptions>; leftOut: readonly Matcher[] } {
  if (matchers.length === 0) {
    return { options: {}, leftOut: [] };
  }
  // A comma separates patterns.
  const escaped = (text: string) => text.replace(/,/g, '\\x2c');
  const valueOf = ({ op, value }: Matcher) => escaped(op === '=' || op === '!=' ? quoteMeta(value) : `(?:${value})`);
  // A number alone may as well be a text; with a unit, or as a range, only a numeric label has it.
  const isRange = ({ op, value }: Matcher) =>
    (op === '=' || op === '!=') &&
    /^[+-]?\d*[A-Za-z]*(?::[+-]?\d*[A-Za-z]*)?$/.test(value) &&
    /\d[A-Za-z:]|:\d/.test(value);
  const single = (one: Matcher) => `${one.name}=${isRange(one) ? one.value : `^${valueOf(one)}$`}`;
  // Without a key a pattern is compared with `key:value`, and of those with commas between them all have to match.
  const keyless = (one: Matcher) => `^${escaped(quoteMeta(one.name))}:${valueOf(one)}$`;
  const leftOut: Matcher[] = [];
  const combine = (own: string, all: readonly Matcher[], separator: ',' | '|'): string => {
    // What the query's own filter says already is not left out.
    const some = all.filter((one) => single(one) !== own);
    if (some.length === 0 || (own === '' && some.length === 1)) {
      return own + some.map(single).join('');
    }
    const isOpen = !own.includes('=') && !(separator === '|' && own.includes(','));
    const said = isOpen ? some.filter((one) => !isRange(one)) : [];
    leftOut.push(...some.filter((one) => !said.includes(one)));
    return [...(own === '' ? [] : [own]), ...said.map(keyless)].join(separator);
  };
  const ofOps = (...ops: readonly string[]) => matchers.filter(({ op }) => ops.includes(op));
  return {
    options: {
      tagFocus: combine(query.tagFocus, ofOps('=', '=~'), ','),
      tagIgnore: combine(query.tagIgnore, ofOps('!=', '!~'), '|'),
      relativePercentages: true,
    },
    leftOut,
  };
}

/**
 * Words of the command of pprof as a POSIX shell splits them, without what it would expand.
 * @throws InputError for a quote that does not end
 */
function shellWords(text: string): string[] {
  const words: string[] = [];
  // A backslash at the end of a line joins it with the next.
  const source = text
    .replace(/\\\r?\n/g, ' ')
    .trim()
    .replace(/^\$\s+/, '');
  const part = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([|;<>&])|([^\s'"\\|;<>&]+)|(.)/gsy;
  let word: string | undefined;
  for (let match = part.exec(source); match; match = part.exec(source)) {
    const [, single, double, escaped, operator, plain, unended] = match;
    if (operator !== undefined && !words.some(isPprof)) {
      // `cd captures && go tool pprof …`
      words.length = 0;
      word = undefined;
      continue;
    }
    if (operator !== undefined || (word === undefined && plain?.startsWith('#'))) {
      // Of `2>errors` the number is no argument.
      word = /[<>]/.test(operator ?? '') && /^\d$/.test(word ?? '') ? undefined : word;
      break;
    }
    if (unended !== undefined) {
      throw new InputError(`The quote at character ${match.index + 1} of the command does not end.`);
    }
    const piece = single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain;
    if (piece !== undefined) {
      word = (word ?? '') + piece;
    } else if (word !== undefined) {
      words.push(word);
      word = undefined;
    }
  }
  return word === undefined ? words : [...words, word];
}

const shellQuoted = (text: string): string =>
  /^(?:go tool pprof|[\w./:=,@%+-]+)$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
