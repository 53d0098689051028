import type { Execution } from '../profile/execution';
import { firstRun, isSystemGoroutine, rangeSums, timeSums } from '../profile/goroutineSums';

/**
 * The goroutines of a trace as JSON, a line each: times in ns, moments since the trace's first event, null where there was none.
 * `block` is by reason, `range` by name of what overlaps with the rest.
 */
export function summaryText(execution: Execution): string {
  const { goroutines, tables, reasons } = execution;
  const ranges = rangeSums(execution);
  const orNull = (time: number) => (Number.isNaN(time) ? null : time);
  const lines = Array.from(goroutines.id, (id, row) => {
    const { block, ...sums } = timeSums(execution, row);
    const named = (times: Iterable<readonly [number, number]>, texts: readonly string[]) =>
      Object.fromEntries(Array.from(times, ([name, time]) => [texts[name], time]));
    return JSON.stringify({
      id,
      name: tables.strings[goroutines.name[row]],
      system: isSystemGoroutine(execution, row),
      creation: goroutines.from[row],
      start: orNull(firstRun(execution, row)),
      end: orNull(goroutines.to[row]),
      stats: { ...sums, block: named(block, reasons), range: named(ranges.get(row) ?? [], tables.strings) },
    });
  });
  return `[\n${lines.join(',\n')}\n]\n`;
}
