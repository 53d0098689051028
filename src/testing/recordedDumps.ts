import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decode } from '../decode/decode';
import type { Profile } from '../profile/profile';

/** Recorded goroutines of one process that leaks in six ways, in every format; see decode/goroutine/recorded.test.ts. */
const folder = join(__dirname, '../../demo/captures/scheduler');

/** Folders of its captures, by time. */
export const recordings: readonly string[] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('goroutine.pb.gz'))
  .map((name) => join(folder, name.replace(/goroutine\.pb\.gz$/, '')))
  .sort();

export const formats = ['goroutine.txt.gz', 'goroutine.pb.gz', 'goroutine-debug1.txt.gz'] as const;

export const readRecording = (
  capture: number,
  name: (typeof formats)[number] | 'goroutineleak.pb.gz' = 'goroutine.txt.gz'
): Promise<Profile> => decode(readFileSync(join(recordings[capture], name)));

/** Goroutines that leak with each capture, by the short name of the function they are in. */
export const plantedLeaks: Readonly<Record<string, number>> = {
  'leaks.sendAnswer leaks.go:59': 40,
  'leaks.watch leaks.go:92': 20,
  'leaks.(*ledger).append leaks.go:131': 16,
  'leaks.consume leaks.go:69': 12,
  'leaks.awaitShards leaks.go:153': 8,
  'leaks.poll leaks.go:162': 4,
};

/** A dump that was written for a test. */
export const readDump = (text: string): Promise<Profile> => decode(new TextEncoder().encode(text));
