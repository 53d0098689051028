import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Coverage } from './coverage';
import { Fuzzer, problem } from './fuzzer';
import { Random } from './random';
import { targets } from './targets';

/** What scripts/fuzz.mjs asks of this thread. */
interface Work {
  readonly seed: number;
  readonly seconds: number;
  /** Name of the one target to try; all where it is not said. */
  readonly only?: string;
  /** Where the input at hand is: its length, its target's number, the times at which it was begun, then its bytes. */
  readonly shared: SharedArrayBuffer;
  readonly replay?: { readonly target: string; readonly file: string };
}

async function work({ seed, seconds, only, shared, replay }: Work): Promise<void> {
  if (replay) {
    const why = await problem(targets[replay.target], new Uint8Array(readFileSync(replay.file)));
    parentPort?.postMessage({ type: 'replayed', why });
    return;
  }
  const end = Date.now() + seconds * 1000;
  const coverage = new Coverage();
  const names = Object.keys(targets).filter((name) => only === undefined || name === only);
  const head = new Int32Array(shared, 0, 3);
  const input = new Uint8Array(shared, 12);
  const fuzzer = new Fuzzer(
    coverage,
    new Random(seed),
    (finding) => parentPort?.postMessage({ type: 'finding', ...finding }),
    (target, bytes) => {
      input.set(bytes.subarray(0, input.length));
      head[0] = bytes.length;
      head[1] = names.indexOf(target);
      Atomics.add(head, 2, 1);
    }
  );
  const report = (type: string) =>
    parentPort?.postMessage({
      type,
      coverage: coverage.counts,
      pools: fuzzer.pools.map(({ name, corpus, seeds, runs, refused }) => ({
        name,
        seeds,
        corpus: corpus.length,
        runs,
        refused,
      })),
    });
  for (const name of names) {
    await fuzzer.add(name, targets[name]);
  }
  report('seeds');
  for (let next = Date.now() + 10_000; Date.now() < end;) {
    for (let i = 0; i < 20; i++) {
      await fuzzer.step();
    }
    if (Date.now() > next) {
      report('progress');
      next += 10_000;
    }
  }
  report('done');
}

void work(workerData as Work);
