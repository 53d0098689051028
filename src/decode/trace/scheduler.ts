// What is known of goroutines, processors and threads at a moment of a trace, as ordering.ts emulates Go's scheduler.

export interface Goroutine {
  readonly id: number;
  /** Its row: ids are large, rows are dense. It is that of its id, which cgo gives again. */
  readonly row: number;
  status: number;
  seq: number;
  gen: number;
  isGone: boolean;
  regions: Region[] | undefined;
  ranges: number[] | undefined;
}

export interface Proc {
  readonly id: number;
  status: number;
  seq: number;
  gen: number;
  ranges: number[] | undefined;
}

export interface Thread {
  readonly id: number;
  readonly row: number;
  p: number;
  /** Id of its goroutine. */
  g: number;
  /** Records of its last processor and goroutine, so that few events look one up. */
  proc: Proc | undefined;
  goroutine: Goroutine | undefined;
}

/** An open region. Its name is kept as text: ids are other ones in the next generation. */
export interface Region {
  readonly task: number;
  readonly name: string;
}

export const newThread = (id: number, row: number): Thread => ({
  id,
  row,
  p: -1,
  g: -1,
  proc: undefined,
  goroutine: undefined,
});
