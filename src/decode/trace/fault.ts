import { TooLarge } from '../../text/notice';

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

/** @param what of a trace is too much, how much there is and what the limit is */
export const traceTooLarge = (what: string): TooLarge =>
  new TooLarge(what, 'Record for a shorter time: trace.FlightRecorder keeps the last seconds alone.');
