import { Function, Label, Line, Location, Mapping, Profile, Sample, StringTable, ValueType } from 'pprof-format';

type LabelValue = string | number | readonly [number, string];

export interface FoldedSample {
  /** Function names from the root, joined by ';'. 'a+b' is one location: b inlined into a. */
  readonly stack: string;
  readonly values: ReadonlyArray<number | bigint>;
  /** In their order; a key may come again. */
  readonly labels?: Readonly<Record<string, LabelValue>> | ReadonlyArray<readonly [key: string, value: LabelValue]>;
}

export interface FoldedProfile {
  /** 'inuse_space/bytes'. */
  readonly types: readonly string[];
  readonly samples: readonly FoldedSample[];
  readonly defaultType?: string;
  readonly timeNanos?: bigint;
  readonly durationNanos?: number;
  /** 'cpu/nanoseconds'. */
  readonly periodType?: string;
  readonly period?: number;
  readonly comments?: readonly string[];
  readonly docUrl?: string;
  readonly dropFrames?: string;
  readonly keepFrames?: string;
  /** The binary of all locations. */
  readonly binary?: string;
  /** File names of functions that are in another than NAME.go. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Folded stacks → bytes of profile.proto, by pprof-format: a writer that is not ours. */
export function encodeFolded({ types, samples, binary, files = {}, ...header }: FoldedProfile): Uint8Array {
  const strings = new StringTable();
  const text = (value: string) => strings.dedup(value);
  const valueType = (type: string) => {
    const [name, unit] = type.split('/');
    return new ValueType({ type: text(name), unit: text(unit) });
  };
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
      label: (labels instanceof Array ? labels : Object.entries(labels)).map(([key, value]) => {
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
        mappingId: binary === undefined ? 0 : 1,
        address: 0x1000 + id,
        line: frame
          .split('+')
          .reverse()
          .map((name) => new Line({ functionId: functionOf(name), line: 10 + id })),
      })
  );
  const profile = new Profile({
    sampleType: types.map(valueType),
    sample,
    mapping:
      binary === undefined
        ? []
        : [
            new Mapping({
              id: 1,
              memoryStart: 0x1000,
              memoryLimit: 0x9000,
              filename: text(binary),
              hasFunctions: true,
            }),
          ],
    location,
    function: [...functions].map(
      ([name, id]) =>
        new Function({ id, name: text(name), systemName: text(name), filename: text(files[name] ?? `${name}.go`) })
    ),
    timeNanos: header.timeNanos ?? 0,
    durationNanos: header.durationNanos ?? 0,
    periodType: header.periodType === undefined ? undefined : valueType(header.periodType),
    period: header.period ?? 0,
    comment: (header.comments ?? []).map(text),
    docUrl: text(header.docUrl ?? ''),
    dropFrames: text(header.dropFrames ?? ''),
    keepFrames: text(header.keepFrames ?? ''),
    defaultSampleType: text(header.defaultType ?? ''),
    stringTable: strings,
  });
  return profile.encode();
}
