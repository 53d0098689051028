/**
 * What the name of a Go function says: `github.com/a/b.(*T[go.shape.int]).M.func1` is method M of package
 * github.com/a/b. Names come from any file, so nothing here takes a regular expression that backtracks.
 */

/**
 * First elements of the import paths of Go's standard library (`go list std`, Go 1.5 to 1.27). A list, not "has no dot":
 * modules of services are often named without one, `module ingester`, and their calls are what a reader looks for.
 * `vendor` is what the library vendors, `go` also the package of methods that the compiler makes.
 */
const standard = new Set(
  (
    'archive arena bufio builtin bytes cmp compress container context crypto database debug embed encoding errors ' +
    'expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp ' +
    'runtime simd slices sort strconv strings structs sync syscall testing text time type unicode unique unsafe vendor ' +
    'weak'
  ).split(' ')
);

/** True for a function of the runtime or of the standard library, by its import path. */
export function isStandard(name: string): boolean {
  const path = name.slice(0, pathEnd(name));
  const slash = path.indexOf('/');
  // `go.uber.org/zap.New` is not of package go: with a slash the first element may have dots.
  const first = slash < 0 ? path.slice(0, Math.max(0, path.indexOf('.'))) : path.slice(0, slash);
  return standard.has(first);
}

/** Where the import path and what is named in it end: the receiver and the type arguments may hold slashes of their own. */
function pathEnd(name: string): number {
  for (let i = 0; i < name.length; i++) {
    if (name[i] === '(' || name[i] === '[') {
      return i;
    }
  }
  return name.length;
}

/**
 * The name with `[...]` for its type arguments. Go's dumps print no others, protobuf profiles print shapes
 * (`[go.shape.int]`): without them a function has one name in all formats.
 */
export function withoutTypeArguments(name: string): string {
  if (!name.includes('[')) {
    return name;
  }
  let text = '';
  let depth = 0;
  for (const char of name) {
    if (char === '[' && depth++ === 0) {
      text += '[...]';
    } else if (char === ']' && depth > 0) {
      depth--;
    } else if (depth === 0) {
      text += char;
    }
  }
  return text;
}

/** `leaks.go` of a path with either slash. */
export const baseName = (file: string): string =>
  file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);
