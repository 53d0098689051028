import type { Page } from '@playwright/test';

/** Bytes that a thread holds after a collection: its heap, and its array buffers, which profiles are. */
type Heap = () => Promise<number>;

interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

const heapOf = async (send: (method: string) => Promise<unknown>): Promise<number> => {
  await send('HeapProfiler.collectGarbage');
  await send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize = 0 } = (await send('Runtime.getHeapUsage')) as HeapUsage;
  return usedSize + backingStorageSize;
};

/** The page's thread, and its workers together, which answer through the page's session. @throws Error without a worker */
export async function heaps(page: Page): Promise<{ readonly main: Heap; readonly workers: Heap }> {
  const session = await page.context().newCDPSession(page);
  const attached = new Set<string>();
  const waiting = new Map<number, (result: unknown) => void>();
  session.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => {
    if (targetInfo.type === 'worker') {
      attached.add(sessionId);
    }
  });
  session.on('Target.detachedFromTarget', ({ sessionId }) => attached.delete(sessionId));
  session.on('Target.receivedMessageFromTarget', ({ message }) => {
    const { id, result } = JSON.parse(message) as { id: number; result: unknown };
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  let id = 0;
  const sendTo = (sessionId: string) => (method: string) =>
    new Promise((resolve) => {
      waiting.set(++id, resolve);
      void session.send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method }) });
    });
  return {
    main: () => heapOf((method) => session.send(method as 'HeapProfiler.collectGarbage')),
    async workers() {
      if (attached.size === 0) {
        throw new Error('The page has no worker.');
      }
      let bytes = 0;
      for (const sessionId of attached) {
        bytes += await heapOf(sendTo(sessionId));
      }
      return bytes;
    },
  };
}
