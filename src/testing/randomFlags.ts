import type { Profile } from '../profile/profile';
import type { Chance } from './randomProfile';

/** What patterns are made of: texts that a profile has, so that filters match. */
export interface Vocabulary {
  /** It has values below zero. */
  readonly isSigned: boolean;
  readonly names: readonly string[];
  readonly sampleTypes: readonly string[];
  readonly labels: ReadonlyArray<readonly [key: string, value: string]>;
  readonly numbers: ReadonlyArray<readonly [key: string, value: number, unit: string]>;
}

export function vocabularyOf({ strings, function: func, mapping, label, sampleTypes, sample }: Profile): Vocabulary {
  const distinct = (rows: Iterable<number>) => [...new Set(rows)].map((row) => strings[row]);
  const texts = new Map<string, readonly [string, string]>();
  const numbers = new Map<string, readonly [string, number, string]>();
  for (let i = 0; i < label.length; i++) {
    const key = strings[label.key[i]];
    if (label.isNumeric[i]) {
      numbers.set(`${key} ${label.num[i]}`, [key, label.num[i], strings[label.unit[i]]]);
    } else {
      texts.set(`${key} ${label.str[i]}`, [key, strings[label.str[i]]]);
    }
  }
  return {
    isSigned: sample.values.some((column) => column.some((value) => value < 0)),
    names: distinct([...func.name, ...func.filename, ...mapping.filename]).filter((name) => name !== ''),
    sampleTypes: sampleTypes.map(({ type }) => type),
    labels: [...texts.values()],
    numbers: [...numbers.values()],
  };
}

/** Patterns of no profile in particular: some match all, some nothing, some do not compile. */
const meaningless = [
  '.',
  '.*',
  '^$',
  '^',
  '$',
  '|',
  'x*',
  '(?i)MAIN',
  '(?s:.)$',
  '\\.',
  '\\bnew\\b',
  '[[:upper:]]',
  '\\pL+$',
  '[^a-z]',
  '(a+)+$',
  '\\Qa.b\\E',
  '\\x{263a}',
  'no such function',
  '(?P<name>func1)',
  '日本|größe',
  'a{2,3}',
  '(',
  '[',
  '*',
  'a{1001}',
  '\\',
  '\\C',
  '(?=x)',
];

const escaped = (text: string) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

function pattern(chance: Chance, names: readonly string[]): string {
  if (names.length === 0 || chance.is(0.2)) {
    return chance.pick(meaningless);
  }
  const name = chance.pick(names);
  const part = () => {
    const start = chance.below(name.length);
    return name.slice(start, start + 1 + chance.below(12));
  };
  switch (chance.below(7)) {
    case 0:
      return escaped(name);
    case 1:
      return `^${escaped(name)}$`;
    case 2:
      // Names have dots and brackets of their own, as people paste them.
      return name;
    case 3:
      return `${escaped(part())}|${escaped(chance.pick(names))}`;
    case 4:
      return `^${escaped(name.slice(0, 1 + chance.below(8)))}`;
    case 5:
      return `${escaped(name.slice(-1 - chance.below(6)))}$`;
    default:
      return escaped(part());
  }
}

const units = ['', '', 'b', 'kb', 'mb', 'ns', 'us', 'ms', 's', 'bytes', 'widgets', 'requests', 'KB'];

function tagFilter(chance: Chance, { labels, numbers }: Vocabulary): string {
  const [key, value] = labels.length > 0 ? chance.pick(labels) : ['tenant', 'acme'];
  const [numberKey, number, unit] = numbers.length > 0 ? chance.pick(numbers) : ['bytes', 1024, 'bytes'];
  const bound = () => {
    const scaled = chance.pick([number, number, number - 1, number + 1, Math.trunc(number / 1024)]);
    return `${chance.pick(['', '', '+'])}${scaled}${chance.pick([unit, unit, ...units])}`.replace(/^\+-/, '-');
  };
  const range = () =>
    chance.pick([() => bound(), () => `:${bound()}`, () => `${bound()}:`, () => `${bound()}:${bound()}`])();
  const text = () => pattern(chance, [value, `${key}:${value}`, ...labels.map(([, other]) => other)]);
  switch (chance.below(8)) {
    case 0:
      return `${key}=${escaped(value)}`;
    case 1:
      return `${key}=${text()}`;
    case 2:
      return `${key}=${text()},${text()}`;
    case 3:
      return text();
    case 4:
      return `${text()},${key}`;
    case 5:
      return range();
    case 6:
      return `${numberKey}=${range()}`;
    default:
      return chance.pick(['=acme', `${key}=`, 'a=b=c', ',', `${key}=,`, '1.5kb', '12:64mb', '=42', ':', 'x:1']);
  }
}

const keys = (chance: Chance, { labels, numbers }: Vocabulary): string =>
  chance
    .some([...new Set([...labels.map(([key]) => key), ...numbers.map(([key]) => key)]), 'no_such_key', ''], 1, 3)
    .join(',');

const keyPattern = (chance: Chance, { labels, numbers }: Vocabulary): string =>
  pattern(chance, [...labels.map(([key]) => key), ...numbers.map(([key]) => key)]);

/** Beginnings of file names, with and without their last slash, and what is in none. */
function folders(chance: Chance, { names }: Vocabulary): string {
  const paths = names.filter((name) => name.includes('/'));
  const folder = () => {
    const parts = (paths.length > 0 && chance.is(0.8) ? chance.pick(paths) : '/no/such/folder').split('/');
    return parts.slice(0, 1 + chance.below(parts.length)).join('/') + chance.pick(['', '/', '']);
  };
  // In the last one the source of the demo's service is.
  return chance.pick([folder(), folder(), `${folder()}:${folder()}`, '', 'demo/service/internal']);
}

/** Flags for a profile of these words; each of pprof's options about one time in five. */
export function randomFlags(chance: Chance, vocabulary: Vocabulary, hasBase: boolean): string[] {
  const name = () => pattern(chance, vocabulary.names);
  const choices: ReadonlyArray<() => string> = [
    () =>
      `-sample_index=${chance.pick([0, 1, 7, -1, '+0', ...vocabulary.sampleTypes, ...vocabulary.sampleTypes, 'inuse_space'])}`,
    () => `-focus=${name()}`,
    () => `-ignore=${name()}`,
    () => `-hide=${name()}`,
    () => `-show=${name()}`,
    () => `-show_from=${name()}`,
    () => `-prune_from=${name()}`,
    () => `-tagfocus=${tagFilter(chance, vocabulary)}`,
    () => `-tagignore=${tagFilter(chance, vocabulary)}`,
    () => `-tagshow=${keyPattern(chance, vocabulary)}`,
    () => `-taghide=${keyPattern(chance, vocabulary)}`,
    () => `-tagroot=${keys(chance, vocabulary)}`,
    () => `-tagleaf=${keys(chance, vocabulary)}`,
    () => `-${chance.pick(['functions', 'filefunctions', 'files', 'lines', 'addresses'])}`,
    () => `-${chance.pick(['functions', 'filefunctions', 'files', 'lines', 'addresses'])}`,
    () => chance.pick(['-noinlines', '-noinlines', '-noinlines=false']),
    () => '-showcolumns',
    () => `-trim_path=${folders(chance, vocabulary)}`,
    () => `-source_path=${folders(chance, vocabulary)}`,
    () => '-mean',
    () => `-unit=${chance.pick(['minimum', 'auto', 'ms', 'kb', 'seconds', 'none', 'GB', 'hours', 'count', 'μs', ''])}`,
    () => `-divide_by=${chance.pick([1, 2, 3, 10, 1024, 0.5, 0.001, 1e6, -2])}`,
    () => '-relative_percentages',
    () => '-drop_negative',
    () => chance.pick(['-cum', '-flat', '-cum=true']),
    () => `-nodecount=${chance.pick([-1, -5, 0, 1, 2, 5, 12, 40])}`,
    () => `-nodefraction=${chance.pick([0, 0.01, 0.05, 0.2, 1, -0.1])}`,
    () => `-edgefraction=${chance.pick([0, 0.01, 0.05, 0.5, -0.1])}`,
    () => `-trim=${chance.pick(['true', 'false', '0'])}`,
    () => '-call_tree',
    () => '-compact_labels',
  ];
  const density = chance.pick([0.04, 0.1, 0.2]);
  const flags = choices.filter(() => chance.is(density)).map((choose) => choose());
  // Totals that nearly cancel would scale values past 2^53.
  return hasBase && !vocabulary.isSigned && chance.is(0.3) ? [...flags, '-normalize'] : flags;
}

/** A report, and what it is of. */
export const randomReport = (chance: Chance, { names }: Vocabulary): string =>
  chance.pick([
    () => '-top',
    () => '-top',
    () => '-text',
    () => '-tree',
    () => '-tree',
    () => `-peek=${pattern(chance, names)}`,
    () => `-list=${pattern(chance, names)}`,
    () => '-tags',
    () => '-traces',
    () => '-raw',
    () => '-proto',
  ])();
