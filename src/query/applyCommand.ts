import type { BaseMode, FieldName } from '../fields/fields';
import type { ReportOptions } from '../fields/reportOptions';
import { InputError } from '../text/notice';
import { Arguments, ignoredFlags, patternText, ReportFlags, reportFlags, toSwitch } from './flags';
import { isSearch, placeholder, reports } from './printCommand';
import { usesField, type StoredQuery, type ViewName } from './query';

/** Flags of how pprof serves and writes, which a query has no part in. */
const servingFlags = ['http', 'output', 'buildid'];
const servingSwitches = ['no_browser', 'intel_syntax'];

const isPprof = (word: string) => /(^|\/)pprof$/.test(word);

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
  // What only the view that it asks for uses, the command that is shown could not say.
  const isNew = (field: FieldName) =>
    before !== undefined && usesField(given.fields, field) && !usesField(before.fields, field);
  const edited = Object.entries(given.fields).filter(
    ([field, value]) => value !== before?.fields[field as keyof CommandFields] || isNew(field as FieldName)
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
