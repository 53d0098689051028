import { pathInterner, type PairInterner } from '../profile/interner';
import type { Profile, StackTable } from '../profile/profile';

/** The profile with only the lines that `keep` marks, by row of `line`; locations keep their rows. */
export function selectLines(profile: Profile, keep: Uint8Array): Profile {
  if (keep.every((mark) => mark === 1)) {
    return profile;
  }
  const { location, line } = profile;
  const lineOffset = new Uint32Array(location.length + 1);
  const rows = new Uint32Array(line.length);
  let length = 0;
  for (let l = 0; l < location.length; l++) {
    for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
      if (keep[k]) {
        rows[length++] = k;
      }
    }
    lineOffset[l + 1] = length;
  }
  const lines = {
    length,
    function: new Int32Array(length),
    line: new Float64Array(length),
    column: new Float64Array(length),
  };
  for (let i = 0; i < length; i++) {
    lines.function[i] = line.function[rows[i]];
    lines.line[i] = line.line[rows[i]];
    lines.column[i] = line.column[rows[i]];
  }
  return Object.freeze({ ...profile, location: { ...location, lineOffset }, line: lines });
}

/** A stack is cut at its root or loses frames: where it goes, by row of `stack`, in a table of their own. */
export class StackEdit {
  /** Row in the new table of each old row. */
  readonly row: Uint32Array;
  private readonly stacks: PairInterner;

  constructor(private readonly profile: Profile) {
    this.row = new Uint32Array(profile.stack.length);
    this.stacks = pathInterner(profile.stack.length);
  }

  /** The new row of `location` called from the new row `parent`. */
  push(parent: number, location: number): number {
    return this.stacks.intern(parent, location);
  }

  /** The profile with the edited stacks; `row` is final. */
  finish(): Profile {
    const { length, first: parent, second: location } = this.stacks.finish();
    const { sample } = this.profile;
    return Object.freeze({
      ...this.profile,
      sample: { ...sample, stack: sample.stack.map((old) => this.row[old]) },
      stack: { length, parent, location },
    });
  }
}

/** A stack table made of rows that are known to be distinct. */
export class StackAppender {
  private parent: Int32Array;
  private location: Uint32Array;
  private length = 1;

  constructor(expected: number) {
    this.parent = new Int32Array(Math.max(16, expected));
    this.location = new Uint32Array(this.parent.length);
    this.parent[0] = -1;
  }

  append(parent: number, location: number): number {
    if (this.length === this.parent.length) {
      const longer = new Int32Array(this.length * 2);
      longer.set(this.parent);
      this.parent = longer;
      const locations = new Uint32Array(longer.length);
      locations.set(this.location);
      this.location = locations;
    }
    this.parent[this.length] = parent;
    this.location[this.length] = location;
    return this.length++;
  }

  finish(): StackTable {
    const { length } = this;
    return { length, parent: this.parent.slice(0, length), location: this.location.slice(0, length) };
  }
}
