import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, readOracle, readTrace, traceCorpus, tracesIn } from '../../testing/traces';
import { TraceReader } from './reader';

const isV1 = (name: string) => name.endsWith('-1.21');
const traces = [...tracesIn('.'), ...tracesIn('faulty')].filter((name) => !isV1(name));

function generationsOf(bytes: Uint8Array) {
  const reader = new TraceReader(bytes);
  const generations: Array<{ events: number; hash: string }> = [];
  for (let next = reader.next(); next; next = reader.next()) {
    generations.push({ events: next.events.length + 1, hash: hashOf(reader, next) });
  }
  return { generations, reader };
}

jest.setTimeout(60_000);

if (traces.length === 0) {
  console.warn(`No traces in ${traceCorpus}: the order of events is not compared with Go's.`);
  it.skip('orders events as Go does', () => undefined);
} else {
  it.each(traces)("%s: Go's events in Go's order", (name) => {
    const { generations, reader } = generationsOf(readTrace(name));
    const { generations: all, error } = readOracle(name);
    // The last Sync ends the trace, or begins what is broken.
    const whole = all.slice(0, Math.max(1, all.length - 1)).map(({ events, hash }) => ({ events, hash }));
    expect(generations).toEqual(whole);
    expect(reader.fault !== undefined).toBe(error !== undefined);
  });

  const expected: Record<string, string> = JSON.parse(readFileSync(join(traceCorpus, 'gotests/expected.json'), 'utf8'));
  it.each(Object.entries(expected))("Go's ordering test %s: %s", (name, says) => {
    const { generations, reader } = generationsOf(readTrace(`gotests/${name}`));
    const count = generations.reduce((sum, { events }) => sum + events, 0);
    expect(reader.fault === undefined ? `ok, ${count + 1} events` : 'fault').toBe(
      says.startsWith('ok') ? says : 'fault'
    );
  });
}
