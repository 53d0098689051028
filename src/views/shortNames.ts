import { baseName } from '../profile/goNames';
import { shortNames } from '../profile/shortNames';
import { fullText, type Column, type NamedText, type Table } from './table';

/** The column at the end of a table with what its names are in full. */
export const fullNameColumn = 'full name';

/**
 * The tables of one answer with short names of functions, which tell apart all that their dictionaries name and are the
 * same in each of them; files beside a function are without their folders. With full names nothing is shortened.
 */
export function withShortNames(tables: readonly Table[], { fullNames }: { readonly fullNames: boolean }): Table[] {
  const dictionaries = new Set<readonly NamedText[]>();
  for (const { named, namedLabel } of tables.flatMap(({ columns }) => columns)) {
    named && dictionaries.add(named);
    namedLabel && dictionaries.add(namedLabel);
  }
  if (dictionaries.size === 0) {
    return [...tables];
  }
  const shortTexts = fullNames ? new Map<readonly NamedText[], string[]>() : shortened([...dictionaries]);

  const withNames = ({ named, namedLabel, fullNames: whole, ...column }: Column): Column[] => {
    const { text = [], label = '', labels = {} } = column;
    const [shortLabel] = (namedLabel && shortTexts.get(namedLabel)) ?? [];
    if (namedLabel && shortLabel !== undefined) {
      const own = (whole: string) => whole.replace(fullText(namedLabel[0]), () => shortLabel);
      const shortLabels = Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, own(value)]));
      return [{ ...column, label: own(label), labels: shortLabels }];
    }
    const short = named && shortTexts.get(named);
    if (!short) {
      return [column];
    }
    const shown: Column = { ...column, text: [...short, ...text.slice(short.length)] };
    return whole
      ? [
          { ...shown, tooltip: column.hasLines ? undefined : fullNameColumn },
          {
            name: fullNameColumn,
            kind: 'enum',
            values: column.values,
            text: whole,
            isAside: true,
            isLong: column.hasLines,
          },
        ]
      : [shown];
  };
  return tables.map((table) => {
    const columns = table.columns.map(withNames);
    return { ...table, columns: [...columns.map(([shown]) => shown), ...columns.flatMap(([, ...full]) => full)] };
  });
}

/** Short texts of a dictionary that was an answer's only one: a profile's is the same for every filter of its samples. */
const known = new WeakMap<readonly NamedText[], string[]>();

/** The texts of each dictionary with short names that tell apart what all of them name. */
function shortened(dictionaries: ReadonlyArray<readonly NamedText[]>): Map<readonly NamedText[], string[]> {
  const [first] = dictionaries;
  const ofFirst = dictionaries.length === 1 ? known.get(first) : undefined;
  if (ofFirst) {
    return new Map([[first, ofFirst]]);
  }
  const shortOf = shortNames(functionsOf(dictionaries));
  const texts = new Map(dictionaries.map((named) => [named, shorten(named, shortOf)]));
  if (dictionaries.length === 1) {
    known.set(first, texts.get(first) ?? []);
  }
  return texts;
}

function* functionsOf(dictionaries: Iterable<readonly NamedText[]>): Generator<string> {
  for (const dictionary of dictionaries) {
    for (const named of dictionary) {
      if (typeof named === 'string') {
        yield named;
        continue;
      }
      for (const piece of named) {
        if (typeof piece !== 'string' && 'function' in piece) {
          yield piece.function;
        }
      }
    }
  }
}

/** Texts of a dictionary with short names; where two would read the same that are not, whole ones. */
function shorten(dictionary: readonly NamedText[], shortOf: ReadonlyMap<string, string>): string[] {
  const texts = dictionary.map((named) =>
    typeof named === 'string'
      ? (shortOf.get(named) ?? named)
      : named
          .map((piece) =>
            typeof piece === 'string'
              ? piece
              : 'file' in piece
                ? baseName(piece.file)
                : (shortOf.get(piece.function) ?? piece.function)
          )
          .join('')
  );
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
