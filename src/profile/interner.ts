import { grouped, tooLarge } from '../text/notice';

/** Rows of a column that has to grow. @throws InputError where it has as many as it may */
export function grownRows(rows: number, factor: number, maxRows: number, what: string): number {
  if (rows >= maxRows) {
    throw tooLarge(`it has more than ${grouped(maxRows)} ${what}`);
  }
  return Math.min(Math.ceil(rows * factor), maxRows);
}

/**
 * Rows for distinct pairs of an int32 and a uint32. Nothing is allocated for a pair that is known. Rows are numbered in
 * the order of their first appearance.
 */
export class PairInterner {
  first: Int32Array;
  second: Uint32Array;
  length = 0;
  /** Open addressing: row + 1 of a pair that is not in the row after its first, 0 for a free slot. */
  private slots: Int32Array;
  private hashed = 0;

  /**
   * @param arePaths each first is a row that is known already, as `pathInterner` says
   * @param maxRows over which `intern` throws an InputError
   */
  constructor(
    expected = 1024,
    private readonly arePaths = false,
    private readonly maxRows = Infinity
  ) {
    let capacity = 1024;
    while (capacity < expected) {
      capacity *= 2;
    }
    // Of paths a third is hashed, or fewer: what is small stays in the processor's cache.
    this.slots = new Int32Array(arePaths ? Math.max(1024, capacity / 2) : capacity);
    this.first = new Int32Array(capacity);
    this.second = new Uint32Array(capacity);
  }

  /** Bytes of its columns and slots. */
  get bytes(): number {
    return this.first.byteLength + this.second.byteLength + this.slots.byteLength;
  }

  /** The row of the pair, new if it was not there. */
  intern(first: number, second: number): number {
    const next = (first + 1) >>> 0;
    if (next < this.length && this.second[next] === second && this.first[next] === first) {
      return next;
    }
    return this.internHashed(first, second);
  }

  /** A copy of the two columns, cut to length. */
  finish(): { length: number; first: Int32Array; second: Uint32Array } {
    const { length } = this;
    return { length, first: this.first.slice(0, length), second: this.second.slice(0, length) };
  }

  private internHashed(first: number, second: number): number {
    const { slots, length: row } = this;
    // The newest row has no children yet.
    if (!this.arePaths || first !== row - 1) {
      const mask = slots.length - 1;
      let slot = hashPair(first, second) & mask;
      for (let taken = slots[slot]; taken > 0; taken = slots[slot]) {
        if (this.first[taken - 1] === first && this.second[taken - 1] === second) {
          return taken - 1;
        }
        slot = (slot + 1) & mask;
      }
      slots[slot] = row + 1;
      this.hashed++;
    }
    if (row === this.first.length) {
      this.growColumns();
    }
    this.first[row] = first;
    this.second[row] = second;
    this.length++;
    if (this.hashed * 2 > slots.length) {
      this.growSlots();
    }
    return row;
  }

  private growColumns(): void {
    const first = new Int32Array(grownRows(this.first.length, 2, this.maxRows, 'different calls or stacks'));
    const second = new Uint32Array(first.length);
    first.set(this.first);
    second.set(this.second);
    Object.assign(this, { first, second });
  }

  private growSlots(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    for (const taken of this.slots) {
      if (taken > 0) {
        let slot = hashPair(this.first[taken - 1], this.second[taken - 1]) & mask;
        while (slots[slot] > 0) {
          slot = (slot + 1) & mask;
        }
        slots[slot] = taken;
      }
    }
    this.slots = slots;
  }
}

/**
 * Rows for the paths of a tree: pairs of a parent's row and a location or name, parents before children. Row 0 is the
 * root, (-1, root).
 *
 * From some frame on a path is mostly new: main→f→g→h makes rows 1 to 4, each the child of the row before. Such a child is
 * found in the row after its parent and is in no hash table; only where a path leaves a known one is a pair hashed.
 */
export function pathInterner(expected: number, root = 0): PairInterner {
  const paths = new PairInterner(expected, true);
  paths.intern(-1, root);
  return paths;
}

// Two odd multipliers and a final mix: pairs are small, dense integers, which a plain sum would cluster.
function hashPair(first: number, second: number): number {
  let h = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h, 0x2c1b3c6d);
  return h ^ (h >>> 13);
}

/** Rows for texts: those there are keep theirs, a new one goes behind them. Of equal ones among the first the last counts. */
export class TextInterner {
  readonly texts: string[];
  private readonly rows: Map<string, number>;

  /** @param asked all that will be asked for, where that is known: of many texts few then */
  constructor(texts: readonly string[], asked?: ReadonlySet<string>) {
    this.texts = [...texts];
    this.rows = new Map();
    for (let row = 0; row < texts.length; row++) {
      if (!asked || asked.has(texts[row])) {
        this.rows.set(texts[row], row);
      }
    }
  }

  row(text: string): number {
    let row = this.rows.get(text);
    if (row === undefined) {
      this.rows.set(text, (row = this.texts.length));
      this.texts.push(text);
    }
    return row;
  }
}
