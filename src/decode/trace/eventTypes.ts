/** Types of records and events of Go's execution traces, by the names of Go's internal/trace/tracev2 (1.22 to 1.26). */
export const Ev = {
  eventBatch: 1,
  stacks: 2,
  stack: 3,
  strings: 4,
  string: 5,
  cpuSamples: 6,
  cpuSample: 7,
  frequency: 8,
  procsChange: 9,
  procStart: 10,
  procStop: 11,
  procSteal: 12,
  procStatus: 13,
  goCreate: 14,
  goCreateSyscall: 15,
  goStart: 16,
  goDestroy: 17,
  goDestroySyscall: 18,
  goStop: 19,
  goBlock: 20,
  goUnblock: 21,
  goSyscallBegin: 22,
  goSyscallEnd: 23,
  goSyscallEndBlocked: 24,
  goStatus: 25,
  stwBegin: 26,
  stwEnd: 27,
  gcActive: 28,
  gcBegin: 29,
  gcEnd: 30,
  gcSweepActive: 31,
  gcSweepBegin: 32,
  gcSweepEnd: 33,
  gcMarkAssistActive: 34,
  gcMarkAssistBegin: 35,
  gcMarkAssistEnd: 36,
  heapAlloc: 37,
  heapGoal: 38,
  goLabel: 39,
  userTaskBegin: 40,
  userTaskEnd: 41,
  userRegionBegin: 42,
  userRegionEnd: 43,
  userLog: 44,
  goSwitch: 45,
  goSwitchDestroy: 46,
  goCreateBlocked: 47,
  goStatusStack: 48,
  experimentalBatch: 49,
  sync: 50,
  clockSnapshot: 51,
  endOfGeneration: 52,
  span: 128,
  spanAlloc: 129,
  spanFree: 130,
  heapObject: 131,
  heapObjectAlloc: 132,
  heapObjectFree: 133,
  goroutineStack: 134,
  goroutineStackAlloc: 135,
  goroutineStackFree: 136,
} as const;

/** Arguments of timed events after their time: s a stack's id, t a text's, n any other number. */
const args: Readonly<Record<number, string>> = {
  [Ev.procsChange]: 'ns',
  [Ev.procStart]: 'nn',
  [Ev.procStop]: '',
  [Ev.procSteal]: 'nnn',
  [Ev.procStatus]: 'nn',
  [Ev.goCreate]: 'nss',
  [Ev.goCreateSyscall]: 'n',
  [Ev.goStart]: 'nn',
  [Ev.goDestroy]: '',
  [Ev.goDestroySyscall]: '',
  [Ev.goStop]: 'ts',
  [Ev.goBlock]: 'ts',
  [Ev.goUnblock]: 'nns',
  [Ev.goSyscallBegin]: 'ns',
  [Ev.goSyscallEnd]: '',
  [Ev.goSyscallEndBlocked]: '',
  [Ev.goStatus]: 'nnn',
  [Ev.stwBegin]: 'ts',
  [Ev.stwEnd]: '',
  [Ev.gcActive]: 'n',
  [Ev.gcBegin]: 'ns',
  [Ev.gcEnd]: 'n',
  [Ev.gcSweepActive]: 'n',
  [Ev.gcSweepBegin]: 's',
  [Ev.gcSweepEnd]: 'nn',
  [Ev.gcMarkAssistActive]: 'n',
  [Ev.gcMarkAssistBegin]: 's',
  [Ev.gcMarkAssistEnd]: '',
  [Ev.heapAlloc]: 'n',
  [Ev.heapGoal]: 'n',
  [Ev.goLabel]: 't',
  [Ev.userTaskBegin]: 'nnts',
  [Ev.userTaskEnd]: 'ns',
  [Ev.userRegionBegin]: 'nts',
  [Ev.userRegionEnd]: 'nts',
  [Ev.userLog]: 'ntts',
  [Ev.goSwitch]: 'nn',
  [Ev.goSwitchDestroy]: 'nn',
  [Ev.goCreateBlocked]: 'nss',
  [Ev.goStatusStack]: 'nnns',
  [Ev.span]: 'nnn',
  [Ev.spanAlloc]: 'nnn',
  [Ev.spanFree]: 'n',
  [Ev.heapObject]: 'nn',
  [Ev.heapObjectAlloc]: 'nn',
  [Ev.heapObjectFree]: 'n',
  [Ev.goroutineStack]: 'nn',
  [Ev.goroutineStackAlloc]: 'nn',
  [Ev.goroutineStackFree]: 'n',
};

const types = Array.from({ length: 256 }, (_, type) => args[type]);
const bits = (kind: string) =>
  Uint8Array.from(types, (list = '') => [...list].reduce((sum, one, i) => sum + (one === kind ? 1 << i : 0), 0));

/** For each type how many arguments follow its time, -1 where it is no timed event. */
export const argCount = Int8Array.from(types, (list) => list?.length ?? -1);
/** For each type which of its arguments are ids of stacks: bit i for argument i. */
export const stackArgs = bits('s');
/** For each type which of its arguments are ids of texts. */
export const textArgs = bits('t');
/** For each type which of them are ids of either. */
export const idArgs = stackArgs.map((bitsOf, type) => bitsOf | textArgs[type]);

/** States of goroutines, with the numbers of Go's trace.GoState. */
export const GoState = { undetermined: 0, notExist: 1, runnable: 2, running: 3, waiting: 4, syscall: 5 } as const;
/** States of processors, with the numbers of Go's trace.ProcState. */
export const ProcState = { undetermined: 0, notExist: 1, running: 2, idle: 3 } as const;

/** Status of a goroutine as status events say it. */
export const GoStatus = { runnable: 1, running: 2, syscall: 3, waiting: 4 } as const;
export const goStateOf = [GoState.undetermined, GoState.runnable, GoState.running, GoState.syscall, GoState.waiting];
/** Status of a processor as status events say it. */
export const ProcStatus = { running: 1, idle: 2, syscall: 3, abandoned: 4 } as const;
export const procStateOf = [
  ProcState.undetermined,
  ProcState.running,
  ProcState.idle,
  ProcState.running,
  ProcState.idle,
];
