import { setFlags, type ReportOptions } from '../fields/reportOptions';
import { quoteMeta } from '../text/literals';
import type { Matcher } from '../text/selector';
import { infoOf, usesField, type StoredQuery, type ViewName } from './query';
import { viewInfos } from './viewInfos';

/** pprof's reports and the views that show them; of several names of one view the first is printed. */
export const reports: ReadonlyArray<readonly [string, ViewName]> = viewInfos.flatMap(({ name, reports }) =>
  reports.map((report) => [report, name as ViewName] as const)
);

/** Views whose report takes a pattern on names of functions, the query's `peek`. */
export const isSearch = (view: ViewName): boolean => infoOf({ view }).reports.length > 0 && usesField({ view }, 'peek');

/** Stands where a command's file is not known. */
export const placeholder = 'FILE';

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

const shellQuoted = (text: string): string =>
  /^(?:go tool pprof|[\w./:=,@%+-]+)$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
