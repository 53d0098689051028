import { Function, Label, Line, Location, Mapping, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import { randomSource } from '../profile/random';

/** Chance with a memory of what it gave, the same in each run. */
export class Chance {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = randomSource(seed);
  }

  /** A whole number in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  is(probability: number): boolean {
    return this.random() < probability;
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)];
  }

  /** Up to `most` of them, at least `least`, none twice. */
  some<T>(all: readonly T[], least: number, most: number): T[] {
    const left = [...all];
    const count = Math.min(left.length, least + this.below(most - least + 1));
    return Array.from({ length: count }, () => left.splice(this.below(left.length), 1)[0]);
  }
}

const names = [
  'main.main',
  'runtime.mallocgc',
  'example.com/svc/ingest.(*Server).Push',
  'example.com/svc/v2/ingest.decode[go.shape.int]',
  'example.com/svc/ingest.(*Server).Push.func1',
  'std::vector<int, std::allocator<int> >::push_back(int const&)',
  'std::map<a::Key, b::Value>::operator[](a::Key const&)',
  'operator new(unsigned long)',
  'ns::Functor::operator()(int) const',
  '(anonymous namespace)::helper(char*)',
  'ns::operator<<(std::ostream&, Foo const&)',
  '.ppc64_entry',
  'java.util.concurrent.ThreadPoolExecutor.runWorker',
  'Main.lambda$main$0',
  '<alloc::vec::Vec<T> as core::clone::Clone>::clone',
  'a b|c',
  'größe.Übung',
  '関数',
  '',
];
const filenames = [
  '',
  '/src/svc/ingest/server.go',
  'main.go',
  '/proc/self/cwd/external/foo.cc',
  '/proc/self/cwd/./bar.cc',
  '/src/../lib/./x//y.go',
  '../up/z.cc',
  '/usr/include/c++/12/bits/stl_vector.h',
  'Main.java',
];
const binaries = ['/usr/local/bin/svc', '/lib/x86_64-linux-gnu/libc.so.6', '', '[vdso]', '/opt/app/lib/', 'svc.exe'];
const types = [
  ['samples', 'count'],
  ['cpu', 'nanoseconds'],
  ['alloc_objects', 'count'],
  ['alloc_space', 'bytes'],
  ['space', 'bytes'],
  ['inuse_space', 'bytes'],
  ['contentions', 'count'],
  ['delay', 'microseconds'],
  ['charge', 'GCU'],
  ['oddity', 'widgets'],
] as const;
const texts: ReadonlyArray<readonly [key: string, values: readonly string[]]> = [
  ['tenant', ['acme', 'acme-eu', '42', 'globex']],
  ['route', ['/api/v1,x', '/api/v2', '/']],
  ['bytes', ['1kb', 'many']],
  ['λ', ['größe', '日本']],
  ['a key', ['a value', 'a=b']],
  ['odd', ['tab\there', 'two\nlines', '']],
];
const numbers: ReadonlyArray<readonly [key: string, values: readonly number[], units: readonly string[]]> = [
  ['bytes', [16, 1024, 4096, 1_000_000], ['', 'bytes', 'kilobytes']],
  ['request', [1, 512, 2048], ['', '', 'bytes']],
  ['latency', [1, 1500, 2_000_000], ['ns', 'microseconds', 'ms']],
  ['shard', [1, 2, 42, -7], ['']],
  ['tenant', [42], ['', 'widgets']],
];
const values = [0, 0, 1, 1, 2, 3, 5, 10, 12, 100, 512, 1000, 4096, 12_345, 1_000_000, 987_654_321, 40_000_000_000];
const addresses = [0n, 0x1000n, 0x1010n, 0x401000n, 0x401234n, 0x7f00_0000_1234n, 0xffff_ffff_8100_0000n];

export interface RandomShape {
  /** Values below zero too, as a saved difference has them. */
  readonly isSigned?: boolean;
  /** Some as another version of the program writes them: with fewer types, in another order, or in other units. */
  readonly hasVariants?: boolean;
  /** Lines that name no function, which google/pprof refuses and we read. */
  readonly hasBareLines?: boolean;
  /** drop_frames and keep_frames, comments and the other fields of a header. */
  readonly hasHeader?: boolean;
}

/**
 * Bytes of small profiles that have whatever profile.proto allows: several binaries or none, inlined calls, recursion,
 * folded and bare locations, equal functions and samples, labels with several values and units, empty stacks and zero
 * values. Those of one call have their types, functions and binaries in common, so that they merge and subtract.
 */
export function randomProfiles(seed: number, count: number, shape: RandomShape = {}): Uint8Array[] {
  const chance = new Chance(seed);
  const world = {
    types: chance.some(types, 1, 4),
    names: chance.some(names, 3, 12),
    filenames: chance.some(filenames, 1, 4),
    binaries: chance.some(binaries, 0, 3),
    period: chance.pick(types),
    texts: chance.some(texts, 0, 3),
    numbers: chance.some(numbers, 0, 3),
    isSigned: shape.isSigned ?? chance.is(0.2),
    hasVariants: shape.hasVariants ?? true,
    hasHeader: shape.hasHeader ?? chance.is(0.5),
    hasBareLines: shape.hasBareLines ?? false,
  };
  return Array.from({ length: count }, () =>
    encodeRandom(chance, world.hasVariants && chance.is(0.1) ? variant(chance, world) : world)
  );
}

function variant(chance: Chance, world: World): World {
  const others: Readonly<Record<string, string>> = {
    nanoseconds: 'microseconds',
    microseconds: 'nanoseconds',
    bytes: 'kilobytes',
    GCU: 'milliGCU',
    widgets: 'count',
  };
  return {
    ...world,
    types: chance
      .some(world.types, 1, world.types.length)
      .map(([type, unit]) => [type, chance.is(0.3) ? (others[unit] ?? unit) : unit]),
    period: chance.is(0.2) ? chance.pick(types) : [world.period[0], others[world.period[1]] ?? world.period[1]],
  };
}

type World = {
  readonly types: ReadonlyArray<readonly [string, string]>;
  readonly names: readonly string[];
  readonly filenames: readonly string[];
  readonly binaries: readonly string[];
  readonly period: readonly [string, string];
  readonly texts: typeof texts;
  readonly numbers: typeof numbers;
} & Required<RandomShape>;

function encodeRandom(chance: Chance, world: World): Uint8Array {
  const strings = new StringTable();
  const text = (value: string) => strings.dedup(value);
  const made = { chance, world, text };
  const mapping = world.binaries.map((file, i) => randomMapping(made, file, i));
  const functions = Array.from({ length: 3 + chance.below(14) }, (_, i) => randomFunction(made, i));
  const location = Array.from({ length: 4 + chance.below(20) }, (_, i) =>
    randomLocation(made, i, { mappings: mapping.length, functions: functions.length })
  );
  const stacks: number[][] = [];
  const isZero = chance.is(0.1);
  const sample = Array.from({ length: chance.pick([1, 4, 12, 30]) }, () => {
    const stack = randomStack(chance, stacks, location.length);
    stacks.push(stack);
    return randomSample(made, stack, isZero);
  });
  return new Profile({
    ...randomHeader(made),
    sampleType: world.types.map((type) => valueTypeOf(made, type)),
    sample,
    mapping,
    location,
    function: functions,
    stringTable: strings,
  }).encode();
}

/** A profile that is being made. */
interface Made {
  readonly chance: Chance;
  readonly world: World;
  /** Row of the file's strings. */
  readonly text: (value: string) => number | bigint;
}

const valueTypeOf = ({ text }: Made, [type, unit]: readonly [string, string]) =>
  new ValueType({ type: text(type), unit: text(unit) });

function randomMapping({ chance, text }: Made, file: string, i: number): Mapping {
  const start = chance.pick([0x400000n, 0x7f00_0000_0000n, 0xffff_ffff_8000_0000n]);
  return new Mapping({
    id: i + 1,
    memoryStart: start,
    memoryLimit: start + chance.pick([0x1000n, 0x1800n, 0x200000n]),
    fileOffset: chance.pick([0, 0x1000]),
    filename: text(file),
    buildId: text(chance.pick(['', '', `c0ffee${i}`])),
    hasFunctions: chance.is(0.7),
    hasFilenames: chance.is(0.5),
    hasLineNumbers: chance.is(0.5),
    hasInlineFrames: chance.is(0.5),
  });
}

function randomFunction({ chance, world, text }: Made, i: number): Function {
  const name = chance.pick(world.names);
  return new Function({
    id: i + 1,
    name: text(name),
    systemName: text(chance.pick([name, name, '', `_Z${name.length}f`])),
    filename: text(chance.pick(world.filenames)),
    startLine: chance.pick([0, 0, 7, 120]),
  });
}

function randomLocation(
  { chance, world }: Made,
  i: number,
  counts: { readonly mappings: number; readonly functions: number }
): Location {
  // pprof-format writes no line without any field: a bare one has a number.
  const line = () =>
    world.hasBareLines && chance.is(0.1)
      ? new Line({ line: 99 })
      : new Line({
          functionId: 1 + chance.below(counts.functions),
          line: chance.pick([0, 7, 10, 11, 250]),
          column: chance.pick([0, 0, 3, 14]),
        });
  return new Location({
    id: i + 1,
    mappingId: chance.is(0.8) ? chance.below(counts.mappings + 1) : 0,
    address: chance.pick(addresses),
    line: Array.from({ length: chance.pick([0, 1, 1, 1, 1, 2, 3]) }, line),
    isFolded: chance.is(0.05),
  });
}

/** From the root, as calls go: a new end for a path that was there, a new one, or none. */
function randomStack(chance: Chance, stacks: readonly number[][], locations: number): number[] {
  const kind = chance.below(10);
  if (kind === 0) {
    return [];
  }
  const shared = kind < 6 && stacks.length > 0 ? chance.pick(stacks) : [];
  const start = shared.slice(0, chance.below(shared.length + 1));
  return [...start, ...Array.from({ length: 1 + chance.below(5) }, () => 1 + chance.below(locations))];
}

function randomSample(made: Made, stack: readonly number[], isZero: boolean): Sample {
  const { chance, world } = made;
  const list = randomLabels(made);
  return new Sample({
    locationId: [...stack].reverse(),
    value: world.types.map(() => {
      const value = isZero ? 0 : chance.pick(values);
      return world.isSigned && chance.is(0.4) ? -value : value;
    }),
    label: chance.is(0.3) ? list.reverse() : list,
  });
}

function randomLabels({ chance, world, text }: Made): Label[] {
  return [
    ...world.texts
      .filter(() => chance.is(0.5))
      .flatMap(([key, all]) =>
        chance.some(all, 1, chance.is(0.2) ? 2 : 1).map((str) => new Label({ key: text(key), str: text(str) }))
      ),
    ...world.numbers
      .filter(() => chance.is(0.4))
      .flatMap(([key, all, units]) =>
        chance
          .some(all, 1, chance.is(0.2) ? 2 : 1)
          .map((num) => new Label({ key: text(key), num, numUnit: text(chance.pick(units)) }))
      ),
    ...(world.isSigned && chance.is(0.3) ? [new Label({ key: text('pprof::base'), str: text('true') })] : []),
  ];
}

function randomHeader(made: Made) {
  const { chance, world, text } = made;
  if (!world.hasHeader) {
    return { timeNanos: 1_790_000_000_000_000_000n };
  }
  return {
    dropFrames: text(chance.pick(['', 'runtime\\..*', 'operator new', '.*push_back', '('])),
    keepFrames: text(chance.pick(['', 'runtime\\.main', '.*Push'])),
    comment: chance.some(['a comment', '#hidden', 'größe'], 0, 3).map(text),
    defaultSampleType: text(chance.pick(['', chance.pick(world.types)[0], 'no_such_type'])),
    docUrl: text(chance.pick(['', 'https://example.com/doc'])),
    period: chance.pick([0, 1, 524_288, 10_000_000]),
    timeNanos: chance.pick([0n, 1n, 1_790_000_000_123_456_789n, 1_790_000_001_000_000_000n, -1_500_000_000n]),
    durationNanos: chance.pick([0, 1, 999, 1_500, 2_000_000, 10_000_000_000, 5_400_000_000_000, -2_500_000_000]),
    periodType: valueTypeOf(made, world.period),
  };
}
