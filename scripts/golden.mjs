// npm run golden: rewrites testdata/golden from the go tool pprof of the installed Go. A file's name is the command:
// heap__top__cum__nodecount=10.txt is `go tool pprof -top -cum -nodecount=10` of the captures that files.json calls heap.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { has, root, say } from './setup.mjs';

const folder = join(root, 'testdata/golden');
const files = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8'));

/** Options for every profile, and for those that have something to show by them. */
const common = [['top'], ['top', 'cum', 'nodecount=10'], ['top', 'trim=false', 'unit=kb'], ['tags']];
const matrix = {
  heap: [
    ...common,
    ['top', 'sample_index=alloc_space', 'nodefraction=0.02'],
    ['top', 'sample_index=inuse_objects', 'tagleaf=bytes'],
    ['tags', 'sample_index=0', 'unit=MB'],
    ['traces', 'sample_index=1'],
    ['raw'],
  ],
  heaps: [...common, ['raw', 'tagroot=bytes']],
  cpu: [
    ...common,
    ['top', 'tagroot=tenant_id'],
    ['top', 'tagroot=tenant_id,no_such_key', 'tagleaf=tenant_id', 'cum'],
    ['top', 'unit=ms', 'nodecount=3', 'edgefraction=0.1'],
    ['tags', 'sample_index=samples'],
    ['traces', 'tagroot=tenant_id'],
    ['raw'],
  ],
  cpus: [...common, ['top', 'tagroot=tenant_id', 'nodecount=5', 'flat'], ['raw', 'tagleaf=tenant_id']],
  goroutine: [...common, ['traces'], ['raw']],
  goroutines: [...common, ['traces', 'sample_index=goroutine']],
  allocs: [...common, ['raw', 'sample_index=0']],
  mutex: [...common, ['top', 'sample_index=contentions'], ['traces', 'unit=us'], ['raw']],
  block: [...common, ['top', 'sample_index=delay', 'unit=hours'], ['raw']],
  contention: [...common, ['traces']],
};

if (!has('go')) {
  say('Go is not installed: its `go tool pprof` is what the golden files are written by');
  process.exit(1);
}
readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .forEach((name) => rmSync(join(folder, name)));
let written = 0;
for (const [profile, commands] of Object.entries(matrix)) {
  for (const parts of commands) {
    const args = ['tool', 'pprof', '-symbolize=none', ...parts.map((part) => `-${part}`), ...files[profile]];
    const { status, stdout, stderr } = spawnSync('go', args, {
      cwd: root,
      env: { ...process.env, TZ: 'UTC' },
      maxBuffer: 1 << 28,
    });
    if (status !== 0) {
      throw new Error(`go ${args.join(' ')}: ${stderr}`);
    }
    writeFileSync(join(folder, `${[profile, ...parts.map(encodeURIComponent)].join('__')}.txt`), stdout);
    written++;
  }
}
say(`${written} files in testdata/golden`);
