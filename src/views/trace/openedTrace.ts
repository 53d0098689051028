import { isSystemFunction, Open, type Execution } from '../../profile/execution';
import type { Span } from '../../profile/goroutineSums';
import type { TraceOptions } from '../../fields/traceOptions';
import { compilePattern } from '../../text/pattern';
import { grouped, InputError, type Notice } from '../../text/notice';
import { remembered } from './remembered';

/** An execution trace as a view looks at it. */
export interface OpenedTrace {
  readonly execution: Execution;
  /** What of it is shown. */
  readonly window: Span;
  /** Unix ms of the origin, with a fraction. */
  readonly start: number;
}

/** Unix ms, with a fraction. @param ns since the trace's origin */
export const wallClock = ({ start }: OpenedTrace, ns: number): number => start + ns / 1e6;

/** How much of a stretch of time lies in another, in ns. */
export const overlap = (from: number, to: number, within: Span): number =>
  Math.max(0, Math.min(to, within.to) - Math.max(from, within.from));

/** When a goroutine ends: with the trace where it goes on. */
export function endOf({ goroutines, duration }: Execution, goroutine: number): number {
  const end = goroutines.to[goroutine];
  return Number.isNaN(end) ? duration : end;
}

/** When a stay of a goroutine begins: what it was in when it was first mentioned, it was in before. */
export const stayBegin = ({ goroutines, stays }: Execution, goroutine: number, stay: number): number =>
  stay === goroutines.stayOffset[goroutine] ? Math.min(goroutines.from[goroutine], stays.from[stay]) : stays.from[stay];

/** Full name of the function where it began, '' where no stack says it. */
export const nameOf = ({ goroutines, tables }: Execution, goroutine: number): string =>
  tables.strings[goroutines.name[goroutine]];

/** Row of an id. @throws InputError where it is no number, or the trace has none of that id */
function rowsOfId(what: string, text: string, ids: Float64Array): number[] {
  const id = Number(text);
  const rows = [...ids.keys()].filter((row) => ids[row] === id);
  if (text.trim() === '' || rows.length === 0) {
    throw new InputError(
      `The trace has no ${what} ${JSON.stringify(text)}: expected the id of one of its ${grouped(ids.length)}.`
    );
  }
  return rows;
}

/** Row of the task of an id. @throws InputError where there is none */
export const taskOf = ({ tasks }: Execution, id: string): number => rowsOfId('task', id, tasks.id)[0];

/** A task and those that are parts of it. */
export function withSubtasks({ tasks }: Execution, root: number): ReadonlySet<number> {
  const parts = new Map<number, number[]>();
  tasks.parent.forEach((parent, row) => {
    const own = parts.get(parent);
    if (own) {
      own.push(row);
    } else {
      parts.set(parent, [row]);
    }
  });
  const all = new Set([root]);
  // A set gives what is added while it is walked; one that is there already it leaves, so that circles end.
  for (const task of all) {
    parts.get(task)?.forEach((row) => all.add(row));
  }
  return all;
}

/** Goroutines that are looked at, and what is said of the others. */
export interface ChosenGoroutines {
  /** Rows, in the trace's order. */
  readonly rows: readonly number[];
  readonly isChosen: Uint8Array;
  readonly notices: readonly Notice[];
}

/**
 * Goroutines that live within the window and are asked for: by id, by task, by the function where they began. System goroutines are
 * left out unless they are asked for, by id or function too.
 * @throws InputError for an id that there is not
 */
export function chosenGoroutines(trace: OpenedTrace, choice: GoroutineChoice): ChosenGoroutines {
  const { withSystem, peek, goroutine, task } = choice;
  const key = JSON.stringify([withSystem, peek, goroutine, task]);
  const choices = choicesOf(trace);
  let chosen = choices.get(key);
  if (!chosen) {
    choices.set(key, (chosen = chooseGoroutines(trace, choice)));
  }
  return chosen;
}

type GoroutineChoice = Pick<TraceOptions, 'withSystem' | 'goroutine' | 'task'> & { readonly peek: string };

/** By what was asked: a dashboard asks for all of them, and for those that its variables name. */
const choicesOf = remembered((_: OpenedTrace) => new Map<string, ChosenGoroutines>());

function chooseGoroutines(
  { execution, window }: OpenedTrace,
  { withSystem, peek, goroutine, task }: GoroutineChoice
): ChosenGoroutines {
  const { goroutines, tables, tasks } = execution;
  const isChosen = new Uint8Array(goroutines.length);
  const isNamed = peek === '' ? () => true : compilePattern('Function', peek);
  const ids = goroutine === '' ? undefined : new Set(rowsOfId('goroutine', goroutine, goroutines.id));
  const ofTask = task === '' ? undefined : new Set<number>();
  for (const row of ofTask ? withSubtasks(execution, taskOf(execution, task)) : []) {
    for (let i = tasks.goroutineOffset[row]; i < tasks.goroutineOffset[row + 1]; i++) {
      ofTask?.add(tasks.goroutine[i]);
    }
  }
  /** By row of strings: each name is looked at once. */
  const known = new Map<number, { readonly isNamed: boolean; readonly isSystemFunction: boolean }>();
  const rows: number[] = [];
  let left = 0;
  for (let g = 0; g < goroutines.length; g++) {
    const row = goroutines.name[g];
    let name = known.get(row);
    if (!name) {
      const text = tables.strings[row];
      known.set(row, (name = { isNamed: isNamed(text), isSystemFunction: isSystemFunction(text) }));
    }
    const isAlive = goroutines.from[g] <= window.to && endOf(execution, g) >= window.from;
    const isAsked = name.isNamed && (ids?.has(g) ?? true) && (ofTask?.has(g) ?? true);
    if (!isAlive || !isAsked) {
      continue;
    }
    if (name.isSystemFunction && !withSystem && !ids && peek === '') {
      left++;
      continue;
    }
    isChosen[g] = 1;
    rows.push(g);
  }
  return { rows, isChosen, notices: [...systemNotice(left), ...noneNotice(rows.length, left)] };
}

const systemNotice = (left: number): Notice[] =>
  left === 0
    ? []
    : [
        {
          severity: 'info',
          text: `System goroutines, those of the runtime itself, are left out: ${grouped(left)} of them ("System goroutines" shows them). \`go tool trace\` counts them.`,
        },
      ];

const noneNotice = (found: number, left: number): Notice[] =>
  found > 0
    ? []
    : [
        {
          severity: 'warning',
          text:
            left > 0
              ? 'No goroutine of the program itself is chosen in this time.'
              : 'No goroutine of the trace is chosen in this time: its function, id or task excludes all.',
        },
      ];

/** Why a goroutine waits: of waits that are older than the trace, and of coroutines, it does not say. */
export const reasonText = (reason: string): string => reason || 'no reason said';

/** What is not known of a stretch of time, '' where both ends are. @param open bits of Open */
export const openText = (open: number): string =>
  [open & Open.start && 'began before the trace', open & Open.end && 'not over in the trace']
    .filter(Boolean)
    .join(', ');

/** A length of time in three digits. */
export function lengthText(ns: number): string {
  const [unit, size] = ns < 1e3 ? ['ns', 1] : ns < 1e6 ? ['µs', 1e3] : ns < 1e9 ? ['ms', 1e6] : ['s', 1e9];
  return `${Number((ns / Number(size)).toPrecision(3))} ${unit}`;
}
