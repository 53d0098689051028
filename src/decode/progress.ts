/** Called while a large file is decoded, with bytes read and bytes in all. */
export type OnProgress = (done: number, total: number) => void;

/** How often progress is told, in ms. */
const interval = 100;

/** From this many bytes on it takes long enough for its beginning to be told: who waits draws what stands around the result. */
const large = 1 << 20;

/** Tells progress now and then, and lets others run: where a page decodes on its own thread it stays alive between. */
export function progressOf(total: number, onProgress: OnProgress | undefined): (done: number) => Promise<void> {
  let last = performance.now();
  if (total >= large) {
    onProgress?.(0, total);
  }
  return async (done) => {
    const now = performance.now();
    if (now - last >= interval) {
      last = now;
      onProgress?.(done, total);
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
}
