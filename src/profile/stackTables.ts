/** Texts, and the tables that the rows of stacks are of. */
export interface StackTables {
  /** Interned text. Row 0 is ''. */
  readonly strings: readonly string[];
  readonly stack: StackTable;
  readonly location: LocationTable;
  readonly line: LineTable;
  readonly function: FunctionTable;
  readonly mapping: MappingTable;
}

/**
 * Stacks as a prefix table, so that a call path is stored once however many samples share it.
 * Row 0 is the empty stack: parent -1, location unused. Parents come before children (parent[i] < i), so what a
 * row inherits is one forward pass and what it totals is one backward pass.
 *
 *   main→f→g and main→f→h        row  parent  location
 *                                 0     -1       –
 *                                 1      0      main      (rootmost)
 *                                 2      1      f
 *                                 3      2      g
 *                                 4      2      h
 *
 * No two rows have the same (parent, location).
 */
export interface StackTable {
  readonly length: number;
  readonly parent: Int32Array;
  readonly location: Uint32Array;
}

export interface LocationTable {
  readonly length: number;
  readonly address: BigUint64Array;
  /** Row of `mapping`, -1 for none. */
  readonly mapping: Int32Array;
  /**
   * length + 1 offsets into `line`. Lines keep pprof's order: the innermost inlined call first, the physical
   * caller last. A location without lines is unsymbolized.
   */
  readonly lineOffset: Uint32Array;
  readonly isFolded: Uint8Array;
}

export interface LineTable {
  readonly length: number;
  /** Row of `function`, -1 for none. */
  readonly function: Int32Array;
  readonly line: Float64Array;
  readonly column: Float64Array;
}

/** Text columns are rows of Profile.strings. */
export interface FunctionTable {
  readonly length: number;
  readonly name: Uint32Array;
  readonly systemName: Uint32Array;
  readonly filename: Uint32Array;
  readonly startLine: Float64Array;
  /** The functions from this row on are values of labels (tagroot, tagleaf). Without it there are none. */
  readonly labels?: number;
}

export interface MappingTable {
  readonly length: number;
  readonly start: BigUint64Array;
  readonly limit: BigUint64Array;
  readonly offset: BigUint64Array;
  readonly filename: Uint32Array;
  readonly buildId: Uint32Array;
  /** Bits of MappingFlag. */
  readonly flags: Uint8Array;
}

export const MappingFlag = { functions: 1, filenames: 2, lineNumbers: 4, inlineFrames: 8 } as const;
