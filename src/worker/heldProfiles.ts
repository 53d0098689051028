import { decode } from '../decode/decode';
import type { gunzip } from '../decode/gzip';
import type { Profile } from '../profile/profile';
import type { DecodedCache } from './decodedCache';
import { readSourceKey } from './sourceKey';
import type { Task } from './task';

/** Profiles that the worker holds, those included that it decodes now: questions about them wait. */
export class HeldProfiles {
  private readonly loading = new Map<string, Promise<Profile>>();

  /** @param unpack gzip */
  constructor(
    private readonly cache: DecodedCache,
    private readonly unpack: typeof gunzip
  ) {}

  /** @throws InputError as `decode` does */
  load(key: string, bytes: ArrayBuffer, task: Task): Promise<Profile> {
    const loading = this.decode(key, bytes, task).then((decoded) => {
      this.put(key, decoded);
      return decoded;
    });
    this.loading.set(key, loading);
    const forget = () => this.loading.get(key) === loading && this.loading.delete(key);
    loading.then(forget, forget);
    return loading;
  }

  /** What is held under this key, or is being decoded. */
  find(key: string): Profile | Promise<Profile> | undefined {
    return this.get(key) ?? this.loading.get(key);
  }

  /** Those of these keys in the task's turn, undefined where one is in the cache no more, or could not be decoded. */
  async inTurn(keys: ReadonlyArray<string | undefined>, task: Task): Promise<Array<Profile | undefined>> {
    await Promise.allSettled(keys.map((key) => key !== undefined && this.loading.get(key)));
    await task.turn();
    return keys.map((key) => (key === undefined ? undefined : this.get(key)));
  }

  put(key: string, profile: Profile): void {
    this.cache.set(key, profile);
  }

  forget(key: string): void {
    this.cache.delete(key);
  }

  setLimit(bytes: number): void {
    this.cache.setLimit(bytes);
  }

  /** How many bytes a collection takes that is in the making. */
  setMaking(collection: number, bytes: number): void {
    this.cache.setMaking(collection, bytes);
  }

  /** In bytes, with what is in the making. */
  get bytes(): number {
    return this.cache.bytes;
  }

  /** The one place where what was decoded is taken for a profile. */
  private get(key: string): Profile | undefined {
    return this.cache.get(key);
  }

  /** Unpacking may be the platform's work beside this thread, and a step of its own where it is not. */
  private async decode(key: string, bytes: ArrayBuffer, task: Task): Promise<Profile> {
    await task.turn();
    const { member, tenantKeys, window } = readSourceKey(key);
    return decode(new Uint8Array(bytes), {
      member,
      tenantKeys,
      window,
      turn: () => task.turn(),
      onProgress: task.onProgress,
      unpack: async (packed) => {
        const unpacked = await this.unpack(packed);
        await task.turn();
        return unpacked;
      },
    });
  }
}
