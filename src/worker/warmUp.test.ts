import { decode } from '../decode/decode';
import { parseQuery, type RunQuery } from '../query/query';
import { run } from '../query/run';
import { createHandler } from './handler';
import { madeUpProfile } from './warmUp';

test.each([
  { isHeap: true, types: ['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space'], label: 'bytes' },
  { isHeap: false, types: ['samples', 'cpu'], label: 'tenant_id' },
])('a made-up profile has what those of Go differ in: $types', async ({ isHeap, types, label }) => {
  const profile = await decode(madeUpProfile(isHeap));
  expect(profile.sampleTypes.map(({ type }) => type)).toEqual(types);
  expect(profile.notices).toEqual([]);
  expect(new Set(Array.from(profile.label.key, (row) => profile.strings[row]))).toEqual(new Set([label]));
  // One frame and many, plain calls and inlined ones, addresses of 32 bits and more: each is a way of its own to read them.
  const { parent } = profile.stack;
  const depths = Array.from(profile.sample.stack, (leaf) => {
    let depth = 0;
    for (let row = leaf; row > 0; row = parent[row]) {
      depth++;
    }
    return depth;
  });
  expect(Math.min(...depths)).toBe(1);
  expect(Math.max(...depths)).toBeGreaterThan(20);
  const { lineOffset, address, length } = profile.location;
  expect(lineOffset[length]).toBeGreaterThan(length);
  expect(new Set(Array.from(address, (one) => one > 0xffffffffn))).toEqual(new Set([true, false]));
});

test('one of the drawings has no room for all nodes', async () => {
  const profile = await decode(madeUpProfile(true));
  const rows = (fields: object) => run(parseQuery({ view: 'flame', ...fields }) as RunQuery, { profile })[0];
  const whole = rows({});
  expect(whole.notices).toEqual([]);
  expect(whole.length).toBeGreaterThan(1000);
  expect(rows({ maxNodes: 300 }).notices[0].text).toMatch('The rest is in nodes named "other"');
});

test('it leaves nothing behind, and nobody is told of it', async () => {
  const handle = createHandler();
  const told: string[] = [];
  const query = parseQuery({ view: 'flame' }) as RunQuery;
  for (const [id, isHeap] of [true, false].entries()) {
    const response = await handle({ type: 'warmUp', id, isHeap, query }, ({ type }) => told.push(type));
    expect(response).toEqual({ type: 'done', id, held: 0 });
  }
  // It is no question that somebody could leave, for which a worker is replaced.
  expect(told).toEqual([]);
});
