import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../text/notice';
import { traceCorpus, tracesIn } from '../testing/traces';
import { traceParts } from './traceCommand';

const folder = mkdtempSync(join(tmpdir(), 'pproflens-trace-'));
afterAll(() => rmSync(folder, { recursive: true }));

const packed = join(__dirname, '../../testdata/trace/small.trace.gz');
const small = join(folder, 'small.trace');
writeFileSync(small, gunzipSync(readFileSync(packed)));

async function printed(...args: readonly string[]): Promise<string> {
  let text = '';
  for await (const part of traceParts(args, () => undefined)) {
    text += part;
  }
  return text;
}

/** Lines of a footprint with anything in them, those of the same bytes in a fixed order: Go's sort is not stable. */
function footprintRows(text: string): string[] {
  const rows = text.split('\n').filter((line) => line !== '' && !/ 0 +0\.00% +0 +0\.00%$/.test(line));
  const bytes = (line: string) => Number(line.split(/ +/)[1]) || Infinity;
  expect(rows.map(bytes)).toEqual(rows.map(bytes).sort((a, b) => b - a));
  return [...rows.slice(0, 2), ...rows.slice(2).sort()];
}

it('prints goroutines as JSON', async () => {
  const goroutines = JSON.parse(await printed('-summary', packed));
  const main = goroutines.find(({ name }: { name: string }) => name === 'main.main');
  expect(main).toMatchObject({ id: 1, system: false, creation: 0, end: null });
  const { exec, schedWait, syscall, syscallBlock, unknown, total, block } = main.stats;
  const blocked = Object.values<number>(block).reduce((sum, time) => sum + time, 0);
  expect(exec).toBeGreaterThan(0);
  expect(block['chan send']).toBeGreaterThan(0);
  expect(exec + schedWait + syscall + syscallBlock + blocked + unknown).toBe(total);
});

it.each([
  [[]],
  [['-pprof=cpu', small]],
  [['-d=wire', small]],
  [['-summary']],
  [['-summary', small, small]],
  [['summary', small]],
])('refuses %j', async (args) => {
  await expect(printed(...args)).rejects.toThrow(/^usage: /);
});

it('prints what is whole of a damaged trace, then says what is wrong', async () => {
  const bytes = readFileSync(small);
  const file = join(folder, 'cut.trace');
  writeFileSync(file, bytes.subarray(0, bytes.length - 100));
  await expect(printed('-d=parsed', file)).rejects.toBeInstanceOf(InputError);
  writeFileSync(file, Buffer.concat([bytes, Buffer.from([99])]));
  await expect(printed('-d=footprint', file)).rejects.toThrow(`invalid event type: 99 (byte ${bytes.length} of`);
});

const hasGo = spawnSync('go', ['tool', 'trace', '-h']).error === undefined;
if (!hasGo) {
  console.warn('Go is not installed: events are not compared with those of go tool trace.');
}
(hasGo ? it : it.skip)('prints what the installed go tool trace does', async () => {
  const run = async (flag: string) => {
    const options = { env: { ...process.env, TZ: 'UTC' }, maxBuffer: 1 << 28 };
    return (await promisify(execFile)('go', ['tool', 'trace', flag, small], options)).stdout;
  };
  expect(await printed('-d=parsed', small)).toBe(await run('-d=parsed'));
  const footprint = await run('-d=footprint');
  expect(footprintRows(await printed('-d=footprint', small))).toEqual(footprintRows(footprint));
  // Rows of nothing too, in an order of their own.
  expect((await printed('-d=footprint', small)).split('\n').sort()).toEqual(footprint.split('\n').sort());
});

jest.setTimeout(60_000);

const traces = tracesIn('.').filter((name) => !name.endsWith('-1.21'));
if (traces.length === 0) {
  console.warn(`No traces in ${traceCorpus}: what is printed of them is not compared with Go's.`);
  it.skip('prints what go tool trace does', () => undefined);
} else {
  it.each(traces)('%s: prints what go tool trace does', async (name) => {
    const path = join(traceCorpus, name);
    const [, bytes, sha] = /, (\d+) bytes, sha256 (\w+)/.exec(readFileSync(`${path}.parsed.txt`, 'utf8')) ?? [];
    const hash = createHash('sha256');
    let length = 0;
    try {
      for await (const part of traceParts(['-d=parsed', `${path}.trace`], () => undefined)) {
        hash.update(part);
        length += Buffer.byteLength(part);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
    }
    expect([length, hash.digest('hex')]).toEqual([Number(bytes), sha]);
    const footprint = footprintRows(await printed('-d=footprint', `${path}.trace`));
    expect(footprint).toEqual(footprintRows(readFileSync(`${path}.footprint.txt`, 'utf8')));
  });
}
