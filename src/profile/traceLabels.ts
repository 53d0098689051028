import type { Profile } from './profile';

/** Label of system goroutines, those of the runtime itself, in profiles of execution traces; its value is `true`. */
export const systemLabel = 'system';

/** Profiles of execution traces count stays of goroutines, which have no period: by this they are told. */
export const periodTypeOfTraces = { type: 'trace', unit: 'count' } as const;

export const isOfTrace = ({ periodType }: Profile): boolean => periodType?.type === periodTypeOfTraces.type;
