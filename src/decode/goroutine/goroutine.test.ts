import { gzipSync } from 'node:zlib';
import { goroutineLabel, stateClass, statesOfClass } from '../../profile/goroutineStates';
import type { Profile } from '../../profile/profile';
import { randomSource } from '../../profile/random';
import {
  countAlike,
  dumpVersion,
  dumpVersions,
  encodeCounts,
  encodeGoroutines,
  makeGoroutines,
  printCounts,
  printDump,
  shownLabels,
  shownState,
  type DumpVersion,
  type MadeCall,
  type MadeGoroutine,
} from '../../testing/goroutineDumps';
import { printProfile } from '../../testing/print';
import { withStates } from '../../ops/inferStates';
import { decode } from '../decode';

// Thousands of dumps are read here, on machines that do other things too.
jest.setTimeout(60_000);

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const read = (text: string): Promise<Profile> => decode(bytesOf(text));
const lines = async (text: string) => printProfile(await read(text));
const texts = ({ notices }: Profile) => notices.map(({ text }) => text);
const total = ({ sample }: Profile) => sample.values[0].reduce((sum, value) => sum + value, 0);

describe('debug=2', () => {
  it('is one sample a goroutine: count and wait, with what the header says in labels', async () => {
    const text = `goroutine 1 [running]:
main.main()
	/src/main.go:41 +0x1d

goroutine 20 [chan receive (nil chan), 90 minutes, locked to thread]:
main.(*worker[...]).run(0xc000180020?)
	/src/worker.go:29 +0x34
main.inlined(...)
	/src/inl.go:9
main.start({0x5d4a20, 0xc00009c000}, _, ...)
	C:/Program Files/app/main.go:77 +0x1a5
created by main.main in goroutine 1
	/src/main.go:30 +0x85
`;
    const profile = await read(text);
    expect(printProfile(profile)).toEqual([
      'main.main 1 0 {goroutine=1, state=running, state_class=run}',
      'main.start+main.inlined;main.(*worker[...]).run 1 5400000000000 {goroutine=20, state=chan receive (nil chan), ' +
        'state_class=stuck, wait_minutes=90minutes, creator=main.main, created_at=/src/main.go:30, ' +
        'creator_goroutine=1, locked_to_thread=true}',
    ]);
    expect(profile.sampleTypes).toEqual([
      { type: 'goroutine', unit: 'count' },
      { type: 'wait', unit: 'nanoseconds' },
    ]);
    expect(profile.defaultSampleType).toBe('goroutine');
    expect(profile.strings).toContain('C:/Program Files/app/main.go');
    expect(profile.notices).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['Go 1.27', '[select] {path: /api/v1, tenant_id: "a b"}', 'path=/api/v1, tenant_id=a b'],
    ['Go 1.27, empty and escaped', '[select] {a: , b: "x\\"\\\\\\n\\x00\\u00df\\U0001f600"}', 'a=, b=x"\\\n\0ß😀'],
    ['Go 1.26', '[select, 1 minutes labels:{"tenant_id": "acme"}]', 'tenant_id=acme'],
    ["CockroachDB's fork", '[select, 1 minutes, "tenant_id:a"b", "x:]:"]', 'tenant_id=a"b, x=]:'],
    ["CockroachDB's fork, quoted", '[select, "tenant_id":"a\\"b", "x":"1"]', 'tenant_id=a"b, x=1'],
    ['a key that is ours', '[select] {state: mine}', 'user_state=mine'],
  ])('labels of %s', async (_, status, expected) => {
    const [line] = await lines(`goroutine 7 ${status}:\nmain.f()\n\t/f.go:1 +0x1\n`);
    expect(line).toContain(`, ${expected}}`);
  });

  it('marks, bubbles and what no version said yet', async () => {
    const profile = await read(
      'goroutine 7 [chan receive (leaked) (scan) (durable), 2 minutes, in a good mood, synctest bubble 3]:\nmain.f()\n\t/f.go:1\n'
    );
    expect(printProfile(profile)[0]).toContain(
      'state=chan receive, state_class=stuck, wait_minutes=2minutes, leaked=true, durable=true, synctest_bubble=3'
    );
    expect(texts(profile)).toEqual(['Headers say what no version of Go is known to print: in a good mood.']);
  });

  it('calls that are left out have a place in the stack', async () => {
    const call = (name: string) => `main.${name}()\n\t/f.go:1 +0x1\n`;
    const created = 'created by main.main in goroutine 1\n\t/m.go:2 +0x9\n';
    const [newer, older, none] = await lines(
      `goroutine 2 [select]:\n${call('a')}...23 frames elided...\n${call('b')}${created}\n` +
        `goroutine 3 [select]:\n${call('a')}...additional frames elided...\n${created}\n` +
        `goroutine 4 [running]:\n\tgoroutine running on other thread; stack unavailable\n${created}`
    );
    expect(newer).toMatch(/^main.b;\(frames elided\);main.a .*elided_frames=23/);
    expect(older).toMatch(/^\(frames elided\);main.a .*elided_frames=0/);
    // A count that no stack has is none.
    const [endless] = await lines(
      `goroutine 4 [select]:\n${call('a')}...${'9'.repeat(400)} frames elided...\n${call('b')}`
    );
    expect(endless).not.toMatch(/elided/);
    expect(none).toMatch(/^\(stack unavailable\) .*creator=main.main/);
  });

  it('panics, calls into C, and calls without a place', async () => {
    expect(
      await lines(`panic: boom [recovered]
	panic: again
[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x51c663]

goroutine 1 [running]:
panic({0x539d80?, 0x683600?})
	/usr/local/go/src/runtime/panic.go:860 +0x13a
non-Go function
	pc=0x7f12
my_c_function
	/src/lib.c:12 pc=0x7f34
non-Go function at pc=0x7f56
main._Cfunc_f(0x0)
	_cgo_gotypes.go:51 +0x4b
main.lost(0x1)
main.main()
	/src/main.go:82 +0x463
exit status 2`)
    ).toEqual([
      'main.main;main.lost;main._Cfunc_f;non-Go function;my_c_function;non-Go function;runtime.gopanic 1 0 ' +
        '{goroutine=1, state=running, state_class=run}',
    ]);
  });

  it('keeps what a crash says as comments', async () => {
    const profile = await read(
      'SIGQUIT: quit\nPC=0x48d7c1 m=0 sigcode=0\n\nfatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [select]:\nmain.f()\n\t/f.go:1\n'
    );
    expect(profile.comments).toEqual(['SIGQUIT: quit', 'fatal error: all goroutines are asleep - deadlock!']);
  });

  it('ancestors are labels', async () => {
    const profile = await read(`goroutine 51 [select]:
main.f()
	/f.go:73 +0xf
created by main.g in goroutine 48
	/f.go:73 +0x1a
[originating from goroutine 48]:
main.g(...)
	/f.go:73 +0x1a
created by main.h
	/f.go:73 +0x26
[originating from goroutine 1]:
main.main(...)
	/f.go:75 +0x3b5
`);
    expect(printProfile(profile)).toEqual([
      'main.f 1 0 {goroutine=51, state=select, state_class=select, creator=main.g, created_at=/f.go:73, ' +
        'creator_goroutine=48, ancestor=48, ancestor=1}',
    ]);
    expect(texts(profile)[0]).toMatch(/ancestor.*left out/);
  });

  it('who waits for a lock, and who has it at hand', async () => {
    const waits = (id: number, address: string) => `goroutine ${id} [sync.Mutex.Lock, 5 minutes]:
internal/sync.runtime_SemacquireMutex(0x0?, 0x0?, 0x0?)
	/usr/local/go/src/runtime/sema.go:95 +0x25
internal/sync.(*Mutex).lockSlow(${address})
	/usr/local/go/src/internal/sync/mutex.go:149 +0x15d
sync.(*Mutex).Lock(...)
	/usr/local/go/src/sync/mutex.go:46
main.(*Cache).Add(0x0?, 0x0)
	/cache.go:22 +0x47

`;
    const other = (id: number, args: string) => `goroutine ${id} [sleep]:\nmain.f(${args})\n\t/f.go:1 +0x1\n\n`;
    const printed = await lines(
      waits(5, '0xc000010050') +
        waits(6, '0xc000010050') +
        other(7, '0xc000010040, 0x1') +
        other(8, '0xc000010010') +
        other(9, '0xc000010050?') +
        other(10, '0xc000010060')
    );
    expect(printed.map((line) => /(blocked_on|mentions)=\w+/.exec(line)?.[0])).toEqual([
      'blocked_on=0xc000010050',
      'blocked_on=0xc000010050',
      // The object that holds the lock: the nearest address below it.
      'mentions=0xc000010050',
      undefined,
      'mentions=0xc000010050',
      undefined,
    ]);
  });

  it('what semacquire means, by the calls', async () => {
    const waits = (name: string) =>
      `goroutine 5 [semacquire]:\nsync.runtime_Semacquire(0xc42000e0a4)\n\t/sema.go:56 +0x39\n${name}(0xc42000e0a0)\n\t/s.go:5 +0x1\n`;
    expect((await lines(waits('sync.(*WaitGroup).Wait')))[0]).toContain('state=semacquire, state_class=wait}');
    expect((await lines(waits('sync.(*Mutex).Lock')))[0]).toContain(
      'state=semacquire, state_class=lock, blocked_on=0xc42000e0a0}'
    );
    expect((await lines(waits('main.f')))[0]).toContain('state_class=lock');
  });
});

describe('a dump inside a log', () => {
  const dump = printDump(makeGoroutines({ seed: 3, count: 40 }), dumpVersion('go1.26 tracebacklabels=1'));
  const each = (prefix: (i: number) => string) =>
    dump
      .split('\n')
      .map((line, i) => prefix(i) + line)
      .join('\n');
  const clock = (i: number) => String(10 + (i % 50));

  it.each<[string, string]>([
    ['CRLF', dump.replaceAll('\n', '\r\n')],
    ['indented', each(() => '    ')],
    ['a time before every line', each((i) => `2026/11/03 14:22:${clock(i)} `)],
    ['a time before the first line', `2026/11/03 14:22:33 http: panic serving 10.0.0.1:5: x\n${dump}`],
    ['kubernetes', each((i) => `2026-11-03T14:22:${clock(i)}.${'123456789'.slice(0, 1 + (i % 9))}Z stderr F `)],
    ['docker compose', each(() => 'ingester-1  | ')],
    ['journald', each((i) => `Nov  3 14:22:${clock(i)} host service[4711]: `)],
    ['lines of others between', dump.replaceAll('\n\t', '\nlevel=info msg="ready (5 items)" took=12ms\n\t')],
    [
      'without indentation',
      dump.replaceAll('\n\t', '\n').replaceAll('_cgo_gotypes', '/cgo').replaceAll('<autog', '/<autog'),
    ],
    ['a BOM and text around it', `\ufeffGET /debug/pprof\n\n${dump}\nexit status 2\nrax    0xca\n`],
    ['a buffer that was written whole', `${dump}${'\0'.repeat(65536 - bytesOf(dump).length)}`],
    ['a test that panicked', `--- FAIL: TestX (0.00s)\npanic: boom\n\n${dump}`],
  ])('%s', async (name, text) => {
    const shown = (printed: string[]) =>
      name === 'without indentation' ? printed.map((line) => line.replace(/, created_at=[^,]*/, '')) : printed;
    const profile = await read(text);
    expect(shown(printProfile(profile))).toEqual(shown(await lines(dump)));
    expect(texts(profile).filter((notice) => !notice.startsWith('Labels'))).toEqual([]);
  });

  it('several dumps are all read and told apart', async () => {
    const profile = await read(`${dump}\n2026/11/03 again\n\n${dump}`);
    expect(total(profile)).toBe(80);
    expect(texts(profile)[0]).toMatch(/holds 2 dumps.*dump="2" is the last/);
    expect(printProfile(profile).filter((line) => line.includes('dump=2'))).toHaveLength(40);
  });

  it('what GOTRACEBACK=crash prints for each thread counts once', async () => {
    const profile = await read(`goroutine 1 gp=0xc0 m=nil [select]:
main.main()
	/m.go:1 +0x1 fp=0x1 sp=0x2 pc=0x48d7c1

goroutine 5 gp=0xc1 m=3 mp=0xc2 [running]:
	goroutine running on other thread; stack unavailable
created by main.main in goroutine 1
	/m.go:2 +0x1

-----

SIGQUIT: quit
PC=0x48d7c1 m=3 sigcode=0

goroutine 5 gp=0xc1 m=3 mp=0xc2 [running]:
main.spin()
	/m.go:3 +0x1 fp=0x1 sp=0x2 pc=0x48d7c3
rax    0xca
`);
    expect(printProfile(profile).map((line) => line.split(' ')[0])).toEqual(['main.main', 'main.spin']);
    expect(profile.location.address).toEqual(BigUint64Array.of(0x48d7c1n, 0n, 0x48d7c3n));
    expect(texts(profile)).toEqual([expect.stringMatching(/threads/)]);
  });
});

describe('a dump that ends early', () => {
  const whole =
    'goroutine 1 [select]:\nmain.f()\n\t/f.go:1 +0x1\n\ngoroutine 2 [sleep]:\nmain.g(0x1)\n\t/g.go:1234 +0x1d\ncreated by main.f in goroutine 1\n\t/f.go:2 +0x3\n';
  it('keeps its last goroutine and marks it, wherever it was cut', async () => {
    const second = whole.indexOf('goroutine 2');
    for (let length = second; length <= whole.length; length++) {
      const text = whole.slice(0, length);
      const profile = await read(text);
      const [first, last] = printProfile(profile);
      expect(first).toBe('main.f 1 0 {goroutine=1, state=select, state_class=select}');
      const isRead = length >= whole.indexOf(']', second) + 1;
      expect([length, last !== undefined]).toEqual([length, isRead]);
      if (isRead && length < whole.length - 30) {
        expect(last).toContain('goroutine=2, state=sleep');
      }
      // A line that ends like a whole one cannot be told from one.
      const looksWhole = /(\]:?|:\d+( \+0x[0-9a-f]*)?)$|\n$/.test(text);
      const isHeaderOnly = /goroutine 2 \[sleep\]:?\n?$/.test(text);
      if (!looksWhole && length > second + 9) {
        expect([text.slice(second), texts(profile).join()]).toEqual([
          text.slice(second),
          expect.stringMatching(/ends i|could not be read/),
        ]);
      }
      if (!looksWhole && isRead && !isHeaderOnly) {
        expect(last).toContain('truncated=true');
      }
    }
  });

  it('says so at 64 MiB, where Go stops', async () => {
    const record = 'goroutine 9 [select]:\nmain.f()\n\t/f.go:1 +0x1\n\n';
    const bytes = new Uint8Array(64 * 1024 * 1024).fill('x'.charCodeAt(0));
    bytes.set(bytesOf(record));
    expect(texts(await decode(bytes))).toEqual([expect.stringMatching(/cut off at 64 MiB.*debug=0 has all/)]);
  });
});

describe('debug=1', () => {
  const text = `goroutine profile: total 5
3 @ 0x484d6e 0x41818e 0x417cb2 0x51ca5c 0x48bc81
# labels: {"path":"GET /x \\"y\\"\\n", "tenant_id":"größe"}
#	0x51ca5b	main.(*worker[...]).recv+0x1b	C:/src/main.go:29

2 @ 0x484d6e 0x449cf7 0x484005 0x51c189 0x51c189 0x48bc81
#	0x484004	internal/poll.runtime_pollWait+0x84		/usr/local/go/src/runtime/netpoll.go:351
#	0x51c188	main.deep+0x28					/src/main.go:35
#	0x51c188	main.deep+0x28					/src/main.go:35

`;
  it('has the addresses of pprof and the names of the comments', async () => {
    const profile = await read(text);
    expect(printProfile(profile)).toEqual([
      'runtime.goexit;main.(*worker[...]).recv;runtime.(not printed);runtime.(not printed);runtime.(not printed) 3 {path=GET /x "y"\n, tenant_id=größe}',
      'runtime.goexit;main.deep;main.deep;internal/poll.runtime_pollWait;runtime.(not printed);runtime.(not printed) 2',
    ]);
    expect([...profile.location.address.subarray(0, 3)]).toEqual([0x484d6dn, 0x41818dn, 0x417cb1n]);
    expect(profile.sampleTypes).toEqual([{ type: 'goroutine', unit: 'count' }]);
    expect(profile.notices).toEqual([]);
  });

  it('is any profile that counts stacks', async () => {
    expect((await read('threadcreate profile: total 9\n9 @\n#\t0x0\n\n')).sampleTypes).toEqual([
      { type: 'threadcreate', unit: 'count' },
    ]);
    expect((await read('goroutineleak profile: total 0\n')).sample.length).toBe(0);
  });

  it('of several moments has the label dump; another profile, and what follows an end, is left out and said', async () => {
    const one = 'goroutine profile: total 2\n2 @ 0x10\n#\t0xf\tmain.f+0x1\t/a.go:1\n\n';
    const other = 'threadcreate profile: total 9\n9 @ 0x20\n';
    const profile = await read(`${one}--- pod-2\n${one}${other}${one}`);
    expect(printProfile(profile)).toEqual([1, 2, 3].map((dump) => `main.f 2 {dump=${dump}}`));
    expect(texts(profile)).toEqual([
      expect.stringMatching(/^The file holds 3 profiles, and values are of all of them.*dump="3" is the last/),
      expect.stringMatching(/^Left out: 1 line after "--- pod-2", where the profile ends/),
    ]);
    const ended = await read(`${one}---\n7 @ 0x20\nmore\n`);
    expect(printProfile(ended)).toEqual(['main.f 2']);
    expect(texts(ended)).toEqual([expect.stringMatching(/^Left out: 2 lines after "---"/)]);
    expect(texts(await read(`${one}--- Memory map: ---\n400000-500000 /bin/a\n`))).toEqual([]);
  });

  it('says what is missing', async () => {
    expect(texts(await read(text.slice(0, text.indexOf('2 @'))))).toEqual([
      expect.stringMatching(/total of 5.*add up to 3/),
    ]);
    expect(texts(await read(text.replace('"größe"}', '"größe"')))).toEqual([
      'The labels of 1 of 2 stacks could not be read and are left out: expected {"key":"value", …}.',
    ]);
    const broken = text.replace('0x449cf7', '0x449zf7');
    expect(texts(await read(broken))[0]).toBe('1 of 2 stacks could not be read; the first is in line 6.');
    expect(texts(await read(`# of a collector\n\n${broken}`))[0]).toMatch(/the first is in line 8\.$/);
  });

  it('one address that stands for several calls is one location', async () => {
    const [line] = await lines(
      'goroutine profile: total 1\n1 @ 0x10 0x20\n#\t0xf\tmain.inner+0x1\t/a.go:1\n#\t0xf\tmain.outer+0x1\t/a.go:2\n#\t0x1f\tmain.main+0x1\t/a.go:3\n'
    );
    expect(line).toBe('main.main;main.outer+main.inner 1');
  });
});

const classOf: Readonly<Record<string, string>> = {
  'chan receive': 'channel',
  'chan send': 'channel',
  select: 'select',
  'select (no cases)': 'stuck',
  'IO wait': 'io',
  sleep: 'sleep',
  'sync.Mutex.Lock': 'lock',
  'sync.WaitGroup.Wait': 'wait',
  syscall: 'io',
  runnable: 'run',
  running: 'run',
};

/** What printProfile has to say of a made goroutine whose dump was printed by a version. */
function expectedLine(g: MadeGoroutine, version: DumpVersion, all: readonly MadeGoroutine[]): string {
  const { state, leaked, durable, isWaitGroup } = shownState(g, version);
  const isBlocked = (other: MadeGoroutine) => other.state === 'sync.Mutex.Lock';
  const calls = version.system ? g.calls : g.calls.filter(({ name }) => !/^runtime\.(?!gopanic)/.test(name));
  const frames = calls.length > 0 ? grouped(calls) : ['(stack unavailable)'];
  const hasCache = calls.some(({ name }) => name.includes('(*Cache).Add'));
  const stateClassOf = leaked ? 'stuck' : state === 'semacquire' ? (isWaitGroup ? 'wait' : 'lock') : classOf[state];
  const labels = [
    `goroutine=${g.id}`,
    `state=${state}`,
    `state_class=${stateClassOf}`,
    g.minutes > 0 && `wait_minutes=${g.minutes}minutes`,
    g.creator && `creator=${g.creator.call.name}`,
    g.creator && `created_at=${g.creator.call.file}:${g.creator.call.line}`,
    g.creator && version.namesCreator && `creator_goroutine=${g.creator.goroutine}`,
    g.lockedToThread && 'locked_to_thread=true',
    leaked && 'leaked=true',
    durable && 'durable=true',
    version.marks && g.bubble > 0 && `synctest_bubble=${g.bubble}`,
    isBlocked(g) && 'blocked_on=0xc000112330',
    hasCache && !isBlocked(g) && all.some(isBlocked) && 'mentions=0xc000112330',
    ...shownLabels(g, version).map(([key, value]) => `${key === 'state' ? 'user_state' : key}=${value}`),
  ];
  return `${frames.reverse().join(';')} 1 ${g.minutes * 60e9} {${labels.filter(Boolean).join(', ')}}`;
}

/** Locations, the leaf first: a call with those inlined into it. */
function grouped(calls: readonly MadeCall[]): string[] {
  const groups: string[][] = [[]];
  for (const { name, args } of calls) {
    groups[groups.length - 1].unshift(name);
    if (args !== '...') {
      groups.push([]);
    }
  }
  return groups.filter((group) => group.length > 0).map((group) => group.join('+'));
}

describe('made dumps', () => {
  describe.each(dumpVersions.map((version) => [version.name, version] as const))('%s', (_, version) => {
    it('says what was printed, whatever it was', async () => {
      for (let seed = 1; seed <= 25; seed++) {
        const goroutines = makeGoroutines({ seed, count: 1 + (seed % 5) * 15 });
        const profile = await read(printDump(goroutines, version));
        expect(printProfile(profile)).toEqual(goroutines.map((g) => expectedLine(g, version, goroutines)));
        expect(texts(profile).filter((text) => !text.startsWith('Labels'))).toEqual([]);
      }
    });
  });

  it('debug=0, 1, 2 and 3 of one moment agree: in all, by stack and by tenant', async () => {
    for (let seed = 1; seed <= 15; seed++) {
      const goroutines = makeGoroutines({ seed, count: 200, stacks: 12 });
      const formats = {
        debug0: await decode(encodeCounts(goroutines)),
        debug1: await read(printCounts(goroutines)),
        debug2: await read(printDump(goroutines, dumpVersion('go1.27'))),
        debug3: await decode(encodeGoroutines(goroutines)),
        packed: await decode(gzipSync(printDump(goroutines, dumpVersion('go1.26 tracebacklabels=1')))),
      };
      const summary = Object.entries(formats).map(([name, profile]) => ({ name, ...summarize(withStates(profile)) }));
      for (const { name, ...sums } of summary) {
        expect({ name, ...sums }).toEqual({ ...summary[0], name });
        expect(sums.total).toBe(200);
      }
      expect(formats.debug1.sample.length).toBe(countAlike(goroutines).length);
    }
  });

  it('cannot be broken by changed bytes: every header is a goroutine, or counted as skipped', async () => {
    const random = randomSource(11);
    const below = (limit: number) => Math.floor(random() * limit);
    const seeds = dumpVersions.map((version) => bytesOf(printDump(makeGoroutines({ seed: 5, count: 30 }), version)));
    let skippedOnce = 0;
    for (let i = 0; i < 1500; i++) {
      const bytes = mutated(seeds[i % seeds.length], below);
      const profile = await decode(bytes).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'InputError' });
        return undefined;
      });
      if (!profile) {
        continue;
      }
      const text = Buffer.from(bytes).toString('latin1');
      const headers = text
        .split('\n')
        .filter((line) => /(^|[^A-Za-z0-9])goroutine \d+ (\[|gp=)/.test(line.slice(0, 520)));
      const [, skipped = '0'] = /^(\d+) of \d+ goroutines could not be read/.exec(texts(profile).join('\n')) ?? [];
      skippedOnce += Number(skipped) > 0 ? 1 : 0;
      expect(total(profile) + Number(skipped)).toBe(headers.length);
      expect(profile.sample.stack.every((row) => row > 0 && row < profile.stack.length)).toBe(true);
      printProfile(profile);
    }
    expect(skippedOnce).toBeGreaterThan(50);
  });

  it('nor can debug=1: every stack is read, or counted as skipped', async () => {
    const random = randomSource(13);
    const below = (limit: number) => Math.floor(random() * limit);
    const whole = bytesOf(printCounts(makeGoroutines({ seed: 5, count: 60 })));
    for (let i = 0; i < 1000; i++) {
      const bytes = mutated(whole, below);
      const profile = await decode(bytes).catch((error: unknown) => {
        expect(error).toMatchObject({ name: 'InputError' });
        return undefined;
      });
      if (profile?.sampleTypes[0].type === 'goroutine' && profile.sampleTypes.length === 1) {
        const text = Buffer.from(bytes).toString('latin1').split(/\n---/)[0];
        const stacks = text
          .split('\n')
          .slice(1)
          .filter((line) => /^\d+ @/.test(line));
        const [, skipped = '0'] = /^(\d+) of \d+ stacks could not be read/.exec(texts(profile).join('\n')) ?? [];
        expect(profile.sample.length + Number(skipped)).toBe(stacks.length);
        printProfile(profile);
      }
    }
  });
});

describe('hostile text', () => {
  it('labels beyond a hundred are left out, and that is said', async () => {
    const labels = (n: number) => Array.from({ length: n }, (_, i) => `k${i}: v`).join(', ');
    const dump = [100, 101, 500].map(
      (n, i) => `goroutine ${i + 1} [select] {${labels(n)}}:\nmain.f()\n\t/a.go:1 +0x1\n`
    );
    const profile = await read(dump.join('\n'));
    expect(profile.sample.length).toBe(3);
    expect(texts(profile)).toEqual(['Goroutines with more than 100 labels, of which the others are left out: 2.']);
    const keys = new Set([...profile.label.key].map((row) => profile.strings[row]).filter((key) => /^k\d/.test(key)));
    expect(keys.size).toBe(100);
  });

  const head = 'goroutine 1 [running]:\n';
  const fill = (part: string) => part.repeat(Math.ceil(1_000_000 / part.length));
  it.each<[string, string]>([
    ['labels that never end', fill(`goroutine 1 [s${', "a\\'.repeat(3000)}\n`)],
    ['a list that never ends', fill(`goroutine 1 [s] {${'a: b, '.repeat(2500)}\n`)],
    ['attributes', fill(`goroutine 1 [s${', x'.repeat(5000)}]:\n`)],
    ['one line', head + fill('goroutine 1 [')],
    ['parentheses', head + fill(`f${'('.repeat(5000)})\n`)],
    ['a call without a place', `${head}f()\n${fill('\tx\n')}`],
    ['a stack without an end', head + fill('f()\n\t/a:1 +0x1\n')],
    ['calls inlined into each other', head + fill('f(...)\n\t/a:1\n')],
    ['comments before a header', fill(' # \n')],
    ['an address of many calls', `goroutine profile: total 1\n1 @ 0x10\n${fill('#\t0xf\tf+0x1\t/a:1\n')}`],
  ])('%s takes time in proportion to its size', async (_, text) => {
    const start = performance.now();
    await read(text).catch((error: unknown) => expect(error).toMatchObject({ name: 'InputError' }));
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

/** A few bytes changed, lines doubled or dropped, the end cut. */
function mutated(bytes: Uint8Array, below: (limit: number) => number): Uint8Array {
  const chars = '()[]{}",: \t\n\r.?0x=goroutine 1 [\0\xff';
  let copy = bytes.slice();
  for (let k = 1 + below(12); k > 0; k--) {
    const at = below(copy.length);
    if (below(4) > 0) {
      copy[at] = below(3) === 0 ? below(256) : chars.charCodeAt(below(chars.length));
    } else {
      const end = Math.min(copy.length, at + below(200));
      const [head, part, tail] = [copy.slice(0, at), copy.slice(at, end), copy.slice(end)];
      copy = Uint8Array.from(Buffer.concat(below(2) ? [head, part, part, tail] : [head, tail]));
    }
  }
  return below(3) === 0 ? copy.subarray(0, below(copy.length)) : copy;
}

/** Counts in all, of each stack's own calls and of each tenant. */
function summarize(profile: Profile) {
  const { sample, stack, location, line, function: func, strings, label, labelSet } = profile;
  const stacks: Record<string, number> = {};
  const tenants: Record<string, number> = {};
  for (let i = 0; i < sample.length; i++) {
    const names: string[] = [];
    for (let row = sample.stack[i]; row > 0; row = stack.parent[row]) {
      const l = stack.location[row];
      for (let k = location.lineOffset[l]; k < location.lineOffset[l + 1]; k++) {
        names.push(strings[func.name[line.function[k]]]);
      }
    }
    const own = names.filter((name) => !/^runtime\.(?!gopanic)|^\(stack/.test(name)).join(';');
    stacks[own] = (stacks[own] ?? 0) + sample.values[0][i];
    for (let k = labelSet.labelOffset[sample.labelSet[i]]; k < labelSet.labelOffset[sample.labelSet[i] + 1]; k++) {
      const tenant = strings[label.str[k]];
      // profile.proto has no empty values.
      if (strings[label.key[k]] === 'tenant_id' && tenant !== '') {
        tenants[tenant] = (tenants[tenant] ?? 0) + sample.values[0][i];
      }
    }
  }
  return { total: total(profile), stacks, tenants };
}

describe('states', () => {
  it('every state of every version has a class', () => {
    for (const [name, states] of Object.entries(statesOfClass)) {
      for (const state of states) {
        expect([state, stateClass(state)]).toEqual([state, name]);
      }
    }
    expect(stateClass('???')).toBe('unknown');
    expect(stateClass('chan receive (durable)')).toBe('channel');
    expect(stateClass('GC something new')).toBe('runtime');
  });

  it('labels have one name each', () => {
    const names = Object.values(goroutineLabel);
    expect(new Set(names).size).toBe(names.length);
  });
});
