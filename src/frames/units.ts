import type { FieldConfig } from '@grafana/data';
import type { NumberColumn } from '../views/table';

/** pprof's units → Grafana's. */
const units = new Map(
  Object.entries({
    bytes: 'bytes',
    nanoseconds: 'ns',
    microseconds: 'µs',
    milliseconds: 'ms',
    seconds: 's',
    minutes: 'm',
    B: 'bytes',
    kB: 'kbytes',
    MB: 'mbytes',
    GB: 'gbytes',
    TB: 'tbytes',
    PB: 'pbytes',
    us: 'µs',
    hrs: 'h',
    'bytes/s': 'binBps',
    'count/s': 'cps',
    // Grafana has no unit for time in a second; the scale says that it is one.
    'nanoseconds/s': 'ns',
    count: 'short',
    percent: 'percent',
  })
);

/** Grafana's name of a unit; others stay as they are. */
export const unitOf = (unit: string): string => units.get(unit) ?? unit;

/** How a panel writes a column's numbers. */
export const numberFormat = ({ unit, decimals }: NumberColumn): Pick<FieldConfig, 'unit' | 'decimals'> => ({
  ...(unit && { unit: unitOf(unit) }),
  ...(unit === 'percent' && { decimals: 2 }),
  ...(decimals !== undefined && { decimals }),
});
