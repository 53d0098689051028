/** Units as google/pprof knows them (internal/measurement): families of aliases with a factor to the base unit. */
interface Unit {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly factor: number;
}
interface Family {
  readonly defaultUnit: Unit;
  readonly units: readonly Unit[];
}

const bytes: readonly Unit[] = [
  { name: 'B', aliases: ['b', 'byte'], factor: 1 },
  { name: 'kB', aliases: ['kb', 'kbyte', 'kilobyte'], factor: 2 ** 10 },
  { name: 'MB', aliases: ['mb', 'mbyte', 'megabyte'], factor: 2 ** 20 },
  { name: 'GB', aliases: ['gb', 'gbyte', 'gigabyte'], factor: 2 ** 30 },
  { name: 'TB', aliases: ['tb', 'tbyte', 'terabyte'], factor: 2 ** 40 },
  { name: 'PB', aliases: ['pb', 'pbyte', 'petabyte'], factor: 2 ** 50 },
];
const time: readonly Unit[] = [
  { name: 'ns', aliases: ['ns', 'nanosecond'], factor: 1 },
  { name: 'us', aliases: ['μs', 'us', 'microsecond'], factor: 1e3 },
  { name: 'ms', aliases: ['ms', 'millisecond'], factor: 1e6 },
  { name: 's', aliases: ['s', 'sec', 'second'], factor: 1e9 },
  { name: 'hrs', aliases: ['hour', 'hr'], factor: 3600e9 },
];
const gcu: readonly Unit[] = [
  { name: 'n*GCU', aliases: ['nanogcu'], factor: 1e-9 },
  { name: 'u*GCU', aliases: ['microgcu'], factor: 1e-6 },
  { name: 'm*GCU', aliases: ['milligcu'], factor: 1e-3 },
  { name: 'GCU', aliases: ['gcu'], factor: 1 },
  { name: 'k*GCU', aliases: ['kilogcu'], factor: 1e3 },
  { name: 'M*GCU', aliases: ['megagcu'], factor: 1e6 },
  { name: 'G*GCU', aliases: ['gigagcu'], factor: 1e9 },
  { name: 'T*GCU', aliases: ['teragcu'], factor: 1e12 },
  { name: 'P*GCU', aliases: ['petagcu'], factor: 1e15 },
];
const families: readonly Family[] = [
  { defaultUnit: bytes[0], units: bytes },
  { defaultUnit: time[3], units: time },
  { defaultUnit: gcu[3], units: gcu },
];

/** Lower case and without a plural s, as pprof reads units. It counts bytes, so that "μs" loses its s and is no unit. */
function sniffUnit(family: Family, text: string): Unit | undefined {
  const lower = text.toLowerCase();
  const alias = lower.length > 2 || /[^\0-\x7f]/.test(lower) ? lower.replace(/s$/, '') : lower;
  return family.units.find((unit) => unit.aliases.includes(alias));
}

function findUnit(text: string): { family: Family; unit: Unit } | undefined {
  for (const family of families) {
    const unit = sniffUnit(family, text);
    if (unit) {
      return { family, unit };
    }
  }
  return undefined;
}

/** The finer of two units of one kind, `a` where they are as fine; undefined where they are of different kinds. */
export function finerUnit(a: string, b: string): string | undefined {
  if (a === b) {
    return a;
  }
  const [x, y] = [findUnit(a), findUnit(b)];
  return x && x.family === y?.family ? (y.unit.factor < x.unit.factor ? b : a) : undefined;
}

export interface Scaled {
  readonly value: number;
  readonly unit: string;
}

/**
 * A value in another unit. `to` is a unit's name, or 'auto' or 'minimum': the largest unit in which the value is at
 * least 1. A unit of no family is left as it is; the asked one is its name then, none where it says a mere count.
 */
export function scale(value: number, from: string, to: string): Scaled {
  if (value < 0) {
    const { value: positive, unit } = scale(-value, from, to);
    return { value: -positive, unit };
  }
  const source = findUnit(from);
  if (!source) {
    return { value, unit: ['count', 'sample', 'unit', 'minimum', 'auto'].includes(to) ? '' : to };
  }
  const { family } = source;
  const base = value * source.unit.factor;
  let target = sniffUnit(family, to) ?? family.defaultUnit;
  if (to === 'auto' || to === 'minimum') {
    let factor = 0;
    for (const unit of family.units) {
      if (unit.factor >= factor && base / unit.factor >= 1) {
        ({ factor } = unit);
        target = unit;
      }
    }
  }
  return { value: base / target.factor, unit: target.name };
}

/** A value with its unit as pprof prints it: two decimals, none where they are zero; a bare 0. */
export function scaledLabel(value: number, from: string, to: string): string {
  const scaled = scale(value, from, to);
  const text = twoDecimals(scaled.value).replace(/\.00$/, '');
  return text === '0' || text === '-0' ? '0' : text + scaled.unit;
}

/** A share as pprof prints it: `%.2g%%` below 1, two decimals from 1, 100% from 99.95. */
export function percentage(value: number, total: number): string {
  const ratio = total === 0 ? 0 : Math.abs(value / total) * 100;
  if (ratio >= 99.95 && ratio <= 100.05) {
    return '  100%';
  }
  if (ratio >= 1) {
    return `${twoDecimals(ratio).padStart(5)}%`;
  }
  return `${shortest(ratio).padStart(5)}%`;
}

/** Go's %.2f: where the value is exactly between two texts, which only eighths are, the even digit wins. */
function twoDecimals(value: number): string {
  const part = Math.abs(value) % 1;
  return part === 0.125 || part === 0.625 ? (value - Math.sign(value) * 0.005).toFixed(2) : value.toFixed(2);
}

/** C's %.2g of a value from 0 to 1. Exactly between two texts, which only 1/8, 5/8 and 1/16 are, the even digit wins. */
function shortest(value: number): string {
  if (value === 0) {
    return '0';
  }
  const isBetween = value === 0.125 || value === 0.625 || value === 0.0625;
  const [mantissa, power] = (isBetween ? value * 0.99 : value).toExponential(1).split('e');
  if (Number(power) < -4) {
    return `${mantissa.replace(/\.0$/, '')}e-${power.slice(1).padStart(2, '0')}`;
  }
  return Number(`${mantissa}e${power}`).toString();
}

/** A number of a label in the base of its family, for comparing `1kb` with 1024 bytes. */
export function baseValue(value: number, unit: string): { value: number; family: string } {
  const found = findUnit(unit);
  return found
    ? { value: value * found.unit.factor, family: found.family.units[0].name }
    : { value, family: unit.toLowerCase() };
}
