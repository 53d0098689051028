import type { FoldedProfile, FoldedSample } from './encode';

/** Small profiles that each show one of pprof's rules, with commands that tell it apart from its neighbours. */
export interface Vector {
  readonly name: string;
  /** One file, or several that are merged. */
  readonly files: readonly FoldedProfile[];
  readonly base?: { readonly flag: '-base' | '-diff_base'; readonly file: FoldedProfile };
  /** Each a report and its flags. */
  readonly commands: ReadonlyArray<readonly string[]>;
}

const MB = 2 ** 20;

const one = (samples: readonly FoldedSample[], more: Partial<FoldedProfile> = {}): FoldedProfile => ({
  types: ['samples/count'],
  samples,
  ...more,
});

/** Text and numeric labels of every kind that a tag filter tells apart, each with a value of its own. */
export const tagged = one([
  { stack: 'main;a', values: [1], labels: { tenant: 'acme' } },
  { stack: 'main;b', values: [10], labels: { tenant: 'acme-eu', route: '/api/v1,x' } },
  { stack: 'main;c', values: [100], labels: { tenant: '42' } },
  { stack: 'main;d', values: [1000], labels: { bytes: [1024, 'bytes'] } },
  { stack: 'main;e', values: [10000], labels: { req: 42 } },
]);

/** What a tag filter keeps of `tagged`: verified with go tool pprof. */
export const taggedKept: Readonly<Record<string, number>> = {
  'tenant=acme': 11,
  'tenant=^acme$': 1,
  'tenant=acme,42x': 11,
  'acme,route': 10,
  'route=v1,x': 10,
  'tenant=42': 0,
  'tenant=^42$': 100,
  '42': 10000,
  '42req': 10000,
  'bytes=1024': 0,
  'bytes=1kb': 1000,
  'bytes=1024b': 1000,
  '1kb': 1000,
  ':1kb': 1000,
  'bytes=512b:2kb': 1000,
  'bytes=1kb:2mb': 1000,
  'bytes=1:2mb': 0,
  'tenant=': 111,
  '=acme': 11,
  '1.5kb': 0,
  '12345678901234567890': 0,
};

/** main → h → f with g inlined into h, in the binary svc. */
export const stacked = one(
  [
    { stack: 'main;h+g;f', values: [7], labels: { tenant: 'acme', bytes: [1024, 'bytes'] } },
    { stack: 'main', values: [3] },
  ],
  { binary: '/usr/local/bin/svc' }
);

/** What a filter leaves of the deep stack of `stacked`, the leaf first: verified with go tool pprof. */
export const stackedLeft: Readonly<Record<string, readonly string[]>> = {
  'focus=g': ['f', 'g (inline)', 'h', 'main'],
  'focus=^f$': ['f', 'g (inline)', 'h', 'main'],
  'hide=^g': ['f', 'h', 'main'],
  'show=^h': ['h'],
  'show_from=^g': ['f', 'g'],
  'show_from=^h': ['f', 'g (inline)', 'h'],
  'prune_from=^g': ['g (inline)', 'h', 'main'],
  'prune_from=^h': ['h', 'main'],
  noinlines: ['f', 'h', 'main'],
  'focus=svc': ['f', 'g (inline)', 'h', 'main'],
  'tagroot=tenant': ['f', 'g (inline)', 'h', 'main', 'acme'],
  'tagleaf=bytes,tenant': ['acme', '1kB', 'f', 'g (inline)', 'h', 'main'],
};

export const earlier: FoldedProfile = {
  types: ['inuse_space/bytes'],
  samples: [
    { stack: 'main;a', values: [10 * MB] },
    { stack: 'main;b', values: [10 * MB] },
  ],
};

export const later: FoldedProfile = {
  types: ['inuse_space/bytes'],
  samples: [
    { stack: 'main;a', values: [30 * MB] },
    { stack: 'main;b', values: [10 * MB] },
  ],
};

const reports = [['-top'], ['-tree'], ['-tags'], ['-traces'], ['-raw'], ['-proto']] as const;
const everyReport = (flags: ReadonlyArray<readonly string[]>): string[][] =>
  flags.flatMap((list) => reports.map((report) => [...report, ...list]));

const cpp = [
  'main',
  'std::vector<int, std::allocator<int> >::push_back(int const&)',
  '(anonymous namespace)::helper(char*)',
  'ns::Functor::operator()(int) const',
  'operator new(unsigned long)',
  'tcmalloc::allocate(unsigned long)',
];

export const vectors: readonly Vector[] = [
  {
    name: 'tag filters',
    files: [tagged],
    commands: [
      // go tool pprof crashes on a number of more than 64 bits.
      ...Object.keys(taggedKept)
        .filter((filter) => filter.length < 20)
        .flatMap((filter) => [
          ['-text', '-relative_percentages', `-tagfocus=${filter}`],
          ['-tags', `-tagignore=${filter}`],
        ]),
      ...['tenant', 'a|e', '^b', '.', 'none'].flatMap((keys) => [
        ['-tags', `-tagshow=${keys}`],
        ['-traces', `-taghide=${keys}`],
      ]),
    ],
  },
  {
    name: 'stack filters',
    files: [stacked],
    commands: everyReport([...Object.keys(stackedLeft), 'ignore=main', 'hide=svc', 'show=svc'].map((f) => [`-${f}`])),
  },
  {
    name: 'granularity of label frames',
    files: [stacked],
    commands: ['functions', 'filefunctions', 'files', 'lines', 'addresses'].flatMap((granularity) => [
      ['-top', `-${granularity}`, '-tagroot=tenant'],
      ['-tree', `-${granularity}`, '-tagleaf=bytes,none', '-noinlines'],
    ]),
  },
  ...(['-base', '-diff_base'] as const).map((flag) => ({
    name: `differences by ${flag}`,
    files: [later],
    base: { flag, file: earlier },
    commands: everyReport([
      [],
      ['-normalize'],
      ['-normalize', '-drop_negative'],
      ['-divide_by=10'],
      ['-unit=kb'],
      ['-relative_percentages', '-focus=a'],
    ]),
  })),
  {
    name: 'mean',
    files: [
      {
        types: ['contentions/count', 'delay/nanoseconds'],
        samples: [
          { stack: 'main;a', values: [3, 1000] },
          { stack: 'main;a;c', values: [0, 7] },
          { stack: 'main;b', values: [2, -500] },
          { stack: 'main;b', values: [-2, 500] },
          { stack: 'main', values: [0, 0] },
        ],
      },
    ],
    commands: everyReport([
      ['-mean'],
      ['-mean_delay'],
      ['-mean', '-sample_index=0'],
      ['-contentions'],
      ['-mean', '-cum'],
    ]),
  },
  {
    name: 'C++ names, frames to drop and to keep',
    files: [
      one(
        [
          { stack: cpp.join(';'), values: [100] },
          { stack: `${cpp[0]};${cpp[5]};${cpp[1]}`, values: [20] },
          { stack: `${cpp[5]};${cpp[0]}`, values: [3] },
          { stack: `${cpp[0]};${cpp[2]}+${cpp[4]};${cpp[1]}`, values: [1] },
        ],
        { dropFrames: 'operator new|tcmalloc::.*', keepFrames: '.*allocate' }
      ),
    ],
    commands: everyReport([
      [],
      ['-prune_from=^operator new$'],
      ['-prune_from=push_back$'],
      ['-focus=helper\\(char'],
      ['-lines'],
    ]),
  },
  {
    name: 'frames to drop that do not compile',
    files: [one([{ stack: 'main;a', values: [1] }], { dropFrames: 'a(', keepFrames: 'a' })],
    commands: everyReport([[]]),
  },
  {
    name: 'recursion, empty stacks and rows without value',
    files: [
      {
        types: ['alloc_space/bytes', 'inuse_space/bytes'],
        samples: [
          { stack: 'f;g;f;g;f', values: [5, 0] },
          { stack: 'f;f', values: [7, 1] },
          { stack: 'f+g+f;g', values: [11, 0] },
          { stack: '', values: [13, 2] },
          { stack: '', values: [0, 0], labels: { tenant: 'acme' } },
        ],
      },
    ],
    commands: everyReport([
      [],
      ['-sample_index=0'],
      ['-ignore=none'],
      ['-hide=g'],
      ['-tagroot=tenant'],
      ['-show_from=g'],
    ]),
  },
  {
    name: 'texts with tabs, lines and a mark',
    files: [
      one([
        { stack: 'a\tb;\ufeffmain', values: [1], labels: { 'a\tkey': 'a\tvalue' } },
        { stack: 'two\nlines', values: [22], labels: { key: 'two\nlines' } },
        {
          stack: 'plain',
          values: [333],
          labels: [
            ['key', 'x'],
            ['key', 'y'],
            ['other', 5],
          ],
        },
      ]),
    ],
    commands: everyReport([[], ['-focus=^\ufeffm']]),
  },
  {
    name: 'paths as bazel writes them',
    files: [
      one([{ stack: 'main;a;b', values: [1] }], {
        files: { main: '/proc/self/cwd/src/main.cc', a: '/proc/self/cwd/./a/../a.cc', b: './x//y.cc' },
        binary: '/opt/lib/',
      }),
    ],
    commands: everyReport([['-files'], ['-lines'], ['-addresses'], ['-focus=proc/self', '-filefunctions']]),
  },
  {
    name: 'headers of merged files',
    files: [
      {
        types: ['space/bytes', 'delay/microseconds', 'count/count'],
        samples: [
          {
            stack: 'main;a',
            values: [1, 2, 3],
            labels: [
              ['b', 'x'],
              ['a', 'y'],
            ],
          },
        ],
        periodType: 'cpu/microseconds',
        period: 10,
        timeNanos: 1_790_000_000_000_000_000n,
        durationNanos: 1_500_000_000,
        comments: ['first', '#hidden'],
      },
      {
        types: ['delay/nanoseconds', 'space/bytes'],
        samples: [
          {
            stack: 'main;a',
            values: [5, 7],
            labels: [
              ['a', 'y'],
              ['b', 'x'],
            ],
          },
          { stack: 'main;b', values: [0, 9] },
        ],
        periodType: 'cpu/nanoseconds',
        period: 20_000,
        comments: ['second', 'first'],
        docUrl: 'https://example.com/doc',
        defaultType: 'space',
      },
    ],
    commands: everyReport([[], ['-sample_index=delay']]),
  },
  {
    name: 'times and durations',
    files: [
      one([{ stack: 'main', values: [1] }], { timeNanos: -1_500_000_000n, durationNanos: -2_500_000_000 }),
      one([{ stack: 'main', values: [1] }], { timeNanos: 0n, durationNanos: 999 }),
    ],
    commands: everyReport([[]]),
  },
  {
    name: 'shares between two texts',
    files: [one([5, 10, 50, 7935].map((value, i) => ({ stack: `f${i}`, values: [value] })))],
    commands: [['-top', '-nodefraction=0']],
  },
  {
    name: 'long filters',
    files: [one([{ stack: 'größe', values: [1] }])],
    commands: [
      ['-top', `-focus=${'größe|'.repeat(20)}`],
      ['-tree', `-hide=${'ö'.repeat(41)}`],
    ],
  },
];
