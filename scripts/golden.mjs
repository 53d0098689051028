// npm run golden: rewrites testdata/golden from the go tool pprof of the installed Go. A file's name is the command:
// heap__top__cum__nodecount=10.txt is `go tool pprof -top -cum -nodecount=10` of the captures that files.json calls heap,
// and so is base=heaps__… `-base` with the captures that it calls heaps. Of -proto it is what -raw says of the file.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { has, root, say } from './setup.mjs';

const folder = join(root, 'testdata/golden');
const files = JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8'));

/** Every option by every report. Reports are kept short by nodecount, or are of small captures. */
const cross = (reports, options) => reports.flatMap((report) => options.map((option) => [...report, ...option]));

const common = [['top'], ['top', 'cum', 'nodecount=10'], ['top', 'trim=false', 'unit=kb'], ['tags']];

const granularity = [
  ['filefunctions'],
  ['files'],
  ['lines'],
  ['addresses'],
  ['lines', 'showcolumns'],
  ['noinlines'],
  ['addresses', 'noinlines'],
  ['lines', 'noinlines', 'showcolumns'],
];
const numbers = [
  ['sample_index=0'],
  ['mean'],
  ['unit=us'],
  ['unit=auto'],
  ['divide_by=10'],
  ['relative_percentages'],
  ['drop_negative'],
  ['cum'],
  ['call_tree'],
  ['compact_labels'],
];
/** Filters for a capture: names and labels that it has, and such that it has not. */
const filters = ({ name, other, file, binary, label, value, second }) => [
  [`focus=${name}`],
  [`focus=${file}`],
  [`focus=${binary}`],
  ['focus=no such function'],
  [`ignore=${name}`],
  [`focus=${name}`, `ignore=${other}`],
  [`hide=${name}`],
  [`hide=${binary}`],
  [`show=${name}|${other}`],
  [`show_from=${name}`],
  [`prune_from=${name}`],
  ['hide=^runtime', `show_from=${other}`, 'lines'],
  [`tagfocus=${label}=${value}`],
  [`tagfocus=${label}=${value},${second}`],
  [`tagfocus=${label}:${value}`],
  [`tagfocus=${value},${label}`],
  [`tagfocus=${label}=42`],
  [`tagfocus=${label}=`],
  [`tagignore=${label}=${value}`],
  [`tagfocus=${label}=${value}|${second}`, `tagignore=${second}`],
  [`tagshow=^${label}$`],
  [`taghide=${label}`],
  [`tagroot=${label}`],
  [`tagleaf=${label},no_such_key`],
  [`tagroot=${label}`, `focus=^${value}$`],
  [`tagroot=${label}`, 'filefunctions'],
  [`focus=${name}`, 'relative_percentages'],
];
const trims = [['nodecount=3'], ['nodefraction=0.05'], ['edgefraction=0.1'], ['trim=false']];

/** Listings, with the source of the demo's service as it was and without any. */
const sources = [['source_path=testdata/source/internal'], ['source_path=testdata']];
const lists = (patterns, options) =>
  cross(
    cross(
      patterns.map((pattern) => [`list=${pattern}`]),
      sources
    ),
    options
  );

const cpuFilters = filters({
  name: 'json',
  other: 'reflect',
  file: 'main\\.go',
  binary: 'record',
  label: 'tenant_id',
  value: 'acme',
  second: 'globex',
});
const goroutineFilters = filters({
  name: 'net/http',
  other: 'pprof',
  file: 'proc\\.go',
  binary: 'record',
  label: 'tenant_id',
  value: 'acme',
  second: 'globex',
});
const sizes = ['1kb:64kb', '16kb:', ':512b', '32', 'bytes=4kb', 'bytes=100', 'kilo'].flatMap((range) => [
  [`tagfocus=${range}`],
  [`tagignore=${range}`],
]);
const differences = (mode, base) =>
  [
    [],
    ['normalize'],
    ['normalize', 'drop_negative'],
    ['mean', 'cum'],
    ['divide_by=1000'],
    ['sample_index=0'],
    ['relative_percentages', 'focus=main'],
    ['lines'],
  ].map((option) => [`${mode}=${base}`, ...option]);

const matrix = {
  heap: [
    ...common,
    ['top', 'sample_index=alloc_space', 'nodefraction=0.02'],
    ['top', 'sample_index=inuse_objects', 'tagleaf=bytes'],
    ['tags', 'sample_index=0', 'unit=MB'],
    ['traces', 'sample_index=1', 'focus=regexp'],
    ['raw'],
    ...cross([['top', 'nodecount=6'], ['tags']], sizes),
    ...cross(
      [
        ['top', 'inuse_objects'],
        ['tree', 'nodecount=5', 'alloc_space'],
      ],
      [
        ['nodecount=4', 'mean'],
        ['unit=auto', 'nodecount=4'],
      ]
    ),
    ...cross([['top', 'nodecount=6'], ['tree', 'nodecount=4'], ['tags']], differences('base', 'heapBefore')),
    ...cross(
      [
        ['top', 'nodecount=6'],
        ['tree', 'nodecount=4'],
      ],
      differences('diff_base', 'heapBefore')
    ),
    ['peek=work\\.Ingest$', 'diff_base=heapBefore'],
    ...lists(
      ['service/internal'],
      [[], ['alloc_space'], ['inuse_objects', 'noinlines'], ['diff_base=heapBefore'], ['base=heapBefore', 'unit=kb']]
    ),
  ],
  heaps: [
    ...common,
    ['tree', 'nodecount=12', 'tagroot=bytes'],
    ...cross([['top', 'nodecount=8'], ['tags']], [['base=heapsBefore'], ['diff_base=heapsBefore', 'normalize']]),
  ],
  cpu: [
    ...common,
    ['top', 'tagroot=tenant_id,no_such_key', 'tagleaf=tenant_id', 'cum'],
    ['top', 'unit=ms', 'nodecount=3', 'edgefraction=0.1'],
    ['tags', 'sample_index=samples'],
    ['raw'],
    ...cross(
      [
        ['top', 'nodecount=8'],
        ['tree', 'nodecount=5'],
      ],
      [...cpuFilters, ...granularity, ...numbers]
    ),
    ...cross(
      [['peek=json\\.Marshal\\b']],
      [
        [],
        ['focus=reflect'],
        ['ignore=regexp', 'hide=reflect'],
        ['show_from=work\\.Ingest'],
        ['tagroot=tenant_id'],
        ['tagfocus=tenant_id=acme', 'relative_percentages'],
        ['mean'],
        ...granularity.filter(([first]) => first !== 'files'),
        ...trims,
      ]
    ),
    ...lists(
      ['work\\.'],
      [
        [],
        ['noinlines'],
        ['showcolumns'],
        ['mean'],
        ['focus=json', 'relative_percentages'],
        ['tagfocus=tenant_id=acme'],
        ['divide_by=10', 'unit=us'],
      ]
    ),
    ['list=^json|Marshal$', 'source_path=testdata', 'tagroot=tenant_id'],
    ['list=^acme$', 'source_path=testdata', 'tagroot=tenant_id'],
    ...cross([['tags']], [...cpuFilters, ...numbers.slice(0, 7)]),
    ...cross([['tree'], ['top']], trims),
    ...cross([['traces', 'focus=ParseFloat']], [[], ['tagroot=tenant_id'], ['mean'], ['unit=ms'], ...granularity]),
  ],
  cpus: [
    ...common,
    ['top', 'tagroot=tenant_id', 'nodecount=5', 'flat'],
    ['tree', 'nodecount=10'],
    ...cross([['tags'], ['top', 'nodecount=8']], differences('diff_base', 'cpu').slice(0, 5)),
    ...cross([['tree', 'nodecount=5']], differences('base', 'cpu').slice(0, 3)),
  ],
  goroutine: [
    ...common,
    ['tree'],
    ...cross([['raw'], ['proto'], ['traces']], [[], ...goroutineFilters, ...granularity]),
    ...cross([['proto'], ['traces']], [['divide_by=0.5'], ['mean'], ['sample_index=goroutine'], ['unit=k']]),
    ...cross([['raw'], ['proto'], ['traces'], ['tags']], differences('diff_base', 'goroutines').slice(0, 3)),
    ...cross([['raw'], ['proto'], ['traces']], differences('base', 'goroutineOther').slice(0, 3)),
  ],
  goroutines: [
    ...common,
    ['traces', 'sample_index=goroutine'],
    ['raw', 'tagleaf=tenant_id'],
    ['proto', 'tagroot=operation', 'focus=ingest'],
  ],
  allocs: [...common, ['raw', 'sample_index=0'], ['tree', 'nodecount=8', 'sample_index=alloc_objects']],
  mutex: [
    ...common,
    ['top', 'sample_index=contentions'],
    ['traces', 'unit=us'],
    ['raw'],
    ...cross(
      [
        ['top', 'nodecount=8'],
        ['tree', 'nodecount=6'],
      ],
      [['mean'], ['mean_delay', 'cum'], ['contentions'], ['total_delay', 'divide_by=3']]
    ),
  ],
  block: [
    ...common,
    ['top', 'sample_index=delay', 'unit=hours'],
    ...cross(
      [['raw'], ['proto'], ['traces'], ['tree']],
      [[], ['mean'], ['divide_by=1000'], ['noinlines', 'lines'], ['hide=^runtime', 'showcolumns']]
    ),
  ],
  contention: [...common, ['traces'], ['tree', 'nodecount=8', 'mean']],
};

if (!has('go')) {
  say('Go is not installed: its `go tool pprof` is what the golden files are written by');
  process.exit(1);
}
const scratch = mkdtempSync(join(tmpdir(), 'pproflens-golden-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

// The go command takes ten times as long to start its tool as the tool takes to start.
spawnSync('go', ['tool', 'pprof', '-h']);
const tool = spawnSync('go', ['tool', '-n', 'pprof'], { encoding: 'utf8' }).stdout.trim();

function pprof(args) {
  const { status, stdout, stderr } = spawnSync(tool, ['-symbolize=none', ...args], {
    cwd: root,
    env: { ...process.env, TZ: 'UTC' },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) {
    throw new Error(`go tool pprof ${args.join(' ')}: ${stderr}`);
  }
  return stdout;
}

/** Files of a set as one, since go tool pprof takes the last of several bases. */
function merged(set) {
  if (files[set].length === 1) {
    return files[set][0];
  }
  const output = join(scratch, `${set}.pb.gz`);
  pprof(['-proto', `-output=${output}`, ...files[set]]);
  return output;
}

function print(profile, [report, ...parts]) {
  const options = parts.map(
    (part) => `-${part.replace(/^((?:diff_)?base=)(.*)$/, (_, flag, set) => flag + merged(set))}`
  );
  if (report !== 'proto') {
    return pprof([`-${report}`, ...options, ...files[profile]]);
  }
  const output = join(scratch, 'output.pb.gz');
  pprof(['-proto', `-output=${output}`, ...options, ...files[profile]]);
  return pprof(['-raw', output]);
}

readdirSync(folder)
  .filter((name) => name.endsWith('.txt'))
  .forEach((name) => rmSync(join(folder, name)));
let written = 0;
for (const [profile, commands] of Object.entries(matrix)) {
  for (const parts of new Set(commands.map((command) => command.join('\n')))) {
    const command = parts.split('\n');
    const text = print(profile, command);
    // Rows of opposite values and rows that print the same come in an order that changes from run to run.
    if ([1, 2, 3].some(() => print(profile, command) !== text)) {
      throw new Error(`go tool pprof prints another order each time: ${profile} ${command.join(' ')}`);
    }
    writeFileSync(join(folder, `${[profile, ...command.map(encodeURIComponent)].join('__')}.txt`), text);
    written++;
  }
}
say(`${written} files in testdata/golden`);

// What pprof reads of the texts that testdata/text/record.go wrote: their samples, without the tables.
const texts = join(root, 'testdata/text');
for (const name of readdirSync(texts).filter((file) => file.endsWith('.debug1.gz'))) {
  const raw = pprof(['-raw', join(texts, name)]).replace(/^Locations\n.*/ms, '');
  writeFileSync(join(texts, name.replace('.debug1.gz', '.raw.txt')), raw);
}
say('what pprof reads of the texts in testdata/text');
