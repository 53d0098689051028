import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Profile } from '../../profile/profile';
import { readTrace, traceCorpus, tracesIn } from '../../testing/traces';
import { decode } from '../decode';
import { withoutSystem } from '../../ops/systemGoroutines';
import { parseQuery, type RunQuery, type StoredQuery } from '../../query/query';
import { run } from '../../query/run';
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

function labelOf({ sample, labelSet, label, strings }: Profile, i: number, key: string): string | undefined {
  const set = sample.labelSet[i];
  for (let k = labelSet.labelOffset[set]; k < labelSet.labelOffset[set + 1]; k++) {
    if (strings[label.key[k]] === key) {
      return strings[label.str[k]];
    }
  }
  return undefined;
}

/** The same of the samples of one kind; without it no stack may come twice. */
function samplesOfKind(profile: Profile, kind?: string): string[] {
  const { sample, stack, location, line, function: func, strings } = profile;
  const sums = new Map<string, [number, number]>();
  for (let i = 0; i < sample.length; i++) {
    if (labelOf(profile, i, 'kind') !== kind) {
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
    expect(kind === undefined && sums.has(key)).toBe(false);
    const [count, delay] = sums.get(key) ?? [0, 0];
    sums.set(key, [count + sample.values[0][i], delay + sample.values[1][i]]);
  }
  return [...sums].map(([key, [count, delay]]) => `${count}|${delay}${key}`).sort();
}

async function expectSamples(bytes: Uint8Array, says: string): Promise<void> {
  const profile = await decodeTrace(bytes);
  for (const kind of kinds) {
    const raw = says.split(`=== ${kind} -raw\n`)[1].split('\n=== ')[0];
    expect([kind, ...samplesOfKind(profile, kind)]).toEqual([kind, ...samplesOfRaw(raw)]);
    // Alone, as go tool trace writes it: a stack is one sample.
    expect(samplesOfKind(await decodeTrace(bytes, { kind }))).toEqual(samplesOfRaw(raw));
  }
}

const small = join(__dirname, '../../../testdata/trace/small');
const smallTrace = () => new Uint8Array(gunzipSync(readFileSync(`${small}.trace.gz`)));

it('a small trace: the samples of go tool trace -pprof', async () => {
  const says = readFileSync(`${small}.pprof.txt`, 'utf8');
  expect(samplesOfRaw(says).length).toBeGreaterThan(15);
  await expectSamples(smallTrace(), says);
});

describe('decode', () => {
  it('opens a packed trace, and leaves out system goroutines', async () => {
    const decoded = await decode(readFileSync(`${small}.trace.gz`));
    const { profile, notices } = withoutSystem(decoded);
    const all = await decodeTrace(smallTrace());
    const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0);
    const isOwn = (name: string) => name !== '' && !name.startsWith('runtime.');
    const own = all.sample.values[1].filter((_, i) => isOwn(labelOf(all, i, 'start_function') ?? ''));
    expect(sum(profile.sample.values[1])).toBe(sum(own));
    expect(sum(own)).toBeLessThan(sum(all.sample.values[1]));
    expect(notices.map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^System goroutines, those of the runtime itself, are left out: \d+ of their waits, \d+\.\d % of all delay/
      ),
    ]);
    expect(profile.sampleTypes.map(({ type, unit }) => `${type}/${unit}`)).toEqual([
      'contentions/count',
      'delay/nanoseconds',
    ]);
    // The trace says when it was taken: its file is younger.
    expect(Number(profile.timeNanos / 1_000_000n)).toBeGreaterThan(Date.UTC(2026, 0));
    expect(profile.durationNanos).toBeGreaterThan(5e6);
  });

  it.each(['top', 'flame', 'tags', 'traces', 'tree', 'callers'] as const)(
    'is answered by the view %s',
    async (view) => {
      const profile = await decode(readFileSync(`${small}.trace.gz`));
      const [table] = run(parseQuery({ view }) as RunQuery, { profile });
      expect(table.notices.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^System goroutines/));
      expect(JSON.stringify(table)).toContain(view === 'tags' ? 'start_function' : 'Mutex');
    }
  );

  it('counts system goroutines where the selector names them', async () => {
    const profile = await decode(readFileSync(`${small}.trace.gz`));
    const total = (selector: string) => {
      const [table] = run(parseQuery({ view: 'flame', selector } as StoredQuery) as RunQuery, { profile });
      const cells = table.columns.find(({ name }) => name === 'value') as { values: Float64Array };
      return cells.values[0];
    };
    const sum = (column: Float64Array) => column.reduce((all, value) => all + value, 0);
    expect(total('{system=~"true|"}')).toBe(sum(profile.sample.values[1]));
    expect(total('{system="true"}') + total('')).toBe(total('{system=~"true|"}'));
    expect(total('{system="true"}')).toBeGreaterThan(0);
  });

  it('labels waits with what they wait for and where their goroutine began', async () => {
    const profile = await decode(readFileSync(`${small}.trace.gz`));
    const labels = Array.from({ length: profile.sample.length }, (_, i) =>
      ['kind', 'state', 'reason', 'start_function'].map((key) => labelOf(profile, i, key)).join(' ')
    );
    expect(labels).toContain('sync waiting sync sync.(*WaitGroup).Go.func1');
    expect(labels).toContain('sync waiting chan send main.main');
    expect(labels).toContain('net waiting network main.main');
    const work = Array.from({ length: profile.sample.length }, (_, i) =>
      ['task', 'region', 'tenant', 'start_function'].map((key) => labelOf(profile, i, key)).join(' ')
    );
    expect(work).toContain('request  acme main.main');
    expect(work).toContain('request store acme sync.(*WaitGroup).Go.func1');
    expect(labels.filter((one) => /^(net|sync) waiting|^syscall syscall|^sched runnable/.test(one))).toEqual(labels);
  });
});

jest.setTimeout(60_000);

if (traces.length === 0) {
  console.warn(`No traces in ${traceCorpus}: profiles are not compared with Go's.`);
  it.skip("gives Go's profiles", () => undefined);
} else {
  it.each(traces)('%s: the samples of go tool trace -pprof', async (name) => {
    await expectSamples(readTrace(name), readFileSync(join(traceCorpus, `${name}.pprof.txt`), 'utf8'));
  });

  it('labels what a request waits for with its tenant, task and region, in the goroutines that it starts too', async () => {
    const profile = await decodeTrace(readTrace('http-1.26'));
    const work = new Set(
      Array.from({ length: profile.sample.length }, (_, i) =>
        ['tenant', 'task', 'region'].map((key) => labelOf(profile, i, key)).join(' ')
      )
    );
    for (const tenant of ['acme', 'globex', 'initech']) {
      expect(work).toContain(`${tenant} request store`);
    }
    expect(work).toContain('acme request audit');
    // A connection of the server goes on when its request has ended.
    expect(work).toContain('  ');
  });

  it('counts samples of the CPU as a sample type of their own', async () => {
    const profile = await decodeTrace(readTrace('cpu-1.26'));
    expect(profile.sampleTypes.map(({ type }) => type)).toEqual(['contentions', 'delay', 'samples']);
    const samples = profile.sample.values[2];
    expect(samples.reduce((sum, value) => sum + value, 0)).toBe(35);
    const starts = Array.from(samples, (value, i) => (value > 0 ? labelOf(profile, i, 'start_function') : undefined));
    expect(starts).toContain('main.spinLoad.func1');
    samples.forEach((value, i) => expect(labelOf(profile, i, 'kind') === 'cpu').toBe(value > 0));
    const [table] = run(parseQuery({ view: 'top', sampleIndex: 'samples' } as StoredQuery) as RunQuery, { profile });
    expect(JSON.stringify(table)).toContain('main.spin');
  });
}
