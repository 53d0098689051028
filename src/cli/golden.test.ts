import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InputError } from '../profile/profile';
import { pprof } from './command';

const folder = 'testdata/golden';
const files: Readonly<Record<string, string[]>> = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8'));

const golden = readdirSync(folder).filter((name) => name.endsWith('.txt'));

test('there are golden files of every profile', () => {
  expect(new Set(golden.map((name) => name.split('__')[0]))).toEqual(new Set(Object.keys(files)));
});

test.each(golden)('%s', async (name) => {
  const [profile, ...parts] = name.slice(0, -'.txt'.length).split('__').map(decodeURIComponent);
  const printed = await pprof([...parts.map((part) => `-${part}`), ...files[profile]]);
  expect(printed).toBe(readFileSync(join(folder, name), 'utf8'));
});

/** Numbers in [0, 1) that are the same in each run (mulberry32). */
function randomSource(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('live, against the installed go tool pprof', () => {
  if (spawnSync('go', ['version']).status !== 0) {
    test.skip('Go is not installed, so random options are not compared; the golden files are', () => undefined);
    return;
  }
  const random = randomSource(1);
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)];
  const choices: ReadonlyArray<() => string> = [
    () => `-sample_index=${pick([0, 1])}`,
    () => `-nodecount=${pick([0, 1, 5, 40])}`,
    () => `-nodefraction=${pick([0, 0.01, 0.2])}`,
    () => `-edgefraction=${pick([0, 0.05, 0.5])}`,
    () => `-unit=${pick(['auto', 'ms', 'kb', 'seconds', 'none', 'GB'])}`,
    () => `-tagroot=${pick(['tenant_id', 'bytes', 'bytes,tenant_id'])}`,
    () => `-tagleaf=${pick(['tenant_id', 'bytes', 'none'])}`,
    () => `-trim=${pick(['true', 'false'])}`,
    () => pick(['-cum', '-flat']),
  ];
  const combination = () => {
    const report = pick(['-top', '-text', '-tags', '-traces', '-raw']);
    return [report, ...choices.filter(() => random() < 0.25).map((choose) => choose())];
  };
  const corpus = ['parca', 'parca/many'].flatMap((name) => {
    const dir = join('../shared/corpus', name);
    return existsSync(dir) ? readdirSync(dir).map((file) => join(dir, file)) : [];
  });
  // Profiles of C++ and Java programs in formats of their own, which pprof converts.
  const legacy = '../shared/corpus/google-pprof';
  const converted = mkdtempSync(join(tmpdir(), 'pproflens-golden-'));
  afterAll(() => rmSync(converted, { recursive: true }));
  for (const file of existsSync(legacy) ? readdirSync(legacy) : []) {
    const output = join(converted, `${file}.pb.gz`);
    spawnSync('go', ['tool', 'pprof', '-symbolize=none', '-proto', `-output=${output}`, join(legacy, file)]);
    corpus.push(output);
  }
  const sets = [...Object.values(files), ...corpus.filter((file) => file.endsWith('.gz')).map((file) => [file])];
  const run = promisify(execFile);
  const cases = sets.flatMap((set) =>
    Array.from({ length: 8 }, () => [combination().join(' '), set[0].replace(/^.*\/(?=.*\/)/, ''), set] as const)
  );

  test.each(cases)('%s %s', async (options, _, set) => {
    const args = [...options.split(' '), ...set];
    const answer = run('go', ['tool', 'pprof', '-symbolize=none', ...args], { maxBuffer: 1 << 28 });
    const stdout = await answer.then((done) => done.stdout).catch(() => undefined);
    // What pprof refuses, a sample_index that the profile lacks say, we refuse.
    await (stdout === undefined
      ? expect(pprof(args)).rejects.toBeInstanceOf(InputError)
      : expect(pprof(args)).resolves.toBe(stdout));
  });
});
