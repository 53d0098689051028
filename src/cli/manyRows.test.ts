import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from '../decode/decode';
import { encodeFolded } from '../testing/encode';
import { runStored } from '../testing/runStored';
import { pprof } from './command';

// A spread into a call takes some 100,000 values: rows never pass through one.
const count = 130_000;
const scratch = mkdtempSync(join(tmpdir(), 'pproflens-rows-'));
afterAll(() => rmSync(scratch, { recursive: true }));

test('a label with 130,000 values prints in -tags, -traces and -raw, and is a table', async () => {
  const bytes = encodeFolded({
    types: ['cpu/nanoseconds'],
    samples: Array.from({ length: count }, (_, i) => ({ stack: 'main', values: [i + 1], labels: { id: `id-${i}` } })),
  });
  const file = join(scratch, 'labels.pb');
  writeFileSync(file, bytes);
  const lines = (text: string, pattern: RegExp) => text.match(pattern)?.length;
  expect(lines(await pprof(['-tags', file]), /: id-\d+$/gm)).toBe(count);
  expect(lines(await pprof(['-traces', file]), /id: {2}id-\d+$/gm)).toBe(count);
  expect(lines(await pprof(['-raw', file]), /id:\[id-\d+\]$/gm)).toBe(count);
  expect(runStored({ view: 'tags' }, { profile: await decode(bytes) })[0].length).toBe(count);
}, 120_000);

test('a stack of 130,000 calls and a sample of 130,000 labels print in -traces', async () => {
  const file = join(scratch, 'deep.txt');
  writeFileSync(file, `${Array.from({ length: count }, (_, i) => `f${i}`).join(';')} 7\n`);
  const deep = await pprof(['-traces', file]);
  expect(deep.match(/ f\d+$/gm)?.length).toBe(count);
  const labels = Array.from({ length: count }, (_, i) => [`key-${i}`, 'value'] as const);
  writeFileSync(file, encodeFolded({ types: ['cpu/nanoseconds'], samples: [{ stack: 'main', values: [1], labels }] }));
  expect((await pprof(['-traces', file])).match(/key-\d+: {2}value$/gm)?.length).toBe(count);
}, 120_000);
