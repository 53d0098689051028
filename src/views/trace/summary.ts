import { RangeKind, type Series } from '../../profile/execution';
import { isSystemGoroutine } from '../../profile/goroutineSums';
import { columnsOf, type Table } from '../table';
import { traceView } from '../view';
import { wallClock, type OpenedTrace } from './openedTrace';

/**
 * The trace in one line: when it was, and what is in it.
 *
 * Columns: began, ended, length (ns), processors (GOMAXPROCS), goroutines of the program, tasks, GCs, GC (% of the time in which a mark phase was
 * on), stop-the-world (ns), heap at most (bytes, NaN where it is not known). Hidden: from, to (Unix ms, of the whole trace, as addresses have them).
 */
export function summaryTable(trace: OpenedTrace): Table {
  const { execution } = trace;
  const { ranges, goroutines, tasks, duration } = execution;
  const { number, text } = columnsOf([trace]);
  const ofProgram = [...goroutines.id.keys()].filter((g) => !isSystemGoroutine(execution, g)).length;
  const ofKind = (kind: number) => [...ranges.kind.keys()].filter((i) => ranges.kind[i] === kind);
  const time = (kind: number) => ofKind(kind).reduce((sum, i) => sum + ranges.to[i] - ranges.from[i], 0);
  const most = ({ value }: Series) => (value.length === 0 ? NaN : value.reduce((a, b) => Math.max(a, b)));
  return {
    name: 'trace',
    length: 1,
    columns: [
      { name: 'began', kind: 'time', values: [wallClock(trace, 0)] },
      { name: 'ended', kind: 'time', values: [wallClock(trace, duration)] },
      number('length', 'nanoseconds', () => duration),
      number('processors', 'count', () => most(execution.gomaxprocs)),
      number('goroutines', 'count', () => ofProgram),
      number('tasks', 'count', () => tasks.id.filter((id) => id > 0).length),
      number('GCs', 'count', () => ofKind(RangeKind.mark).length),
      number('GC', 'percent', () => (100 * time(RangeKind.mark)) / duration),
      number('stop-the-world', 'nanoseconds', () => time(RangeKind.stopTheWorld)),
      number('heap at most', 'bytes', () => most(execution.heapLive)),
      text('from', () => String(Math.floor(wallClock(trace, 0))), { isHidden: true }),
      text('to', () => String(Math.ceil(wallClock(trace, duration))), { isHidden: true }),
    ],
    notices: [],
  };
}

export const traceSummaryView = traceView({
  name: 'trace',
  title: 'Trace',
  description: 'when it was and what is in it, in one line',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'table',
  fields: [],
  reports: [],
  tables: (trace) => [summaryTable(trace)],
});
