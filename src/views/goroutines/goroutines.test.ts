import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { decode } from '../../decode/decode';
import { withStates } from '../../ops/inferStates';
import type { Profile } from '../../profile/profile';
import { defaultQuery, type StoredQuery } from '../../query/query';
import { runStored } from '../../testing/runStored';
import {
  dumpVersion,
  dumpVersions,
  encodeCounts,
  encodeGoroutines,
  makeGoroutines,
  printCounts,
  printDump,
} from '../../testing/goroutineDumps';
import { randomSource } from '../../profile/random';
import { printTable } from '../../testing/print';
import { formats, plantedLeaks, readDump, readRecording, recordings } from '../../testing/recordedDumps';
import { asFork, asGo120, asGo127 } from '../../testing/rewriteDumps';
import { column, type Table } from '../table';
import { bucketOf, stateClasses, waitBuckets } from './labelColumns';
import { Groups, tally } from './groups';
import { statesOfClass } from '../../profile/goroutineStates';

jest.setTimeout(60_000);

const view = (profile: Profile, query: Partial<StoredQuery> = {}): Table =>
  runStored({ ...defaultQuery, view: 'goroutines', ...query }, { profile })[0];
const changes = (profile: Profile, base: Profile, isSameProcess = false, query: Partial<StoredQuery> = {}): Table =>
  runStored({ ...defaultQuery, view: 'goroutines', ...query }, { profile, base, isSameProcess })[0];

const countsBySignature = (table: Table): Record<string, number> =>
  Object.fromEntries(
    printTable(table, ['signature', 'count'])
      .map((line) => /^(.*) (\d+)$/.exec(line) as RegExpExecArray)
      .map(([, signature, count]) => [signature, Number(count)])
  );
const sum = (values: Iterable<unknown>) => [...values].reduce((all: number, value) => all + Number(value), 0);
const textOf = (table: Table) => table.notices.map(({ text }) => text).join('\n');
const names = (table: Table) => table.columns.map(({ name }) => name);

const small = `goroutine 1 [chan receive, 7 minutes]:
main.main()
	/src/main.go:40 +0x1

goroutine 20 [select, 12 minutes]:
main.(*worker[…]).run(0xc000010000)
	/src/worker.go:29 +0x1
created by main.start in goroutine 1
	/src/main.go:12 +0x1

goroutine 21 [select]:
main.(*worker[…]).run(0xc000010008)
	/src/worker.go:29 +0x1
created by main.start in goroutine 1
	/src/main.go:12 +0x1

goroutine 22 [IO wait, 65 minutes]:
internal/poll.runtime_pollWait(0x7efe7b593000, 0x72)
	/go/src/runtime/netpoll.go:351 +0x1
io.Copy({0x1, 0x2}, {0x3, 0x4})
	/go/src/io/io.go:388 +0x1
created by main.proxy in goroutine 21
	/src/proxy.go:8 +0x1

goroutine 23 [IO wait, 33 minutes]:
internal/poll.runtime_pollWait(0x7efe7b593000, 0x72)
	/go/src/runtime/netpoll.go:351 +0x1
io.Copy({0x1, 0x2}, {0x3, 0x4})
	/go/src/io/io.go:388 +0x1
created by main.proxy in goroutine 21
	/src/proxy.go:9 +0x1

goroutine 24 [IO wait]:
internal/poll.runtime_pollWait(0x7efe7b593000, 0x72)
	/go/src/runtime/netpoll.go:351 +0x1
net/http.(*conn).serve(0xc0)
	/go/src/net/http/server.go:2103 +0x1
created by net/http.(*Server).Serve in goroutine 1
	/go/src/net/http/server.go:3464 +0x1

goroutine 25 [running]:
	goroutine running on other thread; stack unavailable
created by main.start in goroutine 1
	/src/main.go:13 +0x1
`;

describe('groups', () => {
  it('are by the calls of the program, with what is inside of them', async () => {
    const table = view(await readDump(small));
    expect(names(table)).toEqual([
      'signature',
      'count',
      '%',
      'state class',
      'state',
      'min wait',
      'max wait',
      'creator',
      '<1 m',
      '5–30 m',
      '30–60 m',
      '60+ m',
      'goroutines',
      'stack',
    ]);
    expect(
      printTable(table, ['signature', 'count', 'state class', 'min wait', 'max wait', 'creator', 'goroutines'])
    ).toEqual([
      'main.(*worker[…]).run worker.go:29 2 select 0 12 main.start main.go:12 20, 21',
      'main.main main.go:40 1 channel 7 7  1',
      // The library's own call says what for, and the go statement of the program who uses it.
      'io.Copy io.go:388 ← created by main.proxy 1 io 65 65 main.proxy proxy.go:8 22',
      'io.Copy io.go:388 ← created by main.proxy 1 io 33 33 main.proxy proxy.go:9 23',
      'http.(*conn).serve server.go:2103 1 io 0 0 http.(*Server).Serve server.go:3464 24',
      '(stack unavailable) 1 run 0 0 main.start main.go:13 25',
    ]);
    expect(column(table, 'stack').values[2]).toBe(
      'internal/poll.runtime_pollWait /go/src/runtime/netpoll.go:351\nio.Copy /go/src/io/io.go:388\ncreated by main.proxy /src/proxy.go:8'
    );
    expect(sum(column(table, '%', 'number').values)).toBeCloseTo(100);
  });

  it('are by all calls, or by functions alone, where that is asked', async () => {
    const profile = await readDump(small);
    const all = view(profile, { collapseStd: false });
    expect(countsBySignature(all)).toMatchObject({
      'main.(*worker[…]).run worker.go:29': 2,
      'io.Copy io.go:388 ← created by main.proxy → poll.runtime_pollWait': 1,
      'http.(*conn).serve server.go:2103 → poll.runtime_pollWait': 1,
    });
    const functions = view(profile, { signature: 'functions' });
    expect(countsBySignature(functions)).toHaveProperty(['main.(*worker[…]).run'], 2);
  });

  it('are split by labels', async () => {
    const table = view(await readRecording(3), { groupBy: 'tenant_id, state_class' });
    const rows = printTable(table, ['signature', 'tenant_id', 'state_class', 'count']);
    expect(rows[0]).toBe('leaks.sendAnswer leaks.go:59 acme channel 128');
    expect(rows).toContain('leaks.sendAnswer leaks.go:59 globex channel 32');
    expect(sum(column(table, 'count', 'number').values)).toBe(430);
    const missing = view(await readRecording(3), { groupBy: 'tenant' });
    expect(textOf(missing)).toMatch(/No goroutine has the label "tenant". There are .*tenant_id/);
  });

  it('count, whatever sample type another view has chosen', async () => {
    const profile = await readRecording(3);
    expect(view(profile, { sampleIndex: 'alloc_space' }).columns).toEqual(view(profile).columns);
  });

  it('have those that the runtime found leaked, whose wait is not known', async () => {
    const table = view(await readRecording(7));
    const rows = printTable(table, ['signature', 'count', 'leaked', 'wait unknown', 'state class']);
    expect(rows[0]).toBe('leaks.sendAnswer leaks.go:59 320 280 280 stuck, channel');
    expect(textOf(table)).toMatch(/^Waits that are not known: 561\. .* min and max wait leave them out\.$/);
  });

  it('say that states are inferred, and know no waits, where the format has none', async () => {
    const table = view(await readRecording(3, 'goroutine.pb.gz'));
    expect(textOf(table)).toMatch(/States are inferred/);
    expect(names(table)).not.toContain('max wait');
    expect(names(table)).not.toContain('goroutines');
    expect(sum(column(table, 'wait unknown', 'number').values)).toBe(430);
  });

  it('of a heap are none, and the error says what to choose', async () => {
    const heap = { ...(await readDump(small)), sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] };
    expect(() => view(heap)).toThrow(
      /Expected a goroutine profile or dump, but the profile has inuse_space.*"goroutine"/
    );
  });

  it('that do not fit the table are said with their goroutines', async () => {
    const text = Array.from({ length: 1203 }, (_, i) => `goroutine ${i + 1} [select]:\nmain.f${i}()\n\t/a.go:1 +0x1\n`);
    const table = view(await readDump(text.join('\n')));
    expect(table.length).toBe(1000);
    expect(textOf(table)).toMatch(/1000 largest groups. 203 others with 203 goroutines are left out; search/);
  });
});

describe.each(recordings.map((_, i) => i))('capture %i', (i) => {
  it('has the same groups in every format', async () => {
    const tables = await Promise.all(
      formats.map(async (name) => countsBySignature(view(await readRecording(i, name))))
    );
    for (const counts of tables) {
      expect(sum(Object.values(counts))).toBe(130 + 100 * i);
      expect(counts).toMatchObject(
        Object.fromEntries(Object.entries(plantedLeaks).map(([signature, each]) => [signature, each * (i + 1)]))
      );
    }
    // The moments are milliseconds apart: requests and their readers come and go.
    const lasting = (counts: Record<string, number>) =>
      Object.fromEntries(Object.entries(counts).filter(([name]) => !/^http\.|^\(no stack\)/.test(name)));
    expect(tables.map(lasting)).toEqual([lasting(tables[0]), lasting(tables[0]), lasting(tables[0])]);
  });
});

describe('as other versions of Go would have printed them', () => {
  it.each([
    ['Go 1.27', asGo127],
    ['the fork of CockroachDB', asFork],
    ['Go 1.20', asGo120],
  ])('%s: the same groups', async (_, rewrite) => {
    expect(countsBySignature(view(await readDump(rewrite(small))))).toEqual(
      countsBySignature(view(await readDump(small)))
    );
  });
});

describe('any goroutines, in any format and version', () => {
  it.each([1, 2, 3, 4, 5])('are all in a group, a bucket of waits and a class: seed %i', async (seed) => {
    const made = makeGoroutines({ seed, count: 400, stacks: 25 });
    const encode = (text: string) => new TextEncoder().encode(text);
    const files = [
      ...dumpVersions.map((version) => encode(printDump(made, version))),
      encode(printCounts(made)),
      encodeCounts(made),
      encodeGoroutines(made),
    ];
    for (const file of files) {
      const profile = withStates(await decode(file));
      for (const collapseStd of [true, false]) {
        const groups = new Groups({ collapseStd, signature: 'lines', groupBy: '' });
        const { count, buckets, classes, total } = tally(profile, groups.ofSamples(profile), groups.length);
        expect(total).toBe(400);
        expect(sum(count)).toBe(400);
        expect(sum(buckets.flatMap((b) => [...b]))).toBe(400);
        expect(sum(classes.flatMap((c) => [...c]))).toBe(400);
      }
      const table = view(profile);
      expect(sum(column(table, 'count', 'number').values)).toBe(400);
      for (const other of ['creators', 'blockers'] as const) {
        expect(() => view(profile, { view: other })).not.toThrow();
      }
    }
  });

  it('debug=0, debug=1, debug=2 and debug=3 of one moment agree, signature by signature', async () => {
    const made = makeGoroutines({ seed: 9, count: 300, stacks: 12 }).filter(({ isUnavailable }) => !isUnavailable);
    // What stands in for the runtime says another name of its call; a panic is one of these.
    const counts = async (file: Uint8Array) => countsBySignature(view(await decode(file)));
    const text = (value: string) => new TextEncoder().encode(value);
    const [dump, debug1, debug0, debug3] = await Promise.all(
      [
        text(printDump(made, dumpVersion('go1.27'))),
        text(printCounts(made)),
        encodeCounts(made),
        encodeGoroutines(made),
      ].map(counts)
    );
    const ofProgram = (all: Record<string, number>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => /^(main|store|x%2ey)\./.test(name)));
    for (const other of [debug1, debug0, debug3]) {
      expect(sum(Object.values(other))).toBe(sum(Object.values(dump)));
      expect(ofProgram(other)).toEqual(ofProgram(dump));
    }
  });
});

describe('changes', () => {
  it('between two captures of one process, with the goroutines that are still there', async () => {
    const table = changes(await readRecording(4), await readRecording(3), true);
    const rows = printTable(table, ['signature', 'change', 'base', 'count', 'delta', 'still there']);
    expect(rows.slice(0, 6)).toEqual(
      Object.entries(plantedLeaks).map(([name, each]) => `${name} grown ${4 * each} ${5 * each} ${each} ${4 * each}`)
    );
    expect(rows).toContain('main.(*server).run main.go:103 same 4 4 0 4');
    expect(textOf(table)).toMatch(/42\d of the base's 430 goroutines are still there, by id/);
  });

  it('by ids of the whole dumps, whatever a search leaves', async () => {
    const table = changes(await readRecording(7), await readRecording(6), true, { search: 'dups < 300' });
    const all = changes(await readRecording(7), await readRecording(6), true);
    const said = (of: Table) => /\d+ of the base's \d+ goroutines are still there/.exec(textOf(of))?.[0];
    expect(said(table)).toBe(said(all));
    // Of 280 all are still there and 40 came, which is more than the search takes.
    expect(printTable(table, ['signature', 'change', 'base', 'count', 'still there'])).toContain(
      'leaks.sendAnswer leaks.go:59 gone 280 0 280'
    );
  });

  it('the other way round: gone and shrunk', async () => {
    const late = small.replace(/goroutine 2[23] [^]*?\n\n/g, '').replace('goroutine 20 [', 'goroutine 26 [');
    const rows = (now: string, base: string) =>
      Promise.all([readDump(now), readDump(base)]).then(([profile, b]) =>
        printTable(changes(profile, b), ['signature', 'change', 'base', 'count'])
      );
    const gone = 'io.Copy io.go:388 ← created by main.proxy';
    expect(await rows(late, small)).toEqual(expect.arrayContaining([`${gone} gone 1 0`]));
    expect(await rows(small, late)).toEqual(expect.arrayContaining([`${gone} new 0 1`]));
    expect(await rows(late.replace(/goroutine 21 [^]*?\n\n/, ''), small)).toContain(
      'main.(*worker[…]).run worker.go:29 shrunk 2 1'
    );
  });

  it('by id only within one process, which a restart ends', async () => {
    const [now, base] = await Promise.all([readDump(small), readDump(small)]);
    expect(names(changes(now, base))).not.toContain('still there');
    const other = await readDump(small.replace(/main\.start in/g, 'main.boot in'));
    const restarted = changes(now, other, true);
    expect(names(restarted)).not.toContain('still there');
    expect(textOf(restarted)).toMatch(
      /not compared by id: the process was restarted.*Goroutine 20 was started by main.boot \/src\/main.go:12 then and is by main.start/
    );
    const twice = await readDump(small + '\n' + small);
    expect(textOf(changes(twice, base, true))).toMatch(/not compared by id: several dumps/);
    const counted = await readRecording(3, 'goroutine.pb.gz');
    expect(names(changes(await readRecording(4), counted, true))).not.toContain('still there');
  });

  it('between formats are none where nothing changed', async () => {
    const table = changes(await readRecording(2), await readRecording(2, 'goroutine.pb.gz'));
    const changed = printTable(table, ['signature', 'change']).filter((row) => !/ same$/.test(row));
    expect(changed.filter((row) => !/^http\.|^\(no stack\)/.test(row))).toEqual([]);
    expect(textOf(table)).toMatch(/Base: States are inferred/);
  });
});

test('a damaged dump never throws, and every goroutine that is read is in a group', async () => {
  const text = gunzipSync(readFileSync(join(recordings[2], 'goroutine.txt.gz')));
  const random = randomSource(11);
  for (let run = 0; run < 60; run++) {
    const bytes = new Uint8Array(text.subarray(0, 20_000 + Math.floor(random() * 60_000)));
    for (let k = 0; k < 1 + random() * 300; k++) {
      const at = Math.floor(random() * bytes.length);
      // Bytes of the same text, so that it stays text: brackets, digits and line ends end up in odd places.
      const from = Math.floor(random() * bytes.length);
      bytes.copyWithin(at, from, from + Math.floor(random() * 40));
      bytes[at] = text[Math.floor(random() * text.length)];
    }
    const profile = await decode(bytes);
    expect(sum(column(view(profile), 'count', 'number').values)).toBe(profile.sample.length);
    for (const other of ['creators', 'blockers'] as const) {
      expect(() => view(profile, { view: other })).not.toThrow();
    }
  }
});

test('every state has a class that views know, and every wait a bucket', () => {
  expect(new Set([...Object.keys(statesOfClass), 'unknown'])).toEqual(new Set(stateClasses));
  expect([0, 0.5, 1, 4, 5, 29, 30, 59, 60, 1e6, NaN].map((m) => waitBuckets[bucketOf(m)].name)).toEqual([
    '<1 m',
    '<1 m',
    '1–5 m',
    '1–5 m',
    '5–30 m',
    '5–30 m',
    '30–60 m',
    '30–60 m',
    '60+ m',
    '60+ m',
    'wait unknown',
  ]);
});
