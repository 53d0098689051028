import { baseName } from '../../profile/goNames';

/** `func1`, `1`, `gowrap2`, `func1-range1`: what the compiler calls what has no name. */
const unnamed = /^(func|gowrap|deferwrap)?\d+(-range\d+)*$/;

interface Closure {
  /** Names that the same closure has in builds of all versions of Go have this in common. */
  readonly id: string;
  /** What comes before the closure's own number: of an inlined copy it has the functions that it was inlined into. */
  readonly copy: string;
  /** Its number among the closures there. */
  readonly number: number;
}

/**
 * Names that are gone beside those that are new, where they are the same closure. Go 1.21 to 1.26 put the functions that it was
 * inlined into before the name of a closure, in their package and numbered with their closures (`main.(*S).F.(*T).M.func3`); from
 * 1.27 on it is named by the function that it is written in (`lib.(*T).M.func1`). File, function and depth are the same in
 * both; several closures of a function are paired by their order.
 * @param file of each name, '' where it is not known: those are not paired
 * @returns new names by those that are gone; inlined copies share one
 */
export function pairClosures(
  gone: readonly string[],
  added: readonly string[],
  file: (name: string) => string
): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const there = grouped(added, file);
  for (const [id, copies] of grouped(gone, file)) {
    // By a name of Go 1.27 there are no copies.
    const candidates = [...(there.get(id)?.values() ?? [])].flat();
    for (const copy of copies.values()) {
      if (copy.length === candidates.length) {
        copy.forEach((name, i) => pairs.set(name, candidates[i]));
      }
    }
  }
  return pairs;
}

/** Names of closures by id and copy, in the order of their numbers. */
function grouped(names: readonly string[], file: (name: string) => string): Map<string, Map<string, string[]>> {
  const closures = names
    .flatMap((name) => {
      const closure = closureOf(name, file(name));
      return closure ? [{ name, ...closure }] : [];
    })
    .sort((a, b) => a.number - b.number);
  const groups = new Map<string, Map<string, string[]>>();
  for (const { id, copy, name } of closures) {
    const copies = groups.get(id) ?? new Map<string, string[]>();
    groups.set(id, copies);
    copies.set(copy, [...(copies.get(copy) ?? []), name]);
  }
  return groups;
}

/** Undefined for a name that is no closure's, or whose file is not known. */
function closureOf(name: string, file: string): Closure | undefined {
  const parts = partsOf(name);
  let named = parts.length;
  while (named > 0 && unnamed.test(parts[named - 1])) {
    named--;
  }
  const depth = parts.length - named;
  if (depth === 0 || named < 2 || file === '') {
    return undefined;
  }
  const receiver = parts[named - 2].startsWith('(') ? `${parts[named - 2]}.` : '';
  return {
    id: JSON.stringify([baseName(file), receiver + parts[named - 1], depth]),
    copy: JSON.stringify(parts.slice(0, -1)),
    number: Number(/\d+/.exec(parts[parts.length - 1])?.[0]),
  };
}

/** What stands between the dots behind the import path; a receiver and type arguments are one part whatever they hold. */
function partsOf(name: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const char of name.slice(pathEnd(name))) {
    depth += char === '(' || char === '[' ? 1 : char === ')' || char === ']' ? -1 : 0;
    if (char === '.' && depth === 0) {
      parts.push('');
    } else {
      parts[parts.length - 1] += char;
    }
  }
  return parts;
}

/** Behind the last slash of the import path. */
function pathEnd(name: string): number {
  const nested = name.search(/[([]/);
  return name.lastIndexOf('/', nested < 0 ? undefined : nested) + 1;
}
