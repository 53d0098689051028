import { readFileSync } from 'node:fs';
import { parseQuery } from '../../query/query';
import { DecodedCache } from '../../worker/decodedCache';
import { createHandler } from '../../worker/handler';
import type { Question } from '../../worker/messages';
import { usedAfterCollection } from './used';

const captures = 200;

/**
 * What the worker holds while it merges 200 captures, follows their growth, and answers queries over each: these files,
 * one after the other, under 200 names.
 */
export async function benchMemory(files: readonly string[]): Promise<object> {
  const cache = new DecodedCache();
  const handle = createHandler(cache);
  const before = usedAfterCollection();
  let id = 0;
  let most = 0;
  const ask = async (question: Question) => {
    const response = await handle({ ...question, id: id++ });
    if (response.type === 'error') {
      throw new Error(response.message);
    }
  };
  const look = () => {
    most = Math.max(most, usedAfterCollection() - before);
  };
  const collections: ReadonlyArray<readonly [begin: Question, finish: Question]> = [
    [
      { type: 'beginMerge', collection: 0 },
      { type: 'finishMerge', collection: 0, key: 'merged' },
    ],
    [
      { type: 'beginProcessView', collection: 1, query: parseQuery({ view: 'growth' }) },
      { type: 'finishProcessView', collection: 1 },
    ],
  ];
  for (const [collection, [begin, finish]] of collections.entries()) {
    await ask(begin);
    for (let i = 0; i < captures; i++) {
      const bytes = Uint8Array.from(readFileSync(files[i % files.length])).buffer;
      await ask({ type: 'add', collection, key: `capture ${i}`, time: i * 60_000, labels: {}, bytes });
      await ask({ type: 'run', keys: { profile: `capture ${i}` }, origin: {}, query: parseQuery({ view: 'flame' }) });
      if (i % 20 === 19) {
        look();
      }
    }
    await ask(finish);
    look();
    await ask({ type: 'drop', collection });
  }
  const MiB = 1024 * 1024;
  return {
    captures,
    limitMiB: cache.limit / MiB,
    heldMiB: Math.round(cache.bytes / MiB),
    mostUsedMiB: Math.round(most / MiB),
    usedPerLimit: Number((most / cache.limit).toFixed(2)),
  };
}
