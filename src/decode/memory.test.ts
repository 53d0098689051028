/** @jest-environment node */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { attacks } from '../testing/attacks';
import { generateProfile, largeShape } from '../testing/generate';
import { dumpVersion, makeGoroutines, printDump } from '../testing/goroutineDumps';

const root = join(__dirname, '../..');
const scratch = mkdtempSync(join(tmpdir(), 'pproflens-memory-'));
const bundle = join(scratch, 'decodePeak.cjs');
beforeAll(() => {
  const args = ['src/testing/decodePeak.ts', '--bundle', '--platform=node', '--log-level=error', `--outfile=${bundle}`];
  execFileSync(join(root, 'node_modules/.bin/esbuild'), args, { cwd: root });
});
afterAll(() => rmSync(scratch, { recursive: true }));

interface Outcome {
  readonly name?: string;
  readonly message?: string;
  readonly ms: number;
  readonly peakMB: number;
}

function decodeApart(bytes: Uint8Array): Outcome {
  const file = join(scratch, 'file');
  writeFileSync(file, bytes);
  return JSON.parse(execFileSync('node', [bundle, file], { encoding: 'utf8', timeout: 50_000 })) as Outcome;
}

/** Minutes: ALL_ATTACKS=1 npx jest src/decode/memory.test.ts */
const isAll = process.env.ALL_ATTACKS !== undefined;
const tried = attacks.filter(({ takesLong }) => isAll || !takesLong);
if (!isAll) {
  const rest = attacks.length - tried.length;
  console.log(
    `${rest} of ${attacks.length} attacks are left out: ALL_ATTACKS=1 npx jest src/decode/memory.test.ts tries them.`
  );
}

describe('a file that asks for more memory than a tab has is refused, and one that does not is read: below 300 MB', () => {
  it.each(tried.map((attack) => [attack.name, attack] as const))(
    '%s',
    (_, { bytes, says }) => {
      const { name, message, peakMB } = decodeApart(bytes());
      expect({ name, message }).toEqual(says ? { name: 'InputError', message: expect.stringMatching(says) } : {});
      expect(peakMB).toBeLessThan(300);
    },
    60_000
  );

  const folder = join(root, '../shared/corpus/attacks');
  const found = existsSync(folder) ? readdirSync(folder).filter((name) => !/\.(md|go)$/.test(name)) : [];
  if (found.length === 0) {
    console.log('../shared/corpus/attacks is not here: its files are not tried.');
  }
  it.each(found)('../shared/corpus/attacks/%s', (file) => {
    const { name = 'InputError', peakMB } = decodeApart(new Uint8Array(readFileSync(join(folder, file))));
    expect(name).toBe('InputError');
    expect(peakMB).toBeLessThan(300);
  });
});

describe('what programs write is read', () => {
  const dumped = isAll ? 100_000 : 20_000;
  it.each<[string, () => Uint8Array]>([
    ['30 MB with 200,000 samples', () => new Uint8Array(gzipSync(generateProfile(largeShape)))],
    [
      `a dump of ${dumped.toLocaleString('en-US')} goroutines, each with labels of its own`,
      () => {
        const goroutines = makeGoroutines({ seed: 1, count: dumped, stacks: 300 });
        return new Uint8Array(gzipSync(printDump(goroutines, dumpVersion('go1.26 tracebacklabels=1')), { level: 1 }));
      },
    ],
  ])(
    '%s',
    (_, bytes) => {
      expect(decodeApart(bytes())).not.toHaveProperty('message');
    },
    60_000
  );
});
