import { Open, RangeKind, type Ranges } from '../../profile/execution';
import { bytes, floats, ints, uints } from './column';

const none = -1;
/** Bytes that a range takes. */
export const rangeBytes = 60;

/** Stretches of the runtime's work as they begin and end. At most one of a kind is open of a goroutine or processor. */
export class RangeColumns {
  private readonly columns = {
    kind: bytes(),
    name: uints(),
    from: floats(),
    to: floats(),
    open: bytes(),
    goroutine: ints(),
    processor: ints(),
    sweep: ints(),
  };
  private readonly swept = floats();
  private readonly reclaimed = floats();
  /** Rows of ranges that are open, by kind and goroutine or processor. */
  private readonly opened = new Map<number, number>();

  /** Mark workers that run: this is asked at every stop of a goroutine. */
  workers = 0;

  get length(): number {
    return this.columns.kind.length;
  }

  /**
   * @param of row of a goroutine or processor, -1 for the process
   * @param isBefore whether it was there before the trace
   */
  begin(kind: number, of: number, name: number, time: number, isBefore: boolean, goroutine: number, p: number): void {
    const key = keyOf(kind, of);
    if (this.opened.has(key)) {
      return;
    }
    const { columns } = this;
    this.opened.set(key, columns.kind.length);
    this.workers += kind === RangeKind.worker ? 1 : 0;
    columns.kind.push(kind);
    columns.name.push(name);
    columns.from.push(time);
    columns.to.push(NaN);
    columns.open.push(isBefore ? Open.start : 0);
    columns.goroutine.push(goroutine);
    columns.processor.push(p);
    columns.sweep.push(none);
  }

  /** The row of the range that ends, -1 where none is open. */
  end(kind: number, of: number, time: number): number {
    const key = keyOf(kind, of);
    const row = this.opened.get(key);
    if (row === undefined) {
      return none;
    }
    this.opened.delete(key);
    this.workers -= kind === RangeKind.worker ? 1 : 0;
    this.columns.to.rows[row] = time;
    return row;
  }

  /** Ends a sweep, with the bytes that it swept and reclaimed. @param goroutine the one that runs then */
  endSweep(p: number, time: number, goroutine: number, swept: number, reclaimed: number): void {
    const row = this.end(RangeKind.sweep, p, time);
    if (row >= 0) {
      const { columns } = this;
      columns.sweep.rows[row] = this.swept.length;
      this.swept.push(swept);
      this.reclaimed.push(reclaimed);
      // What began on one goroutine and ended on another is nobody's.
      columns.goroutine.rows[row] = columns.goroutine.rows[row] === goroutine ? goroutine : none;
    }
  }

  /** Ends all that are open where the trace does, or what can be read of it. */
  lose(time: number): void {
    const { to, open } = this.columns;
    this.opened.forEach((row) => {
      to.rows[row] = time;
      open.rows[row] |= Open.end;
    });
    this.opened.clear();
    this.workers = 0;
  }

  finish(duration: number, rowOf: (row: number) => number): Ranges {
    this.lose(duration);
    const { kind, name, from, to, open, goroutine, processor, sweep } = this.columns;
    return {
      length: kind.length,
      kind: kind.finish(),
      name: name.finish().map(rowOf),
      from: from.finish(),
      to: to.finish(),
      open: open.finish(),
      goroutine: goroutine.finish(),
      processor: processor.finish(),
      sweep: sweep.finish(),
      swept: this.swept.finish(),
      reclaimed: this.reclaimed.finish(),
    };
  }
}

const keyOf = (kind: number, of: number): number => (of + 1) * 8 + kind;
