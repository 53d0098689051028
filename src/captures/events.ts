import { processId, type Capture } from './capture';

/** Files of one event: what a process captured at one moment. */
export interface CaptureEvent {
  /** Event id; the object's key where the layout has no {event}. */
  readonly id: string;
  /** Unix ms. */
  readonly time: number;
  /** Of the first file; its profile stands for all. */
  readonly labels: Readonly<Record<string, string>>;
  /** Bytes at capture and the limit then. */
  readonly value?: number;
  readonly limit?: number;
  /** What was captured: heap, goroutine, cpu, … */
  readonly profiles: readonly string[];
  readonly captures: readonly Capture[];
}

/** Captures, by rising time, as the events that they are of. */
export function eventsOf(captures: readonly Capture[]): CaptureEvent[] {
  const files = groupsOf(captures, eventId);
  return files.map((all) => {
    const [first] = all;
    return {
      id: first.labels.event || first.object.key,
      time: first.time,
      labels: first.labels,
      value: first.value,
      limit: first.limit,
      profiles: [...new Set(all.map(({ labels }) => labels.profile).filter(Boolean))],
      captures: all,
    };
  });
}

/** What the files of one event share. An id is unique in a bucket when our auto-profiler writes it, and of a process when another does. */
export const eventId = ({ labels: { service = '', instance = '', event }, object }: Capture): string =>
  event ? JSON.stringify([service, instance, event]) : object.key;

/** Whether an object tells of a capture instead of being a profile: meta.json. */
export const isMeta = ({ object }: Capture): boolean => object.key.endsWith('.json');

/** What an event is opened by where nothing says which of its profiles: memory first, it is what captures are about. */
const mainProfiles = ['heap', 'cpu', 'goroutine', 'allocs'];

/** The capture that stands for others of the same event. */
export function mainCapture(captures: readonly Capture[]): Capture | undefined {
  for (const profile of mainProfiles) {
    const found = captures.find(({ labels }) => labels.profile === profile);
    if (found) {
      return found;
    }
  }
  return captures[0];
}

/** Events of one process between which its memory rose. */
export interface Ramp {
  readonly first: CaptureEvent;
  readonly last: CaptureEvent;
}

/** Shortest ramp: two captures say nothing of a trend. */
const shortestRamp = 3;

/** The ramps of each process: runs of at least three events whose value rises from each to the next. */
export function rampsOf(events: readonly CaptureEvent[]): Ramp[] {
  const ofProcesses = groupsOf(events, processId);
  return ofProcesses.flatMap((all) => {
    const ramps: Ramp[] = [];
    let start = 0;
    for (let i = 1; i <= all.length; i++) {
      const rises = i < all.length && (all[i].value ?? 0) > (all[i - 1].value ?? 0);
      if (!rises) {
        if (i - start >= shortestRamp) {
          ramps.push({ first: all[start], last: all[i - 1] });
        }
        start = i;
      }
    }
    return ramps;
  });
}

/** Lists of what has the same id, in the order of their first. */
export function groupsOf<T>(items: readonly T[], idOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const id = idOf(item);
    const known = groups.get(id);
    if (known) {
      known.push(item);
    } else {
      groups.set(id, [item]);
    }
  }
  return [...groups.values()];
}
