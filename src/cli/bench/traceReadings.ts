import { ExecutionColumns } from '../../decode/trace/executionColumns';
import { TraceReader } from '../../decode/trace/reader';
import { TraceStacks } from '../../decode/trace/stacks';
import { timeSums } from '../../profile/goroutineSums';

/** Events in the order of Go's reader, counted as Go counts them: a Sync before each generation and one at the end. */
export function orderedEvents(bytes: Uint8Array): number {
  let events = 1;
  const reader = new TraceReader(bytes, {
    startGeneration: () => events++,
    take: ({ length }) => (events += length),
  });
  while (reader.nextWhole()) {
    // The sink counts.
  }
  return events;
}

/** The same, and where the time of each goroutine went: how many there are. */
export function goroutineSummaries(bytes: Uint8Array): number {
  const stacks = new TraceStacks(bytes);
  const reader = new TraceReader(bytes, {
    startGeneration(generation) {
      stacks.startGeneration(generation);
      columns.startGeneration(generation);
    },
    take: (events) => columns.take(events),
  });
  const columns = new ExecutionColumns(reader, stacks);
  while (reader.nextWhole()) {
    // The columns take all.
  }
  const execution = columns.finish(stacks.tables.finish(), []);
  return execution.goroutines.id.filter((_, row) => timeSums(execution, row).total > 0).length;
}
