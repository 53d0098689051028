import { grouped, tooLarge, type InputError } from '../text/notice';

const MiB = 1024 * 1024;

/**
 * Most memory that reading one object may take, its unpacked bytes included. What programs write stays far below: 30 MB with
 * 200,000 samples take 70 MiB. A few kB can say that there is more of anything than a browser's tab has memory.
 */
const maxMemory = 224 * MiB;
/** Most bytes that a file may unpack to. */
export const maxUnpackedBytes = 192 * MiB;

export const unpacksToTooMuch = (limit: number): InputError => tooLarge(`it unpacks to more than ${limit / MiB} MiB`);

/**
 * Bytes of memory that are left when an object has been read so far.
 * @param needs what will be allocated: how many of what, and the bytes that each takes at worst
 * @throws InputError before anything is allocated, with the need that is the largest
 */
export function memoryLeft(
  held: number,
  needs: ReadonlyArray<readonly [count: number, what: string, each: number]> = []
): number {
  let left = maxMemory - held;
  let [most = [held, 'bytes', 1]] = needs;
  for (const need of needs) {
    left -= need[0] * need[2];
    most = need[0] * need[2] > most[0] * most[2] ? need : most;
  }
  if (left < 0) {
    const [count, what, each] = most;
    throw tooLarge(
      `its ${grouped(count)} ${what} take ${grouped((count * each) / MiB)} of ${maxMemory / MiB} MiB of memory`
    );
  }
  return left;
}
