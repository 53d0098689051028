import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Profile } from '../../profile/profile';
import { randomSource } from '../../profile/random';
import { printProfile } from '../../testing/print';
import { decode } from '../decode';
import { fromLog } from './logText';

const read = (text: string): Promise<Profile> => decode(new TextEncoder().encode(text));
const texts = ({ notices }: Profile) => notices.map(({ text }) => text);

const dump = `goroutine 1 [chan receive, 5 minutes]:
main.(*server).wait(0xc000010000, 0x1)
	/src/app/main.go:10 +0x1d
main.main()
	/src/app/main.go:5 +0x2c

goroutine 7 [select, 12 minutes, locked to thread]:
github.com/acme/checkout/internal/work.worker[...]({0xc000020000?, 0x2?}, 0x3)
	/src/app/worker.go:20 +0x3d
created by main.main in goroutine 1
	/src/app/main.go:4 +0x5c

goroutine 8 [IO wait] {tenant_id: "a\\"c\\nme"}:
internal/poll.runtime_pollWait(0x7f1, 0x72)
	/usr/local/go/src/runtime/netpoll.go:351 +0x85
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3454 +0x485
`;
const lines = dump.trimEnd().split('\n');
const json = JSON.stringify;
const logrus = (line: string) => `time="2026-01-02T03:04:05Z" level=info msg=${json(line)} tenant=acme`;
/** slog quotes only what needs it. */
const slog = (line: string) =>
  `time=2026-01-02T03:04:05Z level=INFO msg=${/[\s"=]/.test(line) || line === '' ? json(line) : line}`;
const docker = (log: string, stream = 'stderr') => json({ log, stream, time: '2026-01-02T03:04:05.1Z' });

/** `journalctl -o export`: what has tabs or ends of lines comes with its length in bytes. */
const journalExport = (messages: readonly string[]): Uint8Array =>
  Buffer.concat(
    messages.flatMap((text) => {
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
      const message = /[\n\t]/.test(text) ? ['MESSAGE\n', length, text] : [`MESSAGE=${text}`];
      return ['__CURSOR=s=1;i=2\nPRIORITY=3\n', ...message, '\n_HOSTNAME=grüße\n\n'].map((part) => Buffer.from(part));
    })
  );

/** Cuts a line into pieces of a collector's limit. */
const pieces = (line: string, limit: number) => line.match(new RegExp(`.{1,${limit}}`, 'g')) ?? [''];

const utf16 = (text: string, mark: readonly number[], littleEndian: boolean): Uint8Array => {
  const bytes = new DataView(new ArrayBuffer(mark.length + text.length * 2));
  mark.forEach((value, i) => bytes.setUint8(i, value));
  [...text].forEach((char, i) => bytes.setUint16(mark.length + i * 2, char.charCodeAt(0), littleEndian));
  return new Uint8Array(bytes.buffer);
};

describe('a dump inside a log says what the plain dump says', () => {
  const other = '{"log":"GET /healthz 200\\n","stream":"stdout","time":"2026-01-02T03:04:05.1Z"}';
  it.each<[string, string | Uint8Array]>([
    ['docker json-file', lines.map((line) => docker(line + '\n')).join('\n')],
    ['docker, the other stream between', lines.map((line) => `${docker(line + '\n')}\n${other}`).join('\n')],
    [
      'docker, long lines in several records, the other stream between',
      lines
        .flatMap((line) => pieces(line, 20).map((piece, i, all) => docker(i === all.length - 1 ? piece + '\n' : piece)))
        .join(`\n${other}\n`),
    ],
    ['JSON, a record each line', lines.map((line) => json({ level: 'error', msg: line })).join('\n')],
    ['zap, one record', json({ level: 'error', ts: 1.5, msg: 'dump', stacks: dump })],
    ['zap, console', `2026-01-02T03:04:05Z\tERROR\tdump\t${json({ stacks: dump })}\n`],
    ['zap inside docker', docker(json({ level: 'error', msg: dump }) + '\n')],
    ['docker inside an export of one document', json([{ textPayload: 'hello' }, { textPayload: dump }])],
    ['an export printed over lines', JSON.stringify({ events: lines.map((message) => ({ message })) }, null, 2)],
    ['journald, bytes', json({ MESSAGE: [...new TextEncoder().encode(dump)], _PID: '7' })],
    ['journald, its export', journalExport([dump])],
    ['journald, its export of a line each', journalExport(lines)],
    ['logrus, one record', logrus(`=== BEGIN goroutine stack dump ===\n${dump}`)],
    ['logrus, a record each line', lines.map(logrus).join('\n')],
    ['slog, one record', slog(dump)],
    ['slog, a record each line', lines.map(slog).join('\n')],
    ['quoted by %q', `2026/01/02 03:04:05 main.go:7: stacks: ${json(dump)} (3)`],
    [
      'escaped without quotes',
      `E0102 03:04:05 7 main.go:7] ${dump.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\t/g, '\\t')}`,
    ],
    [
      "rsyslog's lines",
      lines.map((line) => `Jan  2 03:04:05 host1 app[123]: ${line.replace(/\t/g, '#011')}`).join('\n'),
    ],
    ["rsyslog's one line", `Jan  2 03:04:05 host1 app[123]: ${dump.replace(/\n/g, '#012').replace(/\t/g, '#011')}`],
    ['containerd', lines.map((line) => `2026-01-02T03:04:05.123456789Z stderr F ${line}`).join('\n')],
    [
      'containerd, partial lines',
      lines
        .flatMap((line) =>
          pieces(line, 16).map(
            (piece, i, all) => `2026-01-02T03:04:05.1Z stderr ${i === all.length - 1 ? 'F' : 'P'} ${piece}`
          )
        )
        .join('\n'),
    ],
    ['CRLF', dump.replace(/\n/g, '\r\n')],
  ])('%s', async (_, text) => {
    const [plain, profile] = await Promise.all([read(dump), decode(Buffer.from(text))]);
    expect(printProfile(profile)).toEqual(printProfile(plain));
    expect(profile.notices.filter(({ severity }) => severity === 'warning')).toEqual([]);
  });

  it.each<[string, Uint8Array]>([
    ['little endian, as PowerShell writes', utf16(dump.replace(/\n/g, '\r\n'), [0xff, 0xfe], true)],
    ['big endian', utf16(dump, [0xfe, 0xff], false)],
    ['without a mark', utf16(dump, [], true)],
  ])('UTF-16, %s', async (_, bytes) => {
    expect(printProfile(await decode(bytes))).toEqual(printProfile(await read(dump)));
  });
});

it('two dumps in the records of one log are told apart', async () => {
  const profile = await read(`${slog(dump)}\n${slog('between')}\n${slog(dump)}\n`);
  expect(profile.sample.length).toBe(6);
  expect(texts(profile)).toEqual(
    expect.arrayContaining([
      'Read out of a log: the field "msg" of its records.',
      expect.stringContaining('holds 2 dumps'),
    ])
  );
});

it('a log of JSON without goroutines stays JSON, and one that ends inside a record is read as far as it goes', async () => {
  await expect(read(`${docker('hello\n')}\n${docker('goroutines: 3\n')}`)).rejects.toThrow(/is JSON/);
  const cut = await read(docker(json({ msg: dump }) + '\n').slice(0, 400));
  expect(cut.sample.length).toBeGreaterThan(0);
});

describe('lines that a collector cut in pieces', () => {
  const cutAt = (limit: number) =>
    read(
      lines.flatMap((line) => pieces(line, limit).map((piece) => `Jan  2 03:04:05 host1 app[123]: ${piece}`)).join('\n')
    );

  it.each([70, 60, 52])('are joined where nothing else can be meant: at %i', async (limit) => {
    const profile = await cutAt(limit);
    expect(printProfile(profile)).toEqual(printProfile(await read(dump)));
    expect(texts(profile).join()).toMatch(/cut in pieces are joined: \d/);
  });

  it('are said where the rest is missing', async () => {
    const profile = await read(dump.replace(/checkout.*\n.*worker\.go.*/, ''));
    expect(texts(profile)).toEqual([expect.stringMatching(/look cut.*: 1\. .*the first is "github\.com\/acme\/"/)]);
  });

  it('are never joined in whole dumps', async () => {
    expect(texts(await read(dump))).toEqual([]);
  });
});

it("goleak's list, with and without Go's own headers below its own", async () => {
  const list = (withHeaders: boolean) => `--- FAIL: TestX (0.45s)
    leaks.go:78: found unexpected goroutines:
        [Goroutine 22 in state chan receive, with main.worker on top of the stack:${withHeaders ? '\n        goroutine 22 [chan receive]:' : ''}
        main.worker(0xc000010000)
        	/src/app/worker.go:12 +0x3a
        created by main.TestX in goroutine 21
        	/src/app/worker_test.go:30 +0x5f
         Goroutine 23 in state select, 2 minutes, with main.loop on top of the stack:${withHeaders ? '\n        goroutine 23 [select, 2 minutes]:' : ''}
        main.loop(0xc000010000)
        	/src/app/worker.go:20 +0x3a
        created by main.TestX in goroutine 21
        	/src/app/worker_test.go:31 +0x5f
        ]
FAIL`;
  const [without, with_] = await Promise.all([read(list(false)), read(list(true))]);
  expect(printProfile(without)).toHaveLength(2);
  expect(printProfile(without)[1]).toMatch(
    /^main\.loop 1 120000000000 \{goroutine=23, state=select, .*creator=main\.TestX/
  );
  expect(printProfile(with_)).toEqual(printProfile(without));
  const events = list(false).split('\n');
  const tested = await read(
    events.map((line) => json({ Action: 'output', Test: 'TestX', Output: `${line}\n` })).join('\n')
  );
  expect(printProfile(tested)).toEqual(printProfile(without));
});

it("gccgo's stacks, whose calls have no arguments", async () => {
  const profile = await read(
    'goroutine 16 [running]:\nruntime.goPanic\n\t../../../libgo/go/runtime/panic.go:23\nmain.f..func1\n\t/src/a.go:12\nmain.main\n\t/src/a.go:20\n\n' +
      'goroutine 17 [idle]:\n\tgoroutine in C code; stack unavailable\ncreated by main.main\n\t/src/a.go:19\n'
  );
  expect(printProfile(profile)[0]).toMatch(/^main\.main;main\.f\.\.func1;runtime\.goPanic 1 /);
  expect(profile.sample.length).toBe(2);
  expect(profile.notices).toEqual([]);
});

it("a collector's lines before a debug=1 profile are passed over and counted", async () => {
  const profile = await read(
    '====\nCollect goroutine pprof via http client\n====\ngoroutine profile: total 5\n3 @ 0x43b2c5 0x44a8f4\n#\t0x44a8f3\tmain.worker+0x53\t/src/app/worker.go:20\n\n2 @ 0x43b2c5\n'
  );
  expect(profile.sample.values[0]).toEqual(Float64Array.of(3, 2));
  expect(texts(profile)).toEqual(['Passed over: 3 lines before the profile, of what collected it.']);
});

test('a log of any noise, cuts and covers loses no header: each is a sample or counted as skipped', async () => {
  const random = randomSource(7);
  const below = (n: number) => Math.floor(random() * n);
  const covers: Array<(line: string) => string> = [logrus, slog, (line) => docker(line + '\n'), (line) => `x ${line}`];
  for (let i = 0; i < 300; i++) {
    const cover = covers[below(covers.length)];
    const kept = lines
      .filter(() => below(12) > 0)
      .map((line) => (below(20) === 0 ? line.slice(0, below(line.length)) : line));
    const headers = kept.filter((line) => /^goroutine \d+ \[/.test(line));
    if (headers.length > 0) {
      const profile = await read(kept.map(cover).join('\n'));
      const skipped = texts(profile).map((text) =>
        Number(/^(\d+) of \d+ goroutines could not be read/.exec(text)?.[1] ?? 0)
      );
      expect(profile.sample.length + Math.max(0, ...skipped)).toBe(headers.length);
    }
  }
});

const reported = join(__dirname, '../../../../shared/corpus/reported/dumps');
const counts: Record<string, number> = { 'gccgo.txt': 2, 'goleak.txt': 2, 'sgcollect.txt': 5 };
if (existsSync(reported)) {
  test.each(readdirSync(reported))('%s, which people reported, has its goroutines', async (name) => {
    const profile = await decode(readFileSync(join(reported, name)));
    expect(profile.sample.values[0].reduce((sum, value) => sum + value, 0)).toBe(counts[name] ?? 3);
    expect(profile.notices.filter(({ severity }) => severity === 'warning')).toEqual([]);
  });
} else {
  console.warn(`Skipped: dumps that people reported, there is no ${reported}`);
}

test('labels of a plain dump, whatever they hold, do not make it a log, which takes five times its memory', () => {
  const text = [
    'goroutine 1 [running labels:{"a b": "tab\\there", "größe": "\\u00f6\\n"}]:',
    'main.main()',
    '\t/src/main.go:3 +0x1d',
    'goroutine 2 [chan send, 3 minutes labels:{"state": "{}: ,]"}]:\r',
    'main.send()',
    '\t/src/main.go:9 +0x1d',
    '',
  ].join('\n');
  const bytes = new TextEncoder().encode(text);
  expect(fromLog(bytes).bytes).toBe(bytes);
  const escaped = new TextEncoder().encode(text.replace('main.main()\n', 'main.main()\\n'));
  expect(fromLog(escaped).bytes).not.toBe(bytes);
});

describe.each<[string, string[], string]>([
  ['goroutine counts', ['goroutine profile: total 2', '2 @ 0x401001'], 'main.f 2'],
  ['a heap', ['heap profile: 2: 200 [2: 200] @ heap/2', '2: 200 [2: 200] @ 0x401001'], 'main.f 2 200 {bytes=100}'],
  ['a mutex profile', ['--- mutex:', 'cycles/second=1000000000', 'sampling period=1', '8 1 @ 0x401001'], 'main.f 1 8'],
])('%s of debug=1 in a log', (_, lines, expected) => {
  const text = [...lines, '#\t0x401000\tmain.f+0x1\t/src/main.go:7', ''];
  const klog = 'I1128 12:00:00.000000       1 x.go:1] ';
  it.each<[string, string]>([
    ['of klog', `${klog}hello\n${klog}${text.join('\n')}\n`],
    ['of klog, with escaped ends of lines', `${klog}${json(text.join('\n')).slice(1, -1)}\n`],
    ['of slog', `time=2026-11-29T10:00:00Z level=INFO msg=${json(text.join('\n'))}\n`],
    ['of zap', json({ level: 'info', msg: text.join('\n') })],
    ['of docker', text.map((line) => json({ log: `${line}\n`, stream: 'stderr' })).join('\n')],
    ['with times', text.map((line, i) => `2026-11-29T10:00:00.${100 + i}Z ${line}\n`).join('')],
    ['of compose', text.map((line) => `app-1  | ${line}\n`).join('')],
    ['of pods', `[pod/a-1/app] hello\n${text.map((line) => `[pod/a-1/app] ${line}\r\n`).join('')}`],
    ['of rsyslog', text.map((line) => `Nov 29 10:00:00 host app[12]: ${line.replaceAll('\t', '#011')}\n`).join('')],
    ['of a container runtime', text.map((line) => `2026-11-29T10:00:00.1Z stderr F ${line}\n`).join('')],
  ])('%s', async (__, log) => {
    expect(printProfile(await read(log))).toEqual([expected]);
  });
});
