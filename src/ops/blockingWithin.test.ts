import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decodeTrace } from '../decode/trace/trace';
import type { Execution } from '../profile/execution';
import type { Profile } from '../profile/profile';
import { readTrace, tracesIn } from '../testing/traces';
import { blockingWithin } from './blockingWithin';

const small = () =>
  decodeTrace(new Uint8Array(gunzipSync(readFileSync(join(__dirname, '../../testdata/trace/small.trace.gz')))));

/** Values by stack and labels. */
const samplesOf = ({ sample }: Profile) =>
  new Map(
    Array.from({ length: sample.length }, (_, i) => [
      `${sample.stack[i]} ${sample.labelSet[i]}`,
      sample.values.map((column) => column[i]),
    ])
  );

const sums = ({ sample }: Profile) => sample.values.map((column) => column.reduce((sum, value) => sum + value, 0));
const executionOf = (profile: Profile) => profile.execution as Execution;

/** Go's profiles forget what cgo's goroutines did before they had an id anew, wherever in the trace that is. */
const traces = tracesIn('.').filter((name) => !/-1\.21$/.test(name));

(traces.length > 0 ? it : it.skip)(
  'all of a trace is the profile of the trace',
  async () => {
    for (const name of traces) {
      const profile = await decodeTrace(readTrace(name));
      const execution = executionOf(profile);
      const within = blockingWithin(profile, execution, { from: 0, to: execution.duration });
      const kept = [...samplesOf(profile)].filter(([, values]) => values.some((value) => value !== 0));
      expect([name, Object.fromEntries(samplesOf(within))]).toEqual([name, Object.fromEntries(kept)]);
    }
  },
  30_000
);

it('parts of a trace add up to the whole, and what overlaps two of them is counted in both', async () => {
  const profile = await small();
  const execution = executionOf(profile);
  const middle = execution.duration / 3;
  const parts = [
    { from: 0, to: middle },
    { from: middle, to: execution.duration },
  ].map((window) => sums(blockingWithin(profile, execution, window)));
  const [contentions, delay] = sums(profile);
  expect(parts[0][1] + parts[1][1]).toBeCloseTo(delay, 3);
  expect(parts[0][0] + parts[1][0]).toBeGreaterThan(contentions);
  expect(parts[0][1]).toBeGreaterThan(0);
});

it('a wait that is longer than the range is as long as it', async () => {
  const profile = await small();
  // Goroutine 23 waits for a mutex in all of this time, 22 and 24 for it or in a sleep, which is no blocking.
  const from = 1e6;
  const within = blockingWithin(profile, executionOf(profile), { from, to: from + 1e6 });
  const { sample, labelSet, label, strings } = within;
  const texts = (i: number) =>
    Array.from(
      { length: labelSet.labelOffset[sample.labelSet[i] + 1] - labelSet.labelOffset[sample.labelSet[i]] },
      (_, k) => {
        const row = labelSet.labelOffset[sample.labelSet[i]] + k;
        return `${strings[label.key[row]]}=${strings[label.str[row]]}`;
      }
    );
  const ofSync = Array.from({ length: sample.length }, (_, i) => ({
    labels: texts(i),
    delay: sample.values[1][i],
    count: sample.values[0][i],
  })).filter(({ labels }) => labels.includes('reason=sync'));
  expect(ofSync.length).toBeGreaterThan(0);
  ofSync.forEach(({ delay, count, labels }) => {
    expect(delay).toBeLessThanOrEqual(count * 1e6);
    expect(labels).toContain('tenant=acme');
  });
  expect(within.durationNanos).toBe(1e6);
});
