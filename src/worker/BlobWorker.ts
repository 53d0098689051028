// Where there are no workers (tests in jsdom) this still has to load; constructing it then fails, which is handled.
const PlatformWorker: typeof Worker = globalThis.Worker ?? class {};

/**
 * Starts a worker's script through a blob, because a plugin served from a CDN is of another origin, from which no worker
 * may be constructed, while importScripts may load it. webpack makes the script's chunk where it sees
 * `new Worker(new URL(…))`, also under this name. A blob has no folder, so the script is told its own, where its chunks are.
 */
export class BlobWorker extends PlatformWorker {
  constructor(url: string | URL) {
    const folder = new URL('.', url).href;
    const source = `self.scriptFolder=${JSON.stringify(folder)};importScripts(${JSON.stringify(String(url))})`;
    const blob = URL.createObjectURL(new Blob([source], { type: 'application/javascript' }));
    super(blob);
    URL.revokeObjectURL(blob);
  }
}
