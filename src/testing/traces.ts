import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Ev } from '../decode/trace/eventTypes';
import { TraceReader, type OrderedGeneration } from '../decode/trace/reader';

/** Execution traces of Go programs with what Go says of them beside each; not part of this repository. */
export const traceCorpus = join(__dirname, '../../../shared/corpus/traces');

/** Names below `folder` of the corpus without .trace, none where it is absent. */
export const tracesIn = (folder: string): string[] =>
  existsSync(join(traceCorpus, folder))
    ? readdirSync(join(traceCorpus, folder))
        .filter((name) => name.endsWith('.trace'))
        .map((name) => join(folder, name.replace(/\.trace$/, '')))
    : [];

export const readTrace = (name: string): Uint8Array => new Uint8Array(readFileSync(join(traceCorpus, `${name}.trace`)));

/** What Go's reader says of a trace: for each Sync the events up to the next, and a hash of them. */
export interface TraceOracle {
  readonly error?: string;
  readonly generations: ReadonlyArray<{ readonly time: number; readonly events: number; readonly hash: string }>;
}

export const readOracle = (name: string): TraceOracle =>
  JSON.parse(gunzipSync(readFileSync(join(traceCorpus, `${name}.oracle.json.gz`))).toString());

/** Kinds of events as `go tool trace -d=parsed` prints them. */
const kindOf = (type: number): string => {
  const kinds: ReadonlyArray<readonly [string, ...number[]]> = [
    ['StackSample', Ev.cpuSample],
    ['Metric', Ev.procsChange, Ev.heapAlloc, Ev.heapGoal],
    ['RangeBegin', Ev.stwBegin, Ev.gcBegin, Ev.gcSweepBegin, Ev.gcMarkAssistBegin],
    ['RangeActive', Ev.gcActive, Ev.gcSweepActive, Ev.gcMarkAssistActive],
    ['RangeEnd', Ev.stwEnd, Ev.gcEnd, Ev.gcSweepEnd, Ev.gcMarkAssistEnd],
    ['Label', Ev.goLabel],
    ['TaskBegin', Ev.userTaskBegin],
    ['TaskEnd', Ev.userTaskEnd],
    ['RegionBegin', Ev.userRegionBegin],
    ['RegionEnd', Ev.userRegionEnd],
    ['Log', Ev.userLog],
  ];
  return (
    kinds.find(([, ...types]) => types.includes(type))?.[0] ?? (type >= Ev.span ? 'Experimental' : 'StateTransition')
  );
};
export const kindsOfEvents = Array.from({ length: 256 }, (_, type) => kindOf(type));

/** FNV-1a over one line for each event, as the corpus has it of Go's. */
export function hashOf({ origin, ordering }: TraceReader, { syncTime, events }: OrderedGeneration): string {
  let low = 0x84222325;
  let high = 0xcbf29ce4;
  const add = (line: string) => {
    for (let i = 0; i < line.length; i++) {
      low = (low ^ line.charCodeAt(i)) >>> 0;
      // The prime is 2^40 + 0x1b3.
      const product = low * 0x1b3;
      high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + (low << 8)) >>> 0;
      low = product >>> 0;
    }
  };
  const isExact = origin < 2 ** 52;
  const time = (relative: number) => (isExact ? origin + relative : BigInt(origin) + BigInt(relative));
  add(`-1 -1 -1 Sync ${time(syncTime)}\n`);
  for (let i = 0; i < events.length; i++) {
    const m = events.m[i] < 0 ? -1 : ordering.threadIds[events.m[i]];
    const g = events.g[i] < 0 ? -1 : ordering.goroutineIds[events.g[i]];
    add(`${m} ${events.p[i]} ${g} ${kindsOfEvents[events.type[i]]} ${time(events.time[i])}\n`);
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
}
