/** Safari and Node have none. */
const { requestIdleCallback = (done: () => void) => void setTimeout(done, 100) } = globalThis as {
  requestIdleCallback?: (done: () => void) => void;
};

/** Fulfilled when this thread has nothing else to do. */
export const idle = (): Promise<void> => new Promise((resolve) => requestIdleCallback(() => resolve()));
