import { readFileSync } from 'node:fs';
import { decode } from '../../decode/decode';
import { MergeBuilder } from '../../ops/merge';
import { ThreadWorker } from '../../testing/threadWorker';
import { WorkerClient } from '../../worker/client';
import { nodeGunzip } from '../gunzip';
import { median, round } from './median';
import { goToolPprof } from './peers';

/**
 * From the bytes of many files to one profile. As in the worker, one is unpacked while the one before is decoded.
 * @param workers for each the same is measured with so many workers on threads of their own, which are started and warm
 */
export async function benchMerge(files: readonly string[], workers: readonly number[] = []): Promise<object> {
  const inputs = files.map((file) => new Uint8Array(readFileSync(file)));
  const mergeMs = await median(async () => {
    const builder = new MergeBuilder();
    const open = (i: number) => (i < inputs.length ? decode(inputs[i], { unpack: nodeGunzip }) : undefined);
    let next = open(0);
    for (let i = 1; next; i++) {
      const profile = await next;
      next = open(i);
      builder.add(profile);
    }
    builder.finish();
  });
  const workersMs: Record<string, number> = {};
  for (const count of workers) {
    workersMs[count] = round(await byWorkers(inputs, count));
  }
  const goToolPprofMs = await goToolPprof(['-proto', '-output=/dev/null', ...files]);
  return {
    state: 'warm; goToolPprofMs is a process each time, so cold',
    merge: files.length,
    bytes: inputs.reduce((sum, bytes) => sum + bytes.length, 0),
    mergeMs: round(mergeMs),
    ...(workers.length > 0 && { workersMs }),
    peers: { goToolPprofMs: goToolPprofMs && round(goToolPprofMs) },
    ratio: {
      goToolPprof: goToolPprofMs && round(goToolPprofMs / mergeMs),
      ...(workers.length > 0 &&
        goToolPprofMs && {
          goToolPprofByWorkers: Object.fromEntries(
            Object.entries(workersMs).map(([count, ms]) => [count, round(goToolPprofMs / ms)])
          ),
        }),
    },
  };
}

/** What the plugin does, less the network: the client on this thread, workers beside it. Nothing is held of the run before. */
async function byWorkers(inputs: readonly Uint8Array[], count: number): Promise<number> {
  const threads: ThreadWorker[] = [];
  const client = new WorkerClient(() => {
    const thread = new ThreadWorker();
    threads.push(thread);
    return thread as unknown as Worker;
  }, count);
  let runs = 0;
  const time = await median(async () => {
    runs++;
    const profile = inputs.map(({ length }, i) => ({ key: `${i} ${runs}`, name: `${i}`, time: i, size: length }));
    const load = async (key: string) => inputs[Number.parseInt(key, 10)].slice().buffer as ArrayBuffer;
    await client.open(profile, { load, signal: new AbortController().signal });
  }, 5);
  threads.forEach((thread) => thread.terminate());
  return time;
}
