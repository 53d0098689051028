import { parseQuery, type ProcessQuery, type RunQuery, type StoredQuery } from '../query/query';
import { collectProcess, run, type Inputs } from '../query/run';
import type { Table } from '../views/table';

/** Answers a stored query as `run` does once it is parsed. */
export const runStored = (
  { withCode, ...stored }: Partial<StoredQuery> & Pick<RunQuery, 'withCode'>,
  inputs: Inputs
): readonly Table[] => run({ ...(parseQuery(stored) as RunQuery), withCode }, inputs);

/** `collectProcess` of a stored query. */
export const processStored = (stored: Partial<StoredQuery>) => collectProcess(parseQuery(stored) as ProcessQuery);
