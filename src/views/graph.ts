import { PairInterner } from '../profile/interner';
import type { Profile } from '../profile/profile';

/**
 * pprof's call graph at function granularity (google/pprof internal/graph): one node per function name, flat and cum of
 * each, and the edges between them. A node or an edge counts a sample once however often the sample passes it.
 */
export interface Graph {
  readonly names: readonly string[];
  readonly nodeCount: number;
  readonly flat: Float64Array;
  readonly cum: Float64Array;
  /** Edges from a caller to a callee, in the order of their first sample. */
  readonly edge: {
    readonly length: number;
    readonly from: Int32Array;
    readonly to: Uint32Array;
    readonly weight: Float64Array;
    /** Every call on it was inlined. */
    readonly isInline: Uint8Array;
  };
}

/** Names of the frames a profile's stacks are made of, as rows of one list. */
export interface FrameNames {
  readonly names: readonly string[];
  /** Of each row of `line`. */
  readonly line: Uint32Array;
  /** Of each location without lines. */
  readonly location: Uint32Array;
}

/** What pprof shows where there is no function: the binary's name in brackets, else <unknown> (graph.NodeInfo). */
export function frameNames(profile: Profile): FrameNames {
  const { strings, function: func, line, location, mapping } = profile;
  const names: string[] = [];
  const rows = new Map<string, number>();
  const row = (text: string): number => {
    let at = rows.get(text);
    if (at === undefined) {
      rows.set(text, (at = names.length));
      names.push(text);
    }
    return at;
  };
  const unnamed = (l: number): string => {
    const binary = location.mapping[l] < 0 ? '' : strings[mapping.filename[location.mapping[l]]];
    return binary === '' ? '<unknown>' : `[${binary.slice(binary.lastIndexOf('/') + 1)}]`;
  };
  const lineName = new Uint32Array(line.length);
  const locationName = new Uint32Array(location.length);
  for (let l = 0; l < location.length; l++) {
    const first = location.lineOffset[l];
    const end = location.lineOffset[l + 1];
    for (let k = first; k < end; k++) {
      const f = line.function[k];
      lineName[k] = row((f < 0 ? '' : strings[func.name[f]]) || unnamed(l));
    }
    if (first === end) {
      locationName[l] = row(unnamed(l));
    }
  }
  return { names, line: lineName, location: locationName };
}

/**
 * Builds the graph of one sample type.
 * @param kept 1 for each name that is a node; others are passed over, as pprof does after its cut-off
 */
export function callGraph(profile: Profile, sampleIndex: number, frames: FrameNames, kept?: Uint8Array): Graph {
  const { sample, stack, location } = profile;
  const values = sample.values[sampleIndex];
  const nodeCount = frames.names.length;
  const flat = new Float64Array(nodeCount);
  const cum = new Float64Array(nodeCount);
  const edges = new PairInterner(nodeCount * 2);
  let weight = new Float64Array(1024);
  let isInline = new Uint8Array(1024);
  // The number of the sample that passed a node or an edge last.
  const seenNode = new Int32Array(nodeCount).fill(-1);
  let seenEdge = new Int32Array(1024).fill(-1);
  let path = new Uint32Array(128);

  for (let i = 0; i < sample.length; i++) {
    const value = values[i];
    if (value === 0) {
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
    let isResidual = false;
    while (depth-- > 0) {
      const l = path[depth];
      const first = location.lineOffset[l];
      const last = location.lineOffset[l + 1] - 1;
      for (let k = Math.max(first, last); k >= first; k--) {
        const node = last < first ? frames.location[l] : frames.line[k];
        if (kept && kept[node] === 0) {
          isResidual = true;
          continue;
        }
        if (seenNode[node] !== i) {
          seenNode[node] = i;
          cum[node] += value;
        }
        if (parent >= 0 && parent !== node) {
          const known = edges.length;
          const edge = edges.intern(parent, node);
          if (edge === weight.length) {
            weight = grown(weight, new Float64Array(edge * 2));
            isInline = grown(isInline, new Uint8Array(edge * 2));
            seenEdge = grown(seenEdge, new Int32Array(edge * 2).fill(-1));
          }
          if (seenEdge[edge] !== i) {
            seenEdge[edge] = i;
            weight[edge] += value;
            const inlined = k < last ? 1 : 0;
            isInline[edge] = edge === known ? inlined : isInline[edge] & inlined;
          }
        }
        parent = node;
        isResidual = false;
      }
    }
    if (parent >= 0 && !isResidual) {
      flat[parent] += value;
    }
  }
  const { length, first: from, second: to } = edges.finish();
  return { names: frames.names, nodeCount, flat, cum, edge: { length, from, to, weight, isInline } };
}

function grown<T extends Float64Array | Uint8Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** Sum of the absolute values of a sample type: what pprof's percentages are of. */
export function totalValue({ sample }: Profile, sampleIndex: number): number {
  let total = 0;
  for (const value of sample.values[sampleIndex]) {
    total += Math.abs(value);
  }
  return total;
}

/** Rows of the nodes with a value, sorted as pprof sorts them: by flat or cum, then by name. */
export function sortedNodes({ names, flat, cum }: Graph, by: 'flat' | 'cum'): Uint32Array {
  const first = by === 'flat' ? flat : cum;
  const rows = Uint32Array.from(names.keys()).filter((node) => flat[node] !== 0 || cum[node] !== 0);
  return rows.sort((a, b) => Math.abs(first[b]) - Math.abs(first[a]) || compareText(names[a], names[b]));
}

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
