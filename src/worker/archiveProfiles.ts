import { isArchiveKey } from '../captures/archive';
import type { Bucket } from '../captures/bucket';
import type { Capture } from '../captures/capture';
import type { MemberProfile } from '../decode/unpack/choose';
import { profileNames } from '../text/profileName';
import type { WorkerClient } from './client';
import { loadFrom, sourceIn } from './sources';

/** A list of captures reads no more archives, and no more bytes of them, for what is inside: the newest ones. */
const most = { count: 20, bytes: 64 * 1024 * 1024 };
/** Archives whose profiles are remembered. */
const maxKnown = 1000;
/** By key and etag. */
const known = new Map<string, readonly MemberProfile[]>();

/** What is in the archives of a listing. */
export interface ArchiveProfiles {
  /** Of the archives that were read. */
  readonly inside: ReadonlyMap<Capture, readonly MemberProfile[]>;
  /** Archives that are listed and were not read, or could not be. */
  readonly unread: number;
}

/**
 * The profiles in the newest archives of a listing. What is inside is known where an object is read, so few are, and each
 * once. One that cannot be read is said where it is opened.
 * @param captures by rising time
 * @throws the signal's reason
 */
export async function readArchives(
  { bucket, worker }: { readonly bucket: Bucket; readonly worker: WorkerClient },
  captures: readonly Capture[],
  signal: AbortSignal
): Promise<ArchiveProfiles> {
  const archives = captures.filter(({ object }) => isArchiveKey(object.key)).reverse();
  const load = loadFrom(bucket);
  let bytes = 0;
  let count = 0;
  const reads = archives.map(async (capture) => {
    const { object } = capture;
    const { key } = sourceIn(bucket)({ ...capture, member: undefined });
    if (object.etag !== '' && known.has(key)) {
      return [capture, known.get(key)] as const;
    }
    if (count >= most.count || bytes + object.size > most.bytes) {
      return [capture, undefined] as const;
    }
    count++;
    bytes += object.size;
    try {
      const members = await worker.listMembers(await load(key, signal), signal);
      remember(key, members);
      return [capture, members] as const;
    } catch {
      signal.throwIfAborted();
      return [capture, undefined] as const;
    }
  });
  const inside = new Map<Capture, readonly MemberProfile[]>();
  for (const [capture, members] of await Promise.all(reads)) {
    if (members) {
      inside.set(capture, members);
    }
  }
  return { inside, unread: archives.length - inside.size };
}

/** Adds to values of labels what archives have: names of profiles, and of members. @throws as readArchives */
export async function addMembers(
  labels: Map<string, Set<string>>,
  where: Parameters<typeof readArchives>[0],
  captures: readonly Capture[],
  signal: AbortSignal
): Promise<void> {
  const { inside } = await readArchives(where, captures, signal);
  const [profiles, members] = ['profile', 'member'].map((label) => labels.get(label) ?? new Set<string>());
  for (const { name, profile } of [...inside.values()].flat()) {
    if (profile !== '') {
      profiles.add(profile);
    }
    members.add(name);
  }
  labels.set('profile', profiles).set('member', members);
}

function remember(key: string, members: readonly MemberProfile[]): void {
  known.set(key, members);
  if (known.size > maxKnown) {
    known.delete(known.keys().next().value as string);
  }
}

/** Go's names of the profiles inside, each once, what is opened first where nobody names one first: `heap, cpu, goroutine`; those whose names say none as `other`. */
export const profilesText = (members: readonly MemberProfile[]): string => {
  const names = new Set(members.map(({ profile }) => profile || 'other'));
  return names.size === 0 ? 'none' : [...profileNames, 'other'].filter((name) => names.has(name)).join(', ');
};
