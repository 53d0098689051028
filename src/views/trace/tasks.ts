import { grouped, type Notice } from '../../text/notice';
import { columnsOf, type Table } from '../table';
import { traceView } from '../view';
import { quantile } from './latencies';
import { openText, wallClock, type OpenedTrace } from './openedTrace';

/** Rows of the table; the longest stay. */
const maxRows = 1000;
/** Logs of a task that its row has. */
const maxLogs = 6;

/** Whether something lies within the window, or a part of it. */
const isSeen =
  ({ window }: OpenedTrace, { from, to }: { readonly from: Float64Array; readonly to: Float64Array }) =>
  (row: number): boolean =>
    to[row] >= window.from && from[row] <= window.to;

/** Rows of tasks in the window; what belongs to none is no task. */
export const tasksOf = (trace: OpenedTrace): number[] => {
  const { tasks } = trace.execution;
  return [...tasks.id.keys()].filter((row) => tasks.id[row] > 0).filter(isSeen(trace, tasks));
};

/** Rows of regions in the window. Those without a name are what a goroutine is given that is made in a region. */
export const regionsOf = (trace: OpenedTrace): number[] => {
  const { regions, tables } = trace.execution;
  return [...regions.from.keys()]
    .filter((row) => tables.strings[regions.name[row]] !== '')
    .filter(isSeen(trace, regions));
};

/** Lengths in ns, rising, of those whose both ends are known. */
export const completeLengths = (
  rows: readonly number[],
  { from, to, open }: { readonly from: Float64Array; readonly to: Float64Array; readonly open: Uint8Array }
): Float64Array => Float64Array.from(rows.filter((row) => open[row] === 0).map((row) => to[row] - from[row])).sort();

/**
 * Tasks by type and regions by name, those with the most time first. Latencies are of those whose both ends are in the trace.
 *
 * Columns: name, kind (task, region), count, incomplete, p50, p99, max, total (ns; NaN where none is complete).
 */
export function taskGroups(trace: OpenedTrace): Table {
  const { tasks, regions, tables } = trace.execution;
  const groups = [...groupsOf('task', tasksOf(trace), tasks), ...groupsOf('region', regionsOf(trace), regions)].map(
    ({ kind, name, rows, of }) => {
      const lengths = completeLengths(rows, of);
      const total = lengths.reduce((sum, length) => sum + length, 0);
      return { kind, name: tables.strings[name] || unnamed, count: rows.length, lengths, total };
    }
  );
  const rows = groups.sort((a, b) => Number(a.kind < b.kind) - Number(a.kind > b.kind) || b.total - a.total);
  const { number, text } = columnsOf(rows);
  const time = (name: string, read: (row: (typeof rows)[number]) => number) => number(name, 'nanoseconds', read);
  return {
    name: 'tasks',
    length: Math.min(maxRows, rows.length),
    columns: [
      text('name', ({ name }) => name),
      text('kind', ({ kind }) => kind),
      number('count', 'count', ({ count }) => count),
      time('p50', ({ lengths }) => quantile(lengths, 0.5)),
      time('p99', ({ lengths }) => quantile(lengths, 0.99)),
      time('max', ({ lengths }) => quantile(lengths, 1)),
      time('total', ({ total, lengths }) => (lengths.length > 0 ? total : NaN)),
      {
        ...number('incomplete', 'count', ({ count, lengths }) => count - lengths.length),
        description: 'They begin before the trace, or do not end in it: no latency counts them.',
      },
    ],
    notices: noneNotice(rows.length),
  };
}

/** Of a task that began before the trace. */
const unnamed = '(began before the trace)';

interface Named {
  readonly name: Uint32Array;
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly open: Uint8Array;
}

function groupsOf(kind: 'task' | 'region', rows: readonly number[], of: Named) {
  const byName = new Map<number, number[]>();
  for (const row of rows) {
    const group = byName.get(of.name[row]);
    if (group) {
      group.push(row);
    } else {
      byName.set(of.name[row], [row]);
    }
  }
  return [...byName].map(([name, own]) => ({ kind, name, rows: own, of }));
}

/**
 * Tasks one by one, the longest first.
 *
 * Columns: name, task (id), length (ns, as far as the trace has it), what is not known (`began before the trace`), began,
 * part of (id of another), goroutines, logs (`key: message`, the first few).
 */
export function taskRows(trace: OpenedTrace): Table {
  const { execution } = trace;
  const { tasks, tables } = execution;
  const length = (row: number) => tasks.to[row] - tasks.from[row];
  const all = tasksOf(trace).sort((a, b) => length(b) - length(a) || a - b);
  const rows = all.slice(0, maxRows);
  const logs = logsOf(trace);
  const { number, text } = columnsOf(rows);
  return {
    name: 'tasks',
    length: rows.length,
    columns: [
      text('name', (row) => tables.strings[tasks.name[row]] || unnamed),
      text('task', (row) => String(tasks.id[row])),
      number('length', 'nanoseconds', length),
      { name: 'began', kind: 'time', values: rows.map((row) => wallClock(trace, tasks.from[row])) },
      text('not known', (row) => openText(tasks.open[row])),
      text('part of', (row) =>
        tasks.parent[row] < 0 || tasks.id[tasks.parent[row]] === 0 ? '' : String(tasks.id[tasks.parent[row]])
      ),
      number('goroutines', 'count', (row) => tasks.goroutineOffset[row + 1] - tasks.goroutineOffset[row]),
      text('logs', (row) => (logs.get(row) ?? []).join(', '), { isAside: true }),
    ],
    notices: [...noneNotice(rows.length), ...cutNotice(all.length - rows.length)],
  };
}

/** The first logs of each task. */
function logsOf({ execution: { logs, tables } }: OpenedTrace): ReadonlyMap<number, string[]> {
  const all = new Map<number, string[]>();
  for (let i = 0; i < logs.length; i++) {
    const [key, value] = [tables.strings[logs.key[i]], tables.strings[logs.value[i]]];
    const own = all.get(logs.task[i]) ?? [];
    all.set(logs.task[i], own);
    if (own.length < maxLogs) {
      own.push(key ? `${key}: ${value}` : value);
    }
  }
  return all;
}

const noneNotice = (found: number): Notice[] =>
  found > 0
    ? []
    : [
        {
          severity: 'warning',
          text: 'There is no task in this time of the trace. Programs make them with trace.NewTask and trace.WithRegion, and say the tenant with trace.Log.',
        },
      ];

const cutNotice = (left: number): Notice[] =>
  left > 0
    ? [{ severity: 'warning', text: `The longest ${grouped(maxRows)} are shown; ${grouped(left)} are left out.` }]
    : [];

export const traceTasksView = traceView({
  name: 'traceTasks',
  title: 'Tasks and regions',
  description: 'how long they took: p50, p99 and max by type, or tasks one by one',
  group: 'Execution trace',
  opens: 'trace',
  base: 'none',
  panel: 'table',
  fields: ['rows'],
  reports: [],
  tables: (trace, { rows }) => [rows === 'each' ? taskRows(trace) : taskGroups(trace)],
});
