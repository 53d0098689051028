import { StoreError, type RetryOptions, type StoreFetch, type StoreRequest, type StoreResponse } from './store';

/**
 * A fetch that waits for a free place, and tries again where the server was busy (429, 502, 503, 504, 500) or the
 * network failed. An abort ends it at once, in the queue and between two tries too.
 */
export function send(
  fetch: StoreFetch,
  { maxInFlight = 4, maxTries = 4, baseDelay = 300, random = Math.random }: RetryOptions = {}
): (request: StoreRequest) => Promise<StoreResponse> {
  let inFlight = 0;
  const queue: Array<() => void> = [];

  async function place(signal: AbortSignal): Promise<void> {
    if (inFlight >= maxInFlight) {
      await new Promise<void>((resolve, reject) => {
        const start = () => {
          signal.removeEventListener('abort', leave);
          resolve();
        };
        const leave = () => {
          queue.splice(queue.indexOf(start), 1);
          reject(cancelled());
        };
        queue.push(start);
        signal.addEventListener('abort', leave, { once: true });
      });
    }
    inFlight++;
  }

  async function once(request: StoreRequest): Promise<StoreResponse> {
    await place(request.signal);
    try {
      if (request.signal.aborted) {
        throw cancelled();
      }
      return await fetch(request);
    } finally {
      inFlight--;
      queue.shift()?.();
    }
  }

  return async (request) => {
    const { signal } = request;
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) {
        throw cancelled();
      }
      let wait = baseDelay * 2 ** (attempt - 1) * (0.5 + random() / 2);
      try {
        const response = await once(request);
        if (!isTransient(response.status) || attempt >= maxTries) {
          return response;
        }
        const asked = Number(response.headers['retry-after']);
        wait = asked > 0 ? Math.min(asked * 1000, 10_000) : wait;
      } catch (error) {
        if (signal.aborted) {
          throw cancelled();
        }
        // A redirect that a browser does not follow looks like a network that failed: once more is enough.
        if (error instanceof StoreError || attempt >= Math.min(2, maxTries)) {
          throw error instanceof StoreError ? error : networkError(error);
        }
      }
      await delay(wait, signal);
    }
  };
}

const isTransient = (status: number): boolean => status === 429 || status === 500 || (status >= 502 && status <= 504);

const cancelled = () => new StoreError('The request was cancelled.', 0, 'cancelled');

function networkError(error: unknown): StoreError {
  const words = error instanceof Error ? error.message : String(error);
  return new StoreError(
    `No answer came from the bucket (${words}). Either Grafana cannot be reached, or the bucket answered with a redirect ` +
      'to another address, which a browser does not follow: check the region and host in the bucket URL.',
    0,
    'network'
  );
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    const stop = () => {
      clearTimeout(timer);
      reject(cancelled());
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
