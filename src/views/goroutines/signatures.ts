import { elidedFrames, hiddenCall } from '../../profile/goroutineStates';
import { isStandard, withoutTypeArguments } from '../../profile/goNames';
import { pathInterner } from '../../profile/interner';
import type { Profile } from '../../profile/profile';
import type { Code, NamedText, Piece } from '../table';

export interface SignatureOptions {
  /** Only calls of the program itself tell goroutines apart, not those of the runtime and the standard library. */
  readonly collapseStd: boolean;
  /** Whether lines tell calls apart: not where versions of a program are compared, whose lines differ. */
  readonly signature: 'lines' | 'functions';
  /** As of FrameOptions. */
  readonly withCode?: boolean;
}

interface Call {
  readonly name: string;
  /** `file:line`, '' where lines do not matter. */
  readonly place: string;
  readonly isCreator: boolean;
  /** Of the program itself. */
  readonly isUser: boolean;
  readonly isRoot: boolean;
}

/** Below every stack whatever the goroutine does, and printed by some formats only. */
const roots = new Set(['runtime.goexit', 'runtime.main', hiddenCall]);

/**
 * Stack signatures: what goroutines have in common that do the same. A signature is the path of a stack's user calls,
 * from the root, by function, file and line:
 *
 *   http.(*conn).serve → http.HandlerFunc.ServeHTTP → main.(*api).list → main.(*cache).get → sync.(*Mutex).Lock
 *   signature: main.(*api).list api.go:20 → main.(*cache).get cache.go:7
 *
 * A stack without user calls has its outermost call as signature, which says what it is for (`net/http.(*conn).serve`), and
 * where the program itself started it (`go io.Copy(…)`), the place of that go statement. So the same goroutine has one
 * signature in all formats, whose calls of the runtime differ. Signatures of several profiles that are compared come from
 * one object: equal ones are equal numbers. 0 is the empty stack, of a goroutine that has not run yet.
 */
export class Signatures {
  private readonly paths = pathInterner(1024);
  private readonly calls: Call[] = [];
  private readonly rows = new Map<string, number>();

  constructor(private readonly options: SignatureOptions) {}

  /** By row of `stack` of a profile: its signature, and whether that has no call of the program itself. */
  ofStacks(profile: Profile): { signature: Uint32Array; isStandard: Uint8Array } {
    const { stack, location } = profile;
    const { collapseStd } = this.options;
    const { ofLine, ofLocation, isUser, isRoot } = this.callsOf(profile);
    const signature = new Uint32Array(stack.length);
    const isStandardOnly = new Uint8Array(stack.length).fill(1);
    /** The outermost call that is no root, else the outermost; -1 for none yet. */
    const entry = new Int32Array(stack.length).fill(-1);
    const entryIsRoot = new Uint8Array(stack.length);
    for (let row = 1; row < stack.length; row++) {
      const parent = stack.parent[row];
      const l = stack.location[row];
      const first = location.lineOffset[l];
      const last = location.lineOffset[l + 1] - 1;
      let at = signature[parent];
      isStandardOnly[row] = isStandardOnly[parent];
      entry[row] = entry[parent];
      entryIsRoot[row] = entryIsRoot[parent];
      // The physical caller is last in pprof's order.
      for (let k = Math.max(first, last); k >= first; k--) {
        const call = last < first ? ofLocation[l] : ofLine[k];
        if (entry[row] < 0 || (entryIsRoot[row] === 1 && isRoot[call] === 0)) {
          entry[row] = call;
          entryIsRoot[row] = isRoot[call];
        }
        if (isUser[call] === 1) {
          isStandardOnly[row] = 0;
        }
        if (isUser[call] === 1 || !collapseStd) {
          at = this.paths.intern(at, call);
        }
      }
      signature[row] = at;
    }
    if (collapseStd) {
      for (const row of new Set(profile.sample.stack)) {
        // One that has nothing but roots has not run yet.
        if (isStandardOnly[row] === 1 && entry[row] >= 0 && entryIsRoot[row] === 0) {
          signature[row] = this.paths.intern(0, entry[row]);
        }
      }
    }
    return { signature, isStandard: isStandardOnly };
  }

  /** The signature of a stack that says little by itself, with the go statement that started it. */
  startedBy(signature: number, creator: string, createdAt: string): number {
    return this.paths.intern(signature, this.row(withoutTypeArguments(creator), createdAt, true));
  }

  /**
   * `b.(*T).M file.go:12 ← b.F`, of names that are full here: the innermost call of the program and the one that made it; where all calls tell stacks
   * apart, with what it called, `b.(*T).M file.go:12 → sync.(*Mutex).Lock`. '(no stack)' for the empty one.
   */
  text(signature: number): NamedText {
    const path = this.path(signature);
    const at = mainCall(path);
    if (at < 0) {
      return ['(no stack)'];
    }
    const next = path.slice(at + 1).find(({ isUser, isCreator }) => isUser || isCreator);
    return [
      ...callText(path[at].name, path[at].place),
      ...(next ? [` ← ${next.isCreator ? 'created by ' : ''}`, { function: next.name }] : []),
      ...(at > 0 ? [' → ', { function: path[path[at].isUser ? at - 1 : 0].name }] : []),
    ];
  }

  /** The calls as stackText prints them. */
  stack(signature: number): string {
    const lines = this.path(signature).map(({ name, place, isCreator }) =>
      `${isCreator ? 'created by ' : ''}${name} ${place}`.trimEnd()
    );
    return shortened(lines).join('\n');
  }

  /** Full name of the innermost call of the program, or what stands for it; '' for the empty stack. */
  top(signature: number): string {
    const path = this.path(signature);
    return path[mainCall(path)]?.name ?? '';
  }

  /** Where the innermost call of the program is, or what stands for it; undefined where that is not known. */
  code(signature: number): Code | undefined {
    const path = this.path(signature);
    const [, file, line] = /^(.*):(\d+)$/s.exec(path[mainCall(path)]?.place ?? '') ?? [];
    return file ? { file, line: Number(line) } : undefined;
  }

  /** Full name of the outermost call, '' for the empty stack. */
  outermost(signature: number): string {
    const path = this.path(signature).filter(({ isCreator }) => !isCreator);
    return path.length === 0 ? '' : path[path.length - 1].name;
  }

  /** The calls from the innermost one, the creator last. */
  private path(signature: number): Call[] {
    const path: Call[] = [];
    const creator: Call[] = [];
    for (let row = signature; row > 0; row = this.paths.first[row]) {
      const call = this.calls[this.paths.second[row]];
      (call.isCreator ? creator : path).push(call);
    }
    return [...path, ...creator];
  }

  /** Calls of each line, and of each location without lines. */
  private callsOf({ location, line, function: func, strings }: Profile) {
    const { signature } = this.options;
    const ofLine = new Uint32Array(line.length);
    const ofLocation = new Uint32Array(location.length);
    const names = new Map<number, string>();
    const nameOf = (f: number): string => {
      const row = f < 0 ? 0 : func.name[f];
      const name = names.get(row) ?? withoutTypeArguments(strings[row]);
      names.set(row, name);
      return name;
    };
    for (let l = 0; l < location.length; l++) {
      const first = location.lineOffset[l];
      const end = location.lineOffset[l + 1];
      const unnamed = () => `0x${location.address[l].toString(16)}`;
      for (let k = first; k < end; k++) {
        const f = line.function[k];
        const name = nameOf(f) || unnamed();
        const hasPlace = signature === 'lines' && f >= 0 && line.line[k] > 0;
        ofLine[k] = this.row(name, hasPlace ? `${strings[func.filename[f]]}:${line.line[k]}` : '', false);
      }
      if (first === end) {
        ofLocation[l] = this.row(unnamed(), '', false);
      }
    }
    // Only now it is known how many calls there are.
    const isUser = Uint8Array.from(this.calls, (call) => (call.isUser ? 1 : 0));
    const isRoot = Uint8Array.from(this.calls, (call) => (call.isRoot ? 1 : 0));
    return { ofLine, ofLocation, isUser, isRoot };
  }

  private row(name: string, place: string, isCreator: boolean): number {
    const id = `${name}\0${place}\0${isCreator ? 1 : 0}`;
    let row = this.rows.get(id);
    if (row === undefined) {
      this.rows.set(id, (row = this.calls.length));
      const isRoot = roots.has(name);
      const isUser = !isCreator && !isRoot && name !== elidedFrames && !isStandard(name);
      this.calls.push({ name, place, isCreator, isUser, isRoot });
    }
    return row;
  }
}

/** A call and its `file:line`, which may be ''. */
export const callText = (name: string, place: string): Piece[] => [
  { function: name },
  ...(place === '' ? [] : [' ', { file: place }]),
];

/** Which call of a path says what a goroutine does: the innermost of the program, else the outermost; -1 for none. */
function mainCall(path: readonly Call[]): number {
  const own = path.findIndex(({ isUser }) => isUser);
  if (own >= 0) {
    return own;
  }
  let last = path.length - 1;
  while (last >= 0 && (path[last].isRoot || path[last].isCreator)) {
    last--;
  }
  return last;
}

/** Calls printed of one stack; of a deeper one the first and the last half of them. */
const maxPrinted = 64;

/** A stack as text, a line a call from the innermost one: `name file:line`. */
export function stackText(
  { stack, location, line, function: func, strings }: Profile,
  leaf: number,
  most = maxPrinted
): string {
  const lines: string[] = [];
  for (let row = leaf; row > 0; row = stack.parent[row]) {
    const l = stack.location[row];
    const [first, end] = [location.lineOffset[l], location.lineOffset[l + 1]];
    if (first === end) {
      lines.push(`0x${location.address[l].toString(16)}`);
    }
    for (let k = first; k < end; k++) {
      const f = line.function[k];
      lines.push(f < 0 ? '<unknown>' : `${strings[func.name[f]]} ${strings[func.filename[f]]}:${line.line[k]}`);
    }
  }
  return shortened(lines, most).join('\n');
}

function shortened(lines: string[], most = maxPrinted): string[] {
  if (lines.length <= most) {
    return lines;
  }
  const half = most / 2;
  return [...lines.slice(0, half), `… ${lines.length - most} more calls …`, ...lines.slice(-half)];
}
