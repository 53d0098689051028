import { readFileSync } from 'node:fs';
import { decode } from '../../decode/decode';
import { MergeBuilder } from '../../ops/merge';
import { nodeGunzip } from '../gunzip';
import { median, round } from './median';
import { goToolPprof } from './peers';

/** From the bytes of many files to one profile. */
export async function benchMerge(files: readonly string[]): Promise<object> {
  const inputs = files.map((file) => new Uint8Array(readFileSync(file)));
  const mergeMs = await median(async () => {
    const builder = new MergeBuilder();
    for (const bytes of inputs) {
      builder.add(await decode(bytes, { unpack: nodeGunzip }));
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
