import { TextInterner } from '../profile/interner';
import { scaledLabel } from '../profile/measurement';
import type { Profile, StackTable } from '../profile/profile';
import { StackAppender } from './stacks';

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
): { profile: Profile; matched: { tagRoot: boolean; tagLeaf: boolean } } {
  const rootKeys = splitKeys(tagRoot);
  const leafKeys = splitKeys(tagLeaf);
  const matched = { tagRoot: tagRoot === '', tagLeaf: tagLeaf === '' };
  if (rootKeys.length === 0 && leafKeys.length === 0) {
    return { profile, matched };
  }
  const { sample, location, line } = profile;
  const strings = new TextInterner(profile.strings);
  const added = { name: [] as number[], filename: [] as number[] };
  const frames = new Map<string, number>();
  /** Location of a key and its value, made at its first use. */
  const frame = (key: string, value: string): number => {
    const id = `${key}\0${value}`;
    let row = frames.get(id);
    if (row === undefined) {
      frames.set(id, (row = location.length + added.name.length));
      added.name.push(strings.row(value));
      added.filename.push(strings.row(key));
    }
    return row;
  };

  // Frames are numbered as pprof makes them: sample by sample, the last key first.
  const framesOf = (keys: readonly string[], set: number, side: keyof typeof matched): number[] =>
    keys
      .map((_, i) => {
        const key = keys[keys.length - 1 - i];
        const values = labelTexts(profile, set, key, unit);
        matched[side] ||= values.length > 0;
        return frame(key, values.join(','));
      })
      .reverse();
  const rootOfSet: number[][] = [];
  const leafOfSet: number[][] = [];
  for (const set of sample.labelSet) {
    if (!rootOfSet[set]) {
      rootOfSet[set] = framesOf(rootKeys, set, 'tagRoot');
      leafOfSet[set] = framesOf(leafKeys, set, 'tagLeaf');
    }
  }

  const { sampleStack, table } = withFrames(profile, rootOfSet, leafOfSet);
  const count = added.name.length;
  const { function: func } = profile;
  const functionRows = Int32Array.from({ length: count }, (_, i) => func.length + i);
  const lineOffsets = Uint32Array.from({ length: count }, (_, i) => line.length + i + 1);
  const framed: Profile = Object.freeze({
    ...profile,
    strings: strings.texts,
    sample: { ...sample, stack: sampleStack },
    stack: table,
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
      labels: func.length,
    },
  });
  return { profile: framed, matched };
}

/**
 * Stacks with frames of a label list around them. Below one root the table is as it was, so its rows are copied as they
 * are met and nothing is looked up: a profile of many tenants has many times the paths then.
 * @param rootOfSet the frames' locations, rootmost first, by row of `labelSet`; sets that no sample has are missing
 */
function withFrames(
  { sample, stack }: Profile,
  rootOfSet: readonly number[][],
  leafOfSet: readonly number[][]
): { sampleStack: Uint32Array; table: StackTable } {
  const stacks = new StackAppender(stack.length * 2);
  const rootIds = rootOfSet.map((frames) => frames.join());
  const samplesOfRoot = new Map<string, number[]>();
  for (let i = 0; i < sample.length; i++) {
    const root = rootIds[sample.labelSet[i]];
    const samples = samplesOfRoot.get(root);
    if (samples) {
      samples.push(i);
    } else {
      samplesOfRoot.set(root, [i]);
    }
  }
  const chainBelow = (parent: number, frames: readonly number[], known: Map<string, number>): number => {
    let at = parent;
    for (const l of frames) {
      const id = `${at} ${l}`;
      const next = known.get(id) ?? stacks.append(at, l);
      known.set(id, next);
      at = next;
    }
    return at;
  };
  const sampleStack = new Uint32Array(sample.length);
  // Where each row went below the root at hand, and for which root that was noted.
  const copy = new Uint32Array(stack.length);
  const copiedFor = new Int32Array(stack.length).fill(-1);
  const roots = new Map<string, number>();
  const path: number[] = [];
  let root = 0;
  for (const samples of samplesOfRoot.values()) {
    copy[0] = chainBelow(0, rootOfSet[sample.labelSet[samples[0]]], roots);
    copiedFor[0] = root;
    const leaves = new Map<string, number>();
    for (const i of samples) {
      path.length = 0;
      let row = sample.stack[i];
      while (copiedFor[row] !== root) {
        path.push(row);
        row = stack.parent[row];
      }
      for (let k = path.length - 1; k >= 0; k--) {
        row = path[k];
        copy[row] = stacks.append(copy[stack.parent[row]], stack.location[row]);
        copiedFor[row] = root;
      }
      sampleStack[i] = chainBelow(copy[sample.stack[i]], leafOfSet[sample.labelSet[i]], leaves);
    }
    root++;
  }
  return { sampleStack, table: stacks.finish() };
}

const splitKeys = (list: string) => list.split(',').filter((key) => key !== '');

/**
 * The values a label list has for a key, texts before numbers. Numbers are scaled only where the key has a unit: Go's
 * heap label `bytes` has none and stays a plain number.
 */
function labelTexts({ label, labelSet, strings }: Profile, set: number, key: string, unit: string): string[] {
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
  return [...texts, ...numbers];
}

type Column = Uint32Array | Int32Array | Float64Array | Uint8Array | BigUint64Array;

function concat<T extends Column>(first: T, second: T): T {
  const joined = new (first.constructor as new (length: number) => T)(first.length + second.length);
  joined.set(first as never);
  joined.set(second as never, first.length);
  return joined;
}
