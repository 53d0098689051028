/** Said beside a result that is still right: a filter matched nothing, the drawing was cut, a goroutine was not read. */
export interface Notice {
  readonly severity: 'info' | 'warning' | 'error';
  readonly text: string;
}

/** Input the user gave us is wrong: shown as it is, never with a stack trace. */
export class InputError extends Error {
  override name = 'InputError';
}

/** There is nothing of what was asked for, and the message says what there is: shown where a result would be, not as an error. */
export class NothingFound extends InputError {}

/** The nearest whole number as English writes it: `1,000`. The first toLocaleString takes 15 ms, to load the locales. */
export const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** `1 line`, `1,000 lines`. @param more the plural, where it is no `s` behind the word */
export const counted = (count: number, one: string, more = `${one}s`): string =>
  `${grouped(count)} ${Math.round(count) === 1 ? one : more}`;

/** A file that is read in part, or not at all. */
export class TooLarge extends InputError {
  /**
   * @param what of a file is too much, how much there is and what the limit is
   * @param remedy what to do, a sentence
   */
  constructor(
    readonly what: string,
    remedy: string
  ) {
    super(`The file is too large for a browser: ${what}. ${remedy}`);
  }
}

/** @param what of a file is too much, how much there is and what the limit is */
export const tooLarge = (what: string): TooLarge =>
  new TooLarge(what, 'Keep the part that matters (go tool pprof -proto -focus=…), or capture for a shorter time.');
