import { chooseBase, noBase } from '../captures/chooseBase';
import type { Bucket } from '../captures/bucket';
import type { Range } from '../captures/listing';
import { failedNotice, findSources, loadFrom, ofSamples } from './sources';
import { openedAround } from '../captures/traceCaptures';
import { InputError, type Notice } from '../text/notice';
import type { Query, RunQuery } from '../query/query';
import type { Capture } from '../captures/capture';
import type { WorkerClient } from './client';

export interface Download {
  /** Of letters, digits, dots, dashes and underscores. */
  readonly name: string;
  /** A gzipped profile.proto. */
  readonly bytes: ArrayBuffer;
  /** What is not in it though the query asks for it. */
  readonly warnings: readonly string[];
}

/**
 * What a query shows as a file that pprof opens: merged, filtered, less its base, nothing cut off.
 * @throws StoreError, InputError where there is nothing, or the view is of no profile
 */
export async function downloadQuery(
  { bucket, worker }: { bucket: Bucket; worker: WorkerClient },
  query: Query,
  range: Range,
  signal: AbortSignal
): Promise<Download> {
  if (query.opens !== 'profile' && query.opens !== 'goroutines') {
    throw new InputError(`The view "${query.view}" is no profile that could be downloaded.`);
  }
  const chosen = await openedAround(bucket, query, range, signal);
  if (chosen.captures.length === 0) {
    throw new InputError(chosen.notices.map(({ text }) => text).join(' '));
  }
  const { captures } = chosen;
  const base = 'base' in query ? await chooseBase({ bucket, query, captures, range, signal }) : noBase;
  const { sources, count, notices } = await findSources(bucket, query, chosen, base, signal);
  const opening = { load: loadFrom(bucket), signal };
  const { bytes, failed } = await worker.encode(ofSamples(bucket, query), { ...sources, range }, opening);
  const unsaid = base.captures.length > 0 ? unsaidOf(query) : [];
  return {
    name: fileName(chosen.captures, base.captures.length > 0),
    bytes,
    warnings: [...notices, ...failedNotice(failed, count), ...unsaid]
      .filter(({ severity }) => severity !== 'info')
      .map(({ text }) => text),
  };
}

/** What of a difference a file cannot say. */
function unsaidOf(query: RunQuery): Notice[] {
  const warn = (text: string): Notice[] => [{ severity: 'warning', text }];
  return [
    ...('scale' in query && query.scale !== 'absolute'
      ? warn('The file has the values as they are: pprof knows no scale of a difference.')
      : []),
    ...('drawing' in query && query.drawing !== 'all'
      ? warn(`The file has the whole difference, not what has ${query.drawing} alone.`)
      : []),
  ];
}

/** Labels come from keys, which may hold anything; a name that a shell or a file system takes another way is none. */
function fileName(captures: readonly Capture[], isDifference: boolean): string {
  const newest = captures[captures.length - 1];
  const { service, instance, profile } = newest.labels;
  const time = newest.time > 0 ? new Date(newest.time).toISOString().replace(/[-:]|\.\d+/g, '') : undefined;
  const several = captures.length > 1 ? `${captures.length}-merged` : undefined;
  const parts = [service, instance, profile, time, several, isDifference ? 'diff' : undefined];
  const named = parts
    .filter(Boolean)
    .join('_')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[.-]+/, '')
    .slice(0, 200);
  return `${named || 'profile'}.pb.gz`;
}
