import { OpenStack, TextTables } from '../goroutine/tables';
import type { Generation } from './batches';
import { IdTable } from './idTable';
import type { EventSink, OrderedGeneration } from './reader';
import { Varints } from './varints';

/**
 * The stacks of a trace as rows of a profile, read where they are used. Each generation has ids of its own; that two stacks are
 * one is said by the addresses of their calls, as in Go's profiles of traces.
 */
export class TraceStacks implements EventSink {
  readonly tables: TextTables;
  private readonly varints: Varints;
  private readonly open = new OpenStack();
  /** Row of `location` of an address. */
  private readonly locations = new Map<number, number>();
  /** Row + 1 of a stack's id in the generation. */
  private rows = new IdTable();
  /** Row + 2 of the text of its root function, 1 for none. */
  private roots = new IdTable();
  private generation!: Generation;

  constructor(bytes: Uint8Array) {
    this.tables = new TextTables(bytes);
    this.varints = new Varints(bytes);
    this.varints.end = bytes.length;
  }

  startGeneration({ batches }: OrderedGeneration): void {
    this.generation = batches;
    this.rows = new IdTable();
    this.roots = new IdTable();
  }

  /** Stacks are read where events are taken that name them. */
  take(): void {}

  /** Row of `stack` of a stack's id in the generation; 0, the empty stack, for none. */
  row(id: number): number {
    if (id === 0) {
      return 0;
    }
    const known = this.rows.get(id);
    if (known > 0) {
      return known - 1;
    }
    const row = this.read(id);
    this.rows.add(id, row + 1);
    return row;
  }

  /** Row of `strings` of the function that a stack begins with, -1 where it says none. */
  rootFunction(id: number): number {
    const known = this.roots.get(id);
    if (known > 0) {
      return known - 2;
    }
    const root = this.readRoot(id);
    this.roots.add(id, root + 2);
    return root;
  }

  private readRoot(id: number): number {
    const addresses = this.addresses(id);
    // Go goes on to the call above where one has no name.
    for (let i = addresses.length - 1; i >= 0; i--) {
      const name = this.frame(addresses[i]).name;
      if (name !== this.tables.string('')) {
        return name;
      }
    }
    return -1;
  }

  private read(id: number): number {
    const { open, tables } = this;
    const addresses = this.addresses(id);
    open.depth = 0;
    // What the runtime itself does has the one call 0: Go's profiles take that for no stack.
    let depth = addresses.length;
    while (depth > 0 && addresses[depth - 1] === 0) {
      depth--;
    }
    for (let i = 0; i < depth; i++) {
      open.push(this.location(addresses[i]));
    }
    return tables.stack(open);
  }

  private location(address: number): number {
    let row = this.locations.get(address);
    if (row === undefined) {
      const { tables } = this;
      const { name, file, line } = this.frame(address);
      const words = tables.address(Math.floor(address / 2 ** 32), address % 2 ** 32);
      this.locations.set(address, (row = tables.location(tables.line(-1, tables.function(name, file), line), words)));
    }
    return row;
  }

  /** Addresses of the calls of a stack, the leaf first. */
  private addresses(id: number): number[] {
    const at = this.generation.stacks.get(id);
    if (at === 0) {
      return [];
    }
    const { varints } = this;
    varints.pos = at;
    return Array.from({ length: varints.next() }, () => {
      const address = varints.next();
      varints.skip(3);
      return address;
    });
  }

  private frame(address: number): { name: number; file: number; line: number } {
    const { varints } = this;
    varints.pos = this.generation.frames.get(address) as number;
    const [name, file, line] = [varints.next(), varints.next(), varints.next()];
    return { name: this.text(name), file: this.text(file), line };
  }

  /** Row of `strings` of a text's id in the generation. */
  text(id: number): number {
    const { varints, tables } = this;
    const at = this.generation.texts.get(id);
    if (at === 0) {
      return tables.string('');
    }
    varints.pos = at;
    const length = varints.next();
    return length === 0 ? tables.string('') : tables.text(varints.pos, varints.pos + length);
  }
}
