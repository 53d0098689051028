import { readFileSync } from 'node:fs';
import { decode } from '../../decode/decode';
import { MergeBuilder } from '../../ops/merge';
import { nodeGunzip } from '../gunzip';
import { median, round } from './median';
import { goToolPprof } from './peers';

/** Captures that are on their way at a time, as in the plugin: one is unpacked while another is decoded. */
const inFlight = 4;

/** From the bytes of many files to one profile. */
export async function benchMerge(files: readonly string[]): Promise<object> {
  const inputs = files.map((file) => new Uint8Array(readFileSync(file)));
  const mergeMs = await median(async () => {
    const builder = new MergeBuilder();
    const addEach = async (first: number) => {
      for (let i = first; i < inputs.length; i += inFlight) {
        builder.add(await decode(inputs[i], { unpack: nodeGunzip }));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, (_, first) => addEach(first)));
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
