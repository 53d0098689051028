import { parseQuery, type CollectedQuery, type RunQuery, type StoredQuery } from '../query/query';
import { collectCaptures, run, type Inputs } from '../query/run';
import type { Table } from '../views/table';

/** Answers a stored query as `run` does once it is parsed. */
export const runStored = (
  { withCode, ...stored }: Partial<StoredQuery> & Pick<RunQuery, 'withCode'>,
  inputs: Inputs
): readonly Table[] => run({ ...(parseQuery(stored) as RunQuery), withCode }, inputs);

/** `collectCaptures` of a stored query. */
export const collectStored = (stored: Partial<StoredQuery>) => collectCaptures(parseQuery(stored) as CollectedQuery);
