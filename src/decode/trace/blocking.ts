import { isSystemFunction } from '../../profile/execution';
import { PairInterner } from '../../profile/interner';
import { LabelSetBuilder } from '../../profile/labelSets';
import type { Profile } from '../../profile/profile';
import { grouped, type Notice } from '../../text/notice';
import { blockingLabel, periodTypeOfTraces, waitKind } from '../../profile/traceLabels';
import { emptyHeader } from '../emptyHeader';
import { maxRows } from '../goroutine/tables';
import type { EventColumns } from './events';
import { subjectStack } from './eventStacks';
import { Ev, GoState } from './eventTypes';
import { IdTable } from './idTable';
import type { EventSink, OrderedGeneration, TraceReader } from './reader';
import type { TraceStacks } from './stacks';
import { defaultTenantKeys, TaskContexts } from './taskContexts';
import { Varints } from './varints';

export const blockingKinds = ['net', 'sync', 'syscall', 'sched'] as const;
type BlockingKind = (typeof blockingKinds)[number];
type Kind = BlockingKind | 'cpu';

export interface BlockingOptions {
  /** Go's own profile of one kind: without labels and times. */
  readonly kind?: BlockingKind;
  /** Keys whose value is the tenant. */
  readonly tenantKeys?: readonly string[];
}

/** A state that is measured, and why it was entered. */
interface Stay {
  readonly kind: Kind;
  readonly state: 'waiting' | 'syscall' | 'runnable' | 'running';
  readonly reason: string;
}

/**
 * How long goroutines did not run, and where: for each stay in a state what `go tool trace -pprof=` counts. It begins with the
 * event that enters the state, whose stack it has, and counts from the goroutine's first run on; what is open at the end of the
 * trace does not count.
 */
export class Blocking implements EventSink {
  private readonly varints: Varints;
  private readonly stays: Stay[] = [];
  private readonly stayRows = new Map<string, number>();
  private readonly syscall = this.stay({ kind: 'syscall', state: 'syscall', reason: '' });
  private readonly cpu = this.stay({ kind: 'cpu', state: 'running', reason: '' });
  /** Rows of stays + 2 by reason's id in the generation, of runnable and of waiting goroutines; 1 where they are not measured. */
  private runnable = new IdTable();
  private waiting = new IdTable();

  private textOf!: (id: number) => string;

  private readonly contexts: TaskContexts;
  /** (context, stay), (stack, that) and (that, owner): what is summed up. */
  private readonly labelled = new PairInterner();
  private readonly places: PairInterner;
  private readonly sums: PairInterner;
  private readonly count: number[] = [];
  private readonly delay: number[] = [];
  /** Of samples of the CPU, of sums of their own: they count wherever they are. */
  private readonly cpuSums: PairInterner;
  private readonly cpuCount: number[] = [];
  /** The sum of the same owner before this one, -1 for none. */
  private readonly before: number[] = [];

  /**
   * Whose waits are added up together: goroutines that began in one function. One that was there before the trace, or that C
   * called, is an owner of its own, since its name may come later and cgo gives its id again.
   * Row of its name, -1 for none, and its last sum.
   */
  private readonly ownerName: number[] = [];
  private readonly lastSum: number[] = [];
  /** Of samples of the CPU that name no goroutine. */
  private noOwner: number | undefined;
  private readonly ownerOfName = new Map<number, number>();

  /** By row of goroutines: the owner, the row of `places` of an open stay or -1, its time and state, whether it ever ran. */
  private readonly owner: number[] = [];
  private readonly open: number[] = [];
  private readonly since: number[] = [];
  private readonly state: number[] = [];
  private readonly hasRun: boolean[] = [];

  constructor(
    private readonly reader: TraceReader,
    private readonly stacks: TraceStacks,
    tenantKeys: readonly string[] = defaultTenantKeys
  ) {
    const { bytes } = reader;
    this.varints = new Varints(bytes);
    this.varints.end = bytes.length;
    this.places = new PairInterner(1024, false, maxRows(bytes));
    this.sums = new PairInterner(1024, false, 2 * maxRows(bytes));
    this.cpuSums = new PairInterner(1024, false, maxRows(bytes));
    this.contexts = new TaskContexts(this.stacks, tenantKeys, maxRows(bytes));
  }

  startGeneration({ isFresh, batches }: OrderedGeneration): void {
    if (isFresh) {
      this.forget();
    }
    this.runnable = new IdTable();
    this.waiting = new IdTable();
    this.textOf = (id) => this.reader.text(batches, id);
    this.contexts.startGeneration(this.textOf);
  }

  take(events: EventColumns): void {
    const { type, states, subject, offset, g } = events;
    let at = 0;
    const argument = (index: number) => this.argument(at, index);
    for (let i = 0; i < events.length; i++) {
      const kind = type[i];
      if (states[i] !== 0) {
        if (kind < Ev.procStart || kind > Ev.procStatus) {
          const [from, to] = [states[i] >> 3, states[i] & 7];
          if (from <= GoState.notExist && from !== to) {
            this.contexts.begin(subject[i], from === GoState.notExist ? g[i] : -1);
          }
          this.change(events, i, from, to);
        }
      } else if (kind >= Ev.userTaskBegin && kind <= Ev.userLog) {
        at = offset[i];
        this.contexts.event(kind, g[i], argument);
      } else if (kind === Ev.cpuSample) {
        this.addCpuSample(g[i], offset[i]);
      }
    }
  }

  private addCpuSample(g: number, offset: number): void {
    const owner = this.owner[g] ?? -1;
    const place = this.place(this.stacks.row(this.argument(offset, 3)), this.cpu, g);
    const sum = this.cpuSums.intern(place, (owner < 0 ? (this.noOwner ??= this.newOwner(-1)) : owner) >>> 0);
    this.cpuCount[sum] = (this.cpuCount[sum] ?? 0) + 1;
  }

  /** Row of `places` of a goroutine's state, with what it works for. */
  private place(stack: number, stay: number, g: number): number {
    return this.places.intern(stack, this.labelled.intern(g < 0 ? 0 : this.contexts.of(g), stay));
  }

  /** After a loss goroutines are others, as in a trace of its own: what was open does not count. */
  private forget(): void {
    this.open.fill(-1);
    this.owner.fill(-1);
    this.contexts.forget();
  }

  private change(events: EventColumns, i: number, from: number, to: number): void {
    const g = events.subject[i];
    const time = events.time[i];
    if (from !== to) {
      const name = this.isNameless(g, from) ? this.nameOf(events.type[i], events.offset[i]) : -1;
      if (from <= GoState.notExist) {
        this.begin(g, name, from === GoState.notExist && to !== GoState.syscall);
      } else if (name >= 0) {
        this.ownerName[this.owner[g]] = name;
      }
    }
    const isFirstRun = to === GoState.running && from !== to && !this.hasRun[g];
    if (this.open[g] >= 0) {
      if (this.state[g] === to) {
        return;
      }
      // What is before the first run does not count.
      if (!isFirstRun) {
        this.close(g, time);
      }
      this.open[g] = -1;
    }
    if (isFirstRun) {
      this.run(g);
    }
    const stay = this.stayOf(to, events.reason[i]);
    if (stay >= 0) {
      this.open[g] = this.place(this.stacks.row(events.stack[i]), stay, g);
      this.since[g] = time;
      this.state[g] = to;
    }
  }

  private isNameless(g: number, from: number): boolean {
    return from <= GoState.notExist || this.ownerName[this.owner[g]] < 0;
  }

  private nameOf(type: number, offset: number): number {
    return offset === 0 || subjectStack[type] < 0
      ? -1
      : this.stacks.rootFunction(this.argument(offset, subjectStack[type]));
  }

  /** @param isOnce whether the goroutine is new and its id is never given again */
  private begin(g: number, name: number, isOnce: boolean): void {
    this.hasRun[g] = false;
    this.open[g] ??= -1;
    const own = this.owner[g];
    if (own === undefined || own < 0 || this.isShared(own)) {
      this.owner[g] = isOnce && name >= 0 ? this.sharedOwner(name) : this.newOwner(name);
    } else {
      // Under an id that was there cgo's goroutine is another one, of which alone Go's profiles know when it first ran.
      this.ownerName[own] = name;
    }
  }

  private sharedOwner(name: number): number {
    let owner = this.ownerOfName.get(name);
    if (owner === undefined) {
      this.ownerOfName.set(name, (owner = this.newOwner(name)));
    }
    return owner;
  }

  private isShared(owner: number): boolean {
    return this.ownerOfName.get(this.ownerName[owner]) === owner;
  }

  private newOwner(name: number): number {
    this.lastSum.push(-1);
    return this.ownerName.push(name) - 1;
  }

  private run(g: number): void {
    this.hasRun[g] = true;
    const owner = this.owner[g];
    if (this.isShared(owner)) {
      return;
    }
    for (let sum = this.lastSum[owner]; sum >= 0; sum = this.before[sum]) {
      this.count[sum] = 0;
      this.delay[sum] = 0;
    }
  }

  private close(g: number, time: number): void {
    const owner = this.owner[g];
    const sum = this.sums.intern(this.open[g], owner);
    if (sum === this.count.length) {
      this.count.push(0);
      this.delay.push(0);
      this.before.push(this.lastSum[owner]);
      this.lastSum[owner] = sum;
    }
    this.count[sum]++;
    this.delay[sum] += time - this.since[g];
  }

  private argument(offset: number, index: number): number {
    const { varints } = this;
    varints.pos = offset + 1;
    varints.skip(index + 1);
    return varints.next();
  }

  /** Row of `stays` of a state that is entered, -1 where that is not measured. */
  private stayOf(to: number, id: number): number {
    if (to !== GoState.runnable && to !== GoState.waiting) {
      return to === GoState.syscall ? this.syscall : -1;
    }
    const known = to === GoState.runnable ? this.runnable : this.waiting;
    const found = known.get(id);
    if (found > 0) {
      return found - 2;
    }
    const reason = this.textOf(id);
    const kind = to === GoState.runnable ? 'sched' : waitKind(reason);
    const row = kind ? this.stay({ kind, state: to === GoState.runnable ? 'runnable' : 'waiting', reason }) : -1;
    known.add(id, row + 2);
    return row;
  }

  private stay(stay: Stay): number {
    const key = `${stay.kind} ${stay.reason}`;
    let row = this.stayRows.get(key);
    if (row === undefined) {
      this.stayRows.set(key, (row = this.stays.length));
      this.stays.push(stay);
    }
    return row;
  }

  profile({ kind: only }: BlockingOptions): Profile {
    const { reader, stacks } = this;
    const { tables } = stacks;
    const labels = new LabelSetBuilder(1024, 10 * maxRows(reader.bytes));
    const addLabels = only === undefined ? this.labeller(labels) : undefined;
    const { toRows, ...finished } = tables.finish();
    const samples = new PairInterner(1024, false, maxRows(reader.bytes));
    const values: [number[], number[], number[]] = [[], [], []];
    const add = (place: number, owner: number, row: readonly [number, number, number]) => {
      const name = this.ownerName[owner];
      addLabels?.(place, name, isSystemFunction(name < 0 ? '' : finished.strings[name]));
      const sample = samples.intern(this.places.first[place], labels.finishSet());
      values.forEach((column, k) => (column[sample] = (column[sample] ?? 0) + row[k]));
    };
    this.count.forEach((count, i) => {
      const place = this.sums.first[i];
      if (count > 0 && (only === undefined || this.stays[this.stayOfPlace(place)].kind === only)) {
        add(place, this.sums.second[i], [count, this.delay[i], 0]);
      }
    });
    if (only === undefined) {
      this.cpuCount.forEach((count, i) => add(this.cpuSums.first[i], this.cpuSums.second[i], [0, 0, count]));
    }
    const { label, labelSet } = labels.finish();
    const sample = samples.finish();
    const types = only === undefined && this.cpuCount.length > 0 ? 3 : 2;
    return Object.freeze({
      ...finished,
      ...header,
      sampleTypes: sampleTypes.slice(0, types),
      ...(only === undefined && timesOf(reader)),
      notices: [...faultNotices(reader), ...(reader.windowed?.notices(reader.bytes.length) ?? [])],
      sample: {
        length: sample.length,
        values: values.slice(0, types).map((column) => Float64Array.from(column)),
        stack: Uint32Array.from(sample.first),
        labelSet: sample.second,
      },
      labelSet,
      label: { ...label, key: toRows(label.key), str: toRows(label.str), unit: toRows(label.unit) },
    });
  }

  private stayOfPlace(place: number): number {
    return this.labelled.second[this.places.second[place]];
  }

  /** Adds the labels of a sample, of rows of texts that are all there before the tables are finished. */
  private labeller(labels: LabelSetBuilder): (place: number, name: number, isOfSystem: boolean) => void {
    const { tables } = this.stacks;
    const key = Object.fromEntries(Object.entries(blockingLabel).map(([name, text]) => [name, tables.string(text)]));
    const rows = this.stays.map(({ kind, state, reason }) => [kind, state, reason].map((text) => tables.string(text)));
    const noText = tables.string('');
    const yes = tables.string('true');
    const add = (name: number, value: number) => {
      if (value >= 0 && value !== noText) {
        labels.add(name, value, 0, 0, false);
      }
    };
    return (place, name, isOfSystem) => {
      const [kind, state, reason] = rows[this.stayOfPlace(place)];
      const { task, region, tenant } = this.contexts.context(this.labelled.first[this.places.second[place]]);
      add(key.kind, kind);
      add(key.state, state);
      add(key.reason, reason);
      add(key.startFunction, name);
      add(key.task, task);
      add(key.region, region);
      add(key.tenant, tenant);
      add(key.system, isOfSystem ? yes : -1);
    };
  }
}

/** The last is there where the trace has samples of the CPU. */
const sampleTypes = [
  { type: 'contentions', unit: 'count' },
  { type: 'delay', unit: 'nanoseconds' },
  { type: 'samples', unit: 'count' },
];

const header = {
  ...emptyHeader,
  defaultSampleType: 'delay',
  periodType: periodTypeOfTraces,
  period: 1,
};

/** Losses that are told one by one. */
const maxNotices = 5;

/** When the trace began, which it says from Go 1.25 on, and how long it is. */
function timesOf({ origin, end, firstClock }: TraceReader): Pick<Profile, 'timeNanos' | 'durationNanos'> {
  const durationNanos = end;
  if (!firstClock) {
    return { timeNanos: 0n, durationNanos };
  }
  const { ts, nsPerTick, seconds, nanos } = firstClock;
  const sinceOrigin = Math.trunc(ts * nsPerTick) - origin;
  return { timeNanos: BigInt(seconds) * 1_000_000_000n + BigInt(nanos) - BigInt(sinceOrigin), durationNanos };
}

const seconds = (ns: number) => `${(ns / 1e9).toFixed(ns < 1e8 ? 3 : 1)} s`;

/** What of a trace is not shown: a notice for each of the first losses, and one for the rest. */
function faultNotices(reader: TraceReader): Notice[] {
  const { bytes } = reader;
  const losses = reader.lost();
  const shown = losses.slice(0, maxNotices).map(({ error, start, end, since, until }): Notice => {
    const at = error.offset < 0 ? '' : ` at byte ${grouped(error.offset)}`;
    const isLast = end === bytes.length;
    const lost = `${grouped(end - start)} of ${grouped(bytes.length)} bytes${until > since ? ` and ${isLast ? 'at least ' : ''}${seconds(until - since)}` : ''}`;
    const kept = isLast
      ? `What is before it is shown, ${seconds(since)}; the last ${lost} are lost.`
      : until === 0
        ? `What is after it is shown; the first ${lost} are lost, and how long they were is not known.`
        : `What is before and after it is shown, each as a trace of its own: ${lost} are lost, from ${seconds(since)} to ${seconds(until)}.`;
    return { severity: 'warning', text: `The trace is damaged${at}: ${error.message}. ${kept}` };
  });
  const more = losses.slice(maxNotices);
  if (more.length > 0) {
    const sum = more.reduce((total, { start, end }) => total + end - start, 0);
    shown.push({
      severity: 'warning',
      text: `It is damaged in ${grouped(more.length)} more places: ${grouped(sum)} bytes are lost.`,
    });
  }
  return shown;
}
