/**
 * What goroutine profiles of every format have in common: labels and states. Decoders of text write these labels,
 * ops/inferStates.ts writes them where a format lacks them, views read them; the names are here alone.
 */

/**
 * Labels of a sample that is a goroutine (or, in formats that count, of several alike). Texts unless noted.
 *
 * | label | value |
 * | --- | --- |
 * | goroutine | number: its id, unique in the process for its life |
 * | state | as Go prints it, `chan receive (nil chan)`; without the marks (scan), (leaked), (durable) |
 * | state_class | a StateClass |
 * | wait_minutes | number, unit minutes: since it blocked, as far as the garbage collector saw; not written below 1 |
 * | creator | function of the `go` statement, `main.main` |
 * | created_at | file:line of the `go` statement |
 * | creator_goroutine | number: the id of the goroutine that started it |
 * | ancestor | numbers: ids from GODEBUG=tracebackancestors, nearest first |
 * | locked_to_thread, leaked, durable, truncated | `true` |
 * | synctest_bubble | number |
 * | elided_frames | number: frames that Go left out of the middle of the stack; 0 where it did not say how many |
 * | blocked_on | address of the lock it waits for, or of the object whose method does; hexadecimal, a hint |
 * | mentions | addresses other goroutines are blocked_on, where its calls have that lock or its owner as an argument |
 * | dump | number: which one, where a file holds several |
 */
export const goroutineLabel = {
  goroutine: 'goroutine',
  state: 'state',
  stateClass: 'state_class',
  waitMinutes: 'wait_minutes',
  creator: 'creator',
  createdAt: 'created_at',
  creatorGoroutine: 'creator_goroutine',
  ancestor: 'ancestor',
  lockedToThread: 'locked_to_thread',
  leaked: 'leaked',
  durable: 'durable',
  truncated: 'truncated',
  synctestBubble: 'synctest_bubble',
  elidedFrames: 'elided_frames',
  blockedOn: 'blocked_on',
  mentions: 'mentions',
  dump: 'dump',
} as const;

const ownKeys = new Set<string>(Object.values(goroutineLabel));

/** A label of the program itself; where its key is one of ours it is shown as `user_state`, so that ours mean one thing. */
export const userLabelKey = (key: string): string => (ownKeys.has(key) ? `user_${key}` : key);

/** Stands in a stack for frames that Go printed no more than the number of. */
export const elidedFrames = '(frames elided)';
/** Stands for the stack of a goroutine that was running on another thread. */
export const unavailableStack = '(stack unavailable)';

/** Stands for each of the runtime's calls on top of a stack that debug=1 leaves out. */
export const hiddenCall = 'runtime.(not printed)';

export type StateClass =
  'lock' | 'channel' | 'select' | 'io' | 'sleep' | 'wait' | 'runtime' | 'run' | 'stuck' | 'unknown';

/**
 * Every state that Go 1.5 to 1.27 prints (runtime/traceback.go gStatusStrings, runtime/runtime2.go waitReasonStrings),
 * and some that only older versions had.
 */
export const statesOfClass: Readonly<Record<Exclude<StateClass, 'unknown'>, readonly string[]>> = {
  lock: ['sync.Mutex.Lock', 'sync.RWMutex.RLock', 'sync.RWMutex.Lock', 'semacquire'],
  channel: ['chan receive', 'chan send'],
  select: ['select'],
  io: ['IO wait', 'syscall', 'waiting for cgo callback'],
  sleep: ['sleep'],
  wait: [
    'waiting',
    'sync.WaitGroup.Wait',
    'sync.Cond.Wait',
    'coroutine',
    'panicwait',
    'synctest.Run',
    'synctest.Wait',
    'synctest.Sleep',
  ],
  // Goroutines of the runtime itself, and those that it holds up for its own work.
  runtime: [
    'GC assist marking',
    'GC assist wait',
    'GC mark termination',
    'GC scavenge wait',
    'GC sweep wait',
    'GC weak to strong wait',
    'GC worker (active)',
    'GC worker (idle)',
    'GC worker init',
    'GOMAXPROCS updater (idle)',
    'cleanup wait',
    'concurrent sweep wait',
    'dead',
    'debug call',
    'dumping heap',
    'finalizer wait',
    'flushing proc caches',
    'force gc (idle)',
    'garbage collection',
    'garbage collection scan',
    'idle',
    'mark wait (idle)',
    'page trace flush',
    'stopping the world',
    'timer goroutine (idle)',
    'trace goroutine status',
    'trace proc status',
    'trace reader (blocked)',
    'wait for GC cycle',
  ],
  run: ['running', 'runnable', 'preempted', 'copystack'],
  stuck: ['chan receive (nil chan)', 'chan send (nil chan)', 'select (no cases)', 'leaked'],
};

const classes = new Map(
  Object.entries(statesOfClass).flatMap(([name, states]) => states.map((state) => [state, name as StateClass] as const))
);

/** States of versions to come, by how they begin. */
const families: ReadonlyArray<readonly [RegExp, StateClass]> = [
  [/\((nil chan|no cases)\)$/, 'stuck'],
  [/^chan /, 'channel'],
  [/^select\b/, 'select'],
  [/^(sync\.(RW)?Mutex\.|sema)/, 'lock'],
  [/^(sync|synctest)\./, 'wait'],
  [/^(GC|garbage collection|trace) |\((idle|active)\)$/, 'runtime'],
];

/** The class of a state as Go prints it, without marks; `unknown` for `???` and what no version printed so far. */
export function stateClass(state: string): StateClass {
  return classes.get(state) ?? families.find(([pattern]) => pattern.test(state))?.[1] ?? 'unknown';
}

/**
 * What a goroutine waits for by the function of package sync that it called: Go before 1.20 says `semacquire` of all of
 * them. '' for a function that says nothing.
 */
export function semaphoreState(name: string): string {
  const match = /^(?:internal\/)?sync\.\(\*(Mutex|RWMutex|WaitGroup|Cond)\)\.(\w+)$/.exec(name);
  if (!match) {
    return '';
  }
  const [, type, method] = match;
  return type === 'Mutex'
    ? 'sync.Mutex.Lock'
    : type === 'RWMutex'
      ? `sync.RWMutex.${/^r/i.test(method) ? 'RLock' : 'Lock'}`
      : `sync.${type}.Wait`;
}
