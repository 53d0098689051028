import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from '../decode/decode';
import type { Profile } from '../profile/profile';
import { InputError } from '../text/notice';
import { encodeFolded } from '../testing/encode';
import { findOracle, withoutOrder, withoutTies, type Oracle } from '../testing/oracle';
import { plainProfile } from '../testing/print';
import { vocabularyOf, randomFlags, randomReport } from '../testing/randomFlags';
import { Chance, randomProfiles } from '../testing/randomProfile';
import { vectors } from '../testing/vectors';
import { pprof, pprofOutput } from './command';

// The installed go tool pprof against ours: the vectors, and random combinations of all options over recorded captures,
// profiles that others wrote, and random ones. PPROFLENS_SEED and PPROFLENS_COMBINATIONS ask for other and more of them:
//   PPROFLENS_SEED=7 PPROFLENS_COMBINATIONS=5000 npx jest src/cli/live
const seed = Number(process.env.PPROFLENS_SEED ?? 1);
const combinations = Number(process.env.PPROFLENS_COMBINATIONS ?? 600);

interface Command {
  readonly flags: readonly string[];
  readonly files: readonly string[];
  readonly base?: { readonly flag: string; readonly files: readonly string[] };
}

// Where rows are tied, a command is run up to 60 times.
jest.setTimeout(60_000);

const folder = mkdtempSync(join(tmpdir(), 'pproflens-live-'));
afterAll(() => rmSync(folder, { recursive: true }));
let written = 0;

function write(bytes: Uint8Array): string {
  const file = join(folder, `${written++}.pb`);
  writeFileSync(file, bytes);
  return file;
}

/** The arguments of go tool pprof, which takes one base: several are merged before. */
async function theirArguments(oracle: Oracle, { flags, files, base }: Command): Promise<readonly string[] | undefined> {
  if (!base || base.files.length === 1) {
    return [...flags, ...(base ? [`${base.flag}=${base.files[0]}`] : []), ...files];
  }
  const merged = join(folder, `${written++}.pb.gz`);
  const answer = await oracle(['-proto', `-output=${merged}`, ...base.files]);
  return 'refusal' in answer ? undefined : [...flags, `${base.flag}=${merged}`, ...files];
}

/** The command again in a failure: one may be repeated with files that are still there. */
function expectSame(args: readonly string[], printed: unknown, expected: unknown): void {
  expect({ args, printed }).toEqual({ args, printed: expected });
}

async function compare(oracle: Oracle, command: Command): Promise<void> {
  const { flags, files, base } = command;
  const args = [...flags, ...(base?.files ?? []).map((file) => `${base?.flag}=${file}`), ...files];
  const pprofs = await theirArguments(oracle, command);
  if (flags[0] === '-proto') {
    await compareFiles(oracle, args, pprofs);
    return;
  }
  const answer = pprofs ? await oracle(pprofs) : { refusal: 'its base' };
  if ('refusal' in answer) {
    // What pprof refuses, a sample_index that the profile lacks say, we refuse.
    await expect(pprof(args)).rejects.toBeInstanceOf(InputError);
    return;
  }
  const printed = await pprof(args);
  const { stdout } = answer;
  if (printed === stdout || (/^-(tags|tree|peek)/.test(flags[0]) && withoutTies(printed) === withoutTies(stdout))) {
    return;
  }
  // How many lines -list prints of functions that start apart follows the order of a Go map.
  const isList = flags[0].startsWith('-list');
  for (let run = 0; run < 60 && (isList || withoutOrder(printed) === withoutOrder(stdout)); run++) {
    const again = await oracle(pprofs ?? []);
    if ('stdout' in again && (isList ? again.stdout === printed : again.stdout !== stdout)) {
      return;
    }
  }
  expectSame(args, printed, stdout);
}

/** -proto: go tool pprof says the same of both files, and our decoder finds the same in them. */
async function compareFiles(oracle: Oracle, args: readonly string[], pprofs?: readonly string[]): Promise<void> {
  const output = join(folder, `${written++}.pb.gz`);
  const answer = pprofs ? await oracle([...pprofs.slice(0, 1), `-output=${output}`, ...pprofs.slice(1)]) : undefined;
  if (!answer || 'refusal' in answer) {
    await expect(pprofOutput(args)).rejects.toBeInstanceOf(InputError);
    return;
  }
  const own = write((await pprofOutput(args)) as Uint8Array);
  expectSame(args, await oracle(['-raw', own]), await oracle(['-raw', output]));
  const [printed, expected] = await Promise.all([own, output].map(async (file) => decode(readFileSync(file))));
  expectSame(args, inAnyOrder(printed), inAnyOrder(expected));
}

/** A profile with labels in one order: pprof writes them by key, we as they were. */
function inAnyOrder(profile: Profile) {
  const { samples, ...rest } = plainProfile(profile);
  return { ...rest, samples: samples.map(([values, stack, labels]) => [values, stack, labels.map(String).sort()]) };
}

/** Sets of files that could be of one command: those of one kind. */
async function realFiles(oracle: Oracle): Promise<ReadonlyMap<string, readonly string[]>> {
  const golden: Readonly<Record<string, string[]>> = JSON.parse(readFileSync('testdata/golden/files.json', 'utf8'));
  const corpus = '../shared/corpus';
  const inCorpus = (name: string) => {
    const dir = join(corpus, name);
    return existsSync(dir) ? readdirSync(dir).map((file) => join(dir, file)) : [];
  };
  const kinds = new Map<string, string[]>();
  const add = (kind: string, file: string) => kinds.set(kind, [...(kinds.get(kind) ?? []), file]);
  new Set(Object.values(golden).flat()).forEach((file) => add(file.replace(/^.*\//, ''), file));
  inCorpus('parca').forEach((file) => file.endsWith('.gz') && add(file, file));
  inCorpus('parca/many').forEach((file) => add('parca/many', file));
  // Profiles of C++ and Java programs in formats of their own, which pprof converts.
  for (const file of inCorpus('google-pprof')) {
    const output = join(folder, `${file.replace(/^.*\//, '')}.pb.gz`);
    await oracle(['-proto', `-output=${output}`, file]);
    add(file, output);
  }
  return kinds;
}

const open = async (file: string): Promise<Profile> => decode(readFileSync(file));

async function randomCommand(chance: Chance, files: readonly string[], others: readonly string[]): Promise<Command> {
  const vocabulary = vocabularyOf(await open(files[0]));
  const base = chance.is(0.3) ? chance.some(others, 1, 2) : [];
  // From bases that are merged before, pprof would drop frames before the difference is made.
  if ((await Promise.all(base.map(open))).some(({ dropFrames }) => dropFrames !== '')) {
    base.length = 1;
  }
  return {
    flags: [randomReport(chance, vocabulary), ...randomFlags(chance, vocabulary, base.length > 0)],
    files,
    base: base.length > 0 ? { flag: chance.pick(['-base', '-diff_base']), files: base } : undefined,
  };
}

describe('against the installed go tool pprof', () => {
  const run = findOracle();
  if (!run) {
    test.skip('Go is not installed, so options are not compared live; the golden files are', () => undefined);
    return;
  }

  const cases = vectors.flatMap(({ name, commands, ...vector }) =>
    commands.map((flags) => [name, flags.join(' '), flags, vector] as const)
  );

  test.each(cases)('%s: %s', async (_name, _text, flags, { files, base }) => {
    await compare(run, {
      flags,
      files: files.map((file) => write(encodeFolded(file))),
      base: base && { flag: base.flag, files: [write(encodeFolded(base.file))] },
    });
  });

  test('-list prints a source file as it reads it, or why it cannot', async () => {
    const sources = join(folder, 'sources');
    mkdirSync(join(sources, 'folder.go'), { recursive: true });
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i + 1}`);
    const texts: Readonly<Record<string, string>> = {
      'plain.go': lines.join('\n') + '\n',
      'unended.go': lines.slice(0, 12).join('\n'),
      'windows.go': lines.join('\r\n') + '\r\n',
      'long.go': [...lines.slice(0, 11), 'x'.repeat(65_535), 'y'.repeat(65_536), ...lines].join('\n'),
      'empty.go': '',
    };
    Object.entries(texts).forEach(([name, text]) => writeFileSync(join(sources, name), text));
    const names = [...Object.keys(texts), 'folder.go', 'missing.go', 'plain.go/below.go', `${'n'.repeat(300)}.go`];
    const withFiles = (fileOf: (name: string) => string) =>
      write(
        encodeFolded({
          types: ['cpu/nanoseconds'],
          samples: names.map((name, i) => ({ stack: `main;${name}`, values: [i + 1] })),
          files: Object.fromEntries(names.map((name) => [name, fileOf(name)])),
        })
      );
    const file = withFiles((name) => name);
    const absolute = withFiles((name) => join(sources, name));
    for (const flags of [[`-source_path=/none:${sources}`], [`-source_path=${sources}/folder.go`], []]) {
      await compare(run, { flags: ['-list=.', ...flags], files: [file] });
      await compare(run, { flags: ['-list=.', ...flags], files: [absolute] });
    }
  });

  let kinds: Promise<ReadonlyMap<string, readonly string[]>>;
  beforeAll(() => (kinds = realFiles(run)));

  const numbers = Array.from({ length: combinations }, (_, i) => i);

  test.each(numbers.filter((i) => i % 2 === 0))('combination %i over files of programs', async (i) => {
    const chance = new Chance(seed * 1_000_003 + i);
    const files = chance.pick([...(await kinds).values()]);
    await compare(run, await randomCommand(chance, chance.some(files, 1, chance.is(0.3) ? 4 : 1), files));
  });

  test.each(numbers.filter((i) => i % 2 === 1))('combination %i over random profiles', async (i) => {
    const chance = new Chance(seed * 1_000_003 + i);
    const files = randomProfiles(seed * 1_000_003 + i, 4).map(write);
    await compare(run, await randomCommand(chance, files.slice(0, chance.is(0.3) ? 2 : 1), files.slice(2)));
  });
});
