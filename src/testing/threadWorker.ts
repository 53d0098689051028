import { buildSync } from 'esbuild';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

/**
 * The worker on a thread of its own. Whoever takes a profile from its cache under a name like `spins 300` blocks it so many
 * ms, and so does what is decoded under a name like `decodes 300`.
 */
const source = `
  import { parentPort } from 'node:worker_threads';
  import { DecodedCache } from './decodedCache';
  import { createHandler, transferables } from './handler';

  const block = (key, pattern) => {
    const end = performance.now() + Number(pattern.exec(key)?.[1] ?? 0);
    while (performance.now() < end);
  };
  class SlowCache extends DecodedCache {
    get(key) {
      block(key, /^spins (\\d+)/);
      return super.get(key);
    }
    set(key, decoded) {
      block(key, /^decodes (\\d+)/);
      super.set(key, decoded);
    }
  }
  const handle = createHandler(new SlowCache());
  parentPort.on('message', async (request) => {
    const response = await handle(request, (message) => parentPort.postMessage(message));
    parentPort.postMessage(response, transferables(response));
  });
`;
let built: string | undefined;

function bundle(): string {
  built ??= buildSync({
    stdin: { contents: source, resolveDir: join(__dirname, '../worker'), loader: 'js' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    write: false,
  }).outputFiles[0].text;
  return built;
}

/** As a page sees a worker. */
export class ThreadWorker {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: (() => void) | null = null;
  /** When it was ended, as `performance.now` says. */
  endedAt: number | undefined;
  private readonly worker = new Worker(bundle(), { eval: true });

  constructor() {
    this.worker.on('message', (data) => this.onmessage?.({ data }));
    this.worker.on('error', () => this.onerror?.());
  }

  postMessage(message: unknown, transfer: ArrayBuffer[]): void {
    this.worker.postMessage(message, transfer);
  }

  terminate(): void {
    this.endedAt = performance.now();
    void this.worker.terminate();
  }
}
