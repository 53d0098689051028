import { grouped, type Notice } from '../../text/notice';
import { columnsOf, type Table } from '../table';
import { traceView } from '../view';
import { openText, wallClock, taskOf, withSubtasks, type OpenedTrace } from './openedTrace';
import { tasksOf } from './tasks';

/** Spans of a picture: the panel makes elements of each, and draws some thousands slowly. */
const maxSpans = 1000;
/** Logs of a picture: the first ones. */
const maxLogs = 2000;

interface Span {
  readonly id: string;
  /** '' for the task itself. */
  readonly parent: string;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly open: number;
  /** Row, -1 for a task. */
  readonly goroutine: number;
}

/**
 * A task as a trace: its parts and the regions of all of them are spans, its logs are logs of the innermost span. That of the query,
 * else of those whose both ends are known, where there are any, the one that took longest in the window.
 *
 * Columns of spans: trace, span, parent (ids), name, time, duration (ns), goroutine (id), incomplete. Of logs: span, time, key,
 * message.
 */
export function spanTables(trace: OpenedTrace, task: string): readonly Table[] {
  const { execution } = trace;
  const { tasks, goroutines } = execution;
  const root = task === '' ? longestOf(trace) : taskOf(execution, task);
  if (root === undefined) {
    const text = 'There is no task in this time of the trace to be drawn. Programs make them with trace.NewTask.';
    return tablesOf(trace, '', [], [], [{ severity: 'warning', text }]);
  }
  const ofTask = withSubtasks(execution, root);
  const drawn = firstSpans(trace, ofTask);
  const spans = [...taskSpans(trace, drawn.tasks, root), ...regionSpans(trace, drawn)];
  const logs = logRows(trace, ofTask, spans);
  const name = execution.tables.strings[tasks.name[root]] || 'without name';
  const said: Notice[] = [
    {
      severity: 'info',
      text:
        task === ''
          ? `The task that took longest in this time: ${name}, id ${tasks.id[root]}.`
          : `The task ${name}, id ${tasks.id[root]}.`,
    },
    ...cutNotice('spans', maxSpans, drawn.left),
    ...cutNotice('logs', maxLogs, logs.left),
  ];
  return tablesOf(trace, String(tasks.id[root]), spans, logs.rows, said, goroutines.id);
}

interface DrawnSpans {
  /** Rows, the first of them the task itself. */
  readonly tasks: ReadonlySet<number>;
  readonly regions: ReadonlySet<number>;
  readonly left: number;
}

/** Those that began first: what is drawn of a long task is its beginning, with all that lies around each span. */
function firstSpans({ execution: { tasks, regions } }: OpenedTrace, ofTask: ReadonlySet<number>): DrawnSpans {
  const [root, ...parts] = ofTask;
  const all = parts.map((row) => ({ row, from: tasks.from[row], isTask: true }));
  for (let row = 0; row < regions.length; row++) {
    if (ofTask.has(regions.task[row])) {
      all.push({ row, from: regions.from[row], isTask: false });
    }
  }
  // Tasks and regions come after those that they are in, also where they begin at the same time.
  const first = all.sort((a, b) => a.from - b.from).slice(0, maxSpans - 1);
  const rowsOf = (isTask: boolean) => first.filter((each) => each.isTask === isTask).map(({ row }) => row);
  return {
    tasks: new Set([root, ...rowsOf(true)]),
    regions: new Set(rowsOf(false)),
    left: all.length - first.length,
  };
}

function longestOf(trace: OpenedTrace): number | undefined {
  const { tasks } = trace.execution;
  const length = (row: number) => tasks.to[row] - tasks.from[row];
  const all = tasksOf(trace);
  const complete = all.filter((row) => tasks.open[row] === 0);
  return (complete.length > 0 ? complete : all).reduce<number | undefined>(
    (best, row) => (best === undefined || length(row) > length(best) ? row : best),
    undefined
  );
}

const taskId = (row: number) => `task${row}`;

function taskSpans({ execution: { tasks, tables } }: OpenedTrace, ofTask: ReadonlySet<number>, root: number): Span[] {
  return [...ofTask].map((row) => ({
    id: taskId(row),
    parent: row === root ? '' : taskId(ofTask.has(tasks.parent[row]) ? tasks.parent[row] : root),
    name: tables.strings[tasks.name[row]] || 'task',
    from: tasks.from[row],
    to: tasks.to[row],
    open: tasks.open[row],
    goroutine: -1,
  }));
}

/** Regions lie in one another on their goroutine, and the outermost in its task. */
function regionSpans({ execution: { regions, tables } }: OpenedTrace, drawn: DrawnSpans): Span[] {
  const spans: Span[] = [];
  /** Regions that are not over, of the goroutine that is looked at. */
  const around: Array<{ readonly row: number; readonly span: Span }> = [];
  let goroutine = -1;
  const [root] = drawn.tasks;
  for (const row of [...drawn.regions].sort((a, b) => a - b)) {
    if (regions.goroutine[row] !== goroutine) {
      goroutine = regions.goroutine[row];
      around.length = 0;
    }
    // Regions of a goroutine lie in one another: what is over is so for all that come after.
    while (around.length > 0 && around[around.length - 1].span.to < regions.to[row]) {
      around.pop();
    }
    let at = around.length - 1;
    while (at >= 0 && regions.task[around[at].row] !== regions.task[row]) {
      at--;
    }
    const inside = around.at(at < 0 ? around.length : at);
    const span: Span = {
      id: `region${row}`,
      parent: inside?.span.id ?? taskId(drawn.tasks.has(regions.task[row]) ? regions.task[row] : root),
      name: tables.strings[regions.name[row]] || 'goroutine',
      from: regions.from[row],
      to: regions.to[row],
      open: regions.open[row],
      goroutine,
    };
    around.push({ row, span });
    spans.push(span);
  }
  return spans;
}

interface Log {
  readonly span: string;
  readonly row: number;
}

function logRows(
  { execution: { logs } }: OpenedTrace,
  ofTask: ReadonlySet<number>,
  spans: readonly Span[]
): { rows: Log[]; left: number } {
  const byGoroutine = new Map<number, Span[]>();
  for (const span of spans) {
    const own = byGoroutine.get(span.goroutine) ?? [];
    byGoroutine.set(span.goroutine, own);
    own.push(span);
  }
  const isDrawn = new Set(spans.map(({ id }) => id));
  const [root] = spans;
  const all = [...Array(logs.length).keys()].filter((row) => ofTask.has(logs.task[row]));
  const rows = all.slice(0, maxLogs).map((row) => {
    const time = logs.time[row];
    // Inner regions come after those around them.
    const inside = byGoroutine.get(logs.goroutine[row])?.filter(({ from, to }) => from <= time && time <= to);
    const task = taskId(logs.task[row]);
    return { span: inside?.at(-1)?.id ?? (isDrawn.has(task) ? task : root.id), row };
  });
  return { rows, left: all.length - rows.length };
}

function tablesOf(
  trace: OpenedTrace,
  id: string,
  spans: readonly Span[],
  logs: readonly Log[],
  notices: readonly Notice[],
  goroutineIds?: Float64Array
): readonly Table[] {
  const { logs: all, tables } = trace.execution;
  const ofSpan = columnsOf(spans);
  const ofLog = columnsOf(logs);
  return [
    {
      name: 'spans',
      length: spans.length,
      columns: [
        ofSpan.text('trace', () => id),
        ofSpan.text('span', (span) => span.id),
        ofSpan.text('parent', ({ parent }) => parent),
        ofSpan.text('name', ({ name }) => name),
        { name: 'time', kind: 'time', values: spans.map(({ from }) => wallClock(trace, from)) },
        ofSpan.number('duration', 'nanoseconds', ({ from, to }) => to - from),
        ofSpan.text('goroutine', ({ goroutine }) => (goroutine < 0 ? '' : String(goroutineIds?.[goroutine] ?? ''))),
        ofSpan.text('incomplete', ({ open }) => openText(open)),
      ],
      notices,
    },
    {
      name: 'logs',
      length: logs.length,
      columns: [
        ofLog.text('span', ({ span }) => span),
        { name: 'time', kind: 'time', values: logs.map(({ row }) => wallClock(trace, all.time[row])) },
        ofLog.text('key', ({ row }) => tables.strings[all.key[row]]),
        ofLog.text('message', ({ row }) => tables.strings[all.value[row]]),
      ],
      notices: [],
    },
  ];
}

const cutNotice = (what: 'spans' | 'logs', most: number, left: number): Notice[] =>
  left > 0
    ? [{ severity: 'warning', text: `The first ${grouped(most)} ${what} are drawn; ${grouped(left)} are left out.` }]
    : [];

export const traceSpansView = traceView({
  name: 'traceSpans',
  title: 'Task as trace',
  description: 'one task with its parts, regions and logs, in the panel of traces',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'trace',
  fields: ['task'],
  reports: [],
  tables: (trace, { task }) => spanTables(trace, task),
});
