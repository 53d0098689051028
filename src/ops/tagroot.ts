import { TextInterner } from '../profile/interner';
import { usedSets } from '../profile/labels';
import { scaledLabel } from '../profile/measurement';
import { once } from '../profile/once';
import type { Profile, StackTable } from '../profile/profile';
import { noteUntagged } from '../profile/untagged';
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
 *
 * The samples and their stacks, of which there are many more than before, are made when they are first read: a flame graph of
 * all of them has what it needs in `untaggedOf`.
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
  const frames = new LabelFrames(profile, unit);
  const framesOf = (keys: readonly string[], set: number, side: keyof typeof matched): number[] => {
    const around = frames.of(keys, set);
    matched[side] ||= around.hasValues;
    return around.locations;
  };
  const rootOfSet: number[][] = [];
  const leafOfSet: number[][] = [];
  for (const set of usedSets(profile)) {
    rootOfSet[set] = framesOf(rootKeys, set, 'tagRoot');
    leafOfSet[set] = framesOf(leafKeys, set, 'tagLeaf');
  }
  const made = once(() => withFrames(profile, rootOfSet, leafOfSet));
  const framed: Profile = Object.freeze({
    ...profile,
    ...frames.tables(),
    get sample() {
      return made().sample;
    },
    get stack() {
      return made().stack;
    },
  });
  if (leafKeys.length === 0) {
    noteUntagged(framed, { profile, rootOfSet });
  }
  return { profile: framed, matched };
}

/** Frames of label values: a location, a line and a function each, behind those of the profile. */
class LabelFrames {
  private readonly name: string[] = [];
  private readonly filename: string[] = [];
  /** Location of a key and its value, made at its first use. */
  private readonly locations = new Map<string, number>();

  constructor(
    private readonly profile: Profile,
    private readonly unit: string
  ) {}

  /**
   * The frames of a label list, one for each key, the rootmost first. They are numbered as pprof makes them: sample by
   * sample, the last key first.
   */
  of(keys: readonly string[], set: number): { locations: number[]; hasValues: boolean } {
    let hasValues = false;
    const locations = [...keys].reverse().map((key) => {
      const values = labelTexts(this.profile, set, key, this.unit);
      hasValues ||= values.length > 0;
      return this.frame(key, values.join(','));
    });
    return { locations: locations.reverse(), hasValues };
  }

  /** The profile's tables with them. */
  tables(): Pick<Profile, 'strings' | 'location' | 'line' | 'function'> {
    const { profile } = this;
    const { location, line, function: func } = profile;
    const count = this.name.length;
    const strings = new TextInterner(profile.strings, new Set([...this.name, ...this.filename]));
    const names = this.name.map((name, i) => [strings.row(name), strings.row(this.filename[i])]);
    const functionRows = Int32Array.from({ length: count }, (_, i) => func.length + i);
    const lineOffsets = Uint32Array.from({ length: count }, (_, i) => line.length + i + 1);
    return {
      strings: strings.texts,
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
        name: concat(
          func.name,
          Uint32Array.from(names, ([name]) => name)
        ),
        systemName: concat(func.systemName, new Uint32Array(count)),
        filename: concat(
          func.filename,
          Uint32Array.from(names, ([, filename]) => filename)
        ),
        startLine: concat(func.startLine, new Float64Array(count)),
        labels: func.length,
      },
    };
  }

  private frame(key: string, value: string): number {
    const id = `${key}\0${value}`;
    let row = this.locations.get(id);
    if (row === undefined) {
      row = this.profile.location.length + this.name.length;
      this.locations.set(id, row);
      this.name.push(value);
      this.filename.push(key);
    }
    return row;
  }
}

/**
 * Stacks with frames of a label list around them. Below one root the table is as it was, so its rows are copied as they
 * are met and nothing is looked up: a profile of many tenants has many times the paths then.
 * @param rootOfSet the frames' locations, rootmost first, by row of `labelSet`; sets that no sample has are missing
 */
function withFrames(
  profile: Profile,
  rootOfSet: readonly number[][],
  leafOfSet: readonly number[][]
): Pick<Profile, 'sample' | 'stack'> {
  const { sample, stack } = profile;
  const stacks = new StackAppender(stack.length * 2);
  const copies = new StackCopies(stack, stacks);
  const sampleStack = new Uint32Array(sample.length);
  const roots = new Map<string, number>();
  for (const samples of samplesByRoot(profile, rootOfSet)) {
    copies.startBelow(chainBelow(0, rootOfSet[sample.labelSet[samples[0]]], roots, stacks));
    const leaves = new Map<string, number>();
    for (const i of samples) {
      const copy = copies.of(sample.stack[i]);
      sampleStack[i] = chainBelow(copy, leafOfSet[sample.labelSet[i]], leaves, stacks);
    }
  }
  return { sample: { ...sample, stack: sampleStack }, stack: stacks.finish() };
}

/** Rows of samples that have the same frames at their root. */
function samplesByRoot({ sample }: Profile, rootOfSet: readonly number[][]): Iterable<readonly number[]> {
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
  return samplesOfRoot.values();
}

/** The row of frames below a row. @param known the rows made so far, by their parent and frame */
function chainBelow(
  parent: number,
  frames: readonly number[],
  known: Map<string, number>,
  stacks: StackAppender
): number {
  let at = parent;
  for (const l of frames) {
    const id = `${at} ${l}`;
    const next = known.get(id) ?? stacks.append(at, l);
    known.set(id, next);
    at = next;
  }
  return at;
}

/** Copies of the rows of a stack table, below one root after the other. */
class StackCopies {
  /** Where each row went below the root at hand, and for which root that was noted. */
  private readonly copy: Uint32Array;
  private readonly copiedFor: Int32Array;
  private readonly path: number[] = [];
  private root = -1;

  constructor(
    private readonly stack: StackTable,
    private readonly stacks: StackAppender
  ) {
    this.copy = new Uint32Array(stack.length);
    this.copiedFor = new Int32Array(stack.length).fill(-1);
  }

  startBelow(parent: number): void {
    this.root++;
    this.copy[0] = parent;
    this.copiedFor[0] = this.root;
  }

  /** The copy of a row, made with what of its path is not copied yet. */
  of(leaf: number): number {
    const { stack, stacks, copy, copiedFor, path, root } = this;
    path.length = 0;
    for (let row = leaf; copiedFor[row] !== root; row = stack.parent[row]) {
      path.push(row);
    }
    for (let k = path.length - 1; k >= 0; k--) {
      const row = path[k];
      copy[row] = stacks.append(copy[stack.parent[row]], stack.location[row]);
      copiedFor[row] = root;
    }
    return copy[leaf];
  }
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
    label.str[i] !== 0
      ? strings[label.str[i]] // All digits of a number beyond ±2^53.
      : hasUnit
        ? scaledLabel(label.num[i], strings[label.unit[i]], unit)
        : scaledLabel(label.num[i], '', '')
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
