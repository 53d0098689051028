import { stayEnd, StayState, type Execution } from '../../profile/execution';
import { grouped, type Notice } from '../../text/notice';
import { columnsOf, namedColumn, percentOf, type NamedText, type Table } from '../table';
import { traceView } from '../view';
import {
  chosenGoroutines,
  overlap,
  reasonText,
  stayBegin,
  type ChosenGoroutines,
  type OpenedTrace,
} from './openedTrace';

/** Rows of the table; those that ended the longest waits stay. */
const maxRows = 500;

/** Waits that ended at one place. */
interface Ending {
  /** Row of strings, where who ended them began; -1 for nobody. */
  readonly name: number;
  /** Row of stack, where they were ended. */
  readonly stack: number;
  readonly reason: number;
  count: number;
  time: number;
  longest: number;
}

/**
 * What ended the waits of the goroutines that are asked for: where, and whose doing it was, by the time that they waited.
 *
 * Columns: unblocked by (the function where that goroutine began), reason (of the wait), waits, time, %, longest (ns), stack (where it
 * did it, a line for each call).
 */
export function unblockedTable(trace: OpenedTrace, chosen: ChosenGoroutines): Table {
  const { execution } = trace;
  const endings = [...endingsOf(trace, chosen).values()].sort((a, b) => b.time - a.time);
  const total = endings.reduce((sum, { time }) => sum + time, 0);
  const rows = endings.slice(0, maxRows);
  const { number, text } = columnsOf(rows);
  const { strings } = execution.tables;
  const whole = (name: number): NamedText => (name < 0 ? [nobody] : strings[name] || ['(unknown)']);
  return {
    name: 'unblocked',
    length: rows.length,
    columns: [
      namedColumn(
        'unblocked by',
        rows.map(({ name }) => whole(name)),
        { isAside: true }
      ),
      text('reason', ({ reason }) => reasonText(execution.reasons[reason])),
      number('waits', 'count', ({ count }) => count),
      number('time', 'nanoseconds', ({ time }) => time),
      number('%', 'percent', ({ time }) => percentOf(time, total)),
      number('longest', 'nanoseconds', ({ longest }) => longest),
      namedColumn(
        'stack',
        rows.map(({ stack }) => stackText(execution, stack)),
        { hasLines: true }
      ),
    ],
    notices: [...chosen.notices, ...openNotice(trace, chosen), ...cutNotice(endings.slice(maxRows), total)],
  };
}

/** Timers and the network wake goroutines through the runtime. */
export const nobody = '(the runtime: a timer, the network)';

function endingsOf(trace: OpenedTrace, chosen: ChosenGoroutines): ReadonlyMap<string, Ending> {
  const { goroutines, stays } = trace.execution;
  const endings = new Map<string, Ending>();
  eachEnding(trace, chosen, ({ stay, by, stack, time }) => {
    const name = by < 0 ? -1 : goroutines.name[by];
    const reason = stays.reason[stay];
    const key = `${name} ${stack} ${reason}`;
    const ending = endings.get(key) ?? { name, stack, reason, count: 0, time: 0, longest: 0 };
    endings.set(key, ending);
    ending.count++;
    ending.time += time;
    ending.longest = Math.max(ending.longest, time);
  });
  return endings;
}

/** A wait that something ended. */
export interface EndedWait {
  /** Row of the goroutine that waited, and of its stay. */
  readonly goroutine: number;
  readonly stay: number;
  /** Row of the goroutine that ended it, -1 for none, and of the stack where it did. */
  readonly by: number;
  readonly stack: number;
  /** ns of the wait within the window. */
  readonly time: number;
}

/** The waits of some goroutines that ended, as far as they lie in the window. */
export function eachEnding(
  { execution, window }: OpenedTrace,
  { rows }: ChosenGoroutines,
  take: (wait: EndedWait) => void
): void {
  const { goroutines, stays } = execution;
  for (const g of rows) {
    for (let stay = goroutines.stayOffset[g]; stay + 1 < goroutines.stayOffset[g + 1]; stay++) {
      const next = stay + 1;
      if (stays.state[stay] !== StayState.waiting || stays.state[next] === StayState.waiting) {
        continue;
      }
      const time = overlap(stayBegin(execution, g, stay), stays.from[next], window);
      if (time > 0) {
        const by = stays.state[next] === StayState.runnable ? stays.by[next] : -1;
        take({ goroutine: g, stay, by, stack: by < 0 ? 0 : stays.stack[next], time });
      }
    }
  }
}

/** Lines of a stack in a row: more make it higher than its panel. */
const maxLines = 12;

/**
 * The calls of a stack, innermost first, each a line; one that calls itself is a line with how often, and of those beyond the first
 * `maxLines` only the number is told.
 */
export function stackText({ tables }: Execution, row: number): NamedText {
  const { stack, location, line, function: functions, strings } = tables;
  const calls: Array<{ name: number; times: number }> = [];
  for (let at = row; at > 0; at = stack.parent[at]) {
    const own = stack.location[at];
    for (let i = location.lineOffset[own]; i < location.lineOffset[own + 1]; i++) {
      const name = functions.name[line.function[i]];
      const last = calls.at(-1);
      if (last?.name === name) {
        last.times++;
      } else {
        calls.push({ name, times: 1 });
      }
    }
  }
  const left = calls.slice(maxLines).reduce((sum, { times }) => sum + times, 0);
  return [
    ...calls
      .slice(0, maxLines)
      .flatMap(({ name, times }, i) => [
        ...(i > 0 ? ['\n'] : []),
        { function: strings[name] },
        ...(times > 1 ? [` × ${grouped(times)}`] : []),
      ]),
    ...(left > 0 ? [`\n… ${grouped(left)} more`] : []),
  ];
}

export function openNotice({ execution, window }: OpenedTrace, { rows }: ChosenGoroutines): Notice[] {
  const { goroutines, stays } = execution;
  const open = rows.filter((g) => {
    const last = goroutines.stayOffset[g + 1] - 1;
    return (
      last >= goroutines.stayOffset[g] &&
      stays.state[last] === StayState.waiting &&
      stayBegin(execution, g, last) < window.to &&
      stayEnd(execution, g, last) >= window.to
    );
  });
  return open.length === 0
    ? []
    : [
        {
          severity: 'info',
          text: `Nothing ended the last wait of ${grouped(open.length)} goroutines within the trace: they are not counted.`,
        },
      ];
}

function cutNotice(left: readonly Ending[], total: number): Notice[] {
  const time = left.reduce((sum, ending) => sum + ending.time, 0);
  return left.length === 0
    ? []
    : [
        {
          severity: 'warning',
          text: `${grouped(left.length)} places that ended shorter waits are left out, ${percentOf(time, total).toFixed(1)} % of the time.`,
        },
      ];
}

export const traceUnblockedView = traceView({
  name: 'traceUnblocked',
  title: 'Who unblocked whom',
  description: 'stacks that ended the waits of goroutines, by the time that these waited',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'table',
  fields: ['goroutine', 'task', 'peek', 'withSystem'],
  reports: [],
  tables: (trace, query) => [unblockedTable(trace, chosenGoroutines(trace, query))],
});
