import { instanceId, type Capture } from '../captures/capture';
import { spreadOrder } from '../captures/sample';
import { randomSource } from '../profile/random';
import { parseQuery, type ProfileQuery } from '../query/query';
import { counted, type Notice } from '../text/notice';
import { column, textColumn, textsOf } from '../views/table';
import type { WorkerClient } from './client';
import type { Opening, Source } from './holding';

/** Functions whose error is told. */
const rows = 5;
/** Captures that are looked at one by one: the error of more follows from theirs. */
const maxCaptures = 64;
const resamples = 200;

/**
 * By how much the largest functions of a sample may be off, which a bootstrap over its captures says: half of the range that holds
 * 95 % of the sums of as many captures drawn again from each instance's.
 * @param sample captures that were merged, with what the worker knows them by
 * @param all how many captures they are a sample of; `isMerged` where a worker has the merge of them
 * @throws the signal's reason
 */
export async function sampleErrors(
  worker: WorkerClient,
  query: ProfileQuery,
  sample: ReadonlyArray<{ readonly capture: Capture; readonly source: Source }>,
  { all, isMerged }: { readonly all: number; readonly isMerged: boolean },
  opening: Opening
): Promise<readonly Notice[]> {
  // Short names depend on what else there is.
  const fields: object & { view: 'top' } = { ...query, view: 'top', ...{ nodeCount: rows, fullNames: true } };
  const top = parseQuery(fields);
  const sources = new Map(sample.map(({ capture, source }) => [capture, source]));
  const some = spreadOrder([...sources.keys()]).slice(0, maxCaptures);
  const sourceOf = (capture: Capture) => sources.get(capture) as Source;
  const profile = (isMerged ? [...sources.keys()] : some).map(sourceOf);
  const { tables } = await worker.run(top, { profile }, opening);
  const names = textsOf(textColumn(tables[0], 'function'));
  const sums = column(tables[0], 'flat', 'number').values;
  const values = await Promise.all(some.map((capture) => worker.flatValues(top, names, sourceOf(capture), opening)));
  const errors = errorsOf(values, some.map(instanceId), { taken: sample.length, all });
  const texts = [...names].flatMap((name, i) => (sums[i] === 0 ? [] : [`${name} ± ${percent(errors[i])}`]));
  return texts.length === 0
    ? []
    : [
        {
          severity: 'info',
          text: `Error of the sample, 95 % of the time within: ${texts.join(', ')} (bootstrap over ${counted(some.length, 'capture')}).`,
        },
      ];
}

/**
 * Errors relative to sums, 1 for one as large as the sum.
 * @param values of each capture, one of each row
 * @param instances of each capture: draws are made within one
 */
export function errorsOf(
  values: readonly Float64Array[],
  instances: readonly string[],
  { taken, all }: { readonly taken: number; readonly all: number }
): readonly number[] {
  const random = randomSource(1);
  const strata = [...new Set(instances)].map((instance) => values.filter((_, i) => instances[i] === instance));
  const width = values[0]?.length ?? 0;
  const drawn = Array.from({ length: resamples }, () => {
    const sums = new Float64Array(width);
    for (const stratum of strata) {
      for (let k = 0; k < stratum.length; k++) {
        const one = stratum[Math.floor(random() * stratum.length)];
        sums.forEach((_, row) => (sums[row] += one[row]));
      }
    }
    return sums;
  });
  // Of a sample that is nearly all there is less is left to chance; of a larger one than was looked at, too.
  const scale = Math.sqrt(Math.max(0, 1 - taken / all)) * Math.sqrt(values.length / taken);
  return Array.from({ length: width }, (_, row) => {
    const sorted = drawn.map((sums) => sums[row]).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.round(share * (resamples - 1))];
    const sum = values.reduce((total, one) => total + one[row], 0);
    return sum === 0 ? 0 : (scale * (at(0.975) - at(0.025))) / 2 / Math.abs(sum);
  });
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
