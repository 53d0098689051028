import { buildSync } from 'esbuild';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Request } from '../worker/messages';

// The captures of a merge wait on one signal: more of them than Node takes for a leak, of which browsers know nothing.
EventEmitter.defaultMaxListeners = 100;

/**
 * The worker on a thread of its own. Whoever takes a profile from its cache under a name like `spins 300` blocks it so many
 * ms, and so does what is decoded under a name like `decodes 300`.
 */
const source = `
  import { parentPort } from 'node:worker_threads';
  import { nodeGunzip } from '../cli/gunzip';
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
  const handle = createHandler(new SlowCache(), nodeGunzip);
  parentPort.on('message', async (request) => {
    const response = await handle(request, (message) => parentPort.postMessage(message));
    parentPort.postMessage(response, transferables(response));
  });
`;
let built: string | undefined;

function bundle(): string {
  built ??= buildSync({
    stdin: { contents: source, resolveDir: join(process.cwd(), 'src/worker'), loader: 'js' },
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
  private readonly posted: Array<{ readonly id: number; readonly key: string }> = [];
  private readonly begun = new Set<number>();

  constructor() {
    this.worker.on('message', (data: { type: string; id: number }) => {
      if (data.type === 'started') {
        this.begun.add(data.id);
      }
      this.onmessage?.({ data });
    });
    this.worker.on('error', () => this.onerror?.());
  }

  /** Whether it has begun to load, or to answer a query about, what has this key. */
  hasBegun(type: 'load' | 'run', key: string): boolean {
    return this.posted.some((request) => request.key === `${type} ${key}` && this.begun.has(request.id));
  }

  postMessage(message: Request, transfer: ArrayBuffer[]): void {
    if (message.type === 'load' || message.type === 'run') {
      const key = message.type === 'load' ? message.key : message.keys.profile;
      this.posted.push({ id: message.id, key: `${message.type} ${key}` });
    }
    this.worker.postMessage(message, transfer);
  }

  terminate(): void {
    this.endedAt = performance.now();
    void this.worker.terminate();
  }
}
