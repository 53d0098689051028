import type { Profile } from './profile';

/** Label of system goroutines, those of the runtime itself, in profiles of execution traces; its value is `true`. */
export const systemLabel = 'system';

/** Profiles of execution traces count stays of goroutines, which have no period: by this they are told. */
export const periodTypeOfTraces = { type: 'trace', unit: 'count' } as const;

export const isOfTrace = ({ periodType }: Profile): boolean => periodType?.type === periodTypeOfTraces.type;

/**
 * Labels of a sample of blocking: texts, all but `kind` and `state` only where they are known.
 *
 * | label | value |
 * | --- | --- |
 * | kind | of Go's four profiles of a trace the one that it is in: net, sync, syscall, sched |
 * | state | waiting, syscall or runnable |
 * | reason | why it stopped, as the runtime says it: `chan receive`, `preempted` |
 * | start_function | where the goroutine began |
 * | task | name of the user's task that it works for |
 * | region | name of the innermost region that it is in |
 * | tenant | value that a log, region or task gives to one of the keys of tenants |
 * | system | `true` for system goroutines, those of the runtime itself |
 *
 * Samples of the CPU have the kind cpu, the state running, and values of `samples/count` alone.
 */
export const blockingLabel = {
  kind: 'kind',
  state: 'state',
  reason: 'reason',
  startFunction: 'start_function',
  task: 'task',
  region: 'region',
  tenant: 'tenant',
  system: systemLabel,
} as const;

/** Reason of a wait → the profile that it is in (cmd/trace/pprof.go); none for sleep, waits of the runtime and unknown ones. */
export const waitKind = (reason: string): 'net' | 'sync' | undefined =>
  reason === 'network' ? 'net' : /chan|sync|select/.test(reason) ? 'sync' : undefined;
