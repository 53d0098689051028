import { PairInterner } from '../profile/interner';
import type { LocationTable, Profile } from '../profile/profile';
import { stackOrder } from '../profile/stackOrder';

/**
 * pprof's call graph (google/pprof internal/graph): a node for each frame of a granularity, flat and cum of each, and the
 * edges between them. A node or an edge counts a sample once however often the sample passes it.
 */
export interface Graph {
  readonly names: readonly string[];
  readonly addresses: readonly bigint[];
  readonly nodeCount: number;
  readonly flat: Float64Array;
  readonly cum: Float64Array;
  /** Counts that flat and cum are divided by where means are asked; sums stay what nodes are sorted by. */
  readonly divisor?: { readonly flat: Float64Array; readonly cum: Float64Array };
  /** Edges from a caller to a callee. */
  readonly edge: {
    readonly length: number;
    readonly from: Int32Array;
    readonly to: Uint32Array;
    readonly weight: Float64Array;
    /** Every call on it was inlined. */
    readonly isInline: Uint8Array;
    /** A call on it went through nodes that are left out. */
    readonly isResidual: Uint8Array;
  };
}

/** What one node stands for; internal/driver, aggregate. */
export interface FrameOptions {
  readonly granularity?: 'functions' | 'filefunctions' | 'files' | 'lines' | 'addresses';
  readonly showColumns?: boolean;
  /** Lines were cut to one per location: addresses then say no column either. */
  readonly noInlines?: boolean;
  /** File names keep Bazel's working directory, which pprof cuts from graphs and not from traces. */
  readonly wholePaths?: boolean;
}

/**
 * The nodes that a profile's frames are at a granularity, as rows of one list. Two nodes may print the same: they
 * differ in their binary or in the line their function starts at.
 */
export interface Frames {
  /** As pprof prints them: address, function, file and line, whichever the granularity has. */
  readonly names: readonly string[];
  /** Address of each node, 0n where the granularity has none. */
  readonly addresses: readonly bigint[];
  /** Node of each row of `line`. */
  readonly line: Uint32Array;
  /** Node of each location without lines. */
  readonly location: Uint32Array;
}

/** Frames of a location table by granularity: a filter of samples or stacks shares the table. */
const knownFrames = new WeakMap<LocationTable, Map<string, Frames>>();

/** internal/graph, nodeInfo and NodeInfo.PrintableName. The same object for the same locations and options. */
export function frameNames(profile: Profile, options: FrameOptions = {}): Frames {
  const { granularity = 'functions', showColumns = false, noInlines = false, wholePaths = false } = options;
  const key = `${granularity} ${showColumns} ${noInlines} ${wholePaths}`;
  const known = knownFrames.get(profile.location) ?? new Map<string, Frames>();
  knownFrames.set(profile.location, known);
  const frames = known.get(key) ?? nameFrames(profile, { granularity, showColumns, noInlines, wholePaths });
  known.set(key, frames);
  return frames;
}

function nameFrames(
  profile: Profile,
  { granularity, showColumns, noInlines, wholePaths }: Required<FrameOptions>
): Frames {
  const { strings, function: func, line, location, mapping } = profile;
  const hasName = granularity !== 'files';
  const hasFile = granularity !== 'functions';
  const hasAddress = granularity === 'addresses';
  const hasLine = hasAddress || granularity === 'lines';
  const hasColumn = hasLine && (showColumns || (hasAddress && !noInlines));

  const names: string[] = [];
  const addresses: bigint[] = [];
  const rows = new Map<string, number>();
  const files = new Map<number, string>();
  const fileOf = (f: number): string => {
    const row = func.filename[f];
    let file = files.get(row);
    if (file === undefined) {
      file = cleanPath(wholePaths ? strings[row] : strings[row].replace(/^\/proc\/self\/cwd\/(\.\/)?/, ''));
      files.set(row, file);
    }
    return file;
  };
  const node = (l: number, k: number): number => {
    const f = k < 0 ? -1 : line.function[k];
    const address = hasAddress ? location.address[l] : 0n;
    const name = f >= 0 && hasName ? strings[func.name[f]] : '';
    const file = f >= 0 && hasFile ? fileOf(f) : '';
    const at = f >= 0 && hasLine ? line.line[k] : 0;
    const column = f >= 0 && hasColumn ? line.column[k] : 0;
    const binary = name === '' && location.mapping[l] >= 0 ? strings[mapping.filename[location.mapping[l]]] : '';
    const start = f >= 0 && name === '' ? func.startLine[f] : 0;
    const id = [address, name, file, at, column, binary, start].join('\0');
    let row = rows.get(id);
    if (row === undefined) {
      rows.set(id, (row = names.length));
      names.push(printableName(address, name, file, at, column, binary));
      addresses.push(address);
    }
    return row;
  };

  // At these two granularities a function with a name is its node wherever it is called.
  const byFunction = granularity === 'functions' || granularity === 'filefunctions';
  const ofFunction = new Int32Array(func.length).fill(-1);
  const lineNode = new Uint32Array(line.length);
  const locationNode = new Uint32Array(location.length);
  for (let l = 0; l < location.length; l++) {
    const first = location.lineOffset[l];
    const end = location.lineOffset[l + 1];
    for (let k = first; k < end; k++) {
      const f = line.function[k];
      if (!byFunction || f < 0 || strings[func.name[f]] === '') {
        lineNode[k] = node(l, k);
        continue;
      }
      if (ofFunction[f] < 0) {
        ofFunction[f] = node(l, k);
      }
      lineNode[k] = ofFunction[f];
    }
    if (first === end) {
      locationNode[l] = node(l, -1);
    }
  }
  return { names, addresses, line: lineNode, location: locationNode };
}

function printableName(
  address: bigint,
  name: string,
  file: string,
  line: number,
  column: number,
  binary: string
): string {
  const parts = address === 0n ? [] : [address.toString(16).padStart(16, '0')];
  if (name !== '') {
    parts.push(name);
  }
  if (line !== 0) {
    parts.push(`${file}:${line}${column === 0 ? '' : `:${column}`}`);
  } else if (file !== '') {
    parts.push(file);
  } else if (name === '') {
    parts.push(binary === '' ? '<unknown>' : `[${baseName(binary)}]`);
  }
  return parts.join(' ');
}

/** The last part of a path that is not empty (Go's filepath.Base). */
export const baseName = (path: string): string => /([^/]*)\/*$/.exec(path)?.[1] || '/';

/** A path without `.`, `..` and doubled slashes (Go's filepath.Clean); '' stays ''. */
function cleanPath(path: string): string {
  if (path === '' || !/(^|\/)\.{0,2}(\/|$)/.test(path)) {
    return path;
  }
  const isRooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') {
      continue;
    }
    if (part === '..' && kept.length > 0 && kept[kept.length - 1] !== '..') {
      kept.pop();
    } else if (part !== '..' || !isRooted) {
      kept.push(part);
    }
  }
  return (isRooted ? '/' : '') + kept.join('/') || '.';
}

/**
 * Builds the graph of one sample type: one walk over the stack table, whose rows have the totals of the samples that go
 * through them, so it costs what the distinct paths cost.
 * @param kept 1 for each frame that is a node; others are passed over, as pprof does after its cut-off
 * @param mean divides by the first sample type's values
 * @param withEdges false where only the nodes are asked for
 */
export function callGraph(
  profile: Profile,
  sampleIndex: number,
  frames: Frames,
  {
    kept,
    mean = false,
    withEdges = true,
  }: { readonly kept?: Uint8Array; readonly mean?: boolean; readonly withEdges?: boolean } = {}
): Graph {
  const { stack, location } = profile;
  const { rows, depth } = stackOrder(stack);
  const totals = rowTotals(profile, sampleIndex, mean);
  const nodeCount = frames.names.length;
  const flat = new Float64Array(nodeCount);
  const cum = new Float64Array(nodeCount);
  const divisor = mean ? { flat: new Float64Array(nodeCount), cum: new Float64Array(nodeCount) } : undefined;
  // No more edges than rows, inlined calls apart.
  const edges = new EdgeBuilder(withEdges ? stack.length : 0);

  // The walk's state below the row that it is at, by depth: the nearest node above, whether frames between are passed
  // over, and what the row was the first on its path to pass.
  const deepest = depth.reduce((most, d) => Math.max(most, d), 0);
  const nodeAbove = new Int32Array(deepest + 1).fill(-1);
  const isCutAbove = new Uint8Array(deepest + 1);
  const passedNodes = new Marks(nodeCount, deepest);
  const passedEdges = new Marks(withEdges ? stack.length : 0, deepest);

  for (const row of rows) {
    if (totals.hasSample[row] === 0) {
      continue;
    }
    const d = depth[row];
    passedNodes.leaveTo(d);
    passedEdges.leaveTo(d);
    let above = nodeAbove[d - 1];
    let isCut = isCutAbove[d - 1];
    const l = stack.location[row];
    const first = location.lineOffset[l];
    const last = location.lineOffset[l + 1] - 1;
    for (let k = Math.max(first, last); k >= first; k--) {
      const node = last < first ? frames.location[l] : frames.line[k];
      if (kept && kept[node] === 0) {
        isCut = 1;
        continue;
      }
      if (passedNodes.pass(node)) {
        cum[node] += totals.value[row];
        if (divisor) {
          divisor.cum[node] += totals.count[row];
        }
      }
      if (withEdges && above >= 0 && above !== node) {
        const edge = edges.find(above, node);
        if (passedEdges.pass(edge)) {
          edges.add(edge, totals.value[row], k < last, isCut === 1);
        }
      }
      above = node;
      isCut = 0;
    }
    nodeAbove[d] = above;
    isCutAbove[d] = isCut;
    if (above >= 0 && isCut === 0) {
      flat[above] += totals.ownValue[row];
      if (divisor) {
        divisor.flat[above] += totals.ownCount[row];
      }
    }
  }
  const { names, addresses } = frames;
  return { names, addresses, nodeCount, flat, cum, divisor, edge: edges.finish() };
}

/** By row of `stack`: values and counts of the samples that end there and of those that go through. */
function rowTotals({ sample, stack }: Profile, sampleIndex: number, mean: boolean) {
  const values = sample.values[sampleIndex];
  const counts = sample.values[0];
  const ownValue = new Float64Array(stack.length);
  const ownCount = new Float64Array(mean ? stack.length : 0);
  // A row may total 0 with samples that cancel: it is on a path of the graph then, and others are not.
  const hasSample = new Uint8Array(stack.length);
  for (let i = 0; i < sample.length; i++) {
    const row = sample.stack[i];
    ownValue[row] += values[i];
    if (mean) {
      ownCount[row] += counts[i];
    }
    if (values[i] !== 0 || (mean && counts[i] !== 0)) {
      hasSample[row] = 1;
    }
  }
  const value = ownValue.slice();
  const count = ownCount.slice();
  for (let row = stack.length - 1; row > 0; row--) {
    const parent = stack.parent[row];
    value[parent] += value[row];
    hasSample[parent] |= hasSample[row];
    if (mean) {
      count[parent] += count[row];
    }
  }
  return { value, count, ownValue, ownCount, hasSample };
}

/** What a walk has passed on the path that it is on. */
class Marks {
  private isOn: Uint8Array;
  private readonly passed: number[] = [];
  /** Length of `passed` when the row of a depth was entered. */
  private readonly start: Uint32Array;
  private depth = 0;

  constructor(expected: number, deepest: number) {
    this.isOn = new Uint8Array(expected);
    this.start = new Uint32Array(deepest + 2);
  }

  /** The walk enters a row of this depth: what rows of this depth and deeper passed is not on the path any more. */
  leaveTo(depth: number): void {
    if (depth <= this.depth) {
      for (let k = this.passed.length; k > this.start[depth]; k--) {
        this.isOn[this.passed.pop() as number] = 0;
      }
    }
    this.depth = depth;
    this.start[depth] = this.passed.length;
  }

  /** True at the first time on this path. */
  pass(mark: number): boolean {
    if (mark >= this.isOn.length) {
      this.isOn = grown(this.isOn, new Uint8Array(mark * 2 + 1024));
    }
    if (this.isOn[mark] === 1) {
      return false;
    }
    this.isOn[mark] = 1;
    this.passed.push(mark);
    return true;
  }
}

class EdgeBuilder {
  private readonly pairs: PairInterner;
  private weight = new Float64Array(1024);
  private isInline = new Uint8Array(1024);
  private isResidual = new Uint8Array(1024);
  private known = 0;

  constructor(expected: number) {
    this.pairs = new PairInterner(expected);
  }

  find(from: number, to: number): number {
    return this.pairs.intern(from, to);
  }

  add(edge: number, weight: number, isInline: boolean, isResidual: boolean): void {
    if (edge === this.weight.length) {
      this.weight = grown(this.weight, new Float64Array(edge * 2));
      this.isInline = grown(this.isInline, new Uint8Array(edge * 2));
      this.isResidual = grown(this.isResidual, new Uint8Array(edge * 2));
    }
    if (edge === this.known) {
      this.known++;
      this.isInline[edge] = 1;
    }
    this.weight[edge] += weight;
    this.isInline[edge] &= isInline ? 1 : 0;
    this.isResidual[edge] |= isResidual ? 1 : 0;
  }

  finish(): Graph['edge'] {
    const { length, first: from, second: to } = this.pairs.finish();
    return { length, from, to, weight: this.weight, isInline: this.isInline, isResidual: this.isResidual };
  }
}

function grown<T extends Float64Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** A node's own value as a report shows it: a mean is cut to a whole number, as Go divides. */
export const flatValue = ({ flat, divisor }: Graph, node: number): number =>
  divisor && divisor.flat[node] !== 0 ? Math.trunc(flat[node] / divisor.flat[node]) : flat[node];

/** A node's value with its callees as a report shows it. */
export const cumValue = ({ cum, divisor }: Graph, node: number): number =>
  divisor && divisor.cum[node] !== 0 ? Math.trunc(cum[node] / divisor.cum[node]) : cum[node];

/** The nodes with a value. */
export function shownNodes({ nodeCount, flat, cum }: Graph, dropNegative: boolean): Uint32Array {
  const nodes = new Uint32Array(nodeCount);
  let length = 0;
  for (let node = 0; node < nodeCount; node++) {
    const isNegative = flat[node] < 0 || (flat[node] === 0 && cum[node] < 0);
    if ((flat[node] !== 0 || cum[node] !== 0) && !(dropNegative && isNegative)) {
      nodes[length++] = node;
    }
  }
  return nodes.slice(0, length);
}

/** Sorts nodes as pprof does: by flat or cum, then by name. */
export function sortNodes(nodes: Uint32Array, graph: Graph, by: 'flat' | 'cum'): Uint32Array {
  const { flat, cum } = graph;
  const [first, second] = by === 'flat' ? [flat, cum] : [cum, flat];
  const byName = nameOrder(graph);
  return nodes.sort(
    (a, b) =>
      Math.abs(first[b]) - Math.abs(first[a]) || byName(a, b) || Math.abs(second[b]) - Math.abs(second[a]) || a - b
  );
}

/** Compares nodes by address, where they have one, else by name (comparePrintableName). */
export const nameOrder =
  ({ names, addresses }: Graph) =>
  (a: number, b: number): number =>
    addresses[a] !== 0n && addresses[b] !== 0n && addresses[a] !== addresses[b]
      ? addresses[a] < addresses[b]
        ? -1
        : 1
      : compareText(names[a], names[b]);

/** Go's order of strings: by bytes of UTF-8, which is the order of code points. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) {
      // Surrogates sort above every other unit but 0xe000 to 0xffff, which are below them in UTF-8.
      const surrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
      return surrogate(x) !== surrogate(y) ? (surrogate(x) ? 1 : -1) : x - y;
    }
  }
  return a.length - b.length;
}
