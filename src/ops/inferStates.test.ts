import { decode } from '../decode/decode';
import { goroutineLabel } from '../profile/goroutineStates';
import type { Profile } from '../profile/profile';
import { encodeFolded } from '../testing/encode';
import {
  dumpVersion,
  encodeCounts,
  encodeGoroutines,
  makeGoroutines,
  printCounts,
  printDump,
  type MadeGoroutine,
} from '../testing/goroutineDumps';
import { printProfile } from '../testing/print';
import { isGoroutineProfile, withStates } from './inferStates';
import { merge } from './merge';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const fold = (samples: ReadonlyArray<[stack: string, labels?: Record<string, string | number>]>, type = 'goroutine') =>
  encodeFolded({
    types: [`${type}/count`],
    samples: samples.map(([stack, labels]) => ({ stack, values: [1], labels })),
  });
const states = async (bytes: Uint8Array) =>
  printProfile(withStates(await decode(bytes))).map((line) => /\{.*\}/.exec(line)?.[0]);

/** Goroutines by the value of a label. */
function tally({ sample, labelSet, label, strings }: Profile, key: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < sample.length; i++) {
    for (let k = labelSet.labelOffset[sample.labelSet[i]]; k < labelSet.labelOffset[sample.labelSet[i] + 1]; k++) {
      if (strings[label.key[k]] === key) {
        const value = label.isNumeric[k] ? String(label.num[k]) : strings[label.str[k]];
        counts[value] = (counts[value] ?? 0) + sample.values[0][i];
      }
    }
  }
  return counts;
}

it.each<[string, string, string]>([
  ['main.f;runtime.chanrecv1;runtime.chanrecv;runtime.gopark', 'chan receive', 'channel'],
  ['main.f;runtime.chansend1;runtime.chansend;runtime.goparkunlock;runtime.gopark', 'chan send', 'channel'],
  ['main.f;runtime.selectgo;runtime.gopark', 'select', 'select'],
  ['main.f;reflect.rselect;runtime.selectgo;runtime.gopark', 'select', 'select'],
  ['main.f;runtime.block;runtime.gopark', 'select (no cases)', 'stuck'],
  ['net.f;internal/poll.runtime_pollWait;runtime.netpollblock;runtime.gopark', 'IO wait', 'io'],
  ['main.f;time.Sleep;runtime.gopark', 'sleep', 'sleep'],
  ['main.f;sync.(*Cond).Wait;sync.runtime_notifyListWait;runtime.gopark', 'sync.Cond.Wait', 'wait'],
  // Go 1.26, then the names that Go before 1.20 had.
  [
    'main.f;internal/sync.(*Mutex).lockSlow;internal/sync.runtime_SemacquireMutex;runtime.semacquire1',
    'sync.Mutex.Lock',
    'lock',
  ],
  ['main.f;sync.(*RWMutex).RLock;sync.runtime_SemacquireRWMutexR;runtime.semacquire1', 'sync.RWMutex.RLock', 'lock'],
  ['main.f;sync.(*WaitGroup).Wait;sync.runtime_SemacquireWaitGroup;runtime.semacquire1', 'sync.WaitGroup.Wait', 'wait'],
  ['main.f;sync.(*WaitGroup).Wait;sync.runtime_Semacquire;runtime.semacquire1', 'sync.WaitGroup.Wait', 'wait'],
  ['main.f;sync.(*RWMutex).RLock;sync.runtime_SemacquireMutex;runtime.semacquire1', 'sync.RWMutex.RLock', 'lock'],
  ['main.f;sync.(*Mutex).lockSlow;sync.runtime_SemacquireMutex;runtime.semacquire1', 'sync.Mutex.Lock', 'lock'],
  ['os.f;internal/poll.runtime_Semacquire;runtime.semacquire1;runtime.gopark', 'semacquire', 'lock'],
  ['main.f;os/signal.signal_recv;runtime.notetsleepg', 'syscall', 'io'],
  ['main.f;syscall.Syscall6;internal/runtime/syscall/linux.Syscall6', 'syscall', 'io'],
  ['main.f;golang.org/x/sys/unix.Syscall;syscall.Syscall', 'syscall', 'io'],
  ['main.f;main._Cfunc_sleep;runtime.cgocall', 'syscall', 'io'],
  ['main.f;main._Cfunc_sleep', 'runnable', 'run'],
  ['main.f;runtime.coroswitch', 'coroutine', 'wait'],
  ['main.f;runtime.asyncPreempt;runtime.asyncPreempt2', 'runnable', 'run'],
  ['main.f', 'runnable', 'run'],
  ['main.f;runtime.mallocgc', 'runnable', 'run'],
  ['main.f;runtime.unknownOfOurDays;runtime.gopark', 'waiting', 'wait'],
  ['main.f;runtime/pprof.writeRuntimeProfile;runtime.goroutineProfileWithLabels', 'running', 'run'],
  ['runtime.goexit;runtime.bgsweep;runtime.gopark', 'GC sweep wait', 'runtime'],
])('%s is %s', async (stack, state, stateClass) => {
  expect(await states(fold([[stack]]))).toEqual([`{state=${state}, state_class=${stateClass}}`]);
});

it('says that states are inferred, once, and keeps what has none to say', async () => {
  const profile = withStates(await decode(fold([['main.f;runtime.selectgo'], ['main.g', { tenant_id: 'acme' }]])));
  expect(profile.notices).toEqual([{ severity: 'info', text: expect.stringMatching(/^States are inferred/) }]);
  expect(printProfile(profile)).toEqual([
    'main.f;runtime.selectgo 1 {state=select, state_class=select}',
    'main.g 1 {tenant_id=acme, state=runnable, state_class=run}',
  ]);
  expect(withStates(profile)).toBe(profile);
  expect(merge([profile, profile]).notices).toHaveLength(1);
  const heap = await decode(
    encodeFolded({ types: ['inuse_space/bytes'], samples: [{ stack: 'main.f', values: [1] }] })
  );
  expect([isGoroutineProfile(heap), withStates(heap)]).toEqual([false, heap]);
});

it('labels of the program give way to ours', async () => {
  const [labels] = await states(fold([['main.f', { state: 'mine', leaked: 'never' }]]));
  expect(labels).toBe('{user_state=mine, user_leaked=never, state=runnable, state_class=run}');
});

it('marks of a state are labels, and no key of a program is taken for more than it is', async () => {
  expect(await states(fold([['main.f', { 'go::goroutine_state': 'chan send (leaked) (durable)' }]]))).toEqual([
    '{state=chan send, state_class=stuck, leaked=true, durable=true}',
  ]);
  expect(await states(fold([['main.f', { constructor: 'a', __proto__x: 'b' }]]))).toEqual([
    '{constructor=a, __proto__x=b, state=runnable, state_class=run}',
  ]);
});

it('goroutines of a leak profile are stuck', async () => {
  expect(await states(fold([['main.f;runtime.chanrecv']], 'goroutineleak'))).toEqual([
    '{state=chan receive, state_class=stuck, leaked=true}',
  ]);
  const leaks = makeGoroutines({ seed: 2, count: 30 }).filter(({ state }) => state === 'chan send');
  const text = withStates(await decode(bytesOf(printCounts(leaks, 'goroutineleak'))));
  expect(tally(text, 'state_class')).toEqual({ stuck: leaks.length });
});

describe('made goroutines', () => {
  const goroutines = makeGoroutines({ seed: 7, count: 400, stacks: 20 });
  const count = (value: (g: MadeGoroutine) => string | undefined) => {
    const counts: Record<string, number> = {};
    for (const g of goroutines) {
      const key = value(g);
      if (key !== undefined) {
        counts[key] = (counts[key] ?? 0) + 1;
      }
    }
    return counts;
  };
  // Those on other threads have no stack to infer from.
  const inferable = (g: MadeGoroutine) => (g.state === 'running' ? 'runnable' : g.state);

  it('debug=0 has the states of the dump', async () => {
    const profile = withStates(await decode(encodeCounts(goroutines)));
    expect(tally(profile, goroutineLabel.state)).toEqual(count(inferable));
  });

  it('debug=1 has their classes, though Go leaves out the calls that say them', async () => {
    const profile = withStates(await decode(bytesOf(printCounts(goroutines))));
    const expected = tally(withStates(await decode(encodeCounts(goroutines))), goroutineLabel.stateClass);
    const { select = 0, stuck = 0, ...others } = expected;
    // select without cases has as many hidden calls as select.
    expect(tally(profile, goroutineLabel.stateClass)).toEqual({ ...others, select: select + stuck });
  });

  it("CockroachDB's debug=3 has all of the dump that it knows", async () => {
    const version = { ...dumpVersion('go1.21'), marks: false };
    const dump = await decode(bytesOf(printDump(goroutines, version)));
    const fork = withStates(await decode(encodeGoroutines(goroutines)));
    const { goroutine, state, waitMinutes, creatorGoroutine } = goroutineLabel;
    for (const key of [goroutine, state, waitMinutes, creatorGoroutine]) {
      expect([key, tally(fork, key)]).toEqual([key, tally(dump, key)]);
    }
    expect(fork.sampleTypes).toEqual(dump.sampleTypes);
    expect(fork.defaultSampleType).toBe('goroutine');
    expect(fork.sample.values).toEqual(dump.sample.values);
    expect(fork.notices.filter(({ text }) => text.startsWith('States'))).toEqual([]);
  });

  it('a dump stays as it is, and is told apart in a merge', async () => {
    const dump = await decode(bytesOf(printDump(goroutines, dumpVersion('go1.21'))));
    expect(withStates(dump)).toBe(dump);
    const both = withStates(merge([dump, await decode(encodeCounts(goroutines))]));
    const once = count((g) => g.state);
    const inferred = count(inferable);
    const sums = Object.fromEntries(Object.keys(once).map((key) => [key, once[key] + (inferred[key] ?? 0)]));
    expect(tally(both, goroutineLabel.state)).toEqual(sums);
  });
});
