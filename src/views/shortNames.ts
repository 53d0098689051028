import { baseName } from '../profile/goNames';
import { shortNames } from '../profile/shortNames';
import {
  fullText,
  textWith,
  type Column,
  type EnumColumn,
  type NamedText,
  type NumberColumn,
  type Table,
} from './table';

/** The column at the end of a table with what its names are in full. */
export const fullNameColumn = 'full name';

/**
 * The tables of one answer with short names of functions, which tell apart all that their dictionaries name and are the
 * same in each of them; files beside a function are without their folders. With full names nothing is shortened.
 */
export function withShortNames(tables: readonly Table[], { fullNames }: { readonly fullNames: boolean }): Table[] {
  const dictionaries = new Set<readonly NamedText[]>();
  for (const column of tables.flatMap(({ columns }) => columns)) {
    if (column.kind === 'enum' && column.named) {
      dictionaries.add(column.named);
    } else if (column.kind === 'number' && column.namedLabel) {
      dictionaries.add(column.namedLabel);
    }
  }
  if (dictionaries.size === 0) {
    return [...tables];
  }
  const shortTexts: ShortTexts = fullNames ? new Map() : shortened([...dictionaries]);
  const withNames = (column: Column): Column[] =>
    column.kind === 'enum'
      ? withShortTexts(column, shortTexts)
      : [column.kind === 'number' ? withShortLabel(column, shortTexts) : column];
  return tables.map((table) => {
    const columns = table.columns.map(withNames);
    return { ...table, columns: [...columns.map(([shown]) => shown), ...columns.flatMap(([, ...full]) => full)] };
  });
}

/** The short texts of each dictionary; of none where nothing is shortened. */
type ShortTexts = ReadonlyMap<readonly NamedText[], readonly string[]>;

function withShortLabel({ namedLabel, ...column }: NumberColumn, shortTexts: ShortTexts): NumberColumn {
  const [shortLabel] = (namedLabel && shortTexts.get(namedLabel)) ?? [];
  if (!namedLabel || shortLabel === undefined) {
    return column;
  }
  const { label = '', labels = {} } = column;
  const own = (whole: string) => whole.replace(fullText(namedLabel[0]), () => shortLabel);
  const shortLabels = Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, own(value)]));
  return { ...column, label: own(label), labels: shortLabels };
}

/** The column, and where it has full names of its own the one with these. */
function withShortTexts({ named, fullNames, ...column }: EnumColumn, shortTexts: ShortTexts): EnumColumn[] {
  const short = named && shortTexts.get(named);
  if (!short) {
    return [column];
  }
  const { text, values, hasLines } = column;
  // What comes behind names nothing and stays as it is: a value of a tag. Most columns have none.
  const others = new Set(text.slice(short.length));
  const isOther = (one: string, i: number) => typeof named[i] !== 'string' && others.has(one);
  const own = others.size === 0 ? short : short.map((one, i) => (isOther(one, i) ? fullText(named[i]) : one));
  const shown = { ...column, text: [...own, ...text.slice(short.length)] };
  return fullNames
    ? [
        { ...shown, tooltip: hasLines ? undefined : fullNameColumn },
        { name: fullNameColumn, kind: 'enum', values, text: fullNames, isAside: true, isLong: hasLines },
      ]
    : [shown];
}

/** The short names of what a dictionary names, and its texts with them. */
interface ShortDictionary {
  readonly shortOf: ReadonlyMap<string, string>;
  readonly texts: string[];
}

/** A profile's dictionary is the same for every filter of its samples. */
const known = new WeakMap<readonly NamedText[], ShortDictionary>();

/** The texts of each dictionary with short names that tell apart what all of them name. */
function shortened(dictionaries: ReadonlyArray<readonly NamedText[]>): Map<readonly NamedText[], string[]> {
  const largest = dictionaries.reduce((most, one) => (one.length > most.length ? one : most));
  const others = dictionaries.filter((one) => one !== largest);
  const names = known.get(largest)?.shortOf ?? functionsOf([largest]);
  for (const name of functionsOf(others)) {
    if (!names.has(name)) {
      const shortOf = shortNames(functionsOf(dictionaries));
      return new Map(dictionaries.map((named) => [named, shorten(named, shortOf)]));
    }
  }
  const { shortOf, texts } = shortTextsOf(largest);
  return new Map([[largest, texts], ...others.map((named) => [named, shorten(named, shortOf)] as const)]);
}

function shortTextsOf(dictionary: readonly NamedText[]): ShortDictionary {
  let short = known.get(dictionary);
  if (!short) {
    const shortOf = shortNames(functionsOf([dictionary]));
    known.set(dictionary, (short = { shortOf, texts: shorten(dictionary, shortOf) }));
  }
  return short;
}

/** The functions that dictionaries name, each once. */
function functionsOf(dictionaries: Iterable<readonly NamedText[]>): Set<string> {
  const names = new Set<string>();
  for (const dictionary of dictionaries) {
    for (const named of dictionary) {
      if (typeof named === 'string') {
        names.add(named);
        continue;
      }
      for (const piece of named) {
        if (typeof piece !== 'string' && 'function' in piece) {
          names.add(piece.function);
        }
      }
    }
  }
  return names;
}

/** Texts of a dictionary with short names; where two would read the same that are not, whole ones. */
function shorten(dictionary: readonly NamedText[], shortOf: ReadonlyMap<string, string>): string[] {
  const texts = dictionary.map((named) => textWith(named, (name) => shortOf.get(name) ?? name, baseName));
  const meant = new Map<string, string>();
  const doubles = new Set<string>();
  texts.forEach((text, i) => {
    // A name alone is like no other already.
    if (typeof dictionary[i] !== 'string') {
      const full = fullText(dictionary[i]);
      const other = meant.get(text) ?? full;
      meant.set(text, other);
      if (other !== full) {
        doubles.add(text);
      }
    }
  });
  return doubles.size === 0 ? texts : texts.map((text, i) => (doubles.has(text) ? fullText(dictionary[i]) : text));
}
