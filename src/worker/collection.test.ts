import { gzipSync } from 'node:zlib';
import { decode } from '../decode/decode';
import { nodeGunzip } from '../cli/gunzip';
import { MergeBuilder } from '../ops/merge';
import { encodeFolded } from '../testing/encode';
import { createHandler } from './handler';
import type { Answer, Question } from './messages';
import { expectType } from './transport';

/** Packed captures, each with a function of its own; the first takes much longer to unpack than the others. */
const captures = [5000, 10, 5].map((stacks, capture) => {
  const samples = Array.from({ length: stacks }, (_, i) => ({ stack: `main;of${capture};f${i}`, values: [1 + i] }));
  return new Uint8Array(gzipSync(encodeFolded({ types: ['cpu/nanoseconds'], samples })));
});
const bytesOf = (capture: number) => captures[capture].slice().buffer as ArrayBuffer;

let id = 1;
const asking = () => {
  const handle = createHandler();
  return (question: Question): Promise<Answer> => handle({ ...question, id: id++ });
};
const add = (capture: number, more: object = {}): Question => {
  return { type: 'add', collection: 1, key: `${capture}`, time: capture, labels: {}, ...more };
};

async function expectInOrder(ask: (question: Question) => Promise<Answer>): Promise<void> {
  const inOrder = new MergeBuilder();
  for (const packed of captures) {
    inOrder.add(await decode(packed, { unpack: nodeGunzip }));
  }
  await ask({ type: 'finishMerge', collection: 1, key: 'merged' });
  const { profile } = expectType({ ...(await ask({ type: 'copy', key: 'merged' })), id: 0 }, 'profile');
  expect(profile.strings.join()).toBe(inOrder.finish().strings.join());
}

test('captures are added in the order in which they are asked for, although one is decoded before another', async () => {
  const ask = asking();
  await ask({ type: 'beginMerge', collection: 1 });
  const asked = captures.flatMap((_, i) => [ask({ type: 'load', key: `${i}`, bytes: bytesOf(i) }), ask(add(i))]);
  await Promise.all(asked);
  await expectInOrder(ask);
});

test('after one that the worker lacks none is added before that one comes again', async () => {
  const ask = asking();
  await ask({ type: 'beginMerge', collection: 1 });
  for (const i of [1, 2]) {
    await ask({ type: 'load', key: `${i}`, bytes: bytesOf(i) });
  }
  expect(await Promise.all([0, 1, 2].map((i) => ask(add(i))))).toMatchObject([
    { type: 'missing', keys: ['0'] },
    { type: 'missing', keys: ['1'] },
    { type: 'missing', keys: ['2'] },
  ]);
  expect(await ask(add(0, { isAgain: true, bytes: bytesOf(0) }))).toMatchObject({ type: 'done' });
  expect(await Promise.all([ask(add(1, { isAgain: true })), ask(add(2, { isAgain: true }))])).toMatchObject([
    { type: 'done' },
    { type: 'done' },
  ]);
  await expectInOrder(ask);
});
