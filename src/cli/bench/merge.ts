import { readFileSync } from 'node:fs';
import { decode } from '../../decode/decode';
import { MergeBuilder } from '../../ops/merge';
import { nodeGunzip } from '../gunzip';
import { median, round } from './median';
import { goToolPprof } from './peers';

/** From the bytes of many files to one profile. As in the worker, one is unpacked while the one before is decoded. */
export async function benchMerge(files: readonly string[]): Promise<object> {
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
  const goToolPprofMs = await goToolPprof(['-proto', '-output=/dev/null', ...files]);
  return {
    merge: files.length,
    bytes: inputs.reduce((sum, bytes) => sum + bytes.length, 0),
    mergeMs: round(mergeMs),
    peers: { goToolPprofMs: goToolPprofMs && round(goToolPprofMs) },
    ratio: { goToolPprof: goToolPprofMs && round(goToolPprofMs / mergeMs) },
  };
}
