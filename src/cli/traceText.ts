import type { Generation } from '../decode/trace/batches';
import { EventArguments } from '../decode/trace/eventArguments';
import type { EventColumns } from '../decode/trace/events';
import { ownStack, subjectStack } from '../decode/trace/eventStacks';
import { Ev, stackArgs } from '../decode/trace/eventTypes';
import type { OrderedGeneration, TraceReader } from '../decode/trace/reader';
import { Varints } from '../decode/trace/varints';

/** Names by the numbers of GoState and ProcState. */
const goStates = ['Undetermined', 'NotExist', 'Runnable', 'Running', 'Waiting', 'Syscall'];
const procStates = ['Undetermined', 'NotExist', 'Running', 'Idle'];

/** Kinds of events as Go's internal/trace names them; those of other types are StateTransition. */
const kinds = new Map<number, string>([
  [Ev.cpuSample, 'StackSample'],
  ...[Ev.procsChange, Ev.heapAlloc, Ev.heapGoal].map((type) => [type, 'Metric'] as const),
  ...[Ev.stwBegin, Ev.gcBegin, Ev.gcSweepBegin, Ev.gcMarkAssistBegin].map((type) => [type, 'RangeBegin'] as const),
  ...[Ev.gcActive, Ev.gcSweepActive, Ev.gcMarkAssistActive].map((type) => [type, 'RangeActive'] as const),
  ...[Ev.stwEnd, Ev.gcEnd, Ev.gcSweepEnd, Ev.gcMarkAssistEnd].map((type) => [type, 'RangeEnd'] as const),
  [Ev.goLabel, 'Label'],
  [Ev.userTaskBegin, 'TaskBegin'],
  [Ev.userTaskEnd, 'TaskEnd'],
  [Ev.userRegionBegin, 'RegionBegin'],
  [Ev.userRegionEnd, 'RegionEnd'],
  [Ev.userLog, 'Log'],
]);

const metrics = new Map<number, string>([
  [Ev.procsChange, '/sched/gomaxprocs:threads'],
  [Ev.heapAlloc, '/memory/classes/heap/objects:bytes'],
  [Ev.heapGoal, '/gc/heap/goal:bytes'],
]);

/** Names and arguments of the events of Go's experiment AllocFree. */
const experimental = new Map<number, readonly [name: string, ...args: string[]]>([
  [Ev.span, ['Span', 'id', 'npages_value', 'kindclass']],
  [Ev.spanAlloc, ['SpanAlloc', 'id', 'npages_value', 'kindclass']],
  [Ev.spanFree, ['SpanFree', 'id']],
  [Ev.heapObject, ['HeapObject', 'id', 'type']],
  [Ev.heapObjectAlloc, ['HeapObjectAlloc', 'id', 'type']],
  [Ev.heapObjectFree, ['HeapObjectFree', 'id']],
  [Ev.goroutineStack, ['GoroutineStack', 'id', 'order']],
  [Ev.goroutineStackAlloc, ['GoroutineStackAlloc', 'id', 'order']],
  [Ev.goroutineStackFree, ['GoroutineStackFree', 'id']],
]);

const noTask = '18446744073709551615';

/** What `go tool trace -d=parsed` prints of the whole generations of a trace, in parts; wall clocks in UTC. */
export function* parsedText(reader: TraceReader): Generator<string> {
  const text = new EventText(reader);
  let count = 0;
  for (let generation = reader.next(); generation; generation = reader.next()) {
    yield text.sync(++count, generation.syncTime, generation.batches);
    yield* text.events(generation);
  }
  yield text.sync(count + 1, reader.end + 1);
}

/** Which argument of a type is the first stack's id, -1 for none. */
const firstStack = (type: number): number => 31 - Math.clz32(stackArgs[type] & -stackArgs[type]);

/** Characters of a part, about. */
const partLength = 1 << 16;

class EventText {
  private readonly args: EventArguments;
  private readonly varints: Varints;
  private generation!: Generation;
  /** By id of a stack in the generation. */
  private readonly stacks = new Map<number, string>();
  /** Kinds of stop-the-world that are open, by row of goroutines; name and parent of tasks by id. */
  private readonly stops = new Map<number, string>();
  private readonly tasks = new Map<number, { readonly parent: string; readonly name: string }>();

  constructor(private readonly reader: TraceReader) {
    this.args = new EventArguments(reader.bytes);
    this.varints = new Varints(reader.bytes);
    this.varints.end = reader.bytes.length;
  }

  sync(n: number, time: number, batches?: Generation): string {
    const head = `M=-1 P=-1 G=-1 Sync Time=${this.time(time)} N=${n}`;
    if (!batches?.clock) {
      return `${head}\n`;
    }
    const { ts, mono, seconds, nanos } = batches.clock;
    const wall = `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction(nanos)}Z`;
    return `${head} Trace=${Math.trunc(ts * batches.nsPerTick)} Mono=${mono} Wall=${wall}\n`;
  }

  *events({ batches, events }: OrderedGeneration): Generator<string> {
    this.generation = batches;
    this.stacks.clear();
    let part = '';
    for (let i = 0; i < events.length; i++) {
      part += this.event(events, i);
      if (part.length > partLength) {
        yield part;
        part = '';
      }
    }
    yield part;
  }

  private time(relative: number): number | bigint {
    const { origin } = this.reader;
    return origin < 2 ** 52 ? origin + relative : BigInt(origin) + BigInt(relative);
  }

  private event(events: EventColumns, i: number): string {
    const { threadIds } = this.reader.ordering;
    const type = events.type[i];
    const offset = events.offset[i];
    const m = events.m[i] < 0 ? -1 : threadIds[events.m[i]];
    const kind = kinds.get(type) ?? (type >= Ev.span ? 'Experimental' : 'StateTransition');
    let text = `M=${m} P=${events.p[i]} G=${this.goroutineId(events.g[i])} ${kind} Time=${this.time(events.time[i])}`;
    text += kind === 'StateTransition' ? this.transition(events, i) : this.fields(events, i);
    const own = type === Ev.cpuSample ? 3 : ownStack[type] >= 0 ? ownStack[type] : firstStack(type);
    const stack = own >= 0 && offset > 0 ? this.args.read(offset, own) : 0;
    return stack !== 0 || type === Ev.cpuSample ? `${text}\nStack=\n${this.stack(stack)}\n` : `${text}\n`;
  }

  private goroutineId(row: number): number {
    return row < 0 ? -1 : this.reader.ordering.goroutineIds[row];
  }

  private transition(events: EventColumns, i: number): string {
    const type = events.type[i];
    const [from, to] = [events.states[i] >> 3, events.states[i] & 7];
    const subject = events.subject[i];
    if (type >= Ev.procStart && type <= Ev.procStatus) {
      return ` ProcID=${subject} ${procStates[from]}->${procStates[to]} Reason=""`;
    }
    const offset = events.offset[i];
    const hasReason = (type === Ev.goStop || type === Ev.goBlock) && offset > 0;
    const reason = hasReason ? this.quoted(this.args.read(offset, 0)) : '""';
    const text = ` GoID=${this.goroutineId(subject)} ${goStates[from]}->${goStates[to]} Reason=${reason}`;
    const stack = subjectStack[type] >= 0 && offset > 0 ? this.args.read(offset, subjectStack[type]) : 0;
    const isCreate = type === Ev.goCreate || type === Ev.goCreateBlocked;
    return stack === 0 && !isCreate ? text : `${text}\nTransitionStack=\n${this.stack(stack)}`;
  }

  private fields(events: EventColumns, i: number): string {
    const { args } = this;
    const type = events.type[i];
    const offset = events.offset[i];
    const name = metrics.get(type);
    if (name !== undefined) {
      return ` Name="${name}" Value=${value(args.read(offset, 0))}`;
    }
    switch (type) {
      case Ev.cpuSample:
        return '';
      case Ev.goLabel:
        return ` Label=${this.quoted(args.read(offset, 0))} Resource=Goroutine(${this.goroutineId(events.g[i])})`;
      case Ev.userTaskBegin:
      case Ev.userTaskEnd:
        return this.task(type, offset);
      case Ev.userRegionBegin:
      case Ev.userRegionEnd:
        return ` Task=${args.read(offset, 0)} Type=${this.quoted(args.next())}`;
      case Ev.userLog: {
        const task = args.read(offset, 0);
        const category = args.next();
        const message = args.next();
        return ` Task=${task} Category=${this.quoted(category)} Message=${this.quoted(message)}`;
      }
      default:
        return type >= Ev.span ? this.experiment(type, offset) : this.range(events, i);
    }
  }

  private task(type: number, offset: number): string {
    const { args, tasks } = this;
    const id = args.read(offset, 0);
    if (type === Ev.userTaskBegin) {
      const parent = args.next();
      tasks.set(id, { parent: parent === 0 ? noTask : `${parent}`, name: this.quoted(args.next()) });
    }
    const { parent, name } = tasks.get(id) ?? { parent: noTask, name: '""' };
    if (type === Ev.userTaskEnd) {
      tasks.delete(id);
    }
    return ` ID=${id} Parent=${parent} Type=${name}`;
  }

  private experiment(type: number, offset: number): string {
    const [name, ...names] = experimental.get(type) ?? [''];
    const values = names.map((arg, i) => `${arg}=${value(this.args.read(offset, i))}`);
    return ` Name=${name} Args=[${values.join(', ')}]`;
  }

  private range(events: EventColumns, i: number): string {
    const type = events.type[i];
    const offset = events.offset[i];
    const of = (row: number) => `Goroutine(${this.goroutineId(row)})`;
    switch (type) {
      case Ev.stwBegin:
      case Ev.stwEnd: {
        const g = events.g[i];
        if (type === Ev.stwBegin) {
          this.stops.set(g, quote(`stop-the-world (${this.text(this.args.read(offset, 0))})`));
        }
        return ` Name=${this.stops.get(g)} Scope=${of(g)}${type === Ev.stwEnd ? ' Attributes=[]' : ''}`;
      }
      case Ev.gcMarkAssistActive:
        return ` Name="GC mark assist" Scope=Goroutine(${this.args.read(offset, 0)})`;
      case Ev.gcMarkAssistBegin:
        return ` Name="GC mark assist" Scope=${of(events.g[i])}`;
      case Ev.gcMarkAssistEnd:
        return ` Name="GC mark assist" Scope=${of(events.g[i])} Attributes=[]`;
      case Ev.gcSweepActive:
        return ` Name="GC incremental sweep" Scope=Proc(${this.args.read(offset, 0)})`;
      case Ev.gcSweepBegin:
        return ` Name="GC incremental sweep" Scope=Proc(${events.p[i]})`;
      case Ev.gcSweepEnd: {
        const swept = value(this.args.read(offset, 0));
        const reclaimed = value(this.args.next());
        return ` Name="GC incremental sweep" Scope=Proc(${events.p[i]}) Attributes=["bytes swept"=${swept} "bytes reclaimed"=${reclaimed}]`;
      }
      default:
        return ` Name="GC concurrent mark phase" Scope=None${type === Ev.gcEnd ? ' Attributes=[]' : ''}`;
    }
  }

  /** The lines of a stack's calls, the leaf first. */
  private stack(id: number): string {
    let lines = this.stacks.get(id);
    if (lines === undefined) {
      lines = this.readStack(id);
      this.stacks.set(id, lines);
    }
    return lines;
  }

  private readStack(id: number): string {
    const { varints, generation } = this;
    const at = generation.stacks.get(id);
    if (at === undefined) {
      return '';
    }
    varints.pos = at;
    const addresses = Array.from({ length: varints.next() }, () => {
      const address = varints.next();
      varints.skip(3);
      return address;
    });
    return addresses
      .map((address) => {
        varints.pos = generation.frames.get(address) as number;
        const [name, file, line] = [varints.next(), varints.next(), varints.next()];
        return `\t${this.text(name)} @ 0x${address.toString(16)}\n\t\t${this.text(file)}:${line}\n`;
      })
      .join('');
  }

  private text(id: number): string {
    return this.reader.text(this.generation, id);
  }

  private quoted(id: number): string {
    return quote(this.text(id));
  }
}

const value = (of: number): string => `Value{Uint64(${of})}`;

/** Nanoseconds as Go's RFC3339Nano has them: without zeros at the end. */
const fraction = (nanos: number): string =>
  nanos === 0 ? '' : `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}`;

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** A text as Go's %q prints it. */
const quote = (text: string): string =>
  `"${Array.from(text, (one) => escapes[one] ?? (one < ' ' || one === '\x7f' ? `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}` : one)).join('')}"`;
