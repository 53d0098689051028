import { blockingWithin } from '../ops/blockingWithin';
import type { Execution } from '../profile/execution';
import type { Span } from '../profile/goroutineSums';
import type { Profile } from '../profile/profile';
import { InputError, type Notice } from '../text/notice';
import { parseSelector } from '../text/selector';
import { withShortNames } from '../views/shortNames';
import type { Table } from '../views/table';
import { lengthText, type OpenedTrace } from '../views/trace/openedTrace';
import type { TraceQuery } from './query';
import { traceViews } from './traceViews';
import { viewOf } from './viewOf';

/** When a trace is looked at. Unix ms. */
export interface TraceMoment {
  /** The panel's time range. */
  readonly from: number;
  readonly to: number;
  /** When its key says that it was captured, undefined where it does not. */
  readonly capturedAt?: number;
}

/**
 * Answers a query over one execution trace: what of it lies within the range, all of it where none does.
 * @throws InputError for a profile of something else, or a query that cannot be answered
 */
export function runTrace(query: TraceQuery, profile: Profile, moment: TraceMoment): readonly Table[] {
  const { execution, notices } = profile;
  if (!execution) {
    const has = profile.sampleTypes.map(({ type }) => type).join(', ') || 'no sample types';
    throw new InputError(
      `Expected an execution trace, but the capture is a profile with ${has}. Choose the profile "trace": trace.out, which the auto-profiler's flight recorder and /debug/pprof/trace write.`
    );
  }
  const { start, said } = startOf(execution, moment);
  const trace = opened(execution, start, windowOf(execution.duration, start, moment));
  const [first, ...others] = viewOf(traceViews, 'trace', query).tables(trace, query as never);
  // What is left out of its profile is no matter of these views; what of the file was lost is.
  const lost = notices.filter(({ severity }) => severity !== 'info');
  const all = [...lost, ...said, ...filterNotice(query), ...windowNotice(trace, moment), ...first.notices];
  return withShortNames([{ ...first, notices: all }, ...others], { fullNames: false });
}

/** The last range that was asked of each profile. */
const lastWithin = new WeakMap<Profile, { readonly window: Span; readonly profile: Profile }>();

/**
 * The profile of an execution trace of what of it lies within a range, all of it where none does; a notice says how much that is. Other
 * profiles are as they are.
 */
export function profileWithin(profile: Profile, moment: TraceMoment): Profile {
  const { execution } = profile;
  if (!execution) {
    return profile;
  }
  const { start } = startOf(execution, moment);
  const window = windowOf(execution.duration, start, moment);
  const said = windowNotice({ execution, start, window }, moment);
  if (window.to - window.from === execution.duration) {
    return said.length === 0 ? profile : Object.freeze({ ...profile, notices: [...profile.notices, ...said] });
  }
  const last = lastWithin.get(profile);
  if (last && last.window.from === window.from && last.window.to === window.to) {
    return last.profile;
  }
  const within = blockingWithin(profile, execution, window);
  const known = { window, profile: Object.freeze({ ...within, notices: [...profile.notices, ...said] }) };
  lastWithin.set(profile, known);
  return known.profile;
}

/** The last that was looked at of each: panels ask about the same time of it one after the other, and share what follows from it. */
const lastOpened = new WeakMap<Execution, OpenedTrace>();

function opened(execution: Execution, start: number, window: Span): OpenedTrace {
  const last = lastOpened.get(execution);
  if (last && last.start === start && last.window.from === window.from && last.window.to === window.to) {
    return last;
  }
  const trace: OpenedTrace = { execution, start, window };
  lastOpened.set(execution, trace);
  return trace;
}

/** When the trace began. Before Go 1.25 it does not say: a capture is written when the trace ends. */
function startOf(
  { startMs, duration }: OpenedTrace['execution'],
  { from, capturedAt }: TraceMoment
): { start: number; said: Notice[] } {
  if (startMs !== undefined) {
    return { start: startMs, said: [] };
  }
  const text =
    capturedAt === undefined
      ? 'Neither the trace, which is of Go 1.24 or older, nor its key says when it was: it is drawn from the beginning of the time range on.'
      : "The trace is of Go 1.24 or older, which does not write the time into it: its end is taken for the capture's time.";
  return {
    start: capturedAt === undefined ? from : capturedAt - duration / 1e6,
    said: [{ severity: capturedAt === undefined ? 'warning' : 'info', text }],
  };
}

function windowOf(duration: number, start: number, range: TraceMoment): Span {
  const from = Math.max(0, (range.from - start) * 1e6);
  const to = Math.min(duration, (range.to - start) * 1e6);
  return from < to ? { from, to } : { from: 0, to: duration };
}

function windowNotice({ execution: { duration }, start, window }: OpenedTrace, { from, to }: TraceMoment): Notice[] {
  const end = start + duration / 1e6;
  if (to <= start || from >= end) {
    const [began, ended] = [start, end].map((time) => new Date(time).toISOString().replace('T', ' ').slice(0, 19));
    return [
      {
        severity: 'info',
        text: `The time range has nothing of the trace, which is from ${began} to ${ended} UTC: all of it is shown, which graphs draw outside of the range.`,
      },
    ];
  }
  return window.to - window.from === duration
    ? []
    : [
        {
          severity: 'info',
          text: `The time range has ${lengthText(window.to - window.from)} of the trace's ${lengthText(duration)}.`,
        },
      ];
}

const filterNotice = ({ selector }: TraceQuery): Notice[] =>
  parseSelector(selector).length === 0
    ? []
    : [{ severity: 'warning', text: `A filter of samples does not narrow this view of a trace: ${selector}` }];
