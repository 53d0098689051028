import { goroutineLabel, hiddenCall, semaphoreState, stateClass, userLabelKey } from '../profile/goroutineStates';
import { PairInterner, TextInterner } from '../profile/interner';
import { LabelSetBuilder } from '../profile/labelSets';
import type { Profile } from '../profile/profile';
import type { Notice } from '../text/notice';

/** True for a profile whose samples are goroutines, or counts of them. */
export const isGoroutineProfile = ({ sampleTypes }: Pick<Profile, 'sampleTypes'>): boolean =>
  sampleTypes.some(({ type, unit }) => (type === 'goroutine' || type === 'goroutineleak') && unit === 'count');

/**
 * A goroutine profile with the labels of profile/goroutineStates.ts, whatever its format:
 *
 * - a dump (debug=2) has them from its decoder and stays as it is;
 * - CockroachDB's debug=3 has them under names of its own, which become ours, and gets the sample type `wait`;
 * - debug=0, debug=1 and goroutineleak have none: `state` and `state_class` are inferred from the calls on top of each
 *   stack, and a notice says so. Go's debug=1 leaves out the runtime's calls, so there only the class is known of a
 *   goroutine that waits for a channel.
 *
 * It is an op, not part of the decoders, since `go tool pprof` prints these files without such labels and so does our
 * command line.
 */
export function withStates(profile: Profile): Profile {
  return isGoroutineProfile(profile) ? new StateLabeller(profile).label() : profile;
}

/** CockroachDB's labels (its Go fork, runtime/pprof/pprof.go) → ours. */
const forkLabels = new Map<string, string>([
  ['go::goroutine', goroutineLabel.goroutine],
  ['go::goroutine_created_by', goroutineLabel.creatorGoroutine],
  ['go::goroutine_state', goroutineLabel.state],
  ['go::goroutine_wait_minutes', goroutineLabel.waitMinutes],
]);

class StateLabeller {
  private readonly strings: TextInterner;
  private readonly builder = new LabelSetBuilder();
  private readonly clashes = new Set<string>();
  private inferred = 0;

  constructor(private readonly profile: Profile) {
    this.strings = new TextInterner(profile.strings);
  }

  label(): Profile {
    const { profile, builder } = this;
    const { sample, labelSet, sampleTypes } = profile;
    const labelled = Uint8Array.from({ length: labelSet.length }, (_, set) =>
      this.has(set, goroutineLabel.stateClass) ? 1 : 0
    );
    if (sample.labelSet.every((set) => labelled[set] === 1)) {
      return profile;
    }
    const states = new StackStates(profile);
    const isLeak = !sampleTypes.some(({ type }) => type === 'goroutine');
    const wait = sampleTypes.some(({ type }) => type === 'wait') ? undefined : new Float64Array(sample.length);
    let hasWaits = false;

    // Samples with one label list and one state share a list again.
    const pairs = new PairInterner();
    const setOfPair: number[] = [];
    const minutesOfPair: number[] = [];
    const sets = new Uint32Array(sample.length);
    for (let i = 0; i < sample.length; i++) {
      const set = sample.labelSet[i];
      const pair = pairs.intern(set, labelled[set] ? 0 : states.of(sample.stack[i]) + 1);
      if (pair === setOfPair.length) {
        minutesOfPair.push(labelled[set] ? this.copy(set) : this.extend(set, states.text(sample.stack[i]), isLeak));
        setOfPair.push(builder.finishSet());
      }
      sets[i] = setOfPair[pair];
      if (wait && minutesOfPair[pair] >= 0) {
        hasWaits = true;
        wait[i] = minutesOfPair[pair] * 60e9 * sample.values[0][i];
      }
    }

    return Object.freeze({
      ...profile,
      ...builder.finish(),
      strings: this.strings.texts,
      notices: [...profile.notices, ...this.notices()],
      sample: { ...sample, labelSet: sets, values: hasWaits && wait ? [...sample.values, wait] : sample.values },
      ...(hasWaits &&
        wait && {
          sampleTypes: [...sampleTypes, { type: 'wait', unit: 'nanoseconds' }],
          defaultSampleType: 'goroutine',
        }),
    });
  }

  /** The labels of a set with ours. @returns minutes it waited, -1 where the format does not say */
  private extend(set: number, state: StackState, isLeak: boolean): number {
    const { label, labelSet, strings } = this.profile;
    let minutes = -1;
    let known = '';
    let isLeaked = isLeak;
    let isDurable = false;
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      const key = strings[label.key[i]];
      const own = forkLabels.get(key);
      if (own === goroutineLabel.state) {
        const [, text, marks] = /^(.*?)((?: \((?:scan|leaked|durable)\))*)$/s.exec(strings[label.str[i]]) ?? [];
        known = text;
        isLeaked ||= text === 'leaked' || marks.includes('leaked');
        isDurable = marks.includes('durable');
        minutes = Math.max(minutes, 0);
      } else if (own === goroutineLabel.waitMinutes) {
        minutes = label.num[i];
        this.number(own, label.num[i], 'minutes');
      } else if (own !== undefined) {
        if (own !== goroutineLabel.creatorGoroutine || label.num[i] !== 0) {
          this.number(own, label.num[i]);
        }
      } else {
        const shown = userLabelKey(key);
        if (shown !== key) {
          this.clashes.add(shown);
        }
        this.builder.add(this.strings.row(shown), label.str[i], label.num[i], label.unit[i], label.isNumeric[i] === 1);
      }
    }
    const shownState = known || state.state;
    if (known === '') {
      this.inferred++;
    }
    if (shownState !== '') {
      this.text(goroutineLabel.state, shownState);
    }
    this.text(goroutineLabel.stateClass, isLeaked ? 'stuck' : known === '' ? state.class : stateClass(known));
    if (isLeaked) {
      this.text(goroutineLabel.leaked, 'true');
    }
    if (isDurable) {
      this.text(goroutineLabel.durable, 'true');
    }
    return minutes;
  }

  private copy(set: number): number {
    const { label, labelSet } = this.profile;
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      this.builder.add(label.key[i], label.str[i], label.num[i], label.unit[i], label.isNumeric[i] === 1);
    }
    return -1;
  }

  private has(set: number, key: string): boolean {
    const { label, labelSet, strings } = this.profile;
    for (let i = labelSet.labelOffset[set]; i < labelSet.labelOffset[set + 1]; i++) {
      if (strings[label.key[i]] === key) {
        return true;
      }
    }
    return false;
  }

  private text(key: string, value: string): void {
    this.builder.add(this.strings.row(key), this.strings.row(value), 0, 0, false);
  }

  private number(key: string, value: number, unit = ''): void {
    this.builder.add(this.strings.row(key), 0, value, this.strings.row(unit), true);
  }

  private notices(): Notice[] {
    const notices: Notice[] = [];
    if (this.inferred > 0) {
      notices.push({
        severity: 'info',
        text: 'States are inferred from the calls on top of each stack: this format does not record them. A dump with debug=2 does.',
      });
    }
    if (this.clashes.size > 0) {
      notices.push({
        severity: 'info',
        text: `Labels of the program that are named like ours are shown as ${[...this.clashes].sort().join(', ')}.`,
      });
    }
    return notices;
  }
}

interface StackState {
  /** As Go would print it; '' where only the class is known. */
  readonly state: string;
  readonly class: string;
}

/** What the topmost call that says anything says, by its name. */
const stateOfCall = new Map<string, string>([
  ['runtime.chanrecv', 'chan receive'],
  ['runtime.chansend', 'chan send'],
  ['runtime.selectgo', 'select'],
  ['runtime.block', 'select (no cases)'],
  ['runtime.netpollblock', 'IO wait'],
  ['internal/poll.runtime_pollWait', 'IO wait'],
  ['net.runtime_pollWait', 'IO wait'],
  ['time.Sleep', 'sleep'],
  ['runtime.timeSleep', 'sleep'],
  ['sync.runtime_notifyListWait', 'sync.Cond.Wait'],
  ['sync.runtime_SemacquireRWMutexR', 'sync.RWMutex.RLock'],
  ['sync.runtime_SemacquireRWMutex', 'sync.RWMutex.Lock'],
  ['sync.runtime_SemacquireWaitGroup', 'sync.WaitGroup.Wait'],
  ['internal/sync.runtime_SemacquireMutex', 'sync.Mutex.Lock'],
  ['runtime.coroswitch', 'coroutine'],
  ['internal/synctest.Run', 'synctest.Run'],
  ['internal/synctest.Wait', 'synctest.Wait'],
  // A goroutine in C, and the one that waits for signals, are in a system call for Go.
  ['runtime.cgocall', 'syscall'],
  ['runtime.notetsleepg', 'syscall'],
  ['os/signal.signal_recv', 'syscall'],
  ['runtime.gcParkAssist', 'GC assist wait'],
  ['runtime.gcAssistAlloc', 'GC assist marking'],
  ['runtime.GC', 'wait for GC cycle'],
  ['runtime.gcBgMarkWorker', 'GC worker (idle)'],
  ['runtime.bgsweep', 'GC sweep wait'],
  ['runtime.bgscavenge', 'GC scavenge wait'],
  ['runtime.forcegchelper', 'force gc (idle)'],
  ['runtime.runfinq', 'finalizer wait'],
  ['runtime.runFinalizers', 'finalizer wait'],
  ['runtime.runCleanups', 'cleanup wait'],
  ['runtime.ReadTrace', 'trace reader (blocked)'],
  ['runtime.asyncPreempt', 'runnable'],
  ['runtime.asyncPreempt2', 'runnable'],
  ['runtime.Gosched', 'runnable'],
  ['runtime.goschedguarded', 'runnable'],
  ['runtime.newstack', 'runnable'],
  // The goroutine that takes the profile.
  ['runtime.goroutineProfileWithLabels', 'running'],
  ['runtime.goroutineLeakProfileWithLabels', 'running'],
  ['runtime/pprof.runtime_goroutineProfileWithLabels', 'running'],
  ['runtime/pprof.writeRuntimeProfile', 'running'],
]);

const systemCall =
  /^(syscall\.(raw|Raw)?(Vfork)?[sS]yscall|(internal\/runtime|runtime\/internal)\/syscall\b|golang\.org\/x\/sys\/unix\.(Raw)?Syscall)/;
/** The Go side of a call into C; runtime.cgocall is above it. */
const callIntoC = /\._Cfunc_/;

/** Go before 1.20 parks all of package sync in these; the next call says which. */
const semaphores = new Set(['sync.runtime_Semacquire', 'sync.runtime_SemacquireMutex']);
/** Calls above which a goroutine is parked, whatever for. */
const parking = new Map([
  ['runtime.gopark', 'waiting'],
  ['runtime.goparkunlock', 'waiting'],
  ['runtime.semacquire', 'semacquire'],
  ['runtime.semacquire1', 'semacquire'],
]);

/** Infers the state of each distinct stack once. */
class StackStates {
  private readonly texts: StackState[] = [];
  private readonly rowOf = new Map<string, number>();
  /** Row of `texts` + 1 by row of `stack`, 0 for not yet asked. */
  private readonly ofStack: Int32Array;
  /** In debug=1: locations without a name that goroutines are parked in, known from those whose first name says so. */
  private readonly parkedIn: ReadonlySet<number>;

  constructor(private readonly profile: Profile) {
    this.ofStack = new Int32Array(profile.stack.length);
    this.parkedIn = this.findParked();
  }

  /** Row of the state of a stack: equal states have one row. */
  of(stack: number): number {
    if (this.ofStack[stack] === 0) {
      const state = this.infer(stack);
      const id = `${state.state}\0${state.class}`;
      let row = this.rowOf.get(id);
      if (row === undefined) {
        this.rowOf.set(id, (row = this.texts.length));
        this.texts.push(state);
      }
      this.ofStack[stack] = row + 1;
    }
    return this.ofStack[stack] - 1;
  }

  text(stack: number): StackState {
    return this.texts[this.of(stack)];
  }

  private infer(stack: number): StackState {
    const { hidden, leaf, names, offsets } = this.top(stack);
    const state = stateOfCalls(names, offsets);
    if (hidden === 0 || (state !== 'runnable' && state !== 'waiting')) {
      return { state, class: stateClass(state) };
    }
    // Without names of the runtime's calls: gopark alone is in all that wait, selectgo above it in one more, and
    // chanrecv1 or chansend1 above chanrecv or chansend in two more.
    if (!this.parkedIn.has(leaf)) {
      const running = callIntoC.test(names[0] ?? '') ? 'syscall' : state;
      return this.parkedIn.size > 0 ? { state: running, class: stateClass(running) } : { state: '', class: 'unknown' };
    }
    return { state: '', class: hidden === 1 ? 'wait' : hidden === 2 ? 'select' : 'channel' };
  }

  /**
   * Names from the leaf on as far as they matter, how far into their functions they are, in lines (NaN where the format
   * does not say), and how many calls above them have no name.
   */
  private top(stack: number): { hidden: number; leaf: number; names: string[]; offsets: number[] } {
    const { stack: stacks, location, line, strings, function: func } = this.profile;
    const names: string[] = [];
    const offsets: number[] = [];
    let hidden = 0;
    for (let row = stack; row > 0 && names.length < 16; row = stacks.parent[row]) {
      const l = stacks.location[row];
      const end = location.lineOffset[l + 1];
      for (let k = location.lineOffset[l]; k < end; k++) {
        const f = line.function[k];
        const name = f < 0 ? '' : strings[func.name[f]];
        if (name === hiddenCall) {
          hidden++;
          continue;
        }
        names.push(name);
        offsets.push(f < 0 || func.startLine[f] === 0 ? NaN : line.line[k] - func.startLine[f]);
      }
    }
    return { hidden, leaf: stack > 0 ? stacks.location[stack] : -1, names, offsets };
  }

  private findParked(): Set<number> {
    const parked = new Set<number>();
    for (const stack of new Set(this.profile.sample.stack)) {
      const { hidden, leaf, names } = this.top(stack);
      if (hidden > 0 && /^(internal\/)?sync\.runtime_|\.runtime_pollWait$|^time\.Sleep$/.test(names[0] ?? '')) {
        parked.add(leaf);
      }
    }
    return parked;
  }
}

/**
 * chansend and chanrecv look for a nil channel before all else, within 20 lines of their start in every version; the
 * place where they wait for the other side is more than 100 lines down.
 */
const isNilChannel = (name: string, offset: number) =>
  (name === 'runtime.chanrecv' || name === 'runtime.chansend') && offset < 40;

/** The state by the names of calls, the leaf first. */
function stateOfCalls(names: readonly string[], offsets: readonly number[]): string {
  let fallback = 'runnable';
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    const state = stateOfCall.get(name);
    if (state !== undefined) {
      return isNilChannel(name, offsets[i]) ? `${state} (nil chan)` : state;
    }
    if (semaphores.has(name)) {
      return semaphoreState(names[i + 1] ?? '') || 'semacquire';
    }
    if (systemCall.test(name)) {
      return 'syscall';
    }
    fallback = parking.get(name) ?? fallback;
    if (!/^(runtime\.|internal\/runtime\/)/.test(name)) {
      break;
    }
  }
  return fallback;
}
