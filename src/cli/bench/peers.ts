import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { Profile as PeerProfile } from 'pprof-format';
import { isGzip } from '../../decode/containers';
import { median } from './median';

export const hasGo = spawnSync('go', ['version']).status === 0;

/** Milliseconds of `go tool pprof` with these arguments, as a process; null where Go is not installed. */
export async function goToolPprof(args: readonly string[]): Promise<number | null> {
  return hasGo ? median(() => spawnSync('go', ['tool', 'pprof', '-symbolize=none', ...args]), 5) : null;
}

/** What we do, by pprof-format and plain objects: the whole file decoded, inlined lines expanded, a tree of Maps with totals. */
export function peerFlame(bytes: Uint8Array): number {
  const profile = PeerProfile.decode(isGzip(bytes) ? gunzipSync(bytes) : bytes);
  const strings = profile.stringTable.strings;
  const functions = new Map(profile.function.map((f) => [f.id, strings[Number(f.name)]]));
  const locations = new Map(
    profile.location.map((l) => [l.id, l.line.map((line) => functions.get(line.functionId) ?? '<unknown>')])
  );
  interface Node {
    cum: number;
    flat: number;
    children: Map<string, Node>;
  }
  const root: Node = { cum: 0, flat: 0, children: new Map() };
  const index = profile.sampleType.length - 1;
  for (const sample of profile.sample) {
    const value = Number(sample.value[index]);
    let node = root;
    node.cum += value;
    for (let i = sample.locationId.length - 1; i >= 0; i--) {
      const lines = locations.get(sample.locationId[i]) as string[];
      for (let k = lines.length - 1; k >= 0; k--) {
        let child = node.children.get(lines[k]);
        if (!child) {
          node.children.set(lines[k], (child = { cum: 0, flat: 0, children: new Map() }));
        }
        child.cum += value;
        node = child;
      }
    }
    node.flat += value;
  }
  return root.cum;
}
