import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { withStates } from '../../ops/inferStates';
import { goroutineLabel } from '../../profile/goroutineStates';
import type { Profile } from '../../profile/profile';
import { printProfile } from '../../testing/print';
import { asFork, asFork3, asGo120, asGo127, inBubble } from '../../testing/rewriteDumps';
import { decode } from '../decode';

// demo/service leaked these goroutines between two captures, and one holds the lock that others wait for.
const folder = join(__dirname, '../../../demo/captures/scheduler');
const captures = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('goroutine.pb.gz'))
  .map((name) => join(folder, name.replace(/goroutine\.pb\.gz$/, '')))
  .sort();
const last = captures[captures.length - 1];
const read = async (capture: string, name: string) => withStates(await decode(readFileSync(join(capture, name))));
const textOf = (capture: string) => gunzipSync(readFileSync(join(capture, 'goroutine.txt.gz'))).toString();
const readText = (text: string) => decode(new TextEncoder().encode(text));

/** Values of one label of each sample, '' where it has none; numbers as texts. */
function labelValues({ sample, labelSet, label, strings }: Profile, key: string): string[] {
  return Array.from(sample.labelSet, (set) => {
    for (let k = labelSet.labelOffset[set]; k < labelSet.labelOffset[set + 1]; k++) {
      if (strings[label.key[k]] === key) {
        return label.isNumeric[k] ? String(label.num[k]) : strings[label.str[k]];
      }
    }
    return '';
  });
}

function tally(profile: Profile, key: string): Record<string, number> {
  const counts: Record<string, number> = {};
  labelValues(profile, key).forEach((value, i) => {
    counts[value] = (counts[value] ?? 0) + profile.sample.values[0][i];
  });
  return counts;
}

const total = ({ sample }: Profile) => sample.values[0].reduce((sum, value) => sum + value, 0);
/** Goroutines with a call of this name in their stack. */
const within = (profile: Profile, name: string) =>
  printProfile(profile).reduce((sum, line, i) => sum + (line.includes(name) ? profile.sample.values[0][i] : 0), 0);

test('there are captures of one process over time', () => {
  expect(captures.length).toBeGreaterThanOrEqual(6);
});

describe.each(captures.map((capture, i) => [i + 1, capture] as const))('capture %i', (n, capture) => {
  it('debug=0, 1 and 2 count the same goroutines, in all, by tenant and by planted leak', async () => {
    const [proto, counts, dump] = await Promise.all(
      ['goroutine.pb.gz', 'goroutine-debug1.txt.gz', 'goroutine.txt.gz'].map((name) => read(capture, name))
    );
    for (const profile of [proto, counts, dump]) {
      expect(total(profile)).toBe(total(dump));
      expect(tally(profile, 'tenant_id')).toEqual(tally(dump, 'tenant_id'));
      // Each interval leaked as many again.
      expect(within(profile, 'leaks.sendAnswer')).toBe(40 * n);
      expect(within(profile, 'leaks.watch')).toBe(20 * n);
      expect(within(profile, 'leaks.(*ledger).append')).toBe(16 * n);
      expect(within(profile, 'leaks.consume')).toBe(12 * n);
      expect(within(profile, 'leaks.awaitShards')).toBe(8 * n);
      expect(within(profile, 'leaks.poll')).toBe(4 * n);
      // And these are as they should be.
      expect(within(profile, 'leaks.(*ledger).flush')).toBe(1);
      expect(within(profile, 'main.(*server).run') || within(profile, 'service.(*server).run')).toBe(4);
      expect(within(profile, 'os/signal.loop')).toBe(1);
    }
    expect(dump.notices).toEqual([]);
  });

  it('states inferred from stacks are those of the dump', async () => {
    const [proto, dump] = await Promise.all(['goroutine.pb.gz', 'goroutine.txt.gz'].map((name) => read(capture, name)));
    // The moments are milliseconds apart: what runs in one may wait in the other.
    const parked = ({ runnable, running, syscall, 'IO wait': io, ...others }: Record<string, number>) => others;
    expect(parked(tally(proto, goroutineLabel.state))).toEqual(parked(tally(dump, goroutineLabel.state)));
  });
});

it('goroutines that wait for the ledger name its lock, and the one that holds it is found', async () => {
  const dump = await read(last, 'goroutine.txt.gz');
  const lines = printProfile(dump);
  const blocked = labelValues(dump, goroutineLabel.blockedOn);
  const locks = new Set(blocked.filter((_, i) => lines[i].includes('(*ledger).append')));
  expect(locks.size).toBe(1);
  const [lock] = locks;
  expect(lock).toMatch(/^0x[0-9a-f]+$/);
  const holders = lines.filter((line) => line.includes(`mentions=${lock}`));
  expect(holders).toHaveLength(1);
  expect(holders[0]).toContain('(*ledger).flush');
});

it('waits grow with age until the leak profile marks a goroutine, and Go says no more of it', async () => {
  const waits = await Promise.all(
    captures.slice(0, -1).map(async (capture) => {
      const dump = await read(capture, 'goroutine.txt.gz');
      return Math.max(...labelValues(dump, goroutineLabel.waitMinutes).map(Number));
    })
  );
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waits[waits.length - 1]).toBeGreaterThan(waits[0]);
  const marked = await read(last, 'goroutine.txt.gz');
  const minutes = labelValues(marked, goroutineLabel.waitMinutes);
  const leaked = labelValues(marked, goroutineLabel.leaked);
  expect(leaked.filter((mark) => mark === 'true').length).toBeGreaterThan(100);
  expect(minutes.filter((value, i) => leaked[i] === 'true' && value !== '')).toEqual([]);
});

it('the leak profile has the leaks that can be proved', async () => {
  const leaks = await read(last, 'goroutineleak.pb.gz');
  expect(leaks.sampleTypes).toEqual([{ type: 'goroutineleak', unit: 'count' }]);
  expect(tally(leaks, goroutineLabel.stateClass)).toEqual({ stuck: total(leaks) });
  for (const name of ['leaks.sendAnswer', 'leaks.watch', 'leaks.consume', 'leaks.awaitShards']) {
    expect([name, within(leaks, name)]).toEqual([name, within(await read(last, 'goroutine.pb.gz'), name)]);
  }
  // What holds the lock waits for a channel that is gone. The lock itself can be reached, and a ticker may yet tick.
  expect(within(leaks, 'leaks.(*ledger).flush')).toBe(1);
  expect(within(leaks, 'leaks.(*ledger).append') + within(leaks, 'leaks.poll')).toBe(0);
});

describe('as other versions would have printed it (made from the recording)', () => {
  const withoutKeys = (profile: Profile, keys: readonly string[]) =>
    printProfile(profile).map((line) =>
      keys.reduce((text, key) => text.replace(new RegExp(`(, |\\{)${key}=[^,}]*`, 'g'), ''), line)
    );

  it('Go 1.27: labels after the bracket', async () => {
    const text = textOf(last);
    expect(asGo127(text)).toMatch(/^goroutine \d+ \[chan send \(leaked\)\] \{operation: leak, tenant_id: acme\}:$/m);
    expect(printProfile(await readText(asGo127(text)))).toEqual(printProfile(await readText(text)));
  });

  it("CockroachDB's fork: labels inside, no marks", async () => {
    const text = textOf(captures[3]);
    expect(asFork(text)).toMatch(/^goroutine \d+ \[chan send, \d+ minutes, "operation:leak", "tenant_id:acme"\]:$/m);
    expect(printProfile(await readText(asFork(text)))).toEqual(printProfile(await readText(text)));
  });

  it('Go 1.20: no labels, no ids of creators', async () => {
    const text = textOf(captures[3]);
    const keys = ['creator_goroutine', 'operation', 'tenant_id'];
    expect(printProfile(await readText(asGo120(text)))).toEqual(withoutKeys(await readText(text), keys));
  });

  it('in a synctest bubble: durable waits', async () => {
    const made = await readText(inBubble(textOf(captures[3])));
    const durable = labelValues(made, goroutineLabel.durable);
    const states = labelValues(made, goroutineLabel.state);
    expect(durable.map((mark) => mark === 'true')).toEqual(states.map((state) => /^(chan|select)/.test(state)));
    expect(tally(made, goroutineLabel.state)).toEqual(tally(await readText(textOf(captures[3])), goroutineLabel.state));
  });

  it("CockroachDB's debug=3: the dump as protobuf", async () => {
    const dump = await read(captures[3], 'goroutine.txt.gz');
    const fork = withStates(await decode(asFork3(dump)));
    for (const key of ['goroutine', 'state', 'state_class', 'wait_minutes', 'creator_goroutine', 'tenant_id']) {
      expect([key, labelValues(fork, key)]).toEqual([key, labelValues(dump, key)]);
    }
    expect(fork.sample.values).toEqual(dump.sample.values);
  });
});
