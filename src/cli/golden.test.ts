import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pprof, pprofOutput } from './command';

const folder = 'testdata/golden';
const files: Readonly<Record<string, string[]>> = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8'));

const golden = readdirSync(folder).filter((name) => name.endsWith('.txt'));

const scratch = mkdtempSync(join(tmpdir(), 'pproflens-golden-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** What a file's name asks for. A base is a set of files by its name; of -proto the file holds what -raw says of it. */
async function printed(name: string): Promise<string> {
  const [profile, report, ...parts] = name.slice(0, -'.txt'.length).split('__').map(decodeURIComponent);
  const options = parts.flatMap((part) => {
    const base = /^((?:diff_)?base)=(.*)$/.exec(part);
    return base ? files[base[2]].map((file) => `-${base[1]}=${file}`) : [`-${part}`];
  });
  const text = await pprofOutput([`-${report}`, ...options, ...files[profile]]);
  if (typeof text === 'string') {
    return text;
  }
  const written = join(scratch, 'output.pb.gz');
  writeFileSync(written, text);
  return pprof(['-raw', written]);
}

test('there are golden files of every set of captures', () => {
  const used = golden.flatMap((name) => [name.split('__')[0], ...name.split(/base%3D|__|\.txt/).slice(1)]);
  expect(Object.keys(files).filter((set) => !used.includes(set))).toEqual([]);
});

test.each(golden)('%s', async (name) => {
  expect(await printed(name)).toBe(readFileSync(join(folder, name), 'utf8'));
});
