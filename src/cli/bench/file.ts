import '../../text/re2';
import { readFileSync } from 'node:fs';
import { decode } from '../../decode/decode';
import { isGzip } from '../../decode/containers';
import { decodePprof } from '../../decode/pprof';
import type { Profile } from '../../profile/profile';
import { profileBytes } from '../../profile/size';
import { prepare } from '../../query/prepare';
import { defaultQuery } from '../../query/query';
import { flame } from '../../views/flame';
import { nodeGunzip } from '../gunzip';
import { median, round } from './median';
import { goToolPprof, peerFlame } from './peers';

/** From the bytes of a file to its flame graph, warm: what a process takes that has done it before. `cold.ts` has the rest. */
export async function benchFile(file: string): Promise<object> {
  const bytes = new Uint8Array(readFileSync(file));
  const raw = isGzip(bytes) ? await nodeGunzip(bytes) : bytes;
  const profile = decodePprof(raw);
  const draw = (p: Profile) => flame(prepare(p, defaultQuery), defaultQuery);
  const gunzipMs = isGzip(bytes) ? await median(() => nodeGunzip(bytes)) : 0;
  const decodeMs = await median(() => decodePprof(raw));
  const flameMs = await median(() => draw(profile));
  const totalMs = await median(async () => draw(await decode(bytes, { unpack: nodeGunzip })));
  const pprofFormatMs = await median(() => peerFlame(bytes));
  const goToolPprofMs = await goToolPprof(['-top', file]);
  return {
    file,
    state: 'warm; goToolPprofMs is a process each time, so cold',
    rawBytes: raw.length,
    samples: profile.sample.length,
    gunzipMs: round(gunzipMs),
    decodeMs: round(decodeMs),
    flameMs: round(flameMs),
    totalMs: round(totalMs),
    decodedBytesPerRawByte: round(profileBytes(profile) / raw.length),
    peers: { pprofFormatMs: round(pprofFormatMs), goToolPprofMs: goToolPprofMs && round(goToolPprofMs) },
    ratio: {
      pprofFormat: round(pprofFormatMs / totalMs),
      goToolPprof: goToolPprofMs && round(goToolPprofMs / totalMs),
    },
  };
}
