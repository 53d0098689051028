import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pprof } from './command';

const folder = 'demo/captures/scheduler';
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('goroutine-debug1.txt.gz'))
  .map((name) => join(folder, name))
  .sort();

describe('debug=1, live against the installed go tool pprof', () => {
  if (spawnSync('go', ['version']).status !== 0) {
    test.skip('Go is not installed', () => undefined);
    return;
  }
  // pprof leaves locations of this format without names and samples without labels, and adds a mapping of all memory;
  // the rest is to be its own.
  const plain = (raw: string) =>
    raw
      .replace(/\nMappings\n.*$/s, '')
      .split('\n')
      .filter((line) => !/^\s+\w+:\[/.test(line))
      .map((line) => line.replace(/^(\s+\d+: 0x[0-9a-f]+) .*$/, '$1').trimEnd());

  test.each(files)('%s: samples, values and addresses', async (file) => {
    const theirs = execFileSync('go', ['tool', 'pprof', '-symbolize=none', '-raw', file], { encoding: 'utf8' });
    expect(plain(await pprof(['-raw', file]))).toEqual(plain(theirs));
  });

  test('the total', async () => {
    const first = (text: string) => /of \d+ total/.exec(text)?.[0];
    const theirs = execFileSync('go', ['tool', 'pprof', '-symbolize=none', '-top', files[0]], { encoding: 'utf8' });
    expect(first(await pprof(['-top', files[0]]))).toBe(first(theirs));
  });
});

test('a dump is read where go tool pprof has no reader', async () => {
  const dump = files[0].replace('-debug1', '');
  const top = await pprof(['-top', '-tagfocus=state=chan send', '-nodecount=1', dump]);
  expect(top).toMatch(/^Type: goroutine\n/);
  expect(top).toMatch(/ 40 +[\d.]+% +[\d.]+% +40 +[\d.]+% +\S*leaks\.sendAnswer\n/);
});
