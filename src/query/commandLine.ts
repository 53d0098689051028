import { InputError } from '../profile/profile';
import { Arguments, ReportFlags, reportFlags, setFlags } from './flags';
import type { ReportOptions } from './options';
import type { Query, View } from './query';
import type { Matcher } from './selector';

/** pprof's reports and the views that show them; of two names the first is printed. */
const reports: ReadonlyArray<readonly [string, View]> = [
  ['top', 'top'],
  ['text', 'top'],
  ['tree', 'tree'],
  ['peek', 'peek'],
  ['tags', 'tags'],
  ['traces', 'traces'],
  ['dot', 'graph'],
  ['svg', 'graph'],
  ['png', 'graph'],
  ['pdf', 'graph'],
  ['web', 'graph'],
];

/** Flags of how pprof fetches, symbolizes and serves, which a query has no part in. */
const ignored = ['http', 'no_browser', 'symbolize', 'output', 'seconds', 'timeout', 'buildid', 'tools'];

/** Stands where a command's file is not known. */
const placeholder = 'FILE';

/**
 * The query that a `go tool pprof` command line asks for: all report options, those it does not name at their defaults;
 * the view of its report, a flame graph where it names none; and the capture and base, where it names files that are not
 * just placeholders.
 * @throws InputError for a flag that the plugin does not have, or a text that is no command of pprof
 */
export function parseCommand(text: string): Partial<Query> {
  const words = shellWords(text);
  const start = words.findIndex((word) => /(^|\/)pprof$/.test(word));
  if (start < 0) {
    throw new InputError('Expected a command of pprof, e.g. go tool pprof -top -focus=json heap.pb.gz.');
  }
  const args = new Arguments(words.slice(start + 1));
  const flags = new ReportFlags();
  const query: { -readonly [K in keyof Query]?: Query[K] } = { view: 'flame', peek: '', base: '' };
  const files: string[] = [];
  const bases: string[] = [];
  for (let arg = args.next(); arg; arg = args.next()) {
    if ('file' in arg) {
      files.push(arg.file);
      continue;
    }
    const { flag, given } = arg;
    const report = reports.find(([name]) => name === flag);
    if (report) {
      query.view = report[1];
      query.peek = flag === 'peek' ? args.value(flag, given) : '';
    } else if (flag === 'base' || flag === 'diff_base') {
      query.base = 'event';
      query.baseMode = flag;
      bases.push(args.value(flag, given));
    } else if (ignored.includes(flag)) {
      if (flag !== 'no_browser') {
        args.value(flag, given);
      }
    } else if (!flags.take(flag, given, args)) {
      const known = [...reports.map(([name]) => name), 'base', 'diff_base', ...reportFlags];
      throw new InputError(
        `-${flag}: the plugin has no such option; it has ${known.map((name) => `-${name}`).join(' ')}.`
      );
    }
  }
  if (files.length > 1 || bases.length > 1) {
    throw new InputError(
      'The command names several files: expected one, or none; the query chooses captures by itself.'
    );
  }
  return {
    ...flags.options(),
    ...query,
    ...(files.length === 1 && files[0] !== placeholder && { capture: 'event', event: files[0] }),
    ...(bases.length === 1 && { baseEvent: bases[0] }),
  };
}

/**
 * The `go tool pprof` command that answers what a query does, over these files.
 * @param matchers what filters samples in the query's selector
 */
export function printCommand(
  query: Query,
  matchers: readonly Matcher[],
  files: readonly string[] = [placeholder],
  bases: readonly string[] = []
): string {
  const flags = setFlags({ ...query, ...withMatchers(query, matchers) }).map((flag) => `-${flag}`);
  const [report] = reports.find(([, view]) => view === query.view) ?? [];
  const show = report === undefined ? '-http=:' : report === 'peek' ? `-peek=${query.peek}` : `-${report}`;
  const mode = query.baseMode;
  return ['go tool pprof', show, ...flags, ...bases.map((file) => `-${mode}=${file}`), ...files]
    .map(shellQuoted)
    .join(' ');
}

/**
 * Matchers on labels as tagfocus and tagignore. A query's percentages are of what its selector leaves, which pprof calls
 * relative; it can only say so for all filters at once.
 */
function withMatchers(query: Query, matchers: readonly Matcher[]): Partial<ReportOptions> {
  if (matchers.length === 0) {
    return {};
  }
  // A comma separates patterns.
  const escaped = (text: string) => text.replace(/,/g, '\\x2c');
  const literal = (text: string) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
  const valueOf = ({ op, value }: Matcher) => escaped(op === '=' || op === '!=' ? literal(value) : `(?:${value})`);
  // A number alone may as well be a text; with a unit, or as a range, only a numeric label has it.
  const isRange = ({ op, value }: Matcher) =>
    (op === '=' || op === '!=') &&
    /^[+-]?\d*[A-Za-z]*(?::[+-]?\d*[A-Za-z]*)?$/.test(value) &&
    /\d[A-Za-z:]|:\d/.test(value);
  const tagFilter = (some: readonly Matcher[]): string => {
    const [first] = some;
    if (some.length === 1) {
      return isRange(first) ? `${first.name}=${first.value}` : `${first.name}=^${valueOf(first)}$`;
    }
    return some.map((matcher) => `^${literal(matcher.name)}:${valueOf(matcher)}$`).join(',');
  };
  const wanted = matchers.filter(({ op }) => op === '=' || op === '=~');
  const unwanted = matchers.filter(({ op }) => op === '!=' || op === '!~');
  const join = (own: string, more: string) => (own === '' ? more : own);
  return {
    tagFocus: wanted.length > 0 ? join(query.tagFocus, tagFilter(wanted)) : query.tagFocus,
    // tagignore takes one expression; several keys at once would have to match together.
    tagIgnore: unwanted.length > 0 ? join(query.tagIgnore, tagFilter(unwanted.slice(0, 1))) : query.tagIgnore,
    relativePercentages: true,
  };
}

/** Words as a POSIX shell splits them, without what it would expand. @throws InputError for a quote that does not end */
function shellWords(text: string): string[] {
  const words: string[] = [];
  // A backslash at the end of a line joins it with the next.
  const source = text
    .replace(/\\\r?\n/g, ' ')
    .trim()
    .replace(/^\$\s+/, '');
  const part = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)|(.)/gsy;
  let word: string | undefined;
  for (let match = part.exec(source); match; match = part.exec(source)) {
    const [, single, double, escaped, plain, unended] = match;
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
