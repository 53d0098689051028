/** Said beside a result that is still right: a filter matched nothing, the drawing was cut, a goroutine was not read. */
export interface Notice {
  readonly severity: 'info' | 'warning' | 'error';
  readonly text: string;
}

/** Input the user gave us is wrong: shown as it is, never with a stack trace. */
export class InputError extends Error {
  override name = 'InputError';
}
