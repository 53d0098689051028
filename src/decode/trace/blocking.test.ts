import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Profile } from '../../profile/profile';
import { readTrace, traceCorpus, tracesIn } from '../../testing/traces';
import { decodeTrace } from './trace';

const kinds = ['net', 'sync', 'syscall', 'sched'] as const;
const traces = tracesIn('.').filter((name) => !name.endsWith('-1.21'));

/** Samples of `pprof -raw` as lines of values and calls, sorted. */
function samplesOfRaw(raw: string): string[] {
  const locations = new Map(
    [...raw.matchAll(/^ +(\d+): (0x\w+) M=1 (.*):(\d+):0 s=0$/gm)].map(([, id, pc, name, line]) => [
      id,
      `${pc} ${name}:${line}`,
    ])
  );
  return [...raw.matchAll(/^ +(\d+) +(\d+): ([\d ]*)$/gm)]
    .map(([, count, delay, ids]) =>
      [
        count,
        delay,
        ...ids
          .split(' ')
          .filter((id) => id !== '')
          .map((id) => locations.get(id) ?? `?${id}`),
      ].join('|')
    )
    .sort();
}

/** The same of the samples of one kind. */
function samplesOfKind(profile: Profile, kind: string): string[] {
  const { sample, stack, location, line, function: func, strings, labelSet, label } = profile;
  const sums = new Map<string, [number, number]>();
  for (let i = 0; i < sample.length; i++) {
    const set = sample.labelSet[i];
    let isKind = false;
    for (let k = labelSet.labelOffset[set]; k < labelSet.labelOffset[set + 1]; k++) {
      isKind ||= strings[label.key[k]] === 'kind' && strings[label.str[k]] === kind;
    }
    if (!isKind) {
      continue;
    }
    const calls: string[] = [];
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const at = stack.location[row];
      const first = location.lineOffset[at];
      const called = line.function[first];
      calls.push(
        `0x${location.address[at].toString(16)} ${strings[func.name[called]]} ${strings[func.filename[called]]}:${line.line[first]}`
      );
    }
    const key = calls.map((call) => `|${call}`).join('');
    const [count, delay] = sums.get(key) ?? [0, 0];
    sums.set(key, [count + sample.values[0][i], delay + sample.values[1][i]]);
  }
  return [...sums].map(([key, [count, delay]]) => `${count}|${delay}${key}`).sort();
}

if (traces.length === 0) {
  console.warn(`No traces in ${traceCorpus}: profiles are not compared with Go's.`);
  it.skip("gives Go's profiles", () => undefined);
} else {
  it.each(traces)('%s: the samples of go tool trace -pprof', (name) => {
    const text = readFileSync(join(traceCorpus, `${name}.pprof.txt`), 'utf8');
    const profile = decodeTrace(readTrace(name), { withSystem: true });
    for (const kind of kinds) {
      const raw = text.split(`=== ${kind} -raw\n`)[1].split('\n=== ')[0];
      expect([kind, ...samplesOfKind(profile, kind)]).toEqual([kind, ...samplesOfRaw(raw)]);
    }
  });
}
