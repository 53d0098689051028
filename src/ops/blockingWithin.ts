import { firstRun, type Span } from '../profile/goroutineSums';
import { Open, StayState, type Execution } from '../profile/execution';
import type { Profile } from '../profile/profile';
import { blockingLabel, waitKind } from '../profile/traceLabels';
import { keepSamples } from './samples';

/**
 * The profile of an execution trace of a part of its time: of each sample the stays that lie in it or overlap it, each counted once
 * in `contentions`, with as much `delay` as lies in it; samples of the CPU are counted where they were taken. Stacks and labels are
 * those of the whole, and so are its rules: what is before a goroutine's first run, or does not end in the trace, does not count.
 * @param window ns since the trace's origin
 */
export function blockingWithin(profile: Profile, execution: Execution, window: Span): Profile {
  const rowOf = sampleRows(profile);
  const values = profile.sample.values.map((column) => new Float64Array(column.length));
  const contexts = new Contexts(execution, profile);
  const stays = countedStays(execution, window);
  const taken = takenWithin(execution, window);
  const add = (sample: number, column: number, value: number) => {
    if (sample >= 0 && values[column]) {
      values[column][sample] += value;
    }
  };
  const { goroutines, cpuSamples, reasons } = execution;
  contexts.replay([...stays.map(({ from }) => from), ...taken.map((row) => cpuSamples.time[row])], (i) => {
    if (i < stays.length) {
      const { goroutine, stay, kind, time } = stays[i];
      const reason = reasons[execution.stays.reason[stay]];
      const sample = rowOf(
        {
          stack: execution.stays.stack[stay],
          kind,
          reason: kind === 'syscall' ? '' : reason,
          start: goroutines.name[goroutine],
        },
        contexts.of(goroutine)
      );
      add(sample, 0, 1);
      add(sample, 1, time);
    } else {
      const row = taken[i - stays.length];
      const g = cpuSamples.goroutine[row];
      const place = { stack: cpuSamples.stack[row], kind: 'cpu', reason: '', start: g < 0 ? -1 : goroutines.name[g] };
      add(rowOf(place, g < 0 ? noContext : contexts.of(g)), 2, 1);
    }
  });
  const whole = { ...profile, sample: { ...profile.sample, values } };
  const clipped = keepSamples(whole, (i) => values.some((column) => column[i] !== 0));
  return Object.freeze({ ...clipped, durationNanos: window.to - window.from });
}

/** What a sample is of, beside what the goroutine worked for. Rows of stack and of strings, -1 for none. */
interface Place {
  readonly stack: number;
  readonly kind: string;
  readonly reason: string;
  readonly start: number;
}

/** Rows of strings, -1 for none. */
interface Context {
  readonly task: number;
  readonly region: number;
  readonly tenant: number;
}

const noContext: Context = { task: -1, region: -1, tenant: -1 };

/** Finds the sample of the whole profile that something counts in, -1 where there is none. */
function sampleRows(profile: Profile): (place: Place, context: Context) => number {
  const { sample, labelSet, label, strings } = profile;
  // Tables may have a text twice, of which what a trace says in time names the first.
  const first = new Map<string, number>();
  strings.forEach((text, row) => first.set(text, first.get(text) ?? row));
  const keys = new Map(Object.values(blockingLabel).map((name) => [name as string, name]));
  const labelsOf = Array.from({ length: labelSet.length }, (_, set) => {
    const own: Record<string, number> = {};
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      own[keys.get(strings[label.key[i]]) ?? ''] = first.get(strings[label.str[i]]) as number;
    }
    return own;
  });
  const noText = first.get('');
  const placeKey = ({ stack, kind, reason, start }: Place) =>
    `${stack} ${kind} ${start === noText ? -1 : start} ${reason}`;
  const key = (place: string, { task, region, tenant }: Context) =>
    `${[task, region, tenant].map((row) => (row === noText ? -1 : row)).join()} ${place}`;
  const rows = new Map<string, number>();
  const { kind, reason, startFunction, task, region, tenant } = blockingLabel;
  for (let i = 0; i < sample.length; i++) {
    const own = labelsOf[sample.labelSet[i]];
    const text = (name: string) => (own[name] === undefined ? '' : strings[own[name]]);
    const place = placeKey({
      stack: sample.stack[i],
      kind: text(kind),
      reason: text(reason),
      start: own[startFunction] ?? -1,
    });
    rows.set(key(place, { task: own[task] ?? -1, region: own[region] ?? -1, tenant: own[tenant] ?? -1 }), i);
    // Whatever it worked for: a trace that is damaged may not say it twice in the same way.
    rows.set(place, rows.get(place) ?? i);
  }
  return (place, context) => {
    const own = placeKey(place);
    return rows.get(key(own, context)) ?? rows.get(own) ?? -1;
  };
}

interface CountedStay {
  readonly goroutine: number;
  /** Row of its first stay. */
  readonly stay: number;
  readonly from: number;
  readonly kind: string;
  /** ns within the window. */
  readonly time: number;
}

/** A system call is one, with or without a processor. */
const classOf = (state: number) => (state === StayState.syscallBlocked ? StayState.syscall : state);

function countedStays(execution: Execution, { from, to }: Span): CountedStay[] {
  const { goroutines, stays, reasons, duration } = execution;
  const counted: CountedStay[] = [];
  const runs = firstRuns(execution);
  for (let g = 0; g < goroutines.length; g++) {
    const end = goroutines.stayOffset[g + 1];
    for (let stay = goroutines.stayOffset[g], next = stay; stay < end; stay = next) {
      const state = classOf(stays.state[stay]);
      for (next = stay + 1; next < end && classOf(stays.state[next]) === state; next++) {
        // One stay in several rows.
      }
      const kind = kindOf(state, reasons[stays.reason[stay]]);
      // A goroutine may end in a system call; what else is open at its end is so at the trace's.
      const isEnded = next < end || (state === StayState.syscall && goroutines.to[g] < duration);
      const ends = next < end ? stays.from[next] : goroutines.to[g];
      const time = Math.min(ends, to) - Math.max(stays.from[stay], from);
      if (kind && isEnded && time > 0 && !(stays.from[stay] < runs[g])) {
        counted.push({ goroutine: g, stay, from: stays.from[stay], kind, time });
      }
    }
  }
  return counted;
}

const kindOf = (state: number, reason: string): string | undefined =>
  state === StayState.runnable
    ? 'sched'
    : state === StayState.syscall
      ? 'syscall'
      : state === StayState.waiting
        ? waitKind(reason)
        : undefined;

/** When each first ran, NaN where it never did. Of goroutines that cgo gave one id the last one's counts, as in Go's profiles. */
function firstRuns(execution: Execution): Float64Array {
  const { goroutines } = execution;
  const last = new Map(Array.from(goroutines.id, (id, g) => [id, g]));
  const own = Float64Array.from({ length: goroutines.length }, (_, g) => firstRun(execution, g));
  return own.map((time, g) => {
    const other = last.get(goroutines.id[g]) as number;
    return other === g || Number.isNaN(own[other]) ? time : own[other];
  });
}

/** Rows of samples of the CPU. */
function takenWithin({ cpuSamples: { length, time } }: Execution, { from, to }: Span): number[] {
  const rows: number[] = [];
  for (let row = 0; row < length; row++) {
    if (time[row] >= from && time[row] <= to) {
      rows.push(row);
    }
  }
  return rows;
}

/** Tasks around a task that are looked at where it has ended. */
const maxParents = 32;

/** Kinds of what changes what a goroutine works for, in the order of one moment. */
const What = { begin: 0, beginTask: 1, beginRegion: 2, log: 3, endRegion: 4, endTask: 5, asked: 6 } as const;

/**
 * What goroutines work for at a moment, by the rules of the decoder (decode/trace/taskContexts.ts), from what the trace says in time.
 */
class Contexts {
  private readonly own: Int32Array;
  private readonly regions: number[][] = [];
  private readonly tenants: Int32Array;
  /** By row of tasks. */
  private readonly taskTenants: Int32Array;
  private readonly hasEnded: Uint8Array;
  private readonly tenantRows: ReadonlyMap<string, number>;
  private readonly isKey: (row: number) => boolean;
  private readonly named: (row: number) => number;

  constructor(
    private readonly execution: Execution,
    profile: Profile
  ) {
    const { goroutines, tasks, tables, tenantKeys } = execution;
    this.own = new Int32Array(goroutines.length).fill(-1);
    this.tenants = new Int32Array(goroutines.length).fill(-1);
    this.taskTenants = new Int32Array(tasks.length).fill(-1);
    this.hasEnded = new Uint8Array(tasks.length);
    this.tenantRows = tenantTexts(profile);
    const { strings } = tables;
    this.isKey = byRow((row) => tenantKeys.includes(strings[row]));
    this.named = byRow((row) => {
      const [, key, value] = /^([^=]*)=(.*)$/s.exec(strings[row]) ?? [];
      return value && tenantKeys.includes(key.trim()) ? (this.tenantRows.get(value.trim()) ?? -1) : -1;
    });
  }

  /** Goes through the trace, and stops at some moments. @param stop is told which of them, in the order of time */
  replay(moments: readonly number[], stop: (index: number) => void): void {
    const events = this.events(moments);
    for (const { what, row } of events) {
      if (what === What.asked) {
        stop(row);
      } else {
        this.apply(what, row);
      }
    }
  }

  of(g: number): Context {
    const { tasks, regions } = this.execution;
    const region = this.regions[g]?.at(-1) ?? -1;
    const task = this.taskOf(g);
    const ofRegion = region < 0 ? -1 : this.named(regions.name[region]);
    const ofTask = task < 0 ? -1 : this.taskTenants[task];
    return {
      task: task < 0 ? -1 : tasks.name[task],
      region: region < 0 ? -1 : regions.name[region],
      tenant: ofRegion >= 0 ? ofRegion : ofTask >= 0 ? ofTask : this.tenants[g],
    };
  }

  private events(moments: readonly number[]): Array<{ time: number; what: number; row: number }> {
    const { goroutines, tasks, regions, logs } = this.execution;
    const events = moments.map((time, row) => ({ time, what: What.asked as number, row }));
    const add = (time: number, what: number, row: number) => events.push({ time, what, row });
    for (let g = 0; g < goroutines.length; g++) {
      if (!goroutines.wasBefore[g]) {
        add(goroutines.from[g], What.begin, g);
      }
    }
    for (let row = 0; row < tasks.length; row++) {
      if (tasks.id[row] > 0 && (tasks.open[row] & Open.start) === 0) {
        add(tasks.from[row], What.beginTask, row);
      }
      if ((tasks.open[row] & Open.end) === 0) {
        add(tasks.to[row], What.endTask, row);
      }
    }
    for (let row = 0; row < regions.length; row++) {
      // What a goroutine inherits is no region of its own.
      if ((regions.open[row] & Open.start) === 0 && !this.isInherited(row)) {
        add(regions.from[row], What.beginRegion, row);
        if ((regions.open[row] & Open.end) === 0) {
          add(regions.to[row], What.endRegion, row);
        }
      }
    }
    for (let row = 0; row < logs.length; row++) {
      add(logs.time[row], What.log, row);
    }
    return events.sort((a, b) => a.time - b.time || a.what - b.what || a.row - b.row);
  }

  private isInherited(row: number): boolean {
    const { regions, goroutines, tables } = this.execution;
    return tables.strings[regions.name[row]] === '' && regions.from[row] === goroutines.from[regions.goroutine[row]];
  }

  private apply(what: number, row: number): void {
    const { goroutines, stays, tasks, regions } = this.execution;
    switch (what) {
      case What.begin: {
        const first = goroutines.stayOffset[row];
        const isMade = first < goroutines.stayOffset[row + 1] && stays.state[first] === StayState.runnable;
        const creator = isMade ? stays.by[first] : -1;
        this.own[row] = creator < 0 ? -1 : this.taskOf(creator);
        this.tenants[row] = creator < 0 ? -1 : this.tenants[creator];
        break;
      }
      case What.beginTask: {
        const parent = tasks.parent[row];
        const named = this.named(tasks.name[row]);
        this.taskTenants[row] = named >= 0 ? named : parent >= 0 ? this.taskTenants[parent] : -1;
        this.own[tasks.goroutine[tasks.goroutineOffset[row]]] = row;
        break;
      }
      case What.endTask:
        this.hasEnded[row] = 1;
        break;
      case What.beginRegion:
        (this.regions[regions.goroutine[row]] ??= []).push(row);
        break;
      case What.endRegion:
        this.regions[regions.goroutine[row]]?.pop();
        break;
      default:
        this.log(row);
    }
  }

  private log(row: number): void {
    const { logs, tasks, tables } = this.execution;
    const [g, key, value] = [logs.goroutine[row], logs.key[row], logs.value[row]];
    const task = tasks.id[logs.task[row]] > 0 ? logs.task[row] : -1;
    const tenant = this.isKey(key)
      ? (this.tenantRows.get(tables.strings[value]) ?? -1)
      : tables.strings[key] === ''
        ? this.named(value)
        : -1;
    if (task >= 0) {
      this.own[g] = task;
    }
    if (tenant >= 0) {
      if (task >= 0) {
        this.taskTenants[task] = tenant;
      } else {
        this.tenants[g] = tenant;
      }
    }
  }

  /** Row of the task that a goroutine works for and that goes on, -1 for none. */
  private taskOf(g: number): number {
    const { tasks, regions } = this.execution;
    const region = this.regions[g]?.at(-1);
    const ofRegion = region === undefined ? -1 : regions.task[region];
    let task = ofRegion >= 0 && tasks.id[ofRegion] > 0 ? ofRegion : this.own[g];
    for (let i = 0; task >= 0 && this.hasEnded[task]; i++) {
      task = i < maxParents ? tasks.parent[task] : -1;
    }
    return task >= 0 && tasks.id[task] > 0 ? task : -1;
  }
}

/** Rows of strings of the tenants that samples have. */
function tenantTexts({ label, strings }: Profile): ReadonlyMap<string, number> {
  const rows = new Map<string, number>();
  for (let i = 0; i < label.length; i++) {
    if (strings[label.key[i]] === blockingLabel.tenant) {
      const text = strings[label.str[i]];
      rows.set(text, rows.get(text) ?? strings.indexOf(text));
    }
  }
  return rows;
}

/** Reads each text once. */
function byRow<T>(read: (row: number) => T): (row: number) => T {
  const known = new Map<number, T>();
  return (row) => {
    let found = known.get(row);
    if (found === undefined) {
      known.set(row, (found = read(row)));
    }
    return found;
  };
}
