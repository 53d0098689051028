import { Function, Label, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format';

export interface FoldedSample {
  /** Function names from the root, joined by ';'. 'a+b' is one location: b inlined into a. */
  readonly stack: string;
  readonly values: ReadonlyArray<number | bigint>;
  readonly labels?: Readonly<Record<string, string | number | readonly [number, string]>>;
}

export interface FoldedProfile {
  /** 'inuse_space/bytes'. */
  readonly types: readonly string[];
  readonly samples: readonly FoldedSample[];
  readonly defaultType?: string;
  readonly timeNanos?: bigint;
  readonly durationNanos?: number;
}

/** Folded stacks → bytes of profile.proto, by pprof-format: a writer that is not ours. */
export function encodeFolded({ types, samples, defaultType, timeNanos, durationNanos }: FoldedProfile): Uint8Array {
  const strings = new StringTable();
  const text = (value: string) => strings.dedup(value);
  const functions = new Map<string, number>();
  const locations = new Map<string, number>();
  const functionOf = (name: string): number => {
    if (!functions.has(name)) {
      functions.set(name, functions.size + 1);
    }
    return functions.get(name) as number;
  };
  const locationOf = (frame: string): number => {
    if (!locations.has(frame)) {
      locations.set(frame, locations.size + 1);
    }
    return locations.get(frame) as number;
  };
  const sample = samples.map(({ stack, values, labels = {} }) => {
    const frames = stack === '' ? [] : stack.split(';');
    return new Sample({
      locationId: frames.reverse().map(locationOf),
      value: [...values],
      label: Object.entries(labels).map(([key, value]) => {
        if (typeof value === 'string') {
          return new Label({ key: text(key), str: text(value) });
        }
        const [num, unit] = typeof value === 'number' ? [value, ''] : value;
        return new Label({ key: text(key), num, numUnit: text(unit) });
      }),
    });
  });
  const location = [...locations].map(
    ([frame, id]) =>
      new Location({
        id,
        address: 0x1000 + id,
        line: frame
          .split('+')
          .reverse()
          .map((name) => new Line({ functionId: functionOf(name), line: 10 + id })),
      })
  );
  const profile = new Profile({
    sampleType: types.map((type) => {
      const [name, unit] = type.split('/');
      return new ValueType({ type: text(name), unit: text(unit) });
    }),
    sample,
    location,
    function: [...functions].map(
      ([name, id]) => new Function({ id, name: text(name), systemName: text(name), filename: text(`${name}.go`) })
    ),
    timeNanos: timeNanos ?? 0,
    durationNanos: durationNanos ?? 0,
    defaultSampleType: defaultType ? text(defaultType) : 0,
    stringTable: strings,
  });
  return profile.encode();
}
