/** Where and why a trace cannot be read on. It ends the reading, and what was whole before it stays. */
export class TraceFault extends Error {
  override name = 'TraceFault';

  /** @param offset in the unpacked file, near what is wrong; -1 where that is in no one place */
  constructor(
    message: string,
    readonly offset = -1
  ) {
    super(message);
  }
}
