import { pathInterner } from '../profile/interner';
import { scaledLabel } from '../profile/measurement';
import type { Profile } from '../profile/profile';

export interface TagFrameOptions {
  /** Comma lists of exact label keys: the first becomes the root, the last of tagLeaf the leaf. */
  readonly tagRoot?: string;
  readonly tagLeaf?: string;
  /** Unit numeric values are shown in: pprof's `unit`. */
  readonly unit?: string;
}

/**
 * Label values as frames around each stack (google/pprof internal/driver/tagroot.go). A sample without the label gets a
 * frame with an empty name, so that every stack is as deep; views show it as <unknown>. The frame's file is the key.
 */
export function tagFrames(
  profile: Profile,
  { tagRoot = '', tagLeaf = '', unit = 'minimum' }: TagFrameOptions
): Profile {
  const rootKeys = splitKeys(tagRoot);
  const leafKeys = splitKeys(tagLeaf);
  if (rootKeys.length === 0 && leafKeys.length === 0) {
    return profile;
  }
  const { sample, stack, location, line } = profile;
  const strings = [...profile.strings];
  const stringRows = new Map(strings.map((text, row) => [text, row]));
  const textRow = (text: string): number => {
    let row = stringRows.get(text);
    if (row === undefined) {
      stringRows.set(text, (row = strings.length));
      strings.push(text);
    }
    return row;
  };
  const added = { name: [] as number[], filename: [] as number[] };
  const frames = new Map<string, number>();
  /** Location of a key and its value, made at its first use. */
  const frame = (key: string, value: string): number => {
    const id = `${key}\0${value}`;
    let row = frames.get(id);
    if (row === undefined) {
      frames.set(id, (row = location.length + added.name.length));
      added.name.push(textRow(value));
      added.filename.push(textRow(key));
    }
    return row;
  };

  // Frames are numbered as pprof makes them: sample by sample, the last key first.
  const framesOf = (keys: readonly string[], set: number): number[] =>
    keys
      .map((_, i) => frame(keys[keys.length - 1 - i], labelText(profile, set, keys[keys.length - 1 - i], unit)))
      .reverse();
  const rootOfSet: number[][] = [];
  const leafOfSet: number[][] = [];
  for (const set of sample.labelSet) {
    if (!rootOfSet[set]) {
      rootOfSet[set] = framesOf(rootKeys, set);
      leafOfSet[set] = framesOf(leafKeys, set);
    }
  }

  const stacks = pathInterner(stack.length * 2);
  const sampleStack = new Uint32Array(sample.length);
  const path: number[] = [];
  for (let i = 0; i < sample.length; i++) {
    const set = sample.labelSet[i];
    let at = 0;
    for (const l of rootOfSet[set]) {
      at = stacks.intern(at, l);
    }
    path.length = 0;
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      path.push(stack.location[row]);
    }
    for (let k = path.length - 1; k >= 0; k--) {
      at = stacks.intern(at, path[k]);
    }
    for (const l of leafOfSet[set]) {
      at = stacks.intern(at, l);
    }
    sampleStack[i] = at;
  }

  const count = added.name.length;
  const { function: func } = profile;
  const rows = stacks.finish();
  const functionRows = Int32Array.from({ length: count }, (_, i) => func.length + i);
  const lineOffsets = Uint32Array.from({ length: count }, (_, i) => line.length + i + 1);
  return Object.freeze({
    ...profile,
    strings,
    sample: { ...sample, stack: sampleStack },
    stack: { length: rows.length, parent: rows.first, location: rows.second },
    location: {
      length: location.length + count,
      address: concat(location.address, new BigUint64Array(count)),
      mapping: concat(location.mapping, new Int32Array(count).fill(-1)),
      lineOffset: concat(location.lineOffset, lineOffsets),
      isFolded: concat(location.isFolded, new Uint8Array(count)),
    },
    line: {
      length: line.length + count,
      function: concat(line.function, functionRows),
      line: concat(line.line, new Float64Array(count)),
      column: concat(line.column, new Float64Array(count)),
    },
    function: {
      length: func.length + count,
      name: concat(func.name, Uint32Array.from(added.name)),
      systemName: concat(func.systemName, new Uint32Array(count)),
      filename: concat(func.filename, Uint32Array.from(added.filename)),
      startLine: concat(func.startLine, new Float64Array(count)),
    },
  });
}

const splitKeys = (list: string) => list.split(',').filter((key) => key !== '');

/**
 * The values a label list has for a key, texts before numbers, joined by commas; '' where it has none. Numbers are
 * scaled only where the key has a unit: Go's heap label `bytes` has none and stays a plain number.
 */
function labelText({ label, labelSet, strings }: Profile, set: number, key: string, unit: string): string {
  const rows: number[] = [];
  for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
    if (strings[label.key[i]] === key) {
      rows.push(i);
    }
  }
  const texts = rows.filter((i) => !label.isNumeric[i]).map((i) => strings[label.str[i]]);
  const numeric = rows.filter((i) => label.isNumeric[i]);
  const hasUnit = numeric.some((i) => label.unit[i] !== 0);
  const numbers = numeric.map((i) =>
    hasUnit ? scaledLabel(label.num[i], strings[label.unit[i]], unit) : scaledLabel(label.num[i], '', '')
  );
  return [...texts, ...numbers].join(',');
}

type Column = Uint32Array | Int32Array | Float64Array | Uint8Array | BigUint64Array;

function concat<T extends Column>(first: T, second: T): T {
  const joined = new (first.constructor as new (length: number) => T)(first.length + second.length);
  joined.set(first as never);
  joined.set(second as never, first.length);
  return joined;
}
