import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '../decode/decode';
import type { Profile } from '../profile/profile';
import { defaultQuery } from './query';
import { column, textColumn, textsOf } from '../views/table';
import { runStored } from '../testing/runStored';

// How far off an estimate is, on a service that knows better: demo/service notes at each capture how many bytes each
// tenant holds (testdata/estimate, recorded by demo/record.mjs).
const root = join(__dirname, '../..');
type Truth = Record<string, ReadonlyArray<{ event: string; bytes: Record<string, number> }>>;
const truth: Truth = JSON.parse(readFileSync(join(root, 'testdata/estimate/checkout.json'), 'utf8'));
const captures = join(root, 'demo/captures/checkout');
const files = readdirSync(captures, { recursive: true, encoding: 'utf8' });

const read = async (file: string): Promise<Profile> => decode(new Uint8Array(readFileSync(join(captures, file))));
const timeOf = (file: string) => /\d{8}T\d{6}\.\d{3}Z/.exec(file)?.[0] ?? '';

/** The heap of an event, and the CPU profile that the plugin estimates it by: its own, else the last one before it. */
async function inputsOf(instance: string, event: string): Promise<{ profile: Profile; labelled: Profile }> {
  const own = files.filter((file) => file.includes(`_${instance}_`)).sort();
  const heap = own.find((file) => file.includes(`_${event}_`) && file.endsWith('heap.pb.gz')) as string;
  const cpu = own.filter((file) => file.endsWith('cpu.pb.gz') && timeOf(file) <= timeOf(heap)).at(-1) as string;
  return { profile: await read(heap), labelled: await read(cpu) };
}

/** Bytes of each tenant as the plugin's table has them. */
function estimate(inputs: { profile: Profile; labelled: Profile }): Record<string, number> {
  const query = { ...defaultQuery, view: 'tags', estimate: 'paths', sampleIndex: 'inuse_space' } as const;
  const [table] = runStored(query, inputs);
  const [keys, values] = ['key', 'value'].map((name) => textsOf(textColumn(table, name)));
  const totals = column(table, 'total', 'number').values;
  const bytes: Record<string, number> = {};
  for (let i = 0; i < table.length; i++) {
    if (keys[i] === 'tenant_id') {
      bytes[values[i]] = totals[i];
    }
  }
  return bytes;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
/** Percent of what all tenants have. */
const shares = (bytes: Record<string, number>): Record<string, number> => {
  const total = sum(Object.values(bytes));
  return Object.fromEntries(Object.entries(bytes).map(([tenant, value]) => [tenant, (100 * value) / total]));
};

/** Errors of a tenant's share, in percentage points, over all captures of an instance. */
async function errorsOf(instance: string): Promise<{ errors: number[]; attributed: number[] }> {
  const errors: number[] = [];
  const attributed: number[] = [];
  for (const { event, bytes: held } of truth[instance]) {
    const { '(unknown)': unknown, ...known } = estimate(await inputsOf(instance, event));
    const [guess, truly] = [shares(known), shares(held)];
    errors.push(...Object.keys(truly).map((tenant) => Math.abs((guess[tenant] ?? 0) - truly[tenant])));
    attributed.push((100 * sum(Object.values(known))) / (sum(Object.values(known)) + unknown));
  }
  return { errors, attributed };
}

const report = ({ errors, attributed }: { errors: number[]; attributed: number[] }) =>
  `${errors.length} shares: off by ${(sum(errors) / errors.length).toFixed(1)} points on average, ` +
  `${Math.max(...errors).toFixed(1)} at most; at least ${Math.min(...attributed).toFixed(0)} % attributed`;

test('where tenants keep what they work on, an estimate is off by some points', async () => {
  const found = await errorsOf('checkout-0');
  expect(report(found)).toBe('40 shares: off by 6.0 points on average, 15.2 at most; at least 96 % attributed');
  expect(sum(found.errors) / found.errors.length).toBeLessThan(8);
});

test('where one tenant keeps more of its work than the others, it is far off: it measures work', async () => {
  const found = await errorsOf('checkout-1');
  expect(report(found)).toBe('15 shares: off by 30.5 points on average, 83.5 at most; at least 90 % attributed');
  expect(Math.max(...found.errors)).toBeGreaterThan(50);
});
