/**
 * Names of functions as `go tool pprof` shortens them in graphs and flame graphs (google/pprof internal/graph,
 * ShortenFunctionName): `github.com/acme/ingester/internal/store.(*Cache).Retain` is `store.(*Cache).Retain`. Type arguments
 * are `[…]`, and where two functions of one answer would read the same, each is as much longer as tells them apart.
 */

/** Stands for type arguments, as in pprof's graphs. */
const elided = '[…]';

/** Path elements that are tried one by one before a name is shown whole: a bound on what hostile names cost. */
const mostElements = 16;

// Go, Java and C++ in pprof's order. Of its patterns only Go's would take quadratic time here: afterPath is by hand.
const anonymousNamespace = /^\(anonymous namespace\)::/;
const majorVersion = /^(.*?)\/v(?:[2-9]|[1-9][0-9]+)([./].*)$/;
const javaMethod = /^(?:[a-z]\w*\.)*([A-Z][\w$]*\.(?:<init>|[a-z][\w$]*(?:\$\d+)?))(?:\(|$)/;
const cppMethod = /^(?:[_a-zA-Z]\w*::)+(_*[A-Z]\w*::~?[_a-zA-Z]\w*(?:<.*>)?)/;

/** pprof's short name of a function alone, `[…]` for type arguments. */
export const shortName = (name: string): string => shortened(split(name).text);

function shortened(text: string): string {
  // Most names have none of these, and there are many names.
  const bare = text.startsWith('(') ? text.replace(anonymousNamespace, '') : text;
  const name = bare.includes('/v') ? bare.replace(majorVersion, '$1$2') : bare;
  return afterPath(name) ?? javaMethod.exec(name)?.[1] ?? cppMethod.exec(name)?.[1] ?? name;
}

const isPathChar = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) || // a to z
  (code >= 0x41 && code <= 0x5a) || // A to Z
  (code >= 0x30 && code <= 0x39) || // 0 to 9
  code === 0x5f || // _
  code === 0x2d || // -
  code === 0x2e; // .

/**
 * What pprof's `^(?:[\w\-.]+/)+([^.]+\..+)` finds, in linear time: the name behind as many elements of a path as leave a
 * package and something named in it. Undefined where it finds nothing.
 */
function afterPath(name: string): string | undefined {
  const starts: number[] = [];
  for (let i = 0, start = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code === slash && i > start) {
      starts.push((start = i + 1));
    } else if (!isPathChar(code)) {
      break;
    }
  }
  let dot = -1;
  for (let k = starts.length - 1, end = name.length; k >= 0; end = starts[k], k--) {
    const at = name.slice(starts[k], end).indexOf('.');
    dot = at < 0 ? dot : starts[k] + at;
    if (dot > starts[k] && dot < name.length - 1) {
      return name.slice(starts[k]);
    }
  }
  return undefined;
}

const slash = 0x2f;

/** A name with `[…]` for each list of type arguments, and these lists. */
interface Split {
  readonly text: string;
  readonly lists: readonly string[];
}

const isIdentifier = /[\p{L}\p{N}_]/u;

/**
 * Takes type arguments out of a Go name. They stand behind an identifier, are not empty, and may hold brackets, slashes and
 * dots of their own. A bracket is something else in `operator[]`, `run(int[])`, `foo[abi:cxx11]` and `-[NSString length]`,
 * which stay: a name with `::` or `<` before it is not Go's.
 */
function split(name: string): Split {
  const first = name.indexOf('[');
  if (first <= 0 || /::|</.test(name.slice(0, first))) {
    return { text: name, lists: [] };
  }
  const lists: string[] = [];
  let text = '';
  let from = 0;
  for (let open = first; open >= 0; open = name.indexOf('[', from)) {
    const close = closing(name, open);
    if (close < 0) {
      break;
    }
    const isList =
      close > open + 1 && open > 0 && isIdentifier.test(name[open - 1]) && !name.startsWith('abi:', open + 1);
    text += name.slice(from, isList ? open : close + 1) + (isList ? elided : '');
    if (isList) {
      lists.push(name.slice(open, close + 1));
    }
    from = close + 1;
  }
  return { text: text + name.slice(from), lists };
}

/** Where the bracket that opens there is closed; -1 for nowhere. */
function closing(name: string, open: number): number {
  let depth = 0;
  for (let i = open; i < name.length; i++) {
    depth += name[i] === '[' ? 1 : name[i] === ']' ? -1 : 0;
    if (depth === 0) {
      return i;
    }
  }
  return -1;
}

/** `[b.K,go.shape.string]` of `[github.com/a/b.K,go.shape.string]`. */
const withoutPaths = (list: string): string => list.replace(/[^[\](){},;*\s]*\//g, '');

/** A text with lists of type arguments where it has `[…]`. */
function withLists(text: string, lists: readonly string[]): string {
  const parts = text.split(elided);
  return parts.reduce((all, part, i) => all + (lists[i - 1] ?? elided) + part);
}

/**
 * The short name of each of the functions that one answer names, by its full name. No two are the same: `a/store.F` and
 * `b/store.F` where `store.F` is in both, `Map[int]` and `Map[string]` where one `Map[…]` is not the only one.
 */
export function shortNames(names: Iterable<string>): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  /** Names with type arguments, by their text without them. Any other name is its text. */
  const generic = new Map<string, Array<{ readonly name: string; readonly lists: readonly string[] }>>();
  /** Texts of one short name; the first alone as it is, since there are few others. */
  const byShort = new Map<string, string | string[]>();
  for (const name of names) {
    if (result.has(name)) {
      continue;
    }
    const { text, lists } = split(name);
    const short = shortened(text);
    result.set(name, short);
    const known = generic.get(text);
    if (known) {
      known.push({ name, lists });
      continue;
    }
    if (lists.length > 0) {
      generic.set(text, [{ name, lists }]);
    }
    const alike = byShort.get(short);
    if (Array.isArray(alike)) {
      alike.push(text);
    } else {
      byShort.set(short, alike === undefined ? text : [alike, text]);
    }
  }
  const apart = new Map<string, string>();
  for (const [short, texts] of byShort) {
    if (Array.isArray(texts)) {
      tellApart(short, texts).forEach((own, text) => apart.set(text, own));
    }
  }
  apart.forEach((own, text) => !generic.has(text) && result.set(text, own));
  for (const [text, named] of generic) {
    const own = apart.get(text) ?? shortened(text);
    const whole = named.map(({ lists }) => (named.length === 1 ? own : withLists(own, lists)));
    const brief = named.map(({ lists }, i) =>
      named.length === 1 ? whole[i] : withLists(own, lists.map(withoutPaths))
    );
    const shown = new Set(brief).size === named.length ? brief : whole;
    named.forEach(({ name }, i) => result.set(name, shown[i]));
  }
  return withoutDoubles(result);
}

/** Names of languages that shorten differently may still meet: those are shown whole. */
function withoutDoubles(shortOf: Map<string, string>): ReadonlyMap<string, string> {
  const nameOf = new Map<string, string>();
  for (const [name, short] of shortOf) {
    const other = nameOf.get(short);
    if (other === undefined) {
      nameOf.set(short, name);
    } else {
      shortOf.set(name, name);
      shortOf.set(other, other);
    }
  }
  return shortOf;
}

/** For texts with one short name: the shortest of their longer suffixes that no other one of them has. */
function tellApart(short: string, texts: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let open = texts.map((text) => ({ text, longer: longerSuffixes(text, short) }));
  for (let level = 0; level < mostElements && open.length > 0; level++) {
    const suffixOf = ({ text, longer }: (typeof open)[number]) => longer[level] ?? text;
    const counts = new Map<string, number>();
    open.forEach((one) => counts.set(suffixOf(one), (counts.get(suffixOf(one)) ?? 0) + 1));
    open.forEach((one) => counts.get(suffixOf(one)) === 1 && found.set(one.text, suffixOf(one)));
    open = open.filter(({ text }) => !found.has(text));
  }
  open.forEach(({ text }) => found.set(text, text));
  return found;
}

/** Suffixes that begin at an element of the path, for a name without one at a dot or at `::`, by rising length. */
function longerSuffixes(text: string, short: string): string[] {
  const end = /[([]/.exec(text)?.index ?? text.length;
  const path = text.slice(0, end);
  const separator = path.includes('/') ? /\//g : /::|\./g;
  const starts = [...path.matchAll(separator)].map(({ 0: mark, index }) => index + mark.length).reverse();
  return (
    starts
      .map((start) => text.slice(start))
      // A major version says nothing without the module that it is of.
      .filter((suffix) => suffix.length > short.length && !/^v\d+[./]/.test(suffix))
      .slice(0, mostElements)
  );
}
