import { Function, Label, Line, Location, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import { randomSource } from '../profile/random';

export interface GeneratedShape {
  readonly samples: number;
  readonly depth: number;
  readonly tenants: number;
  readonly functions: number;
}

/** 30 MB raw. */
export const largeShape: GeneratedShape = { samples: 200_000, depth: 40, tenants: 200, functions: 60_000 };

/**
 * Bytes of a CPU profile as a large service would write it, the same in each run: each call path branches off another
 * one, and about ten tenants use it. Not a recording: for limits and speed only.
 */
export function generateProfile({ samples, depth, tenants, functions }: GeneratedShape): Uint8Array {
  const strings = new StringTable();
  const text = (value: string) => strings.dedup(value);
  const tenantKey = text('tenant_id');
  const tenantText = Array.from({ length: tenants }, (_, i) => text(`tenant-${String(i).padStart(4, '0')}`));
  const random = randomSource(7);
  const below = (limit: number) => Math.floor(random() * limit);
  // From the root; location i is function i.
  const paths: number[][] = [];
  for (let i = 0; i < Math.ceil(samples / 10); i++) {
    const shared = i === 0 ? [] : paths[below(i)].slice(0, depth - 1 - Math.floor(depth * random() ** 2));
    paths.push([...shared, ...Array.from({ length: depth - shared.length }, () => 1 + below(functions))]);
  }
  const sample = Array.from(
    { length: samples },
    (_, i) =>
      new Sample({
        locationId: [...paths[i % paths.length]].reverse(),
        value: [1, 10_000_000],
        label: [new Label({ key: tenantKey, str: tenantText[below(tenants)] })],
      })
  );
  const profile = new Profile({
    sampleType: [
      new ValueType({ type: text('samples'), unit: text('count') }),
      new ValueType({ type: text('cpu'), unit: text('nanoseconds') }),
    ],
    sample,
    location: Array.from(
      { length: functions },
      (_, i) =>
        new Location({
          id: i + 1,
          address: 0x400000 + i * 64,
          line: [new Line({ functionId: i + 1, line: 10 + (i % 300) })],
        })
    ),
    function: Array.from(
      { length: functions },
      (_, i) =>
        new Function({
          id: i + 1,
          name: text(`example.com/service/pkg${i % 97}.(*Type${i % 31}).Method${i}`),
          systemName: text(`example.com/service/pkg${i % 97}.(*Type${i % 31}).Method${i}`),
          filename: text(`/src/service/pkg${i % 97}/file${i % 13}.go`),
        })
    ),
    timeNanos: 1_790_000_000_000_000_000n,
    durationNanos: 10_000_000_000n,
    stringTable: strings,
  });
  return profile.encode();
}
