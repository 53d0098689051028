import { PairInterner } from '../profile/interner';
import type { LocationTable, Profile } from '../profile/profile';

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
  /** Edges from a caller to a callee, in the order of their first sample. */
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
  const { granularity = 'functions', showColumns = false, noInlines = false } = options;
  const key = `${granularity} ${showColumns} ${noInlines}`;
  const known = knownFrames.get(profile.location) ?? new Map<string, Frames>();
  knownFrames.set(profile.location, known);
  const frames = known.get(key) ?? nameFrames(profile, { granularity, showColumns, noInlines });
  known.set(key, frames);
  return frames;
}

function nameFrames(profile: Profile, { granularity, showColumns, noInlines }: Required<FrameOptions>): Frames {
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
      files.set(row, (file = cleanPath(strings[row])));
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
    parts.push(binary === '' ? '<unknown>' : `[${binary.slice(binary.lastIndexOf('/') + 1)}]`);
  }
  return parts.join(' ');
}

/** A file name without Bazel's working directory, `.`, `..` and doubled slashes: trimPath and Go's filepath.Clean. */
function cleanPath(path: string): string {
  const trimmed = path.replace(/^\/proc\/self\/cwd\/(\.\/)?/, '');
  if (!/(^|\/)\.{0,2}(\/|$)/.test(trimmed)) {
    return trimmed;
  }
  if (trimmed === '') {
    return '';
  }
  const isRooted = trimmed.startsWith('/');
  const kept: string[] = [];
  for (const part of trimmed.split('/')) {
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
 * Builds the graph of one sample type.
 * @param kept 1 for each frame that is a node; others are passed over, as pprof does after its cut-off
 * @param mean divides by the first sample type's values
 */
export function callGraph(
  profile: Profile,
  sampleIndex: number,
  frames: Frames,
  { kept, mean = false }: { readonly kept?: Uint8Array; readonly mean?: boolean } = {}
): Graph {
  const { sample, stack, location } = profile;
  const values = sample.values[sampleIndex];
  const nodeCount = frames.names.length;
  const flat = new Float64Array(nodeCount);
  const cum = new Float64Array(nodeCount);
  const counts = sample.values[0];
  const divisor = mean ? { flat: new Float64Array(nodeCount), cum: new Float64Array(nodeCount) } : undefined;
  const edges = new PairInterner(nodeCount * 2);
  let weight = new Float64Array(1024);
  let isInline = new Uint8Array(1024);
  let isResidual = new Uint8Array(1024);
  // The number of the sample that passed a node or an edge last.
  const seenNode = new Int32Array(nodeCount).fill(-1);
  let seenEdge = new Int32Array(1024).fill(-1);
  let path = new Uint32Array(128);

  for (let i = 0; i < sample.length; i++) {
    const value = values[i];
    if (value === 0 && !(divisor && counts[i] !== 0)) {
      continue;
    }
    let depth = 0;
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      if (depth === path.length) {
        const longer = new Uint32Array(depth * 2);
        longer.set(path);
        path = longer;
      }
      path[depth++] = stack.location[row];
    }
    let parent = -1;
    let isCut = false;
    while (depth-- > 0) {
      const l = path[depth];
      const first = location.lineOffset[l];
      const last = location.lineOffset[l + 1] - 1;
      for (let k = Math.max(first, last); k >= first; k--) {
        const node = last < first ? frames.location[l] : frames.line[k];
        if (kept && kept[node] === 0) {
          isCut = true;
          continue;
        }
        if (seenNode[node] !== i) {
          seenNode[node] = i;
          cum[node] += value;
          if (divisor) {
            divisor.cum[node] += counts[i];
          }
        }
        if (parent >= 0 && parent !== node) {
          const known = edges.length;
          const edge = edges.intern(parent, node);
          if (edge === weight.length) {
            weight = grown(weight, new Float64Array(edge * 2));
            isInline = grown(isInline, new Uint8Array(edge * 2));
            isResidual = grown(isResidual, new Uint8Array(edge * 2));
            seenEdge = grown(seenEdge, new Int32Array(edge * 2).fill(-1));
          }
          if (seenEdge[edge] !== i) {
            seenEdge[edge] = i;
            weight[edge] += value;
            const inlined = k < last ? 1 : 0;
            const cut = isCut ? 1 : 0;
            isInline[edge] = edge === known ? inlined : isInline[edge] & inlined;
            isResidual[edge] |= cut;
          }
        }
        parent = node;
        isCut = false;
      }
    }
    if (parent >= 0 && !isCut) {
      flat[parent] += value;
      if (divisor) {
        divisor.flat[parent] += counts[i];
      }
    }
  }
  const { length, first: from, second: to } = edges.finish();
  const { names, addresses } = frames;
  return { names, addresses, nodeCount, flat, cum, divisor, edge: { length, from, to, weight, isInline, isResidual } };
}

function grown<T extends Float64Array | Uint8Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** A node's own value as a report shows it: a mean is cut to a whole number, as Go divides. */
export const flatValue = ({ flat, divisor }: Graph, node: number): number =>
  divisor && divisor.flat[node] !== 0 ? Math.trunc(flat[node] / divisor.flat[node]) : flat[node];

/** A node's value with its callees as a report shows it. */
export const cumValue = ({ cum, divisor }: Graph, node: number): number =>
  divisor && divisor.cum[node] !== 0 ? Math.trunc(cum[node] / divisor.cum[node]) : cum[node];

/** Rows of the nodes with a value, sorted as pprof sorts them: by flat or cum, then by name. */
export function sortedNodes(graph: Graph, by: 'flat' | 'cum', dropNegative = false): Uint32Array {
  const { names, flat, cum } = graph;
  const [first, second] = by === 'flat' ? [flat, cum] : [cum, flat];
  const isShown = (node: number) =>
    (flat[node] !== 0 || cum[node] !== 0) && !(dropNegative && (flat[node] < 0 || (flat[node] === 0 && cum[node] < 0)));
  const byName = nameOrder(graph);
  return Uint32Array.from(names.keys())
    .filter(isShown)
    .sort(
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
