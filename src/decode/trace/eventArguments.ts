import { Varints } from './varints';

/** Arguments of events, read from the file again where they are wanted. */
export class EventArguments {
  private readonly varints: Varints;

  constructor(bytes: Uint8Array) {
    this.varints = new Varints(bytes);
    this.varints.end = bytes.length;
  }

  /** An argument of the event at `offset`, counted from 0 after its time. */
  read(offset: number, index: number): number {
    const { varints } = this;
    varints.pos = offset + 1;
    varints.skip(index + 1);
    return varints.next();
  }

  /** The argument after the one that was read last. */
  next(): number {
    return this.varints.next();
  }
}
